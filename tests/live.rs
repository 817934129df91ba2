//! The server as its clients know it: HTTP, WebSocket and Server-Sent Events.

#![allow(clippy::unwrap_used)]

mod support;

#[path = "live/asking.rs"]
mod asking;
#[path = "live/batches.rs"]
mod batches;
#[path = "live/calls.rs"]
mod calls;
#[path = "live/cast.rs"]
mod cast;
#[path = "live/compatibility.rs"]
mod compatibility;
#[path = "live/compression.rs"]
mod compression;
#[path = "live/convergence.rs"]
mod convergence;
#[path = "live/deeds.rs"]
mod deeds;
#[path = "live/demo.rs"]
mod demo;
#[path = "live/described.rs"]
mod described;
#[path = "live/description.rs"]
mod description;
#[path = "live/doors.rs"]
mod doors;
#[path = "live/embedding.rs"]
mod embedding;
#[path = "live/events.rs"]
mod events;
#[path = "live/frames.rs"]
mod frames;
#[path = "live/generated.rs"]
mod generated;
#[path = "live/generator.rs"]
mod generator;
#[path = "live/held.rs"]
mod held;
#[path = "live/hooks.rs"]
mod hooks;
#[path = "live/host.rs"]
mod host;
#[path = "live/joining.rs"]
mod joining;
#[path = "live/languages.rs"]
mod languages;
#[path = "live/limits.rs"]
mod limits;
#[path = "live/media.rs"]
mod media;
#[path = "live/memberships.rs"]
mod memberships;
#[path = "live/messages.rs"]
mod messages;
#[path = "live/newest.rs"]
mod newest;
#[path = "live/operations.rs"]
mod operations;
#[path = "live/own_state.rs"]
mod own_state;
#[path = "live/pages.rs"]
mod pages;
#[path = "live/paging.rs"]
mod paging;
#[path = "live/passwords.rs"]
mod passwords;
#[path = "live/pictures.rs"]
mod pictures;
#[path = "live/plain_sql.rs"]
mod plain_sql;
#[path = "live/previews.rs"]
mod previews;
#[path = "live/profiles.rs"]
mod profiles;
#[path = "live/refusals.rs"]
mod refusals;
#[path = "live/rest.rs"]
mod rest;
#[path = "live/resume.rs"]
mod resume;
#[path = "live/search.rs"]
mod search;
#[path = "live/security.rs"]
mod security;
#[path = "live/servers.rs"]
mod servers;
#[path = "live/sessions.rs"]
mod sessions;
#[path = "live/signals.rs"]
mod signals;
#[path = "live/strangers.rs"]
mod strangers;
#[path = "live/swept.rs"]
mod swept;
#[path = "live/tokens.rs"]
mod tokens;
#[path = "live/visits.rs"]
mod visits;
