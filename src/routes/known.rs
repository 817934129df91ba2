//! What there is to know of one message, for the dialog that tells it.

use serde::Deserialize;
use uuid::Uuid;

use super::listed;
use crate::postgres::Database;
use crate::problem::Problem;

/// The database's JSON of it.
pub struct Known {
    receipts: String,
    reactions: Vec<String>,
    revisions: Vec<String>,
}

#[derive(Deserialize)]
struct Receipts {
    delivered_count: i64,
    read_count: i64,
    items: Option<Vec<Receipt>>,
}

#[derive(Deserialize)]
struct Receipt {
    user_id: String,
    user_name: String,
    avatar_id: Option<String>,
    delivered_at: Option<String>,
    read_at: Option<String>,
}

#[derive(Deserialize)]
struct Reaction {
    emoji: String,
    user_id: String,
    user_name: String,
    avatar_id: Option<String>,
    reacted_at: String,
}

#[derive(Deserialize)]
struct Revision {
    body: Option<String>,
    replaced_at: String,
}

impl Known {
    pub async fn read(database: &Database, reader: Uuid, message: Uuid) -> Result<Self, Problem> {
        Ok(Self {
            receipts: database.message_receipts(reader, message).await?,
            reactions: database.list_reactions(reader, message).await?,
            revisions: database.revisions(reader, message).await?,
        })
    }

    pub fn show(&self) -> Result<views::Markup, Problem> {
        let receipts: Receipts = listed::read(&self.receipts)?;
        let reactions: Vec<Reaction> = listed::read_all(&self.reactions)?;
        let revisions: Vec<Revision> = listed::read_all(&self.revisions)?;
        let items = receipts.items.as_deref().unwrap_or_default();
        let read: Vec<_> = items
            .iter()
            .filter(|item| item.read_at.is_some())
            .map(|item| item.seen(item.read_at.as_deref()))
            .collect();
        let delivered: Vec<_> = items
            .iter()
            .filter(|item| item.read_at.is_none() && item.delivered_at.is_some())
            .map(|item| item.seen(item.delivered_at.as_deref()))
            .collect();
        let (read, delivered) = match receipts.items {
            Some(_) => (
                views::Known::People(&read),
                views::Known::People(&delivered),
            ),
            None => (
                views::Known::Count(receipts.read_count),
                views::Known::Count((receipts.delivered_count - receipts.read_count).max(0)),
            ),
        };
        let edits: Vec<_> = revisions
            .iter()
            .map(|revision| views::Edit {
                body: revision.body.as_deref().unwrap_or_default(),
                until: &revision.replaced_at,
            })
            .collect();
        Ok(views::info(&views::Info {
            read,
            delivered,
            reactions: &by_emoji(&reactions),
            edits: &edits,
        }))
    }
}

impl Receipt {
    fn seen<'a>(&'a self, at: Option<&'a str>) -> views::Seen<'a> {
        views::Seen {
            id: &self.user_id,
            name: &self.user_name,
            avatar_id: self.avatar_id.as_deref(),
            at,
        }
    }
}

fn by_emoji(reactions: &[Reaction]) -> Vec<views::Felt<'_>> {
    let mut felt: Vec<views::Felt<'_>> = Vec::new();
    for reaction in reactions {
        let person = views::Seen {
            id: &reaction.user_id,
            name: &reaction.user_name,
            avatar_id: reaction.avatar_id.as_deref(),
            at: Some(&reaction.reacted_at),
        };
        match felt.iter_mut().find(|felt| felt.emoji == reaction.emoji) {
            Some(felt) => felt.people.push(person),
            None => felt.push(views::Felt {
                emoji: &reaction.emoji,
                people: vec![person],
            }),
        }
    }
    felt
}
