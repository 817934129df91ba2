//! What the processes used of the machine, by /proc.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// CPU time, in seconds since its beginning, of whatever has been asked about.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    server: f64,
    postgres: Option<f64>,
    generator: f64,
    /// Of everything on this machine.
    all: f64,
}

/// Watches who works how much, from its start to its stop.
pub struct Meter {
    servers: Vec<u32>,
    postmaster: Option<u32>,
    threads: Vec<i32>,
    since: Instant,
    before: Times,
    threads_before: Vec<f64>,
}

/// Cores used, on average: 1.0 is one core all the time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub server: f64,
    pub postgres: Option<f64>,
    pub generator: f64,
    /// The busiest of the generator's threads.
    pub generator_thread: f64,
    /// What others did meanwhile, the kernel's own work included.
    pub elsewhere: f64,
    pub elapsed: Duration,
}

/// Share of a core from which on a thread has no rest.
const BUSY: f64 = 0.9;
/// Cores used below which nothing is anybody's limit.
const NOTHING_MUCH: f64 = 0.1;

impl Usage {
    /// Whether the figures tell of the generator rather than of what it measured.
    pub fn is_generator_the_limit(&self) -> bool {
        self.generator_thread > BUSY
            || self.generator
                > self
                    .server
                    .max(self.postgres.unwrap_or(0.0))
                    .max(NOTHING_MUCH)
    }

    /// Of a share in cores, the microseconds that one of `count` things took.
    pub fn us_each(&self, cores: f64, count: u64) -> f64 {
        cores * self.elapsed.as_secs_f64() * 1e6 / count.max(1) as f64
    }
}

impl Meter {
    pub fn start(servers: &[u32], postmaster: Option<u32>, threads: Vec<i32>) -> Self {
        let mut meter = Self {
            servers: servers.to_owned(),
            postmaster,
            threads,
            since: Instant::now(),
            before: Times::default(),
            threads_before: Vec::new(),
        };
        meter.before = meter.times();
        meter.threads_before = meter.thread_times();
        meter
    }

    pub fn stop(self) -> Usage {
        let now = self.times();
        let elapsed = self.since.elapsed();
        let seconds = elapsed.as_secs_f64();
        let before = self.before;
        let server = (now.server - before.server) / seconds;
        let generator = (now.generator - before.generator) / seconds;
        let postgres = now
            .postgres
            .zip(before.postgres)
            .map(|(now, before)| (now - before) / seconds);
        let all = (now.all - before.all) / seconds;
        let generator_thread = self
            .thread_times()
            .iter()
            .zip(&self.threads_before)
            .map(|(now, before)| (now - before) / seconds)
            .fold(0.0, f64::max);
        Usage {
            server,
            postgres,
            generator,
            generator_thread,
            elsewhere: (all - server - generator - postgres.unwrap_or(0.0)).max(0.0),
            elapsed,
        }
    }

    fn times(&self) -> Times {
        Times {
            server: self
                .servers
                .iter()
                .filter_map(|pid| cpu_seconds(*pid))
                .sum(),
            postgres: self.postmaster.map(cpu_seconds_of_family),
            generator: cpu_seconds(std::process::id()).unwrap_or_default(),
            all: cpu_seconds_of_all().unwrap_or_default(),
        }
    }

    fn thread_times(&self) -> Vec<f64> {
        self.threads
            .iter()
            .map(|id| stat(&format!("/proc/self/task/{id}/stat")).map_or(0.0, |stat| stat.own))
            .collect()
    }
}

/// Of /proc/…/stat, what is needed here.
struct Stat {
    name: String,
    parent: u32,
    /// CPU time in seconds, and that of children that have ended.
    own: f64,
    ended_children: f64,
}

fn stat(path: &str) -> Option<Stat> {
    let text = fs::read_to_string(path).ok()?;
    // The name stands in brackets and may hold anything.
    let (head, tail) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = tail.split(' ').collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    let a_second = rustix::param::clock_ticks_per_second() as f64;
    Some(Stat {
        name: head.split_once('(')?.1.to_owned(),
        parent: fields.get(1)?.parse().ok()?,
        own: (ticks(11)? + ticks(12)?) / a_second,
        ended_children: (ticks(13)? + ticks(14)?) / a_second,
    })
}

fn cpu_seconds(pid: u32) -> Option<f64> {
    Some(stat(&format!("/proc/{pid}/stat"))?.own)
}

/// A process, its children, and those of them that have ended.
fn cpu_seconds_of_family(parent: u32) -> f64 {
    let own =
        stat(&format!("/proc/{parent}/stat")).map_or(0.0, |stat| stat.own + stat.ended_children);
    let children: f64 = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit())
        .filter_map(|entry| stat(&entry.path().join("stat").to_string_lossy()))
        .filter(|stat| stat.parent == parent)
        .map(|stat| stat.own)
        .sum();
    own + children
}

fn cpu_seconds_of_all() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<f64> = text
        .lines()
        .next()?
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal; guest time stands in user already.
    let busy: f64 = ticks.iter().take(8).sum::<f64>() - ticks.get(3)? - ticks.get(4)?;
    Some(busy / rustix::param::clock_ticks_per_second() as f64)
}

/// The parent of one of PostgreSQL's processes on this machine.
pub fn parent_if_postgres(backend: i32) -> Option<u32> {
    let stat = stat(&format!("/proc/{backend}/stat"))?;
    (stat.name == "postgres").then_some(stat.parent)
}

/// Memory of a process, in bytes: resident, and its proportional share of what it shares.
pub fn memory_bytes(pid: u32) -> Result<(u64, u64)> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix("kB"))
            .and_then(|value| value.trim().parse::<u64>().ok())
            .map(|kib| kib * 1024)
            .with_context(|| format!("{path} has no {name}"))
    };
    Ok((field("Rss:")?, field("Pss:")?))
}

/// The most memory that a process has had resident since [`reset_peak`], in bytes.
pub fn peak_bytes(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    text.lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"))
        .and_then(|value| value.trim().parse::<u64>().ok())
        .map(|kib| kib * 1024)
        .with_context(|| format!("{path} has no VmHWM"))
}

/// Lets the peak begin anew from what is resident now.
pub fn reset_peak(pid: u32) -> Result<()> {
    let path = format!("/proc/{pid}/clear_refs");
    fs::write(&path, "5").context(path)
}

/// As many open files as this system lets us have, for us and the servers that we start.
pub fn raise_open_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let granted = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    granted.unwrap_or(u64::MAX)
}

/// One line on where all this was measured.
pub fn describe(postgres_version: &str) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = rustix::system::uname();
    let release = kernel.release().to_string_lossy().into_owned();
    let release = release.split('-').next().unwrap_or_default();
    let memory_gib = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| {
            let kib: u64 = text
                .lines()
                .next()?
                .split_whitespace()
                .nth(1)?
                .parse()
                .ok()?;
            Some(kib as f64 / 1024.0 / 1024.0)
        })
        .unwrap_or_default();
    format!(
        "{cores} cores, {memory_gib:.0} GiB of memory, Linux {release}, PostgreSQL {postgres_version}"
    )
}

/// What a commit waits for: an 8 KiB write and fdatasync in that directory; the median of some, in microseconds.
pub fn sync_us(directory: &Path) -> Result<f64> {
    use std::io::{Seek, Write};
    const WRITES: usize = 64;
    let path = directory.join(format!("webchat-bench-sync-{}", std::process::id()));
    let mut file = fs::File::create(&path)?;
    let mut times = Vec::with_capacity(WRITES);
    let outcome = (|| -> std::io::Result<()> {
        for _ in 0..WRITES {
            let since = Instant::now();
            file.rewind()?;
            file.write_all(&[0; 8192])?;
            file.sync_data()?;
            times.push(since.elapsed().as_secs_f64() * 1e6);
        }
        Ok(())
    })();
    fs::remove_file(&path)?;
    outcome?;
    times.sort_by(f64::total_cmp);
    Ok(times[WRITES / 2])
}
