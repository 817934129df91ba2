//! One PostgreSQL for each test process. It is gone when the process is, however that ended.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tokio::sync::OnceCell;
use webchat::postgres::private::{PrivateOptions, PrivatePostgres};

/// Tests run side by side, and some open dozens of connections.
const CONNECTIONS_MAX: &str = "400";

pub struct Cluster {
    pub postgres: PrivatePostgres,
    /// Holds the writing end of the pipe that the guard reads: it closes with this process.
    _guard: Child,
}

/// Started by whichever test comes first.
pub async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    CLUSTER
        .get_or_init(|| async {
            let data_dir = unused_path();
            let guard = start_guard(&data_dir);
            let postgres = PrivatePostgres::start(PrivateOptions {
                data_dir,
                durable: false,
                extra: [
                    ("max_connections", CONNECTIONS_MAX),
                    ("max_prepared_transactions", "0"),
                    // Tests that look at plans gather the statistics themselves.
                    ("autovacuum", "off"),
                    ("max_wal_senders", "0"),
                    ("wal_level", "minimal"),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            })
            .await
            .unwrap();
            Cluster {
                postgres,
                _guard: guard,
            }
        })
        .await
}

pub(super) fn unused_path() -> PathBuf {
    std::env::temp_dir().join(format!("webchat-test-{}", uuid::Uuid::new_v4().simple()))
}

/// Statics are never dropped, and a killed process drops nothing at all, so another process cleans
/// up: it waits for the end of a pipe that only this process holds open. It has a process group of
/// its own, so that what ends the tests at the terminal does not end it, and no output, so that
/// nobody who reads ours waits for it.
pub(super) fn start_guard(data_dir: &Path) -> Child {
    use std::os::unix::process::CommandExt;

    const CLEAN_UP: &str = include_str!("remove_cluster.sh");
    Command::new("sh")
        .args(["-c", CLEAN_UP, "sh"])
        .arg(data_dir)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
