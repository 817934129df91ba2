//! Pictures of people that the host names by address: fetched once, by the same guard as pages are, and made the user's
//! picture from then on. No browser is ever sent to another site for one.
//!
//! Of what is fetched a small image is kept where one can be made, so that a table of 100,000 people does not bring
//! gigabytes.

use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::fetch::{FetchError, Fetcher};
use super::link::{Allowed, normalized};
use crate::inspector::{InspectError, Inspector};
use crate::media;
use crate::postgres::pictures::Due;
use crate::postgres::{Database, DatabaseError};
use crate::settings::PreviewHost;

/// How often to look for one. Nobody waits for a picture longer than for a page.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Fetched at once: mostly from one site, which has others to serve.
const AT_ONCE_MAX: i32 = 4;
/// The pictures of profiles have a tenth of it; a photograph off a camera has more, and is none.
const PICTURE_BYTES_MAX: usize = 5 * 1024 * 1024;

/// Sees to the pictures that are due.
pub struct Pictures {
    database: Database,
    inspector: Arc<Inspector>,
    fetcher: Fetcher,
}

#[derive(Debug, thiserror::Error)]
enum PictureError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("it is no image that every browser shows")]
    NoImage,
    #[error(transparent)]
    Inspect(#[from] InspectError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl PictureError {
    /// As `chat.pictures.failure` and the metric's label have it.
    fn name(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.name(),
            Self::NoImage => "no_image",
            Self::Inspect(_) | Self::Database(_) => "failed",
        }
    }

    /// Whether to ask again would bring the same.
    fn is_final(&self) -> bool {
        match self {
            Self::Fetch(error) => !matches!(
                error,
                FetchError::Unreachable | FetchError::Insecure | FetchError::TooSlow
            ),
            Self::NoImage => true,
            Self::Inspect(_) | Self::Database(_) => false,
        }
    }
}

impl Pictures {
    /// `hosts` may be asked although they are not on the public internet.
    pub fn new(database: Database, inspector: Arc<Inspector>, hosts: Vec<PreviewHost>) -> Self {
        Self {
            database,
            inspector,
            fetcher: Fetcher::new(Allowed::new(hosts)),
        }
    }

    /// Runs until cancelled; what is under way then is left to whoever claims it next.
    pub async fn run(self, cancel: CancellationToken) {
        let work = async {
            loop {
                match self.database.claim_pictures(AT_ONCE_MAX).await {
                    Ok(due) if due.is_empty() => tokio::time::sleep(LOOK_EVERY).await,
                    Ok(due) => {
                        join_all(due.iter().map(|due| self.see_to(due))).await;
                    }
                    Err(error) => {
                        tracing::debug!(%error, "pictures that are due could not be listed");
                        tokio::time::sleep(LOOK_EVERY).await;
                    }
                }
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = work => {}
        }
    }

    async fn see_to(&self, due: &Due) {
        let outcome = match self.fetch(due).await {
            Ok(()) => "fetched",
            Err(error) => {
                // The address is the host's own, and mostly with somebody's name in it: not for the log.
                tracing::info!(%error, user = %due.user, "a picture that the host named could not be fetched");
                tracing::debug!(url = %due.url, "that was its address");
                let failed =
                    self.database
                        .fail_picture(due.user, &due.url, error.name(), error.is_final());
                if let Err(error) = failed.await {
                    // It is due again when this claim has run out.
                    tracing::warn!(%error, "that a picture could not be fetched could not be noted");
                }
                error.name()
            }
        };
        metrics::counter!("webchat_pictures_total", "outcome" => outcome).increment(1);
    }

    async fn fetch(&self, due: &Due) -> Result<(), PictureError> {
        let url = Url::parse(&due.url)
            .ok()
            .and_then(normalized)
            .ok_or(FetchError::Refused)?;
        let bytes = self.fetcher.fetch_picture(&url, PICTURE_BYTES_MAX).await?;
        let bytes = tokio::task::spawn_blocking(move || small(bytes))
            .await
            .map_err(InspectError::from)??;
        let media = self.database.store_file("picture", &bytes).await?;
        self.inspector.look_at(media).await?;
        let is_current = self
            .database
            .store_picture(due.user, &due.url, media)
            .await?;
        if !is_current {
            tracing::debug!(user = %due.user, "a picture came after the host named another");
        }
        Ok(())
    }
}

/// The image to keep: a small one where one can be made.
fn small(bytes: Vec<u8>) -> Result<Vec<u8>, PictureError> {
    let mut file = tempfile::tempfile().map_err(InspectError::from)?;
    file.write_all(&bytes).map_err(InspectError::from)?;
    file.seek(SeekFrom::Start(0)).map_err(InspectError::from)?;
    let inspected =
        media::inspect(&mut file, bytes.len() as u64, "picture").map_err(InspectError::from)?;
    let is_shown = matches!(
        inspected.media_type.as_str(),
        "image/jpeg" | "image/png" | "image/gif" | "image/webp"
    );
    if !is_shown {
        return Err(PictureError::NoImage);
    }
    Ok(match inspected.thumbnail {
        Some(thumbnail) => thumbnail.bytes,
        None => bytes,
    })
}
