//! What tests stand on: a PostgreSQL of the test process's own, a fresh database for each test, servers,
//! and people who chat.

// Each test binary uses its own part of this.
#![allow(dead_code, unused_imports)]

pub mod cluster;
pub mod database;
pub mod host;
pub mod ledger;
pub mod listen;
pub mod load;
pub mod mirror;
pub mod own_cluster;
pub mod people;
pub mod person;
pub mod program;
pub mod query;
pub mod server;
pub mod tokens;
pub mod wire;

pub use database::{Client, TestDatabase};
pub use host::TestHost;
pub use ledger::Ledger;
pub use listen::{Heard, Listener};
pub use load::{Door, Load};
pub use mirror::{Follower, Mirror};
pub use own_cluster::OwnCluster;
pub use people::{direct, group, refusal, room, send, user};
pub use person::{Person, Socket};
pub use query::{column, run, value};
pub use server::{ServerProcess, TestServer, wait_until_ready};
pub use wire::Wire;
