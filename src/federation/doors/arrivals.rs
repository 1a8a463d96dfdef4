//! What comes in at the same time is stored in one transaction. Each is answered after the commit, when it is durable.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::base::*;
use crate::store::federation::{self as rows, NewActivity};
use crate::store::{Conn, Db, Together, deliveries};

/// Activities stored together at most.
const TOGETHER: usize = 256;
/// Transactions under way: one waits for the disk while the next is filled.
const UNDER_WAY: usize = 2;
/// With so many waiting to be stored, servers are sending faster than one after the other.
const MANY: usize = 8;

/// An activity to store.
#[derive(Clone, Debug)]
pub(in crate::federation) struct Arrival {
    /// It.
    pub activity: NewActivity,
    /// Its host, if that was not noted as alive lately.
    pub seen: Option<(HostId, String)>,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(in crate::federation) struct Kept {
    /// It was not here yet.
    pub fresh: bool,
}

/// Stores activities that come in.
pub(in crate::federation) struct Arrivals {
    storing: Together<Arrival, Kept>,
    waiting: AtomicUsize,
}

/// One of those that wait, for as long as it does: who sent it may go away before the end.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn among(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Arrivals {
    /// Stores in this database.
    pub fn new(db: &Db, clock: Clock) -> Self {
        let storing = Together::in_transaction(db, move |conn, arrivals| Box::pin(insert(conn, clock.now(), arrivals)));
        Self { storing: storing.sized(UNDER_WAY, TOGETHER), waiting: AtomicUsize::new(0) }
    }

    /// Lets what comes in go first, if it is much: who sent it waits for an answer, what is stored can wait a little. Done
    /// after `patience` at the latest.
    pub async fn go_first(&self, patience: Duration) {
        let begun = Instant::now();
        while self.waiting.load(Ordering::Relaxed) >= MANY && begun.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
    }

    /// Stores an activity; done when it is durable.
    pub async fn keep(&self, arrival: Arrival) -> Result<Kept> {
        let _counted = Counted::among(&self.waiting);
        self.storing.one(arrival).await
    }
}

async fn insert(conn: &mut Conn, now: Time, arrivals: Vec<Arrival>) -> Result<Vec<Kept>> {
    let mut order: Vec<(usize, Arrival)> = arrivals.into_iter().enumerate().collect();
    // Two transactions that store the same activities do so in the same order, or each could wait for the other.
    order.sort_by(|(_, one), (_, other)| one.activity.uri.cmp(&other.activity.uri));
    let (places, arrivals): (Vec<usize>, Vec<Arrival>) = order.into_iter().unzip();
    let (activities, hosts): (Vec<_>, Vec<_>) = arrivals.into_iter().map(|a| (a.activity, a.seen)).unzip();
    let fresh = rows::insert_activities(conn, &activities).await?;
    let mut kept: Vec<(usize, bool)> = places.into_iter().zip(fresh).collect();
    kept.sort_unstable();
    let hosts: BTreeMap<HostId, String> = hosts.into_iter().flatten().collect();
    for (host, name) in hosts {
        rows::set_seen(conn, host, now).await?;
        // Whoever talks also listens again: what waits for this host is tried now.
        if deliveries::wake_host(conn, &name, now).await? > 0 {
            tracing::info!(host = %name, "a parked host is back");
        }
    }
    Ok(kept.into_iter().map(|(_, fresh)| Kept { fresh }).collect())
}
