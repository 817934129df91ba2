//! What the clients of one thread, or of all, have seen in one stretch of time.

use std::time::Duration;

use crate::latency::Latencies;

#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub elapsed: Duration,
    pub sent: u64,
    pub acked: u64,
    pub refused: u64,
    /// Messages that came in, one for each client that got one.
    pub received: u64,
    /// Those that came to another than their sender; known for looked-at messages only.
    pub received_by_others: u64,
    /// Everything that came in, in bytes.
    pub received_bytes: u64,
    /// Connections that ended though we had not asked for it.
    pub lost: u64,
    /// What was said at the first of those.
    pub first_loss: Option<String>,
    /// What was said at the first refusal.
    pub first_refusal: Option<String>,
    /// Sums of the stamps of what was sent, and of what came in: a message lost and another one come twice would leave
    /// the counts as they should be.
    pub sent_stamps: u64,
    pub received_stamps: u64,
    /// From sending to the ack.
    pub to_ack: Latencies,
    /// From sending to another client's having it.
    pub to_others: Latencies,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        // Threads are asked at the same time.
        self.elapsed = self.elapsed.max(other.elapsed);
        self.sent += other.sent;
        self.acked += other.acked;
        self.refused += other.refused;
        self.received += other.received;
        self.received_by_others += other.received_by_others;
        self.received_bytes += other.received_bytes;
        self.lost += other.lost;
        self.first_loss = self.first_loss.take().or_else(|| other.first_loss.clone());
        self.first_refusal = self
            .first_refusal
            .take()
            .or_else(|| other.first_refusal.clone());
        self.sent_stamps = self.sent_stamps.wrapping_add(other.sent_stamps);
        self.received_stamps = self.received_stamps.wrapping_add(other.received_stamps);
        self.to_ack.add(&other.to_ack);
        self.to_others.add(&other.to_others);
    }

    pub fn a_second(&self, count: u64) -> f64 {
        count as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }
}
