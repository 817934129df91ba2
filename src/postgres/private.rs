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
//! `nobody`. Where that user cannot reach the data directory, the cluster lies in [`CLUSTERS_DIR`], and
//! `<data dir>/postgres` is a link to it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{
    DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, fchown, symlink,
};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process, test_kill_process};
use sha2::{Digest, Sha256};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

/// Superuser and database have the product's name; nobody else connects here.
const NAME: &str = "webchat";

/// Names the socket's file only; nothing listens on the network.
const PORT: u16 = 5432;

/// The oldest major version whose features the SQL uses.
const VERSION_MIN: u32 = 15;

/// Where clusters lie when PostgreSQL's user cannot reach the data directory.
const CLUSTERS_DIR: &str = "/var/lib/webchat";

/// `sun_path` holds 108 bytes with the closing zero on Linux, 104 on macOS and the BSDs.
const SOCKET_PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Longer than any start we have seen, crash recovery of a busy chat included (PostgreSQL checkpoints at least every
/// five minutes, and replays faster than it wrote); short enough that an operator still looks at the terminal.
const START_WAIT_MAX: Duration = Duration::from_secs(60);

/// A fast shutdown ends with a checkpoint, which on a slow disk takes a while.
const STOP_WAIT_MAX: Duration = Duration::from_secs(60);

/// Another server may be in the middle of making the cluster, starting it and stopping it.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(240);

/// initdb takes a second or two; slow disks take many times that.
const INITDB_WAIT_MAX: Duration = Duration::from_secs(120);

/// A connection over a unix socket is made at once or, while PostgreSQL has no process to spare, not at all.
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(5);

/// Short against a start (100 ms and more), long against the cost of a look.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The log is for the day something goes wrong: the last weeks suffice, and one older file is kept.
const LOG_BYTES_MAX: u64 = 10 << 20;

/// How much of the log's end is searched for the reason of a failed start.
const LOG_TAIL_BYTES_MAX: u64 = 16 << 10;

/// Written into a new cluster's postgresql.conf, where an operator may change them.
const CLUSTER_SETTINGS: &str = "
# --- webchat ---
# What webchat sets on the command line (addresses, socket, log) is fixed; everything here may be changed.
max_connections = 100
shared_buffers = 128MB
timezone = 'UTC'
log_timezone = 'UTC'
";

/// Tests throw their clusters away, so nothing needs to reach the disk. Commits stay synchronous: they reach the
/// system, so that tests which kill PostgreSQL find every row that was acknowledged.
const THROWAWAY_SETTINGS: [(&str, &str); 2] = [("fsync", "off"), ("full_page_writes", "off")];

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

    fn spawn(&self) -> Result<Launched, PrivateError> {
        let account = self.account.as_ref();
        let socket_dir = self.site.socket_dir(account)?;
        make_closed_dir(&socket_dir, account)?;
        self.site.disown_stale_lock_files(&socket_dir)?;
        let log = open_log(&self.site.log_path(), account)?;
        let log_start = log
            .metadata()
            .map_err(io_error("read", &self.site.log_path()))?
            .len();
        let stderr = log
            .try_clone()
            .map_err(io_error("open", &self.site.log_path()))?;

        let mut command = self.installation.command("postgres", account);
        command
            .arg("-D")
            .arg(&self.site.cluster)
            .current_dir(&self.site.cluster)
            // A process group of its own, so that Ctrl-C in the terminal reaches the server alone, which stops
            // PostgreSQL when it is done with it.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(stderr);
        let mut set = |name: &str, value: &OsStr| {
            let mut setting = OsString::from(name);
            setting.push("=");
            setting.push(value);
            command.arg("-c").arg(setting);
        };
        set("listen_addresses", OsStr::new(""));
        set("port", OsStr::new(&PORT.to_string()));
        set("unix_socket_directories", &quoted_list_item(&socket_dir));
        set("unix_socket_permissions", OsStr::new("0700"));
        set("logging_collector", OsStr::new("off"));
        set("log_destination", OsStr::new("stderr"));
        set("cluster_name", OsStr::new(NAME));
        if !self.options.durable {
            for (name, value) in THROWAWAY_SETTINGS {
                set(name, OsStr::new(value));
            }
        }
        for (name, value) in &self.options.extra {
            set(name, OsStr::new(value));
        }
        let child = command
            .spawn()
            .map_err(io_error("run", &self.installation.program("postgres")))?;
        Ok(Launched {
            child,
            log: self.site.log_path(),
            log_start,
        })
    }

    /// Whether this cluster answers there. What is not an answer but will become one is `false`.
    async fn answers(&self, socket_dir: &Path, port: u16) -> Result<bool, PrivateError> {
        let config = config_at(socket_dir, port, "postgres");
        let client = match timeout(CONNECT_WAIT_MAX, connect(&config)).await {
            Err(_) => return Ok(false),
            Ok(Ok(client)) => client,
            Ok(Err(error)) => match error.code() {
                // Nobody listens yet, or the socket closed under us.
                None => return Ok(false),
                Some(&SqlState::CANNOT_CONNECT_NOW) => return Ok(false),
                // The other server's connections are all taken: as alive as can be.
                Some(&SqlState::TOO_MANY_CONNECTIONS) => return Ok(true),
                Some(_) => return Err(error.into()),
            },
        };
        // A data directory that was copied while running names the original's socket.
        let row = client
            .query_one("select current_setting('data_directory')", &[])
            .await?;
        let directory: String = row.try_get(0)?;
        Ok(fs::canonicalize(directory).is_ok_and(|directory| directory == self.site.cluster))
    }

    async fn make_database(&self) -> Result<(), PrivateError> {
        match connect(&self.config()).await {
            Ok(_) => return Ok(()),
            Err(error) => match error.code() {
                Some(&SqlState::UNDEFINED_DATABASE) => {}
                Some(&SqlState::TOO_MANY_CONNECTIONS) => return Ok(()),
                _ => return Err(error.into()),
            },
        }
        let client = connect(&config_at(&self.socket_dir, self.port, "postgres")).await?;
        client
            .batch_execute(&format!("create database {NAME}"))
            .await?;
        Ok(())
    }
}

/// A postmaster that we started and that is not ready yet.
struct Launched {
    child: Child,
    log: PathBuf,
    /// The log's length before the start: what follows is about this one.
    log_start: u64,
}

impl Launched {
    fn has_exited(&mut self) -> Result<bool, PrivateError> {
        let status = self
            .child
            .try_wait()
            .map_err(io_error("wait for PostgreSQL, log", &self.log))?;
        Ok(status.is_some())
    }

    fn reason(&self) -> String {
        let text = read_tail(&self.log, self.log_start).unwrap_or_default();
        failure_line(&text).unwrap_or_else(|| "it left without a word".to_owned())
    }
}

/// Where one cluster and what belongs to it lie.
#[derive(Debug)]
struct Site {
    data_dir: PathBuf,
    /// Free of links when the cluster exists.
    cluster: PathBuf,
}

impl Site {
    /// `<data dir>/postgres`, or where a link of that name leads.
    fn find(data_dir: PathBuf) -> Result<Self, PrivateError> {
        let link = data_dir.join("postgres");
        let cluster = match fs::canonicalize(&link) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::read_link(&link) {
                // A start that was killed after making the link and before making the cluster.
                Ok(target) => data_dir.join(target),
                Err(_) => link,
            },
            Err(error) => return Err(io_error("find", &link)(error)),
        };
        Ok(Self { data_dir, cluster })
    }

    /// The major version that made the cluster, or none when there is no cluster yet.
    fn version(&self) -> Result<Option<u32>, PrivateError> {
        let path = self.cluster.join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => text
                .trim()
                .parse()
                .map(Some)
                .map_err(|_| PrivateError::NotACluster {
                    path: self.cluster.clone(),
                }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match fs::read_dir(&self.cluster).map(|mut entries| entries.next().is_none()) {
                    Ok(false) => Err(PrivateError::NotACluster {
                        path: self.cluster.clone(),
                    }),
                    _ => Ok(None),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                Err(PrivateError::NotACluster {
                    path: self.cluster.clone(),
                })
            }
            Err(error) => Err(io_error("read", &path)(error)),
        }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.cluster.clone().into_os_string();
        path.push(suffix);
        path.into()
    }

    fn users_lock_path(&self) -> PathBuf {
        self.beside(".users")
    }

    fn log_path(&self) -> PathBuf {
        self.cluster.join("server.log")
    }

    fn socket_dir(&self, account: Option<&Account>) -> Result<PathBuf, PrivateError> {
        let beside = self.beside(".socket");
        let socket = beside.join(format!(".s.PGSQL.{PORT}"));
        if socket.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
            return Ok(beside);
        }
        // Not TMPDIR, which may itself be long, or closed to PostgreSQL's user. Others may write into /tmp too, so
        // what stands there already is looked at before it is trusted.
        let short = Path::new("/tmp").join(format!("{NAME}-{}", short_hash(&self.cluster)));
        match fs::symlink_metadata(&short) {
            Ok(found) if is_closed_dir(&found, account) => Ok(short),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(short),
            Ok(_) => Err(PrivateError::SocketDirTaken {
                path: short,
                user: user_name(account),
            }),
            Err(error) => Err(io_error("read", &short)(error)),
        }
    }

    fn unreachable(&self, account: Option<&Account>) -> PrivateError {
        PrivateError::Unreachable {
            cluster: self.cluster.clone(),
            user: user_name(account),
        }
    }

    /// The postmaster that runs on this cluster.
    fn postmaster(&self) -> Option<Pid> {
        self.postmaster_file()
            .map(|file| file.pid)
            .filter(|pid| self.is_postmaster(*pid))
    }

    /// What the last postmaster wrote down about itself, which may be long gone.
    fn postmaster_file(&self) -> Option<PostmasterFile> {
        let text = fs::read_to_string(self.cluster.join("postmaster.pid")).ok()?;
        PostmasterFile::parse(&text)
    }

    /// Whether the process of that number is this cluster's postmaster, and not a stranger that got the number later.
    fn is_postmaster(&self, pid: Pid) -> bool {
        if test_kill_process(pid) == Err(rustix::io::Errno::SRCH) {
            return false;
        }
        let proc_dir = PathBuf::from(format!("/proc/{}", pid.as_raw_pid()));
        // A postmaster works in its data directory. A dead one that is not yet reaped works nowhere.
        match fs::read_link(proc_dir.join("cwd")) {
            Ok(directory) => return directory == self.cluster,
            Err(error) if error.kind() == io::ErrorKind::NotFound && proc_dir.exists() => {
                return false;
            }
            // Containers may forbid even root this look at others; and not every system has /proc.
            Err(_) => {}
        }
        let command_line = fs::read(proc_dir.join("cmdline")).or_else(|_| {
            std::process::Command::new("ps")
                .args(["-o", "command=", "-p", &pid.as_raw_pid().to_string()])
                .output()
                .map(|output| output.stdout)
        });
        let cluster = self.cluster.as_os_str().as_encoded_bytes();
        command_line.is_ok_and(|line| line.windows(cluster.len()).any(|part| part == cluster))
    }

    /// PostgreSQL refuses to start while a process lives that has the number in one of these files, though after a
    /// crash of the machine that may be anybody. It makes an exception for its own parent, so we put our own number
    /// there. Removing postmaster.pid would do as well, were it not for the check that PostgreSQL makes by the rest of
    /// it: that no child of a killed postmaster still has the shared memory open.
    ///
    /// The caller has made sure that no postmaster runs here, and holds the start lock.
    fn disown_stale_lock_files(&self, socket_dir: &Path) -> Result<(), PrivateError> {
        for path in [
            self.cluster.join("postmaster.pid"),
            socket_dir.join(format!(".s.PGSQL.{PORT}.lock")),
        ] {
            let text = match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(io_error("read", &path)(error)),
            };
            let Some((_, rest)) = text.split_once('\n') else {
                // Torn by the crash: nothing in it to keep, and PostgreSQL does not start beside an empty one.
                fs::remove_file(&path).map_err(io_error("remove", &path))?;
                continue;
            };
            // In place, so that the file stays its owner's.
            OpenOptions::new()
                .write(true)
                .truncate(true)
                .custom_flags(no_follow())
                .open(&path)
                .and_then(|mut file| write!(file, "{}\n{rest}", std::process::id()))
                .map_err(io_error("write", &path))?;
        }
        Ok(())
    }
}

/// The lines of postmaster.pid that matter here: 1 process, 4 port, 5 socket directory. They are written one by one.
struct PostmasterFile {
    pid: Pid,
    port: u16,
    socket_dir: Option<PathBuf>,
}

impl PostmasterFile {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        // A single-user backend writes a negative number.
        let pid = lines.next()?.trim().parse().ok().filter(|pid| *pid > 0)?;
        let pid = Pid::from_raw(pid)?;
        let port = lines.nth(2).and_then(|line| line.trim().parse().ok());
        let socket_dir = lines.next().filter(|line| line.starts_with('/'));
        Some(Self {
            pid,
            port: port.unwrap_or(PORT),
            socket_dir: socket_dir.map(PathBuf::from),
        })
    }
}

/// The user that PostgreSQL's processes run as when we are root; none when they run as we do.
#[derive(Clone, Debug)]
struct Account {
    uid: u32,
    gid: u32,
    name: String,
}

impl Account {
    fn for_new_cluster() -> Result<Option<Self>, PrivateError> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let accounts = Self::all()?;
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| accounts.iter().find(|account| account.name == name))
            .cloned()
            .map(Some)
            .ok_or(PrivateError::NoAccount)
    }

    /// A cluster that a developer made as themselves is served as them, even when root starts the server.
    fn of_owner(cluster: &Path) -> Result<Option<Self>, PrivateError> {
        let owner = fs::metadata(cluster).map_err(io_error("read", cluster))?;
        if !geteuid().is_root() {
            return Ok(None);
        }
        if owner.uid() == 0 {
            // A backup that root unpacked: PostgreSQL runs neither as root nor on another user's files.
            return Err(PrivateError::NotOwner {
                cluster: cluster.to_owned(),
                owner: 0,
            });
        }
        let name = Self::all()?
            .into_iter()
            .find(|account| account.uid == owner.uid())
            .map_or_else(|| owner.uid().to_string(), |account| account.name);
        Ok(Some(Self {
            uid: owner.uid(),
            gid: owner.gid(),
            name,
        }))
    }

    fn all() -> Result<Vec<Self>, PrivateError> {
        let path = Path::new("/etc/passwd");
        let text = fs::read_to_string(path).map_err(io_error("read", path))?;
        Ok(text.lines().filter_map(Self::parse).collect())
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Self { uid, gid, name })
    }
}

/// One directory with PostgreSQL's programs.
#[derive(Clone, Debug)]
struct Installation {
    bin_dir: PathBuf,
    version: u32,
}

impl Installation {
    fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }

    fn command(&self, name: &str, account: Option<&Account>) -> Command {
        program_command(&self.program(name), account)
    }
}

/// A program of PostgreSQL's, run as its user, in an environment without our secrets, which it may outlive us with,
/// and without the host's `PG…` and locale variables, which would bend it.
fn program_command(program: &Path, account: Option<&Account>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    // C, so that the messages we look for in the log are in English; the cluster has a locale of its own.
    command.env("LC_ALL", "C").env("HOME", "/").current_dir("/");
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
        command.env("USER", &account.name);
    }
    command
}

/// Every directory that holds `postgres` and `initdb`, in the order of preference: what is on PATH first, since somebody
/// put it there, then the places of package managers, the newest version first.
fn find_installations() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut programs: Vec<PathBuf> = std::env::split_paths(&path)
        .map(|dir| dir.join("postgres"))
        .collect();
    for (parent, prefix, below) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name();
                let version = name.to_str()?.strip_prefix(prefix)?;
                let version = version.trim_start_matches('@').parse().unwrap_or(0);
                Some((version, entry.path().join(below).join("postgres")))
            })
            .collect();
        found.sort_by(|a, b| b.cmp(a));
        programs.extend(found.into_iter().map(|(_, program)| program));
    }

    let mut bin_dirs = Vec::new();
    for program in programs {
        // Debian and Homebrew link programs onto PATH; their siblings lie where the link leads.
        if let Ok(program) = fs::canonicalize(program)
            && let Some(bin_dir) = program.parent()
            && bin_dir.join("initdb").exists()
            && !bin_dirs.iter().any(|known| known == bin_dir)
        {
            bin_dirs.push(bin_dir.to_owned());
        }
    }
    bin_dirs
}

/// The version of an installation that this account can run, or none.
async fn probe(bin_dir: &Path, account: Option<&Account>) -> Option<Installation> {
    let mut command = program_command(&bin_dir.join("postgres"), account);
    command.arg("--version").kill_on_drop(true);
    let output = timeout(CONNECT_WAIT_MAX, command.output())
        .await
        .ok()?
        .ok()?;
    let version = parse_version(&String::from_utf8_lossy(&output.stdout))?;
    Some(Installation {
        bin_dir: bin_dir.to_owned(),
        version,
    })
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` → 15; also `19devel`, `18beta1`.
fn parse_version(text: &str) -> Option<u32> {
    let number = text.split_whitespace().nth(2)?;
    let digits_end = number
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(number.len());
    number[..digits_end].parse().ok()
}

async fn pick_newest(
    bin_dirs: &[PathBuf],
    account: Option<&Account>,
) -> Result<Installation, PrivateError> {
    let mut too_old = None;
    for bin_dir in bin_dirs {
        match probe(bin_dir, account).await {
            Some(installation) if installation.version >= VERSION_MIN => return Ok(installation),
            Some(installation) => too_old = too_old.max(Some(installation.version)),
            None => {}
        }
    }
    let install = install_command();
    Err(match too_old {
        Some(found) => PrivateError::TooOld { found, install },
        None => PrivateError::NotInstalled { install },
    })
}

async fn pick_version(
    bin_dirs: &[PathBuf],
    version: u32,
    account: Option<&Account>,
    site: &Site,
) -> Result<Installation, PrivateError> {
    let mut found = Vec::new();
    for bin_dir in bin_dirs {
        match probe(bin_dir, account).await {
            Some(installation) if installation.version == version => return Ok(installation),
            Some(installation) => found.push(installation.version.to_string()),
            None => {}
        }
    }
    Err(PrivateError::VersionMissing {
        cluster: site.cluster.clone(),
        needed: version,
        found: if found.is_empty() {
            "none".to_owned()
        } else {
            found.join(", ")
        },
    })
}

/// How PostgreSQL is installed on this system.
fn install_command() -> String {
    if cfg!(target_os = "macos") {
        return "brew install postgresql@17".to_owned();
    }
    install_command_for(&fs::read_to_string("/etc/os-release").unwrap_or_default()).to_owned()
}

fn install_command_for(os_release: &str) -> &'static str {
    let value = |key: &str| {
        os_release
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .unwrap_or_default()
            .trim_matches('"')
            .to_owned()
    };
    let families = format!("{} {}", value("ID"), value("ID_LIKE"));
    let major = value("VERSION_ID");
    for family in families.split_whitespace() {
        match family {
            "debian" | "ubuntu" => return "apt-get install postgresql",
            // Up to 9 the plain package is older than we need.
            "rhel" | "centos" if major.starts_with('8') || major.starts_with('9') => {
                return "dnf module install postgresql:16/server";
            }
            "fedora" | "rhel" | "centos" => return "dnf install postgresql-server",
            "alpine" => return "apk add postgresql",
            "arch" => return "pacman -S postgresql",
            "suse" | "opensuse" => return "zypper install postgresql-server",
            _ => {}
        }
    }
    "your package manager (the package is called postgresql or postgresql-server)"
}

/// Makes the data directory when it is missing. Answers with its path free of links.
fn make_data_dir(path: &Path) -> Result<PathBuf, PrivateError> {
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists())
        .collect();
    for dir in missing.into_iter().rev() {
        match fs::create_dir(dir) {
            // Two servers may start at once.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(io_error("make", dir)(error));
            }
            _ => {}
        }
        if geteuid().is_root() {
            // PostgreSQL's user passes through it, whatever root's umask is.
            fs::set_permissions(dir, Permissions::from_mode(0o755))
                .map_err(io_error("open up", dir))?;
        }
    }
    fs::canonicalize(path).map_err(io_error("find", path))
}

/// Before any file of it is opened, since "permission denied" would not say whom to become.
fn refuse_foreign_cluster(cluster: &Path) -> Result<(), PrivateError> {
    match fs::metadata(cluster) {
        Ok(found) if !geteuid().is_root() && found.uid() != geteuid().as_raw() => {
            Err(PrivateError::NotOwner {
                cluster: cluster.to_owned(),
                owner: found.uid(),
            })
        }
        _ => Ok(()),
    }
}

/// Whether PostgreSQL's user can stand in the directory, found out by doing it.
async fn can_enter(
    installation: &Installation,
    account: Option<&Account>,
    dir: &Path,
) -> Result<bool, PrivateError> {
    let mut command = installation.command("postgres", account);
    command
        .arg("--version")
        .current_dir(dir)
        .stdout(Stdio::null());
    match command.status().await {
        Ok(_) => Ok(true),
        // The program itself is known to run, so it is the directory that is denied.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(false),
        Err(error) => Err(io_error("enter", dir)(error)),
    }
}

/// Makes a cluster for a data directory that has none.
async fn make_cluster(
    mut site: Site,
    account: Option<&Account>,
    installation: &Installation,
    options: &PrivateOptions,
) -> Result<Site, PrivateError> {
    let mut new = make_empty_dir(&site.beside(".new"), account)?;
    if new.is_unusable(installation, account).await? {
        let link = site.data_dir.join("postgres");
        if site.cluster != link || account.is_none() {
            // Somebody chose that place by a link, or there is no other user to blame.
            return Err(site.unreachable(account));
        }
        new.remove()?;
        site.cluster = unused_cluster_path(&site.data_dir)?;
        tracing::info!(
            user = user_name(account),
            cluster = %site.cluster.display(),
            link = %link.display(),
            "PostgreSQL's user cannot reach the data directory; its files go to a directory of their own, with a link"
        );
        // The link first: whatever lies at its end is then known to be this data directory's.
        symlink(&site.cluster, &link).map_err(io_error("make", &link))?;
        new = make_empty_dir(&site.beside(".new"), account)?;
        if new.is_unusable(installation, account).await? {
            return Err(site.unreachable(account));
        }
    }

    initdb(&new.path, account, installation, options.durable).await?;
    fs::rename(&new.path, &site.cluster).map_err(io_error("make", &site.cluster))?;
    if options.durable
        && let Some(parent) = site.cluster.parent()
    {
        File::open(parent)
            .and_then(|dir| dir.sync_all())
            .map_err(io_error("sync", parent))?;
    }
    site.cluster = fs::canonicalize(&site.cluster).map_err(io_error("find", &site.cluster))?;
    Ok(site)
}

/// A new directory in [`CLUSTERS_DIR`]. One that is there already belongs to a data directory of the same path that
/// has since been deleted or moved; its rows must not come back by surprise, nor be lost, so it is left alone.
fn unused_cluster_path(data_dir: &Path) -> Result<PathBuf, PrivateError> {
    let parent = Path::new(CLUSTERS_DIR);
    if !parent.exists() {
        fs::create_dir_all(parent).map_err(io_error("make", parent))?;
        fs::set_permissions(parent, Permissions::from_mode(0o755))
            .map_err(io_error("open up", parent))?;
    }
    let name = short_hash(data_dir);
    let first = parent.join(&name);
    let numbered = (2..u32::MAX).map(|number| parent.join(format!("{name}-{number}")));
    std::iter::once(first)
        .chain(numbered)
        .find(|path| fs::symlink_metadata(path).is_err())
        .ok_or_else(|| PrivateError::NotACluster {
            path: parent.to_owned(),
        })
}

/// An empty directory for a cluster, open to PostgreSQL's user alone.
struct NewDir {
    path: PathBuf,
    /// Some mounts let not even root give files away; PostgreSQL's user cannot work there.
    is_owned: bool,
}

fn make_empty_dir(path: &Path, account: Option<&Account>) -> Result<NewDir, PrivateError> {
    // Left by a start that was killed.
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(io_error("remove", path)(error));
        }
        _ => {}
    }
    fs::DirBuilder::new()
        .mode(0o700)
        .create(path)
        .map_err(io_error("make", path))?;
    let is_owned =
        account.is_none_or(|account| chown(path, Some(account.uid), Some(account.gid)).is_ok());
    Ok(NewDir {
        path: path.to_owned(),
        is_owned,
    })
}

impl NewDir {
    async fn is_unusable(
        &self,
        installation: &Installation,
        account: Option<&Account>,
    ) -> Result<bool, PrivateError> {
        Ok(!self.is_owned || !can_enter(installation, account, &self.path).await?)
    }

    fn remove(&self) -> Result<(), PrivateError> {
        fs::remove_dir(&self.path).map_err(io_error("remove", &self.path))
    }
}

async fn initdb(
    dir: &Path,
    account: Option<&Account>,
    installation: &Installation,
    durable: bool,
) -> Result<(), PrivateError> {
    // Characters sort by code point, which no upgrade of the system ever changes (that would corrupt indexes), and
    // letter case is Unicode's where the system knows how: in libc's C.UTF-8, else in PostgreSQL's own.
    let mut locales = vec![vec!["--locale=C.UTF-8"]];
    if installation.version >= 17 {
        locales.push(vec![
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]);
    }
    locales.push(vec!["--locale=C"]);

    let failed = |reason: String| PrivateError::Initdb {
        cluster: dir.to_owned(),
        reason,
    };
    let mut reason = String::new();
    for locale in locales {
        let mut command = installation.command("initdb", account);
        command
            .arg("-D")
            .arg(dir)
            .current_dir(dir)
            .args(["--username", NAME, "--encoding=UTF8", "--data-checksums"])
            .args(["--auth-local=trust", "--auth-host=reject"])
            .args(["--no-instructions"])
            .args(locale)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if !durable {
            command.arg("--no-sync");
        }
        let output = match timeout(INITDB_WAIT_MAX, command.output()).await {
            Err(_) => return Err(failed(format!("not done after {INITDB_WAIT_MAX:?}"))),
            Ok(output) => output.map_err(io_error("run", &installation.program("initdb")))?,
        };
        if output.status.success() {
            let path = dir.join("postgresql.conf");
            return OpenOptions::new()
                .append(true)
                .custom_flags(no_follow())
                .open(&path)
                .and_then(|mut file| {
                    file.write_all(CLUSTER_SETTINGS.as_bytes())?;
                    file.sync_all()
                })
                .map_err(io_error("write", &path));
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        reason = failure_line(&stderr)
            .unwrap_or_else(|| format!("it left with {} and without a word", output.status));
        if !stderr.contains("locale") {
            break;
        }
    }
    Err(failed(reason))
}

/// One server at a time starts or stops PostgreSQL. Released when the file is dropped, however the process ends.
async fn lock_start(data_dir: &Path) -> Result<File, PrivateError> {
    lock(&data_dir.join("postgres.lock"), File::try_lock).await
}

async fn lock(
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

fn make_closed_dir(path: &Path, account: Option<&Account>) -> Result<(), PrivateError> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => match account {
            Some(account) => chown(path, Some(account.uid), Some(account.gid))
                .map_err(io_error("give away", path)),
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path).map_err(io_error("read", path))?;
            if is_closed_dir(&found, account) {
                Ok(())
            } else {
                Err(PrivateError::SocketDirTaken {
                    path: path.to_owned(),
                    user: user_name(account),
                })
            }
        }
        Err(error) => Err(io_error("make", path)(error)),
    }
}

fn is_closed_dir(found: &fs::Metadata, account: Option<&Account>) -> bool {
    let uid = account.map_or_else(|| geteuid().as_raw(), |account| account.uid);
    found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0
}

fn open_log(path: &Path, account: Option<&Account>) -> Result<File, PrivateError> {
    if fs::symlink_metadata(path).is_ok_and(|log| log.len() > LOG_BYTES_MAX) {
        fs::rename(path, path.with_extension("log.1")).map_err(io_error("rotate", path))?;
    }
    // The directory is PostgreSQL's user's: root does not follow a link that it might have put there.
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(no_follow())
        .open(path)
        .map_err(io_error("open", path))?;
    if let Some(account) = account {
        fchown(&log, Some(account.uid), Some(account.gid)).map_err(io_error("give away", path))?;
    }
    Ok(log)
}

fn no_follow() -> i32 {
    rustix::fs::OFlags::NOFOLLOW.bits().cast_signed()
}

fn read_tail(path: &Path, from: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    file.seek(SeekFrom::Start(
        from.max(end.saturating_sub(LOG_TAIL_BYTES_MAX)),
    ))?;
    let mut bytes = Vec::new();
    file.take(LOG_TAIL_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The line that says why: the first that PostgreSQL itself calls fatal, else the first error, else the last line.
fn failure_line(text: &str) -> Option<String> {
    let after = |mark: &str| {
        text.lines()
            .find_map(|line| Some(line.split_once(mark)?.1.trim().to_owned()))
    };
    after("FATAL:")
        .or_else(|| after("PANIC:"))
        .or_else(|| after("error:"))
        .or_else(|| {
            text.lines()
                .rev()
                .map(str::trim)
                .find(|line| !line.is_empty())
                .map(str::to_owned)
        })
}

fn config_at(socket_dir: &Path, port: u16, database: &str) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config
        .host_path(socket_dir)
        .port(port)
        .user(NAME)
        .dbname(database);
    config
}

/// A connection for a question or two. Its task ends when the client is dropped.
async fn connect(config: &tokio_postgres::Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the private PostgreSQL ended early");
        }
    });
    Ok(client)
}

/// PostgreSQL reads the setting as a list; in quotes a path may hold commas and spaces.
fn quoted_list_item(path: &Path) -> OsString {
    let mut quoted = OsString::from("\"");
    for (index, part) in path.to_string_lossy().split('"').enumerate() {
        if index > 0 {
            quoted.push("\"\"");
        }
        quoted.push(part);
    }
    quoted.push("\"");
    quoted
}

fn user_name(account: Option<&Account>) -> String {
    account.map_or_else(
        || geteuid().as_raw().to_string(),
        |account| account.name.clone(),
    )
}

/// 64 bits tell apart the data directories of one machine.
fn short_hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PrivateError {
    let path = path.to_owned();
    move |source| PrivateError::Io {
        action,
        path,
        source,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_every_kind_of_release() {
        for (text, version) in [
            (
                "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n",
                Some(15),
            ),
            ("postgres (PostgreSQL) 17.2\n", Some(17)),
            ("postgres (PostgreSQL) 18beta1\n", Some(18)),
            ("postgres (PostgreSQL) 19devel\n", Some(19)),
            ("bash: postgres: not found", None),
            ("", None),
        ] {
            assert_eq!(parse_version(text), version, "{text}");
        }
    }

    #[test]
    fn the_way_to_install_is_that_of_the_system() {
        for (os_release, command) in [
            ("ID=debian\nVERSION_ID=\"12\"", "apt-get install postgresql"),
            (
                "ID=linuxmint\nID_LIKE=\"ubuntu debian\"",
                "apt-get install postgresql",
            ),
            ("ID=fedora\nVERSION_ID=42", "dnf install postgresql-server"),
            (
                "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.5\"",
                "dnf module install postgresql:16/server",
            ),
            (
                "ID=\"almalinux\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"10.0\"",
                "dnf install postgresql-server",
            ),
            ("ID=alpine", "apk add postgresql"),
        ] {
            assert_eq!(install_command_for(os_release), command);
        }
        assert!(install_command_for("").contains("package manager"));
    }

    #[test]
    fn an_account_is_read_from_its_row() {
        let account =
            Account::parse("postgres:x:101:104:PostgreSQL,,,:/var/lib/postgresql:/bin/bash");
        let account = account.unwrap();
        assert_eq!((account.uid, account.gid), (101, 104));
        assert!(Account::parse("# a comment").is_none());
    }

    #[test]
    fn a_postmaster_file_may_be_half_written() {
        let whole = "123\n/data\n1700000000\n5433\n/run/sock\n\n  1 2\nready\n";
        let file = PostmasterFile::parse(whole).unwrap();
        assert_eq!(file.pid.as_raw_pid(), 123);
        assert_eq!(file.port, 5433);
        assert_eq!(file.socket_dir.as_deref(), Some(Path::new("/run/sock")));

        let half = PostmasterFile::parse("123\n/data\n").unwrap();
        assert!(half.socket_dir.is_none());
        assert!(PostmasterFile::parse("").is_none());
        assert!(PostmasterFile::parse("0\n").is_none());
    }

    #[test]
    fn the_reason_of_a_failure_is_the_line_that_says_so() {
        let log =
            "2026-01-01 LOG:  starting\n2026-01-01 FATAL:  no space\n2026-01-01 LOG:  shut down\n";
        assert_eq!(failure_line(log).unwrap(), "no space");
        assert_eq!(failure_line("initdb: error: nope\n").unwrap(), "nope");
        assert_eq!(failure_line("one\ntwo\n\n").unwrap(), "two");
        assert!(failure_line("").is_none());
    }

    #[test]
    fn a_socket_path_with_commas_and_quotes_stays_one_path() {
        assert_eq!(
            quoted_list_item(Path::new("/a, b/\"c\"")),
            OsString::from("\"/a, b/\"\"c\"\"\"")
        );
    }
}
