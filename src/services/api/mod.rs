//! Use cases of the client API that the pages do not have: accounts and relationships in batches, a status by any of
//! its ids, posting by mention, markers.

mod accounts;
mod kept;
mod own;
mod search;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorCard};
use crate::domain::audiences::Scope;
use crate::domain::filters::Filter;
use crate::domain::groups::GroupKind;
use crate::domain::posts::{Entry, PostKind, PostView};
use crate::policy;
use crate::services::Ctx;
use crate::services::follows::group_facts;
use crate::services::posts::{NewPoll, PostForm};
use crate::store::api::AccountRow;
use crate::store::marks::{Mark, Wanted};
use crate::store::{self, Conn};
use crate::text;

pub use accounts::*;
pub use kept::*;
pub use own::*;
pub use search::*;

/// What stands around posts, loaded for all of them at once.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Authors, groups, sharers.
    pub accounts: HashMap<ActorId, AccountRow>,
    /// Who is mentioned.
    pub mentions: HashMap<PostId, Vec<ActorCard>>,
    /// Hashtags.
    pub tags: HashMap<PostId, Vec<String>>,
    /// Who wrote what is answered.
    pub parents: HashMap<PostId, ActorId>,
    /// Posts that are quoted, as far as the viewer may see them.
    pub quoted: HashMap<PostId, PostView>,
    /// The viewer's filters.
    pub filters: Vec<Filter>,
}

/// Loads what stands around posts: five queries, however many posts there are, and more only where posts are quoted.
/// `also` are further accounts.
pub async fn around(ctx: &Ctx, viewer: &Viewer, views: &[PostView], also: &[ActorId]) -> Result<Around> {
    let mut conn = ctx.db.read().await?;
    let mut who: Vec<ActorId> = also.to_vec();
    let mut found = Around::default();
    let quoted: Vec<PostId> = views.iter().filter_map(|view| view.quoted).collect();
    let quoted = store::posts::views(&mut conn, &quoted, &policy::sight(viewer)).await?;
    for view in views.iter().chain(&quoted) {
        who.push(view.author.id);
        who.extend(view.post.group_id);
        who.extend(view.entry.as_ref().map(|entry| entry.source_id));
    }
    who.sort_unstable();
    who.dedup();
    let ids: Vec<PostId> = views.iter().chain(&quoted).map(|view| view.post.id).collect();
    let parents: Vec<PostId> = views.iter().chain(&quoted).filter_map(|view| view.post.parent_id).collect();
    for row in store::api::accounts(&mut conn, &who).await? {
        found.accounts.insert(row.actor.id, row);
    }
    if !ids.is_empty() {
        for (post, card) in store::posts::mentions_of(&mut conn, &ids).await? {
            found.mentions.entry(post).or_default().push(card);
        }
        for (post, tag) in store::posts::tags_of(&mut conn, &ids).await? {
            found.tags.entry(post).or_default().push(tag);
        }
    }
    if !parents.is_empty() {
        found.parents.extend(store::api::authors_of(&mut conn, &parents).await?);
    }
    if let (Some(me), false) = (viewer.actor_id(), ids.is_empty()) {
        found.filters = store::filters::list(&mut conn, me).await?;
    }
    found.quoted = quoted.into_iter().map(|view| (view.post.id, view)).collect();
    Ok(found)
}

/// The post behind an id that a client got from us: a post's own, or that of its showing in a timeline.
pub async fn post_behind(ctx: &Ctx, viewer: &Viewer, id: i64) -> Result<(PostId, Option<Entry>)> {
    let mut conn = ctx.db.read().await?;
    let sight = policy::sight(viewer);
    if store::posts::find_visible(&mut conn, PostId(id), &sight).await?.is_some() {
        return Ok((PostId(id), None));
    }
    let (id, source_id, post_id, how) =
        store::posts::find_entry(&mut conn, EntryId(id)).await?.ok_or(Error::NotFound)?;
    Ok((post_id, Some(Entry { id, source_id, post_id, how })))
}

/// A post by any of its ids, wrapped as that id says.
///
/// # Errors
/// `NotFound` when the viewer may not see it or it is gone.
pub async fn status(ctx: &Ctx, viewer: &Viewer, id: i64) -> Result<PostView> {
    let (post, entry) = post_behind(ctx, viewer, id).await?;
    let mut view = store::posts::view(&mut ctx.db.read().await?, post, &policy::sight(viewer)).await?;
    if view.post.is_gone() {
        return Err(Error::NotFound);
    }
    view.entry = entry;
    Ok(view)
}

/// Several posts by any of their ids; those the viewer may not see are left out.
pub async fn statuses(ctx: &Ctx, viewer: &Viewer, ids: &[i64]) -> Result<Vec<PostView>> {
    let mut found = Vec::new();
    for id in ids {
        match status(ctx, viewer, *id).await {
            Ok(view) => found.push(view),
            Err(Error::NotFound | Error::Gone) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Posts in the order of their ids in a list that has its own cursor.
async fn in_order(conn: &mut Conn, ids: &[PostId], sight: &crate::domain::Sight) -> Result<Vec<PostView>> {
    let mut views: HashMap<PostId, PostView> =
        store::posts::views(conn, ids, sight).await?.into_iter().map(|view| (view.post.id, view)).collect();
    Ok(ids.iter().filter_map(|id| views.remove(id)).collect())
}

/// Posts that quote another, as far as the viewer may see them.
pub async fn quoting(ctx: &Ctx, viewer: &Viewer, quoted: PostId, page: Page) -> Result<Paged<PostView>> {
    let sight = policy::sight(viewer);
    let mut conn = ctx.db.read().await?;
    store::posts::find_visible(&mut conn, quoted, &sight).await?.ok_or(Error::NotFound)?;
    store::posts::quoting(&mut conn, quoted, &sight, page).await
}

/// A group's posts, not wrapped, newest first: the timeline of its virtual list.
pub async fn list_timeline(ctx: &Ctx, viewer: &Viewer, group: ActorId, page: Page) -> Result<Paged<Mark>> {
    group_facts(&mut ctx.db.read().await?, ctx, viewer, group).await?;
    marks(ctx, viewer, Wanted::Group(group), page).await
}

/// The post as it came onto the viewer's home, for their stream. `None` when it did not, or may not be seen.
pub async fn on_home(ctx: &Ctx, viewer: &Viewer, post: PostId) -> Result<Option<Mark>> {
    let me = viewer.member_id()?;
    let entry = store::api::home_entry(&mut ctx.db.read().await?, me, post).await?;
    Ok(marks_behind(ctx, viewer, entry.into_iter().collect()).await?.pop())
}

/// Ids under which clients may know a post: its own and those of its showings.
pub async fn ids_of(ctx: &Ctx, post: PostId) -> Result<Vec<i64>> {
    let entries = store::posts::entries_of(&mut ctx.db.read().await?, post).await?;
    let mut ids: Vec<i64> = entries.into_iter().map(|(id, ..)| id.0).filter(|id| *id != post.0).collect();
    ids.push(post.0);
    Ok(ids)
}

/// Posts the viewer thanked for.
pub async fn thanked(ctx: &Ctx, viewer: &Viewer, page: Page) -> Result<(Vec<PostView>, Vec<i64>)> {
    let me = viewer.member_id()?;
    let sight = policy::sight(viewer);
    let mut conn = ctx.db.read().await?;
    let rows = store::api::thanked(&mut conn, me, &sight, page).await?;
    let ids: Vec<PostId> = rows.iter().map(|row| row.1).collect();
    Ok((in_order(&mut conn, &ids, &sight).await?, rows.into_iter().map(|row| row.0).collect()))
}

/// What a post answers, and everything under it, in a thread of which each post's parent is known: in one walk.
fn around_in_thread(
    parent_of: &HashMap<PostId, Option<PostId>>,
    id: PostId,
    parent: Option<PostId>,
) -> (HashSet<PostId>, HashSet<PostId>) {
    let mut above = HashSet::new();
    let mut at = parent;
    while let Some(parent) = at.filter(|parent| above.insert(*parent)) {
        at = parent_of.get(&parent).copied().flatten();
    }
    let mut answers: HashMap<PostId, Vec<PostId>> = HashMap::new();
    for (post, parent) in parent_of {
        if let Some(parent) = parent {
            answers.entry(*parent).or_default().push(*post);
        }
    }
    let mut under = HashSet::new();
    let mut waiting = vec![id];
    while let Some(at) = waiting.pop() {
        for answer in answers.get(&at).into_iter().flatten() {
            if *answer != id && under.insert(*answer) {
                waiting.push(*answer);
            }
        }
    }
    (above, under)
}

/// How much of a thread a client gets.
const THREAD: i64 = 500;

/// Groups a text mentions by `@name` or `!name`: posts are put into them.
pub async fn groups_mentioned(ctx: &Ctx, source: &str) -> Result<Vec<Actor>> {
    let mut groups: Vec<Actor> = Vec::new();
    for handle in text::scan(source).mentions {
        let acct = handle.to_string();
        let known = crate::services::groups::find_by_acct(&mut ctx.db.read().await?, ctx, &acct).await;
        let actor = match (known, handle.host.as_deref()) {
            (Err(Error::NotFound), Some(host)) if host != ctx.urls.host() => match ctx.remote() {
                Ok(remote) => remote.resolve_handle(&handle.name, host).await,
                Err(error) => Err(error),
            },
            (known, _) => known,
        };
        match actor {
            Ok(actor) if actor.is_group() && groups.iter().all(|g| g.id != actor.id) => groups.push(actor),
            Ok(_) => {}
            // A handle that leads nowhere stays plain text, as on the pages.
            Err(error) => tracing::debug!(%handle, %error, "mention not resolved"),
        }
    }
    Ok(groups)
}

/// A vote as a client asks for it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PollPlan {
    /// Options in order.
    pub options: Vec<String>,
    /// Seconds from when it is put up.
    pub expires_in: i64,
    /// More than one answer.
    pub multiple: bool,
    /// Results hidden until it closes.
    pub hidden: bool,
}

/// What a client says of a new post.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewStatus {
    /// The text.
    pub text: String,
    /// What it answers, by any of its ids.
    pub in_reply_to: Option<i64>,
    /// `public`, `unlisted`, `private` or `direct`; `public` when none.
    pub visibility: Option<String>,
    /// Own files.
    pub media: Vec<MediaId>,
    /// A vote.
    pub poll: Option<PollPlan>,
    /// Media hidden until asked for.
    pub sensitive: bool,
    /// Content warning.
    pub warning: String,
    /// BCP-47 tag.
    pub language: Option<String>,
    /// A post that it shows, by any of its ids.
    pub quoted: Option<i64>,
}

/// How long a key keeps a second post from being made.
const IDEMPOTENT_FOR: i64 = 24 * Time::HOUR;

/// Writes a post for a client (INTEROP C.7): into the group it mentions, under what it answers, or on its own.
/// It is only ever narrowed: a group decides how far its posts go. `key` is the `Idempotency-Key`.
///
/// # Errors
/// As [`crate::services::posts::publish`]; `Invalid` for two groups or a visibility that does not fit.
pub async fn post(ctx: &Ctx, viewer: &Viewer, new: NewStatus, key: Option<&str>) -> Result<PostView> {
    let me = viewer.member_id()?;
    if let Some(key) = key {
        let since = ctx.now().plus(-IDEMPOTENT_FOR);
        let known = store::posts::find_idempotent(&mut ctx.db.read().await?, me, key, since).await?;
        if let Some(id) = known {
            return status(ctx, viewer, id.0).await;
        }
    }
    let form = form_of(ctx, viewer, new).await?;
    let published = crate::services::posts::publish(ctx, viewer, form).await?;
    if let Some(key) = key {
        let (key, id, now) = (key.to_owned(), published.id, ctx.now());
        ctx.db
            .write(move |conn| Box::pin(async move { store::posts::insert_idempotent(conn, me, &key, id, now).await }))
            .await?;
    }
    status(ctx, viewer, published.id.0).await
}

/// A client's post as a form: where it goes, by what it answers or mentions.
///
/// # Errors
/// `Invalid` for two groups or a visibility that does not fit; `NotFound` for what may not be seen.
pub async fn form_of(ctx: &Ctx, viewer: &Viewer, new: NewStatus) -> Result<PostForm> {
    let kind = if new.poll.is_some() { PostKind::Poll } else { PostKind::Message };
    let mut form = PostForm::new(kind, new.text);
    form.poll = new.poll.map(|plan| NewPoll {
        options: plan.options,
        multiple: plan.multiple,
        hidden: plan.hidden,
        closes_at: Some(ctx.now().plus(plan.expires_in.saturating_mul(Time::SECOND))),
    });
    if let Some(quoted) = new.quoted {
        form.quote = Some(post_behind(ctx, viewer, quoted).await?.0);
    }
    form.media = new.media;
    form.sensitive = new.sensitive;
    form.warning = new.warning;
    form.language = new.language;
    if let Some(parent) = new.in_reply_to {
        // An answer goes where its thread is, whatever else it says.
        form.parent = Some(post_behind(ctx, viewer, parent).await?.0);
        return Ok(form);
    }
    let visibility = new.visibility.as_deref().unwrap_or("public");
    let groups = groups_mentioned(ctx, &form.source).await?;
    match (groups.as_slice(), visibility) {
        ([_, _, ..], _) => return Err(Error::invalid("status", "error-two-groups")),
        ([_], "direct") => return Err(Error::invalid("visibility", "error-recipient-group")),
        ([group], "private") => {
            let kind = store::groups::find(&mut ctx.db.read().await?, group.id).await?.map(|g| g.kind);
            if kind == Some(GroupKind::Public) {
                return Err(Error::invalid("visibility", "error-group-is-public"));
            }
            form.group = Some(group.id);
        }
        ([group], "public" | "unlisted") => form.group = Some(group.id),
        ([], "public") => form.scope = Scope::Public,
        ([], "unlisted") => form.scope = Scope::Unlisted,
        ([], "private") => form.scope = Scope::Readers,
        ([], "direct") => form.kind = PostKind::Direct,
        _ => return Err(Error::invalid("visibility", "error-visibility")),
    }
    Ok(form)
}

/// A post as the viewer shared it: with the entry of their share.
pub async fn shared_as(ctx: &Ctx, viewer: &Viewer, id: PostId) -> Result<PostView> {
    let me = viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let mut view = store::posts::view(&mut conn, id, &policy::sight(viewer)).await?;
    let entry = store::api::entry_of(&mut conn, me, id).await?;
    view.entry = entry.map(|(id, source_id, post_id, how)| Entry { id, source_id, post_id, how });
    Ok(view)
}
