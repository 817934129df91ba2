//! Tokens as a host project signs them, and keys made for the test alone.

use std::time::{SystemTime, UNIX_EPOCH};

use ed25519_dalek::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::pkcs8::LineEnding;
use serde_json::{Value, json};

/// What a host signs HS256 by.
pub const SECRET: &str = "a key of thirty-two characters, or more";

/// Unix time, in seconds, so many from now.
pub fn seconds_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap() + seconds
}

/// Claims of somebody, good for so many seconds.
pub fn claims(sub: &str, name: &str, seconds: i64) -> Value {
    json!({"sub": sub, "name": name, "exp": seconds_from_now(seconds)})
}

/// Signed by the secret key.
pub fn signed(claims: &Value) -> String {
    encode(
        &Header::new(Algorithm::HS256),
        claims,
        &EncodingKey::from_secret(SECRET.as_bytes()),
    )
    .unwrap()
}

/// A pair of keys of an algorithm.
pub struct KeyPair {
    pub algorithm: Algorithm,
    /// As PEM.
    pub public: String,
    key: EncodingKey,
}

impl KeyPair {
    pub fn generate(algorithm: Algorithm) -> Self {
        let mut random = rsa::rand_core::OsRng;
        let (public, key) = match algorithm {
            Algorithm::RS256 => {
                let key = rsa::RsaPrivateKey::new(&mut random, 2_048).unwrap();
                let public = key.to_public_key().to_public_key_pem(LineEnding::LF);
                let pem = key.to_pkcs8_pem(LineEnding::LF).unwrap();
                (public, EncodingKey::from_rsa_pem(pem.as_bytes()))
            }
            Algorithm::ES256 => {
                let key = p256::SecretKey::random(&mut random);
                let public = key.public_key().to_public_key_pem(LineEnding::LF);
                let pem = key.to_pkcs8_pem(LineEnding::LF).unwrap();
                (public, EncodingKey::from_ec_pem(pem.as_bytes()))
            }
            _ => {
                let key = ed25519_dalek::SigningKey::generate(&mut random);
                let public = key.verifying_key().to_public_key_pem(LineEnding::LF);
                let pem = key.to_pkcs8_pem(LineEnding::LF).unwrap();
                (public, EncodingKey::from_ed_pem(pem.as_bytes()))
            }
        };
        Self {
            algorithm,
            public: public.unwrap(),
            key: key.unwrap(),
        }
    }

    pub fn signed(&self, claims: &Value, name: Option<&str>) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = name.map(str::to_owned);
        encode(&header, claims, &self.key).unwrap()
    }

    /// The public key as JWKS lists it.
    pub fn listed(&self, name: &str) -> Value {
        let mut jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(name.to_owned());
        serde_json::to_value(jwk).unwrap()
    }
}
