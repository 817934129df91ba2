//! Sessions: who a token acts for.

use std::time::{Duration, Instant};

use tokio_postgres::Row;
use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

/// Whom a live session acts for.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: Uuid,
    pub user_id: Uuid,
    pub user_name: String,
    /// The user as JSON.
    pub user: String,
    /// Of a session that stands on the host's word: when that word ends.
    pub end: Option<SessionEnd>,
}

/// When a session ends unless that is put off.
#[derive(Clone, Debug)]
pub struct SessionEnd {
    /// As clients are told it.
    pub at: String,
    /// By this machine's clock, which may go otherwise than the database's.
    pub due: Instant,
}

/// How a session begins without the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    Guest,
    Password,
    /// Made by an operator.
    Token,
}

impl Beginning {
    fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Password => "password",
            Self::Token => "token",
        }
    }
}

/// What the host says of somebody, found to be true, and what it is shown for.
#[derive(Debug)]
pub struct Proof<'a> {
    /// The mode's name.
    pub mode: &'static str,
    pub external_id: &'a str,
    pub name: Option<&'a str>,
    pub username: Option<&'a str>,
    pub avatar_url: Option<&'a str>,
    /// Unix time in seconds; none where the host names no end.
    pub expires_at: Option<f64>,
    /// How long it holds at most.
    pub seconds_max: i32,
    /// Of the host's own token.
    pub proof_hash: Option<&'a [u8]>,
    /// Of a token that is given out for the session.
    pub token_hash: Option<&'a [u8]>,
    /// The session whose end is put off, if it is the same user's.
    pub session: Option<Uuid>,
    /// Refused if it is anybody else.
    pub only_user: Option<Uuid>,
    pub user_agent: Option<&'a str>,
}

/// A session whose end may be put off.
#[derive(Clone, Debug)]
pub struct Lapsed {
    pub id: Uuid,
    pub user_id: Uuid,
    /// The mode's name.
    pub began_by: String,
}

fn read_session(row: &Row) -> Session {
    let ends_at: Option<String> = row.get(4);
    let ends_in: Option<i64> = row.get(5);
    let ends_in = Duration::from_millis(ends_in.unwrap_or_default().try_into().unwrap_or_default());
    Session {
        id: row.get(0),
        user_id: row.get(1),
        user_name: row.get(2),
        user: row.get(3),
        end: ends_at.map(|at| SessionEnd {
            at,
            due: Instant::now() + ends_in,
        }),
    }
}

/// Of the user's JSON, what pages need.
#[derive(Default, serde::Deserialize)]
struct Profile {
    is_guest: bool,
    avatar_id: Option<Uuid>,
    username: Option<String>,
}

impl Session {
    /// Whether there is no way back into the account once the session has ended.
    pub fn is_guest(&self) -> bool {
        self.profile().is_guest
    }

    /// The image that is the user's picture.
    pub fn avatar_id(&self) -> Option<Uuid> {
        self.profile().avatar_id
    }

    pub fn username(&self) -> Option<String> {
        self.profile().username
    }

    fn profile(&self) -> Profile {
        serde_json::from_str(&self.user).unwrap_or_default()
    }
}

impl Database {
    pub async fn start_session(
        &self,
        user: Uuid,
        token_hash: &[u8],
        days: u32,
        user_agent: Option<&str>,
        beginning: Beginning,
    ) -> Result<Uuid, DatabaseError> {
        let row = self
            .row(
                Repeat::Unsafe,
                "select chat.start_session($1, $2, make_interval(days => $3), $4, $5)",
                &[
                    &user,
                    &token_hash,
                    &i32::try_from(days).unwrap_or(i32::MAX),
                    &user_agent,
                    &beginning.name(),
                ],
            )
            .await?;
        Ok(row.get(0))
    }

    pub async fn find_session(&self, token_hash: &[u8]) -> Result<Option<Session>, DatabaseError> {
        let row = self
            .row_opt(
                Repeat::Safe,
                "select session_id, user_id, user_name, profile::text, expires_at, expires_in from chat.find_session($1)",
                &[&token_hash],
            )
            .await?;
        Ok(row.as_ref().map(read_session))
    }

    /// Begins a session on the host's word, or puts off the end of the one that is there.
    pub async fn prove_session(&self, proof: &Proof<'_>) -> Result<Session, DatabaseError> {
        let row = self
            .row(
                Repeat::Safe,
                "select session_id, user_id, user_name, profile::text, expires_at, expires_in
                 from chat.prove_session($1, $2, $3, $4, $5, to_timestamp($6), $7, $8, $9, $10, $11, $12)",
                &[
                    &proof.mode,
                    &proof.external_id,
                    &proof.name,
                    &proof.username,
                    &proof.avatar_url,
                    &proof.expires_at,
                    &proof.seconds_max,
                    &proof.proof_hash,
                    &proof.token_hash,
                    &proof.session,
                    &proof.only_user,
                    &proof.user_agent,
                ],
            )
            .await?;
        Ok(read_session(&row))
    }

    /// The session of a token though its time may be over, if it stands on the host's word and was not ended.
    pub async fn lapsed_session(&self, token_hash: &[u8]) -> Result<Option<Lapsed>, DatabaseError> {
        let row = self
            .row_opt(
                Repeat::Safe,
                "select session_id, user_id, began_by from chat.lapsed_session($1)",
                &[&token_hash],
            )
            .await?;
        Ok(row.map(|row| Lapsed {
            id: row.get(0),
            user_id: row.get(1),
            began_by: row.get(2),
        }))
    }

    /// Puts off the end of a session whose host does not answer. Whether it lives.
    pub async fn keep_session(
        &self,
        token_hash: &[u8],
        seconds: i32,
        grace_seconds: i32,
    ) -> Result<bool, DatabaseError> {
        self.value(
            "select chat.keep_session($1, $2, $3)",
            &[&token_hash, &seconds, &grace_seconds],
        )
        .await
    }

    /// How long each of the given sessions still lives; those that have ended are not among them.
    pub async fn session_ends(
        &self,
        sessions: &[Uuid],
    ) -> Result<Vec<(Uuid, Duration)>, DatabaseError> {
        let rows = self
            .rows(
                Repeat::Safe,
                "select session_id, expires_in from chat.session_ends($1)",
                &[&sessions],
            )
            .await?;
        let read = |row: &Row| {
            let ends_in = row.get::<_, i64>(1).try_into().unwrap_or_default();
            (row.get(0), Duration::from_millis(ends_in))
        };
        Ok(rows.iter().map(read).collect())
    }

    /// Notes that sessions are connected.
    pub async fn see_sessions(&self, sessions: &[Uuid]) -> Result<(), DatabaseError> {
        self.row(Repeat::Safe, "select chat.see_sessions($1)", &[&sessions])
            .await?;
        Ok(())
    }

    pub async fn end_session(&self, actor: Uuid, session: Uuid) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Safe,
            "select chat.end_session($1, $2)",
            &[&actor, &session],
        )
        .await?;
        Ok(())
    }

    pub async fn list_sessions(&self, actor: Uuid) -> Result<Vec<String>, DatabaseError> {
        self.values("select s::text from chat.list_sessions($1) s", &[&actor])
            .await
    }

    /// Those of the given sessions that have ended or expired.
    pub async fn ended_sessions(&self, sessions: &[Uuid]) -> Result<Vec<Uuid>, DatabaseError> {
        self.values("select s from chat.ended_sessions($1) s", &[&sessions])
            .await
    }
}
