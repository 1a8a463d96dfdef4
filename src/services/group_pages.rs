//! What the pages of one group show, gathered in few queries.

use std::collections::BTreeSet;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorCard};
use crate::domain::groups::{Follow, FollowState, Group, GroupKind, GroupRole};
use crate::domain::posts::{GroupCard, PostView};
use crate::policy;
use crate::services::follows::{self, moderated};
use crate::services::groups::{self, GroupView};
use crate::services::{Ctx, backfill, handover, people};
use crate::store;
use crate::store::groups::MemberLine;
use crate::text::Handle;
use crate::urls;

/// A group's own page.
#[derive(Clone, Debug)]
pub struct GroupPage {
    /// The group.
    pub view: GroupView,
    /// Pinned posts, on the first page.
    pub pinned: Vec<PostView>,
    /// The stream.
    pub posts: Paged<PostView>,
    /// Who keeps order in it; empty for visitors.
    pub moderators: Vec<MemberLine>,
    /// As what it goes on elsewhere, if it does.
    pub now: Option<ActorCard>,
    /// What it was elsewhere before.
    pub former: Vec<ActorCard>,
}

/// The card of an actor one has in full.
fn card_of(actor: &Actor, host: Option<String>) -> ActorCard {
    ActorCard {
        id: actor.id,
        uri: actor.uri.clone(),
        kind: actor.kind,
        name: actor.name.clone(),
        host,
        display_name: actor.display_name.clone(),
        url: actor.url.clone(),
        icon_media_id: actor.icon_media_id,
        icon_url: actor.icon_url.clone(),
        state: actor.state,
    }
}

/// A group's page by `name` or `name@host`: as much of it as the viewer may see.
///
/// # Errors
/// `NotFound` if they may not know it.
pub async fn page(ctx: &Ctx, viewer: &Viewer, acct: &str, page: Page) -> Result<GroupPage> {
    let mut conn = ctx.db.read().await?;
    let view = groups::view_in(&mut conn, ctx, viewer, acct).await?;
    let card =
        GroupCard { actor: card_of(&view.actor, view.host.clone()), spine: view.group.spine, kind: view.group.kind };
    let (pinned, posts) = store::posts::group_page(&mut conn, card, &policy::sight(viewer), page).await?;
    // Who is in a group is for members to see, not for the web.
    let moderators = match viewer.actor_id() {
        Some(_) => {
            let roles = [GroupRole::Owner, GroupRole::Moderator];
            store::groups::members(&mut conn, view.group.actor_id, &[FollowState::Accepted], &roles, 0, 12).await?
        }
        None => Vec::new(),
    };
    let (now, former) = handover::around(&mut conn, ctx, viewer, &view.actor).await?;
    drop(conn);
    note_read(ctx, viewer, &view, &posts.items).await?;
    backfill::group(ctx, viewer, &view.actor).await;
    Ok(GroupPage { view, pinned, posts, moderators, now, former })
}

/// Notes what the viewer has read, when there was something new.
async fn note_read(ctx: &Ctx, viewer: &Viewer, view: &GroupView, posts: &[PostView]) -> Result<()> {
    let (Some(me), Some(follow)) = (viewer.actor_id(), view.follow.as_ref().filter(|f| f.is_member())) else {
        return Ok(());
    };
    let newest = posts.iter().map(|p| p.post.received_seq).max().unwrap_or(0);
    if newest <= follow.seen_seq {
        return Ok(());
    }
    let group = view.group.actor_id;
    ctx.db.write(move |conn| Box::pin(async move { store::groups::set_seen(conn, me, group, newest).await })).await?;
    Ok(())
}

/// Someone's place in a group, for its moderators.
pub async fn membership(ctx: &Ctx, viewer: &Viewer, group: ActorId, who: ActorId) -> Result<(ActorCard, Follow)> {
    let mut conn = ctx.db.read().await?;
    moderated(&mut conn, ctx, viewer, group).await?;
    let follow = store::groups::find_follow(&mut conn, who, group).await?.ok_or(Error::NotFound)?;
    let card = store::actors::cards(&mut conn, &[who]).await?.pop().ok_or(Error::NotFound)?;
    Ok((card, follow))
}

/// A moderator invites someone by `name` or `name@host`, who is looked up when not known yet.
///
/// # Errors
/// `Invalid` (field `name`) when there is no such person, and once (unless `sure`) when they would be the first of their server;
/// else as [`follows::invite`].
pub async fn invite(ctx: &Ctx, viewer: &Viewer, group: ActorId, who: &str, sure: bool) -> Result<Actor> {
    let unknown = || Error::invalid("name", "error-no-such-person");
    // Or they are there, and chose not to be found: nobody is told which.
    let hidden = || Error::invalid("name", "error-no-such-person-there");
    // First whether they may invite at all: else this would be a way to make us fetch.
    let facts = moderated(&mut ctx.db.read().await?, ctx, viewer, group).await?;
    let handle = Handle::parse(who).ok_or_else(unknown)?;
    let found = people::person(ctx, viewer, &handle.to_string()).await;
    let actor = match (found, &handle.host) {
        (Ok(person), _) => person.actor,
        (Err(Error::NotFound), Some(host)) if !host.eq_ignore_ascii_case(ctx.urls.host()) => {
            match ctx.remote()?.resolve_handle(&handle.name, host).await {
                Ok(actor) if !actor.is_group() => actor,
                Ok(_) => return Err(unknown()),
                Err(Error::NotFound) => return Err(hidden()),
                Err(Error::RemoteFailed { .. }) => return Err(Error::invalid("name", "error-server-unreachable")),
                Err(other) => return Err(other),
            }
        }
        (Err(Error::NotFound | Error::Gone), _) => return Err(unknown()),
        (Err(other), _) => return Err(other),
    };
    let host = urls::host_of(&actor.uri).filter(|_| !actor.is_local() && !sure);
    if !strangers(ctx, &facts.0, host.into_iter().collect()).await?.is_empty() {
        let code = if facts.1.is_local() { FIRST_OF_HOST } else { FIRST_OF_HOST_ELSEWHERE };
        return Err(Error::invalid("name", code));
    }
    follows::invite(ctx, viewer, facts.0.actor_id, actor.id).await?;
    Ok(actor)
}

/// What is said before somebody is invited whose server nobody in the group is at.
pub const FIRST_OF_HOST: &str = "error-first-of-host";
/// The same of a group elsewhere, whose members are not all known here.
pub const FIRST_OF_HOST_ELSEWHERE: &str = "error-first-of-host-elsewhere";

/// Whether an error asks no more than whether one is sure.
pub fn is_warning(code: Option<&str>) -> bool {
    matches!(code, Some(FIRST_OF_HOST | FIRST_OF_HOST_ELSEWHERE))
}

/// Of several servers those that have nobody in a closed group yet and no agreement with us. Who lets the first one in lets the
/// administrators there read along, technically.
pub async fn strangers(ctx: &Ctx, group: &Group, hosts: BTreeSet<String>) -> Result<BTreeSet<String>> {
    // Into a network group come partners alone.
    if group.kind != GroupKind::Private || !group.outside_members || hosts.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut conn = ctx.db.read().await?;
    let known = store::federation::hosts_by_name(&mut conn, &hosts.iter().cloned().collect::<Vec<_>>()).await?;
    let mut inside = store::memberships::hosts_of_members(&mut conn, group.actor_id).await?;
    inside.push(store::actors::get(&mut conn, group.actor_id).await?.host_id);
    let familiar =
        |name: &String| known.iter().any(|host| host.name == *name && (host.is_peer() || inside.contains(&host.id)));
    Ok(hosts.into_iter().filter(|name| !familiar(name)).collect())
}
