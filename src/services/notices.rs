//! Telling members what concerns them, and reading it.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::notices::{Notice, NoticeKind, Verdict};
use crate::domain::people::Role;
use crate::domain::posts::Post;
use crate::live::Change;
use crate::policy;
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
    let who = reached(ctx, who, &telling).await?;
    if who.is_empty() {
        return Ok(());
    }
    let c = ctx.clone();
    let told = ctx.db.write(move |conn| Box::pin(async move { keep(conn, &c, &who, &telling).await })).await?;
    if !told.is_empty() {
        ctx.wake.now();
    }
    for (member, notice) in told {
        ctx.hub.publish(Change::Notice { member, notice });
    }
    Ok(())
}

/// Who of `who` is told, and whose notice waits as a request: a fixed number of queries, however many they are.
async fn reached(ctx: &Ctx, who: Vec<ActorId>, telling: &Telling) -> Result<Vec<(ActorId, bool)>> {
    let mut conn = ctx.db.read().await?;
    let members = store::members::among(&mut conn, &who).await?;
    let mut left: Vec<ActorId> = members.iter().map(|(member, ..)| *member).collect();
    if let Some(actor) = telling.actor {
        let shut = store::moderation::out_of_reach(&mut conn, &left, actor).await?;
        left.retain(|member| !shut.contains(member));
    }
    // One's own removed post and reports to moderators are told although the post is not shown any more.
    let open = matches!(telling.kind, NoticeKind::Removed | NoticeKind::Report | NoticeKind::Held);
    if let Some(post) = telling.post.filter(|_| !open) {
        let sight = |(id, role, guest): &(ActorId, Role, bool)| {
            (*id, policy::sight(&Viewer::Member { id: *id, role: *role, guest: *guest }))
        };
        let sights: Vec<_> = members.iter().map(sight).collect();
        let seeing = store::who_sees(&mut conn, &sights, post).await?;
        let muting = store::notice_policy::muting_thread(&mut conn, &left, post).await?;
        left.retain(|member| seeing.contains(member) && !muting.contains(member));
    }
    let verdicts = match telling.actor {
        Some(actor) => notice_policy::verdicts(&mut conn, ctx, &left, telling.kind, actor, telling.post).await?,
        None => Vec::new(),
    };
    let verdict = |member: ActorId| verdicts.iter().find(|(who, _)| *who == member).map(|(_, verdict)| *verdict);
    let told = |member: ActorId| match verdict(member) {
        Some(Verdict::Drop) => None,
        Some(Verdict::Filter) => Some((member, true)),
        Some(Verdict::Accept) | None => Some((member, false)),
    };
    Ok(left.into_iter().filter_map(told).collect())
}

/// Adds the notices, each unless one like it waits unread already; returns those to tell of at once.
async fn keep(
    conn: &mut Conn,
    ctx: &Ctx,
    who: &[(ActorId, bool)],
    telling: &Telling,
) -> Result<Vec<(ActorId, NotificationId)>> {
    let notice = |(member_id, filtered): &(ActorId, bool)| NewNotice {
        id: NotificationId(ctx.ids.next()),
        member_id: *member_id,
        kind: telling.kind,
        actor_id: telling.actor,
        post_id: telling.post,
        group_id: telling.group,
        detail: telling.detail.clone(),
        group_key: telling.group_key.clone(),
        created_at: ctx.now(),
        filtered: *filtered,
    };
    let mut new: Vec<NewNotice> = who.iter().map(notice).collect();
    if let Some(like) = new.first() {
        let members: Vec<ActorId> = new.iter().map(|new| new.member_id).collect();
        let waiting = store::notices::waiting(conn, &members, like).await?;
        new.retain(|new| !waiting.contains(&new.member_id));
    }
    store::notices::insert(conn, &new).await?;
    let told: Vec<_> = new.iter().filter(|new| !new.filtered).map(|new| (new.member_id, new.id)).collect();
    push::announce(conn, ctx, &told).await?;
    Ok(told)
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
