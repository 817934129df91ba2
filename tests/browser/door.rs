//! An address that stays while the servers behind it come and go, or that a network spoils.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Begin of the request that a browser opens a WebSocket with.
const UPGRADE: &[u8] = b"GET /ws?";

pub struct Door {
    pub address: SocketAddr,
    server: watch::Sender<Option<SocketAddr>>,
    task: JoinHandle<()>,
}

impl Door {
    pub async fn to(server: SocketAddr) -> Self {
        Self::open(server, true).await
    }

    /// As behind a proxy that does not know WebSocket.
    pub async fn without_websocket(server: SocketAddr) -> Self {
        Self::open(server, false).await
    }

    async fn open(server: SocketAddr, lets_websocket_through: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, server) = watch::channel(Some(server));
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                connections.spawn(pass(client, server.clone(), lets_websocket_through));
            }
        });
        Self {
            address,
            server: sender,
            task,
        }
    }

    /// Cuts every connection; new ones lead to the other server, or nowhere.
    pub fn lead_to(&self, server: Option<SocketAddr>) {
        self.server.send_replace(server);
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
    lets_websocket_through: bool,
) {
    let Some(address) = *server.borrow_and_update() else {
        return;
    };
    let passing = async {
        let mut begin = [0; UPGRADE.len()];
        client.read_exact(&mut begin).await?;
        if begin == UPGRADE && !lets_websocket_through {
            return client
                .write_all(
                    b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                )
                .await;
        }
        let mut upstream = TcpStream::connect(address).await?;
        upstream.write_all(&begin).await?;
        copy_bidirectional(&mut client, &mut upstream).await?;
        Ok(())
    };
    tokio::select! {
        // Whoever closed first, the other side notices by its socket.
        outcome = passing => drop(outcome),
        _ = server.changed() => {}
    }
}
