//! Telling members what concerns them, and reading it.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::notices::{Notice, NoticeKind, Verdict};
use crate::domain::posts::Post;
use crate::live::Change;
use crate::policy;
use crate::services::timelines::may_see;
use crate::services::{Ctx, notice_policy, push};
use crate::store::notices::NewNotice;
use crate::store::{self, Conn};

/// What is to be told, to whomever it concerns.
#[derive(Clone, Debug)]
pub struct Telling {
    /// What happened.
    pub kind: NoticeKind,
    /// Who did it.
    pub actor: Option<ActorId>,
    /// About which post.
    pub post: Option<PostId>,
    /// About which group.
    pub group: Option<ActorId>,
    /// More words.
    pub detail: String,
    /// Notices with one key are shown together.
    pub group_key: String,
}

/// Something about a post, done by its author unless the caller says otherwise.
pub fn about_post(kind: NoticeKind, post: &Post) -> Telling {
    Telling {
        kind,
        actor: Some(post.author_id),
        post: Some(post.id),
        group: post.group_id,
        detail: String::new(),
        group_key: format!("{kind}-{}", post.id),
    }
}

/// Something about a group.
pub fn about_group(kind: NoticeKind, group: ActorId, actor: Option<ActorId>) -> Telling {
    Telling { kind, actor, post: None, group: Some(group), detail: String::new(), group_key: format!("{kind}-{group}") }
}

/// Something someone did.
pub fn about_actor(kind: NoticeKind, actor: ActorId) -> Telling {
    Telling {
        kind,
        actor: Some(actor),
        post: None,
        group: None,
        detail: String::new(),
        group_key: format!("{kind}-{actor}"),
    }
}

/// Tells members here; others, those who may not see the post, and those who shut the actor out are passed over.
pub async fn tell(ctx: &Ctx, who: &[ActorId], telling: Telling) -> Result<()> {
    tell_all(ctx, who, telling, false).await
}

/// As [`tell`]; `also_self` also tells who did it.
pub async fn tell_all(ctx: &Ctx, who: &[ActorId], telling: Telling, also_self: bool) -> Result<()> {
    let who: Vec<ActorId> = who.iter().copied().filter(|id| also_self || Some(*id) != telling.actor).collect();
    if who.is_empty() {
        return Ok(());
    }
    let c = ctx.clone();
    let changes = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let mut changes = Vec::new();
                for member in who {
                    if let Some(id) = tell_one(conn, &c, member, &telling).await? {
                        changes.push(Change::Notice { member, notice: id });
                    }
                }
                Ok(changes)
            })
        })
        .await?;
    if !changes.is_empty() {
        ctx.wake.now();
    }
    for change in changes {
        ctx.hub.publish(change);
    }
    Ok(())
}

async fn tell_one(conn: &mut Conn, ctx: &Ctx, member: ActorId, telling: &Telling) -> Result<Option<NotificationId>> {
    if !store::members::is_member(conn, member).await? {
        return Ok(None);
    }
    if let Some(actor) = telling.actor
        && !store::moderation::may_notify(conn, member, actor).await?
    {
        return Ok(None);
    }
    // One's own removed post and reports to moderators are told although the post is not shown any more.
    let open = matches!(telling.kind, NoticeKind::Removed | NoticeKind::Report | NoticeKind::Held);
    if let Some(post) = telling.post.filter(|_| !open)
        && (!may_see(conn, member, post).await? || store::notice_policy::is_thread_muted(conn, member, post).await?)
    {
        return Ok(None);
    }
    let verdict = match telling.actor {
        Some(actor) => notice_policy::verdict(conn, ctx, member, telling.kind, actor, telling.post).await?,
        None => Verdict::Accept,
    };
    if verdict == Verdict::Drop {
        return Ok(None);
    }
    let new = NewNotice {
        id: NotificationId(ctx.ids.next()),
        member_id: member,
        kind: telling.kind,
        actor_id: telling.actor,
        post_id: telling.post,
        group_id: telling.group,
        detail: telling.detail.clone(),
        group_key: telling.group_key.clone(),
        created_at: ctx.now(),
        filtered: verdict == Verdict::Filter,
    };
    if !store::notices::insert(conn, &new).await? || new.filtered {
        return Ok(None);
    }
    push::announce(conn, ctx, member, new.id).await?;
    Ok(Some(new.id))
}

/// The viewer's notices of some kinds (all when empty), newest first.
pub async fn list(ctx: &Ctx, viewer: &Viewer, kinds: &[NoticeKind], page: Page) -> Result<Paged<Notice>> {
    let kinds = if kinds.is_empty() { NoticeKind::ALL } else { kinds };
    let mut conn = ctx.db.read().await?;
    store::notices::list(&mut conn, viewer.member_id()?, &policy::sight(viewer), kinds, page).await
}

/// The viewer's notices of some kinds about one post, or about none, newest first.
pub async fn list_about(
    ctx: &Ctx,
    viewer: &Viewer,
    kinds: &[NoticeKind],
    post: Option<PostId>,
    page: Page,
) -> Result<Vec<Notice>> {
    let mut conn = ctx.db.read().await?;
    store::notices::list_about(&mut conn, viewer.member_id()?, &policy::sight(viewer), kinds, post, page).await
}

/// How many notices of some kinds there are in all, by kind and post.
pub async fn counts(
    ctx: &Ctx,
    viewer: &Viewer,
    kinds: &[NoticeKind],
) -> Result<Vec<(NoticeKind, Option<PostId>, i64)>> {
    store::notices::counts(&mut ctx.db.read().await?, viewer.member_id()?, kinds).await
}

/// One notice.
pub async fn get(ctx: &Ctx, viewer: &Viewer, id: NotificationId) -> Result<Notice> {
    let mut conn = ctx.db.read().await?;
    store::notices::get(&mut conn, viewer.member_id()?, &policy::sight(viewer), id).await
}

/// Marks the viewer's notices up to one as read.
pub async fn mark_read(ctx: &Ctx, viewer: &Viewer, upto: NotificationId) -> Result<()> {
    let (me, now) = (viewer.member_id()?, ctx.now());
    ctx.db.write(move |conn| Box::pin(async move { store::notices::mark_read(conn, me, upto, now).await })).await?;
    Ok(())
}

/// Throws one notice away, or all.
pub async fn dismiss(ctx: &Ctx, viewer: &Viewer, id: Option<NotificationId>) -> Result<()> {
    let me = viewer.member_id()?;
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                match id {
                    Some(id) => store::notices::delete(conn, me, id).await,
                    None => store::notices::clear(conn, me).await,
                }
            })
        })
        .await?;
    Ok(())
}
