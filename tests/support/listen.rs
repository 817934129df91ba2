//! What the database announces on channel `webchat`, as a stream of events.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Config, NoTls};
use uuid::Uuid;

/// Longer than any commit of a test takes on a slow machine.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// One announced event, and whom it is for.
#[derive(Clone, Debug)]
pub struct Heard {
    /// To resume from once this event was applied; empty for what is written nowhere.
    pub cursor: String,
    pub envelope: Value,
    /// Number of the payload that it came in, from 1.
    pub payload: u64,
}

impl Heard {
    /// The event as clients get it; null for a reference.
    pub fn event(&self) -> &Value {
        &self.envelope["event"]
    }

    pub fn kind(&self) -> &str {
        self.event()["type"].as_str().unwrap_or_default()
    }

    /// Whether it announces the message of that id, new or changed.
    pub fn is_message(&self, id: Uuid) -> bool {
        self.kind() == "message" && self.event()["message"]["id"] == id.to_string()
    }
}

pub struct Listener {
    /// Held for as long as it listens.
    client: tokio_postgres::Client,
    payloads: mpsc::UnboundedReceiver<String>,
    reader: JoinHandle<()>,
    /// Of payloads that were heard and not asked for yet.
    events: VecDeque<Heard>,
    /// Bytes of each announcement heard so far.
    pub payload_sizes: Vec<usize>,
}

impl Listener {
    pub(super) async fn start(config: &Config) -> Self {
        let (client, mut connection) = config.connect(NoTls).await.unwrap();
        let (tell, payloads) = mpsc::unbounded_channel();
        let reader = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await
            {
                if let AsyncMessage::Notification(notification) = message
                    && tell.send(notification.payload().to_owned()).is_err()
                {
                    return;
                }
            }
        });
        client.batch_execute("listen webchat").await.unwrap();
        Self {
            client,
            payloads,
            reader,
            events: VecDeque::new(),
            payload_sizes: Vec::new(),
        }
    }

    /// The next event at all.
    pub async fn next(&mut self) -> Heard {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let payload = self.next_payload().await;
            self.unpack(&payload);
        }
    }

    /// The next event for which `is_it`; those before it are passed over.
    pub async fn next_event(&mut self, is_it: impl Fn(&Heard) -> bool) -> Heard {
        loop {
            let event = self.next().await;
            if is_it(&event) {
                return event;
            }
        }
    }

    /// Everything that was announced up to now and not asked for yet. So a test can tell, without
    /// waiting for some time to pass, that something was *not* announced.
    pub async fn heard(&mut self) -> Vec<Heard> {
        let mark = format!("{{\"mark\":\"{}\"}}", Uuid::new_v4());
        self.client
            .execute("select pg_notify('webchat', $1)", &[&mark])
            .await
            .unwrap();
        loop {
            let payload = self.next_payload().await;
            if payload == mark {
                return self.events.drain(..).collect();
            }
            self.unpack(&payload);
        }
    }

    async fn next_payload(&mut self) -> String {
        tokio::time::timeout(WAIT_MAX, self.payloads.recv())
            .await
            .unwrap_or_else(|_| panic!("nothing of the kind was announced within {WAIT_MAX:?}"))
            .unwrap_or_else(|| panic!("the listening connection broke"))
    }

    fn unpack(&mut self, payload: &str) {
        let parsed: Value = serde_json::from_str(payload).unwrap();
        let cursor = parsed["cursor"].as_str().unwrap_or_default();
        let Some(events) = parsed["events"].as_array() else {
            return; // a server's beat, or another's mark
        };
        self.payload_sizes.push(payload.len());
        let number = self.payload_sizes.len() as u64;
        for envelope in events {
            self.events.push_back(Heard {
                cursor: cursor.to_owned(),
                envelope: envelope.clone(),
                payload: number,
            });
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.reader.abort();
    }
}
