//! Makes what is not there yet: the data directory, and the cluster in it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::geteuid;
use tokio::time::timeout;

use super::account::{Account, user_name};
use super::closed_dir::no_follow;
use super::error::{PrivateError, io_error};
use super::installation::{Installation, can_enter};
use super::log::failure_line;
use super::site::{Site, short_hash};
use super::{NAME, PrivateOptions};

/// Where clusters lie when PostgreSQL's user cannot reach the data directory.
const CLUSTERS_DIR: &str = "/var/lib/webchat";

/// initdb takes a second or two; slow disks take many times that.
const INITDB_WAIT_MAX: Duration = Duration::from_secs(120);

/// Written into a new cluster's postgresql.conf, where an operator may change them.
const CLUSTER_SETTINGS: &str = "
# --- webchat ---
# What webchat sets on the command line (addresses, socket, log) is fixed; everything here may be changed.
max_connections = 100
shared_buffers = 128MB
timezone = 'UTC'
log_timezone = 'UTC'
";

/// Makes the data directory when it is missing. Answers with its path free of links.
pub(super) fn make_data_dir(path: &Path) -> Result<PathBuf, PrivateError> {
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

/// Makes a cluster for a data directory that has none.
pub(super) async fn make_cluster(
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
