//! Handing a group over to another organisation: its members go along, what was written stays where it is, to be read.

use super::ctx::emit;
use super::follows::{self, group_facts, log};
use super::posts::{self, Note, PostForm};
use super::throttle::Quota;
use super::{Ctx, groups, moving};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorCard, ActorState};
use crate::domain::events::Event;
use crate::domain::groups::{Follow, FollowState, Group, GroupKind, Notify};
use crate::domain::moderation::ModAction;
use crate::domain::peers::PeerScope;
use crate::domain::posts::PostKind;
use crate::i18n::{Arg, Locale, t, t_args};
use crate::live::Change;
use crate::policy::{self, InGroup};
use crate::store::followers::LocalFollower;
use crate::store::{self, Conn};
use crate::text::Handle;

/// How often one member may ask us to look groups up for this: each time is a request to another server.
const LOOKS: Quota = Quota { burst: 10, every: Time::MINUTE };
/// Members that are read at once.
const AT_ONCE: i64 = 200;
/// The longest title of a post, in characters.
const MAX_TITLE: usize = 200;

/// Where a group stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its handle, as another server asks for it.
    pub handle: String,
    /// It was handed over.
    pub is_over: bool,
    /// As what it goes on.
    pub now: Option<ActorCard>,
    /// What it was elsewhere before.
    pub former: Vec<ActorCard>,
    /// Why it cannot be handed over as it is.
    pub hindrance: Option<&'static str>,
}

/// A group of which the viewer may dispose.
async fn owned(conn: &mut Conn, ctx: &Ctx, viewer: &Viewer, group: ActorId) -> Result<(Group, Actor, Option<Follow>)> {
    let facts = group_facts(conn, ctx, viewer, group).await?;
    let at = InGroup { group: &facts.0, local: facts.1.is_local(), follow: facts.2.as_ref(), now: ctx.now() };
    policy::check_hand_over(viewer, at)?;
    Ok(facts)
}

/// Where a group stands, for who may hand it over.
///
/// # Errors
/// `NotFound` where federation is off; `Forbidden`.
pub async fn standing(ctx: &Ctx, viewer: &Viewer, group: ActorId) -> Result<Standing> {
    if !moving::is_possible(ctx) {
        return Err(Error::NotFound);
    }
    let mut conn = ctx.db.read().await?;
    let (facts, actor, _) = owned(&mut conn, ctx, viewer, group).await?;
    let former: Vec<ActorId> = store::aliases::of(&mut conn, group).await?.into_iter().map(|(id, _)| id).collect();
    Ok(Standing {
        handle: format!("!{}@{}", actor.name, ctx.urls.host()),
        is_over: actor.moved_to.is_some(),
        now: moving::gone_to(&mut conn, &actor).await?,
        former: store::actors::cards(&mut conn, &former).await?,
        hindrance: policy::hand_over_hindrance(&facts),
    })
}

/// As what a group goes on, and what it was before, as far as the viewer may know of these.
pub async fn around(
    conn: &mut Conn,
    ctx: &Ctx,
    viewer: &Viewer,
    actor: &Actor,
) -> Result<(Option<ActorCard>, Vec<ActorCard>)> {
    if !moving::is_possible(ctx) {
        return Ok((None, Vec::new()));
    }
    let mut ids = store::aliases::before(conn, &actor.uri).await?;
    if actor.is_local() && !ids.is_empty() {
        // What says that it goes on here must be what this group says that it was.
        let named = store::aliases::of(conn, actor.id).await?;
        ids.retain(|id| named.iter().any(|(former, _)| former == id));
    }
    let now = moving::gone_to(conn, actor).await?.map(|card| card.id);
    ids.extend(now);
    if ids.is_empty() {
        return Ok((None, Vec::new()));
    }
    let known = groups::among(conn, viewer, &ids).await?.into_iter().map(|line| line.actor);
    let (now, former): (Vec<_>, Vec<_>) = known.partition(|card| Some(card.id) == now);
    Ok((now.into_iter().next(), former))
}

/// The handle of a group elsewhere, as it was typed.
fn read(ctx: &Ctx, typed: &str) -> Result<(String, String), &'static str> {
    let handle = Handle::parse(typed.trim()).ok_or("error-handover-elsewhere")?;
    let host = handle.host.filter(|host| !host.eq_ignore_ascii_case(ctx.urls.host()));
    Ok((handle.name, host.ok_or("error-handover-elsewhere")?))
}

/// A group elsewhere, looked up where it is not known.
async fn look(ctx: &Ctx, me: ActorId, field: &'static str, (name, host): &(String, String)) -> Result<Actor> {
    ctx.throttle.take(&[(format!("handing over {me}"), LOOKS)], ctx.now())?;
    match ctx.remote()?.resolve_handle(name, host).await {
        Ok(actor) if actor.is_group() && actor.state == ActorState::Active => Ok(actor),
        Ok(_) | Err(Error::NotFound | Error::Gone | Error::NotAuthentic(_)) => {
            Err(Error::invalid(field, "error-handover-unknown"))
        }
        Err(Error::RemoteFailed { .. }) => Err(Error::invalid(field, "error-server-unreachable")),
        Err(other) => Err(other),
    }
}

/// A group here goes on what was a group elsewhere before, which may now be handed over to it.
///
/// # Errors
/// `Invalid` for `former`; `Forbidden`.
pub async fn add_former(ctx: &Ctx, viewer: &Viewer, group: ActorId, typed: &str) -> Result<()> {
    let me = viewer.member_id()?;
    owned(&mut ctx.db.read().await?, ctx, viewer, group).await?;
    let handle = read(ctx, typed).map_err(|code| Error::invalid("former", code))?;
    let former = look(ctx, me, "former", &handle).await?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                owned(conn, &c, &viewer, group).await?;
                moving::note_former(conn, &c, group, former.id).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// It does not, after all.
pub async fn remove_former(ctx: &Ctx, viewer: &Viewer, group: ActorId, former: ActorId) -> Result<()> {
    viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                owned(conn, &c, &viewer, group).await?;
                moving::forget_former(conn, &c, group, former).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// The group elsewhere that a group here becomes: found, asked now whether it says so, and fit for that.
async fn successor(
    ctx: &Ctx,
    me: ActorId,
    group: &Group,
    actor: &Actor,
    handle: &(String, String),
) -> Result<(Actor, String)> {
    let found = look(ctx, me, "to", handle).await?;
    match ctx.remote()?.names_former(&found, &actor.uri).await {
        Ok(true) => {}
        Ok(false) => return Err(Error::invalid("to", "error-handover-not-named")),
        Err(Error::NotFound | Error::Gone | Error::NotAuthentic(_)) => {
            return Err(Error::invalid("to", "error-handover-unknown"));
        }
        Err(Error::RemoteFailed { .. }) => return Err(Error::invalid("to", "error-server-unreachable")),
        Err(other) => return Err(other),
    }
    // As it is now: what was known of it may have been older.
    let mut conn = ctx.db.read().await?;
    let new = store::actors::get(&mut conn, found.id).await?;
    let facts = store::groups::find(&mut conn, new.id).await?;
    let Some(facts) = facts.filter(|_| new.is_group() && new.state == ActorState::Active) else {
        return Err(Error::invalid("to", "error-handover-unknown"));
    };
    if new.moved_to.as_ref().is_some_and(|to| *to != actor.uri) {
        // It went on somewhere else itself.
        return Err(Error::invalid("to", "error-handover-unknown"));
    }
    let host = store::federation::get_host(&mut conn, new.host_id).await?;
    let agreed = if group.kind == GroupKind::Network { host.shares(PeerScope::Network) } else { host.is_peer() };
    policy::check_successor(group, facts.kind, agreed && host.is_kring())?;
    Ok((new, host.name))
}

/// What the members read: as what the group goes on, and where.
async fn note(ctx: &Ctx, to: &Actor, host: &str) -> Result<Note> {
    let locale = Locale::parse(&ctx.instance().locale).unwrap_or_default();
    let args = [("name", Arg::from(to.display_name.as_str())), ("host", Arg::from(host))];
    let title = t_args(locale, "handover-note-title", &args).chars().take(MAX_TITLE).collect();
    let form = PostForm {
        title,
        language: Some(locale.tag().to_owned()),
        link_url: Some(to.url.clone()),
        ..PostForm::new(PostKind::Link, t(locale, "handover-note"))
    };
    Note::of(ctx, form).await
}

/// Hands a group over: it goes on as one elsewhere. Here it can be read and no longer written in.
///
/// # Errors
/// `Invalid` for `to` and `sure`; `Forbidden` for who may not.
pub async fn go(ctx: &Ctx, viewer: &Viewer, id: ActorId, typed: &str, sure: bool) -> Result<()> {
    let me = viewer.member_id()?;
    let (group, actor, _) = owned(&mut ctx.db.read().await?, ctx, viewer, id).await?;
    let (handle, wrong) = match read(ctx, typed) {
        Ok(handle) => (handle, policy::hand_over_hindrance(&group)),
        Err(code) => (Default::default(), Some(code)),
    };
    let mut fields: Vec<FieldError> = wrong.map(|code| FieldError { field: "to", code }).into_iter().collect();
    if !sure {
        fields.push(FieldError { field: "sure", code: "error-handover-sure" });
    }
    if !fields.is_empty() {
        return Err(Error::Invalid { fields });
    }
    let (to, host) = successor(ctx, me, &group, &actor, &handle).await?;
    let note = note(ctx, &to, &host).await?;
    let (c, viewer) = (ctx.clone(), *viewer);
    let change = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let (group, actor, _) = owned(conn, &c, &viewer, id).await?;
                if actor.moved_to.is_some() {
                    return Err(Error::forbidden("error-group-handed-over"));
                }
                let (post, change) = note.pin(conn, &c, me, (&group, &actor)).await?;
                set_gone(conn, &c, &actor, Some(&to.uri)).await?;
                if to.moved_to.as_ref() == Some(&actor.uri) {
                    // It came from here, and goes on there again.
                    set_gone(conn, &c, &to, None).await?;
                }
                emit(conn, &c.ids, c.now(), &Event::ActorUpdated { actor: id }).await?;
                emit(conn, &c.ids, c.now(), &Event::Moved { actor: id, to: to.id }).await?;
                log(conn, &c, Some(id), me, ModAction::HandOver, Some(to.id), Some(post), "").await?;
                Ok(change)
            })
        })
        .await?;
    ctx.wake.now();
    ctx.hub.publish(change);
    Ok(())
}

/// Notes where an actor went, or that it is there again. A group that went on elsewhere is no longer written in. Within the
/// caller's transaction.
pub(super) async fn set_gone(conn: &mut Conn, ctx: &Ctx, actor: &Actor, to: Option<&str>) -> Result<()> {
    store::aliases::set_moved(conn, actor.id, to, ctx.now()).await?;
    let Some(mut group) = store::groups::find(conn, actor.id).await? else { return Ok(()) };
    group.archived_at = to.map(|_| ctx.now());
    store::groups::upsert(conn, &group).await?;
    if to.is_none()
        && let Some(post) = store::moderation::last_logged_post(conn, actor.id, ModAction::HandOver).await?
    {
        store::posts::set_pinned(conn, post, None).await?;
    }
    Ok(())
}

/// A group is not handed over after all. Who went along stays a member there.
pub async fn stay(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<()> {
    let me = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    let gone = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let (_, actor, _) = owned(conn, &c, &viewer, id).await?;
                if actor.moved_to.is_none() {
                    return Ok(None);
                }
                let post = store::moderation::last_logged_post(conn, id, ModAction::HandOver).await?;
                set_gone(conn, &c, &actor, None).await?;
                if let Some(post) = post {
                    let locale = Locale::parse(&c.instance().locale).unwrap_or_default();
                    let post = store::posts::get(conn, post).await?;
                    posts::apply_remove(conn, &c, &post, me, &t(locale, "handover-note-away")).await?;
                }
                emit(conn, &c.ids, c.now(), &Event::ActorUpdated { actor: id }).await?;
                log(conn, &c, Some(id), me, ModAction::TakeBack, None, None, "").await?;
                Ok(post)
            })
        })
        .await?;
    ctx.wake.now();
    if let Some(post) = gone {
        ctx.hub.publish(Change::Deleted { post, group: Some(id) });
    }
    Ok(())
}

/// A group elsewhere is there again: its document no longer says where it went.
pub async fn came_back(ctx: &Ctx, group: &Actor) -> Result<()> {
    let (c, group) = (ctx.clone(), group.clone());
    ctx.db.write(move |conn| Box::pin(async move { set_gone(conn, &c, &group, None).await })).await
}

/// Whether someone is in a group of which this one is what became. Within the caller's transaction.
pub(super) async fn comes_along(conn: &mut Conn, who: ActorId, group: &Actor) -> Result<bool> {
    let seats = store::aliases::seats_before(conn, who, &group.uri).await?;
    if seats.is_empty() || !group.is_local() {
        return Ok(!seats.is_empty());
    }
    let named = store::aliases::of(conn, group.id).await?;
    Ok(named.iter().any(|(former, _)| seats.contains(former)))
}

/// Who was in a group here that goes on, here or elsewhere, joins what it became, and hears of it as before. The old membership
/// stays, so that they can go on reading. Done twice it does nothing more.
pub(super) async fn lead_members(ctx: &Ctx, from: &Actor, to: &Actor) -> Result<()> {
    let mut after = 0;
    loop {
        let mut conn = ctx.db.read().await?;
        let followers = store::followers::local_followers(&mut conn, from.id, after, AT_ONCE).await?;
        let Some(last) = followers.last() else { return Ok(()) };
        after = last.follow.0;
        let ids: Vec<ActorId> = followers.iter().map(|follower| follower.member).collect();
        let members = store::members::among(&mut conn, &ids).await?;
        drop(conn);
        for LocalFollower { member: id, notify, muted, .. } in followers {
            let Some((_, role, guest)) = members.iter().find(|(member, ..)| *member == id).copied() else { continue };
            lead(ctx, &Viewer::Member { id, role, guest }, to, notify, muted).await?;
        }
    }
}

async fn lead(ctx: &Ctx, viewer: &Viewer, to: &Actor, notify: Notify, muted: bool) -> Result<()> {
    let me = viewer.member_id()?;
    let known = store::groups::find_follow(&mut ctx.db.read().await?, me, to.id).await?;
    match known.map(|follow| follow.state) {
        Some(FollowState::Accepted) => return Ok(()),
        // Its server has the request already; one that waits here is let in.
        Some(FollowState::Requested) if !to.is_local() => return Ok(()),
        _ => {}
    }
    match follows::request(ctx, viewer, to.id, "").await {
        Ok(_) => follows::set_notify(ctx, viewer, to.id, notify, muted).await,
        // They keep what they had.
        Err(error @ (Error::NotFound | Error::Forbidden { .. })) => {
            tracing::debug!(%error, member = %me, to = %to.uri, "does not go along with the group");
            Ok(())
        }
        Err(error) => Err(error),
    }
}
