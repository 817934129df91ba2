//! What is measured. Each scenario has a new database and new server processes.

pub mod alone;
pub mod deeds;
pub mod growth;
pub mod history;
pub mod idle;
pub mod insert;
pub mod media;
pub mod pairs;
pub mod reports;
pub mod room;
pub mod search;
pub mod servers;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use crate::database::{Cluster, Database};
use crate::limits::Limit;
use crate::machine::{Meter, Usage};
use crate::product::{Product, Server};
use crate::report::{Column, Report};
use crate::swarm::{Load, Swarm, Watch};
use crate::tally::Tally;

/// Load before a measurement, so that connections, caches and plans are warm.
const WARM_UP: Duration = Duration::from_millis(1_500);
/// How long what is under way at the end may take to arrive.
const SETTLE_MAX: Duration = Duration::from_secs(10);

/// What all scenarios share.
pub struct Bench {
    pub cluster: Cluster,
    /// Whose schema the databases have.
    pub webchat: PathBuf,
    pub products: Vec<Product>,
    /// How long each figure is measured.
    pub measured: Duration,
    pub is_quick: bool,
    /// Of PostgreSQL alone, once measured.
    pub limits: Vec<Limit>,
    pub report: Report,
}

impl Product {
    fn column(&self) -> Column {
        match self {
            Self::Webchat { .. } => Column::Webchat,
            Self::Peer { .. } => Column::Peer,
        }
    }
}

impl Bench {
    /// The one product that has scenarios of its own; none when only the peer is measured.
    fn webchat(&self) -> Option<Product> {
        let is_ours = |product: &&Product| matches!(product, Product::Webchat { .. });
        self.products.iter().find(is_ours).cloned()
    }

    /// A database of that name for the scenario, dropped when it is done.
    fn with_database<T>(
        &mut self,
        name: &str,
        scenario: impl FnOnce(&mut Self, &Database) -> Result<T>,
    ) -> Result<T> {
        let database = self.cluster.database(name, &self.webchat)?;
        let outcome = scenario(self, &database);
        self.cluster.drop_database(database)?;
        outcome
    }

    /// Puts the load on, waits until it is warm, and measures.
    fn measure(
        &self,
        swarm: &mut Swarm,
        servers: &[Server],
        load: Load,
        watch: Watch,
    ) -> Result<(Tally, Usage)> {
        swarm.load(load, watch)?;
        std::thread::sleep(WARM_UP);
        swarm.take()?;
        let meter = self.meter(swarm, servers);
        std::thread::sleep(self.measured);
        let usage = meter.stop();
        Ok((swarm.take()?, usage))
    }

    /// A program of PostgreSQL's: the one that came with the server that is running, else the first on PATH.
    fn postgres_program(&self, name: &str) -> PathBuf {
        self.cluster
            .postmaster
            .and_then(|pid| std::fs::read_link(format!("/proc/{pid}/exe")).ok())
            .map(|postgres| postgres.with_file_name(name))
            .filter(|path| path.exists())
            .unwrap_or_else(|| name.into())
    }

    fn meter(&self, swarm: &Swarm, servers: &[Server]) -> Meter {
        let pids: Vec<u32> = servers.iter().map(Server::pid).collect();
        Meter::start(&pids, self.cluster.postmaster, swarm.thread_ids())
    }

    /// Ends the load and checks that everything arrived.
    fn settle(&mut self, swarm: &mut Swarm, what: &str, audience: u64, watch: Watch) -> Result<()> {
        for fault in swarm.settle(audience, watch, SETTLE_MAX)? {
            self.report.fault(what, &fault);
        }
        Ok(())
    }
}
