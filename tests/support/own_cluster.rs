//! A PostgreSQL of one test's own, for tests that stop it.

use std::process::Child;

use webchat::postgres::migrate;
use webchat::postgres::private::{PrivateOptions, PrivatePostgres, StopMode};

use super::TestDatabase;
use super::cluster::{start_guard, unused_path};

pub struct OwnCluster {
    pub postgres: PrivatePostgres,
    /// Stops and removes the cluster when this test is over, or its process.
    guard: Child,
}

impl OwnCluster {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With more settings, as in postgresql.conf.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        let data_dir = unused_path();
        let guard = start_guard(&data_dir);
        let postgres = PrivatePostgres::start(PrivateOptions {
            data_dir,
            durable: false,
            extra: settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        })
        .await
        .unwrap();
        Self { postgres, guard }
    }

    /// Its database, with nothing of ours in it.
    pub fn empty(&self) -> TestDatabase {
        TestDatabase::elsewhere(self.postgres.config())
    }

    /// Any database there.
    pub fn database(&self, name: &str) -> TestDatabase {
        let mut config = self.postgres.config();
        config.dbname(name);
        TestDatabase::elsewhere(config)
    }

    /// Its database, migrated.
    pub async fn migrated(&self) -> TestDatabase {
        let database = self.empty();
        migrate::migrate(&database.address()).await.unwrap();
        database
    }

    pub async fn restart(&self, mode: StopMode) {
        self.postgres.restart(mode).await.unwrap();
    }
}

impl Drop for OwnCluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        self.guard.wait().ok();
    }
}
