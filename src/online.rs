//! Who is online, as sockets of the anonymous chat are told: one list for all of them, read at most once a second, however
//! many come and go. With nobody to tell it to, it is not read at all.

use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::frame::{Event, Frame};
use crate::postgres::Database;

/// The least time between two lists: N people who come one after another are not N lists of N people.
const LIST_EVERY: Duration = Duration::from_secs(1);
/// People of a list. Nobody picks from more, and each is some hundred bytes on every such socket.
pub const ONLINE_MAX: i32 = 200;

#[derive(Default)]
pub struct Online {
    /// Somebody came or went, or began to listen.
    is_due: Notify,
    list: watch::Sender<Option<Frame>>,
}

impl Online {
    /// Says that somebody came or went.
    pub fn has_changed(&self) {
        self.is_due.notify_one();
    }

    /// The lists from now on, the first within a second.
    pub fn follow(&self) -> Lists {
        let lists = Lists {
            heard: self.list.subscribe(),
            last: None,
        };
        self.is_due.notify_one();
        lists
    }

    /// Runs until cancelled.
    pub async fn run(&self, database: Database, cancel: CancellationToken) {
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                () = self.is_due.notified() => {}
            }
            if self.list.receiver_count() == 0 {
                continue;
            }
            match database.list_online(ONLINE_MAX).await {
                Ok(users) => {
                    let list = format!("{{\"type\":\"user_list_update\",\"users\":{users}}}");
                    self.list.send_replace(Some(Event::own(list)));
                }
                Err(error) => {
                    tracing::warn!(%error, "who is online could not be listed");
                    self.is_due.notify_one();
                }
            }
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(LIST_EVERY) => {}
            }
        }
    }
}

/// The lists that one socket is told.
pub struct Lists {
    heard: watch::Receiver<Option<Frame>>,
    last: Option<Frame>,
}

impl Lists {
    /// The next list that is not the one before; safe to cancel.
    pub async fn next(&mut self) -> Frame {
        loop {
            if self.heard.changed().await.is_err() {
                // The server stops, and closes its sockets by itself.
                std::future::pending::<()>().await;
            }
            let list = self.heard.borrow_and_update().clone();
            let is_new = match (&list, &self.last) {
                (Some(list), Some(last)) => list.json() != last.json(),
                (list, _) => list.is_some(),
            };
            if is_new && let Some(list) = list {
                self.last = Some(list.clone());
                return list;
            }
        }
    }
}
