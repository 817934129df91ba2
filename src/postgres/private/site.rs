//! Where a cluster and what belongs to it lie, and which postmaster runs on it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};
use sha2::{Digest, Sha256};

use super::account::{Account, user_name};
use super::closed_dir::{is_closed_dir, no_follow};
use super::error::{PrivateError, io_error};
use super::{NAME, PORT};

/// `sun_path` holds 108 bytes with the closing zero on Linux, 104 on macOS and the BSDs.
const SOCKET_PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Where one cluster and what belongs to it lie.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) data_dir: PathBuf,
    /// Free of links when the cluster exists.
    pub(super) cluster: PathBuf,
}

impl Site {
    /// `<data dir>/postgres`, or where a link of that name leads.
    pub(super) fn find(data_dir: PathBuf) -> Result<Self, PrivateError> {
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
    pub(super) fn version(&self) -> Result<Option<u32>, PrivateError> {
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

    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.cluster.clone().into_os_string();
        path.push(suffix);
        path.into()
    }

    pub(super) fn users_lock_path(&self) -> PathBuf {
        self.beside(".users")
    }

    pub(super) fn log_path(&self) -> PathBuf {
        self.cluster.join("server.log")
    }

    pub(super) fn socket_dir(&self, account: Option<&Account>) -> Result<PathBuf, PrivateError> {
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

    pub(super) fn unreachable(&self, account: Option<&Account>) -> PrivateError {
        PrivateError::Unreachable {
            cluster: self.cluster.clone(),
            user: user_name(account),
        }
    }

    /// The postmaster that runs on this cluster.
    pub(super) fn postmaster(&self) -> Option<Pid> {
        self.postmaster_file()
            .map(|file| file.pid)
            .filter(|pid| self.is_postmaster(*pid))
    }

    /// What the last postmaster wrote down about itself, which may be long gone.
    pub(super) fn postmaster_file(&self) -> Option<PostmasterFile> {
        let text = fs::read_to_string(self.cluster.join("postmaster.pid")).ok()?;
        PostmasterFile::parse(&text)
    }

    /// Whether the process of that number is this cluster's postmaster, and not a stranger that got the number later.
    pub(super) fn is_postmaster(&self, pid: Pid) -> bool {
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
    pub(super) fn disown_stale_lock_files(&self, socket_dir: &Path) -> Result<(), PrivateError> {
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
pub(super) struct PostmasterFile {
    pub(super) pid: Pid,
    pub(super) port: u16,
    pub(super) socket_dir: Option<PathBuf>,
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

/// 64 bits tell apart the data directories of one machine.
pub(super) fn short_hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

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
}
