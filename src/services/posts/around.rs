//! What stands around a post on its own page, what one may write where, and names to complete.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{ActorCard, ActorKind};
use crate::domain::audiences::Scope;
use crate::domain::groups::{FollowState, Posting};
use crate::domain::moderation::BlockKind;
use crate::domain::posts::{Post, PostKind, PostView};
use crate::policy::{self, InGroup};
use crate::services::groups::{self, GroupView};
use crate::services::{Ctx, backfill, people, posts};
use crate::store;
use crate::store::groups::GroupLine;
use crate::text;

/// A post on its own page.
#[derive(Clone, Debug)]
pub struct Around {
    /// The post.
    pub post: PostView,
    /// Comments of all depths, oldest first.
    pub comments: Vec<PostView>,
    /// Id after which more comments come, if there may be more.
    pub next: Option<i64>,
    /// Its group, if the viewer may know it.
    pub group: Option<GroupView>,
    /// The viewer keeps order here.
    pub moderates: bool,
    /// Why the viewer cannot write a comment (i18n key); none when they can.
    pub closed: Option<&'static str>,
    /// Who takes part, for a conversation.
    pub people: Vec<ActorCard>,
}

/// A top-level post with its thread; comments after id `after`.
pub async fn around(ctx: &Ctx, viewer: &Viewer, id: PostId, after: i64) -> Result<Around> {
    let post = posts::view(ctx, viewer, id).await?;
    backfill::thread(ctx, viewer, &post.post).await;
    let mut comments = posts::thread(ctx, viewer, id, after).await?;
    let full = i64::try_from(comments.len()).is_ok_and(|n| n >= posts::THREAD_PAGE);
    let next = comments.last().filter(|_| full).map(|last| last.post.id.0);
    comments.retain(|comment| comment.post.id != id);
    let group = match post.post.group_id {
        Some(group) => match groups::view(ctx, viewer, group).await {
            Ok(view) => Some(view),
            Err(Error::NotFound) => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let people = if post.post.kind == PostKind::Direct {
        conversation_people(ctx, viewer, &[&post.post]).await?
    } else {
        vec![]
    };
    let moderates = match (&group, post.post.group_id) {
        (Some(group), _) => group.moderator,
        (None, None) => post.post.kind != PostKind::Direct && policy::check_instance_moderator(viewer).is_ok(),
        (None, Some(_)) => false,
    };
    let closed = why_closed(ctx, viewer, &post.post, group.as_ref());
    Ok(Around {
        comments,
        next,
        moderates,
        closed,
        people: people.into_iter().map(|(_, card)| card).collect(),
        group,
        post,
    })
}

/// Why no comment may be written, as `policy` says.
fn why_closed(ctx: &Ctx, viewer: &Viewer, root: &Post, group: Option<&GroupView>) -> Option<&'static str> {
    if viewer.member_id().is_err() {
        return Some("comment-sign-in");
    }
    let reason = |result: Result<()>| match result {
        Err(Error::Forbidden { reason }) => Some(reason),
        Err(_) => Some("error-post-gone"),
        Ok(()) => None,
    };
    let in_group = |view: &GroupView| {
        let local = view.actor.is_local();
        policy::check_post(InGroup { group: &view.group, local, follow: view.follow.as_ref(), now: ctx.now() }, false)
    };
    reason(policy::check_comment(root, root)).or_else(|| group.and_then(|view| reason(in_group(view))))
}

/// The others in conversations, with the conversation's audience.
pub async fn conversation_people(ctx: &Ctx, viewer: &Viewer, roots: &[&Post]) -> Result<Vec<(AudienceId, ActorCard)>> {
    let me = viewer.member_id()?;
    let audiences: Vec<AudienceId> = roots.iter().map(|post| post.audience_id).collect();
    let mut conn = ctx.db.read().await?;
    let pairs = store::groups::readers_of(&mut conn, &audiences).await?;
    let ids: Vec<ActorId> = pairs.iter().map(|(_, id)| *id).filter(|id| *id != me).collect();
    let cards = store::actors::cards(&mut conn, &ids).await?;
    let named =
        |(audience, id): &(AudienceId, ActorId)| cards.iter().find(|c| c.id == *id).map(|c| (*audience, c.clone()));
    Ok(pairs.iter().filter_map(named).collect())
}

/// The viewer's groups in which they may write, by name. Where leave is given person by person the list takes the
/// group in; [`posts::publish`] decides.
pub async fn writable_groups(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<GroupLine>> {
    let mut lines = groups::mine(ctx, viewer).await?;
    lines.retain(|line| {
        let moderator = matches!(line.mine, Some((FollowState::Accepted, role, _)) if role.is_moderator());
        let member = matches!(line.mine, Some((FollowState::Accepted, ..)));
        member && line.group.archived_at.is_none() && (moderator || line.group.posting != Posting::Moderators)
    });
    Ok(lines)
}

/// Whom somebody means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// Who.
    pub id: ActorId,
    /// As in their address.
    pub handle: String,
}

/// Someone by handle, with or without `@`, or by full name where the viewer knows only one who is called that.
///
/// # Errors
/// `Invalid` for `field` when there is nobody, or more than one.
pub async fn addressee(ctx: &Ctx, viewer: &Viewer, typed: &str, field: &'static str) -> Result<Addressee> {
    let typed = typed.trim().trim_start_matches('@');
    if typed.is_empty() {
        return Err(Error::invalid(field, "error-recipient-missing"));
    }
    let handle = typed.to_lowercase();
    match people::person(ctx, viewer, &handle).await {
        Ok(person) => return Ok(Addressee { id: person.actor.id, handle }),
        Err(Error::NotFound | Error::Gone) => {}
        Err(error) => return Err(error),
    }
    let wanted = text::fold(typed);
    let found = complete(ctx, viewer, typed, None, &[ActorKind::Person]).await?;
    let mut called = found.iter().map(|(card, _)| card).filter(|card| text::fold(&card.display_name) == wanted);
    match (called.next(), called.next()) {
        (Some(card), None) => Ok(Addressee { id: card.id, handle: card.acct() }),
        (Some(_), Some(_)) => Err(Error::invalid(field, "error-recipient-several")),
        (None, _) => Err(Error::invalid(field, "error-recipient-unknown")),
    }
}

/// Names for a half-typed mention: people and groups the viewer may know, members of `group` first, and whether they
/// may read there; at most six.
pub async fn complete(
    ctx: &Ctx,
    viewer: &Viewer,
    typed: &str,
    group: Option<ActorId>,
    kinds: &[ActorKind],
) -> Result<Vec<(ActorCard, bool)>> {
    let me = viewer.member_id()?;
    let needle = text::fold(typed.trim_start_matches('@'));
    if needle.is_empty() {
        return Ok(Vec::new());
    }
    let mut conn = ctx.db.read().await?;
    let found = store::actors::search(&mut conn, kinds, &needle, false, 40).await?;
    let guest = !viewer.is_full_member();
    let mut known: Vec<ActorCard> = Vec::new();
    for card in found.into_iter().filter(|card| card.id != me) {
        let may_know = match card.kind {
            ActorKind::Group => {
                let (group, actor, follow) = store::groups::get_with(&mut conn, card.id, Some(me)).await?;
                let at = InGroup { group: &group, local: actor.is_local(), follow: follow.as_ref(), now: ctx.now() };
                policy::may_see_group(viewer, at)
            }
            _ => !guest || store::people::share_a_group(&mut conn, me, card.id).await?,
        };
        if may_know {
            known.push(card);
        }
    }
    let ids: Vec<ActorId> = known.iter().map(|card| card.id).collect();
    let blocking = store::moderation::between(&mut conn, me, &ids).await?;
    let shut_out = store::regards::on_blocked_hosts(&mut conn, me, &ids).await?;
    let apart = |card: &ActorCard| {
        let theirs = blocking.contains(&(card.id, me, BlockKind::Block));
        theirs || shut_out.contains(&card.id) || blocking.iter().any(|(by, whom, _)| (*by, *whom) == (me, card.id))
    };
    known.retain(|card| !apart(card));
    // Who is in a group, and that there is one, is told to its own members only.
    let group = match group {
        Some(group) => store::groups::followers_among(&mut conn, &[me], group).await?.first().map(|_| group),
        None => None,
    };
    let (members, scope, guests) = match group {
        Some(group) => {
            let members = store::groups::followers_among(&mut conn, &ids, group).await?;
            let accounts = store::members::among(&mut conn, &ids).await?;
            let guests: Vec<ActorId> =
                accounts.into_iter().filter(|account| account.2).map(|account| account.0).collect();
            (members, store::groups::get_with(&mut conn, group, None).await?.0.kind.scope(), guests)
        }
        None => (Vec::new(), Scope::Public, Vec::new()),
    };
    let rank = |card: &ActorCard| {
        let near = if group.is_some() { members.contains(&card.id) } else { card.is_local() };
        (!near, card.acct() != needle, card.display_name.clone())
    };
    known.sort_by_cached_key(rank);
    let reads = |card: &ActorCard| {
        let inside = scope <= Scope::Organisation && card.is_local() && !guests.contains(&card.id);
        scope.is_open() || card.kind == ActorKind::Group || members.contains(&card.id) || inside
    };
    Ok(known.into_iter().take(6).map(|card| (reads(&card), card)).map(|(reads, card)| (card, reads)).collect())
}
