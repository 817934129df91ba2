//! Conversations by what the host knows.

use uuid::Uuid;

use super::conversations::Opened;
use super::{Database, DatabaseError, Repeat};

impl Database {
    pub async fn open_topic(
        &self,
        actor: Uuid,
        topic: &str,
        title: Option<&str>,
    ) -> Result<Opened, DatabaseError> {
        self.opened(
            Repeat::Safe,
            "select c.id, c.changed_xid = pg_current_xact_id_if_assigned() from chat.open_topic($1, $2, $3) c",
            actor,
            &[&actor, &topic, &title],
        )
        .await
    }

    /// The same, when nothing but where it is has to be known.
    pub async fn topic_id(
        &self,
        actor: Uuid,
        topic: &str,
        title: Option<&str>,
    ) -> Result<Uuid, DatabaseError> {
        self.value(
            "select id from chat.open_topic($1, $2, $3)",
            &[&actor, &topic, &title],
        )
        .await
    }

    pub async fn open_direct_with(
        &self,
        actor: Uuid,
        external_id: &str,
    ) -> Result<Opened, DatabaseError> {
        self.opened(
            Repeat::Safe,
            "select c.id, c.changed_xid = pg_current_xact_id_if_assigned() from chat.open_direct_with($1, $2) c",
            actor,
            &[&actor, &external_id],
        )
        .await
    }

    pub async fn direct_id_with(
        &self,
        actor: Uuid,
        external_id: &str,
    ) -> Result<Uuid, DatabaseError> {
        self.value(
            "select id from chat.open_direct_with($1, $2)",
            &[&actor, &external_id],
        )
        .await
    }
}
