//! A database for each test, cloned from one that was migrated once.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex as StdMutex;

use tokio::sync::{Mutex, OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::task::JoinHandle;
use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};
use webchat::postgres::{Address, migrate};

use super::cluster::cluster;
use super::listen::Listener;

/// Names of databases whose tests are over; the next to clone one drops them.
static FINISHED: StdMutex<Vec<String>> = StdMutex::new(Vec::new());

/// Ids of transactions are the cluster's: those in progress in one database stand in the cursors of
/// all. Whoever leaves very many of them in progress must be alone with them.
static TRANSACTIONS: RwLock<()> = RwLock::const_new(());

/// A database of the test's own. No other test sees it.
pub struct TestDatabase {
    name: String,
    config: Config,
    _among: Among,
    /// Whether it lies in the cluster that tests share, where somebody has to drop it.
    is_shared: bool,
}

enum Among {
    Others(#[expect(dead_code, reason = "held, never read")] RwLockReadGuard<'static, ()>),
    Nobody(#[expect(dead_code, reason = "held, never read")] RwLockWriteGuard<'static, ()>),
    Anyone,
}

impl TestDatabase {
    /// With the present tables, functions and general room, and an epoch of its own. One for each
    /// test: a second would wait for a test that waits to be alone, which waits for the first.
    pub async fn create() -> Self {
        Self::create_among(Among::Others(TRANSACTIONS.read().await)).await
    }

    /// When no other test has a database, until this one is dropped.
    pub async fn create_alone() -> Self {
        Self::create_among(Among::Nobody(TRANSACTIONS.write().await)).await
    }

    async fn create_among(among: Among) -> Self {
        let database = Self::clone_of(template().await, among).await;
        // A clone has another identity than its template; a server that starts sees to that too.
        let client = database.connect().await;
        client
            .execute("select chat.renew_epoch()", &[])
            .await
            .unwrap();
        database
    }

    /// With nothing of ours in it.
    pub async fn empty() -> Self {
        Self::clone_of("template1", Among::Anyone).await
    }

    async fn clone_of(template: &str, among: Among) -> Self {
        // One at a time: nobody may be connected to a template while it is copied.
        static CLONING: Mutex<()> = Mutex::const_new(());
        let _cloning = CLONING.lock().await;
        let admin = Client::connect(&cluster().await.postgres.config()).await;
        let finished = std::mem::take(&mut *FINISHED.lock().unwrap());
        for name in finished {
            admin
                .batch_execute(&format!("drop database {name} with (force)"))
                .await
                .unwrap();
        }
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        admin
            .batch_execute(&format!("create database {name} template {template}"))
            .await
            .unwrap();
        let mut config = cluster().await.postgres.config();
        config.dbname(&name);
        Self {
            name,
            config,
            _among: among,
            is_shared: true,
        }
    }

    /// A database elsewhere: in a cluster of the test's own, or the same one by another way.
    pub(super) fn elsewhere(config: Config) -> Self {
        Self {
            name: config.get_dbname().unwrap().to_owned(),
            config,
            _among: Among::Anyone,
            is_shared: false,
        }
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// As the server's own code takes it.
    pub fn address(&self) -> Address {
        Address::from_config(self.config.clone())
    }

    /// As `DATABASE_URL` and psql take it.
    pub fn url(&self) -> String {
        let host = match &self.config.get_hosts()[0] {
            Host::Unix(socket_dir) => socket_dir.as_os_str().as_encoded_bytes(),
            Host::Tcp(name) => name.as_bytes(),
        };
        let host: String = form_urlencoded::byte_serialize(host).collect();
        format!(
            "postgresql://{user}@/{name}?host={host}&port={port}",
            user = self.config.get_user().unwrap(),
            name = self.name,
            port = self.config.get_ports()[0],
        )
    }

    /// A connection of the superuser, who owns everything.
    pub async fn connect(&self) -> Client {
        Client::connect(&self.config).await
    }

    /// A connection that has stepped down to a role.
    pub async fn connect_as(&self, role: &str) -> Client {
        let client = self.connect().await;
        client
            .batch_execute(&format!("set role {role}"))
            .await
            .unwrap();
        client
    }

    /// From now on whoever connects brings about no system messages: what people send is all there is.
    pub async fn hush(&self) {
        let sql = format!("alter database {} set chat.quiet = on", self.name);
        self.connect().await.batch_execute(&sql).await.unwrap();
    }

    /// Hears whatever is announced from now on.
    pub async fn listen(&self) -> Listener {
        Listener::start(&self.config).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.is_shared
            && let Ok(mut finished) = FINISHED.lock()
        {
            finished.push(std::mem::take(&mut self.name));
        }
    }
}

/// The name of the database that the others are cloned from.
async fn template() -> &'static str {
    static TEMPLATE: OnceCell<()> = OnceCell::const_new();
    const NAME: &str = "webchat_template";
    TEMPLATE
        .get_or_init(|| async {
            let mut config = cluster().await.postgres.config();
            let admin = Client::connect(&config).await;
            // Left half made by a test that failed while making it.
            for statement in ["drop database if exists", "create database"] {
                admin
                    .batch_execute(&format!("{statement} {NAME}"))
                    .await
                    .unwrap();
            }
            config.dbname(NAME);
            migrate::migrate(&Address::from_config(config))
                .await
                .unwrap();
            // Whoever connected now would be in the way of the next clone.
            admin
                .batch_execute(&format!(
                    "alter database {NAME} with allow_connections false is_template true"
                ))
                .await
                .unwrap();
        })
        .await;
    NAME
}

/// A connection that ends when it is dropped.
pub struct Client {
    client: tokio_postgres::Client,
    driver: JoinHandle<()>,
}

impl Client {
    pub async fn connect(config: &Config) -> Self {
        let (client, connection) = config.connect(NoTls).await.unwrap();
        let driver = tokio::spawn(async move {
            // What ends a connection badly fails the statement that runs on it, and so the test.
            connection.await.ok();
        });
        Self { client, driver }
    }
}

impl Deref for Client {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.client
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
