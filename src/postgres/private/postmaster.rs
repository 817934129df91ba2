//! Launches the postmaster: its command line, and why it left when it did.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Child;

use super::closed_dir::make_closed_dir;
use super::error::{PrivateError, io_error};
use super::log::{failure_line, open_log, read_tail};
use super::{NAME, PORT, PrivatePostgres};

/// Tests throw their clusters away, so nothing needs to reach the disk. Commits stay synchronous: they reach the
/// system, so that tests which kill PostgreSQL find every row that was acknowledged.
const THROWAWAY_SETTINGS: [(&str, &str); 2] = [("fsync", "off"), ("full_page_writes", "off")];

impl PrivatePostgres {
    pub(super) fn spawn(&self) -> Result<Launched, PrivateError> {
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
}

/// A postmaster that we started and that is not ready yet.
pub(super) struct Launched {
    child: Child,
    log: PathBuf,
    /// The log's length before the start: what follows is about this one.
    log_start: u64,
}

impl Launched {
    pub(super) fn has_exited(&mut self) -> Result<bool, PrivateError> {
        let status = self
            .child
            .try_wait()
            .map_err(io_error("wait for PostgreSQL, log", &self.log))?;
        Ok(status.is_some())
    }

    pub(super) fn reason(&self) -> String {
        let text = read_tail(&self.log, self.log_start).unwrap_or_default();
        failure_line(&text).unwrap_or_else(|| "it left without a word".to_owned())
    }
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_path_with_commas_and_quotes_stays_one_path() {
        assert_eq!(
            quoted_list_item(Path::new("/a, b/\"c\"")),
            OsString::from("\"/a, b/\"\"c\"\"\"")
        );
    }
}
