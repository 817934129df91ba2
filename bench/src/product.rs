//! The chats that are measured, and their server processes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::database::Database;
use crate::dialect::Dialect;

/// A server that is not ready by then will not be.
const START_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A chat and how to start it.
#[derive(Clone, Debug)]
pub enum Product {
    Webchat {
        program: PathBuf,
        /// More settings, as environment variables.
        settings: Vec<(String, String)>,
    },
    /// socket.io with the PostgreSQL adapter; the directory of its `server.js`.
    Peer { directory: PathBuf },
}

impl Product {
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Webchat { .. } => Dialect::Webchat,
            Self::Peer { .. } => Dialect::SocketIo,
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Webchat { .. } => "webchat",
            Self::Peer { .. } => "peer",
        }
    }

    /// Where the newest 50 messages of a conversation are.
    pub fn history_path(&self, conversation: uuid::Uuid) -> String {
        match self {
            Self::Webchat { .. } => format!("/api/conversations/{conversation}/messages"),
            Self::Peer { .. } => format!("/history/{conversation}"),
        }
    }

    /// Starts one server process; it is ready when this returns.
    pub fn start(&self, database: &Database) -> Result<Server> {
        match self {
            Self::Webchat { program, settings } => {
                // Free a moment ago; nothing else on this machine asks for ports like this one.
                let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
                let child = Command::new(program)
                    .envs([
                        ("DATABASE_URL", database.url.as_str()),
                        ("HOST", "127.0.0.1"),
                        ("PORT", &address.port().to_string()),
                        ("AUTH", "guest"),
                        ("LOG", "warn"),
                        ("MIGRATE", "false"),
                        ("DRAIN_SECONDS", "1"),
                        // A generator's user is no person.
                        ("SENDS_PER_SECOND", "100000"),
                    ])
                    .envs(settings.iter().map(|(name, value)| (name, value)))
                    .current_dir(std::env::temp_dir())
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .spawn()
                    .with_context(|| format!("{} can not be run", program.display()))?;
                let mut server = Server::of(child, address);
                server.wait_until_ready()?;
                Ok(server)
            }
            Self::Peer { directory } => {
                let mut child = Command::new("node")
                    .arg("server.js")
                    .current_dir(directory)
                    .env("DATABASE_URL", &database.url)
                    .env("PORT", "0")
                    .env("NODE_ENV", "production")
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .spawn()
                    .context("node can not be run")?;
                let said = child.stdout.take().context("its output is ours")?;
                let mut server = Server::of(child, SocketAddr::from(([127, 0, 0, 1], 0)));
                let port = BufReader::new(said)
                    .lines()
                    .map_while(Result::ok)
                    .find_map(|line| line.strip_prefix("listening on ")?.trim().parse().ok())
                    .context("the peer ended before it listened")?;
                server.address.set_port(port);
                Ok(server)
            }
        }
    }
}

/// A server process, until it is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

/// For whoever ends this process before their owners can.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Ends all server processes, when we are told to end ourselves.
pub fn kill_all() {
    use rustix::process::{Pid, Signal, kill_process};
    let Ok(running) = RUNNING.lock() else { return };
    for pid in running.iter() {
        if let Some(pid) = i32::try_from(*pid).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::KILL).ok();
        }
    }
}

impl Server {
    fn of(child: Child, address: SocketAddr) -> Self {
        if let Ok(mut running) = RUNNING.lock() {
            running.push(child.id());
        }
        Self { child, address }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_MAX;
        loop {
            if get(self.address, "/ready").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 ")) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended before it was ready: {status}");
            }
            ensure!(Instant::now() < deadline, "the server does not get ready");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// One of the server's own figures at /metrics, summed over its labels.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let text = get(self.address, "/metrics").ok()?;
        text.lines()
            .filter_map(|line| {
                let (key, value) = line.rsplit_once(' ')?;
                let key = key.split('{').next()?;
                (key == name).then(|| value.parse::<f64>().ok())?
            })
            .reduce(|a, b| a + b)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A fair end is the tests' business; nothing of this one is needed any more.
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop)) {
            eprintln!("bench: a server may still run: {error}");
        }
        if let Ok(mut running) = RUNNING.lock() {
            running.retain(|pid| *pid != self.child.id());
        }
    }
}

/// A whole answer, head and body.
fn get(address: SocketAddr, path: &str) -> Result<String> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(START_MAX))?;
    write!(
        socket,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}
