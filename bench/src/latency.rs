//! Durations, counted into buckets whose width is a fixed share of their value.

use std::time::Duration;

/// Buckets between one power of two and the next: a value is known to 1/64, below 2 %.
const STEPS_BITS: u32 = 6;
const STEPS: u64 = 1 << STEPS_BITS;

#[derive(Clone, Debug, Default)]
pub struct Latencies {
    counts: Vec<u64>,
    total: u64,
}

impl Latencies {
    pub fn record(&mut self, ns: u64) {
        let bucket = bucket_of(ns);
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.total += 1;
    }

    pub fn add(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
    }

    /// The least duration that `share` of all do not exceed; none when nothing was recorded.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let rank = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        self.counts.iter().enumerate().find_map(|(bucket, count)| {
            seen += count;
            (seen >= rank).then(|| Duration::from_nanos(upper_bound_of(bucket)))
        })
    }

    /// The same in milliseconds, as the report has it.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        Some(self.quantile(share)?.as_secs_f64() * 1e3)
    }
}

fn bucket_of(ns: u64) -> usize {
    if ns < STEPS {
        return ns as usize;
    }
    let exponent = ns.ilog2() - STEPS_BITS;
    // The top bit of `ns >> exponent` is the step bit itself, so one octave follows the other.
    ((u64::from(exponent) << STEPS_BITS) + (ns >> exponent)) as usize
}

fn upper_bound_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    let exponent = (bucket >> STEPS_BITS) - 1;
    let step = bucket - (exponent << STEPS_BITS);
    ((step + 1) << exponent) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_just_below_its_buckets_bound() {
        for value in (0..2_000).chain([65_535, 65_536, 1 << 40, (1 << 50) + 12_345]) {
            let bound = upper_bound_of(bucket_of(value));
            assert!(
                bound >= value && bound - value <= value / 64,
                "{value}: {bound}"
            );
        }
    }

    #[test]
    fn quantiles_are_those_of_the_values() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantile(0.5), None);
        for value in 1..=1_000 {
            latencies.record(value * 1_000);
        }
        let near = |share, us: f64| {
            let found = latencies.quantile(share).unwrap().as_secs_f64() * 1e6;
            assert!((found - us).abs() / us < 0.02, "{share}: {found} µs");
        };
        near(0.5, 500.0);
        near(0.99, 990.0);
        near(1.0, 1_000.0);
    }
}
