//! What comes in at the same time is stored in one transaction. Each is answered after the commit, when it is durable.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::base::*;
use crate::store::federation::{self as rows, NewActivity};
use crate::store::{Conn, Db, deliveries};

/// Activities stored together at most, and those that may wait for it.
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

type Waiting = (Arrival, oneshot::Sender<Result<Kept>>);

/// Stores activities that come in.
#[derive(Debug)]
pub(in crate::federation) struct Arrivals {
    queue: mpsc::Sender<Waiting>,
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
    /// Begins, in a task of its own that ends when this goes.
    pub fn start(db: Db, clock: Clock) -> Self {
        let (queue, receiver) = mpsc::channel(4 * TOGETHER);
        tokio::spawn(gather(db, clock, receiver));
        Self { queue, waiting: AtomicUsize::new(0) }
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
        let (sender, receiver) = oneshot::channel();
        let gone = || Error::Unavailable("nothing is stored any more".to_owned());
        self.queue.send((arrival, sender)).await.map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }
}

async fn gather(db: Db, clock: Clock, mut queue: mpsc::Receiver<Waiting>) {
    let under_way = Arc::new(Semaphore::new(UNDER_WAY));
    let mut waiting = Vec::with_capacity(TOGETHER);
    while let Ok(turn) = under_way.clone().acquire_owned().await
        && queue.recv_many(&mut waiting, TOGETHER).await > 0
    {
        let (db, clock, together) = (db.clone(), clock.clone(), std::mem::take(&mut waiting));
        tokio::spawn(async move {
            keep_together(&db, &clock, together).await;
            drop(turn);
        });
    }
}

async fn keep_together(db: &Db, clock: &Clock, mut waiting: Vec<Waiting>) {
    // Two transactions that store the same activities do so in the same order, or each could wait for the other.
    waiting.sort_by(|one, other| one.0.activity.uri.cmp(&other.0.activity.uri));
    let (arrivals, answers): (Vec<Arrival>, Vec<_>) = waiting.into_iter().unzip();
    let kept = if arrivals.len() == 1 { None } else { Some(store(db, clock.now(), arrivals.clone()).await) };
    match kept {
        Some(Ok(all)) => {
            for (answer, kept) in answers.into_iter().zip(all) {
                // Who sent it may have gone away; it is stored all the same.
                let _ = answer.send(Ok(kept));
            }
        }
        // Alone, or one of them spoils it for the others: each by itself.
        _ => {
            for (answer, arrival) in answers.into_iter().zip(arrivals) {
                let alone = store(db, clock.now(), vec![arrival]).await;
                let alone = alone
                    .and_then(|all| all.first().copied().ok_or_else(|| Error::internal("an activity was not stored")));
                let _ = answer.send(alone);
            }
        }
    }
}

async fn store(db: &Db, now: Time, arrivals: Vec<Arrival>) -> Result<Vec<Kept>> {
    db.write(move |conn| Box::pin(async move { insert(conn, now, arrivals).await })).await
}

async fn insert(conn: &mut Conn, now: Time, arrivals: Vec<Arrival>) -> Result<Vec<Kept>> {
    let (activities, hosts): (Vec<_>, Vec<_>) = arrivals.into_iter().map(|a| (a.activity, a.seen)).unzip();
    let fresh = rows::insert_activities(conn, &activities).await?;
    let hosts: BTreeMap<HostId, String> = hosts.into_iter().flatten().collect();
    for (host, name) in hosts {
        rows::set_seen(conn, host, now).await?;
        // Whoever talks also listens again: what waits for this host is tried now.
        if deliveries::wake_host(conn, &name, now).await? > 0 {
            tracing::info!(host = %name, "a parked host is back");
        }
    }
    Ok(fresh.into_iter().map(|fresh| Kept { fresh }).collect())
}
