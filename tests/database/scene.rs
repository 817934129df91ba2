//! Two members of a group and somebody who is none: where most tests of messages begin.

use serde_json::Value;
use uuid::Uuid;

use crate::support::{Client, TestDatabase, group, run, send, user, value};

pub struct Scene {
    pub database: TestDatabase,
    pub client: Client,
    /// Owns the group.
    pub ann: Uuid,
    /// A plain member of it.
    pub ben: Uuid,
    /// No member.
    pub eve: Uuid,
    pub group: Uuid,
}

impl Scene {
    pub async fn set() -> Self {
        let database = TestDatabase::create().await;
        let client = database.connect().await;
        let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
        let eve = user(&client, "Eve").await;
        let group = group(&client, ann, &[ben]).await;
        Self {
            database,
            client,
            ann,
            ben,
            eve,
            group,
        }
    }

    pub async fn say(&self, sender: Uuid, body: &str) -> Uuid {
        send(&self.client, sender, self.group, body).await
    }

    /// A message as the system sees it.
    pub async fn message(&self, id: Uuid) -> Value {
        value(&self.client, "select chat.read_message(null, $1)", &[&id]).await
    }

    pub async fn conversation(&self, actor: Uuid) -> Value {
        value(
            &self.client,
            "select chat.read_conversation($1, $2)",
            &[&actor, &self.group],
        )
        .await
    }

    pub async fn set_username(&self, user: Uuid, username: &str) {
        run(
            &self.client,
            "update chat.users set username = $2 where id = $1",
            &[&user, &username],
        )
        .await;
    }
}
