//! What tests stand on: a PostgreSQL of the test process's own, and a fresh database for each test.

// Each test binary uses its own part of this.
#![allow(dead_code, unused_imports)]

pub mod cluster;
pub mod database;
pub mod listen;
pub mod people;
pub mod person;
pub mod query;
pub mod server;

pub use database::{Client, TestDatabase};
pub use listen::{Heard, Listener};
pub use people::{direct, group, refusal, room, send, user};
pub use person::{Person, Socket};
pub use query::{column, run, value};
pub use server::{ServerProcess, TestServer};
