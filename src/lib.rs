//! A standalone, real-time web chat that joins any project through its own PostgreSQL database.
//!
//! The modules, in the order in which a message passes through them:
//!
//! - [`settings`]: what the environment says
//! - [`postgres`]: the one door to the database, its migrations, and a private PostgreSQL
//! - [`server`]: binds everything together and runs until told to stop
//! - [`routes`]: HTTP: pages, REST, sign-in, operations
//! - [`identity`]: how a request says who it acts for; [`password`]: hashing and comparing what people log in with
//! - [`client_address`]: where a request comes from; [`door_limits`]: how often somebody may try to come in from there
//! - [`host`]: what the host project says of a visitor; [`doorkeeper`]: whose session a request acts by
//! - [`command`]: what clients can ask, whichever door they come by
//! - [`writer`]: turns many commands into few transactions
//! - [`listener`]: hears what the database announces
//! - [`relay`]: turns announcements into frames, encoded once
//! - [`frame`]: an event and its encodings
//! - [`assets`], [`emoji`]: the files that the page is made of
//! - [`hub`]: who is connected and what they are subscribed to
//! - [`newest`]: the newest pages of conversations, kept for the next who ask
//! - [`stream`]: WebSocket and Server-Sent Events
//! - [`session_keeper`]: ends the connections of sessions whose time is over
//! - [`presence`]: who is online, and that this server lives; [`online`]: the list of them for the anonymous chat
//! - [`preview`]: what linked pages say of themselves, fetched for the messages that link to them
//! - [`search`]: the index for searching in messages, brought up to what was sent
//! - [`calls`]: ends the calls that ring out, and hangs up who is gone
//! - [`inspector`]: looks at media that were uploaded
//! - [`media`]: what a file is, by its content
//! - [`demo`]: a chat full of people, and a sample shop that has it built in, to look at
//! - [`problem`]: what goes wrong, as clients are told
//!
//! Imports run one way. `hub` knows no SQL, HTML or socket; `views` knows nothing of ours; `stream`
//! never queries; only `postgres` names tokio_postgres.

pub mod assets;
pub mod calls;
pub mod client_address;
pub mod command;
pub mod demo;
pub mod door_limits;
pub mod doorkeeper;
pub mod emoji;
pub mod frame;
pub mod host;
pub mod hub;
pub mod identity;
pub mod inspector;
pub mod listener;
pub mod media;
pub mod newest;
pub mod online;
pub mod password;
pub mod postgres;
pub mod presence;
pub mod preview;
pub mod problem;
pub mod relay;
pub mod routes;
pub mod search;
pub mod server;
pub mod session_keeper;
pub mod settings;
pub mod stream;
pub mod writer;
