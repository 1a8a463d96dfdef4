//! How often something may be tried, by account and device before address: a whole library shares one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::{Error, Result, Time};

/// How often: `burst` at once, then one more each `every` microseconds (the generic cell rate algorithm).
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// At once.
    pub burst: i64,
    /// Then one each, microseconds.
    pub every: i64,
}

/// Counts tries in this process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Throttle(Arc<Mutex<HashMap<String, i64>>>);

/// Entries after which the ones that no longer limit anything are dropped.
const SWEEP_AT: usize = 20_000;

impl Throttle {
    /// Takes one try of each key.
    ///
    /// # Errors
    /// `RateLimited` when one of them has none left; then none is taken.
    pub fn take(&self, tries: &[(String, Quota)], now: Time) -> Result<()> {
        let mut theirs = self.lock();
        if theirs.len() > SWEEP_AT {
            theirs.retain(|_, arrival| *arrival > now.micros());
        }
        let mut longest = 0;
        for (key, quota) in tries {
            longest = longest.max(wait(theirs.get(key), *quota, now));
        }
        if longest > 0 {
            return Err(limited(longest));
        }
        for (key, quota) in tries {
            let arrival = theirs.entry(key.clone()).or_insert(0);
            *arrival = (*arrival).max(now.micros()) + quota.every;
        }
        Ok(())
    }

    /// Whether a key has a try left; takes none.
    ///
    /// # Errors
    /// `RateLimited` when it has none.
    pub fn check(&self, key: &str, quota: Quota, now: Time) -> Result<()> {
        match wait(self.lock().get(key), quota, now) {
            ..=0 => Ok(()),
            wait => Err(limited(wait)),
        }
    }

    /// Forgets the tries of a key: whoever it was has shown who they are.
    pub fn forget(&self, key: &str) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        // The map is whole after any panic: each change of it is one insertion.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long until there is a try again, microseconds; none when there is one now.
fn wait(arrival: Option<&i64>, quota: Quota, now: Time) -> i64 {
    let arrival = arrival.copied().unwrap_or(0).max(now.micros());
    arrival - now.micros() - (quota.burst - 1) * quota.every
}

fn limited(wait: i64) -> Error {
    let seconds = wait.div_euclid(Time::SECOND) + 1;
    Error::RateLimited { retry_after: u64::try_from(seconds).unwrap_or(1) }
}

/// What stands for an address: an IPv6 customer has a whole /64.
pub fn address_key(address: Option<IpAddr>) -> String {
    match address.map(|a| a.to_canonical()) {
        Some(IpAddr::V6(a)) => format!("{:x}", a.to_bits() >> 64),
        Some(IpAddr::V4(a)) => a.to_string(),
        None => "?".to_owned(),
    }
}
