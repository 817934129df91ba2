//! Tests of the database alone, since it is the core: whoever writes its tables, the rules hold,
//! and whoever listens, resumes or reads gets everything, in order.

#![allow(clippy::unwrap_used)]

mod support;

#[path = "database/batch.rs"]
mod batch;
#[path = "database/cursor.rs"]
mod cursor;
#[path = "database/grants.rs"]
mod grants;
#[path = "database/marks.rs"]
mod marks;
#[path = "database/order.rs"]
mod order;
#[path = "database/people.rs"]
mod people;
#[path = "database/schema.rs"]
mod schema;
#[path = "database/writing.rs"]
mod writing;
