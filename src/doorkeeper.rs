//! Whose session a request acts by: one that is there, or one that begins, or goes on, by the host's word.

use hyper::StatusCode;
use hyper::header::HeaderMap;
use uuid::Uuid;

use crate::host::{self, HOST_UNAVAILABLE, Host, Visitor};
use crate::identity::{self, Credential, Token};
use crate::postgres::sessions::{Proof, Session, SessionEnd};
use crate::postgres::{Database, DatabaseError};
use crate::problem::Problem;

/// How long somebody who is in stays in while the host does not answer, since its last word: a host that restarts throws
/// nobody out, and one that is gone keeps nobody for long.
const GRACE_SECONDS: i32 = 600;
/// How soon the host is asked again meanwhile.
const ASK_AGAIN_SECONDS: i32 = 30;

pub struct Doorkeeper {
    database: Database,
    host: Host,
}

/// A session that the host's word began, or put off the end of.
pub struct Admitted {
    pub session: Session,
    /// For the client, and its cookie.
    pub secret: String,
    pub is_new: bool,
}

/// What a proof is shown for.
#[derive(Default)]
struct Purpose<'a> {
    proof_hash: Option<&'a [u8]>,
    token_hash: Option<&'a [u8]>,
    session: Option<Uuid>,
    only_user: Option<Uuid>,
    user_agent: Option<String>,
}

impl Doorkeeper {
    pub fn new(database: Database, host: Host) -> Self {
        Self { database, host }
    }

    /// The session that a request's headers name; none when they name none that lives. A token of the host's that was not
    /// seen before begins one.
    pub async fn find_session(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<(Session, Credential)>, Problem> {
        let Some((secret, credential)) = identity::read_token(headers) else {
            return Ok(None);
        };
        let hash = identity::hash(&secret);
        let session = match self.database.find_session(&hash).await? {
            Some(session) => Some(session),
            None => {
                let found = match credential {
                    Credential::Bearer => self.begin_by_token(&secret, &hash, headers).await,
                    Credential::Cookie => self.go_on_by_visit(&hash, headers).await,
                };
                self.or_keep(found, &hash).await?
            }
        };
        Ok(session.map(|session| (session, credential)))
    }

    /// The session of who visits a page, and the token of one that began by that: whoever the host knows needs no other log-in.
    pub async fn receive(
        &self,
        headers: &HeaderMap,
    ) -> Result<(Option<Session>, Option<Token>), Problem> {
        if let Some((session, _)) = self.find_session(headers).await? {
            return Ok((Some(session), None));
        }
        let Some(visitor) = self.host.of_visit(headers).await? else {
            return Ok((None, None));
        };
        let token = Token::generate()?;
        let purpose = Purpose {
            token_hash: Some(&token.hash),
            user_agent: identity::user_agent(headers),
            ..Purpose::default()
        };
        let session = self.prove(&visitor, purpose).await?;
        Ok((Some(session), Some(token)))
    }

    /// Exchanges what the host knows somebody by for a session. `token` is the host's; without one it is in the header, or the
    /// headers themselves are shown to the host.
    pub async fn admit(
        &self,
        headers: &HeaderMap,
        token: Option<&str>,
    ) -> Result<Admitted, Problem> {
        let admitted = self.admit_by_proof(headers, token).await;
        let (Err(problem), Some(secret)) = (&admitted, identity::read_session(headers)) else {
            return admitted;
        };
        if problem.code != HOST_UNAVAILABLE {
            return admitted;
        }
        let hash = identity::hash(&secret);
        match self.or_keep(Err(problem.clone()), &hash).await? {
            Some(session) => Ok(Admitted {
                session,
                secret,
                is_new: false,
            }),
            None => admitted,
        }
    }

    async fn admit_by_proof(
        &self,
        headers: &HeaderMap,
        token: Option<&str>,
    ) -> Result<Admitted, Problem> {
        if !self.host.has_tokens() && !self.host.knows_visitors() {
            return Err(token_not_allowed("AUTH has none of jwt, sql and url."));
        }
        let bearer = identity::read_bearer(headers);
        let (visitor, shown) = match token.or(bearer) {
            Some(shown) if self.host.has_tokens() => {
                (self.host.of_token(shown).await?, Some(shown))
            }
            _ => (None, None),
        };
        let present = match (token, &visitor) {
            // The header holds the host's token, so the session is the cookie's.
            (None, Some(_)) => identity::read_session(headers),
            _ => identity::read_token(headers).map(|(secret, _)| secret),
        };
        let present_hash = present.as_deref().map(identity::hash);
        let lapsed = match &present_hash {
            Some(hash) => self.database.lapsed_session(hash).await?,
            None => None,
        };
        let (visitor, proof_hash) = match (visitor, shown) {
            (Some(visitor), shown) => (visitor, shown.map(identity::hash)),
            (None, Some(_)) if token.is_some() || !self.host.knows_visitors() => {
                return Err(host::bad_token("The host knows nobody by it."));
            }
            (None, _) if token.is_some() => {
                return Err(token_not_allowed("AUTH has neither jwt nor sql."));
            }
            (None, _) if !self.host.knows_visitors() => {
                return Err(Problem::unprocessable("bad_field", "token: is required."));
            }
            (None, _) => match self.host.of_visit(headers).await? {
                Some(visitor) => (visitor, None),
                None => {
                    if let Some(lapsed) = lapsed.filter(|lapsed| lapsed.began_by == "url") {
                        self.end(lapsed.user_id, lapsed.id).await?;
                    }
                    return Err(Problem::new(
                        StatusCode::UNAUTHORIZED,
                        "not_logged_in",
                        "The host project knows nobody by these headers.",
                    ));
                }
            },
        };
        let new_token = Token::generate()?;
        let purpose = Purpose {
            proof_hash: proof_hash.as_ref().map(<[u8; 32]>::as_slice),
            token_hash: Some(&new_token.hash),
            session: lapsed.as_ref().map(|lapsed| lapsed.id),
            user_agent: identity::user_agent(headers),
            ..Purpose::default()
        };
        let session = self.prove(&visitor, purpose).await?;
        // One that goes on is known by what was shown for it.
        if let (Some(lapsed), Some(secret)) = (&lapsed, &present)
            && lapsed.id == session.id
        {
            return Ok(Admitted {
                session,
                secret: secret.clone(),
                is_new: false,
            });
        }
        if let Some(lapsed) =
            lapsed.filter(|lapsed| visitor.mode == "url" && lapsed.began_by == "url")
        {
            // The host says that somebody else sits there now.
            self.end(lapsed.user_id, lapsed.id).await?;
        }
        Ok(Admitted {
            session,
            secret: new_token.secret,
            is_new: true,
        })
    }

    /// Puts off the end of a session by a token of the same user.
    pub async fn go_on_by_token(
        &self,
        session: Uuid,
        user: Uuid,
        token: &str,
    ) -> Result<Option<SessionEnd>, Problem> {
        if !self.host.has_tokens() {
            return Err(token_not_allowed("AUTH has neither jwt nor sql."));
        }
        let visitor = self.host.of_token(token).await?;
        let visitor = visitor.ok_or_else(|| host::bad_token("The host knows nobody by it."))?;
        let purpose = Purpose {
            proof_hash: Some(&identity::hash(token)),
            session: Some(session),
            only_user: Some(user),
            ..Purpose::default()
        };
        Ok(self.prove(&visitor, purpose).await?.end)
    }

    async fn begin_by_token(
        &self,
        secret: &str,
        hash: &[u8],
        headers: &HeaderMap,
    ) -> Result<Option<Session>, Problem> {
        let Some(visitor) = self.host.of_token(secret).await? else {
            return Ok(None);
        };
        let purpose = Purpose {
            proof_hash: Some(hash),
            user_agent: identity::user_agent(headers),
            ..Purpose::default()
        };
        self.prove(&visitor, purpose).await.map(Some)
    }

    /// The host is asked again whether it still knows who sits there.
    async fn go_on_by_visit(
        &self,
        hash: &[u8],
        headers: &HeaderMap,
    ) -> Result<Option<Session>, Problem> {
        if !self.host.knows_visitors() {
            return Ok(None);
        }
        let lapsed = self.database.lapsed_session(hash).await?;
        let Some(lapsed) = lapsed.filter(|lapsed| lapsed.began_by == "url") else {
            return Ok(None);
        };
        let proven = match self.host.of_visit(headers).await? {
            Some(visitor) => {
                let purpose = Purpose {
                    session: Some(lapsed.id),
                    only_user: Some(lapsed.user_id),
                    ..Purpose::default()
                };
                self.prove(&visitor, purpose).await.map(Some)
            }
            None => Ok(None),
        };
        match proven {
            Ok(None) => {}
            Err(problem) if problem.code == "another_user" => {}
            other => return other,
        }
        self.end(lapsed.user_id, lapsed.id).await?;
        Ok(None)
    }

    /// A host that does not answer puts nobody out at once.
    async fn or_keep(
        &self,
        found: Result<Option<Session>, Problem>,
        hash: &[u8],
    ) -> Result<Option<Session>, Problem> {
        match found {
            Err(problem) if problem.code == HOST_UNAVAILABLE => {
                let kept = self
                    .database
                    .keep_session(hash, ASK_AGAIN_SECONDS, GRACE_SECONDS)
                    .await?;
                match kept {
                    true => Ok(self.database.find_session(hash).await?),
                    false => Err(problem),
                }
            }
            other => other,
        }
    }

    async fn prove(&self, visitor: &Visitor, purpose: Purpose<'_>) -> Result<Session, Problem> {
        let proof = Proof {
            mode: visitor.mode,
            external_id: &visitor.external_id,
            name: visitor.name.as_deref(),
            username: visitor.username.as_deref(),
            avatar_url: visitor.avatar_url.as_deref(),
            expires_at: visitor.expires_at,
            seconds_max: visitor.seconds_max,
            proof_hash: purpose.proof_hash,
            token_hash: purpose.token_hash,
            session: purpose.session,
            only_user: purpose.only_user,
            user_agent: purpose.user_agent.as_deref(),
        };
        match self.database.prove_session(&proof).await {
            Ok(session) => Ok(session),
            // What the host says of somebody is not what whoever shows its token can mend.
            Err(DatabaseError::Refused(refusal)) if refusal.status == 422 => {
                Err(host::bad_token(&refusal.detail))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn end(&self, user: Uuid, session: Uuid) -> Result<(), Problem> {
        match self.database.end_session(user, session).await {
            // Somebody else ended it a moment ago.
            Ok(()) | Err(DatabaseError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn token_not_allowed(why: &str) -> Problem {
    Problem::forbidden(
        "token_not_allowed",
        format!("Nobody comes in by the host's token here: {why}"),
    )
}
