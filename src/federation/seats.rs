//! Places for work at once. Work that waits long for another server gives its place up and goes on beside it, so that slow
//! and dead servers do not take the places of those that answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Work that waits this long for another server is slow.
pub(super) const SLOW: Duration = Duration::from_millis(400);
/// How long whoever hands out work waits for several free places, so that it does not claim for each alone.
const TOGETHER: Duration = Duration::from_millis(8);

/// The places.
#[derive(Debug)]
pub(super) struct Seats {
    quick: Arc<Semaphore>,
    patient: Arc<Semaphore>,
    sizes: (usize, usize),
    aside_after: Duration,
    freed: Arc<Notify>,
}

/// A place, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    permit: Option<OwnedSemaphorePermit>,
    patient: Option<Arc<Semaphore>>,
    aside_after: Duration,
    freed: Arc<Notify>,
}

impl Seats {
    /// So many places, and so many for what has waited for `aside_after`, which is at most [`SLOW`].
    pub fn new(quick: usize, patient: usize, aside_after: Duration) -> Self {
        Self {
            quick: Arc::new(Semaphore::new(quick)),
            patient: Arc::new(Semaphore::new(patient)),
            sizes: (quick, patient),
            aside_after,
            freed: Arc::default(),
        }
    }

    /// How many are free.
    pub fn free(&self) -> usize {
        self.quick.available_permits()
    }

    /// Waits for a place.
    pub async fn take(&self) -> Seat {
        // The semaphore is never closed; without a permit work would merely not be counted.
        let permit = self.quick.clone().acquire_owned().await.ok();
        Seat { permit, patient: Some(self.patient.clone()), aside_after: self.aside_after, freed: self.freed.clone() }
    }

    /// Waits until a place was given back.
    pub async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Waits until a quarter of the places is free, but not long.
    pub async fn several(&self) {
        let quarter = u32::try_from(self.sizes.0.div_ceil(4)).unwrap_or(1);
        // Either way whoever asked takes what is free.
        drop(tokio::time::timeout(TOGETHER, self.quick.acquire_many(quarter)).await);
    }

    /// Waits until all work is done.
    pub async fn all(&self) {
        for (semaphore, size) in [(&self.quick, self.sizes.0), (&self.patient, self.sizes.1)] {
            drop(semaphore.acquire_many(u32::try_from(size).unwrap_or(1)).await);
        }
    }
}

impl Seat {
    /// A place that is not counted, for work in the caller's own task.
    pub fn uncounted() -> Self {
        Self { permit: None, patient: None, aside_after: SLOW, freed: Arc::default() }
    }

    /// Does what may wait for another server. Whether that was slow is told with the outcome.
    pub async fn waiting<F: Future>(&mut self, work: F) -> (F::Output, bool) {
        let mut work = std::pin::pin!(work);
        if let Ok(done) = tokio::time::timeout(self.aside_after, &mut work).await {
            return (done, false);
        }
        self.step_aside();
        match tokio::time::timeout(SLOW.saturating_sub(self.aside_after), &mut work).await {
            Ok(done) => (done, false),
            Err(_) => (work.await, true),
        }
    }

    /// Gives the place to others, if there is room among the slow.
    pub fn step_aside(&mut self) {
        let Some(patient) = &self.patient else { return };
        if let Ok(permit) = patient.clone().try_acquire_owned() {
            self.permit = Some(permit);
            self.patient = None;
            self.freed.notify_one();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // First the place, then the word of it.
        self.permit = None;
        self.freed.notify_one();
    }
}
