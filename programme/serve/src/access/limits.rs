//! How often somebody may ask: a bucket for each address and one for each account. Each holds a number of requests, and fills
//! up at a steady rate. They are kept in memory: a restart forgives, and no address is kept on disk.

use crate::registry::Failure;
use dtsec_store::Time;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// How much a bucket holds, and how fast it fills.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// So many at once.
    pub burst: u32,
    /// So many a second from then on.
    pub per_second: f64,
}

/// Buckets, one for each key.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    all: Mutex<HashMap<K, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Time,
}

/// More buckets than this, and the full ones are forgotten; if none is full, the one longest unused.
const MOST: usize = 100_000;

impl<K: Eq + Hash + Clone> Buckets<K> {
    /// None yet.
    pub fn new(rate: Rate) -> Self {
        Self { rate, all: Mutex::new(HashMap::new()) }
    }

    /// Takes one out of a bucket.
    ///
    /// # Errors
    /// [`Failure::TooOften`] where it is empty, with the time until there is one again.
    pub fn take(&self, key: &K, now: Time) -> Result<(), Failure> {
        let full = f64::from(self.rate.burst);
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(key) {
            let rate = self.rate;
            all.retain(|_, bucket| filled(*bucket, rate, now) < full);
            if all.len() >= MOST
                && let Some(oldest) =
                    all.iter().min_by_key(|(_, bucket)| bucket.at).map(|(key, _)| key.clone())
            {
                all.remove(&oldest);
            }
        }
        let bucket = all.entry(key.clone()).or_insert(Bucket { left: full, at: now });
        let left = filled(*bucket, self.rate, now);
        if left < 1.0 {
            let seconds = ((1.0 - left) / self.rate.per_second).ceil();
            // At most the time in which an empty bucket fills by one.
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "small and positive"
            )]
            return Err(Failure::TooOften { seconds: seconds.max(1.0) as u64 });
        }
        *bucket = Bucket { left: left - 1.0, at: now.max(bucket.at) };
        Ok(())
    }
}

fn filled(bucket: Bucket, rate: Rate, now: Time) -> f64 {
    let seconds = now.duration_since(bucket.at).as_secs_f64().max(0.0);
    (bucket.left + seconds * rate.per_second).min(f64::from(rate.burst))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        Time::from_second(1_900_000_000 + second).unwrap()
    }

    #[test]
    fn a_bucket_empties_says_how_long_to_wait_and_fills_up_again() {
        let buckets = Buckets::new(Rate { burst: 2, per_second: 0.5 });
        assert!(buckets.take(&1, at(0)).is_ok());
        assert!(buckets.take(&1, at(0)).is_ok());
        assert!(matches!(buckets.take(&1, at(0)), Err(Failure::TooOften { seconds: 2 })));
        assert!(buckets.take(&2, at(0)).is_ok(), "another address has a bucket of its own");
        assert!(buckets.take(&1, at(2)).is_ok());
        assert!(buckets.take(&1, at(2)).is_err());
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let buckets = Buckets::new(Rate { burst: 1, per_second: 1.0 });
        assert!(buckets.take(&1, at(10)).is_ok());
        assert!(buckets.take(&1, at(0)).is_err());
        assert!(buckets.take(&1, at(10)).is_err());
        assert!(buckets.take(&1, at(11)).is_ok());
    }
}
