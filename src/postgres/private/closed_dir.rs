//! Directories that only PostgreSQL's user can enter, where root must not be led astray by that user.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::Path;

use rustix::process::geteuid;

use super::account::{Account, user_name};
use super::error::{PrivateError, io_error};

pub(super) fn make_closed_dir(path: &Path, account: Option<&Account>) -> Result<(), PrivateError> {
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

pub(super) fn is_closed_dir(found: &fs::Metadata, account: Option<&Account>) -> bool {
    let uid = account.map_or_else(|| geteuid().as_raw(), |account| account.uid);
    found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0
}

/// Opens no link: the directory's user might have put one there, to anywhere.
pub(super) fn no_follow() -> i32 {
    rustix::fs::OFlags::NOFOLLOW.bits().cast_signed()
}
