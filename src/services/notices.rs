//! Telling members what concerns them, and reading it.

use std::collections::BTreeSet;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::notices::{Notice, NoticeKind, Verdict};
use crate::domain::posts::Post;
use crate::live::Change;
use crate::policy;
use crate::services::{Ctx, notice_policy, push};
use crate::store::notice_policy::{Asked, Recipient};
use crate::store::notices::{NewNotice, NoticeTo, Told};
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
    let who: BTreeSet<ActorId> = who.iter().copied().filter(|id| also_self || Some(*id) != telling.actor).collect();
    if who.is_empty() {
        return Ok(());
    }
    let (who, pushed) = reached(ctx, who.into_iter().collect(), &telling).await?;
    if who.is_empty() {
        return Ok(());
    }
    let filtered: Vec<ActorId> = who.iter().filter(|(_, filtered)| *filtered).map(|(member, _)| *member).collect();
    let told = to_keep(ctx, &who, telling);
    let mut kept = if pushed {
        let (c, filtered) = (ctx.clone(), filtered.clone());
        let write = ctx.db.write(move |conn| Box::pin(async move { keep_and_push(conn, &c, told, &filtered).await }));
        let kept = write.await?;
        if !kept.is_empty() {
            ctx.wake.now();
        }
        kept
    } else {
        ctx.gathered.notices.one(told).await?
    };
    // A request waits until somebody looks.
    kept.retain(|(member, _)| !filtered.contains(member));
    for (member, notice) in kept {
        ctx.hub.publish(Change::Notice { member, notice });
    }
    Ok(())
}

/// Who of `who` is told, and whose notice waits as a request; besides, whether a device of one of them wants to be told: a fixed
/// number of queries, however many they are.
async fn reached(ctx: &Ctx, who: Vec<ActorId>, telling: &Telling) -> Result<(Vec<(ActorId, bool)>, bool)> {
    // One's own removed post and reports to moderators are told although the post is not shown any more.
    let open = matches!(telling.kind, NoticeKind::Removed | NoticeKind::Report | NoticeKind::Held);
    let post = telling.post.filter(|_| !open);
    let (mut left, readers) = ctx.gathered.recipients.one(Asked { who, actor: telling.actor, post }).await?;
    left.retain(|member| !member.shut);
    if left.is_empty() {
        return Ok((Vec::new(), false));
    }
    let mut conn = ctx.db.read().await?;
    if post.is_some() {
        let sight = |member: &Recipient| {
            (member.id, policy::sight(&Viewer::Member { id: member.id, role: member.role, guest: member.guest }))
        };
        let sights: Vec<_> = left.iter().map(sight).collect();
        let seeing = match readers {
            Some(readers) => store::who_reads(&mut conn, &sights, readers).await?,
            // The post is gone.
            None => Vec::new(),
        };
        left.retain(|member| seeing.contains(&member.id));
    }
    let verdicts = match telling.actor {
        Some(actor) => notice_policy::verdicts(&mut conn, ctx, &left, telling.kind, actor, telling.post).await?,
        None => Vec::new(),
    };
    let verdict = |member: ActorId| verdicts.iter().find(|(who, _)| *who == member).map(|(_, verdict)| *verdict);
    let told = |member: &Recipient| match verdict(member.id) {
        Some(Verdict::Drop) => None,
        Some(Verdict::Filter) => Some((member.id, true)),
        Some(Verdict::Accept) | None => Some((member.id, false)),
    };
    Ok((left.iter().filter_map(told).collect(), left.iter().any(|member| member.has_push)))
}

fn to_keep(ctx: &Ctx, who: &[(ActorId, bool)], telling: Telling) -> Told {
    let to = |(member, filtered): &(ActorId, bool)| NoticeTo {
        id: NotificationId(ctx.ids.next()),
        member: *member,
        filtered: *filtered,
    };
    let notice = NewNotice {
        kind: telling.kind,
        actor_id: telling.actor,
        post_id: telling.post,
        group_id: telling.group,
        detail: telling.detail,
        group_key: telling.group_key,
        created_at: ctx.now(),
    };
    (who.iter().map(to).collect(), notice)
}

/// Keeps the notices; the devices of those who are told at once are told too.
async fn keep_and_push(
    conn: &mut Conn,
    ctx: &Ctx,
    told: Told,
    filtered: &[ActorId],
) -> Result<Vec<(ActorId, NotificationId)>> {
    let mut kept = store::notices::insert(conn, &[told]).await?.pop().unwrap_or_default();
    kept.retain(|(member, _)| !filtered.contains(member));
    push::announce(conn, ctx, &kept).await?;
    Ok(kept)
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
