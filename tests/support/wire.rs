//! The way to a database through a port of our own, where connections can be held up, silenced and
//! cut by the name that they give themselves.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::config::Host;

use super::TestDatabase;

/// What PostgreSQL's protocol calls a request for TLS.
const TLS_REQUEST: u32 = 80_877_103;

/// Whose connections were silenced last, and when.
type Silence = (String, Instant);

pub struct Wire {
    /// The same database, reached through this wire.
    pub database: TestDatabase,
    held: watch::Sender<HashSet<String>>,
    silenced: watch::Sender<Silence>,
    /// Names of connections that were asked for, held up or not.
    asked: watch::Receiver<Vec<String>>,
    task: JoinHandle<()>,
}

impl Wire {
    pub async fn to(database: &TestDatabase) -> Self {
        let config = database.config();
        let Host::Unix(socket_dir) = &config.get_hosts()[0] else {
            panic!("the database listens on a unix socket");
        };
        let socket = socket_dir.join(format!(".s.PGSQL.{}", config.get_ports()[0]));
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut through = tokio_postgres::Config::new();
        through
            .host("127.0.0.1")
            .port(tcp.local_addr().unwrap().port())
            .user(config.get_user().unwrap())
            .dbname(database.name())
            .ssl_mode(tokio_postgres::config::SslMode::Disable);
        let (held, is_held) = watch::channel(HashSet::new());
        let (silenced, is_silenced) = watch::channel((String::new(), Instant::now()));
        let (asking, asked) = watch::channel(Vec::new());
        let asking = Arc::new(Mutex::new(asking));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = tcp.accept().await {
                let link = Link {
                    socket: socket.clone(),
                    held: is_held.clone(),
                    silenced: is_silenced.clone(),
                    asking: Arc::clone(&asking),
                };
                tokio::spawn(async move {
                    // Either end may break it: that is what it is for.
                    link.run(client).await.ok();
                });
            }
        });
        Self {
            database: TestDatabase::elsewhere(through),
            held,
            silenced,
            asked,
            task,
        }
    }

    /// From now on connections of that name are not answered.
    pub fn hold(&self, name: &str) {
        self.held.send_modify(|names| {
            names.insert(name.to_owned());
        });
    }

    /// Lets those through that were held.
    pub fn let_through(&self, name: &str) {
        self.held.send_modify(|names| {
            names.remove(name);
        });
    }

    /// Nothing more arrives on the open connections of that name, which neither end is told.
    /// New connections are not affected.
    pub fn silence(&self, name: &str) {
        self.silenced
            .send_replace((name.to_owned(), Instant::now()));
    }

    /// Waits until a connection of that name was asked for `count` times.
    pub async fn until_asked(&self, name: &str, count: usize) {
        let mut asked = self.asked.clone();
        asked
            .wait_for(|names| names.iter().filter(|other| *other == name).count() >= count)
            .await
            .unwrap();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Link {
    socket: PathBuf,
    held: watch::Receiver<HashSet<String>>,
    silenced: watch::Receiver<Silence>,
    asking: Arc<Mutex<watch::Sender<Vec<String>>>>,
}

impl Link {
    async fn run(mut self, mut client: TcpStream) -> io::Result<()> {
        let mut startup = read_startup(&mut client).await?;
        if u32::from_be_bytes(startup[4..8].try_into().unwrap()) == TLS_REQUEST {
            client.write_all(b"N").await?;
            startup = read_startup(&mut client).await?;
        }
        let name = application_name(&startup);
        self.asking
            .lock()
            .unwrap()
            .send_modify(|names| names.push(name.clone()));
        let is_let_through = self
            .held
            .wait_for(|held| !held.contains(&name))
            .await
            .is_ok();
        if !is_let_through {
            return Ok(());
        }
        let since = Instant::now();
        let mut server = UnixStream::connect(&self.socket).await?;
        server.write_all(&startup).await?;
        tokio::select! {
            outcome = tokio::io::copy_bidirectional(&mut client, &mut server) => {
                outcome?;
            }
            () = silenced(&mut self.silenced, &name, since) => {
                // Both ends stay open and hear nothing, until the client gives up.
                let mut rest = Vec::new();
                client.read_to_end(&mut rest).await?;
            }
        }
        Ok(())
    }
}

/// Returns when connections of that name are silenced that were open since then.
async fn silenced(silence: &mut watch::Receiver<Silence>, name: &str, since: Instant) {
    let is_silenced = |(of, at): &Silence| of == name && *at > since;
    if silence.wait_for(is_silenced).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn read_startup(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut message = vec![0; 4];
    client.read_exact(&mut message).await?;
    let length = u32::from_be_bytes(message[..4].try_into().unwrap()) as usize;
    message.resize(length, 0);
    client.read_exact(&mut message[4..]).await?;
    Ok(message)
}

fn application_name(startup: &[u8]) -> String {
    let mut words = startup[8..].split(|byte| *byte == 0);
    while let Some(key) = words.next() {
        let value = words.next().unwrap_or_default();
        if key == b"application_name" {
            return String::from_utf8_lossy(value).into_owned();
        }
    }
    String::new()
}
