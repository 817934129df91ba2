//! Link previews: hears of every message that is relayed, and fetches what the page behind its first link says of
//! itself, once for all servers and all messages.
//!
//! Nothing waits for this. A message is sent, relayed and shown without its preview, which comes as a change of the
//! message when it comes; what is too much, too slow or not to be asked is left out.
//!
//! *Invariant:* what is asked is chosen by whoever writes a message, so nothing but the public internet is, and what is
//! listed in `LINK_PREVIEW_HOSTS`; and no address that somebody linked to is logged above debug.

mod address;
mod fetch;
mod html;
mod link;
mod picture;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::postgres::previews::Claim;
use crate::postgres::{Database, DatabaseError};
use crate::settings::PreviewHost;
use fetch::{FetchError, Fetcher};
use html::Found;
use link::{Allowed, first_link};
pub use picture::Pictures;

/// Events that wait to be looked at: a few seconds' worth of busy chat, at 8 KB each at most.
const QUEUE_EVENTS_MAX: usize = 512;
/// Messages whose preview is being seen to, waiting included.
const JOBS_MAX: usize = 256;
/// Pages fetched at once: a preview is a small thing, and reading it takes a moment of a processor.
const FETCHES_MAX: usize = 4;
/// Of those, how many may be about pages of one host: a slow one leaves room for the others.
const HOST_JOBS_MAX: usize = 32;
/// A host is asked for one page at a time, as a person would. Who waits longer than this for others gives up; with the
/// fetch itself that is less than what a claim lasts (`chat.preview_fetch_max`), so nobody else has begun meanwhile.
const TURN_WAIT_MAX: Duration = Duration::from_secs(20);
/// When to look again at what another server, or another message's job, is fetching: at first soon, the last time when
/// it has certainly been given up.
const WAITS: [Duration; 6] = [
    Duration::from_millis(300),
    Duration::from_millis(700),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// The relay's end.
pub struct PreviewQueue(mpsc::Sender<Box<str>>);

/// Sees to the previews of what comes through its queue.
pub struct Previewer {
    heard: mpsc::Receiver<Box<str>>,
    work: Arc<Work>,
}

pub fn new(database: Database, hosts: Vec<PreviewHost>) -> (PreviewQueue, Previewer) {
    let (tell, heard) = mpsc::channel(QUEUE_EVENTS_MAX);
    let work = Arc::new(Work {
        database,
        fetcher: Fetcher::new(Allowed::new(hosts)),
        fetches: Semaphore::new(FETCHES_MAX),
        hosts: Mutex::default(),
    });
    (PreviewQueue(tell), Previewer { heard, work })
}

impl PreviewQueue {
    /// Takes note of an event's JSON if it may be of a message with a link. Cheap, and never waits.
    pub fn hear(&self, event: &str) {
        if event.contains("://") && self.0.try_send(event.into()).is_err() {
            count("dropped");
        }
    }
}

/// A message, as far as its preview is concerned.
#[derive(Deserialize)]
struct Message<'a> {
    id: Uuid,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    /// None once deleted.
    #[serde(borrow)]
    body: Option<Cow<'a, str>>,
    #[serde(borrow)]
    edited_at: Option<Cow<'a, str>>,
    #[serde(borrow)]
    preview: Option<Linked<'a>>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Linked<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    preview: serde_json::Value,
}

#[derive(Deserialize)]
struct MessageEvent<'a> {
    #[serde(borrow)]
    message: Message<'a>,
}

/// One message's preview to be seen to.
struct Job {
    message: Uuid,
    /// When what links to the page was said.
    edited_at: Option<String>,
    url: Url,
}

impl Job {
    /// None when the event is of nothing that gets a preview, or has it. Sooner than by asking the database, which
    /// judges all of it again.
    fn of(event: &str) -> Option<Self> {
        let MessageEvent { message } = serde_json::from_str(event).ok()?;
        if message.kind != "text" || message.data.is_some_and(|data| data.preview == false) {
            return None;
        }
        let url = first_link(message.body.as_deref()?)?;
        if message
            .preview
            .is_some_and(|preview| preview.url == url.as_str())
        {
            return None;
        }
        Some(Self {
            message: message.id,
            edited_at: message.edited_at.map(Cow::into_owned),
            url,
        })
    }
}

impl Previewer {
    /// Runs until cancelled; what is under way then is left to whoever claims it next.
    pub async fn run(mut self, cancel: CancellationToken) {
        let mut jobs = JoinSet::new();
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                event = self.heard.recv() => {
                    let Some(event) = event else { return };
                    let Some(job) = Job::of(&event) else { continue };
                    if jobs.len() >= JOBS_MAX {
                        count("dropped");
                        continue;
                    }
                    let work = Arc::clone(&self.work);
                    jobs.spawn(async move { count(work.see_to(&job).await) });
                }
                Some(ended) = jobs.join_next() => if let Err(error) = ended {
                    tracing::error!(%error, "a preview's job broke");
                }
            }
        }
    }
}

/// What the jobs share.
struct Work {
    database: Database,
    fetcher: Fetcher,
    fetches: Semaphore,
    /// Whose turn it is at each host that somebody waits for.
    hosts: Mutex<HashMap<String, Weak<Semaphore>>>,
}

impl Work {
    /// Returns what came of it, as the metric's label.
    async fn see_to(&self, job: &Job) -> &'static str {
        let outcome = async {
            for wait in WAITS {
                match self.claim(job).await? {
                    Claim::Done => return Ok("cached"),
                    Claim::Fetch => return self.fetch(job).await,
                    Claim::Wait => sleep(wait).await,
                }
            }
            match self.claim(job).await? {
                Claim::Done => Ok("cached"),
                Claim::Fetch => self.fetch(job).await,
                Claim::Wait => Ok("given_up"),
            }
        };
        outcome.await.unwrap_or_else(|error: DatabaseError| {
            tracing::warn!(%error, "a preview could not be kept");
            "failed"
        })
    }

    async fn claim(&self, job: &Job) -> Result<Claim, DatabaseError> {
        self.database
            .claim_preview(job.message, job.url.as_str(), job.edited_at.as_deref())
            .await
    }

    async fn fetch(&self, job: &Job) -> Result<&'static str, DatabaseError> {
        let url = job.url.as_str();
        let Some(fetched) = self.fetch_in_turn(&job.url).await else {
            return Ok("given_up");
        };
        match fetched {
            Ok(found) => {
                self.database
                    .store_preview(
                        url,
                        Some(&found.title),
                        found.description.as_deref(),
                        found.site_name.as_deref(),
                    )
                    .await?;
                self.database
                    .attach_preview(job.message, url, job.edited_at.as_deref())
                    .await?;
                Ok("fetched")
            }
            Err(error) => {
                tracing::debug!(%error, url, "no preview");
                self.database.store_preview(url, None, None, None).await?;
                Ok(error.name())
            }
        }
    }

    /// None when its turn did not come in time, or would not.
    async fn fetch_in_turn(&self, url: &Url) -> Option<Result<Found, FetchError>> {
        let host = self.turns_at(url.host_str()?)?;
        let turn = async {
            let at_host = host.acquire().await.ok()?;
            Some((at_host, self.fetches.acquire().await.ok()?))
        };
        let _turn = timeout(TURN_WAIT_MAX, turn).await.ok()??;
        Some(self.fetcher.fetch(url).await)
    }

    /// None when too many wait for theirs already.
    fn turns_at(&self, host: &str) -> Option<Arc<Semaphore>> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        // Never more than there are jobs.
        hosts.retain(|_, turns| turns.strong_count() > 0);
        if let Some(turns) = hosts.get(host).and_then(Weak::upgrade) {
            // The one just made counts too.
            return (Arc::strong_count(&turns) <= HOST_JOBS_MAX).then_some(turns);
        }
        let turns = Arc::new(Semaphore::new(1));
        hosts.insert(host.to_owned(), Arc::downgrade(&turns));
        Some(turns)
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("webchat_previews_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn url_of(change: Value) -> Option<String> {
        let mut message = json!({"id": Uuid::nil(), "kind": "text", "body": "see https://example.com/#x", "data": null,
            "edited_at": null, "preview": null, "another": "field"});
        for (name, value) in change.as_object().unwrap() {
            message[name] = value.clone();
        }
        let event = json!({"type": "message", "message": message}).to_string();
        Job::of(&event).map(|job| job.url.into())
    }

    #[test]
    fn a_message_with_a_link_and_without_its_preview_is_seen_to() {
        let link = Some("https://example.com/".to_owned());
        for change in [
            json!({}),
            json!({"data": {"preview": true, "more": [1]}}),
            json!({"body": "a \"quoted\" http\u{73}://example.com \\ ä"}),
            json!({"preview": {"url": "https://another.example/", "title": "x"}}),
        ] {
            assert_eq!(url_of(change.clone()), link, "{change}");
        }
    }

    #[test]
    fn every_other_event_is_passed_over() {
        for change in [
            json!({"kind": "emoji"}),
            json!({"body": null}),
            json!({"body": "no link ://"}),
            json!({"data": {"preview": false}}),
            json!({"preview": {"url": "https://example.com/", "title": "x"}}),
        ] {
            assert_eq!(url_of(change.clone()), None, "{change}");
        }
        for event in ["", "{}", r#"{"type":"user","user":{"name":"http://"}}"#] {
            assert!(Job::of(event).is_none(), "{event}");
        }
    }
}
