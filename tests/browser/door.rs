//! An address that stays while the servers behind it come and go, or that a network spoils.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Begin of the request that a browser opens a WebSocket with.
const UPGRADE: &[u8] = b"GET /ws?";

pub struct Door {
    pub address: SocketAddr,
    server: watch::Sender<Option<SocketAddr>>,
    sockets: watch::Sender<Sockets>,
    /// WebSockets that were asked for.
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

/// What becomes of WebSockets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sockets {
    Pass,
    Refused,
    /// They open later.
    Held,
    /// They stay open, and nothing passes any more.
    Swallowed,
}

impl Door {
    pub async fn to(server: SocketAddr) -> Self {
        Self::open(server, Sockets::Pass).await
    }

    /// As behind a proxy that does not know WebSocket.
    pub async fn without_websocket(server: SocketAddr) -> Self {
        Self::open(server, Sockets::Refused).await
    }

    async fn open(server: SocketAddr, sockets: Sockets) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (server_sender, server) = watch::channel(Some(server));
        let (sockets_sender, sockets) = watch::channel(sockets);
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let counted = Arc::clone(&counted);
                connections.spawn(pass(client, server.clone(), sockets.clone(), counted));
            }
        });
        Self {
            address,
            server: server_sender,
            sockets: sockets_sender,
            asked,
            task,
        }
    }

    /// How many WebSockets were asked for up to now.
    pub fn sockets_asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// Cuts every connection; new ones lead to the other server, or nowhere.
    pub fn lead_to(&self, server: Option<SocketAddr>) {
        self.server.send_replace(server);
    }

    /// WebSockets wait before they open, until they may pass.
    pub fn hold_sockets(&self) {
        self.sockets.send_replace(Sockets::Held);
    }

    pub fn let_sockets_pass(&self) {
        self.sockets.send_replace(Sockets::Pass);
    }

    /// As a proxy does that lets a WebSocket open and forgets it then.
    pub fn swallow_sockets(&self) {
        self.sockets.send_replace(Sockets::Swallowed);
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(
    mut client: TcpStream,
    mut server: watch::Receiver<Option<SocketAddr>>,
    mut sockets: watch::Receiver<Sockets>,
    asked: Arc<AtomicUsize>,
) {
    let Some(address) = *server.borrow_and_update() else {
        return;
    };
    let passing = async {
        let mut begin = [0; UPGRADE.len()];
        client.read_exact(&mut begin).await?;
        let is_socket = begin == UPGRADE;
        if is_socket {
            asked.fetch_add(1, Ordering::Relaxed);
            // An error would be that the door is gone.
            sockets.wait_for(|now| *now != Sockets::Held).await.ok();
        }
        if is_socket && *sockets.borrow() == Sockets::Refused {
            return client
                .write_all(
                    b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                )
                .await;
        }
        let mut upstream = TcpStream::connect(address).await?;
        upstream.write_all(&begin).await?;
        let swallowed = async {
            if !is_socket
                || sockets
                    .wait_for(|now| *now == Sockets::Swallowed)
                    .await
                    .is_err()
            {
                pending::<()>().await;
            }
        };
        tokio::select! {
            copied = copy_bidirectional(&mut client, &mut upstream) => copied.map(drop),
            () = swallowed => pending().await,
        }
    };
    tokio::select! {
        // Whoever closed first, the other side notices by its socket.
        outcome = passing => drop(outcome),
        _ = server.changed() => {}
    }
}
