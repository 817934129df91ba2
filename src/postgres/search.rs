//! Searching in messages, and the index for it.

use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

/// What to find; none of it: no limit of that sort.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search<'a> {
    pub query: Option<&'a str>,
    pub conversation: Option<Uuid>,
    pub sender: Option<Uuid>,
    pub kind: Option<&'a str>,
    /// RFC 3339.
    pub from: Option<&'a str>,
    pub until: Option<&'a str>,
    /// The last message of the page before.
    pub before: Option<Uuid>,
}

/// What came of a turn of the indexer.
pub struct Indexed {
    /// None when another session is at it.
    pub blocks: Option<i32>,
    /// Conversations with more to do, now or once they are quiet.
    pub unfinished: Vec<Uuid>,
}

impl Database {
    /// Hits as JSON, newest first (see `chat.search_messages`).
    pub async fn search_messages(
        &self,
        actor: Uuid,
        search: Search<'_>,
        limit: i32,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select h::text from chat.search_messages($1, $2, $3, $4, $5,
                $6::text::timestamptz, $7::text::timestamptz, $8, $9) h",
            &[
                &actor,
                &search.query,
                &search.conversation,
                &search.sender,
                &search.kind,
                &search.from,
                &search.until,
                &search.before,
                &limit,
            ],
        )
        .await
    }

    /// What a query looks for, folded (see `chat.search_terms`).
    pub async fn search_terms(&self, query: Option<&str>) -> Result<Vec<String>, DatabaseError> {
        self.values("select t from unnest(chat.search_terms($1)) t", &[&query])
            .await
    }

    /// Conversations with messages that the index lacks. Looks at each conversation there is.
    pub async fn unindexed_conversations(&self) -> Result<Vec<Uuid>, DatabaseError> {
        self.values("select c from chat.unindexed_conversations() c", &[])
            .await
    }

    /// Brings the index of these conversations further, by about so many blocks.
    pub async fn index_messages(
        &self,
        blocks_max: i32,
        conversations: &[Uuid],
    ) -> Result<Indexed, DatabaseError> {
        let row = self
            .row(
                Repeat::Safe,
                "select blocks, unfinished from chat.index_messages($1, $2)",
                &[&blocks_max, &conversations],
            )
            .await?;
        Ok(Indexed {
            blocks: row.get(0),
            unfinished: row.get(1),
        })
    }
}
