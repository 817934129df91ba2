//! What can go wrong with the private PostgreSQL, each in one line for the operator.

use std::io;
use std::path::{Path, PathBuf};

use super::installation::VERSION_MIN;
use super::lock::LOCK_WAIT_MAX;
use super::{START_WAIT_MAX, STOP_WAIT_MAX};

#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    #[error(
        "no PostgreSQL server programs were found; install them with `{install}`, or set DATABASE_URL to a database \
         that is already there"
    )]
    NotInstalled { install: String },
    #[error(
        "PostgreSQL {found} is installed, but {VERSION_MIN} or newer is needed; install it with `{install}`, or set \
         DATABASE_URL to a database that is already there"
    )]
    TooOld { found: u32, install: String },
    #[error(
        "the cluster in {} was made by PostgreSQL {needed}, which is not installed (found: {found}); install version \
         {needed}, or move the cluster with pg_upgrade",
        cluster.display()
    )]
    VersionMissing {
        cluster: PathBuf,
        needed: u32,
        found: String,
    },
    #[error("{} holds files but no PostgreSQL cluster; move them away, or set DATA_DIR to another directory", path.display())]
    NotACluster { path: PathBuf },
    #[error("the cluster in {} belongs to user {owner}; start webchat as that user or as root", cluster.display())]
    NotOwner { cluster: PathBuf, owner: u32 },
    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd has neither a user postgres nor a user nobody"
    )]
    NoAccount,
    #[error("user {user} owns the cluster in {} but cannot reach it; give every directory above it o+x", cluster.display())]
    Unreachable { cluster: PathBuf, user: String },
    #[error(
        "{} should hold the database's socket, but it is not a directory that only user {user} can enter; remove it",
        path.display()
    )]
    SocketDirTaken { path: PathBuf, user: String },
    #[error("initdb could not make a cluster in {}: {reason}", cluster.display())]
    Initdb { cluster: PathBuf, reason: String },
    #[error("PostgreSQL did not start: {reason} (log: {})", log.display())]
    Start { reason: String, log: PathBuf },
    #[error(
        "PostgreSQL was not ready after {} s; it is left running, so start again to go on waiting (log: {})",
        START_WAIT_MAX.as_secs(),
        log.display()
    )]
    NotReady { log: PathBuf },
    #[error("PostgreSQL had not stopped after {} s (log: {})", STOP_WAIT_MAX.as_secs(), log.display())]
    NotStopped { log: PathBuf },
    #[error("another webchat kept {} locked for {} s", path.display(), LOCK_WAIT_MAX.as_secs())]
    Locked { path: PathBuf },
    #[error("the private PostgreSQL refused: {0}")]
    Database(#[from] tokio_postgres::Error),
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

pub(super) fn io_error(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> PrivateError {
    let path = path.to_owned();
    move |source| PrivateError::Io {
        action,
        path,
        source,
    }
}
