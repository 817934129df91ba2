//! Locks between servers: files that the system unlocks when their holder ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::POLL_INTERVAL;
use super::error::{PrivateError, io_error};

/// Another server may be in the middle of making the cluster, starting it and stopping it.
pub(super) const LOCK_WAIT_MAX: Duration = Duration::from_secs(240);

/// One server at a time starts or stops PostgreSQL. Released when the file is dropped, however the process ends.
pub(super) async fn lock_start(data_dir: &Path) -> Result<File, PrivateError> {
    lock(&data_dir.join("postgres.lock"), File::try_lock).await
}

pub(super) async fn lock(
    path: &Path,
    try_lock: impl Fn(&File) -> Result<(), TryLockError>,
) -> Result<File, PrivateError> {
    let file = open_lock(path)?;
    let deadline = Instant::now() + LOCK_WAIT_MAX;
    loop {
        match try_lock(&file) {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                sleep(POLL_INTERVAL).await;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(PrivateError::Locked {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(io_error("lock", path)(error)),
        }
    }
}

fn open_lock(path: &Path) -> Result<File, PrivateError> {
    // Reading is enough to lock, so that a file which root made serves a developer too.
    OpenOptions::new()
        .read(true)
        .open(path)
        .or_else(|_| {
            OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o644)
                .open(path)
        })
        .map_err(io_error("open", path))
}
