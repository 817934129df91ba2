use tokio_postgres::error::SqlState;

/// What the database's rules refuse: SQLSTATE `CH` + status, a stable key, a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status, 400 to 499.
    pub status: u16,
    pub code: String,
    pub detail: String,
}

impl Refusal {
    pub fn new(status: u16, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            detail: detail.into(),
        }
    }
}

/// What can come of asking the database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("{}: {}", .0.code, .0.detail)]
    Refused(Refusal),
    /// A deadlock or a serialization failure: rolled back whole, worth another try.
    #[error("lost a race against another transaction")]
    Conflict,
    /// Cannot be reached, is starting or stopping, or the connection broke.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    #[error("{0}")]
    Internal(String),
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            // Without an answer of the server it is the connection that failed, unless we sent
            // something that does not fit its type.
            let text = describe(&error);
            return match std::error::Error::source(&error) {
                Some(source) if source.is::<std::io::Error>() => Self::Unavailable(text),
                _ if error.is_closed() => Self::Unavailable(text),
                _ if text.contains("connecting")
                    || text.contains("timed out")
                    || text.contains("communicating") =>
                {
                    Self::Unavailable(text)
                }
                _ => Self::Internal(text),
            };
        };
        let state = answer.code();
        if let Some(status) = state.code().strip_prefix("CH").and_then(|s| s.parse().ok()) {
            return Self::Refused(Refusal {
                status,
                code: answer.message().to_owned(),
                detail: answer.detail().unwrap_or_default().to_owned(),
            });
        }
        match *state {
            SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE => Self::Conflict,
            SqlState::ADMIN_SHUTDOWN
            | SqlState::CRASH_SHUTDOWN
            | SqlState::CANNOT_CONNECT_NOW
            | SqlState::DATABASE_DROPPED
            | SqlState::TOO_MANY_CONNECTIONS => Self::Unavailable(answer.message().to_owned()),
            _ if state.code().starts_with("08") => Self::Unavailable(answer.message().to_owned()),
            // A value that PostgreSQL can not hold or compute with, or JSON nested too deep for it:
            // whoever sent it can send another.
            SqlState::STATEMENT_TOO_COMPLEX => Self::Refused(bad_value(answer.message())),
            _ if state.code().starts_with("22") => Self::Refused(bad_value(answer.message())),
            _ => Self::Internal(describe(&error)),
        }
    }
}

impl From<deadpool_postgres::PoolError> for DatabaseError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error)
            | deadpool_postgres::PoolError::PostCreateHook(
                deadpool_postgres::HookError::Backend(error),
            ) => {
                match Self::from(error) {
                    // No connection came about at all, for whatever reason: that may pass.
                    Self::Internal(text) => Self::Unavailable(text),
                    other => other,
                }
            }
            other => Self::Unavailable(other.to_string()),
        }
    }
}

fn bad_value(message: &str) -> Refusal {
    Refusal::new(422, "bad_value", message)
}

/// The error with its causes: tokio_postgres says only "db error" by itself.
fn describe(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    if let Some(answer) = error.as_db_error() {
        text.push_str(&format!(" (SQLSTATE {})", answer.code().code()));
    }
    text
}
