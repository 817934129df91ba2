//! Settings, read once at start from the environment and `.env`.
//!
//! A bad value stops the start with one line that names the variable, what was found and what it should look like.
//! What is secret (the database's password, the signing key) never reaches that line, nor a `Debug` print.

mod dotenv;
mod host;
mod origins;
mod preview_hosts;
mod secrets;
mod size;
#[cfg(test)]
mod tests;
mod variable;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::client_address::Network;

use dotenv::read_dotenv;
pub use host::{JwtKey, JwtSettings};
pub use preview_hosts::PreviewHost;
pub use secrets::SECRET_KEY_CHARS_MIN;
pub use size::MAX_FILE_SIZE_BYTES_MAX;
use size::MIB;
use url::Url;
use variable::Variable;

/// Everything that may be set from outside.
#[derive(Clone)]
pub struct Settings {
    /// `DATABASE_URL`, else `DATA_DIR`. Without either, a private PostgreSQL in `./data`, so that a fresh clone just runs.
    pub database: DatabaseSetting,
    /// `HOST`, the address to listen on. Loopback by default: a developer's run is not open to the network unasked.
    pub host: IpAddr,
    /// `PORT`, 8000 by default; 0 takes a free one.
    pub port: u16,
    /// `AUTH`, the ways in. `guest` with the private database; with a project's own database there is no default, since
    /// letting guests into somebody's real data must be somebody's decision.
    pub auth: Vec<AuthMode>,
    /// `ALLOWED_ORIGINS`, the other sites that may embed and call the chat, as browsers write them in `Origin`.
    /// None by default: the chat's own origin is always allowed and needs no row.
    pub allowed_origins: Vec<String>,
    /// `DEBUG`, off by default: error answers then carry the cause, which is not for strangers.
    pub debug: bool,
    /// `LOG_FORMAT`, `text` by default, for people; `json` is for log collectors.
    pub log_format: LogFormat,
    /// `LOG`, a tracing filter such as `info,webchat=debug`. `info` by default: one line per event that an operator acts on.
    pub log_filter: String,
    /// `MAX_FILE_SIZE`, bytes of one upload. 100 MiB by default: a few minutes of phone video.
    pub max_file_size_bytes: u64,
    /// `SECRET_KEY`, at least [`SECRET_KEY_CHARS_MIN`] characters. Unset by default: only modes that verify signatures need it.
    pub secret_key: Option<String>,
    /// `JWT_ALGORITHM`, `JWT_PUBLIC_KEY`, `JWT_JWKS_URL`, `JWT_ISSUER`, `JWT_AUDIENCE`: how tokens of the host are verified.
    /// HS256 with `SECRET_KEY` by default, which a host of any language can sign by.
    pub jwt: Option<JwtSettings>,
    /// `AUTH_URL`, the host's own "current user" endpoint. Unset by default: nobody is asked.
    pub auth_url: Option<Url>,
    /// `AUTH_URL_SECONDS`, how long what it says holds. 60 by default: who logs out of the host is out here a minute later.
    pub auth_url_seconds: u32,
    /// `DATABASE_CONNECTIONS`, the pool's size. 16 by default: well below PostgreSQL's own default of 100, so several
    /// servers and the host project fit beside each other.
    pub database_connections_max: usize,
    /// `WRITER_LANES`, the most batches that are written at once. 4 by default: one computes while others commit.
    pub writer_lanes: usize,
    /// `SENDS_PER_SECOND`, messages one user may send per second. 20 by default: no person reaches it, a loop does.
    pub sends_per_second_max: u32,
    /// `UPLOAD_STALL_SECONDS`, how long an upload may say next to nothing before it is broken off. 30 by default: longer than
    /// a phone needs from one network to the next.
    pub upload_stall: Duration,
    /// `CONNECTIONS_PER_USER`, open sockets and streams of one user. 50 by default: many tabs on several devices.
    pub connections_per_user_max: usize,
    /// `SESSION_DAYS`, how long a session lasts unused. 30 by default, as people expect of a chat.
    pub session_days: u32,
    /// `COOKIE_SECURE`, whether cookies carry `Secure`. Off by default, since browsers drop such cookies on plain
    /// `http://`; turn it on behind HTTPS.
    pub cookie_secure: bool,
    /// `TRUSTED_PROXIES`, the proxies whose word on a client's address counts. None by default: anybody can send such a header.
    pub trusted_proxies: Vec<Network>,
    /// `MIGRATE`, whether `serve` brings the schema up to date first. On by default; turn it off where another role
    /// runs `webchat migrate`.
    pub migrate_at_start: bool,
    /// `DRAIN_SECONDS`, how long a stopping server waits for clients to leave. 10 by default: the grace that container
    /// runtimes give before they kill.
    pub drain_seconds: u64,
    /// `CALL_RING_SECONDS`, how long a call rings before it counts as missed. 45 by default: some ten rings of a telephone.
    pub call_ring_seconds: u64,
    /// `LINK_PREVIEWS`, whether the pages that messages link to are fetched for a preview. On by default, as people expect
    /// of a chat; turn it off where the server must not ask the internet for anything.
    pub link_previews: bool,
    /// `LINK_PREVIEW_HOSTS`, hosts that are fetched from although their addresses are not public, such as an intranet's
    /// wiki. None by default: whoever can write a message chooses what is fetched, and the server sees more than they do.
    pub link_preview_hosts: Vec<PreviewHost>,
    /// `PICTURES`, whether pictures that the host project names by address (`users.avatar_url`) are fetched. On by default,
    /// since only the host can name one; turn it off where the server must not ask the internet for anything.
    pub pictures: bool,
    /// `PICTURE_HOSTS`, hosts that such pictures are fetched from although their addresses are not public, such as the host
    /// project's own server. None by default, as for previews.
    pub picture_hosts: Vec<PreviewHost>,
    /// What was understood but deserves a word in the log once it is open.
    pub warnings: Vec<String>,
}

/// Where the chat's schema lives.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseSetting {
    /// A PostgreSQL of the server's own, its files below `data_dir`.
    Private { data_dir: PathBuf },
    /// The project's database, as a `postgresql://` URL.
    Url(String),
}

/// A way to become a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// A name, or an invented one.
    Guest,
    /// Sign-up and log-in.
    Password,
    /// A token that the host project signs.
    Jwt,
    /// The host project's own "current user" endpoint.
    Url,
    /// The host project's own SQL function.
    Sql,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Why the settings could not be read; displays as one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("{variable}: found {found}; it should be {expected}")]
    Bad {
        variable: &'static str,
        found: String,
        expected: String,
    },
    #[error("{variable} is not set; it should be {expected}")]
    Missing {
        variable: &'static str,
        expected: String,
    },
    #[error(".env: {reason}")]
    File { reason: String },
}

impl Settings {
    /// Reads the environment, then `.env` in the working directory for what the environment does not hold.
    pub fn from_env() -> Result<Self, SettingsError> {
        // Collected rather than put into the process's environment: changing that is not safe beside other threads,
        // and child processes have no business with our secrets.
        let file = read_dotenv()?;
        Self::from_vars(|name| match std::env::var_os(name) {
            // Set but empty still hides the file's row: `DATABASE_URL= webchat` is how one turns a row off for one run.
            Some(value) => Some(value.to_string_lossy().into_owned()),
            None => file.get(name).cloned(),
        })
    }

    /// The same from any source of variables. An empty value counts as unset.
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let var = |name: &'static str| {
            let value = vars(name)?.trim().to_owned();
            (!value.is_empty()).then_some(Variable { name, value })
        };
        let mut warnings = Vec::new();

        let database_url = var("DATABASE_URL");
        let data_dir = var("DATA_DIR");
        if database_url.is_some() && data_dir.is_some() {
            warnings.push("DATA_DIR is ignored, since DATABASE_URL is set".to_owned());
        }
        if var("UPLOAD_DIR").is_some() {
            warnings.push("UPLOAD_DIR is ignored: media are kept in the database".to_owned());
        }
        let database = match database_url {
            Some(url) => DatabaseSetting::Url(url.database_url()?),
            None => DatabaseSetting::Private {
                data_dir: data_dir.map_or_else(|| "./data".into(), |dir| dir.value.into()),
            },
        };
        let auth = match (var("AUTH"), &database) {
            (Some(modes), _) => modes.auth_modes()?,
            (None, DatabaseSetting::Private { .. }) => vec![AuthMode::Guest],
            (None, DatabaseSetting::Url(_)) => {
                return Err(SettingsError::Missing {
                    variable: "AUTH",
                    expected: format!(
                        "one or more of {}, since with DATABASE_URL there is no default",
                        AuthMode::names(&AuthMode::ALL),
                    ),
                });
            }
        };

        let secret_key = var("SECRET_KEY").map(|v| v.secret_key()).transpose()?;
        let needs_jwt = auth.contains(&AuthMode::Jwt);
        let jwt = JwtSettings::read(var, secret_key.as_deref(), needs_jwt)?;
        let auth_url = var("AUTH_URL").map(|v| v.http_url()).transpose()?;
        if auth_url.is_none() && auth.contains(&AuthMode::Url) {
            return Err(SettingsError::Missing {
                variable: "AUTH_URL",
                expected: "the address that says who a visitor of the host is, since AUTH has url"
                    .to_owned(),
            });
        }

        Ok(Self {
            database,
            auth,
            jwt,
            auth_url,
            auth_url_seconds: var("AUTH_URL_SECONDS").map_or(Ok(60), |v| v.number(5..=3_600))?,
            host: var("HOST").map_or(Ok(Ipv4Addr::LOCALHOST.into()), |v| v.address())?,
            port: var("PORT").map_or(Ok(8000), |v| v.number(0..=u16::MAX))?,
            allowed_origins: var("ALLOWED_ORIGINS").map_or(Ok(Vec::new()), |v| v.origins())?,
            debug: var("DEBUG").map_or(Ok(false), |v| v.boolean())?,
            log_format: var("LOG_FORMAT").map_or(Ok(LogFormat::Text), |v| v.log_format())?,
            log_filter: var("LOG").map_or(Ok("info".to_owned()), |v| v.log_filter())?,
            max_file_size_bytes: var("MAX_FILE_SIZE").map_or(Ok(100 * MIB), |v| v.size_bytes())?,
            upload_stall: var("UPLOAD_STALL_SECONDS")
                .map_or(Ok(30), |v| v.number(1..=3_600))
                .map(Duration::from_secs)?,
            secret_key,
            database_connections_max: var("DATABASE_CONNECTIONS")
                .map_or(Ok(16), |v| v.number(4..=200))?,
            writer_lanes: var("WRITER_LANES").map_or(Ok(4), |v| v.number(1..=32))?,
            sends_per_second_max: var("SENDS_PER_SECOND")
                .map_or(Ok(20), |v| v.number(1..=100_000))?,
            connections_per_user_max: var("CONNECTIONS_PER_USER")
                .map_or(Ok(50), |v| v.number(1..=10_000))?,
            session_days: var("SESSION_DAYS").map_or(Ok(30), |v| v.number(1..=3650))?,
            cookie_secure: var("COOKIE_SECURE").map_or(Ok(false), |v| v.boolean())?,
            trusted_proxies: var("TRUSTED_PROXIES").map_or(Ok(Vec::new()), |v| v.networks())?,
            migrate_at_start: var("MIGRATE").map_or(Ok(true), |v| v.boolean())?,
            drain_seconds: var("DRAIN_SECONDS").map_or(Ok(10), |v| v.number(0..=600))?,
            call_ring_seconds: var("CALL_RING_SECONDS").map_or(Ok(45), |v| v.number(5..=600))?,
            link_previews: var("LINK_PREVIEWS").map_or(Ok(true), |v| v.boolean())?,
            link_preview_hosts: var("LINK_PREVIEW_HOSTS")
                .map_or(Ok(Vec::new()), |v| v.preview_hosts())?,
            pictures: var("PICTURES").map_or(Ok(true), |v| v.boolean())?,
            picture_hosts: var("PICTURE_HOSTS").map_or(Ok(Vec::new()), |v| v.preview_hosts())?,
            warnings,
        })
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Taken apart by name, so that a new field cannot be forgotten here.
        let Self {
            database,
            host,
            port,
            auth,
            allowed_origins,
            debug,
            log_format,
            log_filter,
            max_file_size_bytes,
            upload_stall,
            secret_key,
            jwt,
            auth_url,
            auth_url_seconds,
            database_connections_max,
            writer_lanes,
            sends_per_second_max,
            connections_per_user_max,
            session_days,
            cookie_secure,
            trusted_proxies,
            migrate_at_start,
            drain_seconds,
            call_ring_seconds,
            link_previews,
            link_preview_hosts,
            pictures,
            picture_hosts,
            warnings,
        } = self;
        f.debug_struct("Settings")
            .field("database", database)
            .field("host", host)
            .field("port", port)
            .field("auth", auth)
            .field("allowed_origins", allowed_origins)
            .field("debug", debug)
            .field("log_format", log_format)
            .field("log_filter", log_filter)
            .field("max_file_size_bytes", max_file_size_bytes)
            .field("upload_stall", upload_stall)
            .field("secret_key", &secret_key.as_ref().map(|_| "(hidden)"))
            .field("jwt", jwt)
            .field("auth_url", &auth_url.as_ref().map(|_| "(hidden)"))
            .field("auth_url_seconds", auth_url_seconds)
            .field("database_connections_max", database_connections_max)
            .field("writer_lanes", writer_lanes)
            .field("sends_per_second_max", sends_per_second_max)
            .field("connections_per_user_max", connections_per_user_max)
            .field("session_days", session_days)
            .field("cookie_secure", cookie_secure)
            .field("trusted_proxies", trusted_proxies)
            .field("migrate_at_start", migrate_at_start)
            .field("drain_seconds", drain_seconds)
            .field("call_ring_seconds", call_ring_seconds)
            .field("link_previews", link_previews)
            .field("link_preview_hosts", link_preview_hosts)
            .field("pictures", pictures)
            .field("picture_hosts", picture_hosts)
            .field("warnings", warnings)
            .finish()
    }
}

impl fmt::Debug for DatabaseSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Private { data_dir } => f.debug_tuple("Private").field(data_dir).finish(),
            Self::Url(_) => f.write_str("Url((hidden))"),
        }
    }
}

impl AuthMode {
    pub const ALL: [Self; 5] = [Self::Guest, Self::Password, Self::Jwt, Self::Url, Self::Sql];

    pub fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Password => "password",
            Self::Jwt => "jwt",
            Self::Url => "url",
            Self::Sql => "sql",
        }
    }

    fn names(modes: &[Self]) -> String {
        modes
            .iter()
            .map(|mode| mode.name())
            .collect::<Vec<_>>()
            .join(", ")
    }
}
