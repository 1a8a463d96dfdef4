//! Places for work at once. Work that waits long for another server gives its place up and goes on beside it, so that slow
//! and dead servers do not take the places of those that answer; and servers of which nothing is known are tried beside it from
//! the start, few at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

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
    /// A quarter as many as `quick`: meeting a server costs several times what a delivery does.
    trying: Arc<Semaphore>,
    sizes: (usize, usize),
    aside_after: Duration,
    freed: Arc<Notify>,
}

/// A place, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    permit: Option<OwnedSemaphorePermit>,
    patient: Option<Arc<Semaphore>>,
    trying: Arc<Semaphore>,
    tried: Option<OwnedSemaphorePermit>,
    reserved: usize,
    aside_after: Duration,
    freed: Arc<Notify>,
}

impl Seats {
    /// So many places, and so many for what has waited for `aside_after`, which is at most [`SLOW`].
    pub fn new(quick: usize, patient: usize, aside_after: Duration) -> Self {
        Self {
            quick: Arc::new(Semaphore::new(quick)),
            patient: Arc::new(Semaphore::new(patient)),
            trying: Arc::new(Semaphore::new(quick.div_ceil(4))),
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
        Seat {
            permit,
            patient: Some(self.patient.clone()),
            trying: self.trying.clone(),
            tried: None,
            reserved: self.sizes.1 / 2,
            aside_after: self.aside_after,
            freed: self.freed.clone(),
        }
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
        Self {
            permit: None,
            patient: None,
            trying: Arc::new(Semaphore::new(1)),
            tried: None,
            reserved: 0,
            aside_after: SLOW,
            freed: Arc::default(),
        }
    }

    /// Does what may wait for another server. Whether that was slow is told with the outcome.
    pub async fn waiting<F: Future>(&mut self, work: F) -> (F::Output, bool) {
        let mut work = std::pin::pin!(work);
        let at_once = tokio::time::timeout(self.aside_after, &mut work).await;
        self.tried = None;
        if let Ok(done) = at_once {
            return (done, false);
        }
        let slow_from = Instant::now() + SLOW.saturating_sub(self.aside_after);
        let done = tokio::select! {
            done = &mut work => done,
            () = self.room_aside() => work.await,
        };
        (done, Instant::now() > slow_from)
    }

    /// Gives the place to others as soon as there is room among the slow.
    async fn room_aside(&mut self) {
        let Some(patient) = self.patient.clone() else { return };
        self.permit = patient.acquire_owned().await.ok();
        self.patient = None;
        self.freed.notify_one();
    }

    /// Gives the place to others, and waits to be one of few that try out a server: until it answers, or is seen to be slow.
    /// Half of the room among the slow is left to those that are.
    pub async fn try_out(&mut self) {
        if self.patient.as_ref().is_some_and(|patient| patient.available_permits() > self.reserved) {
            self.step_aside();
        }
        if self.patient.is_none() {
            // The semaphore is never closed; without a permit one more tries.
            self.tried = self.trying.clone().acquire_owned().await.ok();
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
