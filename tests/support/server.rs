//! Servers: in this process, or as the program itself where a test kills it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use webchat::postgres::DatabaseError;
use webchat::settings::Settings;

use super::TestDatabase;

/// Generous: machines that run tests may do other things besides.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Settings of a server on this database, with limits that tests do not run into.
fn variables(database: &TestDatabase, more: &[(&str, &str)]) -> HashMap<String, String> {
    let url = database.url();
    [
        ("DATABASE_URL", url.as_str()),
        ("AUTH", "guest"),
        ("SENDS_PER_SECOND", "100000"),
        ("DATABASE_CONNECTIONS", "8"),
        ("DRAIN_SECONDS", "5"),
        ("LOG", "error"),
        ("MIGRATE", "false"),
        // Tests ask nobody on the internet.
        ("LINK_PREVIEWS", "false"),
        ("PICTURES", "false"),
    ]
    .iter()
    .chain(more)
    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
    .collect()
}

/// A server in this process, on a port of its own.
pub struct TestServer {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<Result<(), DatabaseError>>>,
}

impl TestServer {
    pub async fn start(database: &TestDatabase) -> Self {
        Self::start_with(database, &[]).await
    }

    /// With more settings, as environment variables.
    pub async fn start_with(database: &TestDatabase, more: &[(&str, &str)]) -> Self {
        let server = Self::launch(database, more).await;
        wait_until_ready(server.address).await;
        server
    }

    /// Without waiting until it is ready.
    pub async fn launch(database: &TestDatabase, more: &[(&str, &str)]) -> Self {
        let variables = variables(database, more);
        let settings = Settings::from_vars(|name| variables.get(name).cloned()).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            // Also when the test drops the server.
            stopped.await.ok();
        };
        let task = tokio::spawn(webchat::server::run(
            Arc::new(settings),
            database.address(),
            tcp,
            shutdown,
        ));
        Self {
            address,
            stop: Some(stop),
            task: Some(task),
        }
    }

    /// Drains and ends.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if let Some(task) = self.task.take() {
            tokio::time::timeout(PATIENCE, task)
                .await
                .unwrap()
                .unwrap()
                .unwrap();
        }
    }
}

/// The program itself, to be killed.
pub struct ServerProcess {
    pub address: SocketAddr,
    child: Child,
}

impl ServerProcess {
    pub async fn start(database: &TestDatabase) -> Self {
        Self::start_with(database, &[]).await
    }

    pub async fn start_with(database: &TestDatabase, more: &[(&str, &str)]) -> Self {
        Self::launch(database, more, Stdio::inherit()).await
    }

    /// With its log in a file.
    pub async fn start_logging(
        database: &TestDatabase,
        more: &[(&str, &str)],
        log: std::fs::File,
    ) -> Self {
        Self::launch(database, more, log.into()).await
    }

    async fn launch(database: &TestDatabase, more: &[(&str, &str)], log: Stdio) -> Self {
        // Free a moment ago; nothing else on this machine asks for ports like this one.
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        drop(tcp);
        let port = address.port().to_string();
        let child = Command::new(env!("CARGO_BIN_EXE_webchat"))
            .env_clear()
            .envs(variables(database, more))
            .envs([("HOST", "127.0.0.1"), ("PORT", &port)])
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        wait_until_ready(address).await;
        Self { address, child }
    }

    /// As `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As an operator does: SIGTERM, and waits for the end.
    pub async fn terminate(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(tokio::time::Instant::now() < deadline, "it does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub async fn wait_until_ready(address: SocketAddr) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let ready = reqwest::get(format!("http://{address}/ready")).await;
        if ready.is_ok_and(|response| response.status().is_success()) {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "it does not get ready"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
