//! Tests of the database alone, since it is the core: whoever writes its tables, the rules hold,
//! and whoever listens, resumes or reads gets everything, in order.

#![allow(clippy::unwrap_used)]

mod support;

#[path = "database/acting.rs"]
mod acting;
#[path = "database/arrivals.rs"]
mod arrivals;
#[path = "database/batch.rs"]
mod batch;
#[path = "database/blocks.rs"]
mod blocks;
#[path = "database/call_table.rs"]
mod call_table;
#[path = "database/calls.rs"]
mod calls;
#[path = "database/compatibility.rs"]
mod compatibility;
#[path = "database/content.rs"]
mod content;
#[path = "database/cursor.rs"]
mod cursor;
#[path = "database/epoch.rs"]
mod epoch;
#[path = "database/forwarding.rs"]
mod forwarding;
#[path = "database/grants.rs"]
mod grants;
#[path = "database/history.rs"]
mod history;
#[path = "database/joining.rs"]
mod joining;
#[path = "database/linking.rs"]
mod linking;
#[path = "database/marks.rs"]
mod marks;
#[path = "database/media.rs"]
mod media;
#[path = "database/mentions.rs"]
mod mentions;
#[path = "database/order.rs"]
mod order;
#[path = "database/own_state.rs"]
mod own_state;
#[path = "database/payload.rs"]
mod payload;
#[path = "database/people.rs"]
mod people;
#[path = "database/pictures.rs"]
mod pictures;
#[path = "database/pins.rs"]
mod pins;
#[path = "database/presence.rs"]
mod presence;
#[path = "database/previews.rs"]
mod previews;
#[path = "database/profiles.rs"]
mod profiles;
#[path = "database/reactions.rs"]
mod reactions;
#[path = "database/replay.rs"]
mod replay;
#[path = "database/reports.rs"]
mod reports;
#[path = "database/scene.rs"]
mod scene;
#[path = "database/schema.rs"]
mod schema;
#[path = "database/search.rs"]
mod search;
#[path = "database/telling.rs"]
mod telling;
#[path = "database/topics.rs"]
mod topics;
#[path = "database/writing.rs"]
mod writing;
