//! Contact across organisations: it begins as a question with a reason, and only after a yes do direct messages go
//! through. A no is seen by nobody but who gave it.

use serde::{Deserialize, Serialize};

use super::expertise;
use super::{Ctx, notices};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::domain::groups::FollowState;
use crate::domain::knowledge::{Contact, ReferralState};
use crate::domain::notices::NoticeKind;
use crate::domain::peers::PeerScope;
use crate::policy::{self, Writer};
use crate::store::contacts::NewContact;
use crate::store::jobs::NewJob;
use crate::store::{self, Conn};

/// The job that tells the other server.
pub const JOB: &str = "contact";
/// The longest reason, in characters.
pub const MAX_REASON: usize = 500;
/// Most that one member asks in a day.
const MAX_A_DAY: i64 = 10;
/// Most that is taken from one server in a day.
const MAX_FROM_HOST: i64 = 50;
/// Who got no answer may ask once more after this long.
const AGAIN: i64 = 30 * Time::DAY;
/// Lines of a member's page.
const LINES: i64 = 100;

/// What the other server must hear: the payload of [`JOB`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Which.
    pub contact: ReferralId,
    /// The activity that asked, when this answers it; else this asks.
    pub answers: Option<String>,
}

async fn tell(conn: &mut Conn, ctx: &Ctx, contact: ReferralId, answers: Option<&str>) -> Result<()> {
    let message = Message { contact, answers: answers.map(str::to_owned) };
    let payload = serde_json::to_string(&message).map_err(Error::internal)?;
    let lane = format!("contact {contact}");
    let job = NewJob {
        id: ctx.ids.next(),
        kind: JOB,
        payload: &payload,
        dedup_key: None,
        lane: Some(&lane),
        run_at: ctx.now(),
    };
    store::jobs::enqueue(conn, job).await.map(|_| ())
}

/// Whether an organisation agreed with ours that people find each other.
async fn is_partner(conn: &mut Conn, host: HostId) -> Result<bool> {
    Ok(host != HostId::LOCAL && store::federation::get_host(conn, host).await?.shares(PeerScope::People))
}

async fn follows(conn: &mut Conn, follower: ActorId, target: ActorId) -> Result<bool> {
    let follow = store::groups::find_follow(conn, follower, target).await?;
    Ok(follow.is_some_and(|follow| follow.state == FollowState::Accepted))
}

/// Whether a member here takes a conversation that someone begins.
pub(super) async fn hears(conn: &mut Conn, member: ActorId, writer: Writer) -> Result<bool> {
    Ok(store::members::direct_from(conn, member).await?.is_some_and(|taken| policy::may_begin(taken, writer)))
}

/// The same of someone elsewhere.
pub(super) async fn hears_from(conn: &mut Conn, member: ActorId, writer: &Actor) -> Result<bool> {
    let writer = match is_partner(conn, writer.host_id).await? {
        true => Writer::Partner {
            agreed: store::contacts::agreed(conn, member, writer.id).await? || follows(conn, member, writer.id).await?,
        },
        false => Writer::Elsewhere,
    };
    hears(conn, member, writer).await
}

/// Whether a member here may begin a conversation with someone elsewhere: at a partner only after a yes, or when they
/// follow the member. Their server decides once more.
pub(super) async fn may_write_to(conn: &mut Conn, member: ActorId, other: &Actor) -> Result<bool> {
    Ok(!is_partner(conn, other.host_id).await?
        || store::contacts::agreed(conn, member, other.id).await?
        || follows(conn, other.id, member).await?)
}

/// Where the viewer stands with someone elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// One may write to them.
    Write,
    /// One has to ask first.
    Ask,
    /// One asked, and there is no answer.
    Asked,
}

/// Whether the member asked and may not ask again yet.
fn is_asked(known: &Contact, now: Time) -> bool {
    known.ours && known.state == ReferralState::Waiting && now.since(known.created_at) < AGAIN
}

/// Where the viewer stands with someone, for the page of that person.
pub async fn standing(ctx: &Ctx, viewer: &Viewer, other: &Actor) -> Result<Standing> {
    let Some(me) = viewer.actor_id().filter(|_| !other.is_local() && viewer.is_full_member()) else {
        return Ok(Standing::Write);
    };
    let mut conn = ctx.db.read().await?;
    if may_write_to(&mut conn, me, other).await? {
        return Ok(Standing::Write);
    }
    let known = store::contacts::between(&mut conn, me, other.id).await?;
    let waits = known.is_some_and(|known| is_asked(&known, ctx.now()));
    Ok(if waits { Standing::Asked } else { Standing::Ask })
}

/// Someone at a partner by `name@host`, looked up where they are not known.
///
/// # Errors
/// `Invalid` for `to` when there is nobody, or not at a partner.
pub async fn find(ctx: &Ctx, viewer: &Viewer, acct: &str) -> Result<Actor> {
    viewer.member_id()?;
    if !viewer.is_full_member() {
        return Err(Error::NotFound);
    }
    let unknown = || Error::invalid("to", "error-recipient-unknown");
    let (name, host) = acct.trim().trim_start_matches('@').split_once('@').ok_or_else(unknown)?;
    let known = store::federation::find_host(&mut ctx.db.read().await?, host).await?;
    if !known.is_some_and(|host| host.shares(PeerScope::People)) {
        return Err(Error::invalid("to", "error-contact-partner"));
    }
    let found = match ctx.remote()?.resolve_handle(name, host).await {
        Err(Error::NotFound | Error::Gone | Error::NotAuthentic(_)) => return Err(unknown()),
        other => other?,
    };
    if found.kind == ActorKind::Person && found.state == ActorState::Active { Ok(found) } else { Err(unknown()) }
}

/// Asks someone at a partner whether one may write. Whoever was asked the same by them says yes with it.
///
/// # Errors
/// As [`find`]; `Invalid` for `reason`; `Conflict` when asked already; `RateLimited`.
pub async fn ask(ctx: &Ctx, viewer: &Viewer, acct: &str, reason: &str) -> Result<ReferralState> {
    let me = viewer.member_id()?;
    let reason: String = reason.trim().chars().take(MAX_REASON).collect();
    let other = find(ctx, viewer, acct).await?;
    if reason.is_empty() {
        return Err(Error::invalid("reason", "error-contact-reason"));
    }
    let c = ctx.clone();
    let state = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                if !is_partner(conn, other.host_id).await? {
                    return Err(Error::invalid("to", "error-contact-partner"));
                }
                if store::moderation::is_blocked(conn, other.id, me).await?
                    || store::moderation::is_blocked(conn, me, other.id).await?
                {
                    return Err(Error::invalid("to", "error-recipient-closed"));
                }
                let now = c.now();
                match store::contacts::between(conn, me, other.id).await? {
                    Some(known) if known.state == ReferralState::Accepted => {
                        return Err(Error::Conflict { reason: "error-contact-already" });
                    }
                    Some(known) if !known.ours && known.state == ReferralState::Waiting => {
                        return say_yes(conn, &c, &known).await.map(|()| ReferralState::Accepted);
                    }
                    Some(known) if is_asked(&known, now) => {
                        return Err(Error::Conflict { reason: "error-contact-again" });
                    }
                    _ => {}
                }
                if store::contacts::count_asked(conn, me, now.plus(-Time::DAY)).await? >= MAX_A_DAY {
                    return Err(Error::RateLimited { retry_after: 3600 });
                }
                let id = ReferralId(c.ids.next());
                let uri = c.urls.activity(ActivityId(id.0));
                let (member_id, other_id) = (me, other.id);
                let new = NewContact { id, member_id, other_id, ours: true, uri, reason, created_at: now };
                store::contacts::put(conn, &new).await?;
                tell(conn, &c, id, None).await?;
                Ok(ReferralState::Waiting)
            })
        })
        .await?;
    ctx.wake.now();
    Ok(state)
}

/// Yes to one that came from elsewhere. Within the caller's transaction.
async fn say_yes(conn: &mut Conn, ctx: &Ctx, contact: &Contact) -> Result<()> {
    store::contacts::answer(conn, contact.id, ReferralState::Accepted, ctx.now()).await?;
    tell(conn, ctx, contact.id, Some(&contact.uri)).await
}

/// What the viewer asked and was asked, the newest first.
pub async fn mine(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<Contact>> {
    store::contacts::of(&mut ctx.db.read().await?, viewer.member_id()?, LINES).await
}

/// Says yes or no to one that waits; a no may become a yes later, and a yes a no. Who asked hears of a yes alone.
///
/// # Errors
/// `NotFound` for what is not the viewer's to answer.
pub async fn answer(ctx: &Ctx, viewer: &Viewer, id: ReferralId, yes: bool) -> Result<Contact> {
    let me = viewer.member_id()?;
    let c = ctx.clone();
    let contact = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let contact = store::contacts::get(conn, id).await?;
                let open = !contact.ours || contact.state == ReferralState::Accepted;
                if contact.member_id != me || !open || (yes && contact.ours) {
                    return Err(Error::NotFound);
                }
                match (yes, contact.state) {
                    (true, ReferralState::Accepted) | (false, ReferralState::Declined) => {}
                    (true, _) => say_yes(conn, &c, &contact).await?,
                    (false, _) => {
                        store::contacts::answer(conn, id, ReferralState::Declined, c.now()).await?;
                    }
                }
                Ok(contact)
            })
        })
        .await?;
    ctx.wake.now();
    Ok(contact)
}

/// Someone elsewhere asks whether they may write to a member here. Whom it does not reach is not told to them.
///
/// # Errors
/// `NotFound` without an agreement about people.
pub async fn received_ask(ctx: &Ctx, from: &Actor, to: &Actor, uri: &str, reason: &str) -> Result<()> {
    let reason: String = reason.trim().chars().take(MAX_REASON).collect();
    let (c, from_id, host, member, uri) = (ctx.clone(), from.id, from.host_id, to.id, uri.to_owned());
    let told = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                if !is_partner(conn, host).await? {
                    return Err(Error::NotFound);
                }
                if !reaches(conn, &c, from_id, host, member).await? || reason.is_empty() {
                    return Ok(None);
                }
                match store::contacts::between(conn, member, from_id).await? {
                    // Both asked: both want it.
                    Some(known) if known.ours && known.state == ReferralState::Waiting => {
                        store::contacts::answer(conn, known.id, ReferralState::Accepted, c.now()).await?;
                        tell(conn, &c, known.id, Some(&uri)).await?;
                        Ok(Some((NoticeKind::ContactAccepted, known.id)))
                    }
                    Some(known) if known.state == ReferralState::Accepted => {
                        tell(conn, &c, known.id, Some(&uri)).await.map(|()| None)
                    }
                    Some(known) if !known.ours => Ok(None),
                    // The member once asked and ended it: now it is theirs to answer.
                    _ => {
                        let id = ReferralId(c.ids.next());
                        let (member_id, other_id) = (member, from_id);
                        let new = NewContact { id, member_id, other_id, ours: false, uri, reason, created_at: c.now() };
                        store::contacts::put(conn, &new).await?;
                        Ok(Some((NoticeKind::ContactRequest, id)))
                    }
                }
            })
        })
        .await?;
    ctx.wake.now();
    match told {
        Some((kind, id)) => notices::tell(ctx, &[member], about(kind, from_id, id)).await,
        None => Ok(()),
    }
}

/// Whether a question of someone elsewhere comes through to a member: who tells partners nothing is not asked by them.
async fn reaches(conn: &mut Conn, ctx: &Ctx, from: ActorId, host: HostId, member: ActorId) -> Result<bool> {
    if !store::members::is_member(conn, member).await? || store::members::is_guest(conn, member).await? {
        return Ok(false);
    }
    let shut = store::moderation::out_of_reach(conn, &[member], from).await?;
    let since = ctx.now().plus(-Time::DAY);
    Ok(shut.is_empty()
        && expertise::tells_partners(conn, member).await?
        && store::contacts::count_from(conn, host, since).await? < MAX_FROM_HOST)
}

/// Someone elsewhere says that a member here may write. Anything else that calls itself so is left alone; whether it was
/// an answer.
pub async fn received_yes(ctx: &Ctx, from: &Actor, uri: &str) -> Result<bool> {
    let (c, from_id, uri) = (ctx.clone(), from.id, uri.to_owned());
    let found = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let known = store::contacts::find_by_uri(conn, &uri).await?;
                let Some(known) = known.filter(|known| known.ours && known.other.id == from_id) else {
                    return Ok(None);
                };
                let new = known.state == ReferralState::Waiting;
                if new {
                    store::contacts::answer(conn, known.id, ReferralState::Accepted, c.now()).await?;
                }
                Ok(Some((known, new)))
            })
        })
        .await?;
    match found {
        Some((known, true)) => {
            let telling = about(NoticeKind::ContactAccepted, from_id, known.id);
            notices::tell(ctx, &[known.member_id], telling).await.map(|()| true)
        }
        Some(_) => Ok(true),
        None => Ok(false),
    }
}

fn about(kind: NoticeKind, actor: ActorId, id: ReferralId) -> notices::Telling {
    notices::Telling { group_key: format!("{kind}-{id}"), ..notices::about_actor(kind, actor) }
}
