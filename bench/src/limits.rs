//! The limits: what PostgreSQL alone does with the same work, on the same database and machine.
//!
//! pgbench runs the scripts of `sql/`, with prepared statements. Nobody listens while it does, so the cost of
//! delivering a NOTIFY is left out, and that of committing one is in.
//!
//! webchat can not be faster than [`SEND_MESSAGES`], which does all of its work in the database and nothing else.
//! [`INSERT_PLAIN`] is what would be left if the rules and the news cost nothing.

use std::io::Write as _;
use std::num::ParseFloatError;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use uuid::Uuid;

/// A commit that stores nothing, on one connection: the disk's flush. Measured first and last, because disks, shared ones
/// above all, are not the same for the whole of a run, and all else here depends on them.
pub const COMMIT: &str = "commit alone";
/// `chat.send_messages`, called as the server calls it.
pub const SEND_MESSAGES: &str = "chat.send_messages";
/// What the measurement itself costs: reading a batch and giving it new client ids, without sending it.
pub const BUILD_BATCH: &str = "batch built, not sent";
/// The naive chat: a transaction a message, with one insert and one NOTIFY.
pub const INSERT_AND_NOTIFY: &str = "insert and notify";
/// The same without the NOTIFY.
pub const INSERT: &str = "insert";
/// Inserts of many rows into a table like `chat.messages`, without triggers and foreign keys.
pub const INSERT_PLAIN: &str = "plain insert";

/// A message's body, in bytes: a sentence or two, as most are.
pub const BODY_BYTES: u32 = 100;
/// What the naive chat notifies of, in bytes: about what a message of such a body is as JSON.
const NAIVE_PAYLOAD_BYTES: u32 = 400;

/// Messages in a batch: none gathered, two stages of load, and the most that the server puts in one.
const BATCHES: [u32; 4] = [1, 8, 32, 128];
/// Connections that send batches: to twice the lanes that a server has by default.
const BATCH_CLIENTS: [u32; 4] = [1, 2, 4, 8];
/// Connections of the naive chat, which needs as many as messages are on their way.
const NAIVE_CLIENTS: [u32; 4] = [1, 8, 32, 64];
/// Rows in a plain insert: more in one make a row hardly cheaper.
const PLAIN_BATCH: u32 = 32;
const PLAIN_CLIENTS: [u32; 2] = [1, 2];

/// Different batches of one client. It only has to be many enough that none waits in a cache for its turn.
const BATCHES_A_CLIENT: u32 = 64;
/// The fewest pairs: each client sends to conversations of its own, and has at least one.
const PAIRS_MIN: usize = 8;
/// How long a connection may take, in seconds, before the database is said to be away.
const CONNECT_WAIT_SECONDS: &str = "10";

/// Two users and their direct conversation.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    pub conversation: Uuid,
    pub users: [Uuid; 2],
}

/// One measured limit.
#[derive(Clone, Debug)]
pub struct Limit {
    /// One of the names above.
    pub name: String,
    /// Connections at once.
    pub clients: u32,
    /// Messages in a transaction.
    pub batch: u32,
    pub messages_per_second: f64,
    /// Of a transaction, as its client sees it: statement sent to answer read, the commit included.
    pub latency_ms_mean: f64,
}

/// Why the limits could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    #[error("{0} pairs are too few: at least {PAIRS_MIN} are needed")]
    TooFewPairs(usize),
    #[error("{} could not be run: {error}", .program.display())]
    NotRun {
        program: PathBuf,
        error: std::io::Error,
    },
    #[error("pgbench failed at {script}: {message}")]
    Failed {
        script: &'static str,
        message: String,
    },
    #[error("pgbench's report on {script} has no {figure}: {report}")]
    Unreadable {
        script: &'static str,
        figure: &'static str,
        report: String,
    },
    #[error("pgbench's {figure} is no number: {error}")]
    NoNumber {
        figure: &'static str,
        error: ParseFloatError,
    },
}

/// Measures all limits, `seconds` each, in the database at `database` (a URL or conninfo) with `pairs` that exist there.
/// Schema `bench` is made anew for it and removed at the end, whatever comes. The messages sent stay: in a few
/// seconds each, some hundreds of megabytes. Blocks until it is done.
pub fn measure(
    pgbench: &Path,
    database: &str,
    pairs: &[Pair],
    seconds: u64,
) -> Result<Vec<Limit>, LimitError> {
    if pairs.len() < PAIRS_MIN {
        return Err(LimitError::TooFewPairs(pairs.len()));
    }
    let bench = Pgbench {
        program: pgbench,
        database,
        seconds,
        senders: pairs.len() * 2,
    };
    clean_up(pgbench, database)?;
    let measured = bench.measure(pairs);
    let cleaned = clean_up(pgbench, database);
    let limits = measured?;
    cleaned?;
    Ok(limits)
}

/// Removes schema `bench`, which an interrupted measurement leaves behind.
pub fn clean_up(pgbench: &Path, database: &str) -> Result<(), LimitError> {
    Pgbench {
        program: pgbench,
        database,
        seconds: 0,
        senders: 0,
    }
    .run_once(&CLEAN_UP, &[])
}

/// A file of `sql/`.
struct Script {
    name: &'static str,
    sql: &'static str,
}

macro_rules! script {
    ($name:literal) => {
        Script {
            name: $name,
            sql: include_str!(concat!("../sql/", $name, ".sql")),
        }
    };
}

static SET_UP: Script = script!("set_up");
static FILL_SENDERS: Script = script!("fill_senders");
static CHECK_SENDERS: Script = script!("check_senders");
static FILL_BATCHES: Script = script!("fill_batches");
static CLEAN_UP: Script = script!("clean_up");
static COMMIT_ONLY: Script = script!("commit");
static SEND_BATCH: Script = script!("send_messages");
static BUILD_ONLY: Script = script!("build_batch");
static INSERT_ONE: Script = script!("insert_one");
static INSERT_ONE_AND_NOTIFY: Script = script!("insert_one_and_notify");
static INSERT_ROWS: Script = script!("insert_plain");

/// pgbench, and what all its runs have in common.
struct Pgbench<'a> {
    program: &'a Path,
    database: &'a str,
    seconds: u64,
    senders: usize,
}

impl Pgbench<'_> {
    fn measure(&self, pairs: &[Pair]) -> Result<Vec<Limit>, LimitError> {
        self.run_once(&SET_UP, &[])?;
        self.run_sql("pairs", &insert_pairs(pairs), &[])?;
        self.run_once(&FILL_SENDERS, &[("places_again", PLAIN_BATCH)])?;
        self.run_once(&CHECK_SENDERS, &[])?;

        let mut limits = vec![self.run_measured(COMMIT, &COMMIT_ONLY, 1, 1)?];
        for batch in BATCHES {
            for clients in BATCH_CLIENTS {
                self.run_once(
                    &FILL_BATCHES,
                    &[
                        ("batch", batch),
                        ("batches", BATCHES_A_CLIENT),
                        ("body_bytes", BODY_BYTES),
                        ("clients", clients),
                    ],
                )?;
                if clients == 1 {
                    limits.push(self.run_measured(BUILD_BATCH, &BUILD_ONLY, clients, batch)?);
                }
                limits.push(self.run_measured(SEND_MESSAGES, &SEND_BATCH, clients, batch)?);
            }
        }
        for clients in NAIVE_CLIENTS {
            limits.push(self.run_measured(
                INSERT_AND_NOTIFY,
                &INSERT_ONE_AND_NOTIFY,
                clients,
                1,
            )?);
        }
        for clients in NAIVE_CLIENTS {
            limits.push(self.run_measured(INSERT, &INSERT_ONE, clients, 1)?);
        }
        for clients in PLAIN_CLIENTS {
            limits.push(self.run_measured(INSERT_PLAIN, &INSERT_ROWS, clients, PLAIN_BATCH)?);
        }
        limits.push(self.run_measured(COMMIT, &COMMIT_ONLY, 1, 1)?);
        Ok(limits)
    }

    fn run_measured(
        &self,
        name: &str,
        script: &Script,
        clients: u32,
        batch: u32,
    ) -> Result<Limit, LimitError> {
        // More threads than cores would only take turns.
        let threads =
            thread::available_parallelism().map_or(1, |cores| cores.get().min(clients as usize));
        let report = self.run(
            script.name,
            script.sql,
            &[
                "--protocol=prepared",
                &format!("--client={clients}"),
                &format!("--jobs={threads}"),
                &format!("--time={}", self.seconds),
            ],
            &[
                ("batch", batch),
                ("batches", BATCHES_A_CLIENT),
                ("body_bytes", BODY_BYTES),
                ("payload_bytes", NAIVE_PAYLOAD_BYTES),
            ],
        )?;
        let transactions_per_second = figure(&report, script.name, "tps")?;
        Ok(Limit {
            name: name.to_owned(),
            clients,
            batch,
            messages_per_second: transactions_per_second * f64::from(batch),
            latency_ms_mean: figure(&report, script.name, "latency average")?,
        })
    }

    fn run_once(&self, script: &Script, variables: &[(&str, u32)]) -> Result<(), LimitError> {
        self.run_sql(script.name, script.sql, variables)
    }

    fn run_sql(
        &self,
        name: &'static str,
        sql: &str,
        variables: &[(&str, u32)],
    ) -> Result<(), LimitError> {
        self.run(name, sql, &["--transactions=1"], variables)?;
        Ok(())
    }

    /// Runs `sql`, which pgbench reads from its standard input, and returns its report.
    fn run(
        &self,
        name: &'static str,
        sql: &str,
        options: &[&str],
        variables: &[(&str, u32)],
    ) -> Result<String, LimitError> {
        let not_run = |error| LimitError::NotRun {
            program: self.program.to_owned(),
            error,
        };
        let mut child = Command::new(self.program)
            .env("PGCONNECT_TIMEOUT", CONNECT_WAIT_SECONDS)
            // Else pgbench would empty tables of its own, which are not there.
            .args(["--no-vacuum", "--file=-"])
            .args(options)
            .arg(format!("--define=senders={}", self.senders))
            .args(
                variables
                    .iter()
                    .map(|(name, value)| format!("--define={name}={value}")),
            )
            .arg(self.database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(not_run)?;
        // pgbench reads the whole script before it writes anything, so neither waits for the other. One that
        // ended instead of reading says why on its standard error.
        let written = child
            .stdin
            .take()
            .map_or(Ok(()), |mut input| input.write_all(sql.as_bytes()));
        let output = child.wait_with_output().map_err(not_run)?;
        if !output.status.success() {
            return Err(LimitError::Failed {
                script: name,
                message: last_words(&output),
            });
        }
        written.map_err(not_run)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn insert_pairs(pairs: &[Pair]) -> String {
    let rows: Vec<_> = pairs
        .iter()
        .map(|pair| {
            let [first, second] = pair.users;
            format!("('{}', '{{{first},{second}}}')", pair.conversation)
        })
        .collect();
    format!(
        "create unlogged table bench.pairs (conversation_id uuid not null, user_ids uuid[] not null);\n\
         insert into bench.pairs (conversation_id, user_ids) values\n{};\n",
        rows.join(",\n")
    )
}

/// The number after `name = ` at the beginning of a line of pgbench's report.
fn figure(report: &str, script: &'static str, name: &'static str) -> Result<f64, LimitError> {
    report
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))
        .and_then(|value| value.split_whitespace().next())
        .ok_or_else(|| LimitError::Unreadable {
            script,
            figure: name,
            report: report.to_owned(),
        })?
        .parse()
        .map_err(|error| LimitError::NoNumber {
            figure: name,
            error,
        })
}

/// What pgbench said last before it failed: the first line with an error, and what belongs to it.
fn last_words(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines()
        .skip_while(|line| !line.contains("error"))
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
pgbench (15.8)
transaction type: -
number of failed transactions: 0 (0.000%)
latency average = 0.418 ms
initial connection time = 3.512 ms
tps = 2391.170000 (without initial connection time)
";

    #[test]
    fn a_report_gives_its_figures() {
        assert_eq!(figure(REPORT, "x", "tps").unwrap(), 2391.17);
        assert_eq!(figure(REPORT, "x", "latency average").unwrap(), 0.418);
        assert!(matches!(
            figure("", "x", "tps"),
            Err(LimitError::Unreadable { figure: "tps", .. })
        ));
    }

    #[test]
    fn pairs_become_one_insert() {
        let id = Uuid::nil();
        let pair = Pair {
            conversation: id,
            users: [id, id],
        };
        let sql = insert_pairs(&[pair, pair]);
        assert!(sql.ends_with(&format!(
            "values\n('{id}', '{{{id},{id}}}'),\n('{id}', '{{{id},{id}}}');\n"
        )));
    }
}
