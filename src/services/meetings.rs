//! Meeting someone: each month, who wants it gets a colleague or volunteer to have a cup of coffee with, here or at a partner
//! organisation. Nobody is proposed who did not ask for it.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::throttle::Quota;
use super::{Ctx, notices};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::domain::knowledge::{Choices, PeerTold, PeopleQuestion, ReferralState, Told};
use crate::domain::meetings::pair::{self, Candidate, ordered};
use crate::domain::meetings::{Meeter, Meeting, MeetingState, Reason, Wish};
use crate::domain::notices::NoticeKind;
use crate::domain::peers::{Host, PeerScope};
use crate::policy;
use crate::store::contacts::NewContact;
use crate::store::jobs::NewJob;
use crate::store::meetings::NewMeeting;
use crate::store::{self, Conn};
use crate::text;

/// The job that tells another server.
pub const JOB: &str = "meeting";
/// On the first days of a month partners are asked for those who want that; then who is left is matched here.
const PARTNERS_UNTIL: i8 = 3;
/// After this day it is too late for a month.
const LAST_DAY: i8 = 25;
/// A partner that did not answer for so long has nobody.
const PATIENCE: i64 = 20 * Time::HOUR;
/// People matched at once: what is compared grows with the square.
const AT_ONCE: i64 = 400;
/// How often somebody is chosen anew who was taken meanwhile.
const TRIES: usize = 3;
/// Most that is taken from one server in a month.
const MAX_FROM_HOST: i64 = 200;
/// How often one server may ask, and one person of it.
const OF_HOST: Quota = Quota { burst: 200, every: 10 * Time::SECOND };
const OF_ONE: Quota = Quota { burst: 4, every: 6 * Time::HOUR };
/// Meetings on the page of a member.
const LINES: i64 = 13;

/// What another server must hear: the payload of [`JOB`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// One of ours wants to meet someone there.
    Ask {
        /// Which.
        meeting: MeetingId,
    },
    /// Someone here is to meet who asked.
    Yes {
        /// Which.
        meeting: MeetingId,
    },
    /// Not this month after all.
    Off {
        /// The member here.
        member: ActorId,
        /// The other one.
        other: ActorId,
        /// The activity that asked.
        uri: String,
        /// It was the member here who asked.
        ours: bool,
    },
}

/// What a member's page shows.
#[derive(Clone, Debug, Default)]
pub struct Mine {
    /// How they want it, if they do.
    pub wants: Option<Meeter>,
    /// This month's, and one of the month before that is still to come.
    pub now: Vec<Meeting>,
    /// Earlier ones, the last first.
    pub before: Vec<Meeting>,
    /// Partners with an agreement about people, by name.
    pub partners: Vec<String>,
    /// They say on which days they are there.
    pub has_days: bool,
}

/// Year and month of a moment, as 202612.
pub fn month_of(at: Time, zone: &TimeZone) -> i32 {
    let at = at.timestamp().to_zoned(zone.clone());
    i32::from(at.year()) * 100 + i32::from(at.month())
}

/// This month, as 202612.
pub fn month(ctx: &Ctx) -> i32 {
    month_of(ctx.now(), &ctx.zone)
}

/// What the viewer chose, and whom they meet.
///
/// # Errors
/// `NotFound` for guests.
pub async fn mine(ctx: &Ctx, viewer: &Viewer) -> Result<Mine> {
    let me = viewer.member_id()?;
    if !viewer.is_full_member() {
        return Err(Error::NotFound);
    }
    let partners = super::lookups::partners(ctx, viewer).await?;
    let mut conn = ctx.db.read().await?;
    let wants = store::meetings::meeter(&mut conn, me).await?;
    let has_days = !store::expertise::choices(&mut conn, me).await?.days.is_empty();
    let mut all = store::meetings::of(&mut conn, me, LINES).await?;
    // One that was proposed late in a month is still to come in the next.
    let begins = |meeting: &Meeting| meeting.begins_at.is_some_and(|at| at.plus(Time::DAY) > ctx.now());
    let month = month(ctx);
    all.retain(|meeting| meeting.other.is_some());
    let (now, mut before): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|meeting| meeting.month == month || begins(meeting));
    before.retain(|meeting| meeting.state == MeetingState::Proposed);
    Ok(Mine { wants, now, before, partners, has_days })
}

/// Wants to meet someone each month: `Some(true)` also at a partner, `None` no longer.
pub async fn choose(ctx: &Ctx, viewer: &Viewer, wants: Option<bool>) -> Result<()> {
    let (me, now) = (viewer.member_id()?, ctx.now());
    if !viewer.is_full_member() {
        return Err(Error::NotFound);
    }
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                if wants != Some(true) {
                    // What a partner answers now comes too late.
                    store::meetings::forget_asked(conn, me).await?;
                }
                match wants {
                    Some(peers) => store::meetings::put_meeter(conn, me, peers, now).await,
                    None => store::meetings::delete_meeter(conn, me).await,
                }
            })
        })
        .await
        .map(|_| ())
}

/// The viewer cannot this month after all; the other one hears of it.
///
/// # Errors
/// `NotFound` for what is not the viewer's, or off already.
pub async fn cancel(ctx: &Ctx, viewer: &Viewer, id: MeetingId) -> Result<()> {
    let (me, c) = (viewer.member_id()?, ctx.clone());
    let here = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let mine = store::meetings::get(conn, id).await?;
                let Some(other) = mine.other.filter(|_| mine.member_id == me && mine.state == MeetingState::Proposed)
                else {
                    return Err(Error::NotFound);
                };
                store::meetings::set_off(conn, id).await?;
                if let Some(theirs) = store::meetings::find_with(conn, other.id, me, mine.month).await? {
                    store::meetings::set_off(conn, theirs.id).await?;
                    return Ok(Some(other.id));
                }
                // Without one the other was here, and has gone.
                let Some(uri) = mine.uri else { return Ok(None) };
                let ours = c.urls.is_ours(&uri);
                let off = Message::Off { member: me, other: other.id, uri: uri.clone(), ours };
                tell(conn, &c, &uri, &off).await.map(|()| None)
            })
        })
        .await?;
    ctx.wake.now();
    match here {
        Some(other) => notices::tell(ctx, &[other], about(NoticeKind::MeetingOff, me, id)).await,
        None => Ok(()),
    }
}

fn about(kind: NoticeKind, other: ActorId, id: MeetingId) -> notices::Telling {
    notices::Telling { group_key: format!("{kind}-{id}"), ..notices::about_actor(kind, other) }
}

/// Tells the other server about the meeting that an activity asked for, in order.
async fn tell(conn: &mut Conn, ctx: &Ctx, uri: &str, message: &Message) -> Result<()> {
    let payload = serde_json::to_string(message).map_err(Error::internal)?;
    let (id, lane) = (ctx.ids.next(), format!("meeting {uri}"));
    let job = NewJob { id, kind: JOB, payload: &payload, dedup_key: None, lane: Some(&lane), run_at: ctx.now() };
    store::jobs::enqueue(conn, job).await.map(|_| ())
}

/// What is done of it now, by day and hour. Done twice it does nothing more.
pub async fn run(ctx: &Ctx) -> Result<()> {
    let day = ctx.now().timestamp().to_zoned(ctx.zone.clone()).day();
    if ctx.is_daytime() && day <= LAST_DAY { round(ctx, month(ctx), day).await } else { Ok(()) }
}

/// Finds someone for everybody who wants it and has nobody in a month: on its first days partners are asked for those who
/// want that, one each day; everyone else, and later who is left, is matched here.
pub async fn round(ctx: &Ctx, month: i32, day: i8) -> Result<()> {
    let partners = partners(ctx).await?;
    let before = ctx.now().plus(-PATIENCE);
    ctx.db.write(move |conn| Box::pin(async move { store::meetings::forget_unanswered(conn, before).await })).await?;
    let free = store::meetings::free(&mut ctx.db.read().await?, month, AT_ONCE).await?;
    let (abroad, here): (Vec<Meeter>, Vec<Meeter>) =
        free.into_iter().partition(|meeter| meeter.peers && !partners.is_empty() && day <= PARTNERS_UNTIL);
    // Of two servers the one asks whose name comes first, so that they do not propose different people to the same one at the
    // same time.
    let asked: Vec<HostId> =
        partners.iter().filter(|host| ctx.urls.host() < host.name.as_str()).map(|host| host.id).collect();
    ask_for(ctx, month, day, &asked, abroad.iter().map(|meeter| meeter.member_id).collect()).await?;
    match_here(ctx, here, month).await
}

/// Asks a partner for each of some members, but none that they shut out.
async fn ask_for(ctx: &Ctx, month: i32, day: i8, partners: &[HostId], who: Vec<ActorId>) -> Result<()> {
    if who.is_empty() || partners.is_empty() {
        return Ok(());
    }
    let out = store::regards::hosts_out(&mut ctx.db.read().await?, &who).await?;
    for member in who {
        let fit: Vec<HostId> = partners.iter().copied().filter(|host| !out.contains(&(member, *host))).collect();
        if let Some(host) = turn(&fit, member, day) {
            ask(ctx, member, month, host).await?;
        }
    }
    Ok(())
}

/// Partners with an agreement about people.
async fn partners(ctx: &Ctx) -> Result<Vec<Host>> {
    if ctx.remote().is_err() {
        return Ok(Vec::new());
    }
    let all = store::lookups::partners(&mut ctx.db.read().await?).await?;
    Ok(all.into_iter().map(|(host, _)| host).filter(|host| host.shares(PeerScope::People)).collect())
}

/// Whom to ask for someone today: each day another, and not all begin with the same.
fn turn(partners: &[HostId], member: ActorId, day: i8) -> Option<HostId> {
    let n = i64::try_from(partners.len()).ok().filter(|n| *n > 0)?;
    let at = (member.0 >> 16).wrapping_add(i64::from(day)).rem_euclid(n);
    partners.get(usize::try_from(at).ok()?).copied()
}

async fn ask(ctx: &Ctx, member: ActorId, month: i32, host: HostId) -> Result<()> {
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let id = MeetingId(c.ids.next());
                let uri = c.urls.activity(ActivityId(id.0));
                let new = NewMeeting {
                    id,
                    member_id: member,
                    month,
                    other_id: None,
                    host_id: Some(host),
                    uri: Some(uri.clone()),
                    reason: Reason::default(),
                    begins_at: None,
                    state: MeetingState::Asked,
                    created_at: c.now(),
                };
                match put(conn, &new).await? {
                    true => tell(conn, &c, &uri, &Message::Ask { meeting: id }).await,
                    false => Ok(()),
                }
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Adds one; whether the member was free.
async fn put(conn: &mut Conn, new: &NewMeeting) -> Result<bool> {
    let reason = serde_json::to_string(&new.reason).map_err(Error::internal)?;
    Ok(store::meetings::insert(conn, new, &reason).await? > 0)
}

/// What is looked at of people to match them, told to one of `told`.
async fn candidates(conn: &mut Conn, who: &[ActorId], told: &'static [Told]) -> Result<Vec<Candidate>> {
    let rows = store::expertise::of_many(conn, who, told).await?;
    let usual = Choices::default();
    let mut found = Vec::new();
    for (id, _, branch, chosen) in store::lookups::beside(conn, who).await? {
        let (days, days_to, _, branch_to) =
            chosen.unwrap_or_else(|| (usual.days.clone(), usual.days_to, usual.languages_to, usual.branch_to));
        let of = rows.iter().filter(|row| row.member_id == id);
        found.push(Candidate {
            id,
            branch: branch.filter(|_| told.contains(&branch_to)),
            days: if told.contains(&days_to) { days } else { String::new() },
            told: of
                .map(|row| (row.relation, row.term.id, (row.term.label_nl.clone(), row.term.label_en.clone())))
                .collect(),
        });
    }
    Ok(found)
}

async fn match_here(ctx: &Ctx, free: Vec<Meeter>, month: i32) -> Result<()> {
    if free.len() < 2 {
        return Ok(());
    }
    let ids: Vec<ActorId> = free.iter().map(|meeter| meeter.member_id).collect();
    let mut conn = ctx.db.read().await?;
    let mut people = candidates(&mut conn, &ids, policy::TOLD_HERE).await?;
    // By chance, or the same would be left over each time.
    people.sort_by_cached_key(|_| ctx.rng.bytes::<8>());
    let met = store::meetings::pairs_since(&mut conn, &ids, month - 100).await?;
    let before = met.into_iter().filter_map(|(one, other)| Some(ordered(one, other?))).collect();
    let never = store::moderation::among(&mut conn, &ids).await?;
    let never = never.into_iter().map(|(one, other)| ordered(one, other)).collect();
    drop(conn);
    let days: HashMap<ActorId, String> = people.iter().map(|one| (one.id, one.days.clone())).collect();
    let day = |who: &ActorId| days.get(who).map_or("", String::as_str);
    for (one, other, reason) in pair::pairs(&people, &before, &never) {
        let begins_at = pair::time(ctx.now(), &ctx.zone, day(&one), day(&other));
        propose(ctx, one, other, month, reason, begins_at).await?;
    }
    Ok(())
}

/// Proposes two people here to each other, unless one of them has somebody meanwhile.
async fn propose(
    ctx: &Ctx,
    one: ActorId,
    other: ActorId,
    month: i32,
    reason: Reason,
    begins_at: Option<Time>,
) -> Result<()> {
    let c = ctx.clone();
    let made = ctx.db.write(move |conn| {
        Box::pin(async move {
            let mut ids = Vec::new();
            for (member_id, other) in [(one, other), (other, one)] {
                let id = MeetingId(c.ids.next());
                let new = NewMeeting {
                    id,
                    member_id,
                    month,
                    other_id: Some(other),
                    host_id: None,
                    uri: None,
                    reason: reason.clone(),
                    begins_at,
                    state: MeetingState::Proposed,
                    created_at: c.now(),
                };
                if !put(conn, &new).await? {
                    // Another process was first: both or none.
                    return Err(Error::Conflict { reason: "error-exists-already" });
                }
                ids.push(id);
            }
            Ok(ids)
        })
    });
    let ids = match made.await {
        Ok(ids) => ids,
        Err(Error::Conflict { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    for ((member, other), id) in [(one, other), (other, one)].into_iter().zip(ids) {
        notices::tell(ctx, &[member], about(NoticeKind::Meeting, other, id)).await?;
    }
    Ok(())
}

/// Whether a partner may still be asked for a member, or answer: the member takes part and wants it, and the agreement holds.
pub async fn may_ask(conn: &mut Conn, member: ActorId, host: HostId) -> Result<bool> {
    let wants = store::meetings::meeter(conn, member).await?.is_some_and(|wants| wants.peers);
    let active = store::actors::get(conn, member).await?.state == ActorState::Active;
    Ok(wants && active && store::federation::get_host(conn, host).await?.shares(PeerScope::People))
}

/// What a partner is told of a member who wants to meet someone there: what they tell partners anyway.
pub async fn wish(ctx: &Ctx, member: ActorId) -> Result<Wish> {
    let mut conn = ctx.db.read().await?;
    let Some(one) = candidates(&mut conn, &[member], policy::TOLD_PARTNERS).await?.pop() else {
        return Ok(Wish::default());
    };
    let told = one
        .told
        .into_iter()
        .take(PeopleQuestion::MOST_TOLD)
        .map(|(relation, _, (label_nl, label_en))| PeerTold { relation, label_nl, label_en, note: String::new() });
    Ok(Wish { days: one.days, told: told.collect() })
}

/// Someone at a partner wants to meet somebody here. Who fits best of those who want that too is proposed to both; when there
/// is nobody, nothing is answered.
///
/// # Errors
/// `NotFound` without an agreement about people.
pub async fn received_wish(ctx: &Ctx, from: &Actor, uri: &str, wish: Wish) -> Result<()> {
    let asked = [(format!("meet-host-{}", from.host_id), OF_HOST), (format!("meet-{}", from.id), OF_ONE)];
    ctx.throttle.take(&asked, ctx.now())?;
    let (c, from_id, host_id, uri) = (ctx.clone(), from.id, from.host_id, uri.to_owned());
    let month = month(ctx);
    let found = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                if host_id == HostId::LOCAL
                    || !store::federation::get_host(conn, host_id).await?.shares(PeerScope::People)
                {
                    return Err(Error::NotFound);
                }
                if let Some(known) = store::meetings::find_by_uri(conn, &uri).await? {
                    // Asked again: the answer may have been lost.
                    let theirs = known.other.as_ref().is_some_and(|other| other.id == from_id);
                    if theirs && known.state == MeetingState::Proposed {
                        tell(conn, &c, &uri, &Message::Yes { meeting: known.id }).await?;
                    }
                    return Ok(None);
                }
                if store::meetings::count_from(conn, host_id, month).await? >= MAX_FROM_HOST
                    || store::meetings::has_met(conn, from_id, month).await?
                {
                    return Ok(None);
                }
                // Another process may have given the first one away a moment ago.
                for _ in 0..TRIES {
                    let Some((who, reason)) = choose_for(conn, from_id, month, &wish).await? else { break };
                    let id = MeetingId(c.ids.next());
                    let new = NewMeeting {
                        id,
                        member_id: who.id,
                        month,
                        other_id: Some(from_id),
                        host_id: Some(host_id),
                        uri: Some(uri.clone()),
                        reason,
                        begins_at: pair::time(c.now(), &c.zone, &who.days, &wish.days),
                        state: MeetingState::Proposed,
                        created_at: c.now(),
                    };
                    if put(conn, &new).await? {
                        tell(conn, &c, &uri, &Message::Yes { meeting: id }).await?;
                        agree(conn, &c, who.id, from_id, false, uri).await?;
                        return Ok(Some((who.id, id)));
                    }
                }
                Ok(None)
            })
        })
        .await?;
    ctx.wake.now();
    match found {
        Some((member, id)) => notices::tell(ctx, &[member], about(NoticeKind::Meeting, from_id, id)).await,
        None => Ok(()),
    }
}

/// Who here fits someone at a partner best, of those who are free and want to meet people there.
async fn choose_for(conn: &mut Conn, from: ActorId, month: i32, wish: &Wish) -> Result<Option<(Candidate, Reason)>> {
    let free = store::meetings::free(conn, month, AT_ONCE).await?;
    let mut ids: Vec<ActorId> = free.into_iter().filter(|one| one.peers).map(|one| one.member_id).collect();
    let mut shut: HashSet<ActorId> = store::moderation::out_of_reach(conn, &ids, from).await?.into_iter().collect();
    // A no to contact stays a no.
    shut.extend(store::contacts::refused(conn, &ids, from).await?);
    ids.retain(|id| !shut.contains(id));
    let people = candidates(conn, &ids, policy::TOLD_PARTNERS).await?;
    let key = |told: &PeerTold| text::term_key(&told.label_nl);
    let keys: Vec<String> = wish.told.iter().map(key).collect();
    let terms = store::terms::by_keys(conn, &keys).await?;
    let told = wish.told.iter().filter_map(|told| {
        let (_, term) = terms.iter().find(|(known, _)| *known == key(told))?;
        Some((told.relation, term.id, (term.label_nl.clone(), term.label_en.clone())))
    });
    let asker = Candidate { id: from, branch: None, days: wish.days.clone(), told: told.collect() };
    Ok(pair::best(&asker, &people).map(|(who, reason)| (who.clone(), reason)))
}

/// The two may write to each other from now on. Within the caller's transaction.
async fn agree(
    conn: &mut Conn,
    ctx: &Ctx,
    member_id: ActorId,
    other_id: ActorId,
    ours: bool,
    uri: String,
) -> Result<()> {
    let id = match store::contacts::between(conn, member_id, other_id).await? {
        Some(known) => known.id,
        None => {
            let id = ReferralId(ctx.ids.next());
            let new = NewContact { id, member_id, other_id, ours, uri, reason: String::new(), created_at: ctx.now() };
            store::contacts::put(conn, &new).await?;
            id
        }
    };
    store::contacts::answer(conn, id, ReferralState::Accepted, ctx.now()).await.map(|_| ())
}

/// A partner found someone for one of ours. An answer that comes too late is called off; whether it was such an answer.
pub async fn received_yes(
    ctx: &Ctx,
    from: &Actor,
    uri: &str,
    asker: Option<&Actor>,
    reason: Reason,
    begins_at: Option<Time>,
) -> Result<bool> {
    let Some(asker) = asker.filter(|asker| asker.is_local() && from.kind == ActorKind::Person && ctx.urls.is_ours(uri))
    else {
        return Ok(false);
    };
    let (c, from_id, host, asker, uri) = (ctx.clone(), from.id, from.host_id, asker.id, uri.to_owned());
    let settled = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let known = store::meetings::find_by_uri(conn, &uri).await?;
                let known = known.filter(|known| known.member_id == asker && known.host_id == Some(host));
                let again =
                    known.as_ref().and_then(|known| known.other.as_ref()).is_some_and(|other| other.id == from_id);
                if again {
                    return Ok(None);
                }
                if host == HostId::LOCAL || !store::federation::get_host(conn, host).await?.shares(PeerScope::People) {
                    return Ok(None);
                }
                let open = known.filter(|known| known.state == MeetingState::Asked);
                let shut = !may_ask(conn, asker, host).await?
                    || !store::moderation::out_of_reach(conn, &[asker], from_id).await?.is_empty()
                    || !store::contacts::refused(conn, &[asker], from_id).await?.is_empty();
                let Some(open) = open.filter(|_| !shut) else {
                    let off = Message::Off { member: asker, other: from_id, uri: uri.clone(), ours: true };
                    return tell(conn, &c, &uri, &off).await.map(|()| None);
                };
                let text = serde_json::to_string(&reason).map_err(Error::internal)?;
                store::meetings::settle(conn, open.id, from_id, &text, begins_at).await?;
                agree(conn, &c, asker, from_id, true, uri).await?;
                Ok(Some(open.id))
            })
        })
        .await?;
    ctx.wake.now();
    if let Some(id) = settled {
        notices::tell(ctx, &[asker], about(NoticeKind::Meeting, from_id, id)).await?;
    }
    Ok(true)
}

/// The other side calls it off; whether there was anything to call off.
pub async fn received_off(ctx: &Ctx, from: &Actor, uri: &str) -> Result<bool> {
    let (from_id, uri) = (from.id, uri.to_owned());
    let off = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let known = store::meetings::find_by_uri(conn, &uri).await?;
                let theirs = |known: &Meeting| known.other.as_ref().is_some_and(|other| other.id == from_id);
                let Some(known) = known.filter(theirs) else { return Ok(None) };
                let new = known.state == MeetingState::Proposed;
                store::meetings::set_off(conn, known.id).await?;
                Ok(Some((known, new)))
            })
        })
        .await?;
    match off {
        Some((known, true)) => {
            let told = about(NoticeKind::MeetingOff, from_id, known.id);
            notices::tell(ctx, &[known.member_id], told).await.map(|()| true)
        }
        Some(_) => Ok(true),
        None => Ok(false),
    }
}
