//! Room: working on what came in, in the order of each sender: what it is, whether it may be, and which use case it is.
//! May import: everything below the doors, and the rest of federation.

mod actors;
mod announce;
mod follows;
mod moderation;
mod posts;
mod reactions;
mod requests;
mod undo;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::watch;

use super::fetch::limited;
use super::seats::{SLOW, Seat, Seats};
use super::state::Federation;
use super::wire::{Doc, Envelope, Kind, WireError};
use crate::base::*;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::events::Event;
use crate::services::ctx::emit;
use crate::store::federation::{self as rows, StoredActivity};
use crate::store::with_short_reads;

/// The kind of a stored activity of which only ids are believed.
pub(super) const REFETCH: &str = "Refetch";
/// How long a claimed activity may take before another process takes it over.
const LEASE: i64 = 30 * Time::SECOND;
/// How often a claim is looked at while one activity takes long.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// The longest sleep when nothing wakes us.
const POLL: Duration = Duration::from_millis(1000);
/// Senders worked for at once, and those for whom we wait for slow servers besides.
const AT_ONCE: (usize, usize) = (64, 256);
/// How long working on one waits at most for many that are coming in.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long a sender is not looked up again: what moderators decide about them counts from then on.
const SENDER_KNOWN: i64 = Time::SECOND;
/// Tries before an activity is given up.
const MAX_TRIES: i32 = 8;

/// Activities of one sender, claimed until then.
#[derive(Debug)]
struct Claimed {
    activities: Vec<StoredActivity>,
    until: Time,
}

/// An activity as it is worked on.
#[derive(Debug)]
pub(in crate::federation) struct Item<'a> {
    /// The JSON: signed by its actor, proven by its actor, or fetched from its actor's server.
    pub doc: Doc<'a>,
    /// The same, read.
    pub envelope: Envelope,
    /// Who acts.
    pub actor: Actor,
    /// The group that announced it, with whether what stands in it is the actor's own word.
    pub via: Option<Via>,
    /// The row it is stored in, to be passed on as it is; none for what must not be.
    pub row: Option<ActivityId>,
}

/// A group elsewhere that passed something on.
#[derive(Clone, Debug)]
pub(in crate::federation) struct Via {
    /// The group.
    pub group: Actor,
    /// The inner activity is proven, or its actor lives where the group does.
    pub vouched: bool,
}

impl Item<'_> {
    /// Whether what is embedded is the actor's own word.
    pub fn is_authentic(&self) -> bool {
        self.via.as_ref().is_none_or(|via| via.vouched)
    }

    /// The group that announced it.
    pub fn group(&self) -> Option<&Actor> {
        self.via.as_ref().map(|via| &via.group)
    }
}

impl Federation {
    /// Works on what comes in until `stop` turns true, then lets what is under way finish.
    pub(super) async fn run_inbox(&self, mut stop: watch::Receiver<bool>) {
        let seats = Seats::new(AT_ONCE.0, AT_ONCE.1, SLOW);
        let mut after = String::new();
        while !*stop.borrow() {
            match with_short_reads(self.claim_incoming(seats.free(), &mut after)).await {
                Ok(claimed) if claimed.is_empty() => {
                    tokio::select! {
                        () = self.inbound.notified() => {}
                        () = seats.freed() => {}
                        () = tokio::time::sleep(POLL) => {}
                        _ = stop.changed() => {}
                    }
                }
                Ok(claimed) => {
                    for batch in claimed {
                        let (federation, mut seat) = (self.clone(), seats.take().await);
                        let work = async move { federation.work(batch, &mut seat).await };
                        tokio::spawn(with_short_reads(work));
                    }
                    seats.several().await;
                }
                Err(error) => {
                    tracing::warn!(%error, "claiming received activities");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
        seats.all().await;
    }

    /// Works on everything that is due now, in this task; how many activities that were. For tests and the command line.
    pub async fn process_due(&self) -> Result<usize> {
        let (mut count, mut after) = (0, String::new());
        loop {
            let claimed = self.claim_incoming(AT_ONCE.0, &mut after).await?;
            if claimed.is_empty() {
                return Ok(count);
            }
            count += claimed.iter().map(|of| of.activities.len()).sum::<usize>();
            let work = async |batch| self.work(batch, &mut Seat::uncounted()).await;
            futures_util::future::join_all(claimed.into_iter().map(work)).await;
        }
    }

    /// Claims due activities, of senders after one by name in turn.
    async fn claim_incoming(&self, senders: usize, after: &mut String) -> Result<Vec<Claimed>> {
        if senders == 0 {
            return Ok(Vec::new());
        }
        let now = self.ctx.now();
        // A cheap look first, so that an idle instance does not write.
        if !rows::any_due(&mut self.ctx.db.read().await?, now).await? {
            return Ok(Vec::new());
        }
        let senders = i64::try_from(senders).unwrap_or(1);
        let (from, until) = (std::mem::take(after), now.plus(LEASE));
        let claim = self
            .ctx
            .db
            .write(move |conn| Box::pin(async move { rows::claim_incoming(conn, now, until, &from, senders).await }));
        let (claimed, last) = claim.await?;
        *after = last;
        let mut by_sender: BTreeMap<String, Vec<StoredActivity>> = BTreeMap::new();
        for activity in claimed {
            by_sender.entry(activity.actor_uri.clone()).or_default().push(activity);
        }
        Ok(by_sender.into_values().map(|activities| Claimed { activities, until }).collect())
    }

    /// Whether what is left of a claim is still ours; kept longer when half of its time is over.
    async fn holds(&self, left: &[StoredActivity], until: &mut Time) -> bool {
        let now = self.ctx.now();
        if until.since(now) > LEASE / 2 {
            return true;
        }
        let (ids, before, longer) = (left.iter().map(|a| a.id).collect::<Vec<_>>(), *until, now.plus(LEASE));
        let count = ids.len();
        let keep =
            self.ctx.db.write(move |conn| Box::pin(async move { rows::keep_claim(conn, &ids, before, longer).await }));
        *until = longer;
        match keep.await {
            Ok(held) => held == count,
            Err(error) => {
                tracing::warn!(%error, "keeping a claim");
                false
            }
        }
    }

    /// Does something that may take long, and keeps the claim meanwhile. Lost all the same, it is done to the end: twice is as good
    /// as once.
    async fn holding<F: Future>(&self, work: F, left: &[StoredActivity], until: &mut Time) -> F::Output {
        let mut work = pin!(work);
        loop {
            match tokio::time::timeout(SIGN_OF_LIFE, &mut work).await {
                Ok(done) => return done,
                Err(_) => {
                    self.holds(left, until).await;
                }
            }
        }
    }

    /// Works on activities of one sender, in order. One that cannot be dealt with now is parked; those after it go on.
    async fn work(&self, claimed: Claimed, seat: &mut Seat) {
        let (mut done, mut until, mut sender) = (Vec::new(), claimed.until, None);
        for (number, activity) in claimed.activities.iter().enumerate() {
            if !self.holds(&claimed.activities[number..], &mut until).await {
                // Somebody else has the rest.
                break;
            }
            self.arrivals.go_first(PATIENCE).await;
            let left = &claimed.activities[number..];
            let process = Box::pin(limited(self.process(activity, &mut sender)));
            match seat.waiting(self.holding(process, left, &mut until)).await.0 {
                Ok(()) => done.push(activity.id),
                Err(error) => {
                    if let Err(error) = self.note_trouble(activity, &error).await {
                        // The lease runs out and it is taken up again.
                        tracing::error!(%error, activity = %activity.uri, "noting a failure");
                    }
                }
            }
        }
        if done.is_empty() {
            return;
        }
        if let Err(error) = self.gathered.done.one(done).await {
            tracing::error!(%error, "what was done could not be noted; it will be done again");
        }
    }

    async fn note_trouble(&self, activity: &StoredActivity, error: &Error) -> Result<()> {
        let passing = match error {
            Error::RemoteFailed { retryable, .. } => *retryable,
            Error::Unavailable(_) | Error::RateLimited { .. } | Error::Internal(_) => true,
            _ => false,
        };
        let again = (passing && activity.tries < MAX_TRIES).then(|| {
            let doublings = u32::try_from(activity.tries.clamp(1, 10)).unwrap_or(1);
            self.ctx.now().plus((5 * Time::SECOND) << doublings)
        });
        if matches!(error, Error::Internal(_)) {
            tracing::error!(%error, kind = %activity.kind, uri = %activity.uri, "working on an activity");
        } else {
            tracing::debug!(%error, kind = %activity.kind, uri = %activity.uri, again = again.is_some(), "activity not done");
        }
        let (id, text) = (activity.id, error.to_string());
        self.ctx
            .db
            .write(move |conn| Box::pin(async move { rows::fail_activity(conn, id, &text, again).await }))
            .await
            .map(|_| ())
    }

    /// Works on one. `sender` is who sent the one before and when that was read, for as long as nothing changed it.
    async fn process(&self, stored: &StoredActivity, sender: &mut Option<(Actor, Time)>) -> Result<()> {
        let document: Value = serde_json::from_str(&stored.body).map_err(Error::internal)?;
        if stored.kind == REFETCH {
            return self.refetch(stored.id, &document).await;
        }
        let envelope = envelope(&document, self)?;
        let now = self.ctx.now();
        let known = sender.take().filter(|(who, at)| who.uri == envelope.actor && now.since(*at) < SENDER_KNOWN);
        let (actor, at) = match known {
            Some(known) => known,
            None => (self.doer(&envelope.actor).await?, now),
        };
        let item = Item { doc: Doc(&document), envelope, actor, via: None, row: Some(stored.id) };
        let result = self.dispatch(&item).await;
        if leaves_sender(&item) {
            *sender = Some((item.actor, at));
        }
        result
    }

    /// What was not proven is asked of its own server; the copy that came is not looked at.
    async fn refetch(&self, row: ActivityId, named: &Value) -> Result<()> {
        for id in Doc(named).ids("object") {
            if self.ctx.urls.is_ours(id) {
                continue;
            }
            match self.document(id, None).await {
                Ok(found) => {
                    if Doc(&found).kind().is_some_and(Kind::is_activity) {
                        return self.process_fetched(&found, None, Some(row)).await;
                    }
                    if Doc(&found).kind().is_some_and(Kind::is_content) {
                        return self.take_fetched(&found, None).await.map(|_| ());
                    }
                }
                Err(Error::Gone) => return self.post_vanished(id).await,
                // Most ids of activities cannot be fetched; the object's may.
                Err(Error::NotFound | Error::NotAuthentic(_)) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// Who does something: not somebody who is suspended or gone.
    async fn doer(&self, uri: &str) -> Result<Actor> {
        let actor = self.actor(uri).await?;
        if actor.state == ActorState::Active { Ok(actor) } else { Err(Error::Gone) }
    }

    /// Works on an activity that its own server handed out. What came in `row` with ids alone becomes that activity: worked on as
    /// if it had come from there, also when that has to be tried again, and passed on. The id stays free for when it comes by
    /// itself.
    async fn process_fetched(&self, document: &Value, via: Option<Via>, row: Option<ActivityId>) -> Result<()> {
        let envelope = self.envelope_fetched(document)?;
        if let Some(row) = row {
            let (kind, body) = (envelope.kind_name(), document.to_string());
            let put = self
                .ctx
                .db
                .write_one(move |conn| Box::pin(async move { rows::set_activity(conn, row, &kind, &body).await }));
            put.await?;
        }
        let actor = self.doer(&envelope.actor).await?;
        self.dispatch(&Item { doc: Doc(document), envelope, actor, via, row }).await
    }

    /// The envelope of an activity that was fetched by its id. A server speaks for its own people alone.
    fn envelope_fetched(&self, document: &Value) -> Result<Envelope> {
        let read = Envelope::read(document, self.rules).map_err(|e| Error::NotAuthentic(e.to_string()))?;
        if read.id.is_none() {
            return Err(Error::NotAuthentic("has no id".to_owned()));
        }
        if self.ctx.urls.is_ours(&read.actor) {
            return Err(Error::NotAuthentic("claims to come from us".to_owned()));
        }
        Ok(read)
    }

    /// The one place where a type becomes a use case.
    fn dispatch<'a>(&'a self, item: &'a Item<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(kind) = item.envelope.kind else {
                tracing::debug!(types = %item.envelope.types, "unknown activity ignored");
                return Ok(());
            };
            match kind {
                Kind::Follow | Kind::Join => self.on_follow(item).await,
                Kind::Accept => self.on_accept(item).await,
                Kind::Reject => self.on_reject(item).await,
                Kind::Invite => self.on_invite(item).await,
                Kind::Offer => self.on_offer(item).await,
                Kind::Leave => self.on_leave(item).await,
                Kind::Undo => self.on_undo(item).await,
                Kind::Create => self.on_create(item).await,
                Kind::Update => self.on_update(item).await,
                Kind::Delete => self.on_delete(item).await,
                Kind::Like | Kind::EmojiReact => self.on_like(item, true).await,
                Kind::Announce => self.on_announce(item).await,
                Kind::Add => self.on_collection(item, true).await,
                Kind::Remove => self.on_collection(item, false).await,
                Kind::Lock => self.on_lock(item, true).await,
                Kind::Block => self.on_block(item, true).await,
                Kind::Flag => self.on_flag(item).await,
                Kind::Move => self.on_move(item).await,
                Kind::QuoteRequest => self.on_quote_request(item).await,
                // Dislike among them: Kring has no votes down.
                other => {
                    tracing::debug!(kind = %other, "activity ignored");
                    Ok(())
                }
            }
        })
    }

    /// To let someone into a group, to meet someone here, or to be in contact with one of us.
    async fn on_offer(&self, item: &Item<'_>) -> Result<()> {
        if self.on_request_offered(item).await? || self.on_meeting_asked(item).await? {
            return Ok(());
        }
        self.on_contact_asked(item).await
    }

    /// Has a received activity passed on to the followers of a group of ours, as it came.
    pub(super) async fn pass_on(&self, item: &Item<'_>, group: Option<ActorId>) -> Result<()> {
        let (Some(activity), Some(group)) = (item.row, group) else { return Ok(()) };
        let ctx = self.ctx.clone();
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move { emit(conn, &ctx.ids, ctx.now(), &Event::Relay { activity, group }).await })
            })
            .await?;
        self.ctx.wake.now();
        Ok(())
    }
}

/// Whether an activity leaves all that is known of its sender as it is, but for how much they wrote; that counts while it is
/// nothing, and only a Create changes it.
fn leaves_sender(item: &Item<'_>) -> bool {
    match item.envelope.kind {
        Some(Kind::Create) => item.actor.posts_count > 0,
        Some(Kind::Like | Kind::EmojiReact) => true,
        _ => false,
    }
}

/// The envelope of a document; an id of another server is left out of account.
pub(super) fn envelope(document: &Value, federation: &Federation) -> Result<Envelope> {
    let read = match Envelope::read(document, federation.rules) {
        Err(WireError::Origin) => {
            let mut copy = document.clone();
            if let Some(members) = copy.as_object_mut() {
                members.shift_remove("id");
            }
            Envelope::read(&copy, federation.rules)
        }
        other => other,
    };
    read.map_err(|e| Error::NotAuthentic(e.to_string()))
}
