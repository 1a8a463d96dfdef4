//! What follows from a post here: homes, notices, live listeners. And reading home.

use std::sync::Arc;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::audiences::Scope;
use crate::domain::events::Event;
use crate::domain::groups::{FollowState, GroupRole, Notify};
use crate::domain::knowledge::Why;
use crate::domain::notices::NoticeKind;
use crate::domain::posts::{Entry, EntryKind, Post, PostKind, PostState, PostView, ReactionKind};
use crate::live::Change;
use crate::policy;
use crate::services::gathered::FOLLOWERS;
use crate::services::{Ctx, moving, notices, previews, questions};
use crate::store;
use crate::store::posts::{AtHome, Named};

/// Members put on their homes in one transaction.
const CHUNK: i64 = FOLLOWERS;
/// Members told in one transaction.
const TOLD_TOGETHER: usize = 200;

/// A member's home, newest first. The cursor is the entry's id.
pub async fn home(ctx: &Ctx, viewer: &Viewer, page: Page) -> Result<Paged<PostView>> {
    let me = viewer.member_id()?;
    store::posts::home(&mut ctx.db.read().await?, me, &policy::sight(viewer), page).await
}

/// What one source shows: a person's posts and shares, or a group's posts. The cursor is the entry's id.
pub async fn from_source(ctx: &Ctx, viewer: &Viewer, source: ActorId, page: Page) -> Result<Paged<PostView>> {
    store::posts::from_source(&mut ctx.db.read().await?, source, &policy::sight(viewer), page).await
}

/// Open posts of everyone, of this instance, or of others.
pub async fn public(ctx: &Ctx, viewer: &Viewer, local: Option<bool>, page: Page) -> Result<Paged<PostView>> {
    store::posts::public(&mut ctx.db.read().await?, &policy::sight(viewer), local, page).await
}

/// Notes that the viewer saw home up to the newest post shown there.
pub async fn mark_home_seen(ctx: &Ctx, viewer: &Viewer, seq: i64) -> Result<()> {
    let me = viewer.member_id()?;
    ctx.db.write(move |conn| Box::pin(async move { store::members::set_home_seen(conn, me, seq).await })).await?;
    Ok(())
}

/// The handler of `fanout` jobs: homes, notices and live listeners for one event.
pub async fn fan_out(ctx: &Ctx, event: &Event) -> Result<()> {
    match event {
        Event::PostPublished { post, .. } => post_published(ctx, *post).await,
        Event::PostHeld { post } => {
            let post = load(ctx, *post).await?;
            let text = notices::about_post(NoticeKind::Held, &post);
            tell_moderators(ctx, post.group_id, text).await
        }
        Event::PostRemoved { post, moderator, reason } => {
            let post = load(ctx, *post).await?;
            let mut notice = notices::about_post(NoticeKind::Removed, &post);
            notice.actor = Some(*moderator);
            notice.detail.clone_from(reason);
            notices::tell(ctx, &[post.author_id], notice).await
        }
        Event::Reacted { actor, post, kind, .. } => {
            let post = load(ctx, *post).await?;
            let mut notice = notices::about_post(NoticeKind::Reaction, &post);
            notice.actor = Some(*actor);
            notice.detail = kind.as_str().to_owned();
            notice.group_key = format!("reaction-{}", post.id);
            if *kind == ReactionKind::Thanks && *actor != post.author_id {
                questions::learn(ctx, &post, Why::Thanks).await?;
            }
            notices::tell(ctx, &[post.author_id], notice).await
        }
        Event::PostEdited { post } => {
            let post = load(ctx, *post).await?;
            questions::note_terms(ctx, &post).await?;
            previews::renew(ctx, &post).await
        }
        Event::PostDeleted { post } => previews::forget(ctx, *post).await,
        Event::Shared { actor, post } => shared(ctx, *actor, *post).await,
        Event::AnswerAccepted { post, answer: Some(answer) } => {
            let (question, answer) = (load(ctx, *post).await?, load(ctx, *answer).await?);
            let mut notice = notices::about_post(NoticeKind::Accepted, &answer);
            notice.actor = Some(question.author_id);
            questions::learn(ctx, &answer, Why::Accepted).await?;
            notices::tell(ctx, &[answer.author_id], notice).await
        }
        Event::PollClosed { post } => poll_closed(ctx, *post).await,
        Event::FollowRequested { follower, target } => follow_requested(ctx, *follower, *target).await,
        Event::JoinOffered { follower, group } => asks_into(ctx, *follower, *group).await,
        Event::FollowAccepted { follower, target } => follow_accepted(ctx, *follower, *target).await,
        Event::FollowRejected { follower, target, .. } => {
            let notice = notices::about_group(NoticeKind::Refused, *target, None);
            notices::tell(ctx, &[*follower], notice).await
        }
        Event::Invited { actor, group, inviter } => {
            let notice = notices::about_group(NoticeKind::Invited, *group, Some(*inviter));
            notices::tell(ctx, &[*actor], notice).await
        }
        Event::Moved { actor, to } => moving::lead_followers(ctx, *actor, *to).await,
        Event::Reported { report } => reported(ctx, *report).await,
        Event::AccountRequested { actor } => {
            let mut conn = ctx.db.read().await?;
            let staff = store::members::list_moderators(&mut conn).await?;
            drop(conn);
            let notice = notices::about_actor(NoticeKind::AccountRequest, *actor);
            notices::tell(ctx, &staff, notice).await
        }
        // Nobody needs a notice of these; see `ctx::emit`. Jobs of before may still hold them.
        Event::JoinDecided { .. }
        | Event::JoinSettled { .. }
        | Event::InviteWanted { .. }
        | Event::PostSubmitted { .. }
        | Event::PostRestored { .. }
        | Event::Unreacted { .. }
        | Event::Unshared { .. }
        | Event::AnswerAccepted { answer: None, .. }
        | Event::Voted { .. }
        | Event::Unfollowed { .. }
        | Event::KeysWanted { .. }
        | Event::ActorUpdated { .. }
        | Event::ActorDeleted { .. }
        | Event::Pinned { .. }
        | Event::Locked { .. }
        | Event::Banned { .. }
        | Event::ModeratorChanged { .. }
        | Event::Relay { .. } => Ok(()),
    }
}

async fn load(ctx: &Ctx, id: PostId) -> Result<Post> {
    ctx.gathered.posts.one(id).await?.ok_or(Error::NotFound)
}

async fn post_published(ctx: &Ctx, id: PostId) -> Result<()> {
    let post = load(ctx, id).await?;
    if post.state != PostState::Published {
        return Ok(());
    }
    let (named, entries) = ctx.gathered.named.one(id).await?;
    let keen = put_on_homes(ctx, &post, entries, &named.tags).await?;
    previews::ask(ctx, &post).await?;
    notify_about(ctx, &post, named, &keen).await?;
    questions::find_people(ctx, &post).await
}

/// Top-level posts come onto the homes of the group's members and the author's followers. Returns the group's members who
/// want to hear of every post.
async fn put_on_homes(ctx: &Ctx, post: &Post, entries: Vec<Entry>, tags: &[String]) -> Result<Vec<ActorId>> {
    let mut keen = Vec::new();
    if post.kind == PostKind::Direct {
        return Ok(keen);
    }
    for entry in entries {
        let group_entry = entry.how == EntryKind::Group;
        if !post.is_top() && !group_entry {
            continue;
        }
        let all = spread(ctx, post, entry.id, entry.source_id, entry.how).await?;
        if post.is_top() && group_entry {
            keen.extend(all);
        }
        if post.is_top() && entry.how == EntryKind::Author {
            spread_by_tags(ctx, post, entry.id, tags).await?;
        }
    }
    Ok(keen)
}

/// A public post comes onto the homes of who follows one of its hashtags, in chunks.
async fn spread_by_tags(ctx: &Ctx, post: &Post, entry: EntryId, tags: &[String]) -> Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    let audience = store::groups::get_audience(&mut ctx.db.read().await?, post.audience_id).await?;
    if audience.scope != Scope::Public {
        return Ok(());
    }
    let mut after = Some(0);
    while let Some(from) = after {
        let members = store::tags::followers(&mut ctx.db.read().await?, tags, from, CHUNK).await?;
        after = next(&members, |member| member.0);
        put(ctx, post, entry, members).await?;
    }
    Ok(())
}

/// One entry onto the homes of its source's followers here, in chunks. Returns those who want to hear of all there is.
async fn spread(ctx: &Ctx, post: &Post, entry: EntryId, source: ActorId, how: EntryKind) -> Result<Vec<ActorId>> {
    let mut keen = Vec::new();
    if how == EntryKind::Author && ctx.urls.is_ours(&post.uri) {
        put(ctx, post, entry, vec![source]).await?;
    }
    let mut after = Some(0);
    while let Some(from) = after {
        let rows = match from {
            0 => ctx.followers.get(source, ctx.gathered.followers.one(source)).await?,
            _ => Arc::new(store::followers::local_followers(&mut ctx.db.read().await?, source, from, CHUNK).await?),
        };
        after = next(&rows, |row| row.follow.0);
        keen.extend(rows.iter().filter(|row| row.notify == Notify::All).map(|row| row.member));
        let at_home = rows.iter().filter(|row| !row.muted && !row.listed);
        let members: Vec<ActorId> = at_home.map(|row| row.member).collect();
        put(ctx, post, entry, members).await?;
    }
    Ok(keen)
}

/// After which row the next chunk begins, if there may be one.
fn next<R>(rows: &[R], id: impl Fn(&R) -> i64) -> Option<i64> {
    let full = i64::try_from(rows.len()).is_ok_and(|count| count >= CHUNK);
    rows.last().filter(|_| full).map(id)
}

async fn put(ctx: &Ctx, post: &Post, entry: EntryId, members: Vec<ActorId>) -> Result<()> {
    if members.is_empty() {
        return Ok(());
    }
    ctx.gathered.homes.one(AtHome { members: members.clone(), entry, post: post.id }).await?;
    ctx.hub.publish(Change::Home { post: post.id, members });
    Ok(())
}

/// Mentions, answers, conversations, and members who want to hear of every post in the group (`keen`).
async fn notify_about(ctx: &Ctx, post: &Post, named: Named, keen: &[ActorId]) -> Result<()> {
    let mut told: Vec<ActorId> = vec![post.author_id];
    let direct = match post.kind {
        PostKind::Direct => store::groups::reader_ids(&mut ctx.db.read().await?, post.audience_id).await?,
        _ => Vec::new(),
    };
    for (kind, who) in [
        (NoticeKind::Direct, direct),
        (NoticeKind::Mention, named.mentioned),
        (NoticeKind::Reply, named.answered.into_iter().collect()),
        (NoticeKind::Quote, named.quoted.into_iter().collect()),
    ] {
        let fresh: Vec<ActorId> = who.into_iter().filter(|id| !told.contains(id)).collect();
        told.extend(&fresh);
        notices::tell(ctx, &fresh, notices::about_post(kind, post)).await?;
    }
    let keen: Vec<ActorId> = keen.iter().copied().filter(|id| !told.contains(id)).collect();
    for some in keen.chunks(TOLD_TOGETHER) {
        notices::tell(ctx, some, notices::about_post(NoticeKind::Post, post)).await?;
    }
    Ok(())
}

async fn shared(ctx: &Ctx, actor: ActorId, id: PostId) -> Result<()> {
    let post = load(ctx, id).await?;
    let entries = store::posts::entries_of(&mut ctx.db.read().await?, id).await?;
    for (entry, source, how, _) in entries {
        if how == EntryKind::Share && source == actor {
            spread(ctx, &post, entry, source, how).await?;
        }
    }
    let mut notice = notices::about_post(NoticeKind::Share, &post);
    notice.actor = Some(actor);
    notices::tell(ctx, &[post.author_id], notice).await
}

async fn poll_closed(ctx: &Ctx, id: PostId) -> Result<()> {
    let post = load(ctx, id).await?;
    let mut who = store::posts::local_voters(&mut ctx.db.read().await?, id).await?;
    who.push(post.author_id);
    who.sort_unstable();
    who.dedup();
    let mut notice = notices::about_post(NoticeKind::Poll, &post);
    notice.actor = Some(post.author_id);
    notices::tell_all(ctx, &who, notice, true).await
}

async fn follow_requested(ctx: &Ctx, follower: ActorId, target: ActorId) -> Result<()> {
    let target = store::actors::get(&mut ctx.db.read().await?, target).await?;
    if !target.is_local() {
        return Ok(());
    }
    if target.is_group() {
        return asks_into(ctx, follower, target.id).await;
    }
    notices::tell(ctx, &[target.id], notices::about_actor(NoticeKind::Follow, follower)).await
}

/// Moderators here hear that somebody wants into their group.
async fn asks_into(ctx: &Ctx, follower: ActorId, group: ActorId) -> Result<()> {
    let mut notice = notices::about_actor(NoticeKind::JoinRequest, follower);
    notice.group = Some(group);
    tell_moderators(ctx, Some(group), notice).await
}

async fn follow_accepted(ctx: &Ctx, follower: ActorId, target: ActorId) -> Result<()> {
    let mut conn = ctx.db.read().await?;
    let actor = store::actors::get(&mut conn, target).await?;
    let group = store::groups::find(&mut conn, target).await?;
    drop(conn);
    match group {
        // Who joins an open group knows already; being let in is news.
        Some(group) if group.approval || !actor.is_local() => {
            notices::tell(ctx, &[follower], notices::about_group(NoticeKind::Admitted, target, None)).await
        }
        Some(_) => Ok(()),
        None => notices::tell(ctx, &[target], notices::about_actor(NoticeKind::Follow, follower)).await,
    }
}

async fn reported(ctx: &Ctx, id: ReportId) -> Result<()> {
    let report = store::moderation::find_report(&mut ctx.db.read().await?, id).await?.ok_or(Error::NotFound)?;
    let mut notice = notices::about_actor(NoticeKind::Report, report.reporter_id);
    notice.post = report.post_id;
    notice.group = report.group_id;
    notice.group_key = format!("report-{id}");
    if report.group_id.is_some() {
        return tell_moderators(ctx, report.group_id, notice).await;
    }
    let staff = store::members::list_moderators(&mut ctx.db.read().await?).await?;
    notices::tell(ctx, &staff, notice).await
}

async fn tell_moderators(ctx: &Ctx, group: Option<ActorId>, notice: notices::Telling) -> Result<()> {
    let Some(group) = group else { return Ok(()) };
    let mut conn = ctx.db.read().await?;
    let roles = [GroupRole::Owner, GroupRole::Moderator];
    let lines = store::groups::members(&mut conn, group, &[FollowState::Accepted], &roles, 0, 80).await?;
    drop(conn);
    let who: Vec<ActorId> = lines.into_iter().filter(|line| line.actor.is_local()).map(|line| line.actor.id).collect();
    notices::tell(ctx, &who, notice).await
}

/// The handler of the `close_polls` job: polls whose time is up.
pub async fn close_polls(ctx: &Ctx) -> Result<()> {
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                for post in store::posts::polls_to_close(conn, c.now(), 100).await? {
                    store::posts::close_poll(conn, post, c.now()).await?;
                    crate::services::ctx::emit(conn, &c.ids, c.now(), &Event::PollClosed { post }).await?;
                }
                Ok(())
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}
