//! Measures webchat: a load generator, a comparison with a peer, and with what PostgreSQL alone does.
//!
//! The modules, from the ground up:
//!
//! - [`frame`], [`stamp`], [`latency`], [`tally`]: what goes over a socket, and what is counted of it
//! - [`dialect`]: webchat's own protocol and the peer's
//! - [`client`], [`swarm`]: WebSocket clients, many on few threads
//! - [`pages`]: HTTP clients that read history
//! - [`machine`]: CPU and memory of processes
//! - [`chance`], [`corpus`]: texts and bytes that are the same in each run
//! - [`database`], [`seed`], [`product`]: a PostgreSQL, people in it, and servers on it
//! - [`limits`]: what PostgreSQL alone does
//! - [`scenarios`]: what is measured
//! - [`report`]: the table

mod chance;
mod client;
mod corpus;
mod database;
mod dialect;
mod frame;
mod latency;
mod limits;
mod machine;
mod pages;
mod product;
mod report;
mod scenarios;
mod seed;
mod stamp;
mod swarm;
mod tally;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};

use database::Cluster;
use product::Product;
use report::Report;
use scenarios::Bench;

/// Measures webchat on this machine and prints a table.
#[derive(Parser)]
struct Arguments {
    /// What to measure.
    #[arg(value_enum, default_values_t = [Scenario::All])]
    scenarios: Vec<Scenario>,
    /// Measure the peer as well; its packages must be installed (npm ci in bench/peers).
    #[arg(long)]
    peer_too: bool,
    /// How long each figure is measured, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Fewer messages, clients and steps: to see that it works, not for figures.
    #[arg(long)]
    quick: bool,
    /// A PostgreSQL in which databases named webchat_bench_… may be made, over a connection without TLS.
    /// Without it, a temporary one is started; it is durable.
    #[arg(long)]
    database_url: Option<String>,
    /// Where the temporary PostgreSQL keeps its files; the system's directory for temporary files by default.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// The server's program; by default the one beside this program.
    #[arg(long)]
    webchat: Option<PathBuf>,
    /// A setting for the server, as NAME=VALUE; may be given several times.
    #[arg(long = "set", value_parser = read_setting)]
    settings: Vec<(String, String)>,
    /// The peer's directory, with its server.js.
    #[arg(long, default_value = "bench/peers")]
    peer_dir: PathBuf,
    /// Also write the report, as Markdown, into this file.
    #[arg(long)]
    markdown: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    All,
    /// What PostgreSQL alone does, with pgbench: the limits.
    Limits,
    /// Two hundred people in pairs, in closed loop, and one at a time.
    Pairs,
    /// One conversation of 200 and of 1,000 members online: deliveries a second before they are late.
    Room,
    /// Memory of a connection, at 5,000.
    Idle,
    /// Pages of the newest 50 messages out of 10,000.
    History,
    /// Rows that plain SQL inserts, until they are at a socket.
    Insert,
    /// One, two and three server processes on one database.
    Servers,
    /// 10 to 10,000 connections; ten thousand and a million stored messages.
    Growth,
    /// Searching in a million messages, and sending while they are indexed.
    Search,
    /// Each report, of a million messages and as many receipts.
    Reports,
    /// Files up and down, beside psql's way with the same bytes; small images of photos.
    Media,
    /// Reading messages with reactions, and sending while others react and read.
    Deeds,
}

fn read_setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text}: should be NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

// PostgreSQL is talked to by one worker; the clients have threads of their own.
#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = Handle::current();
    let work = tokio::task::spawn_blocking(move || run(&arguments, &runtime));
    tokio::select! {
        outcome = work => match outcome {
            Ok(Ok(true)) => ExitCode::SUCCESS,
            Ok(Ok(false)) => {
                eprintln!("bench: something was not as it must be; see above");
                ExitCode::FAILURE
            }
            Ok(Err(error)) => {
                eprintln!("bench: {error:#}");
                ExitCode::FAILURE
            }
            Err(panic) => {
                eprintln!("bench: {panic}");
                ExitCode::FAILURE
            }
        },
        () = told_to_end() => {
            product::kill_all();
            // The work is cut off where it is; the cluster's guard cleans up.
            std::process::exit(130);
        }
    }
}

async fn told_to_end() {
    match (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}

/// Whether everything was as it must be.
fn run(arguments: &Arguments, runtime: &Handle) -> Result<bool> {
    let webchat = match &arguments.webchat {
        Some(path) => path.clone(),
        None => beside_us("webchat")?,
    };
    let webchat = webchat
        .canonicalize()
        .with_context(|| format!("{} is not there: cargo build --release", webchat.display()))?;
    machine::raise_open_files();
    let parent = arguments
        .data_dir
        .clone()
        .unwrap_or_else(database::default_parent);
    let cluster = Cluster::open(runtime, arguments.database_url.as_deref(), &parent)?;
    let mut products = vec![Product::Webchat {
        program: webchat.clone(),
        settings: arguments.settings.clone(),
    }];
    if arguments.peer_too {
        products.push(Product::Peer {
            directory: arguments.peer_dir.clone(),
        });
    }
    let machine = format!(
        "{}; a write and its sync take {:.0} µs",
        machine::describe(&cluster.version),
        machine::sync_us(&parent)?
    );
    let mut bench = Bench {
        cluster,
        webchat,
        products,
        measured: Duration::from_secs(arguments.seconds),
        is_quick: arguments.quick,
        limits: Vec::new(),
        report: Report::of(machine),
    };
    let is_asked = |scenario| {
        arguments.scenarios.contains(&Scenario::All) || arguments.scenarios.contains(&scenario)
    };
    for (scenario, measure) in SCENARIOS {
        if is_asked(*scenario) {
            eprintln!("{scenario:?}");
            if let Err(error) = measure(&mut bench) {
                bench
                    .report
                    .fault(&format!("{scenario:?}"), &format!("{error:#}"));
            }
        }
    }
    println!("{}", bench.report.text());
    if let Some(path) = &arguments.markdown {
        std::fs::write(path, bench.report.markdown())
            .with_context(|| path.display().to_string())?;
    }
    Ok(bench.report.is_sound())
}

type Measure = fn(&mut Bench) -> Result<()>;

/// In the order in which they are run.
const SCENARIOS: &[(Scenario, Measure)] = &[
    (Scenario::Limits, scenarios::alone::run),
    (Scenario::Pairs, scenarios::pairs::run),
    (Scenario::Room, scenarios::room::run),
    (Scenario::Idle, scenarios::idle::run),
    (Scenario::History, scenarios::history::run),
    (Scenario::Insert, scenarios::insert::run),
    (Scenario::Servers, scenarios::servers::run),
    (Scenario::Growth, scenarios::growth::run),
    (Scenario::Search, scenarios::search::run),
    (Scenario::Deeds, scenarios::deeds::run),
    (Scenario::Media, scenarios::media::run),
    (Scenario::Reports, scenarios::reports::run),
];

fn beside_us(name: &str) -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.parent().unwrap_or(Path::new(".")).join(name))
}
