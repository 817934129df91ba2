//! Passwords of people who sign up here: hashed with Argon2id, compared in a time that tells nothing of who exists.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hyper::StatusCode;
use tokio::sync::Semaphore;

use crate::problem::Problem;

/// What OWASP names as the least: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
/// Hashing takes a core for some hundredths of a second, and memory: more at once would only take turns at it.
const AT_ONCE_MAX: usize = 2;
/// Whoever waits longer than that for a turn is told to come back: the server is being flooded.
const TURN_WAIT_MAX: Duration = Duration::from_secs(5);
/// Wrong tries at one username in a row, and how long until the next one. A person mistypes a few times.
const TRIES: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const TRIES_A_MINUTE: NonZeroU32 = NonZeroU32::new(2).expect("not zero");
/// What NIST SP 800-63B asks for at least, and more than anybody types.
pub const CHARACTERS_MIN: usize = 8;
pub const CHARACTERS_MAX: usize = 200;

pub struct Passwords {
    turns: Semaphore,
    tries: DefaultKeyedRateLimiter<String>,
    /// Of a password that nobody has: compared with where there is no user, which takes as long. Made for the first who
    /// logs in, whoever that is, since most servers never need it.
    nobodys: Arc<OnceLock<String>>,
}

impl Default for Passwords {
    fn default() -> Self {
        let quota = Quota::per_minute(TRIES_A_MINUTE).allow_burst(TRIES);
        Self {
            turns: Semaphore::new(AT_ONCE_MAX),
            tries: RateLimiter::keyed(quota),
            nobodys: Arc::default(),
        }
    }
}

impl Passwords {
    /// A new password's hash, as a PHC string.
    pub async fn hash(&self, password: &str) -> Result<String, Problem> {
        check(password)?;
        let password = password.to_owned();
        self.work(move || hash(&password)).await?
    }

    /// Whether a password is the one of a hash; without a hash it takes as long, and is not. Each wrong one counts against
    /// `who`.
    pub async fn is_right(
        &self,
        who: &str,
        password: &str,
        known: Option<String>,
    ) -> Result<bool, Problem> {
        let who = who.trim().to_lowercase();
        // Tries are taken before the work is done, so that many at once are counted as many.
        if self.tries.check_key(&who).is_err() {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_tries",
                "Too many tries. Wait a minute.",
            ));
        }
        let exists = known.is_some();
        let nobodys = Arc::clone(&self.nobodys);
        let password: String = password.chars().take(CHARACTERS_MAX + 1).collect();
        let is_right = self
            .work(move || {
                // It fails where the system gives no random bytes: then nobody gets a session either.
                let nobodys =
                    nobodys.get_or_init(|| hash("nobody has this one").unwrap_or_default());
                verify(&password, known.as_deref().unwrap_or(nobodys))
            })
            .await?;
        Ok(is_right && exists)
    }

    /// Lets go of those who have not tried for a while.
    pub fn forget_old_tries(&self) {
        self.tries.retain_recent();
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = tokio::time::timeout(TURN_WAIT_MAX, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(Problem::unavailable());
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Problem::internal()
        })
    }
}

fn check(password: &str) -> Result<(), Problem> {
    let length = password.chars().count();
    if length < CHARACTERS_MIN {
        return Err(Problem::unprocessable(
            "password_too_short",
            format!("password: must have at least {CHARACTERS_MIN} characters."),
        ));
    }
    if length > CHARACTERS_MAX {
        return Err(Problem::unprocessable(
            "password_too_long",
            format!("password: must have at most {CHARACTERS_MAX} characters."),
        ));
    }
    Ok(())
}

fn argon2() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, Problem> {
    let hash = argon2()?
        .hash_password(password.as_bytes())
        .map_err(failed)?;
    Ok(hash.to_string())
}

/// By the parameters that the hash itself names: those of older ones may be others.
fn verify(password: &str, known: &str) -> bool {
    PasswordHash::new(known).is_ok_and(|known| {
        Argon2::default()
            .verify_password(password.as_bytes(), &known)
            .is_ok()
    })
}

fn failed(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "a password could not be hashed");
    Problem::internal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other_is() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse ü").await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert_ne!(hash, passwords.hash("correct horse ü").await.unwrap());
        let is_right = async |password: &str, known: Option<String>| {
            passwords.is_right("ada", password, known).await.unwrap()
        };
        assert!(is_right("correct horse ü", Some(hash.clone())).await);
        assert!(!is_right("correct horse", Some(hash.clone())).await);
        assert!(!is_right("correct horse ü", None).await);
        assert!(!is_right("nobody has this one", None).await);
        assert!(!is_right("x", Some("no hash".to_owned())).await);
    }

    #[tokio::test]
    async fn tries_at_one_name_run_out_however_it_is_written() {
        let passwords = Passwords::default();
        for name in ["ada", " Ada ", "ADA"].iter().cycle().take(10) {
            assert!(!passwords.is_right(name, "wrong one", None).await.unwrap());
        }
        let refused = passwords.is_right("ada", "wrong one", None).await;
        assert_eq!(refused.unwrap_err().code, "too_many_tries");
        assert!(!passwords.is_right("ben", "wrong one", None).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_has_its_bounds_in_characters() {
        let passwords = Passwords::default();
        for (password, code) in [
            ("short", "password_too_short"),
            ("ünfzehn", "password_too_short"),
            (&"x".repeat(201), "password_too_long"),
        ] {
            assert_eq!(passwords.hash(password).await.unwrap_err().code, code);
        }
        assert!(passwords.hash(&"ü".repeat(200)).await.is_ok());
    }
}
