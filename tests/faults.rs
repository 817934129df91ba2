//! What breaks, and what must hold all the same: every acknowledged message is in the database
//! once, and every client ends with exactly what the database holds, in order and without gaps.

#![allow(clippy::unwrap_used)]

mod support;

#[path = "faults/backends.rs"]
mod backends;
#[path = "faults/crash.rs"]
mod crash;
#[path = "faults/cursor.rs"]
mod cursor;
#[path = "faults/deadlock.rs"]
mod deadlock;
#[path = "faults/network.rs"]
mod network;
#[path = "faults/order.rs"]
mod order;
#[path = "faults/payload.rs"]
mod payload;
#[path = "faults/program.rs"]
mod program;
#[path = "faults/restore.rs"]
mod restore;
#[path = "faults/servers.rs"]
mod servers;
#[path = "faults/start.rs"]
mod start;
