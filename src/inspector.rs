//! Looks at media that are whole: what each is, by its content; and takes out of it what tells where it was made.
//!
//! An upload's own request waits for it. What came by plain SQL, or whose request went away, is found by looking around
//! every few seconds. Two servers that look at the same medium do no harm: the first one's word counts.
//!
//! A file is put onto the disk for it, since no more of one than a piece is ever held in memory; an image is, while it
//! is decoded, so one is looked at at a time.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::media::{self, Inspected};
use crate::postgres::media::{CHUNK_BYTES, FoundMedia, StoredMedia};
use crate::postgres::{Database, DatabaseError};

/// Decoding a large image takes hundreds of megabytes (see `media`): one at a time.
const AT_ONCE_MAX: usize = 1;
/// How often to look around for what nobody waits for. A host's own files are shown that much later.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often to give up uploads that nobody goes on with.
const EXPIRE_EVERY: Duration = Duration::from_secs(3_600);
/// After so many failures a medium is taken as it is, a file of unknown type, so that whoever sent it is not left waiting.
const TRIES_MAX: u32 = 3;

#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the disk: {0}")]
    Disk(#[from] io::Error),
    #[error("the work was given up: {0}")]
    Stopped(#[from] JoinError),
    #[error("a piece is missing")]
    PieceMissing,
}

pub struct Inspector {
    database: Database,
    turns: Semaphore,
    failures: Mutex<HashMap<Uuid, u32>>,
}

/// A file that was looked into.
struct Looked {
    file: File,
    inspected: Inspected,
    sha256: Vec<u8>,
    size_bytes: u64,
}

impl Inspector {
    pub fn new(database: Database) -> Self {
        Self {
            database,
            turns: Semaphore::new(AT_ONCE_MAX),
            failures: Mutex::default(),
        }
    }

    /// Runs until cancelled.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut expire = tokio::time::interval(EXPIRE_EVERY);
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                _ = look.tick() => self.look_around().await,
                _ = expire.tick() => match self.database.expire_uploads().await {
                    Ok(0) => {}
                    Ok(count) => tracing::info!(count, "uploads that nobody went on with were given up"),
                    Err(error) => tracing::warn!(%error, "old uploads could not be given up"),
                },
            }
        }
    }

    async fn look_around(&self) {
        let stored = match self.database.stored_media().await {
            Ok(stored) => stored,
            Err(error) => {
                tracing::debug!(%error, "media that wait could not be listed");
                return;
            }
        };
        for id in stored {
            if let Err(error) = self.look_at(id).await {
                tracing::warn!(%error, media = %id, "a medium could not be looked at");
            }
        }
    }

    /// Looks at a stored medium; answers with its JSON. One that is ready already stays as it is.
    pub async fn look_at(&self, id: Uuid) -> Result<String, InspectError> {
        let Ok(_turn) = self.turns.acquire().await else {
            unreachable!("nobody closes it");
        };
        let stored = self.database.read_stored(id).await?;
        if !stored.is_stored {
            return Ok(self.database.media_info_for_system(id).await?);
        }
        let outcome = self.look_into(id, &stored).await;
        // Another server was faster, and took away what this one was reading or writing.
        if outcome.is_err() && !self.database.read_stored(id).await?.is_stored {
            return Ok(self.database.media_info_for_system(id).await?);
        }
        let mut failures = self.failures.lock().await;
        match &outcome {
            Ok(_) => {
                failures.remove(&id);
            }
            Err(InspectError::Database(_)) => {}
            Err(_) => {
                let count = failures.entry(id).or_default();
                *count += 1;
                metrics::counter!("webchat_media_failures_total").increment(1);
            }
        }
        outcome
    }

    async fn look_into(&self, id: Uuid, stored: &StoredMedia) -> Result<String, InspectError> {
        let failed = self.failures.lock().await.get(&id).copied();
        let file = self.spool(stored).await?;
        let (name, size_bytes) = (stored.name.clone(), stored.size_bytes);
        let is_given_up = failed.is_some_and(|count| count >= TRIES_MAX);
        let looked =
            tokio::task::spawn_blocking(move || look(file, size_bytes, &name, is_given_up))
                .await??;
        let is_changed = looked.inspected.cleaned.is_some() || looked.inspected.is_file_changed;
        let content = if is_changed {
            self.keep_instead(id, looked.file, looked.inspected.cleaned.as_deref())
                .await?;
            id
        } else {
            stored.content
        };
        metrics::counter!("webchat_media_total").increment(1);
        let inspected = &looked.inspected;
        Ok(self
            .database
            .ready_media(
                id,
                &FoundMedia {
                    content,
                    size_bytes: looked.size_bytes,
                    sha256: &looked.sha256,
                    media_type: &inspected.media_type,
                    width: inspected.width,
                    height: inspected.height,
                    duration_ms: inspected.duration_ms,
                    is_animated: inspected.is_animated,
                    thumbnail: inspected.thumbnail.as_ref(),
                },
            )
            .await?)
    }

    async fn spool(&self, stored: &StoredMedia) -> Result<File, InspectError> {
        let mut file = tokio::task::spawn_blocking(tempfile::tempfile).await??;
        let mut left = stored.size_bytes;
        let mut number = 0;
        while left > 0 {
            let piece = self.database.read_content(stored.content, number).await?;
            let piece = piece
                .filter(|piece| !piece.is_empty())
                .ok_or(InspectError::PieceMissing)?;
            left = left.saturating_sub(piece.len() as u64);
            number += 1;
            file = tokio::task::spawn_blocking(move || file.write_all(&piece).map(|()| file))
                .await??;
        }
        Ok(file)
    }

    /// Writes what is to be kept in place of what was uploaded, as the medium's own content.
    async fn keep_instead(
        &self,
        content: Uuid,
        mut file: File,
        cleaned: Option<&[u8]>,
    ) -> Result<(), InspectError> {
        if let Some(cleaned) = cleaned {
            for (number, piece) in (0..).zip(cleaned.chunks(CHUNK_BYTES)) {
                self.database.write_content(content, number, piece).await?;
            }
            return Ok(());
        }
        file.seek(SeekFrom::Start(0))?;
        for number in 0.. {
            let (back, piece) = tokio::task::spawn_blocking(move || {
                let piece = read_piece(&mut file);
                piece.map(|piece| (file, piece))
            })
            .await??;
            if piece.is_empty() {
                break;
            }
            self.database.write_content(content, number, &piece).await?;
            file = back;
        }
        Ok(())
    }
}

/// A piece of a file, less at its end.
fn read_piece(file: &mut File) -> io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(CHUNK_BYTES);
    Read::by_ref(file)
        .take(CHUNK_BYTES as u64)
        .read_to_end(&mut piece)?;
    Ok(piece)
}

fn look(mut file: File, size_bytes: u64, name: &str, is_given_up: bool) -> io::Result<Looked> {
    file.seek(SeekFrom::Start(0))?;
    let inspected = if is_given_up {
        Inspected::unknown(name)
    } else {
        media::inspect(&mut file, size_bytes, name)?
    };
    let mut sum = Sha256::new();
    let size_bytes = match &inspected.cleaned {
        Some(cleaned) => {
            sum.update(cleaned);
            cleaned.len() as u64
        }
        None => {
            file.seek(SeekFrom::Start(0))?;
            loop {
                let piece = read_piece(&mut file)?;
                if piece.is_empty() {
                    break size_bytes;
                }
                sum.update(&piece);
            }
        }
    };
    Ok(Looked {
        file,
        inspected,
        sha256: sum.finalize().to_vec(),
        size_bytes,
    })
}
