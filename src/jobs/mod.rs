//! Room: the runner of the queue: claim, run, retry, schedule.
//! May import: base, config, domain, store.

mod lately;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::{Notify, Semaphore, watch};

use crate::base::{Clock, Result, Rng, Time};
use crate::store::{Db, jobs};

pub use lately::Lately;

/// Runs one job from its JSON payload. Jobs are idempotent: a claim may run out.
pub type Handler = Arc<dyn Fn(String) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// How long a claim lasts after the last sign of life; then another process takes the job over.
const LEASE: Duration = Duration::from_secs(60);
/// How often a job that takes long gives a sign of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);
/// Tries before a job is given up and shown to the administrator.
const MAX_TRIES: i32 = 12;
/// Jobs at once in one process, and jobs of one lane claimed at once.
const AT_ONCE: (usize, i64) = (48, 64);
/// How many times as many are claimed as were done since the claim before, and at most: where they are quick, the next are at
/// hand.
const AHEAD: (usize, usize) = (2, 128);
/// How long they may wait for a worker.
const IN_HAND: Duration = Duration::from_millis(250);
/// How long the runner waits for several of its workers, so that it does not claim for each alone.
const TOGETHER: Duration = Duration::from_millis(4);
/// How often the queue is looked at when nothing woke the runner: other processes add jobs too.
const POLL: Duration = Duration::from_millis(1000);

tokio::task_local! {
    static CLAIMED_AT: Instant;
}

/// When the job that runs in this task was claimed: what was read from the database since then is as new as all that led to the
/// job. None outside of jobs.
fn claimed_at() -> Option<Instant> {
    CLAIMED_AT.try_with(|at| *at).ok()
}

/// Wakes the runner after a commit that added jobs.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// There is work.
    pub fn now(&self) {
        self.0.notify_one();
    }

    /// Waits until there is work, or `at_most`.
    pub async fn wait(&self, at_most: Duration) {
        // Running out of time is as good as being woken: the caller looks at the queue.
        let _ = tokio::time::timeout(at_most, self.0.notified()).await;
    }
}

/// The runner: claims due jobs and hands each to the handler of its kind.
pub struct Runner {
    /// The queue.
    pub db: Db,
    /// Time.
    pub clock: Clock,
    /// Jitter.
    pub rng: Rng,
    /// Woken after commits.
    pub wake: Wake,
    /// By kind.
    pub handlers: HashMap<&'static str, Handler>,
    /// By kind and payload: those next to each other in a lane are run at the same time, for each concerns something else.
    pub side_by_side: fn(&str, &str) -> bool,
    /// Jobs that were done and are still in the queue; see [`Runner::claim`].
    pub done: Done,
}

/// Ids of jobs that were done.
#[derive(Debug, Default)]
pub struct Done(Mutex<Vec<i64>>);

impl Done {
    fn add(&self, ids: &[i64]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(ids);
    }

    fn take(&self) -> Vec<i64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Runner {
    /// Runs until `stop` turns true, then lets what runs finish.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let runner = Arc::new(self);
        let slots = Arc::new(Semaphore::new(AT_ONCE.0));
        while !*stop.borrow() {
            match runner.claim(slots.available_permits()).await {
                Ok(rows) if rows.is_empty() => {
                    tokio::select! {
                        () = runner.wake.wait(POLL) => {}
                        _ = stop.changed() => {}
                    }
                }
                Ok(rows) => {
                    runner.start(rows, &slots, &stop).await;
                    let quarter = slots.acquire_many(u32::try_from(AT_ONCE.0 / 4).unwrap_or(1));
                    // Either way the next claim takes what is free.
                    drop(tokio::time::timeout(TOGETHER, quarter).await);
                }
                Err(error) => {
                    tracing::warn!(%error, "claiming jobs");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
        // Waiting for every slot means waiting for every running job.
        let _ = slots.acquire_many(u32::try_from(AT_ONCE.0).unwrap_or(1)).await;
        runner.note_done().await;
    }

    /// Starts rows as slots become free, for a moment; what then has none is given back: who holds a claim must be at work.
    async fn start(
        self: &Arc<Self>,
        rows: Vec<Vec<jobs::Claimed>>,
        slots: &Arc<Semaphore>,
        stop: &watch::Receiver<bool>,
    ) {
        let (claimed, mut rows) = (Instant::now(), rows.into_iter());
        let until = tokio::time::Instant::from_std(claimed + IN_HAND);
        while let Some(row) = rows.next() {
            // The semaphore is never closed.
            let free = tokio::time::timeout_at(until, slots.clone().acquire_owned()).await.ok().and_then(Result::ok);
            let Some(permit) = free.filter(|_| !*stop.borrow()) else {
                let left: Vec<i64> = row.iter().chain(rows.as_slice().iter().flatten()).map(|job| job.id).collect();
                return self.give_back(left).await;
            };
            let runner = self.clone();
            tokio::spawn(async move {
                CLAIMED_AT.scope(claimed, runner.run_row(row)).await;
                drop(permit);
                // A free slot: there may be more waiting than was claimed.
                runner.wake.now();
            });
        }
    }

    async fn give_back(&self, ids: Vec<i64>) {
        let noted = self.db.write(move |conn| Box::pin(async move { jobs::give_back(conn, &ids).await }));
        if let Err(error) = noted.await {
            tracing::error!(%error, "jobs could not be given back; they run when the claim ends");
        }
    }

    async fn note_done(&self) {
        if let Err(error) = self.claim(0).await {
            tracing::error!(%error, "what was done could not be noted; it is done again when the claim ends");
        }
    }

    /// Claims due jobs, as rows: each job alone, those of one lane together. In the same transaction those leave the queue
    /// that were done meanwhile; a job may run twice.
    async fn claim(&self, slots: usize) -> Result<Vec<Vec<jobs::Claimed>>> {
        let (now, done) = (self.clock.now(), self.done.take());
        // A cheap look first, so that an idle instance does not write.
        if done.is_empty() && (slots == 0 || !jobs::any_due(&mut self.db.read().await?, now).await?) {
            return Ok(Vec::new());
        }
        let ahead = if slots == 0 { 0 } else { AHEAD.1.min(AHEAD.0 * done.len()) };
        let (limit, finished, until) = (i64::try_from(slots.max(ahead)).unwrap_or(1), done.clone(), self.until());
        let write = self.db.write(move |conn| {
            Box::pin(async move { jobs::claim(conn, &finished, now, until, limit, AT_ONCE.1).await })
        });
        let claimed = write.await.inspect_err(|_| self.done.add(&done))?;
        let mut rows: Vec<Vec<jobs::Claimed>> = Vec::new();
        for job in claimed {
            match rows.iter_mut().find(|row| job.lane.is_some() && row[0].lane == job.lane) {
                Some(row) => row.push(job),
                None => rows.push(vec![job]),
            }
        }
        // A lane has one worker; it begins at once.
        rows.sort_by_key(|row| row[0].lane.is_none());
        Ok(rows)
    }

    /// Runs jobs in order; when one fails, those behind it are given back and wait for it. What was done is noted with the
    /// next claim.
    async fn run_row(&self, row: Vec<jobs::Claimed>) {
        let (mut row, mut done, mut given) = (std::collections::VecDeque::from(row), Vec::new(), Vec::new());
        let mut sign = Instant::now();
        while let Some(first) = row.pop_front() {
            let mut next = vec![first];
            let alone = |job: &jobs::Claimed| !(self.side_by_side)(&job.kind, &job.payload);
            if !alone(&next[0]) {
                let beside = row.iter().take_while(|job| !alone(job)).count();
                next.extend(row.drain(..beside));
            }
            let waiting: Vec<i64> = row.iter().map(|job| job.id).collect();
            // The claim on those that were done is kept as well, until that is noted.
            let others: Vec<i64> = waiting.iter().chain(&done).copied().collect();
            let count = next.len();
            let worked = self.run_all(next, &others, &mut sign).await;
            let failed = worked.len() < count;
            done.extend(worked);
            // Without a sign of life for so long another process may be at work on the rest.
            if failed || sign.elapsed() >= LEASE {
                given = waiting;
                break;
            }
        }
        self.done.add(&done);
        if !given.is_empty() {
            self.give_back(given).await;
        }
    }

    /// Runs jobs at the same time; those that were done. The claim on `others` is kept meanwhile; `sign` is when that was done
    /// last.
    async fn run_all(&self, all: Vec<jobs::Claimed>, others: &[i64], sign: &mut Instant) -> Vec<i64> {
        let held: Vec<i64> = all.iter().map(|job| job.id).chain(others.iter().copied()).collect();
        let work = futures_util::future::join_all(all.iter().map(|job| self.handle(job)));
        let results = self.alive(work, &held, sign).await;
        let mut done = Vec::new();
        for (job, result) in all.into_iter().zip(results) {
            match result {
                Ok(()) => done.push(job.id),
                Err(error) => self.note_failure(&job, &error).await,
            }
        }
        done
    }

    fn handle(&self, job: &jobs::Claimed) -> BoxFuture<'static, Result<()>> {
        match self.handlers.get(job.kind.as_str()) {
            Some(handler) => handler(job.payload.clone()),
            None => {
                let missing = crate::base::Error::internal(format!("no handler for jobs of kind {}", job.kind));
                Box::pin(std::future::ready(Err(missing)))
            }
        }
    }

    async fn note_failure(&self, job: &jobs::Claimed, error: &crate::base::Error) {
        let (id, now) = (job.id, self.clock.now());
        tracing::warn!(job = %job.kind, tries = job.tries, %error, "job failed");
        let again = (job.tries < MAX_TRIES).then(|| now.plus(self.backoff(job.tries)));
        let text = error.to_string();
        let noted = self.db.write(move |conn| Box::pin(async move { jobs::fail(conn, id, &text, again, now).await }));
        if let Err(error) = noted.await {
            tracing::error!(job = %job.kind, %error, "the outcome of a job could not be stored; it will run again");
        }
    }

    /// Gives signs of life of jobs while `work` runs. When none can be given the work goes on: the jobs may be done twice.
    async fn alive<R>(&self, work: impl Future<Output = R>, held: &[i64], sign: &mut Instant) -> R {
        let mut work = std::pin::pin!(work);
        let mut tried = *sign;
        loop {
            let next = tokio::time::sleep_until(tokio::time::Instant::from_std(tried + SIGN_OF_LIFE));
            tokio::select! {
                result = &mut work => return result,
                () = next => {}
            }
            let (ids, until) = (held.to_vec(), self.until());
            tried = Instant::now();
            let keep = self.db.write(move |conn| Box::pin(async move { jobs::extend(conn, &ids, until).await }));
            tokio::select! {
                // It goes on meanwhile: it may have the very connection that others wait for.
                result = &mut work => return result,
                kept = keep => match kept {
                    Ok(_) => *sign = tried,
                    Err(error) => tracing::warn!(%error, "a claim could not be kept"),
                }
            }
        }
    }

    /// Until when a claim lasts that is made or kept now.
    fn until(&self) -> Time {
        self.clock.now().plus(i64::try_from(LEASE.as_micros()).unwrap_or(Time::MINUTE))
    }

    /// 2 s, 4 s, 8 s … up to an hour, with jitter.
    fn backoff(&self, tries: i32) -> i64 {
        let exponent = u32::try_from(tries.clamp(1, 11)).unwrap_or(1);
        let base = (Time::SECOND << exponent).min(Time::HOUR);
        let factor = (self.rng.factor(0.8, 1.2) * 1000.0).round();
        // Whole thousandths keep this in integers.
        base / 1000 * factor_to_i64(factor)
    }
}

fn factor_to_i64(factor: f64) -> i64 {
    format!("{factor:.0}").parse().unwrap_or(1000)
}
