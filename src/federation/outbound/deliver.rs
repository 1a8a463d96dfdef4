//! Delivery: lanes are claimed, what waits in them is signed anew for each try and sent in order. One slow or dead server
//! holds up nobody else.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::sync::{mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior};
use url::Url;

use super::super::fetch::{form_of_host, signed_headers};
use super::super::keys::OwnKeys;
use super::super::memberships::SYNCHRONIZATION;
use super::super::seats::{Seat, Seats};
use super::super::sign::Form;
use super::super::state::Federation;
use crate::base::*;
use crate::net::{Post, PostOutcome};
use crate::store::deliveries::{self, Delivery, Lane, Settled};
use crate::store::with_short_reads;

/// How long a claimed lane may be silent before another process takes it over.
const LEASE: i64 = 2 * Time::MINUTE;
/// The longest sleep when nothing wakes us: other processes add deliveries too.
const POLL: Duration = Duration::from_millis(1000);
/// How long after the last time lanes are claimed or settled again, when these were not many: each time costs the same.
const PACE: Duration = Duration::from_millis(20);
/// Deliveries read from a lane at once.
pub(in crate::federation) const CHUNK: i64 = 16;
/// Lanes settled in one transaction at most.
const SETTLED_TOGETHER: usize = 256;
/// How many times as many lanes may wait for servers that are slow, or not known yet, as may be under way.
const PATIENT: usize = 8;
/// A delivery that takes longer leaves its place to others: so long a host that was quick and is not any more takes one.
const ASIDE_AFTER: Duration = Duration::from_millis(80);
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

/// How the deliveries of a lane go out: found once for all that are sent in one go.
struct Way {
    url: Url,
    keys: Arc<OwnKeys>,
    form: Form,
    /// Which members a closed group has there.
    members: Option<HeaderValue>,
}

fn pace() -> Interval {
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

impl Federation {
    /// Delivers until `stop` turns true, then lets what is under way finish.
    pub(in crate::federation) async fn run_deliveries(&self, mut stop: watch::Receiver<bool>) {
        let total = usize::try_from(self.ctx.config.limits.deliveries_total.max(1)).unwrap_or(64);
        let seats = Seats::new(total, total.saturating_mul(PATIENT), ASIDE_AFTER);
        let (settled, queue) = mpsc::channel(SETTLED_TOGETHER);
        let settling = tokio::spawn(self.clone().settle_all(queue));
        let holder = self.ctx.rng.code(12);
        let (mut pace, mut more) = (pace(), false);
        while !*stop.borrow() {
            if !more {
                pace.tick().await;
            }
            let free = seats.free();
            let claimed = match with_short_reads(self.claim_lanes(&holder, free)).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::warn!(%error, "claiming lanes");
                    tokio::time::sleep(POLL).await;
                    continue;
                }
            };
            more = claimed.len() == free && free > 0;
            if claimed.is_empty() {
                tokio::select! {
                    () = self.outbound.notified() => {}
                    () = seats.freed() => {}
                    () = tokio::time::sleep(POLL) => {}
                    _ = stop.changed() => {}
                }
                continue;
            }
            for lane in claimed {
                let (federation, settled, mut seat) = (self.clone(), settled.clone(), seats.take().await);
                tokio::spawn(with_short_reads(async move {
                    if let Some(done) = federation.run_lane(&lane, &mut seat).await {
                        // Without its reader the lease runs out, and what was sent is sent again.
                        let _ = settled.send(done).await;
                    }
                }));
            }
            seats.several().await;
        }
        seats.all().await;
        drop(settled);
        if let Err(error) = settling.await {
            tracing::error!(%error, "settling lanes");
        }
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
            let run = async |lane: Lane| self.run_lane(&lane, &mut Seat::uncounted()).await;
            let done = futures_util::future::join_all(claimed.into_iter().map(run)).await;
            self.settle(done.into_iter().flatten().collect()).await;
        }
    }

    /// Takes off what was delivered, many lanes in one transaction: while one is being committed the next gathers.
    async fn settle_all(self, mut queue: mpsc::Receiver<Settled>) {
        let (mut settled, mut pace) = (Vec::with_capacity(SETTLED_TOGETHER), pace());
        while queue.recv_many(&mut settled, SETTLED_TOGETHER).await > 0 {
            let more = settled.len() == SETTLED_TOGETHER;
            self.settle(std::mem::take(&mut settled)).await;
            if !more {
                pace.tick().await;
            }
        }
    }

    async fn settle(&self, settled: Vec<Settled>) {
        // Once more after trouble: two transactions of PostgreSQL may have been in each other's way.
        for last in [false, true] {
            let (now, settled) = (self.ctx.now(), settled.clone());
            let write =
                self.ctx.db.write(move |conn| Box::pin(async move { deliveries::settle(conn, &settled, now).await }));
            match write.await {
                Ok(0) => return,
                // Something was added meanwhile.
                Ok(_) => return self.outbound.notify_one(),
                // The leases run out and the lanes are taken up again: nothing is lost.
                Err(error) => tracing::warn!(%error, last, "settling lanes"),
            }
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

    async fn run_lane(&self, lane: &Lane, seat: &mut Seat) -> Option<Settled> {
        if self.slow_hosts.contains_key(&lane.host) {
            seat.step_aside();
        } else if !self.quick_hosts.contains_key(&lane.host) {
            seat.try_out().await;
        }
        match self.empty_lane(lane, seat).await {
            Ok(settled) => settled,
            Err(error) => {
                // The lease runs out and the lane is taken up again: nothing is lost.
                tracing::warn!(%error, lane = %lane.key, "working on a lane");
                None
            }
        }
    }

    /// Sends the first that waits in a lane, in order; after them others have their turn. Nothing is left to settle when
    /// something fails.
    async fn empty_lane(&self, lane: &Lane, seat: &mut Seat) -> Result<Option<Settled>> {
        let waiting = self.gathered.waiting.one(lane.key.clone()).await?;
        let (mut failures, mut done, mut way) = (lane.failures, Vec::new(), None);
        let enough = self.ctx.now().plus(LEASE / 2);
        for delivery in waiting {
            if self.ctx.now() > enough {
                break;
            }
            let (id, tries) = (delivery.id, delivery.tries);
            let (outcome, slow) = seat.waiting(self.deliver(lane, delivery, &mut way)).await;
            if slow {
                self.quick_hosts.invalidate(&lane.host).await;
                self.slow_hosts.insert(lane.host.clone(), ()).await;
            }
            match outcome {
                Outcome::Delivered => {
                    if !slow {
                        self.quick_hosts.insert(lane.host.clone(), ()).await;
                    }
                    failures = 0;
                    done.push(id);
                }
                Outcome::Dropped(why) => {
                    tracing::info!(inbox = %lane.inbox, %why, "delivery given up");
                    done.push(id);
                }
                Outcome::Later { why, after, answered } => {
                    self.take_off(lane, done).await?;
                    self.postpone(lane, failures, id, tries, why, after, answered).await?;
                    return Ok(None);
                }
            }
        }
        Ok(Some(Settled { key: lane.key.clone(), fence: lane.fence, done }))
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
        // When it speaks again it is tried at once, however short its silence was.
        self.seen.invalidate(&lane.host).await;
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

    async fn deliver(&self, lane: &Lane, delivery: Delivery, way: &mut Option<Way>) -> Outcome {
        let now = self.ctx.now();
        if now.since(time_of(delivery.id)) > GIVE_UP {
            return Outcome::Dropped("a week without success".to_owned());
        }
        match self.try_delivery(lane, delivery, way).await {
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

    /// Who signs, how the host wants it, and what it is told of its members. Found anew for each go, so that a block or a
    /// change of members counts at once.
    async fn way_of(&self, lane: &Lane, signer: ActorId) -> Result<Way> {
        let url = Url::parse(&lane.inbox).map_err(|_| Error::NotFound)?;
        let host = self.welcome_host(&lane.host).await?;
        let signer = self.get_actor(signer).await?;
        let keys = self.keys.of(&signer).await?;
        let members = self.synchronization(&signer, &lane.host).await?;
        Ok(Way { url, keys, form: form_of_host(host.as_ref()), members })
    }

    /// One delivery, in the form its host was seen to take; in the other form once when that is refused.
    async fn try_delivery(&self, lane: &Lane, delivery: Delivery, known: &mut Option<Way>) -> Result<PostOutcome> {
        let way = match known {
            Some(way) => way,
            None => known.insert(self.way_of(lane, delivery.signer_id).await?),
        };
        let (which, body) = ((delivery.id, delivery.tries), Bytes::from(delivery.body));
        let outcome = self.post_in_form(way, which, body.clone(), way.form).await?;
        let other = match way.form {
            Form::Cavage if outcome.status == 401 => Form::Rfc9421,
            Form::Rfc9421 if matches!(outcome.status, 400 | 401) => Form::Cavage,
            _ => return Ok(outcome),
        };
        let again = self.post_in_form(way, which, body, other).await?;
        if again.delivered() {
            way.form = other;
            self.remember_form(&lane.host, other).await?;
        }
        Ok(again)
    }

    /// A fresh date and signature over bytes that never change.
    async fn post_in_form(&self, way: &Way, which: (i64, i32), body: Bytes, form: Form) -> Result<PostOutcome> {
        let (now, keys, url, signed) = (self.ctx.now(), way.keys.clone(), way.url.clone(), body.clone());
        let sign = move || signed_headers(keys.for_delivery(which.0, which.1), form, "POST", &url, Some(&signed), now);
        let signed = self.signing(sign).await?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/activity+json"));
        headers.extend(signed);
        if let Some(members) = &way.members {
            headers.insert(SYNCHRONIZATION, members.clone());
        }
        self.client.post(Post { url: &way.url, headers, body }).await
    }
}
