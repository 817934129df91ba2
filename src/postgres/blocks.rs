//! Whom a person does not want to hear from.

use uuid::Uuid;

use super::{Database, DatabaseError};

impl Database {
    pub async fn block(&self, actor: Uuid, user: Uuid) -> Result<String, DatabaseError> {
        self.value(
            "select chat.block_json(b, u.name)::text
             from chat.block($1, $2) b join chat.users u on u.id = b.blocked_id",
            &[&actor, &user],
        )
        .await
    }

    pub async fn unblock(&self, actor: Uuid, user: Uuid) -> Result<String, DatabaseError> {
        self.value(
            "select chat.block_json(b, u.name)::text
             from chat.unblock($1, $2) b join chat.users u on u.id = b.blocked_id",
            &[&actor, &user],
        )
        .await
    }

    pub async fn list_blocks(
        &self,
        actor: Uuid,
        after: Option<Uuid>,
        limit: i32,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select b::text from chat.list_blocks($1, $2, $3) b",
            &[&actor, &after, &limit],
        )
        .await
    }
}
