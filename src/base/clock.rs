use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::Time;

/// Where "now" comes from. Tests hold it still and move it by hand.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    fixed: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self { fixed: None }
    }

    /// A clock that stands still at `at` until [`Clock::advance`] moves it.
    pub fn fixed(at: Time) -> Self {
        Self { fixed: Some(Arc::new(AtomicI64::new(at.micros()))) }
    }

    /// The present moment, UTC.
    pub fn now(&self) -> Time {
        match &self.fixed {
            Some(at) => Time::from_micros(at.load(Ordering::Relaxed)),
            None => Time::from_micros(jiff::Timestamp::now().as_microsecond()),
        }
    }

    /// Moves a fixed clock forward by `micros`; the machine's clock is left alone.
    pub fn advance(&self, micros: i64) {
        if let Some(at) = &self.fixed {
            at.fetch_add(micros, Ordering::Relaxed);
        }
    }
}
