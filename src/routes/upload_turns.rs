//! How many uploads there are at once, and how slow one may be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::problem::Problem;

/// Uploads that one server takes at once: each holds a piece or two, and a connection to the database for a moment.
const AT_ONCE_MAX: usize = 64;
/// Of one user, so that nobody takes all turns. A page uploads one file at a time; this is several tabs and devices.
const OF_USER_MAX: usize = 8;
/// What must come between one look at the clock and the next. The slowest mobile networks carry ten times as much in 30
/// seconds; who sends less keeps a turn from others.
const PACE_BYTES_MIN: usize = 16 * 1024;

/// Turns to upload by.
#[derive(Default)]
pub struct UploadTurns {
    /// By user. Never locked across an await.
    taken: Mutex<HashMap<Uuid, usize>>,
}

/// Gives its turn back when it goes.
pub struct UploadTurn {
    turns: Arc<UploadTurns>,
    user: Uuid,
}

impl UploadTurns {
    pub fn take(self: &Arc<Self>, user: Uuid) -> Result<UploadTurn, Problem> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= AT_ONCE_MAX {
            return Err(Problem::unavailable());
        }
        let of_user = taken.entry(user).or_default();
        if *of_user >= OF_USER_MAX {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "uploads_at_once",
                format!("At most {OF_USER_MAX} uploads of one user run at once."),
            ));
        }
        *of_user += 1;
        Ok(UploadTurn {
            turns: Arc::clone(self),
            user,
        })
    }
}

impl Drop for UploadTurn {
    fn drop(&mut self) {
        let mut taken = self
            .turns
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(of_user) = taken.get_mut(&self.user) {
            *of_user -= 1;
            if *of_user == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

/// Watches that an upload goes on: neither silence nor a byte now and then keeps it.
pub struct Pace {
    patience: Duration,
    until: Instant,
    /// Since the clock was last looked at.
    bytes: usize,
}

impl Pace {
    pub fn new(patience: Duration) -> Self {
        Self {
            patience,
            until: Instant::now() + patience,
            bytes: 0,
        }
    }

    /// What comes next, unless it comes too late.
    pub async fn wait<T>(&self, next: impl Future<Output = T>) -> Result<T, Problem> {
        timeout_at(self.until, next).await.map_err(|_| {
            Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "upload_stalled",
                format!(
                    "Less than {PACE_BYTES_MIN} bytes came in {} seconds.",
                    self.patience.as_secs()
                ),
            )
        })
    }

    pub fn came(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes >= PACE_BYTES_MIN {
            self.restart();
        }
    }

    /// After something that was not the sender's to hurry with.
    pub fn restart(&mut self) {
        self.bytes = 0;
        self.until = Instant::now() + self.patience;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_never_takes_all_turns_and_gives_each_back() {
        let turns = Arc::new(UploadTurns::default());
        let user = Uuid::now_v7();
        let held: Vec<_> = (0..OF_USER_MAX)
            .map(|_| turns.take(user).unwrap())
            .collect();
        assert_eq!(turns.take(user).err().unwrap().code, "uploads_at_once");
        let others: Vec<_> = (OF_USER_MAX..AT_ONCE_MAX)
            .map(|_| turns.take(Uuid::now_v7()).unwrap())
            .collect();
        assert_eq!(
            turns.take(Uuid::now_v7()).err().unwrap().status,
            StatusCode::SERVICE_UNAVAILABLE
        );
        drop((held, others));
        assert!(turns.take(user).is_ok());
        assert!(turns.taken.lock().unwrap().is_empty());
    }

    #[test]
    fn a_byte_now_and_then_does_not_keep_an_upload() {
        let mut pace = Pace::new(Duration::from_secs(30));
        let first = pace.until;
        pace.came(1);
        pace.came(PACE_BYTES_MIN - 2);
        assert_eq!(pace.until, first);
        pace.came(1);
        assert!(pace.until > first);
        let second = pace.until;
        pace.came(1);
        assert_eq!(pace.until, second);
    }
}
