//! Whose processes and files PostgreSQL's are.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::geteuid;

use super::error::{PrivateError, io_error};

/// The user that PostgreSQL's processes run as when we are root; none when they run as we do.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) name: String,
}

impl Account {
    pub(super) fn for_new_cluster() -> Result<Option<Self>, PrivateError> {
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
    pub(super) fn of_owner(cluster: &Path) -> Result<Option<Self>, PrivateError> {
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

pub(super) fn user_name(account: Option<&Account>) -> String {
    account.map_or_else(
        || geteuid().as_raw().to_string(),
        |account| account.name.clone(),
    )
}

/// Before any file of it is opened, since "permission denied" would not say whom to become.
pub(super) fn refuse_foreign_cluster(cluster: &Path) -> Result<(), PrivateError> {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_its_row() {
        let account =
            Account::parse("postgres:x:101:104:PostgreSQL,,,:/var/lib/postgresql:/bin/bash");
        let account = account.unwrap();
        assert_eq!((account.uid, account.gid), (101, 104));
        assert!(Account::parse("# a comment").is_none());
    }
}
