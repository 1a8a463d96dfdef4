//! Beginning here: five small steps with a buddy, and who stands still is seen by those who help.

use std::collections::{HashMap, HashSet};

use super::{Ctx, invitations, notices};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{ActorCard, ActorState};
use crate::domain::newcomers::{Marked, Newcomer, Step};
use crate::domain::notices::NoticeKind;
use crate::policy;
use crate::store::groups::GroupLine;
use crate::store::{self, Conn};

/// After this long without a new step someone is stuck.
const STUCK_AFTER: i64 = 7 * Time::DAY;
/// How often those who help are told so.
const NUDGE_EVERY: i64 = 14 * Time::DAY;
/// Nobody is a newcomer for longer.
const AT_MOST: i64 = 120 * Time::DAY;
/// Longest note, in characters.
const MAX_NOTE: usize = 300;
/// Newcomers that are looked at together.
const AT_ONCE: i64 = 100;

/// A step of someone.
#[derive(Clone, Debug)]
pub struct StepState {
    /// Which.
    pub step: Step,
    /// Whether it was done.
    pub done: bool,
    /// Who said so, when it does not show by itself; none when their account is gone.
    pub by: Option<ActorCard>,
    /// What they did.
    pub note: String,
    /// When they said so.
    pub at: Option<Time>,
}

/// Someone who begins here, and how far they are.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What is kept of it.
    pub newcomer: Newcomer,
    /// Who.
    pub member: ActorCard,
    /// Who helps them.
    pub buddy: Option<ActorCard>,
    /// Their steps, in order.
    pub steps: Vec<StepState>,
    /// Nothing happened for a week.
    pub stuck: bool,
}

impl Progress {
    /// Steps done.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|step| step.done).count()
    }

    /// All are.
    pub fn is_complete(&self) -> bool {
        self.steps.iter().all(|step| step.done)
    }
}

/// Someone begins here, helped by who invited them. Within the caller's transaction.
pub(super) async fn begin(conn: &mut Conn, ctx: &Ctx, member: ActorId, inviter: Option<ActorId>) -> Result<()> {
    let buddy = match inviter {
        Some(inviter) if may_help(conn, inviter, member).await? => Some(inviter),
        _ => None,
    };
    store::newcomers::put(conn, member, buddy, ctx.now()).await.map(|_| ())
}

/// The buddy of someone who just came in hears of it, after the transaction.
pub(super) async fn tell_buddy(ctx: &Ctx, member: ActorId) -> Result<()> {
    let found = store::newcomers::find(&mut ctx.db.read().await?, member).await?;
    match found.and_then(|newcomer| newcomer.buddy_id) {
        Some(buddy) => notices::tell(ctx, &[buddy], notices::about_actor(NoticeKind::Buddy, member)).await,
        None => Ok(()),
    }
}

/// Whether someone can be the buddy of someone: a member who takes part, and no guest.
async fn may_help(conn: &mut Conn, who: ActorId, whom: ActorId) -> Result<bool> {
    let member = store::members::is_member(conn, who).await? && !store::members::is_guest(conn, who).await?;
    Ok(who != whom && member && store::actors::get(conn, who).await?.state == ActorState::Active)
}

/// How far some newcomers are: a fixed number of queries, however many they are.
async fn progress(conn: &mut Conn, newcomers: Vec<Newcomer>, now: Time) -> Result<Vec<Progress>> {
    if newcomers.is_empty() {
        return Ok(Vec::new());
    }
    let members: Vec<ActorId> = newcomers.iter().map(|newcomer| newcomer.member_id).collect();
    let mut did: HashMap<Step, HashSet<ActorId>> = HashMap::new();
    for step in Step::ALL {
        did.insert(*step, store::newcomers::did(conn, *step, &members).await?.into_iter().collect());
    }
    let marks = store::newcomers::marks(conn, &members).await?;
    let others = newcomers.iter().filter_map(|newcomer| newcomer.buddy_id).chain(marks.iter().filter_map(|m| m.by_id));
    let mut ids: Vec<ActorId> = members.iter().copied().chain(others).collect();
    ids.sort_unstable();
    ids.dedup();
    let cards: HashMap<ActorId, ActorCard> =
        store::actors::cards(conn, &ids).await?.into_iter().map(|card| (card.id, card)).collect();
    let one = |newcomer: Newcomer| {
        let member = cards.get(&newcomer.member_id)?.clone();
        let of = |step: Step| {
            let mark: Option<&Marked> = marks.iter().find(|mark| mark.member_id == member.id && mark.step == step);
            let shows = did.get(&step).is_some_and(|who| who.contains(&member.id));
            StepState {
                step,
                done: shows || mark.is_some(),
                by: mark.and_then(|mark| cards.get(&mark.by_id?).cloned()),
                note: mark.map_or_else(String::new, |mark| mark.note.clone()),
                at: mark.map(|mark| mark.created_at),
            }
        };
        let steps: Vec<StepState> = Step::ALL.iter().map(|step| of(*step)).collect();
        let done = steps.iter().filter(|step| step.done).count();
        let still = done <= newcomer.done && done < steps.len() && now.since(newcomer.moved_at) >= STUCK_AFTER;
        let buddy = newcomer.buddy_id.and_then(|buddy| cards.get(&buddy).cloned());
        Some(Progress { stuck: still && newcomer.ended_at.is_none(), newcomer, member: member.clone(), buddy, steps })
    };
    Ok(newcomers.into_iter().filter_map(one).collect())
}

/// The viewer's own first steps, as long as they are a newcomer.
pub async fn mine(ctx: &Ctx, viewer: &Viewer) -> Result<Option<Progress>> {
    let me = viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let found = store::newcomers::find(&mut conn, me).await?.filter(|newcomer| newcomer.ended_at.is_none());
    Ok(progress(&mut conn, found.into_iter().collect(), ctx.now()).await?.pop())
}

/// Whether the viewer helps newcomers: as their buddy, or for the whole organisation.
pub async fn helps(ctx: &Ctx, viewer: &Viewer) -> Result<bool> {
    let Some(me) = viewer.actor_id().filter(|_| viewer.is_full_member()) else { return Ok(false) };
    Ok(viewer.role().is_moderator() || store::newcomers::is_buddy(&mut ctx.db.read().await?, me).await?)
}

/// Newcomers whom the viewer helps: all of them for those who keep order here; by id after `after`, at most `limit`.
pub async fn list(ctx: &Ctx, viewer: &Viewer, after: ActorId, limit: i64) -> Result<Vec<Progress>> {
    let me = viewer.member_id()?;
    if !viewer.is_full_member() {
        return Err(Error::NotFound);
    }
    let mut conn = ctx.db.read().await?;
    let buddy = (!viewer.role().is_moderator()).then_some(me);
    let newcomers = store::newcomers::open(&mut conn, buddy, after, limit).await?;
    progress(&mut conn, newcomers, ctx.now()).await
}

/// One newcomer, for themselves and those who help them; also when they found their way.
///
/// # Errors
/// `NotFound` for others.
pub async fn get(ctx: &Ctx, viewer: &Viewer, member: ActorId) -> Result<Progress> {
    let mut conn = ctx.db.read().await?;
    let newcomer = helped(&mut conn, viewer, member, true).await?;
    progress(&mut conn, vec![newcomer], ctx.now()).await?.pop().ok_or(Error::NotFound)
}

/// A newcomer whom the viewer helps, or is when `own`.
async fn helped(conn: &mut Conn, viewer: &Viewer, member: ActorId, own: bool) -> Result<Newcomer> {
    let newcomer = store::newcomers::find(conn, member).await?.ok_or(Error::NotFound)?;
    let is_own = own && viewer.actor_id() == Some(member);
    // Who found their way needs no help any more, nor wants to be looked at.
    let buddy = newcomer.buddy_id.filter(|_| newcomer.ended_at.is_none());
    if is_own || policy::may_help_newcomer(viewer, buddy) { Ok(newcomer) } else { Err(Error::NotFound) }
}

/// The same of one who is still on their way.
async fn on_the_way(conn: &mut Conn, viewer: &Viewer, member: ActorId, own: bool) -> Result<Newcomer> {
    let newcomer = helped(conn, viewer, member, own).await?;
    if newcomer.ended_at.is_none() { Ok(newcomer) } else { Err(Error::NotFound) }
}

/// Begins the first steps for someone who is here already.
///
/// # Errors
/// `Forbidden` for who does not keep order here; `Invalid` for `who` (a guest, or nobody with an account), `Conflict` for a
/// newcomer.
pub async fn start(ctx: &Ctx, viewer: &Viewer, member: ActorId) -> Result<()> {
    policy::check_instance_moderator(viewer)?;
    let (c, me) = (ctx.clone(), viewer.actor_id());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                if !store::members::is_member(conn, member).await? || store::members::is_guest(conn, member).await? {
                    return Err(Error::invalid("who", "error-newcomer-who"));
                }
                let known = store::newcomers::find(conn, member).await?;
                if known.is_some_and(|newcomer| newcomer.ended_at.is_none()) {
                    return Err(Error::Conflict { reason: "error-newcomer-already" });
                }
                begin(conn, &c, member, me.filter(|me| *me != member)).await
            })
        })
        .await?;
    ctx.ideas.forget(member).await;
    Ok(())
}

/// Gives a newcomer another buddy, who hears of it.
///
/// # Errors
/// `NotFound` for who does not help them; `Invalid` for `buddy`.
pub async fn set_buddy(ctx: &Ctx, viewer: &Viewer, member: ActorId, buddy: ActorId) -> Result<()> {
    let viewer = *viewer;
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                on_the_way(conn, &viewer, member, false).await?;
                if !may_help(conn, buddy, member).await? {
                    return Err(Error::invalid("buddy", "error-newcomer-buddy"));
                }
                store::newcomers::set_buddy(conn, member, Some(buddy)).await
            })
        })
        .await?;
    if viewer.actor_id() == Some(buddy) {
        return Ok(());
    }
    notices::tell(ctx, &[buddy], notices::about_actor(NoticeKind::Buddy, member)).await
}

/// Says that a step was done, or takes that back: the newcomer, or someone who did it with or for them. Who did it and what
/// they did stays to be read, and the newcomer hears of it.
///
/// # Errors
/// `NotFound` for others.
pub async fn mark(ctx: &Ctx, viewer: &Viewer, member: ActorId, step: Step, done: bool, note: &str) -> Result<()> {
    let (me, viewer, c) = (viewer.member_id()?, *viewer, ctx.clone());
    let note: String = note.trim().chars().take(MAX_NOTE).collect();
    let new = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                on_the_way(conn, &viewer, member, true).await?;
                match done {
                    true => Ok(store::newcomers::mark(conn, member, step, me, &note, c.now()).await? > 0),
                    false => store::newcomers::unmark(conn, member, step).await.map(|_| false),
                }
            })
        })
        .await?;
    if new && me != member { notices::tell(ctx, &[member], step_done(me, step)).await } else { Ok(()) }
}

fn step_done(by: ActorId, step: Step) -> notices::Telling {
    let kind = NoticeKind::StepDone;
    let group_key = format!("{kind}-{step}");
    notices::Telling { detail: step.to_string(), group_key, ..notices::about_actor(kind, by) }
}

/// Groups into which the viewer can take a newcomer along.
pub async fn groups_for(ctx: &Ctx, viewer: &Viewer, member: ActorId) -> Result<Vec<GroupLine>> {
    let mut lines = invitations::groups_to_offer(ctx, viewer).await?;
    let ids: Vec<ActorId> = lines.iter().map(|line| line.actor.id).collect();
    let known = store::groups::followed_among(&mut ctx.db.read().await?, member, &ids).await?;
    lines.retain(|line| !known.contains(&line.actor.id));
    Ok(lines)
}

/// Takes a newcomer along into a group, as an invitation would: one of the steps, done for them and noted so.
///
/// # Errors
/// `NotFound` for who does not help them, and for groups into which the viewer may not invite.
pub async fn take_along(ctx: &Ctx, viewer: &Viewer, member: ActorId, group: ActorId) -> Result<()> {
    let (me, viewer, c) = (viewer.member_id()?, *viewer, ctx.clone());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                on_the_way(conn, &viewer, member, false).await?;
                invitations::check_into(conn, &c, &viewer, group).await?;
                invitations::join_group(conn, &c, group, member).await?;
                if store::groups::followers_among(conn, &[member], group).await?.is_empty() {
                    // Kept out of it, or it closed.
                    return Err(Error::forbidden("error-newcomer-group"));
                }
                let name = store::actors::get(conn, group).await?.display_name;
                store::newcomers::mark(conn, member, Step::Group, me, &name, c.now()).await
            })
        })
        .await?;
    ctx.wake.now();
    let told = notices::Telling { group: Some(group), ..step_done(me, Step::Group) };
    notices::tell(ctx, &[member], told).await
}

/// A newcomer has found their way, or does without.
///
/// # Errors
/// `NotFound` for others.
pub async fn end(ctx: &Ctx, viewer: &Viewer, member: ActorId) -> Result<()> {
    let (viewer, now) = (*viewer, ctx.now());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                helped(conn, &viewer, member, true).await?;
                store::newcomers::end(conn, member, now).await
            })
        })
        .await?;
    ctx.ideas.forget(member).await;
    Ok(())
}

/// What is done of it now. Who is stuck has time until the morning.
pub async fn run(ctx: &Ctx) -> Result<()> {
    if ctx.is_daytime() { look_after(ctx).await } else { Ok(()) }
}

/// Looks after everyone who begins here: notes new steps, ends what is done, and tells those who help of who is stuck.
pub async fn look_after(ctx: &Ctx) -> Result<()> {
    let mut after = ActorId(0);
    loop {
        let mut conn = ctx.db.read().await?;
        let newcomers = store::newcomers::open(&mut conn, None, after, AT_ONCE).await?;
        let Some(last) = newcomers.last() else { return Ok(()) };
        after = last.member_id;
        let found = progress(&mut conn, newcomers, ctx.now()).await?;
        drop(conn);
        for one in found {
            look_after_one(ctx, &one).await?;
        }
    }
}

async fn look_after_one(ctx: &Ctx, one: &Progress) -> Result<()> {
    let (now, member, done) = (ctx.now(), one.member.id, one.done());
    let over = one.is_complete() || now.since(one.newcomer.created_at) >= AT_MOST;
    let nudged = one.newcomer.nudged_at.is_some_and(|at| now.since(at) < NUDGE_EVERY);
    let nudge = one.stuck && !nudged && !over;
    if done <= one.newcomer.done && !over && !nudge {
        return Ok(());
    }
    let more = (done > one.newcomer.done).then(|| i32::try_from(done).unwrap_or(i32::MAX));
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                if let Some(done) = more {
                    store::newcomers::set_done(conn, member, done, now).await?;
                }
                if over {
                    store::newcomers::end(conn, member, now).await?;
                }
                Ok(())
            })
        })
        .await?;
    if !nudge {
        return Ok(());
    }
    let mut conn = ctx.db.read().await?;
    let who = match one.newcomer.buddy_id {
        Some(buddy) if may_help(&mut conn, buddy, member).await? => vec![buddy],
        _ => store::members::list_moderators(&mut conn).await?,
    };
    drop(conn);
    notices::tell(ctx, &who, notices::about_actor(NoticeKind::NewcomerStuck, member)).await?;
    ctx.db.write(move |conn| Box::pin(async move { store::newcomers::set_nudged(conn, member, now).await })).await?;
    Ok(())
}
