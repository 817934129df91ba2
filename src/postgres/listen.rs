//! A connection of its own that listens. It only receives: what it hears goes to a channel.

use std::future::poll_fn;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client};

use super::{Address, DatabaseError};

/// Payloads heard and not yet relayed. When the relay is slower, the connection is not read, and
/// PostgreSQL keeps the rest in its queue of 8 GB.
const HEARD_MAX: usize = 4_096;

/// A live `LISTEN webchat`.
pub struct Listening {
    /// Held for as long as it listens: the connection ends with it.
    client: Client,
    /// Ends when the connection does.
    pub heard: mpsc::Receiver<String>,
    reader: JoinHandle<()>,
}

impl Listening {
    /// Connects and listens. From the moment this returns nothing that commits is missed.
    pub async fn start(address: &Address) -> Result<Self, DatabaseError> {
        let (client, mut wire) = address.connect("webchat listener").await?;
        let (tell, heard) = mpsc::channel(HEARD_MAX);
        let reader = tokio::spawn(async move {
            loop {
                match poll_fn(|context| wire.poll_message(context)).await {
                    Some(Ok(AsyncMessage::Notification(notification))) => {
                        if tell.send(notification.payload().to_owned()).await.is_err() {
                            return;
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        tracing::warn!(%error, "the listening connection broke");
                        return;
                    }
                    None => return,
                }
            }
        });
        let listening = Self {
            client,
            heard,
            reader,
        };
        listening.client.batch_execute("listen webchat").await?;
        Ok(listening)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.reader.abort();
    }
}
