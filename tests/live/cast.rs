//! Who plays in most of these tests: two who talk, and one who should hear nothing of it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Client, Person, Socket, TestDatabase, TestServer, run, value};

/// Looks at the database until something holds: 20 s of looks.
const LOOKS_MAX: u32 = 2_000;

pub struct Cast {
    pub database: TestDatabase,
    pub server: TestServer,
    pub ada: Person,
    pub bob: Person,
    /// Shares no conversation with the others.
    pub eve: Person,
    /// Of Ada and Bob.
    pub direct: Uuid,
}

impl Cast {
    pub async fn assemble() -> Self {
        Self::with(&[]).await
    }

    /// On a server with more settings. The general room is closed, so that Eve is a stranger.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let database = without_general_room().await;
        let server = TestServer::start_with(&database, settings).await;
        let ada = Person::guest(server.address, "Ada").await;
        let bob = Person::guest(server.address, "Bob").await;
        let eve = Person::guest(server.address, "Eve").await;
        let direct = ada.direct(&bob).await;
        Self {
            database,
            server,
            ada,
            bob,
            eve,
            direct,
        }
    }

    /// Returns when the server has relayed all that was announced up to now.
    pub async fn relayed(&self) {
        self.fresh_cursor(&self.ada).await;
    }

    /// A cursor with which everything up to now counts as seen; that of an event may bring the event
    /// itself again. Typing is announced after it, so when that is heard the server has heard it.
    pub async fn fresh_cursor(&self, person: &Person) -> String {
        let notes = person.direct(person).await;
        let mut socket = person.connect().await;
        let client = self.database.connect().await;
        run(&client, "select chat.announce_cursor()", &[]).await;
        socket
            .send(json!({"type": "typing", "conversation_id": notes}))
            .await;
        socket.next_of("typing").await;
        person.connect().await.cursor
    }
}

/// A database whose users share nothing until somebody brings them together.
pub async fn without_general_room() -> TestDatabase {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    run(
        &client,
        "update chat.conversations set closed_at = now() where is_general",
        &[],
    )
    .await;
    database
}

/// Returns when the statement's one value is true.
pub async fn until(client: &Client, sql: &str) {
    for _ in 0..LOOKS_MAX {
        if value::<bool>(client, sql, &[]).await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it never came true: {sql}");
}

impl Socket {
    /// Event types seen so far, without what the time alone brings.
    pub fn kinds(&self) -> Vec<&str> {
        self.seen
            .iter()
            .filter_map(|frame| frame["type"].as_str())
            .filter(|kind| !matches!(*kind, "ready" | "pong" | "presence"))
            .collect()
    }

    /// Asserts that up to now nothing but greetings and presence came here.
    pub async fn heard_nothing(&mut self) {
        self.settle().await;
        assert_eq!(self.kinds(), Vec::<&str>::new(), "{:?}", self.seen);
    }

    /// Sends a frame with a reference and waits for its answer.
    pub async fn ask(&mut self, mut frame: Value) -> Value {
        let reference = Uuid::new_v4().to_string();
        frame["ref"] = reference.as_str().into();
        self.send(frame).await;
        self.next_where(|answer| answer["ref"] == reference.as_str())
            .await
    }
}
