//! The story of `webchat demo`. A connection of its own, as the database's owner: it is told as a project would that brings
//! its history along.

use uuid::Uuid;

use super::{Database, DatabaseError};

const STORY: &str = include_str!("../demo/story.sql");

impl Database {
    pub async fn is_story_told(&self) -> Result<bool, DatabaseError> {
        Ok(self.user_of_story("maya").await?.is_some())
    }

    /// Who is called so in the story.
    pub async fn user_of_story(&self, key: &str) -> Result<Option<Uuid>, DatabaseError> {
        let row = self
            .row_opt(
                super::Repeat::Safe,
                "select u.id from chat.users u where u.external_id = 'demo-' || $1 and u.deactivated_at is null",
                &[&key],
            )
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// All of it or nothing. `pictures`: name and bytes of each that the story shows. Answers with whom each that is called as
    /// somebody shows, stored, but not looked at yet.
    pub async fn tell_story(
        &self,
        pictures: &[(String, Vec<u8>)],
    ) -> Result<Vec<(Uuid, Uuid)>, DatabaseError> {
        let (mut client, wire) = self.address.connect("webchat demo").await?;
        let wire = tokio::spawn(wire);
        let transaction = client.transaction().await?;
        transaction
            .batch_execute(
                "create temporary table pictures (name text, bytes bytea) on commit drop",
            )
            .await?;
        for (name, bytes) in pictures {
            transaction
                .execute(
                    "insert into pg_temp.pictures values ($1, $2)",
                    &[name, bytes],
                )
                .await?;
        }
        transaction.batch_execute(STORY).await?;
        let portraits = transaction
            .query(
                "select u.id, (chat.store_media(u.id, p.name || '.png', p.bytes)).id
                 from chat.users u join pg_temp.pictures p on u.external_id = 'demo-' || p.name",
                &[],
            )
            .await?;
        transaction.commit().await?;
        drop(client);
        wire.abort();
        Ok(portraits
            .iter()
            .map(|row| (row.get(0), row.get(1)))
            .collect())
    }
}
