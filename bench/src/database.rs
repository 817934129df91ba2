//! The PostgreSQL that is measured on, and a database of its own for each scenario.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;

use anyhow::{Context, Result, ensure};
use tokio::runtime::Handle;
use tokio_postgres::{Client, Config, NoTls, Row, types::ToSql};
use webchat::postgres::private::{PrivateOptions, PrivatePostgres};

pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A PostgreSQL, and where databases can be made in it.
pub struct Cluster {
    runtime: Handle,
    /// Of a database that exists, for making others.
    admin_url: String,
    /// Our own, if no other was named.
    _own: Option<OwnCluster>,
    pub postmaster: Option<u32>,
    /// Of the server, as it says itself.
    pub version: String,
}

struct OwnCluster {
    _postgres: PrivatePostgres,
    /// Stops and removes the cluster when its input ends: with this value, or with this process.
    guard: Child,
}

impl Drop for OwnCluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        if let Err(error) = self.guard.wait() {
            eprintln!("bench: the temporary PostgreSQL may still be there: {error}");
        }
    }
}

impl Cluster {
    /// The one that the URL names, or a temporary one as webchat makes them: durable, with PostgreSQL's own settings.
    pub fn open(runtime: &Handle, url: Option<&str>, parent: &Path) -> Result<Self> {
        let (own, admin_url) = match url {
            Some(url) => (None, url.to_owned()),
            None => {
                let (own, url) = start_own(runtime, parent)?;
                (Some(own), url)
            }
        };
        let admin = Database::connect(runtime, &admin_url)?;
        let row = admin.row(
            "select current_setting('server_version'), pg_backend_pid()",
            &[],
        )?;
        let version: String = row.get(0);
        let backend: i32 = row.get(1);
        Ok(Self {
            runtime: runtime.clone(),
            admin_url,
            _own: own,
            // Elsewhere its processes are out of our sight.
            postmaster: crate::machine::parent_if_postgres(backend),
            version: version.split(' ').next().unwrap_or_default().to_owned(),
        })
    }

    /// A new database with webchat's schema in it, as that very program makes it.
    pub fn database(&self, name: &str, webchat: &Path) -> Result<Database> {
        let admin = Database::connect(&self.runtime, &self.admin_url)?;
        let name = format!("webchat_bench_{name}");
        admin.run(&format!("drop database if exists {name} with (force)"))?;
        admin.run(&format!("create database {name}"))?;
        let url = with_database(&self.admin_url, &name)?;
        let output = Command::new(webchat)
            .arg("migrate")
            .env("DATABASE_URL", &url)
            .env("AUTH", "guest")
            .env("LOG", "warn")
            .current_dir(std::env::temp_dir())
            .output()
            .with_context(|| format!("{} can not be run", webchat.display()))?;
        ensure!(
            output.status.success(),
            "{} migrate: {}",
            webchat.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        let database = Database::connect(&self.runtime, &url)?;
        if let Err(error) = database.run("create extension if not exists pg_stat_statements") {
            eprintln!("bench: statements are not counted: {error:#}");
        }
        Ok(database)
    }

    pub fn drop_database(&self, database: Database) -> Result<()> {
        let url = database.url.clone();
        drop(database);
        let admin = Database::connect(&self.runtime, &self.admin_url)?;
        let name = Config::from_str(&url)?;
        let name = name.get_dbname().context("a database has a name")?;
        admin.run(&format!("drop database if exists {name} with (force)"))
    }
}

fn start_own(runtime: &Handle, parent: &Path) -> Result<(OwnCluster, String)> {
    let data_dir = parent.join(format!(
        "webchat-bench-{}",
        &uuid::Uuid::new_v4().simple().to_string()[..8]
    ));
    let guard = start_guard(&data_dir)?;
    let start = |extra: Vec<(String, String)>| {
        runtime.block_on(PrivatePostgres::start(PrivateOptions {
            data_dir: data_dir.clone(),
            durable: true,
            extra,
        }))
    };
    let preload = (
        "shared_preload_libraries".to_owned(),
        "pg_stat_statements".to_owned(),
    );
    let postgres = match start(vec![preload]) {
        Ok(postgres) => postgres,
        // It comes in a package of its own on some systems.
        Err(_) => start(Vec::new())?,
    };
    let config = postgres.config();
    let socket_dir =
        form_urlencoded::byte_serialize(postgres.socket_dir().as_os_str().as_encoded_bytes())
            .collect::<String>();
    let url = format!(
        "postgresql://{}@/{}?host={socket_dir}&port={}",
        config.get_user().unwrap_or_default(),
        config.get_dbname().unwrap_or_default(),
        postgres.port()
    );
    let own = OwnCluster {
        _postgres: postgres,
        guard,
    };
    Ok((own, url))
}

/// However this process ends, the cluster does not outlive it. The guard has a process group of its own, so that what
/// ends the bench at the terminal does not end it.
fn start_guard(data_dir: &Path) -> Result<Child> {
    use std::os::unix::process::CommandExt;

    const CLEAN_UP: &str = include_str!("../../tests/support/remove_cluster.sh");
    Command::new("sh")
        .args(["-c", CLEAN_UP, "sh"])
        .arg(data_dir)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("sh can not be run")
}

/// The same URL with another database's name.
fn with_database(url: &str, name: &str) -> Result<String> {
    let (scheme, rest) = url.split_once("://").context("a URL has a scheme")?;
    let (place, parameters) = match rest.split_once('?') {
        Some((place, parameters)) => (place, format!("?{parameters}")),
        None => (rest, String::new()),
    };
    let server = place.split('/').next().unwrap_or_default();
    Ok(format!("{scheme}://{server}/{name}{parameters}"))
}

/// One connection, whose statements are waited for.
pub struct Database {
    runtime: Handle,
    client: Client,
    pub url: String,
}

impl Database {
    pub fn connect(runtime: &Handle, url: &str) -> Result<Self> {
        let config = Config::from_str(url)?;
        let (client, connection) = runtime
            .block_on(config.connect(NoTls))
            .context("the database can not be reached")?;
        runtime.spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("bench: the database's connection: {error}");
            }
        });
        Ok(Self {
            runtime: runtime.clone(),
            client,
            url: url.to_owned(),
        })
    }

    /// Another connection to the same database.
    pub fn another(&self) -> Result<Self> {
        Self::connect(&self.runtime, &self.url)
    }

    pub fn run(&self, sql: &str) -> Result<()> {
        self.runtime
            .block_on(self.client.batch_execute(sql))
            .with_context(|| format!("failed: {}", sql.trim()))
    }

    pub fn rows(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        self.runtime
            .block_on(self.client.query(sql, params))
            .with_context(|| format!("failed: {}", sql.trim()))
    }

    pub fn row(&self, sql: &str, params: Params<'_>) -> Result<Row> {
        self.runtime
            .block_on(self.client.query_one(sql, params))
            .with_context(|| format!("failed: {}", sql.trim()))
    }
}

/// Where temporary clusters go unless told otherwise.
pub fn default_parent() -> PathBuf {
    std::env::temp_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_everything_but_its_database() {
        for (url, expected) in [
            (
                "postgresql://a:b@h:1/x?sslmode=disable",
                "postgresql://a:b@h:1/new?sslmode=disable",
            ),
            (
                "postgresql://a@/x?host=%2Ftmp",
                "postgresql://a@/new?host=%2Ftmp",
            ),
            ("postgres://h", "postgres://h/new"),
        ] {
            assert_eq!(with_database(url, "new").unwrap(), expected);
        }
    }
}
