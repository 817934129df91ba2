//! PostgreSQL's log: opened for it, and searched for the reason of a failed start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::Path;

use super::account::Account;
use super::closed_dir::no_follow;
use super::error::{PrivateError, io_error};

/// The log is for the day something goes wrong: the last weeks suffice, and one older file is kept.
const LOG_BYTES_MAX: u64 = 10 << 20;

/// How much of the log's end is searched for the reason of a failed start.
const LOG_TAIL_BYTES_MAX: u64 = 16 << 10;

pub(super) fn open_log(path: &Path, account: Option<&Account>) -> Result<File, PrivateError> {
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

pub(super) fn read_tail(path: &Path, from: u64) -> io::Result<String> {
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
pub(super) fn failure_line(text: &str) -> Option<String> {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_a_failure_is_the_line_that_says_so() {
        let log =
            "2026-01-01 LOG:  starting\n2026-01-01 FATAL:  no space\n2026-01-01 LOG:  shut down\n";
        assert_eq!(failure_line(log).unwrap(), "no space");
        assert_eq!(failure_line("initdb: error: nope\n").unwrap(), "nope");
        assert_eq!(failure_line("one\ntwo\n\n").unwrap(), "two");
        assert!(failure_line("").is_none());
    }
}
