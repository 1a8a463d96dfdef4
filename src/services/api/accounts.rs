//! Accounts and what is between them, in batches.

use std::collections::HashMap;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::ActorState;
use crate::domain::groups::{Follow, FollowState, GroupKind};
use crate::domain::moderation::BlockKind;
use crate::policy::{self, InGroup};
use crate::services::follows::group_facts;
use crate::services::{Ctx, known};
use crate::store::api::AccountRow;
use crate::store::{self, Conn};

/// Accounts by id as far as the viewer may know them, in the order asked for.
pub async fn accounts(ctx: &Ctx, viewer: &Viewer, ids: &[ActorId]) -> Result<Vec<AccountRow>> {
    let mut conn = ctx.db.read().await?;
    let mut rows: HashMap<ActorId, AccountRow> = HashMap::new();
    let found = store::api::accounts(&mut conn, ids).await?;
    let known = known::among(&mut conn, viewer, ids).await?;
    for row in found {
        let alive = matches!(row.actor.state, ActorState::Active) && known.contains(&row.actor.id);
        if alive && may_know(&mut conn, ctx, viewer, &row).await? {
            rows.insert(row.actor.id, row);
        }
    }
    Ok(ids.iter().filter_map(|id| rows.remove(id)).collect())
}

/// One account.
///
/// # Errors
/// `NotFound`, `Gone` for those who left.
pub async fn account(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<AccountRow> {
    let mut conn = ctx.db.read().await?;
    let row = store::api::accounts(&mut conn, &[id]).await?.pop().ok_or(Error::NotFound)?;
    match row.actor.state {
        _ if !known::knows(&mut conn, viewer, &row.actor).await? => return Err(Error::NotFound),
        ActorState::Active => {}
        ActorState::Deleted => return Err(Error::Gone),
        ActorState::Pending | ActorState::Suspended => return Err(Error::NotFound),
    }
    if may_know(&mut conn, ctx, viewer, &row).await? { Ok(row) } else { Err(Error::NotFound) }
}

/// Public groups are known to all; about other groups the policy is asked, about people `known`.
async fn may_know(conn: &mut Conn, ctx: &Ctx, viewer: &Viewer, row: &AccountRow) -> Result<bool> {
    match row.group {
        None | Some((GroupKind::Public, _, _)) => Ok(true),
        Some(_) => match group_facts(conn, ctx, viewer, row.actor.id).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound) => Ok(false),
            Err(error) => Err(error),
        },
    }
}

/// Whether the viewer may read a group's posts and see who is in it; `true` for people.
pub async fn may_read(ctx: &Ctx, viewer: &Viewer, row: &AccountRow) -> Result<bool> {
    if row.group.is_none() {
        return Ok(true);
    }
    let mut conn = ctx.db.read().await?;
    let (group, actor, follow) = group_facts(&mut conn, ctx, viewer, row.actor.id).await?;
    let at = InGroup { group: &group, local: actor.is_local(), follow: follow.as_ref(), now: ctx.now() };
    Ok(policy::may_read_group(viewer, at))
}

/// What is between the viewer and another account.
#[derive(Clone, Debug)]
pub struct Relation {
    /// The other.
    pub id: ActorId,
    /// What the viewer asked of them.
    pub mine: Option<Follow>,
    /// What they asked of the viewer.
    pub theirs: Option<Follow>,
    /// The viewer blocks them.
    pub blocking: bool,
    /// They block the viewer.
    pub blocked_by: bool,
    /// The viewer does not want to see them.
    pub muting: bool,
    /// Until when; none for always.
    pub muted_until: Option<Time>,
    /// What the viewer noted about them.
    pub note: String,
    /// The viewer shows them on their profile.
    pub endorsed: bool,
    /// The viewer shut out their server.
    pub host_blocked: bool,
}

/// Relations of the viewer to several accounts, in the order asked for: six queries.
pub async fn relations(ctx: &Ctx, viewer: &Viewer, ids: &[ActorId]) -> Result<Vec<Relation>> {
    let me = viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let follows = store::api::follows_between(&mut conn, me, ids).await?;
    let blocks = store::moderation::between(&mut conn, me, ids).await?;
    let has = |from: ActorId, to: ActorId, kind: BlockKind| blocks.contains(&(from, to, kind));
    let notes = store::regards::notes(&mut conn, me, ids).await?;
    let shown = store::regards::endorsed_among(&mut conn, me, ids).await?;
    let shut_out = store::regards::on_blocked_hosts(&mut conn, me, ids).await?;
    let ends = store::moderation::mute_ends(&mut conn, me, ids).await?;
    let one = |id: &ActorId| Relation {
        id: *id,
        mine: follows.iter().find(|f| f.target_id == *id && f.follower_id == me).cloned(),
        theirs: follows.iter().find(|f| f.follower_id == *id && f.target_id == me).cloned(),
        blocking: has(me, *id, BlockKind::Block),
        blocked_by: has(*id, me, BlockKind::Block),
        muting: has(me, *id, BlockKind::Mute),
        muted_until: ends.iter().find(|row| row.0 == *id).and_then(|row| row.1),
        note: notes.iter().find(|row| row.0 == *id).map(|row| row.1.clone()).unwrap_or_default(),
        endorsed: shown.contains(id),
        host_blocked: shut_out.contains(id),
    };
    Ok(ids.iter().map(one).collect())
}

/// Ids of who follows an account, with the cursor of each.
pub async fn followers(ctx: &Ctx, viewer: &Viewer, row: &AccountRow, page: Page) -> Result<Vec<(i64, ActorId)>> {
    // Who is in a group, and whom people follow, is for members to know, as on the pages.
    if viewer.actor_id().is_none() || !may_read(ctx, viewer, row).await? {
        return Ok(Vec::new());
    }
    let mut conn = ctx.db.read().await?;
    let rows = store::api::followers(&mut conn, row.actor.id, FollowState::Accepted, page).await?;
    Ok(rows.into_iter().map(|(id, who)| (id.0, who)).collect())
}

/// Ids of whom an account follows, with the cursor of each. Of groups only public ones are told.
pub async fn following(ctx: &Ctx, viewer: &Viewer, account: ActorId, page: Page) -> Result<Vec<(i64, ActorId)>> {
    if viewer.actor_id().is_none() {
        return Ok(Vec::new());
    }
    let rows = store::api::following(&mut ctx.db.read().await?, account, page).await?;
    Ok(rows.into_iter().map(|(id, who)| (id.0, who)).collect())
}

/// Ids of who shared a post, with the cursor of each.
pub async fn sharers(ctx: &Ctx, viewer: &Viewer, post: PostId, page: Page) -> Result<Vec<(i64, ActorId)>> {
    let mut conn = ctx.db.read().await?;
    store::posts::find_visible(&mut conn, post, &policy::sight(viewer)).await?.ok_or(Error::NotFound)?;
    let rows = store::api::sharers(&mut conn, post, page).await?;
    Ok(rows.into_iter().map(|(id, who)| (id.0, who)).collect())
}

/// Ids of who thanked for a post, and where the next page starts.
pub async fn thankers(ctx: &Ctx, viewer: &Viewer, post: PostId, page: Page) -> Result<Paged<ActorId>> {
    let mut conn = ctx.db.read().await?;
    store::posts::find_visible(&mut conn, post, &policy::sight(viewer)).await?.ok_or(Error::NotFound)?;
    let kind = crate::domain::posts::ReactionKind::Thanks;
    let found = store::posts::reactors(&mut conn, post, kind, page).await?;
    Ok(Paged { items: found.items.into_iter().map(|card| card.id).collect(), next: found.next })
}

/// Who asks to follow the viewer or to join a group they keep order in: cursor, where to, who.
pub async fn requests(ctx: &Ctx, viewer: &Viewer, page: Page) -> Result<Vec<(i64, ActorId, ActorId)>> {
    let me = viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let own = store::api::followers(&mut conn, me, FollowState::Requested, page).await?;
    let joins = store::api::join_requests(&mut conn, me, page).await?;
    let mut all: Vec<(i64, ActorId, ActorId)> = own.into_iter().map(|(id, who)| (id.0, me, who)).collect();
    all.extend(joins.into_iter().map(|(id, target, who)| (id.0, target, who)));
    all.sort_unstable_by_key(|row| std::cmp::Reverse(row.0));
    Ok(all)
}

/// Answers every request of one account to the viewer or to groups they keep order in; also an invitation by a group.
///
/// # Errors
/// `NotFound` when nothing was asked.
pub async fn answer(ctx: &Ctx, viewer: &Viewer, asker: ActorId, yes: bool) -> Result<()> {
    let me = viewer.member_id()?;
    let page = Page::first(80);
    let mine: Vec<ActorId> =
        requests(ctx, viewer, page).await?.into_iter().filter(|row| row.2 == asker).map(|row| row.1).collect();
    let invited = {
        let follow = store::groups::find_follow(&mut ctx.db.read().await?, me, asker).await?;
        follow.is_some_and(|f| f.state == FollowState::Invited)
    };
    if mine.is_empty() && !invited {
        return Err(Error::NotFound);
    }
    for target in mine {
        match (target == me, yes) {
            (true, _) => crate::services::follows::answer_follower(ctx, viewer, asker, yes).await?,
            (false, true) => crate::services::follows::accept(ctx, viewer, target, asker).await?,
            (false, false) => crate::services::follows::reject(ctx, viewer, target, asker, "").await?,
        }
    }
    match (invited, yes) {
        (true, true) => crate::services::follows::request(ctx, viewer, asker, "").await.map(|_| ()),
        (true, false) => crate::services::follows::leave(ctx, viewer, asker).await,
        (false, _) => Ok(()),
    }
}

/// The viewer's account.
pub async fn member(ctx: &Ctx, viewer: &Viewer) -> Result<crate::domain::people::Member> {
    let (mut member, _) = store::people::get(&mut ctx.db.read().await?, viewer.member_id()?).await?;
    member.password_hash = None;
    Ok(member)
}

/// What a client may change of a profile; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// Shown name.
    pub display_name: Option<String>,
    /// "About", Markdown.
    pub about: Option<String>,
}

/// Changes name and "about"; the rest of the profile stays.
pub async fn change_profile(ctx: &Ctx, viewer: &Viewer, change: ProfileChange) -> Result<()> {
    let (member, actor) = store::people::get(&mut ctx.db.read().await?, viewer.member_id()?).await?;
    let profile = crate::services::people::Profile {
        display_name: change.display_name.unwrap_or(actor.display_name),
        about: change.about.unwrap_or(actor.summary_source),
        details: store::people::Details {
            job_title: member.job_title,
            pronunciation: member.pronunciation,
            branch_id: member.branch_id,
            languages: member.languages,
            contact: member.contact,
        },
    };
    crate::services::people::update_profile(ctx, viewer, profile).await
}

/// Ends that someone follows the viewer; nothing happens when they do not.
pub async fn shake_off(ctx: &Ctx, viewer: &Viewer, follower: ActorId) -> Result<()> {
    match crate::services::follows::answer_follower(ctx, viewer, follower, false).await {
        Ok(()) | Err(Error::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}

/// People or groups of this instance, by name, as far as the viewer may know them; at most 80.
pub async fn listed(ctx: &Ctx, viewer: &Viewer, kind: crate::domain::actors::ActorKind) -> Result<Vec<AccountRow>> {
    let cards = store::actors::directory(&mut ctx.db.read().await?, kind, ("", -1), 80).await?;
    let ids: Vec<ActorId> = cards.iter().map(|card| card.id).collect();
    accounts(ctx, viewer, &ids).await
}
