//! Thanks and other reactions, votes, accepted answers, shares, bookmarks.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::events::Event;
use crate::domain::posts::*;
use crate::policy;
use crate::services::Ctx;
use crate::services::ctx::{Following, emit};
use crate::store::jobs::NewJob;
use crate::store::posts::{Counts, NewReaction};
use crate::store::{self, Conn};

async fn visible(conn: &mut Conn, viewer: &Viewer, id: PostId) -> Result<Post> {
    let post = store::posts::find_visible(conn, id, &policy::sight(viewer)).await?.ok_or(Error::NotFound)?;
    if post.is_gone() { Err(Error::Gone) } else { Ok(post) }
}

/// Reacts to a post, or takes it back (`on` false). Doing so again changes nothing.
pub async fn react(ctx: &Ctx, viewer: &Viewer, id: PostId, kind: ReactionKind, on: bool) -> Result<()> {
    let me = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let post = visible(conn, &viewer, id).await?;
                if on && store::moderation::is_blocked(conn, post.author_id, me).await? {
                    return Err(Error::forbidden("error-blocked-by-author"));
                }
                let own = c.ids.next();
                let uri = c.urls.activity(ActivityId(own));
                let new = NewReaction { id: own, actor: me, post: id, kind, on, uri, relay: None, abroad: true };
                set_reactions(conn, &c.ids, c.now(), &[new]).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Stores reactions by anyone, and ends of such. Within the caller's transaction.
pub(in crate::services) async fn set_reactions(
    conn: &mut Conn,
    ids: &Ids,
    now: Time,
    all: &[NewReaction],
) -> Result<()> {
    let ended: Vec<PostId> = all.iter().filter(|new| !new.on).map(|new| new.post).collect();
    store::posts::lock(conn, &ended).await?;
    let fresh = store::posts::insert_reactions(conn, all).await?;
    let (mut jobs, mut counts) = (Vec::new(), Counts::default());
    for new in all {
        let NewReaction { actor, post, kind, relay, .. } = *new;
        let event = if new.on {
            fresh.contains(&new.id).then_some(Event::Reacted { actor, post, kind, relay })
        } else {
            let gone = store::posts::delete_reaction(conn, actor, post, kind).await?;
            gone.map(|uri| Event::Unreacted { actor, post, kind, uri, relay })
        };
        // A reaction that was there, or one that was not, is passed on to nobody again.
        let Some(event) = event else { continue };
        jobs.push(if new.abroad { Following::of(&event)? } else { Following::here(&event)? });
        counts.reaction(post, if new.on { 1 } else { -1 });
    }
    let jobs: Vec<NewJob<'_>> = jobs.iter().flat_map(|following| following.jobs(ids, now)).collect();
    store::posts::end(conn, &[], &jobs, &counts).await
}

/// A peer's actor reacted under this `uri`, or took it back. `relay` is the activity that the followers of the post's group are
/// to get, and that group.
pub async fn receive_reaction(
    ctx: &Ctx,
    actor: ActorId,
    post: PostId,
    kind: ReactionKind,
    on: bool,
    uri: &str,
    relay: Option<(ActivityId, ActorId)>,
) -> Result<()> {
    let (id, uri, abroad) = (ctx.ids.next(), uri.to_owned(), relay.is_some());
    let new = NewReaction { id, actor, post, kind, on, uri, relay, abroad };
    if on {
        ctx.gathered.reactions.one(new).await?;
    } else {
        // Not among those that come: which of two was last would be lost.
        let c = ctx.clone();
        let write =
            ctx.db.write(move |conn| Box::pin(async move { set_reactions(conn, &c.ids, c.now(), &[new]).await }));
        write.await?;
    }
    ctx.wake.now();
    Ok(())
}

/// Keeps a post for later, or no longer.
pub async fn bookmark(ctx: &Ctx, viewer: &Viewer, id: PostId, on: bool) -> Result<()> {
    let me = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                visible(conn, &viewer, id).await?;
                if on {
                    store::posts::insert_bookmark(conn, c.ids.next(), me, id).await?;
                } else {
                    store::posts::delete_bookmark(conn, me, id).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Shows a public post to one's own followers, or no longer.
pub async fn share(ctx: &Ctx, viewer: &Viewer, id: PostId, on: bool) -> Result<()> {
    let me = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let post = visible(conn, &viewer, id).await?;
                if on {
                    policy::check_share(store::groups::get_audience(conn, post.audience_id).await?.scope)?;
                }
                set_share(conn, &c, me, id, on, None).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// A share by anyone, with the `uri` a peer gave its Announce. Within the caller's transaction.
pub async fn set_share(
    conn: &mut Conn,
    ctx: &Ctx,
    actor: ActorId,
    post: PostId,
    on: bool,
    uri: Option<&str>,
) -> Result<()> {
    if on {
        let id = EntryId(ctx.ids.next());
        let own = ctx.urls.activity(ActivityId(id.0));
        let entry = Entry { id, source_id: actor, post_id: post, how: EntryKind::Share };
        if store::posts::insert_entry(conn, &entry, Some(uri.unwrap_or(&own))).await? {
            store::posts::add_share_count(conn, post, 1).await?;
            emit(conn, &ctx.ids, ctx.now(), &Event::Shared { actor, post }).await?;
        }
    } else if let Some(uri) = store::posts::delete_entry(conn, actor, post, EntryKind::Share).await? {
        store::posts::add_share_count(conn, post, -1).await?;
        emit(conn, &ctx.ids, ctx.now(), &Event::Unshared { actor, post, uri }).await?;
    }
    Ok(())
}

/// A peer's actor shared a post, or took it back.
pub async fn receive_share(ctx: &Ctx, actor: ActorId, post: PostId, on: bool, uri: &str) -> Result<()> {
    let (c, uri) = (ctx.clone(), uri.to_owned());
    ctx.db.write(move |conn| Box::pin(async move { set_share(conn, &c, actor, post, on, Some(&uri)).await })).await?;
    ctx.wake.now();
    Ok(())
}

/// The author of a question (or a moderator of its group) accepts an answer, or none.
pub async fn accept_answer(ctx: &Ctx, viewer: &Viewer, question: PostId, answer: Option<PostId>) -> Result<()> {
    let me = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let post = visible(conn, &viewer, question).await?;
                if post.kind != PostKind::Question {
                    return Err(Error::NotFound);
                }
                if post.author_id != me {
                    super::moderate::check_moderates(conn, &c, &viewer, &post).await?;
                }
                if let Some(answer) = answer {
                    let answer = visible(conn, &viewer, answer).await?;
                    if answer.root_id != question || answer.id == question {
                        return Err(Error::NotFound);
                    }
                }
                store::posts::set_accepted(conn, question, answer).await?;
                emit(conn, &c.ids, c.now(), &Event::AnswerAccepted { post: question, answer }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Votes in a poll; once, and for as many options as it allows.
///
/// # Errors
/// `Conflict` when voted already, `Forbidden` when closed, `Invalid` for wrong options.
pub async fn vote(ctx: &Ctx, viewer: &Viewer, id: PostId, positions: Vec<i32>) -> Result<()> {
    let me = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                visible(conn, &viewer, id).await?;
                cast(conn, &c, &viewer, me, id, &positions).await?;
                emit(conn, &c.ids, c.now(), &Event::Voted { actor: me, post: id, positions }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

async fn cast(
    conn: &mut Conn,
    ctx: &Ctx,
    viewer: &Viewer,
    actor: ActorId,
    id: PostId,
    positions: &[i32],
) -> Result<()> {
    let poll = store::posts::view(conn, id, &policy::sight(viewer)).await?.poll.ok_or(Error::NotFound)?;
    if poll.is_closed(ctx.now()) {
        return Err(Error::forbidden("error-poll-closed"));
    }
    let known = positions.iter().all(|p| poll.options.iter().any(|o| o.position == *p));
    if positions.is_empty() || !known || (!poll.multiple && positions.len() > 1) {
        return Err(Error::invalid("choices", "error-poll-choice"));
    }
    if !poll.own.is_empty() {
        return Err(Error::Conflict { reason: "error-voted-already" });
    }
    for position in positions {
        store::posts::insert_vote(conn, id, actor, *position).await?;
    }
    store::posts::add_voter(conn, id).await?;
    Ok(())
}

/// A peer's actor voted for one option of a poll here; several arrive one by one (INTEROP B.3.5).
pub async fn receive_vote(ctx: &Ctx, actor: ActorId, id: PostId, option: &str) -> Result<()> {
    let (c, option) = (ctx.clone(), option.to_owned());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let everything = policy::sight(&Viewer::System);
                let poll = store::posts::view(conn, id, &everything).await?.poll.ok_or(Error::NotFound)?;
                let chosen = poll.options.iter().find(|o| o.title == option).ok_or(Error::NotFound)?;
                let before = store::posts::votes_of(conn, id, actor).await?;
                if poll.is_closed(c.now()) || (!poll.multiple && !before.is_empty()) {
                    return Ok(());
                }
                if store::posts::insert_vote(conn, id, actor, chosen.position).await? && before.is_empty() {
                    store::posts::add_voter(conn, id).await?;
                }
                Ok(())
            })
        })
        .await
}
