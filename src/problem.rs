//! What goes wrong, as clients are told: one error, one mapping to HTTP and to a frame.

use hyper::StatusCode;
use serde_json::json;

use crate::postgres::{DatabaseError, Refusal};
use crate::writer::SendError;

/// Seconds after which a client may try again what failed only because of the moment.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Seconds after which whoever tried too often to come in has another try, whichever limit they met.
const TRIES_RETRY_AFTER_SECONDS: u32 = 60;

#[derive(Debug, Clone, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Problem {
    pub status: StatusCode,
    /// Stable machine key.
    pub code: String,
    /// A sentence for people; names the field and the rule.
    pub detail: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            detail: detail.into(),
        }
    }

    pub fn bad_request(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// A value that does not keep a rule; `detail` names the field.
    pub fn unprocessable(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "not_logged_in",
            "Send a session cookie or `Authorization: Bearer <token>`.",
        )
    }

    pub fn forbidden(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing at this address.",
        )
    }

    pub fn too_many_requests() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_fast",
            "You send faster than is allowed here; wait a moment.",
        )
    }

    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The database can not be reached at the moment; try again.",
        )
    }

    /// Our own mistake; whoever makes it logs it.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong here; it has been logged.",
        )
    }

    /// The same of a field that who asked calls otherwise.
    pub fn renaming(mut self, ours: &str, theirs: &str) -> Self {
        if let Some(rule) = self
            .detail
            .strip_prefix(ours)
            .and_then(|rest| rest.strip_prefix(':'))
        {
            self.detail = format!("{theirs}:{rule}");
        }
        self
    }

    /// Whether the same again may succeed.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS if self.code == "too_many_tries" => {
                Some(TRIES_RETRY_AFTER_SECONDS)
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                Some(RETRY_AFTER_SECONDS)
            }
            _ => None,
        }
    }

    /// RFC 9457.
    pub fn to_json(&self) -> String {
        json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        })
        .to_string()
    }

    /// The frame `error`.
    pub fn to_frame(&self, reference: Option<&serde_json::Value>) -> String {
        let mut frame = json!({
            "type": "error",
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if let Some(reference) = reference {
            frame["ref"] = reference.clone();
        }
        frame.to_string()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: StatusCode::from_u16(refusal.status)
                .unwrap_or(StatusCode::UNPROCESSABLE_ENTITY),
            code: refusal.code,
            detail: refusal.detail,
        }
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Refused(refusal) => refusal.into(),
            DatabaseError::Unavailable(text) => {
                tracing::warn!(error = text, "the database is not available");
                Self::unavailable()
            }
            DatabaseError::Conflict => Self::unavailable(),
            DatabaseError::Internal(text) => {
                tracing::error!(error = text, "a statement failed");
                Self::internal()
            }
        }
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Refused(refusal) => refusal.into(),
            SendError::Busy | SendError::Stopping | SendError::Database(_) => {
                let mut problem = Self::unavailable();
                if !matches!(error, SendError::Database(_)) {
                    problem.detail = "The server is busy; try again.".to_owned();
                }
                problem
            }
        }
    }
}
