//! How the host project's word is taken: keys of its tokens, and its addresses.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey};
use url::Url;

use super::SettingsError;
use super::variable::Variable;

/// How tokens of the host are verified.
#[derive(Clone)]
pub struct JwtSettings {
    pub algorithm: Algorithm,
    pub key: JwtKey,
    /// What `iss` must be, if it is set.
    pub issuer: Option<String>,
    /// What `aud` must name, if it is set.
    pub audience: Option<String>,
}

#[derive(Clone)]
pub enum JwtKey {
    /// `SECRET_KEY`, or the key of `JWT_PUBLIC_KEY`.
    Fixed(DecodingKey),
    /// `JWT_JWKS_URL`.
    Jwks(Url),
}

impl fmt::Debug for JwtSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSettings")
            .field("algorithm", &self.algorithm)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

impl JwtSettings {
    /// Of the variables, in the order in which they stand in `.env.example`. None without a key, unless `is_needed`.
    pub(super) fn read(
        var: impl Fn(&'static str) -> Option<Variable>,
        secret_key: Option<&str>,
        is_needed: bool,
    ) -> Result<Option<Self>, SettingsError> {
        let algorithm = var("JWT_ALGORITHM");
        let is_named = algorithm.is_some();
        let algorithm = algorithm.map_or(Ok(Algorithm::HS256), |v| v.jwt_algorithm())?;
        let public_key = var("JWT_PUBLIC_KEY");
        let jwks_url = var("JWT_JWKS_URL");
        let issuer = var("JWT_ISSUER").map(|v| v.value);
        let audience = var("JWT_AUDIENCE").map(|v| v.value);
        let key = match (algorithm, public_key, jwks_url) {
            (Algorithm::HS256, None, None) => match secret_key {
                Some(secret) => JwtKey::Fixed(DecodingKey::from_secret(secret.as_bytes())),
                None if is_needed => {
                    return Err(SettingsError::Missing {
                        variable: "SECRET_KEY",
                        expected: "the key by which the host signs its tokens, since AUTH has jwt; or JWT_ALGORITHM \
                            names another kind, with JWT_PUBLIC_KEY or JWT_JWKS_URL"
                            .to_owned(),
                    });
                }
                None => return Ok(None),
            },
            // A public key taken for a secret is how tokens are forged.
            (Algorithm::HS256, Some(key), _) | (Algorithm::HS256, None, Some(key)) => {
                let expected = format!("RS256, ES256 or EdDSA, since {} is set", key.name);
                return Err(if is_named {
                    SettingsError::Bad {
                        variable: "JWT_ALGORITHM",
                        found: "\"HS256\"".to_owned(),
                        expected,
                    }
                } else {
                    SettingsError::Missing {
                        variable: "JWT_ALGORITHM",
                        expected,
                    }
                });
            }
            (_, Some(_), Some(url)) => {
                return Err(url
                    .bad("unset, since JWT_PUBLIC_KEY is set: one of them says which key counts"));
            }
            (algorithm, Some(key), None) => JwtKey::Fixed(key.public_key(algorithm)?),
            (_, None, Some(url)) => JwtKey::Jwks(url.http_url()?),
            (algorithm, None, None) if is_needed => {
                return Err(SettingsError::Missing {
                    variable: "JWT_PUBLIC_KEY",
                    expected: format!(
                        "the key that verifies {algorithm:?}, as PEM or the path of a file of it; or JWT_JWKS_URL, where the host publishes its keys"
                    ),
                });
            }
            (_, None, None) => return Ok(None),
        };
        Ok(Some(Self {
            algorithm,
            key,
            issuer,
            audience,
        }))
    }
}

impl Variable {
    fn jwt_algorithm(&self) -> Result<Algorithm, SettingsError> {
        [
            Algorithm::HS256,
            Algorithm::RS256,
            Algorithm::ES256,
            Algorithm::EdDSA,
        ]
        .into_iter()
        .find(|algorithm| self.value.eq_ignore_ascii_case(&format!("{algorithm:?}")))
        .ok_or_else(|| self.bad("HS256, RS256, ES256 or EdDSA"))
    }

    /// PEM, in one line with `\n` too, or the path of a file of it.
    fn public_key(&self, algorithm: Algorithm) -> Result<DecodingKey, SettingsError> {
        let expected =
            format!("a public key for {algorithm:?} as PEM, or the path of a file of it");
        let pem = if self.value.contains("-----BEGIN") {
            self.value.replace("\\n", "\n")
        } else {
            std::fs::read_to_string(&self.value).map_err(|error| {
                self.bad_secret(format!("a path that can not be read ({error})"), &expected)
            })?
        };
        let read = match algorithm {
            Algorithm::RS256 => DecodingKey::from_rsa_pem(pem.as_bytes()),
            Algorithm::ES256 => DecodingKey::from_ec_pem(pem.as_bytes()),
            _ => DecodingKey::from_ed_pem(pem.as_bytes()),
        };
        // Not shown: somebody may have taken the private key for it.
        read.map_err(|_| self.bad_secret("something else".to_owned(), expected))
    }

    pub(super) fn http_url(&self) -> Result<Url, SettingsError> {
        Url::parse(&self.value)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
            .filter(|url| url.username().is_empty() && url.password().is_none())
            // Not shown: an address may have a key in it.
            .ok_or_else(|| {
                self.bad_secret(
                    "something else".to_owned(),
                    "an address such as https://example.com/me, without a user or a password",
                )
            })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::settings::tests::{error, settings};

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn jwt_without_a_key_names_what_is_missing() {
        assert!(error(&[("AUTH", "jwt")]).starts_with("SECRET_KEY is not set"));
        for algorithm in ["RS256", "es256", "EdDSA"] {
            let line = error(&[
                ("AUTH", "guest,jwt"),
                ("JWT_ALGORITHM", algorithm),
                ("SECRET_KEY", SECRET),
            ]);
            assert!(line.starts_with("JWT_PUBLIC_KEY is not set"), "{line}");
        }
        assert!(error(&[("AUTH", "url")]).starts_with("AUTH_URL is not set"));
    }

    #[test]
    fn a_secret_key_is_enough_for_the_default() {
        let settings = settings(&[("AUTH", "jwt"), ("SECRET_KEY", SECRET)]).unwrap();
        let jwt = settings.jwt.unwrap();
        assert_eq!(jwt.algorithm, Algorithm::HS256);
        assert!(matches!(jwt.key, JwtKey::Fixed(_)));
    }

    #[test]
    fn a_public_key_is_never_taken_for_a_secret() {
        for name in ["JWT_PUBLIC_KEY", "JWT_JWKS_URL"] {
            let value = "https://example.com/keys";
            let line = error(&[("AUTH", "jwt"), ("SECRET_KEY", SECRET), (name, value)]);
            assert!(line.starts_with("JWT_ALGORITHM is not set"), "{line}");
            let line = error(&[
                ("JWT_ALGORITHM", "HS256"),
                ("SECRET_KEY", SECRET),
                (name, value),
            ]);
            assert!(line.starts_with("JWT_ALGORITHM: found \"HS256\""), "{line}");
        }
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_printing_it() {
        for value in [
            "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
            "/no/such/hunter2.pem",
        ] {
            let line = error(&[
                ("AUTH", "jwt"),
                ("JWT_ALGORITHM", "RS256"),
                ("JWT_PUBLIC_KEY", value),
            ]);
            assert!(line.starts_with("JWT_PUBLIC_KEY: found "), "{line}");
            assert!(!line.contains("hunter2"), "{line}");
        }
    }

    #[test]
    fn addresses_of_the_host_are_of_http_and_hold_no_password() {
        for value in ["ftp://h/me", "host/me", "https://u:hunter2@h/me", "http://"] {
            let line = error(&[("AUTH", "url"), ("AUTH_URL", value)]);
            assert!(line.starts_with("AUTH_URL: found "), "{line}");
            assert!(!line.contains("hunter2"), "{line}");
        }
        let settings =
            settings(&[("AUTH", "url"), ("AUTH_URL", "http://app:3000/api/me?x=1")]).unwrap();
        assert_eq!(
            settings.auth_url.unwrap().as_str(),
            "http://app:3000/api/me?x=1"
        );
    }
}
