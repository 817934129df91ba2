//! A PostgreSQL of the server's own, for when no `DATABASE_URL` is given.
//!
//! The cluster lies in `<data dir>/postgres` and listens on a unix socket in a directory that is closed to other
//! users, which is why it asks for no password. Beside it lie, named after it:
//!
//! | name | what it is |
//! | --- | --- |
//! | `postgres.new` | a cluster being made; renamed when complete, so that a kill leaves no half cluster |
//! | `postgres.socket` | the socket's directory, unless its path would be too long |
//! | `postgres.users` | locked, shared, by every server that uses the cluster: the last one stops it |
//! | `postgres.lock` | locked while one server starts or stops PostgreSQL, so that two at once do not collide |
//!
//! The postmaster is not tied to the server's life. After a `kill -9` of the server it keeps running, and the next
//! start picks it up; after a crash of the machine PostgreSQL recovers by itself, and the start waits for that.
//!
//! PostgreSQL refuses to run as root. Started as root, its processes run as the cluster's owner: `postgres`, else
//! `nobody`. Where that user cannot reach the data directory, the cluster lies in `/var/lib/webchat`,
//! and `<data dir>/postgres` is a link to it.

mod account;
mod closed_dir;
mod connection;
mod error;
mod installation;
mod lock;
mod log;
mod new_cluster;
mod postmaster;
mod site;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use account::{Account, refuse_foreign_cluster};
use connection::config_at;
pub use error::PrivateError;
use error::io_error;
use installation::{Installation, can_enter, find_installations, pick_newest, pick_version};
use lock::{lock, lock_start};
use new_cluster::{make_cluster, make_data_dir};
use postmaster::Launched;
use site::Site;

/// Superuser and database have the product's name; nobody else connects here.
const NAME: &str = "webchat";

/// Names the socket's file only; nothing listens on the network.
const PORT: u16 = 5432;

/// Longer than any start we have seen, crash recovery of a busy chat included (PostgreSQL checkpoints at least every
/// five minutes, and replays faster than it wrote); short enough that an operator still looks at the terminal.
const START_WAIT_MAX: Duration = Duration::from_secs(60);

/// A fast shutdown ends with a checkpoint, which on a slow disk takes a while.
const STOP_WAIT_MAX: Duration = Duration::from_secs(60);

/// Short against a start (100 ms and more), long against the cost of a look.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How often [`PrivatePostgres::keep_running`] looks: a look costs one small file, and every statement waits while
/// PostgreSQL is away.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Starts in a row come ever more slowly: what fails twice (a full disk, say) needs a person, who then should not have
/// to wait for us.
const START_BACKOFF_MAX: Duration = Duration::from_secs(30);

/// A running PostgreSQL that this server uses. Dropped without [`stop`](Self::stop), it keeps running, and the next
/// start picks it up.
#[derive(Debug)]
pub struct PrivatePostgres {
    options: PrivateOptions,
    site: Site,
    account: Option<Account>,
    installation: Installation,
    socket_dir: PathBuf,
    port: u16,
    /// Held, shared, for as long as we use the cluster.
    users_lock: File,
}

#[derive(Clone, Debug)]
pub struct PrivateOptions {
    /// Made when missing.
    pub data_dir: PathBuf,
    /// Whether commits survive a crash of the machine; false only in tests, where it saves most of the time.
    pub durable: bool,
    /// More settings, as in postgresql.conf. They hold when this start is the one that starts PostgreSQL.
    pub extra: Vec<(String, String)>,
}

/// How PostgreSQL shuts down; the names are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopMode {
    /// Waits for clients to leave.
    Smart,
    /// Ends the clients' sessions.
    Fast,
    /// As a crash would; the next start recovers.
    Immediate,
}

impl PrivatePostgres {
    /// Finds the programs, makes the cluster when there is none, and starts it or picks up the running one.
    pub async fn start(options: PrivateOptions) -> Result<Self, PrivateError> {
        let data_dir = make_data_dir(&options.data_dir)?;
        refuse_foreign_cluster(&data_dir.join("postgres"))?;
        let _starting = lock_start(&data_dir).await?;

        let installations = find_installations();
        let site = Site::find(data_dir)?;
        let (site, account, installation) = match site.version()? {
            Some(version) => {
                let account = Account::of_owner(&site.cluster)?;
                let installation =
                    pick_version(&installations, version, account.as_ref(), &site).await?;
                if !can_enter(&installation, account.as_ref(), &site.cluster).await? {
                    return Err(site.unreachable(account.as_ref()));
                }
                (site, account, installation)
            }
            None => {
                let account = Account::for_new_cluster()?;
                let installation = pick_newest(&installations, account.as_ref()).await?;
                let site = make_cluster(site, account.as_ref(), &installation, &options).await?;
                (site, account, installation)
            }
        };

        let users_lock = lock(&site.users_lock_path(), File::try_lock_shared).await?;
        let mut postgres = Self {
            socket_dir: site.socket_dir(account.as_ref())?,
            port: PORT,
            options,
            site,
            account,
            installation,
            users_lock,
        };
        (postgres.socket_dir, postgres.port) = postgres.launch().await?;
        postgres.make_database().await?;
        Ok(postgres)
    }

    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the cluster's files are, for messages and backups.
    pub fn cluster_dir(&self) -> &Path {
        &self.site.cluster
    }

    /// How to connect. The user is the superuser.
    pub fn config(&self) -> tokio_postgres::Config {
        config_at(&self.socket_dir, self.port, NAME)
    }

    /// A fast shutdown, unless another server still uses the cluster.
    pub async fn stop(self) -> Result<(), PrivateError> {
        let _stopping = lock_start(&self.site.data_dir).await?;
        // Nobody can begin to use it now. Ours turns exclusive only if no other server holds the shared lock.
        let path = self.site.users_lock_path();
        self.users_lock
            .unlock()
            .map_err(io_error("unlock", &path))?;
        match self.users_lock.try_lock() {
            Ok(()) => self.stop_mode(StopMode::Fast).await,
            Err(TryLockError::WouldBlock) => {
                tracing::info!(cluster = %self.site.cluster.display(), "PostgreSQL keeps running for another server");
                Ok(())
            }
            Err(TryLockError::Error(error)) => Err(io_error("lock", &path)(error)),
        }
    }

    /// Stops PostgreSQL whoever uses it, and waits until it is gone; [`start_again`](Self::start_again) brings it back.
    /// For tests of what the server does meanwhile.
    pub async fn stop_mode(&self, mode: StopMode) -> Result<(), PrivateError> {
        let Some(pid) = self.site.postmaster() else {
            return Ok(());
        };
        let signal = match mode {
            StopMode::Smart => Signal::TERM,
            StopMode::Fast => Signal::INT,
            StopMode::Immediate => Signal::QUIT,
        };
        match kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(io_error("signal", &self.site.cluster)(error.into())),
        }
        let deadline = Instant::now() + STOP_WAIT_MAX;
        while self.site.is_postmaster(pid) {
            if Instant::now() >= deadline {
                return Err(PrivateError::NotStopped {
                    log: self.site.log_path(),
                });
            }
            sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Brings PostgreSQL back after [`stop_mode`](Self::stop_mode) or a crash of it, on the same socket.
    pub async fn start_again(&self) -> Result<(), PrivateError> {
        let _starting = lock_start(&self.site.data_dir).await?;
        self.launch().await?;
        Ok(())
    }

    /// Stops PostgreSQL whoever uses it, and starts it again on the same socket.
    pub async fn restart(&self, mode: StopMode) -> Result<(), PrivateError> {
        self.stop_mode(mode).await?;
        self.start_again().await
    }

    /// Looks whether PostgreSQL runs and, when something has ended it (a crash, the system short of memory, an
    /// operator), starts it again, on the same socket. Ends when cancelled, and only then may [`stop`](Self::stop)
    /// follow.
    pub async fn keep_running(&self, cancel: CancellationToken) {
        let mut wait = LOOK_EVERY;
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                () = sleep(wait) => {}
            }
            if self.site.postmaster().is_some() {
                wait = LOOK_EVERY;
                continue;
            }
            let cluster = self.site.cluster.display();
            tracing::warn!(%cluster, "private PostgreSQL does not run any more; starting it again");
            let outcome = tokio::select! {
                outcome = self.start_again() => outcome,
                () = self.may_leave(&cancel) => return,
            };
            wait = (wait * 2).min(START_BACKOFF_MAX);
            if let Err(error) = outcome {
                tracing::warn!(%cluster, %error, "private PostgreSQL could not be started; trying again in {wait:?}");
            }
        }
    }

    /// Completes once cancelled, but not between a launch and the moment when the postmaster has written its file:
    /// [`stop`](Self::stop), which reads there whom to stop, would leave it running.
    async fn may_leave(&self, cancel: &CancellationToken) {
        cancel.cancelled().await;
        while self.site.postmaster().is_none() {
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Waits until PostgreSQL answers, starting it when it does not run. Answers with the socket's directory and port,
    /// which a running one may have from an earlier start. The caller holds the start lock.
    async fn launch(&self) -> Result<(PathBuf, u16), PrivateError> {
        let deadline = Instant::now() + START_WAIT_MAX;
        let mut started: Option<Launched> = None;
        loop {
            if let Some(postmaster) = self.site.postmaster_file()
                && self.site.is_postmaster(postmaster.pid)
            {
                if let Some(socket_dir) = postmaster.socket_dir
                    && self.answers(&socket_dir, postmaster.port).await?
                {
                    let verb = if started.is_some() {
                        "started"
                    } else {
                        "picked up"
                    };
                    tracing::info!(
                        cluster = %self.site.cluster.display(),
                        version = self.installation.version,
                        "private PostgreSQL {verb}"
                    );
                    return Ok((socket_dir, postmaster.port));
                }
                // Early in its start, recovering, or on its way out: wait to see which.
            } else if let Some(launched) = &mut started {
                if launched.has_exited()? {
                    let reason = launched.reason();
                    // After a kill -9 of the postmaster its children need a moment to notice; PostgreSQL then
                    // rightly refuses to start beside them.
                    if !reason.contains("pre-existing shared memory block") {
                        return Err(PrivateError::Start {
                            reason,
                            log: self.site.log_path(),
                        });
                    }
                    started = None;
                }
            } else {
                started = Some(self.spawn()?);
            }
            if Instant::now() >= deadline {
                return Err(PrivateError::NotReady {
                    log: self.site.log_path(),
                });
            }
            sleep(POLL_INTERVAL).await;
        }
    }
}
