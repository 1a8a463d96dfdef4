//! Taking posts of peers in, all together that come at the same time.

use super::incoming::{Groups, Incoming, insert_parts, keep_original, place, place_emoji, post_of};
use super::write::Ending;
use crate::base::*;
use crate::domain::events::Event;
use crate::domain::peers::{Host, HostState};
use crate::domain::posts::*;
use crate::live::Change;
use crate::services::ctx::emit;
use crate::services::{Ctx, media_kept};
use crate::store::posts::NewPost;
use crate::store::{self, Conn};
use crate::text;

/// Takes in a post from a peer. `None` when it is known already, was deleted before, or is nobody's business here.
///
/// # Errors
/// `Forbidden` when the group's rules refuse it.
pub async fn receive(ctx: &Ctx, new: Incoming) -> Result<Option<PostId>> {
    // Before the transaction: there is one writer, and others wait for it.
    let search_text = text::fold(&format!("{} {}", new.title, text::plain(&new.html)));
    // These touch other rows before the counts, in no order: each in a transaction of its own.
    let alone = new.quote.is_some() || !new.emoji.is_empty() || ctx.urls.is_ours(&new.uri);
    let arriving = Arriving { ctx: ctx.clone(), new, search_text };
    let taken = if alone {
        ctx.db.write(move |conn| Box::pin(take_in_all(conn, vec![arriving]))).await?.pop()
    } else {
        Some(ctx.gathered.incoming.one(arriving).await?)
    };
    let (id, change) = taken.unwrap_or_else(|| Err(Error::internal("a post was lost")))?;
    ctx.wake.now();
    if let Some(change) = change {
        ctx.hub.publish(change);
    }
    Ok(id)
}

/// A post on its way in.
#[derive(Clone)]
pub(in crate::services) struct Arriving {
    ctx: Ctx,
    new: Incoming,
    search_text: String,
}

/// What became of it: the post, if it is here now, and what changed.
pub(in crate::services) type Taken = (Option<PostId>, Option<Change>);

/// Takes posts in that come at the same time. What the rules refuse is told of each; any other error is one of all.
pub(in crate::services) async fn take_in_all(conn: &mut Conn, all: Vec<Arriving>) -> Result<Vec<Result<Taken>>> {
    let (mut ending, mut taken) = (Ending::default(), Vec::with_capacity(all.len()));
    let Some(ctx) = all.first().map(|arriving| arriving.ctx.clone()) else { return Ok(Vec::new()) };
    // All who write the same do so in one order, or two could wait for each other.
    let mut order: Vec<(usize, Arriving)> = all.into_iter().enumerate().collect();
    order.sort_by(|(_, one), (_, other)| one.new.uri.cmp(&other.new.uri));
    // What comes twice: one after the other.
    let (mut left, mut again) = (order, Vec::new());
    while !left.is_empty() {
        left.dedup_by(|later, one| {
            later.1.new.uri == one.1.new.uri && {
                again.push(later.clone());
                true
            }
        });
        take_in(conn, &ctx, std::mem::take(&mut left), &mut ending, &mut taken).await?;
        left = std::mem::take(&mut again);
    }
    ending.write(conn, &ctx).await?;
    taken.sort_by_key(|(place, _)| *place);
    Ok(taken.into_iter().map(|(_, taken)| taken).collect())
}

/// Takes posts in of which each is another; adds what became of each to `taken`.
async fn take_in(
    conn: &mut Conn,
    ctx: &Ctx,
    all: Vec<(usize, Arriving)>,
    ending: &mut Ending,
    taken: &mut Vec<(usize, Result<Taken>)>,
) -> Result<()> {
    let from: Vec<_> = all.iter().map(|(_, one)| (one.new.author.host_id, one.new.uri.as_str())).collect();
    let found = store::posts::find_from_all(conn, &from).await?;
    let groups = Groups::named(conn, all.iter().map(|(_, one)| &one.new)).await?;
    let (mut rows, mut rest) = (Vec::new(), Vec::new());
    for ((number, Arriving { new, search_text, .. }), (host, known)) in all.into_iter().zip(found) {
        match receive_one(conn, ctx, new, search_text, (host, known), &groups).await? {
            Arrived::Done(done) => taken.push((number, done)),
            Arrived::New(fresh) => {
                let (new, row, here) = *fresh;
                rows.push(row);
                rest.push((number, new, here));
            }
        }
    }
    let added = store::posts::insert_all(conn, &rows).await?;
    for (NewPost { post, .. }, (number, new, here)) in rows.into_iter().zip(rest) {
        let done =
            if added.contains(&post.id) { finish(conn, ctx, &new, &post, here, ending).await? } else { (None, None) };
        taken.push((number, Ok(done)));
    }
    Ok(())
}

/// What becomes of a post before it is stored.
enum Arrived {
    /// Nothing more is to be done, or it is refused.
    Done(Result<Taken>),
    /// It is stored, in this row; whether in a group of ours.
    New(Box<(Incoming, NewPost, bool)>),
}

async fn receive_one(
    conn: &mut Conn,
    ctx: &Ctx,
    mut new: Incoming,
    search_text: String,
    (host, known): (Host, Option<Post>),
    groups: &Groups,
) -> Result<Arrived> {
    if let Some(known) = known {
        // A post of ours that its group's host now announces has been taken.
        let taken =
            known.state == PostState::Waiting && new.announced_by.is_some() && new.announced_by == known.group_id;
        let change = if taken { Some(super::moderate::release(conn, ctx, known.clone()).await?) } else { None };
        return Ok(Arrived::Done(Ok((Some(known.id), change))));
    }
    let silenced = host.state == HostState::Silenced;
    let placed = match place(conn, ctx, &new, silenced, groups).await {
        Ok(Some(placed)) => placed,
        Ok(None) => return Ok(Arrived::Done(Ok((None, None)))),
        // Nothing was written yet.
        Err(refused @ (Error::Forbidden { .. } | Error::NotFound | Error::Gone)) => {
            return Ok(Arrived::Done(Err(refused)));
        }
        Err(other) => return Err(other),
    };
    if host.reject_media {
        new.media.clear();
    }
    place_emoji(conn, ctx, &mut new).await?;
    let row = NewPost { post: post_of(ctx, &new, &placed), parent_uri: new.parent_uri.clone(), search_text };
    Ok(Arrived::New(Box::new((new, row, placed.here))))
}

/// What hangs on a post that was stored, and what follows from it.
async fn finish(
    conn: &mut Conn,
    ctx: &Ctx,
    new: &Incoming,
    post: &Post,
    here: bool,
    ending: &mut Ending,
) -> Result<Taken> {
    insert_parts(conn, ctx, new, post).await?;
    if here && new.proven && !new.scope.is_open() {
        keep_original(conn, new, post.id).await?;
    }
    if post.state == PostState::Held {
        if let Some(activity) = new.relay {
            // The followers of its group get it when a moderator lets the post through.
            store::federation::hold_activity(conn, post.id, activity).await?;
        }
        emit(conn, &ctx.ids, ctx.now(), &Event::PostHeld { post: post.id }).await?;
        return Ok((Some(post.id), None));
    }
    if here && !new.scope.is_open() && !new.media.is_empty() {
        media_kept::later(conn, ctx, post.id).await?;
    }
    let event = Event::PostPublished { post: post.id, relay: new.relay.filter(|_| here) };
    ending.show(ctx, post, new.scope.is_open(), (!new.old || here).then_some(&event))?;
    let change = Change::Post { post: post.id, root: post.root_id, group: post.group_id, author: post.author_id };
    Ok((Some(post.id), Some(change)))
}
