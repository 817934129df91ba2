//! The program: `serve` (the default), `migrate`, `token`, `demo`, `doctor`.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use uuid::Uuid;
use webchat::demo;
use webchat::host::Host;
use webchat::identity::Token;
use webchat::postgres::migrate::{SqlState, migrate};
use webchat::postgres::private::{PrivateOptions, PrivatePostgres};
use webchat::postgres::sessions::Beginning;
use webchat::postgres::{Address, Database, doctor};
use webchat::settings::{AuthMode, DatabaseSetting, LogFormat, Settings};

/// A standalone web chat on your project's own PostgreSQL. Settings come from the environment and
/// from `.env`; `.env.example` lists them.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Deed>,
}

#[derive(Clone, Subcommand)]
enum Deed {
    /// Serve the chat (the default).
    Serve,
    /// Bring the database to the present and leave.
    Migrate,
    /// Print a bearer token for a user, or for a new one.
    Token {
        /// Id of the user in chat.users.
        #[arg(long, conflicts_with = "name")]
        user: Option<Uuid>,
        /// Name of a new user to make.
        #[arg(long)]
        name: Option<String>,
    },
    /// A chat full of people and pictures, and a sample shop that has it built in, on the next port. In a database of its own.
    Demo {
        /// Do not open the shop in a browser.
        #[arg(long)]
        no_browser: bool,
    },
    /// Check the database: reachable, version, schema, grants, notifications.
    Doctor,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = match Settings::from_env() {
        Ok(settings) => Arc::new(settings),
        Err(error) => {
            eprintln!("webchat: {error}");
            return ExitCode::FAILURE;
        }
    };
    start_logging(&settings);
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let deed = arguments.command.unwrap_or(Deed::Serve);
    let settings = match deed {
        Deed::Demo { .. } => match demo::settings((*settings).clone()) {
            Ok(settings) => Arc::new(settings),
            Err(error) => {
                eprintln!("webchat: {error}");
                return ExitCode::FAILURE;
            }
        },
        _ => settings,
    };
    match run(settings, deed).await {
        Ok(code) => code,
        Err(error) => {
            tracing::debug!(?error, "leaving");
            eprintln!("webchat: {error}");
            ExitCode::FAILURE
        }
    }
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

async fn run(settings: Arc<Settings>, deed: Deed) -> Result<ExitCode, AnyError> {
    let (address, private) = find_database(&settings).await?;
    let Some(private) = private else {
        return carry_out(settings, deed, address).await;
    };
    let cancel = CancellationToken::new();
    let deed = async {
        let outcome = carry_out(settings, deed, address).await;
        cancel.cancel();
        outcome
    };
    let (outcome, ()) = tokio::join!(deed, private.keep_running(cancel.clone()));
    private.stop().await?;
    outcome
}

/// The database that the settings name, or a private one, started if it does not run.
async fn find_database(
    settings: &Settings,
) -> Result<(Address, Option<PrivatePostgres>), AnyError> {
    match &settings.database {
        DatabaseSetting::Url(url) => Ok((Address::from_url(url)?, None)),
        DatabaseSetting::Private { data_dir } => {
            let private = PrivatePostgres::start(PrivateOptions {
                data_dir: data_dir.clone(),
                durable: true,
                extra: Vec::new(),
            })
            .await?;
            tracing::info!(
                psql = format!(
                    "psql -h {} -p {} -U webchat webchat",
                    private.socket_dir().display(),
                    private.port()
                ),
                "using a private PostgreSQL"
            );
            Ok((Address::from_config(private.config()), Some(private)))
        }
    }
}

async fn carry_out(
    settings: Arc<Settings>,
    deed: Deed,
    address: Address,
) -> Result<ExitCode, AnyError> {
    match deed {
        Deed::Serve => {
            if settings.migrate_at_start {
                report(&address).await?;
            }
            let tcp = TcpListener::bind((settings.host, settings.port))
                .await
                .map_err(|error| {
                    format!(
                        "HOST, PORT: can not serve on {}:{}: {error}",
                        settings.host, settings.port
                    )
                })?;
            println!("webchat is at http://{}", shown_address(tcp.local_addr()?));
            webchat::server::run(settings, address, tcp, told_to_stop()?).await?;
        }
        Deed::Migrate => report(&address).await?,
        Deed::Token { user, name } => {
            let database = Database::new(address, 1)?;
            let user = match (user, name) {
                (Some(user), _) => user,
                (None, name) => {
                    let name = name.unwrap_or_else(webchat::identity::invent_name);
                    database.create_guest(&name).await?.0
                }
            };
            let token = Token::generate().map_err(|problem| problem.detail)?;
            database
                .start_session(
                    user,
                    &token.hash,
                    settings.session_days,
                    Some("webchat token"),
                    Beginning::Token,
                )
                .await?;
            println!(
                "{}",
                serde_json::json!({"access_token": token.secret, "token_type": "bearer", "user_id": user})
            );
        }
        Deed::Demo { no_browser } => {
            report(&address).await?;
            let ready = move |chat, shop| {
                let shop = format!("http://{}", shown_address(shop));
                println!(
                    "the chat, as anybody finds it: http://{}",
                    shown_address(chat)
                );
                println!("a sample shop that has it built in: {shop}");
                if !no_browser
                    && std::io::stdout().is_terminal()
                    && open::that_detached(&shop).is_err()
                {
                    println!("open it in a browser");
                }
            };
            demo::run((*settings).clone(), address, told_to_stop()?, ready).await?;
        }
        Deed::Doctor => {
            let asks_hook = settings.auth.contains(&AuthMode::Sql);
            let connections_max = settings.database_connections_max;
            let checks = doctor::examine(&address, connections_max, asks_hook).await;
            let mut is_well = true;
            for check in checks {
                is_well &= check.is_well;
                println!(
                    "{} {}: {}",
                    if check.is_well { "ok  " } else { "FAIL" },
                    check.what,
                    check.found
                );
            }
            // A host that is away is no fault of the chat's, which goes on meanwhile: who looks at the exit code alone must not
            // stop it for that.
            let host = Host::new(&settings, &Database::new(address, 1)?);
            for (what, found) in host.examine().await {
                match found {
                    Ok(found) => println!("ok   {what}: {found}"),
                    Err(found) => println!("WARN {what}: {found}"),
                }
            }
            if !is_well {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn report(address: &Address) -> Result<(), AnyError> {
    let migrated = migrate(address).await?;
    match migrated.sql {
        SqlState::NewerInDatabase(version) => tracing::warn!(
            version,
            "the database holds newer functions than this server brings; they stay as they are"
        ),
        state => tracing::info!(
            table_changes = migrated.table_changes,
            ?state,
            "the database is up to date"
        ),
    }
    Ok(())
}

/// Where a person on this machine finds the page.
fn shown_address(bound: SocketAddr) -> String {
    if bound.ip().is_unspecified() || bound.ip().is_loopback() {
        format!("localhost:{}", bound.port())
    } else {
        bound.to_string()
    }
}

/// Completes at Ctrl-C or SIGTERM.
fn told_to_stop() -> Result<impl Future<Output = ()>, AnyError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// What these log below `info` holds the parameters of statements and the payloads of frames: what
/// people say to each other. A filter that names one of them by itself counts for more.
const QUIET: &str = "tokio_postgres=info,tungstenite=info,tokio_tungstenite=info";

fn start_logging(settings: &Settings) {
    let filter = EnvFilter::new(format!("{QUIET},{}", settings.log_filter));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}
