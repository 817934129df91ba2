//! PostgreSQL's programs: where they are, which version, and how they are run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::account::Account;
use super::error::{PrivateError, io_error};
use super::site::Site;

/// The oldest major version whose features the SQL uses.
pub(super) const VERSION_MIN: u32 = 15;

/// A program tells its version at once, or hangs on a file system that does not answer.
const PROBE_WAIT_MAX: Duration = Duration::from_secs(5);

/// One directory with PostgreSQL's programs.
#[derive(Clone, Debug)]
pub(super) struct Installation {
    bin_dir: PathBuf,
    pub(super) version: u32,
}

impl Installation {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }

    pub(super) fn command(&self, name: &str, account: Option<&Account>) -> Command {
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
pub(super) fn find_installations() -> Vec<PathBuf> {
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
    let output = timeout(PROBE_WAIT_MAX, command.output()).await.ok()?.ok()?;
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

pub(super) async fn pick_newest(
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

pub(super) async fn pick_version(
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

/// Whether PostgreSQL's user can stand in the directory, found out by doing it.
pub(super) async fn can_enter(
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
}
