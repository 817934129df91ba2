//! The program with a PostgreSQL of its own, as somebody runs it who has set nothing up.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::cluster::{start_guard, unused_path};
use super::server::{PATIENCE, wait_until_ready};

/// A data directory; what runs in it ends with the test.
pub struct DataDir {
    path: PathBuf,
    guard: Child,
}

impl DataDir {
    pub fn new() -> Self {
        let path = unused_path();
        let guard = start_guard(&path);
        Self { path, guard }
    }

    /// The process id of the PostgreSQL in it.
    pub fn postmaster(&self) -> Option<Pid> {
        let file = std::fs::read_to_string(self.path.join("postgres/postmaster.pid")).ok()?;
        Pid::from_raw(file.lines().next()?.trim().parse().ok()?)
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        self.guard.wait().ok();
    }
}

pub struct Program {
    pub address: SocketAddr,
    child: Child,
}

impl Program {
    pub async fn start(data: &DataDir) -> Self {
        // Free a moment ago; nothing else on this machine asks for ports like this one.
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        drop(tcp);
        let child = Command::new(env!("CARGO_BIN_EXE_webchat"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("DATA_DIR", Path::new(&data.path))
            .env("HOST", "127.0.0.1")
            .env("PORT", address.port().to_string())
            .env("LOG", "error")
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let program = Self { address, child };
        wait_until_ready(address).await;
        program
    }

    /// As `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As Ctrl-C in a terminal does.
    pub async fn interrupt(&mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(tokio::time::Instant::now() < deadline, "it does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
