//! Statuses and accounts that were drawn once, kept as text. A status is patched for each viewer: what is their own, and
//! the accounts around it, go into its places. What is kept is the same for everyone who may see the post; whether someone
//! may is asked of the database each time, together with the number that says whether it still looks like that.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use moka::future::Cache;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::audiences::Scope;
use crate::domain::filters::Filter;
use crate::domain::posts::{PostView, QuoteState};
use crate::policy;
use crate::services::{Ctx, backfill};
use crate::store;
use crate::store::api::AccountRow;
use crate::store::marks::{Mark, Wanted};

/// A status without what differs from viewer to viewer. Pieces of JSON have no braces around them.
#[derive(Clone, Debug, Default)]
pub struct StatusText {
    /// Which form of the post this is.
    pub version: i64,
    /// How far it could be seen when it was drawn.
    pub scope: Option<Scope>,
    /// From when on it looks different by itself (a vote ends).
    pub until: Option<Time>,
    /// Its ActivityPub id.
    pub uri: String,
    /// What a boost says for itself: times, files, card.
    pub alone: String,
    /// What a boost repeats.
    pub common: String,
    /// What Kring adds, without the group.
    pub extra: String,
    /// Its vote without what the viewer chose.
    pub poll: Option<String>,
    /// What it quotes.
    pub quoted: Option<PostId>,
    /// Whether that may be shown.
    pub quote_state: Option<QuoteState>,
    /// Pinned in its group.
    pub pinned: bool,
    /// Deleted or taken away.
    pub gone: bool,
    /// Everything a filter looks at, in small letters.
    pub looked_at: String,
}

/// An account as text.
#[derive(Clone, Debug, Default)]
pub struct AccountText {
    /// Which form of it this is.
    pub version: i64,
    /// `Account`.
    pub account: String,
    /// How a post names it as its group.
    pub group: String,
}

/// A finished answer, and when it was true.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The state of the database it was made from.
    pub stamp: Arc<str>,
    /// Until when time alone does not change it.
    pub until: Option<Time>,
    /// The body.
    pub body: Bytes,
    /// The body made small by gzip, at first need.
    pub gzip: OnceLock<Bytes>,
    /// Tells one body from another.
    pub etag: String,
    /// Other headers.
    pub link: Option<String>,
}

/// An open post that came just now, as everyone's streams tell it: nobody has done anything with it yet.
#[derive(Clone, Debug, Default)]
pub struct Fresh {
    /// The status; `None` where it is not the same for all.
    pub text: Option<Arc<str>>,
    /// Not for the streams of open posts.
    pub closed: bool,
    /// A message between people.
    pub direct: bool,
    /// Written here.
    pub local: bool,
    /// With files.
    pub media: bool,
    /// Its hashtags.
    pub tags: Vec<String>,
    /// Who must not hear of it: its author and they shut each other out.
    pub apart: HashSet<ActorId>,
    /// Who has filters.
    pub filtering: HashSet<ActorId>,
}

/// Whether a post is a message between people. It says nothing else of it, and so may be known before anyone looks.
pub async fn is_direct(ctx: &Ctx, post: PostId) -> Result<bool> {
    let found = store::posts::find(&mut ctx.db.read().await?, post).await?;
    Ok(found.is_some_and(|post| post.kind == crate::domain::posts::PostKind::Direct))
}

/// Who must not hear of a post by `author`, and who has filters.
pub async fn exceptions(ctx: &Ctx, author: ActorId) -> Result<(HashSet<ActorId>, HashSet<ActorId>)> {
    let rows = store::marks::exceptions(&mut ctx.db.read().await?, author).await?;
    let (apart, filtering): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, apart)| *apart > 0);
    Ok((apart.into_iter().map(|row| row.0).collect(), filtering.into_iter().map(|row| row.0).collect()))
}

/// What this process has drawn.
#[derive(Clone)]
pub struct Kept {
    /// Statuses by post.
    pub statuses: Cache<PostId, Arc<StatusText>>,
    /// Accounts by actor.
    pub accounts: Cache<ActorId, Arc<AccountText>>,
    /// Answers for those who are not signed in, by address.
    pub answers: Cache<String, Arc<Answer>>,
    /// Posts that came just now, for streams.
    pub fresh: Cache<PostId, Arc<Fresh>>,
}

/// Bytes kept of statuses, accounts and answers.
const ROOM: [u64; 3] = [24 << 20, 4 << 20, 8 << 20];

/// How long a new post is told to all in one form: the streams hear of it at once.
const FRESH: Duration = Duration::from_secs(5);

impl Default for Kept {
    fn default() -> Self {
        let size = |bytes: usize| u32::try_from(bytes + 200).unwrap_or(u32::MAX);
        Self {
            fresh: Cache::builder().max_capacity(64).time_to_live(FRESH).build(),
            statuses: Cache::builder()
                .max_capacity(ROOM[0])
                .weigher(move |_, s: &Arc<StatusText>| {
                    let poll = s.poll.as_ref().map_or(0, String::len);
                    size(s.uri.len() + s.alone.len() + s.common.len() + s.extra.len() + poll + s.looked_at.len())
                })
                .build(),
            accounts: Cache::builder()
                .max_capacity(ROOM[1])
                .weigher(move |_, a: &Arc<AccountText>| size(a.account.len() + a.group.len()))
                .build(),
            answers: Cache::builder()
                .max_capacity(ROOM[2])
                .weigher(move |_, a: &Arc<Answer>| size(a.body.len() + a.body.len() / 4))
                .build(),
        }
    }
}

/// A page of posts as far as the viewer may see them.
pub async fn marks(ctx: &Ctx, viewer: &Viewer, wanted: Wanted<'_>, page: Page) -> Result<Paged<Mark>> {
    store::marks::page(&mut ctx.db.read().await?, wanted, &policy::sight(viewer), page).await
}

/// Several posts by id, in no order, as far as the viewer may see them.
pub async fn marks_of(ctx: &Ctx, viewer: &Viewer, ids: &[PostId]) -> Result<Vec<Mark>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    store::marks::all(&mut ctx.db.read().await?, Wanted::Posts(ids), &policy::sight(viewer), 1000).await
}

/// Those of several posts that are open, in no order, without what the viewer wants to see nothing of.
pub async fn open_marks(ctx: &Ctx, viewer: &Viewer, ids: &[PostId]) -> Result<Vec<Mark>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    store::marks::all(&mut ctx.db.read().await?, Wanted::Open(ids), &policy::sight(viewer), 1000).await
}

/// Posts that have to be drawn, with all around them; the viewer may see them.
pub async fn to_draw(ctx: &Ctx, viewer: &Viewer, ids: &[PostId]) -> Result<Vec<PostView>> {
    store::posts::views(&mut ctx.db.read().await?, ids, &policy::sight(viewer)).await
}

/// Accounts that have to be drawn.
pub async fn accounts_to_draw(ctx: &Ctx, ids: &[ActorId]) -> Result<Vec<AccountRow>> {
    store::api::accounts(&mut ctx.db.read().await?, ids).await
}

/// What the viewer chose in several votes.
pub async fn own_votes(ctx: &Ctx, viewer: &Viewer, ids: &[PostId]) -> Result<HashMap<PostId, Vec<i32>>> {
    let mut own: HashMap<PostId, Vec<i32>> = HashMap::new();
    if let (Some(me), false) = (viewer.actor_id(), ids.is_empty()) {
        for (post, position) in store::posts::own_votes(&mut ctx.db.read().await?, ids, me).await? {
            own.entry(post).or_default().push(position);
        }
    }
    Ok(own)
}

/// The viewer's filters.
pub async fn own_filters(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<Filter>> {
    match viewer.actor_id() {
        Some(me) => store::filters::list(&mut ctx.db.read().await?, me).await,
        None => Ok(Vec::new()),
    }
}

/// The marks of a thread: what a post answers, oldest first, and all under it.
pub async fn context_marks(ctx: &Ctx, viewer: &Viewer, id: PostId) -> Result<(Vec<Mark>, Vec<Mark>)> {
    let sight = policy::sight(viewer);
    let mut conn = ctx.db.read().await?;
    let post = store::posts::find_visible(&mut conn, id, &sight).await?.ok_or(Error::NotFound)?;
    let marks = store::marks::all(&mut conn, Wanted::Thread(post.root_id), &sight, super::THREAD).await?;
    drop(conn);
    backfill::thread(ctx, viewer, &post).await;
    let parent_of: HashMap<PostId, Option<PostId>> = marks.iter().map(|mark| (mark.post, mark.parent)).collect();
    let (above, under) = super::around_in_thread(&parent_of, id, post.parent_id);
    let shown = |mark: &&Mark| {
        !matches!(mark.state, crate::domain::posts::PostState::Deleted | crate::domain::posts::PostState::Removed)
    };
    let ancestors = marks.iter().filter(shown).filter(|mark| above.contains(&mark.post)).cloned().collect();
    let descendants = marks.iter().filter(shown).filter(|mark| under.contains(&mark.post)).cloned().collect();
    Ok((ancestors, descendants))
}

/// The posts behind rows of a list, in their order, as far as they may be seen.
pub async fn marks_behind(ctx: &Ctx, viewer: &Viewer, rows: Vec<store::api::EntryRow>) -> Result<Vec<Mark>> {
    let ids: Vec<PostId> = rows.iter().map(|row| row.2).collect();
    let mut found: HashMap<PostId, Mark> =
        marks_of(ctx, viewer, &ids).await?.into_iter().map(|mark| (mark.post, mark)).collect();
    let one = |(id, source_id, post_id, how): store::api::EntryRow| {
        found
            .remove(&post_id)
            .map(|mark| Mark { entry: Some(crate::domain::posts::Entry { id, source_id, post_id, how }), ..mark })
    };
    Ok(rows.into_iter().filter_map(one).collect())
}
