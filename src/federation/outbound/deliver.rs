//! Delivery: lanes are claimed, what waits in them is signed anew for each try and sent in order. One slow or dead server
//! holds up nobody else.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::sync::{Semaphore, watch};
use url::Url;

use super::super::fetch::signed_headers;
use super::super::sign::Form;
use super::super::state::Federation;
use crate::base::*;
use crate::net::{Post, PostOutcome};
use crate::store::actors;
use crate::store::deliveries::{self, Delivery, Lane};

/// How long a claimed lane may be silent before another process takes it over.
const LEASE: i64 = 2 * Time::MINUTE;
/// The longest sleep when nothing wakes us: other processes add deliveries too.
const POLL: Duration = Duration::from_millis(1000);
/// Deliveries read from a lane at once.
const CHUNK: i64 = 16;
/// The shortest and the longest pause after failures.
const PAUSE: (i64, i64) = (15 * Time::SECOND, 24 * Time::HOUR);
/// After this long a delivery is given up.
const GIVE_UP: i64 = 7 * Time::DAY;
/// After this many failures a delivery steps aside, if its host answers others.
const ASIDE: i32 = 3;

/// What came of one try.
enum Outcome {
    /// Taken.
    Delivered,
    /// Never to be tried again.
    Dropped(String),
    /// To be tried again, not before this many seconds if the other side said so. The flag tells whether the host
    /// answered at all.
    Later { why: String, after: Option<u64>, answered: bool },
}

impl Federation {
    /// Delivers until `stop` turns true, then lets what is under way finish.
    pub(in crate::federation) async fn run_deliveries(&self, mut stop: watch::Receiver<bool>) {
        let total = usize::try_from(self.ctx.config.limits.deliveries_total.max(1)).unwrap_or(64);
        let slots = Arc::new(Semaphore::new(total));
        let holder = self.ctx.rng.code(12);
        while !*stop.borrow() {
            let claimed = match self.claim_lanes(&holder, slots.available_permits()).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::warn!(%error, "claiming lanes");
                    tokio::time::sleep(POLL).await;
                    continue;
                }
            };
            if claimed.is_empty() {
                tokio::select! {
                    () = self.outbound.notified() => {}
                    () = tokio::time::sleep(POLL) => {}
                    _ = stop.changed() => {}
                }
                continue;
            }
            for lane in claimed {
                let Ok(slot) = slots.clone().acquire_owned().await else { return };
                let federation = self.clone();
                tokio::spawn(async move {
                    federation.run_lane(lane).await;
                    drop(slot);
                    // A free slot: there may be lanes that were not claimed for want of one.
                    federation.outbound.notify_one();
                });
            }
        }
        let _ = slots.acquire_many(u32::try_from(total).unwrap_or(1)).await;
    }

    /// Delivers everything that is due now, in this task; how many lanes that were. For tests and the command line.
    pub async fn deliver_due(&self) -> Result<usize> {
        let mut count = 0;
        loop {
            let claimed = self.claim_lanes("drain", 64).await?;
            if claimed.is_empty() {
                return Ok(count);
            }
            count += claimed.len();
            futures_util::future::join_all(claimed.into_iter().map(|lane| self.run_lane(lane))).await;
        }
    }

    async fn claim_lanes(&self, holder: &str, most: usize) -> Result<Vec<Lane>> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let now = self.ctx.now();
        // A cheap look first, so that an idle instance does not write.
        let next = deliveries::next_due(&mut self.ctx.db.read().await?, now).await?;
        if next.is_none_or(|at| at > now.micros()) {
            return Ok(Vec::new());
        }
        let per_host = usize::try_from(self.ctx.config.limits.deliveries_per_host.max(1)).unwrap_or(4);
        let holder = holder.to_owned();
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move { deliveries::claim(conn, now, now.plus(LEASE), &holder, most, per_host).await })
            })
            .await
    }

    async fn run_lane(&self, lane: Lane) {
        let key = lane.key.clone();
        if let Err(error) = self.empty_lane(lane).await {
            // The lease runs out and the lane is taken up again: nothing is lost.
            tracing::warn!(%error, lane = %key, "working on a lane");
        }
    }

    /// Sends what waits in a lane, in order, until it is empty or something fails.
    async fn empty_lane(&self, lane: Lane) -> Result<()> {
        let mut failures = lane.failures;
        loop {
            let waiting = deliveries::in_lane(&mut self.ctx.db.read().await?, &lane.key, CHUNK).await?;
            if waiting.is_empty() {
                return self.release(&lane, 0, self.ctx.now()).await;
            }
            let mut done = Vec::new();
            let mut failed = None;
            for delivery in &waiting {
                match self.deliver(&lane, delivery).await {
                    Outcome::Delivered => {
                        failures = 0;
                        done.push(delivery.id);
                    }
                    Outcome::Dropped(why) => {
                        tracing::info!(inbox = %lane.inbox, %why, "delivery given up");
                        done.push(delivery.id);
                    }
                    Outcome::Later { why, after, answered } => {
                        failed = Some((delivery.id, delivery.tries, why, after, answered));
                        break;
                    }
                }
            }
            self.take_off(&lane, done).await?;
            if let Some((id, tries, why, after, answered)) = failed {
                return self.postpone(&lane, failures, id, tries, why, after, answered).await;
            }
        }
    }

    async fn take_off(&self, lane: &Lane, done: Vec<i64>) -> Result<()> {
        let (key, fence, until) = (lane.key.clone(), lane.fence, self.ctx.now().plus(LEASE));
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move {
                    if deliveries::extend(conn, &key, fence, until).await? == 0 {
                        return Err(Error::Unavailable("the lane was taken over".to_owned()));
                    }
                    if !done.is_empty() {
                        deliveries::remove(conn, &key, fence, &done).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn release(&self, lane: &Lane, failures: i32, next: Time) -> Result<()> {
        let (key, fence) = (lane.key.clone(), lane.fence);
        self.ctx
            .db
            .write(move |conn| Box::pin(async move { deliveries::release(conn, &key, fence, failures, next).await }))
            .await
            .map(|_| ())
    }

    /// After a failure: the lane waits; or, where the host answers others, the one that fails steps aside.
    async fn postpone(
        &self,
        lane: &Lane,
        failures: i32,
        id: i64,
        tries: i32,
        why: String,
        after: Option<u64>,
        answered: bool,
    ) -> Result<()> {
        let (now, failures) = (self.ctx.now(), failures.saturating_add(1));
        tracing::debug!(inbox = %lane.inbox, failures, %why, "delivery postponed");
        let pause =
            after.and_then(|s| i64::try_from(s).ok()).map_or_else(|| self.pause(failures), |s| s * Time::SECOND);
        let next = now.plus(pause.min(PAUSE.1));
        let aside = answered && tries + 1 >= ASIDE && !lane.key.contains(" aside ");
        let (lane, fence) = (lane.clone(), lane.fence);
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move {
                    deliveries::note_failure(conn, id, &why).await?;
                    if aside {
                        deliveries::step_aside(conn, id, &lane.host, &lane.inbox, failures, next).await?;
                        deliveries::release(conn, &lane.key, fence, 0, now).await?;
                    } else {
                        deliveries::release(conn, &lane.key, fence, failures, next).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// 15 s, 30 s, 1 min … up to a day, with jitter.
    fn pause(&self, failures: i32) -> i64 {
        let doublings = u32::try_from(failures.clamp(1, 14) - 1).unwrap_or(0);
        let base = PAUSE.0.saturating_mul(1 << doublings).min(PAUSE.1);
        let thousandths = i64::from(self.ctx.rng.bytes::<1>()[0]) * 2 + 745;
        base / 1000 * thousandths
    }

    async fn deliver(&self, lane: &Lane, delivery: &Delivery) -> Outcome {
        let now = self.ctx.now();
        if now.since(time_of(delivery.id)) > GIVE_UP {
            return Outcome::Dropped("a week without success".to_owned());
        }
        match self.try_delivery(lane, delivery).await {
            Ok(outcome) if outcome.delivered() => Outcome::Delivered,
            Ok(outcome) => {
                let why = format!(
                    "answered {}: {}",
                    outcome.status,
                    outcome.body_start.chars().take(200).collect::<String>()
                );
                if outcome.retryable() {
                    Outcome::Later { why, after: outcome.retry_after, answered: true }
                } else {
                    Outcome::Dropped(why)
                }
            }
            Err(Error::RemoteFailed { retryable: false, detail, .. }) => Outcome::Dropped(detail),
            Err(Error::NotFound | Error::Gone | Error::Forbidden { .. }) => {
                Outcome::Dropped("its sender is gone".to_owned())
            }
            Err(error) => Outcome::Later { why: error.to_string(), after: None, answered: false },
        }
    }

    /// One delivery, in the form its host was seen to take; in the other form once when that is refused.
    async fn try_delivery(&self, lane: &Lane, delivery: &Delivery) -> Result<PostOutcome> {
        self.check_host_of(&lane.inbox).await?;
        let url = Url::parse(&lane.inbox).map_err(|_| Error::NotFound)?;
        let body = Bytes::from(delivery.body.clone());
        let first = self.form_of(&lane.host).await?;
        let outcome = self.post_in_form(&url, delivery.signer_id, body.clone(), first).await?;
        let other = match first {
            Form::Cavage if outcome.status == 401 => Form::Rfc9421,
            Form::Rfc9421 if matches!(outcome.status, 400 | 401) => Form::Cavage,
            _ => return Ok(outcome),
        };
        let again = self.post_in_form(&url, delivery.signer_id, body, other).await?;
        if again.delivered() {
            self.remember_form(&lane.host, other).await?;
        }
        Ok(again)
    }

    /// A fresh date and signature over bytes that never change.
    async fn post_in_form(&self, url: &Url, signer: ActorId, body: Bytes, form: Form) -> Result<PostOutcome> {
        let signer = actors::get(&mut self.ctx.db.read().await?, signer).await?;
        let keys = self.keys.of(&signer).await?;
        let (now, signed_url, signed_body) = (self.ctx.now(), url.clone(), body.clone());
        let sign = move || signed_headers(&keys, form, "POST", &signed_url, Some(&signed_body), now);
        let signed = tokio::task::spawn_blocking(sign).await.map_err(Error::internal)??;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/activity+json"));
        headers.extend(signed);
        self.client.post(Post { url, headers, body }).await
    }
}
