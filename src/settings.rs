//! Settings, read once at start from the environment and `.env`.
//!
//! A bad value stops the start with one line that names the variable, what was found and what it should look like.
//! What is secret (the database's password, the signing key) never reaches that line, nor a `Debug` print.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

/// Shorter keys could be guessed offline from a single signed token; 32 characters of base64 carry 192 bits.
pub const SECRET_KEY_CHARS_MIN: usize = 32;

/// Above this a slip of a unit (GB for MB) would let a single upload fill most disks.
pub const MAX_FILE_SIZE_BYTES_MAX: u64 = 10 * GIB;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

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
    /// `DATABASE_CONNECTIONS`, the pool's size. 16 by default: well below PostgreSQL's own default of 100, so several
    /// servers and the host project fit beside each other.
    pub database_connections_max: usize,
    /// `WRITER_LANES`, how many batches are written at once. 4 by default: commits overlap, yet batches stay large.
    pub writer_lanes: usize,
    /// `SENDS_PER_SECOND`, messages one user may send per second. 20 by default: no person reaches it, a loop does.
    pub sends_per_second_max: u32,
    /// `CONNECTIONS_PER_USER`, open sockets and streams of one user. 50 by default: many tabs on several devices.
    pub connections_per_user_max: usize,
    /// `SESSION_DAYS`, how long a session lasts unused. 30 by default, as people expect of a chat.
    pub session_days: u32,
    /// `COOKIE_SECURE`, whether cookies carry `Secure`. Off by default, since browsers drop such cookies on plain
    /// `http://`; turn it on behind HTTPS.
    pub cookie_secure: bool,
    /// `MIGRATE`, whether `serve` brings the schema up to date first. On by default; turn it off where another role
    /// runs `webchat migrate`.
    pub migrate_at_start: bool,
    /// `DRAIN_SECONDS`, how long a stopping server waits for clients to leave. 10 by default: the grace that container
    /// runtimes give before they kill.
    pub drain_seconds: u64,
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
    #[error(
        "AUTH={found} is not available in this version; available: {}",
        AuthMode::available()
    )]
    AuthNotAvailable { found: &'static str },
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
                        "one or more of {} (available in this version: {}), since with DATABASE_URL there is no default",
                        AuthMode::names(&AuthMode::ALL),
                        AuthMode::available(),
                    ),
                });
            }
        };

        Ok(Self {
            database,
            auth,
            host: var("HOST").map_or(Ok(Ipv4Addr::LOCALHOST.into()), |v| v.address())?,
            port: var("PORT").map_or(Ok(8000), |v| v.number(0..=u16::MAX))?,
            allowed_origins: var("ALLOWED_ORIGINS").map_or(Ok(Vec::new()), |v| v.origins())?,
            debug: var("DEBUG").map_or(Ok(false), |v| v.boolean())?,
            log_format: var("LOG_FORMAT").map_or(Ok(LogFormat::Text), |v| v.log_format())?,
            log_filter: var("LOG").map_or(Ok("info".to_owned()), |v| v.log_filter())?,
            max_file_size_bytes: var("MAX_FILE_SIZE").map_or(Ok(100 * MIB), |v| v.size_bytes())?,
            secret_key: var("SECRET_KEY").map(|v| v.secret_key()).transpose()?,
            database_connections_max: var("DATABASE_CONNECTIONS")
                .map_or(Ok(16), |v| v.number(4..=200))?,
            writer_lanes: var("WRITER_LANES").map_or(Ok(4), |v| v.number(1..=32))?,
            sends_per_second_max: var("SENDS_PER_SECOND")
                .map_or(Ok(20), |v| v.number(1..=100_000))?,
            connections_per_user_max: var("CONNECTIONS_PER_USER")
                .map_or(Ok(50), |v| v.number(1..=10_000))?,
            session_days: var("SESSION_DAYS").map_or(Ok(30), |v| v.number(1..=3650))?,
            cookie_secure: var("COOKIE_SECURE").map_or(Ok(false), |v| v.boolean())?,
            migrate_at_start: var("MIGRATE").map_or(Ok(true), |v| v.boolean())?,
            drain_seconds: var("DRAIN_SECONDS").map_or(Ok(10), |v| v.number(0..=600))?,
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
            secret_key,
            database_connections_max,
            writer_lanes,
            sends_per_second_max,
            connections_per_user_max,
            session_days,
            cookie_secure,
            migrate_at_start,
            drain_seconds,
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
            .field("secret_key", &secret_key.as_ref().map(|_| "(hidden)"))
            .field("database_connections_max", database_connections_max)
            .field("writer_lanes", writer_lanes)
            .field("sends_per_second_max", sends_per_second_max)
            .field("connections_per_user_max", connections_per_user_max)
            .field("session_days", session_days)
            .field("cookie_secure", cookie_secure)
            .field("migrate_at_start", migrate_at_start)
            .field("drain_seconds", drain_seconds)
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
    /// The modes this version can serve; the others are known words, so that they fail with a better line than a typo.
    pub const AVAILABLE: [Self; 1] = [Self::Guest];

    pub fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Password => "password",
            Self::Jwt => "jwt",
            Self::Url => "url",
            Self::Sql => "sql",
        }
    }

    fn available() -> String {
        Self::names(&Self::AVAILABLE)
    }

    fn names(modes: &[Self]) -> String {
        modes
            .iter()
            .map(|mode| mode.name())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// One variable that holds something, and every way to read it.
struct Variable {
    name: &'static str,
    value: String,
}

impl Variable {
    fn bad(&self, expected: impl Into<String>) -> SettingsError {
        self.bad_part(&self.value, expected)
    }

    /// For lists, where only one part is wrong.
    fn bad_part(&self, part: &str, expected: impl Into<String>) -> SettingsError {
        SettingsError::Bad {
            variable: self.name,
            found: format!("{part:?}"),
            expected: expected.into(),
        }
    }

    /// For secrets: says something about the value in words of ours, and shows nothing of it.
    fn bad_secret(&self, found: String, expected: impl Into<String>) -> SettingsError {
        SettingsError::Bad {
            variable: self.name,
            found,
            expected: expected.into(),
        }
    }

    fn number<T>(&self, range: RangeInclusive<T>) -> Result<T, SettingsError>
    where
        T: FromStr + PartialOrd + fmt::Display,
    {
        match self.value.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(self.bad(format!(
                "a whole number from {} to {}",
                range.start(),
                range.end()
            ))),
        }
    }

    fn boolean(&self) -> Result<bool, SettingsError> {
        match self.value.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(self.bad("true or false")),
        }
    }

    fn address(&self) -> Result<IpAddr, SettingsError> {
        if self.value.eq_ignore_ascii_case("localhost") {
            return Ok(Ipv4Addr::LOCALHOST.into());
        }
        self.value
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .map_err(|_| self.bad("an IP address such as 127.0.0.1, 0.0.0.0 or ::, or localhost"))
    }

    fn log_format(&self) -> Result<LogFormat, SettingsError> {
        match self.value.to_ascii_lowercase().as_str() {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(self.bad("text or json")),
        }
    }

    fn log_filter(&self) -> Result<String, SettingsError> {
        match tracing_subscriber::EnvFilter::try_new(&self.value) {
            Ok(_) => Ok(self.value.clone()),
            Err(_) => Err(self.bad("a log filter such as info or info,webchat=debug")),
        }
    }

    fn size_bytes(&self) -> Result<u64, SettingsError> {
        let digits_end = self
            .value
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(self.value.len());
        let (digits, unit) = self.value.split_at(digits_end);
        let unit_bytes = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => Some(1),
            "kb" => Some(1000),
            "kib" => Some(1 << 10),
            "mb" => Some(1_000_000),
            "mib" => Some(MIB),
            "gb" => Some(1_000_000_000),
            "gib" => Some(GIB),
            _ => None,
        };
        unit_bytes
            .and_then(|unit| digits.parse::<u64>().ok()?.checked_mul(unit))
            .filter(|size| (1..=MAX_FILE_SIZE_BYTES_MAX).contains(size))
            .ok_or_else(|| {
                self.bad("a number of bytes such as 104857600, 100MB or 100MiB, at most 10GiB")
            })
    }

    fn secret_key(self) -> Result<String, SettingsError> {
        let chars = self.value.chars().count();
        if chars < SECRET_KEY_CHARS_MIN {
            return Err(self.bad_secret(
                format!("{chars} characters"),
                format!(
                    "at least {SECRET_KEY_CHARS_MIN} characters, as `openssl rand -base64 32` prints"
                ),
            ));
        }
        Ok(self.value)
    }

    fn database_url(&self) -> Result<String, SettingsError> {
        let expected = "postgresql://user:password@host:5432/database";
        let Some((scheme, rest)) = self.value.split_once("://") else {
            return Err(self.bad_secret("a value without ://".to_owned(), expected));
        };
        // Host projects often keep the URL in the form that names their own driver: postgresql+asyncpg://…
        let dialect = scheme
            .split('+')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        if !matches!(dialect.as_str(), "postgres" | "postgresql") {
            // A scheme is letters; anything else might be the password of a URL that lost its beginning.
            let found = if scheme.len() <= 32 && scheme.bytes().all(is_scheme_byte) {
                format!("the scheme {scheme}://")
            } else {
                "an unreadable scheme".to_owned()
            };
            return Err(self.bad_secret(found, expected));
        }
        if rest.is_empty() {
            return Err(self.bad_secret("a scheme and nothing after it".to_owned(), expected));
        }
        Ok(format!("postgresql://{rest}"))
    }

    fn auth_modes(&self) -> Result<Vec<AuthMode>, SettingsError> {
        let expected = || format!("one or more of {}", AuthMode::names(&AuthMode::ALL));
        let mut modes = Vec::new();
        for word in self.list(&expected())? {
            let mode = AuthMode::ALL
                .into_iter()
                .find(|mode| word.eq_ignore_ascii_case(mode.name()))
                .ok_or_else(|| self.bad_part(&word, expected()))?;
            if !AuthMode::AVAILABLE.contains(&mode) {
                return Err(SettingsError::AuthNotAvailable { found: mode.name() });
            }
            if !modes.contains(&mode) {
                modes.push(mode);
            }
        }
        if modes.is_empty() {
            return Err(self.bad(expected()));
        }
        Ok(modes)
    }

    fn origins(&self) -> Result<Vec<String>, SettingsError> {
        let expected = "origins such as https://example.com or http://localhost:3000, \
                        as a JSON list or separated by commas";
        let mut origins = Vec::new();
        for word in self.list(expected)? {
            if word.contains('*') {
                return Err(self.bad_part(
                    &word,
                    "each origin by name, since a wildcard would let any site act as your signed-in visitors",
                ));
            }
            let origin = normalize_origin(&word).ok_or_else(|| self.bad_part(&word, expected))?;
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        Ok(origins)
    }

    /// A JSON list of strings, or words separated by commas.
    fn list(&self, expected: &str) -> Result<Vec<String>, SettingsError> {
        let words: Vec<String> = if self.value.starts_with('[') {
            serde_json::from_str(&self.value).map_err(|_| self.bad(expected))?
        } else {
            self.value.split(',').map(str::to_owned).collect()
        };
        Ok(words
            .iter()
            .map(|word| word.trim().to_owned())
            .filter(|word| !word.is_empty())
            .collect())
    }
}

/// An origin as a browser writes it: lowercase, without a trailing slash and without the scheme's own port.
/// Strict about characters, since origins are also written into the `Content-Security-Policy` header.
fn normalize_origin(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if !scheme.starts_with(|c: char| c.is_ascii_lowercase()) || !scheme.bytes().all(is_scheme_byte)
    {
        return None;
    }

    // An IPv6 host has colons of its own inside its brackets.
    let host_end = match authority.strip_prefix('[') {
        Some(inner) => inner.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(host_end);
    let host_is_valid = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        }
    };
    if !host_is_valid {
        return None;
    }

    let port: Option<u16> = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
        None if port.is_empty() => None,
        None => return None,
    };
    match (scheme, port) {
        (_, None) | ("http", Some(80)) | ("https", Some(443)) => Some(format!("{scheme}://{host}")),
        (_, Some(port)) => Some(format!("{scheme}://{host}:{port}")),
    }
}

fn is_scheme_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

fn read_dotenv() -> Result<HashMap<String, String>, SettingsError> {
    let rows = match dotenvy::from_path_iter(".env") {
        Ok(rows) => rows,
        Err(error) if error.not_found() => return Ok(HashMap::new()),
        Err(error) => {
            return Err(SettingsError::File {
                reason: error.to_string(),
            });
        }
    };
    rows.map(|row| {
        row.map_err(|error| SettingsError::File {
            reason: match error {
                dotenvy::Error::LineParse(line, _) => unreadable_row(&line),
                error => error.to_string(),
            },
        })
    })
    .collect()
}

/// Names the row without showing it, since it may hold a secret, or be the middle of one.
fn unreadable_row(line: &str) -> String {
    let row = match line.split_once('=') {
        Some((name, _)) if name.trim().bytes().all(is_name_byte) => {
            format!("the row of {}", name.trim())
        }
        _ => "a row".to_owned(),
    };
    format!("{row} is not NAME=value; a value with spaces, quotes or # needs quotes around it")
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte == b'_'
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    fn settings(vars: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_vars(|name| {
            vars.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    fn error(vars: &[(&str, &str)]) -> String {
        let line = settings(vars).unwrap_err().to_string();
        assert!(!line.contains('\n'), "one line: {line}");
        line
    }

    #[test]
    fn nothing_set_runs_a_private_database_on_loopback_for_guests() {
        let settings = settings(&[]).unwrap();
        assert_eq!(
            settings.database,
            DatabaseSetting::Private {
                data_dir: "./data".into()
            }
        );
        assert_eq!(settings.host.to_string(), "127.0.0.1");
        assert_eq!(settings.port, 8000);
        assert_eq!(settings.auth, [AuthMode::Guest]);
        assert_eq!(settings.max_file_size_bytes, 104_857_600);
        assert!(settings.migrate_at_start);
        assert!(settings.warnings.is_empty());
    }

    #[test]
    fn an_empty_value_counts_as_unset() {
        let settings = settings(&[("PORT", ""), ("DATABASE_URL", " "), ("HOST", "")]).unwrap();
        assert_eq!(settings.port, 8000);
        assert!(matches!(settings.database, DatabaseSetting::Private { .. }));
    }

    #[test]
    fn a_bad_port_names_the_variable() {
        assert_eq!(
            error(&[("PORT", "eighty")]),
            "PORT: found \"eighty\"; it should be a whole number from 0 to 65535"
        );
        assert!(error(&[("PORT", "65536")]).starts_with("PORT: found \"65536\""));
    }

    #[test]
    fn numbers_outside_their_range_are_refused() {
        for (name, value) in [
            ("DATABASE_CONNECTIONS", "3"),
            ("DATABASE_CONNECTIONS", "201"),
            ("WRITER_LANES", "0"),
            ("SENDS_PER_SECOND", "100001"),
            ("CONNECTIONS_PER_USER", "-1"),
            ("SESSION_DAYS", "1.5"),
            ("DRAIN_SECONDS", "601"),
        ] {
            assert!(error(&[(name, value)]).starts_with(name), "{name}={value}");
        }
    }

    #[test]
    fn a_host_may_be_an_address_of_either_family_or_localhost() {
        for (text, address) in [
            ("localhost", "127.0.0.1"),
            ("0.0.0.0", "0.0.0.0"),
            ("::", "::"),
            ("[::1]", "::1"),
        ] {
            let settings = settings(&[("HOST", text)]).unwrap();
            assert_eq!(settings.host.to_string(), address);
        }
        assert!(error(&[("HOST", "example.com")]).starts_with("HOST: found \"example.com\""));
    }

    #[test]
    fn booleans_are_read_in_the_common_spellings() {
        for (text, value) in [
            ("true", true),
            ("1", true),
            ("YES", true),
            ("on", true),
            ("False", false),
            ("0", false),
            ("no", false),
            ("off", false),
        ] {
            assert_eq!(settings(&[("DEBUG", text)]).unwrap().debug, value);
        }
        assert_eq!(
            error(&[("COOKIE_SECURE", "maybe")]),
            "COOKIE_SECURE: found \"maybe\"; it should be true or false"
        );
    }

    #[test]
    fn a_database_url_may_name_another_projects_driver() {
        for url in [
            "postgres://u:p@h/d?sslmode=require",
            "postgresql://u:p@h/d?sslmode=require",
            "postgresql+psycopg2://u:p@h/d?sslmode=require",
            "postgres+asyncpg://u:p@h/d?sslmode=require",
            "PostgreSQL://u:p@h/d?sslmode=require",
        ] {
            let settings = settings(&[("DATABASE_URL", url), ("AUTH", "guest")]).unwrap();
            assert_eq!(
                settings.database,
                DatabaseSetting::Url("postgresql://u:p@h/d?sslmode=require".to_owned())
            );
        }
    }

    #[test]
    fn a_bad_database_url_is_never_printed() {
        for url in [
            "mysql://u:hunter2@h/d",
            "u:hunter2@h/d",
            "u:hunter2@h://d",
            "hunter2",
        ] {
            let line = error(&[("DATABASE_URL", url), ("AUTH", "guest")]);
            assert!(line.starts_with("DATABASE_URL: found "), "{line}");
            assert!(!line.contains("hunter2"), "{line}");
        }
    }

    #[test]
    fn a_database_url_without_auth_names_the_choices() {
        let line = error(&[("DATABASE_URL", "postgres://u:hunter2@h/d")]);
        assert!(line.starts_with("AUTH is not set"), "{line}");
        assert!(line.contains("guest, password, jwt, url, sql"), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }

    #[test]
    fn auth_takes_a_json_list_or_commas() {
        for text in [
            "guest",
            "[\"guest\"]",
            " guest , Guest,",
            "[\"guest\", \"guest\"]",
        ] {
            assert_eq!(settings(&[("AUTH", text)]).unwrap().auth, [AuthMode::Guest]);
        }
    }

    #[test]
    fn an_auth_mode_that_is_not_built_says_so() {
        assert_eq!(
            error(&[("AUTH", "guest,jwt")]),
            "AUTH=jwt is not available in this version; available: guest"
        );
    }

    #[test]
    fn an_unknown_auth_mode_names_the_choices() {
        for text in ["ldap", "[\"ldap\"]", "[guest", ","] {
            let line = error(&[("AUTH", text)]);
            assert!(line.starts_with("AUTH: found "), "{line}");
            assert!(line.contains("guest, password, jwt, url, sql"), "{line}");
        }
    }

    #[test]
    fn origins_are_kept_as_browsers_write_them() {
        let settings = settings(&[(
            "ALLOWED_ORIGINS",
            "HTTPS://Example.com/, https://example.com:443,http://localhost:3000, http://[::1]:80 ,tauri://localhost",
        )])
        .unwrap();
        assert_eq!(
            settings.allowed_origins,
            [
                "https://example.com",
                "http://localhost:3000",
                "http://[::1]",
                "tauri://localhost"
            ]
        );
    }

    #[test]
    fn origins_may_be_a_json_list() {
        let settings = settings(&[("ALLOWED_ORIGINS", r#"["https://a.test", "https://b.test"]"#)]);
        assert_eq!(
            settings.unwrap().allowed_origins,
            ["https://a.test", "https://b.test"]
        );
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host_and_nothing_more() {
        for origin in [
            "example.com",
            "https://example.com/chat",
            "https://user@example.com",
            "https://example.com?x",
            "https://example.com; script-src evil",
            "https://exa mple.com",
            "https://example.com:port",
            "https://example.com:",
            "https://example.com:70000",
            "https://[::1",
            "https://",
            "://example.com",
            "null",
        ] {
            let line = error(&[("ALLOWED_ORIGINS", origin)]);
            assert!(line.starts_with("ALLOWED_ORIGINS: found "), "{line}");
        }
    }

    #[test]
    fn a_wildcard_origin_is_refused_with_the_reason() {
        for origin in ["*", "https://*.example.com", "[\"*\"]"] {
            let line = error(&[("ALLOWED_ORIGINS", origin)]);
            assert!(
                line.contains("any site act as your signed-in visitors"),
                "{line}"
            );
        }
    }

    #[test]
    fn a_file_size_may_carry_a_unit() {
        for (text, bytes) in [
            ("1", 1),
            ("10MB", 10_000_000),
            ("10MiB", 10_485_760),
            ("10 mib", 10_485_760),
            ("1GB", 1_000_000_000),
            ("512KiB", 524_288),
        ] {
            assert_eq!(
                settings(&[("MAX_FILE_SIZE", text)])
                    .unwrap()
                    .max_file_size_bytes,
                bytes
            );
        }
        for text in [
            "0",
            "MB",
            "1.5GB",
            "10 parsecs",
            "-1",
            "11GiB",
            "99999999999999999999",
        ] {
            assert!(error(&[("MAX_FILE_SIZE", text)]).starts_with("MAX_FILE_SIZE"));
        }
    }

    #[test]
    fn a_short_secret_key_is_refused_without_printing_it() {
        let line = error(&[("SECRET_KEY", "hunter2")]);
        assert!(line.starts_with("SECRET_KEY: found 7 characters"), "{line}");
        assert!(!line.contains("hunter2"));
    }

    #[test]
    fn debug_prints_no_secret() {
        let key = "0123456789abcdef0123456789abcdef";
        let settings = settings(&[
            ("SECRET_KEY", key),
            ("DATABASE_URL", "postgres://u:hunter2@h/d"),
            ("AUTH", "guest"),
        ])
        .unwrap();
        let printed = format!("{settings:?} {:?}", settings.database);
        assert_eq!(settings.secret_key.as_deref(), Some(key));
        assert!(!printed.contains(key));
        assert!(!printed.contains("hunter2"));
    }

    #[test]
    fn a_log_filter_is_checked_at_start() {
        assert_eq!(
            settings(&[("LOG", "info,webchat=debug")])
                .unwrap()
                .log_filter,
            "info,webchat=debug"
        );
        assert!(error(&[("LOG", "webchat=loud")]).starts_with("LOG: found "));
        assert!(error(&[("LOG_FORMAT", "xml")]).starts_with("LOG_FORMAT: found "));
    }

    #[test]
    fn a_row_of_the_file_that_cannot_be_read_is_named_and_not_shown() {
        assert!(unreadable_row("SECRET_KEY=\"hunter2").starts_with("the row of SECRET_KEY is"));
        for line in ["hunter2", "hunter2==", "HUNTER 2=\"x"] {
            assert!(unreadable_row(line).starts_with("a row is"), "{line}");
        }
    }

    #[test]
    fn ignored_settings_are_warned_of() {
        let settings = settings(&[
            ("UPLOAD_DIR", "/srv/uploads"),
            ("DATA_DIR", "/srv/data"),
            ("DATABASE_URL", "postgres://h/d"),
            ("AUTH", "guest"),
        ])
        .unwrap();
        assert_eq!(settings.warnings.len(), 2);
        assert!(settings.warnings.iter().any(|w| w.contains("UPLOAD_DIR")));
        assert!(settings.warnings.iter().any(|w| w.contains("DATA_DIR")));
    }

    #[test]
    fn every_setting_has_a_row_in_the_example_file() {
        let asked = RefCell::new(BTreeSet::new());
        Settings::from_vars(|name| {
            asked.borrow_mut().insert(name.to_owned());
            None
        })
        .unwrap();
        // A row may be commented out, which shows the default without setting it.
        let rows: BTreeSet<String> = include_str!("../.env.example")
            .lines()
            .filter_map(|line| line.trim_start_matches('#').split_once('='))
            .map(|(name, _)| name.to_owned())
            .filter(|name| name.bytes().all(is_name_byte))
            .collect();
        assert_eq!(rows, asked.into_inner());
    }
}
