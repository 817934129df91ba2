//! Media: pieces written and read one at a time, and what a server finds in them.

use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

/// Bytes of each piece but the last (`chat.media_chunk_bytes`).
pub const CHUNK_BYTES: usize = 262_144;

/// How to send a medium.
pub struct OpenMedia {
    pub content: Uuid,
    pub size_bytes: u64,
    pub media_type: String,
    pub name: String,
    pub sha256: Vec<u8>,
}

/// A medium that somebody has to look at.
pub struct StoredMedia {
    pub is_stored: bool,
    pub content: Uuid,
    pub size_bytes: u64,
    pub name: String,
}

/// What was found in it.
pub struct FoundMedia<'a> {
    /// Its bytes: as they were uploaded, or others in their place.
    pub content: Uuid,
    pub size_bytes: u64,
    pub sha256: &'a [u8],
    pub media_type: &'a str,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_ms: Option<u64>,
    pub is_animated: bool,
    pub thumbnail: Option<&'a crate::media::Thumbnail>,
}

impl Database {
    pub async fn begin_media(
        &self,
        actor: Uuid,
        name: &str,
        size_bytes: Option<i64>,
    ) -> Result<(Uuid, String), DatabaseError> {
        let row = self
            .row(
                Repeat::Unsafe,
                "select m.id, chat.media_json(m)::text from chat.begin_media($1, $2, $3) m",
                &[&actor, &name, &size_bytes],
            )
            .await?;
        Ok((row.get(0), row.get(1)))
    }

    /// Appends at `offset`; answers with how many bytes are there. Not to be repeated blindly: what was written
    /// already is refused by its offset.
    pub async fn append_media(
        &self,
        actor: Uuid,
        media: Uuid,
        offset: i64,
        bytes: &[u8],
    ) -> Result<i64, DatabaseError> {
        let row = self
            .row(
                Repeat::Unsafe,
                "select chat.append_media($1, $2, $3, $4)",
                &[&actor, &media, &offset, &bytes],
            )
            .await?;
        Ok(row.get(0))
    }

    pub async fn finish_media(&self, actor: Uuid, media: Uuid) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Unsafe,
            "select from chat.finish_media($1, $2)",
            &[&actor, &media],
        )
        .await?;
        Ok(())
    }

    pub async fn abandon_media(&self, actor: Uuid, media: Uuid) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Unsafe,
            "select chat.abandon_media($1, $2)",
            &[&actor, &media],
        )
        .await?;
        Ok(())
    }

    /// A medium's JSON, for who may read it.
    pub async fn media_info(&self, actor: Uuid, media: Uuid) -> Result<String, DatabaseError> {
        self.value(
            "select chat.media_json(m)::text from chat.require_media($1, $2) m",
            &[&actor, &media],
        )
        .await
    }

    /// The same, whoever asks.
    pub async fn media_info_for_system(&self, media: Uuid) -> Result<String, DatabaseError> {
        self.value(
            "select chat.media_json(m)::text from chat.require_media(null, $1) m",
            &[&media],
        )
        .await
    }

    pub async fn open_media(&self, actor: Uuid, media: Uuid) -> Result<OpenMedia, DatabaseError> {
        let row = self
            .row(
                Repeat::Safe,
                "select content_id, size, type, name, sha256 from chat.open_media($1, $2)",
                &[&actor, &media],
            )
            .await?;
        Ok(OpenMedia {
            content: row.get(0),
            size_bytes: row.get::<_, i64>(1).unsigned_abs(),
            media_type: row.get(2),
            name: row.get(3),
            sha256: row.get(4),
        })
    }

    /// One piece; none when there is no such piece.
    pub async fn read_content(
        &self,
        content: Uuid,
        number: i32,
    ) -> Result<Option<Vec<u8>>, DatabaseError> {
        self.value("select chat.read_content($1, $2)", &[&content, &number])
            .await
    }

    pub async fn write_content(
        &self,
        content: Uuid,
        number: i32,
        bytes: &[u8],
    ) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Safe,
            "select chat.write_content($1, $2, $3)",
            &[&content, &number, &bytes],
        )
        .await?;
        Ok(())
    }

    /// The type and bytes of a medium's small image.
    pub async fn read_thumbnail(
        &self,
        actor: Uuid,
        media: Uuid,
    ) -> Result<(String, Vec<u8>), DatabaseError> {
        let row = self
            .row(
                Repeat::Safe,
                "select type, bytes from chat.read_thumbnail($1, $2)",
                &[&actor, &media],
            )
            .await?;
        Ok((row.get(0), row.get(1)))
    }

    /// Media that wait to be looked at.
    pub async fn stored_media(&self) -> Result<Vec<Uuid>, DatabaseError> {
        self.values("select m from chat.stored_media() m", &[])
            .await
    }

    pub async fn read_stored(&self, media: Uuid) -> Result<StoredMedia, DatabaseError> {
        let row = self
            .row(
                Repeat::Safe,
                "select state = 'stored', content_id, coalesce(size, 0), name from chat.read_stored($1)",
                &[&media],
            )
            .await?;
        Ok(StoredMedia {
            is_stored: row.get(0),
            content: row.get(1),
            size_bytes: row.get::<_, i64>(2).unsigned_abs(),
            name: row.get(3),
        })
    }

    /// Notes what was found; answers with the medium's JSON.
    pub async fn ready_media(
        &self,
        media: Uuid,
        found: &FoundMedia<'_>,
    ) -> Result<String, DatabaseError> {
        let thumbnail = found.thumbnail;
        let signed = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        self.row(
            Repeat::Safe,
            "select from chat.ready_media($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            &[
                &media,
                &found.content,
                &i64::try_from(found.size_bytes).unwrap_or(i64::MAX),
                &found.sha256,
                &found.media_type,
                &found.width.map(signed),
                &found.height.map(signed),
                &found
                    .duration_ms
                    .map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)),
                &found.is_animated,
                &thumbnail.map(|thumbnail| thumbnail.bytes.as_slice()),
                &thumbnail.map(|thumbnail| thumbnail.media_type),
                &thumbnail.map(|thumbnail| signed(thumbnail.width)),
                &thumbnail.map(|thumbnail| signed(thumbnail.height)),
            ],
        )
        .await?;
        // By another statement, which sees the small image.
        self.media_info_for_system(media).await
    }

    /// Gives up uploads that nobody goes on with.
    pub async fn expire_uploads(&self) -> Result<i64, DatabaseError> {
        self.value("select chat.expire_uploads()", &[]).await
    }

    /// Packs of stickers that were added, as JSON.
    pub async fn stickers(&self, actor: Uuid) -> Result<Vec<String>, DatabaseError> {
        self.values("select s::text from chat.stickers($1) s", &[&actor])
            .await
    }

    /// Adds a pack; `stickers` is a JSON array.
    pub async fn add_sticker_pack(
        &self,
        actor: Uuid,
        name: &str,
        title: &str,
        stickers: &str,
    ) -> Result<String, DatabaseError> {
        let row = self
            .row(
                Repeat::Unsafe,
                "select chat.add_sticker_pack($1, $2, $3, $4::text::jsonb)::text",
                &[&actor, &name, &title, &stickers],
            )
            .await?;
        Ok(row.get(0))
    }

    /// GIFs that were shared in the actor's conversations, as JSON.
    pub async fn gifs(
        &self,
        actor: Uuid,
        query: Option<&str>,
        limit: i32,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select g::text from chat.gifs($1, $2, $3) g",
            &[&actor, &query, &limit],
        )
        .await
    }
}
