//! Tokens that the host project signs (JWT). Which algorithm counts is the operator's word: a token's own header never decides.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use url::Url;

use super::ask::{AskError, Asker};
use super::{Visitor, bad_token, host_unavailable, token_expired};
use crate::problem::Problem;
use crate::settings::{JwtKey, JwtSettings};

/// How far the host's clock may be ahead of ours, in seconds, for a token that begins only now (`nbf`). The end (`exp`) is
/// taken at its word: a host whose clock is behind gives a little less time, and nobody gets more.
const NOT_BEFORE_LEEWAY_SECONDS: u64 = 30;
/// An unknown key is a reason to look for new ones this often at most: anybody can name one.
const REFETCH_EVERY: Duration = Duration::from_secs(60);
/// How soon an endpoint that failed is asked again.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Keys that the host takes back are trusted no longer than that.
const KEYS_AGE_MAX: Duration = Duration::from_secs(600);
/// Times further off can not be written: the year 9999.
const TIME_MAX: f64 = 253_402_300_799.0;

/// What a token says.
#[derive(Deserialize)]
struct Claims {
    sub: Subject,
    exp: f64,
    name: Option<String>,
    username: Option<String>,
    preferred_username: Option<String>,
    avatar_url: Option<String>,
    picture: Option<String>,
}

/// Hosts count their users, or name them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Subject {
    Number(u64),
    Text(String),
}

pub struct Jwt {
    validation: Validation,
    algorithm: Algorithm,
    keys: Keys,
    seconds_max: i32,
}

enum Keys {
    One(DecodingKey),
    Fetched(FetchedKeys),
}

impl Jwt {
    /// A session holds for `seconds_max` at most, however far off a token's end is.
    pub fn new(settings: &JwtSettings, asker: Arc<Asker>, seconds_max: i32) -> Self {
        let mut validation = Validation::new(settings.algorithm);
        validation.leeway = NOT_BEFORE_LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.validate_aud = settings.audience.is_some();
        let mut required = vec!["exp"];
        if let Some(audience) = &settings.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        if let Some(issuer) = &settings.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        let keys = match &settings.key {
            JwtKey::Fixed(key) => Keys::One(key.clone()),
            JwtKey::Jwks(url) => Keys::Fetched(FetchedKeys {
                url: url.clone(),
                algorithm: settings.algorithm,
                asker,
                held: RwLock::default(),
                asking: tokio::sync::Mutex::default(),
            }),
        };
        Self {
            validation,
            algorithm: settings.algorithm,
            keys,
            seconds_max,
        }
    }

    /// Whether a token has the form of one: three parts.
    pub fn has_its_form(token: &str) -> bool {
        token.split('.').count() == 3
    }

    /// Whom a token speaks of. What is wrong with it is said; none of it is told in full.
    pub async fn verify(&self, token: &str) -> Result<Visitor, Problem> {
        let header = decode_header(token).map_err(|_| bad_token("It is no JWT."))?;
        // Told before its key is looked for. That no other counts is the verification's own rule as well.
        if header.alg != self.algorithm {
            return Err(bad_token(&format!(
                "It is not signed by {:?}, which JWT_ALGORITHM asks for.",
                self.algorithm
            )));
        }
        let key = match &self.keys {
            Keys::One(key) => key.clone(),
            Keys::Fetched(keys) => keys.find(header.kid.as_deref()).await?,
        };
        let claims: Claims = decode(token, &key, &self.validation)
            .map_err(|error| refused(error.kind()))?
            .claims;
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        if claims.exp <= now.as_secs_f64() {
            return Err(token_expired());
        }
        Ok(Visitor {
            mode: "jwt",
            external_id: match claims.sub {
                Subject::Number(number) => number.to_string(),
                Subject::Text(text) => text,
            },
            name: claims.name,
            username: claims.username.or(claims.preferred_username),
            avatar_url: claims.avatar_url.or(claims.picture),
            expires_at: Some(claims.exp.min(TIME_MAX)),
            seconds_max: self.seconds_max,
        })
    }

    /// For `webchat doctor`: how many keys the endpoint gives; none where there is no endpoint.
    pub async fn count_keys(&self) -> Option<Result<usize, AskError>> {
        match &self.keys {
            Keys::One(_) => None,
            Keys::Fetched(keys) => Some(keys.fetch().await.map(|keys| keys.len())),
        }
    }
}

fn refused(kind: &ErrorKind) -> Problem {
    match kind {
        ErrorKind::ExpiredSignature => token_expired(),
        ErrorKind::InvalidSignature => {
            bad_token("Its signature is not by the key that counts here.")
        }
        ErrorKind::ImmatureSignature => bad_token("It is not valid yet (nbf)."),
        ErrorKind::InvalidIssuer => bad_token("iss: is not what JWT_ISSUER asks for."),
        ErrorKind::InvalidAudience => bad_token("aud: is not what JWT_AUDIENCE asks for."),
        ErrorKind::MissingRequiredClaim(name) | ErrorKind::InvalidClaimFormat(name) => {
            bad_token(&format!("{name}: is missing, or not of its form."))
        }
        ErrorKind::Json(_) => bad_token(
            "It must say sub (a text or a whole number) and exp (a number); name and the like are texts.",
        ),
        _ => bad_token("It can not be read."),
    }
}

/// Keys that the host publishes (JWKS), by their names. They are kept while the endpoint does not answer.
struct FetchedKeys {
    url: Url,
    algorithm: Algorithm,
    asker: Arc<Asker>,
    // A std lock: never held across an await.
    held: RwLock<Held>,
    /// Held while the endpoint is asked, so that one asks for all who wait; when it was last asked, and whether it answered.
    asking: tokio::sync::Mutex<Option<(Instant, bool)>>,
}

#[derive(Default)]
struct Held {
    keys: HashMap<Option<String>, DecodingKey>,
    since: Option<Instant>,
}

impl FetchedKeys {
    async fn find(&self, name: Option<&str>) -> Result<DecodingKey, Problem> {
        let (found, is_fresh) = self.look(name);
        if let (Some(key), true) = (&found, is_fresh) {
            return Ok(key.clone());
        }
        let answers = self.refresh(name).await;
        match self.look(name).0 {
            Some(key) => Ok(key),
            // It may be a key that we could not hear of.
            None if !answers => Err(host_unavailable()),
            None => Err(bad_token(
                "Its key (kid) is not among those that the host publishes.",
            )),
        }
    }

    /// The key of a name, or the only one for a token that names none; and whether it needs no look at the endpoint.
    fn look(&self, name: Option<&str>) -> (Option<DecodingKey>, bool) {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = held
            .since
            .is_some_and(|since| since.elapsed() < KEYS_AGE_MAX);
        let found = match name {
            Some(name) => held.keys.get(&Some(name.to_owned())),
            None if held.keys.len() == 1 => held.keys.values().next(),
            None => None,
        };
        (found.cloned(), is_fresh)
    }

    /// Asks the endpoint unless that was done just now. Whether it answered.
    async fn refresh(&self, name: Option<&str>) -> bool {
        let mut asked = self.asking.lock().await;
        if let (Some(_), true) = self.look(name) {
            return true; // somebody else's asking brought it
        }
        if let Some((when, answered)) = *asked {
            let pause = if answered { REFETCH_EVERY } else { RETRY_AFTER };
            if when.elapsed() < pause {
                return answered;
            }
        }
        let fetched = self.fetch().await;
        *asked = Some((Instant::now(), fetched.is_ok()));
        match fetched {
            Ok(keys) => {
                let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
                *held = Held {
                    keys,
                    since: Some(Instant::now()),
                };
                true
            }
            Err(error) => {
                tracing::warn!(%error, "JWT_JWKS_URL gives no keys; those known before stay");
                false
            }
        }
    }

    async fn fetch(&self) -> Result<HashMap<Option<String>, DecodingKey>, AskError> {
        #[derive(Deserialize)]
        struct Published {
            keys: Vec<serde_json::Value>,
        }
        let answer = self.asker.get(&self.url, &[]).await?;
        if answer.status != 200 {
            return Err(AskError::Status(answer.status));
        }
        let published: Published = serde_json::from_slice(&answer.body)
            .map_err(|_| AskError::Unreadable("it is no JSON object with keys"))?;
        let usable: HashMap<_, _> = published
            .keys
            .into_iter()
            // Of kinds that are not known here, others may know more.
            .filter_map(|key| serde_json::from_value::<Jwk>(key).ok())
            .filter(|key| self.is_for_us(key))
            .filter_map(|key| Some((key.common.key_id.clone(), DecodingKey::from_jwk(&key).ok()?)))
            .filter(|(_, key)| key.family() == self.algorithm.family())
            .collect();
        if usable.is_empty() {
            return Err(AskError::Unreadable("no key is of JWT_ALGORITHM"));
        }
        Ok(usable)
    }

    fn is_for_us(&self, key: &Jwk) -> bool {
        let is_for_signatures = matches!(
            key.common.public_key_use,
            None | Some(PublicKeyUse::Signature)
        );
        let is_of_algorithm = key
            .common
            .key_algorithm
            .is_none_or(|algorithm| algorithm.to_string() == format!("{:?}", self.algorithm));
        is_for_signatures && is_of_algorithm
    }
}
