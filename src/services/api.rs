//! Use cases of the client API that the pages do not have: accounts and relationships in batches, a status by any of
//! its ids, posting by mention, markers.

use std::collections::HashMap;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorCard, ActorState};
use crate::domain::audiences::Scope;
use crate::domain::groups::{Follow, FollowState, GroupKind};
use crate::domain::moderation::BlockKind;
use crate::domain::posts::{Entry, PostKind, PostView};
use crate::policy::{self, InGroup};
use crate::services::Ctx;
use crate::services::follows::group_facts;
use crate::services::posts::{NewPoll, PostForm};
use crate::store::api::{AccountRow, EntryRow, SourceFilter};
use crate::store::{self, Conn};
use crate::text;

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
}

/// Loads what stands around posts: four queries at most, however many posts there are. `also` are further accounts.
pub async fn around(ctx: &Ctx, views: &[PostView], also: &[ActorId]) -> Result<Around> {
    let mut conn = ctx.db.read().await?;
    let mut who: Vec<ActorId> = also.to_vec();
    for view in views {
        who.push(view.author.id);
        who.extend(view.post.group_id);
        who.extend(view.entry.as_ref().map(|entry| entry.source_id));
    }
    who.sort_unstable();
    who.dedup();
    let ids: Vec<PostId> = views.iter().map(|view| view.post.id).collect();
    let parents: Vec<PostId> = views.iter().filter_map(|view| view.post.parent_id).collect();
    let mut found = Around::default();
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
    Ok(found)
}

/// Accounts by id as far as the viewer may know them, in the order asked for.
pub async fn accounts(ctx: &Ctx, viewer: &Viewer, ids: &[ActorId]) -> Result<Vec<AccountRow>> {
    let mut conn = ctx.db.read().await?;
    let mut rows: HashMap<ActorId, AccountRow> = HashMap::new();
    for row in store::api::accounts(&mut conn, ids).await? {
        let alive = matches!(row.actor.state, ActorState::Active);
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
        ActorState::Active => {}
        ActorState::Deleted => return Err(Error::Gone),
        ActorState::Pending | ActorState::Suspended => return Err(Error::NotFound),
    }
    if may_know(&mut conn, ctx, viewer, &row).await? { Ok(row) } else { Err(Error::NotFound) }
}

/// Public groups and people are known to all; about other groups the policy is asked.
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

/// What one account shows: posts, shares, and for groups the posts of their members.
pub async fn shown_by(
    ctx: &Ctx,
    viewer: &Viewer,
    source: ActorId,
    filter: SourceFilter<'_>,
    page: Page,
) -> Result<Paged<PostView>> {
    let mut conn = ctx.db.read().await?;
    let sight = policy::sight(viewer);
    let rows = store::api::source_entries(&mut conn, source, &sight, filter, page).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|n| n >= page.limit);
    let next = if full { rows.last().map(|row| row.0.0) } else { None };
    Ok(Paged { items: views_of(&mut conn, rows, &sight).await?, next })
}

async fn views_of(conn: &mut Conn, rows: Vec<EntryRow>, sight: &crate::domain::Sight) -> Result<Vec<PostView>> {
    let ids: Vec<PostId> = rows.iter().map(|row| row.2).collect();
    let mut views: HashMap<PostId, PostView> =
        store::posts::views(conn, &ids, sight).await?.into_iter().map(|view| (view.post.id, view)).collect();
    let entry = |(id, source_id, post_id, how): EntryRow| {
        views.remove(&post_id).map(|view| PostView { entry: Some(Entry { id, source_id, post_id, how }), ..view })
    };
    Ok(rows.into_iter().filter_map(entry).collect())
}

/// Posts in the order of their ids in a list that has its own cursor.
async fn in_order(conn: &mut Conn, ids: &[PostId], sight: &crate::domain::Sight) -> Result<Vec<PostView>> {
    let mut views: HashMap<PostId, PostView> =
        store::posts::views(conn, ids, sight).await?.into_iter().map(|view| (view.post.id, view)).collect();
    Ok(ids.iter().filter_map(|id| views.remove(id)).collect())
}

/// A group's posts, not wrapped, newest first: the timeline of its virtual list.
pub async fn list_timeline(ctx: &Ctx, viewer: &Viewer, group: ActorId, page: Page) -> Result<Paged<PostView>> {
    let mut conn = ctx.db.read().await?;
    group_facts(&mut conn, ctx, viewer, group).await?;
    crate::services::posts::list_in_group(&mut conn, group, &policy::sight(viewer), page).await
}

/// The post as it came onto the viewer's home, for their stream. `None` when it did not, or may not be seen.
pub async fn on_home(ctx: &Ctx, viewer: &Viewer, post: PostId) -> Result<Option<PostView>> {
    let me = viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let Some(entry) = store::api::home_entry(&mut conn, me, post).await? else { return Ok(None) };
    Ok(views_of(&mut conn, vec![entry], &policy::sight(viewer)).await?.pop())
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

/// A thread as a client shows it: what a post answers, oldest first, and all under it.
pub async fn context(ctx: &Ctx, viewer: &Viewer, id: PostId) -> Result<(Vec<PostView>, Vec<PostView>)> {
    let sight = policy::sight(viewer);
    let mut conn = ctx.db.read().await?;
    let post = store::posts::find_visible(&mut conn, id, &sight).await?.ok_or(Error::NotFound)?;
    let views = store::posts::thread(&mut conn, post.root_id, &sight, 0, THREAD).await?;
    let parent_of: HashMap<PostId, Option<PostId>> = views.iter().map(|v| (v.post.id, v.post.parent_id)).collect();
    let mut above = Vec::new();
    let mut at = post.parent_id;
    while let Some(parent) = at.filter(|parent| !above.contains(parent)) {
        above.push(parent);
        at = parent_of.get(&parent).copied().flatten();
    }
    let under = |mut at: PostId| {
        for _ in 0..THREAD {
            match parent_of.get(&at).copied().flatten() {
                Some(parent) if parent == id => return true,
                Some(parent) => at = parent,
                None => return false,
            }
        }
        false
    };
    let (mut ancestors, mut descendants) = (Vec::new(), Vec::new());
    for view in views.into_iter().filter(|view| !view.post.is_gone()) {
        if above.contains(&view.post.id) {
            ancestors.push(view);
        } else if under(view.post.id) {
            descendants.push(view);
        }
    }
    Ok((ancestors, descendants))
}

/// How much of a thread a client gets.
const THREAD: i64 = 500;

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
}

/// Relations of the viewer to several accounts, in the order asked for: two queries.
pub async fn relations(ctx: &Ctx, viewer: &Viewer, ids: &[ActorId]) -> Result<Vec<Relation>> {
    let me = viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let follows = store::api::follows_between(&mut conn, me, ids).await?;
    let blocks = store::moderation::between(&mut conn, me, ids).await?;
    let has = |from: ActorId, to: ActorId, kind: BlockKind| blocks.contains(&(from, to, kind));
    let one = |id: &ActorId| Relation {
        id: *id,
        mine: follows.iter().find(|f| f.target_id == *id && f.follower_id == me).cloned(),
        theirs: follows.iter().find(|f| f.follower_id == *id && f.target_id == me).cloned(),
        blocking: has(me, *id, BlockKind::Block),
        blocked_by: has(*id, me, BlockKind::Block),
        muting: has(me, *id, BlockKind::Mute),
    };
    Ok(ids.iter().map(one).collect())
}

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

/// What a client says of a new post.
#[derive(Clone, Debug, Default)]
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
    pub poll: Option<NewPoll>,
    /// Media hidden until asked for.
    pub sensitive: bool,
    /// Content warning.
    pub warning: String,
    /// BCP-47 tag.
    pub language: Option<String>,
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

async fn form_of(ctx: &Ctx, viewer: &Viewer, new: NewStatus) -> Result<PostForm> {
    let kind = if new.poll.is_some() { PostKind::Poll } else { PostKind::Message };
    let mut form = PostForm::new(kind, new.text);
    form.poll = new.poll;
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

/// Ids of who follows an account, with the cursor of each.
pub async fn followers(ctx: &Ctx, viewer: &Viewer, row: &AccountRow, page: Page) -> Result<Vec<(i64, ActorId)>> {
    // Who is in a group is for members to know, as on its page.
    if row.group.is_some() && (viewer.actor_id().is_none() || !may_read(ctx, viewer, row).await?) {
        return Ok(Vec::new());
    }
    let mut conn = ctx.db.read().await?;
    let rows = store::api::followers(&mut conn, row.actor.id, FollowState::Accepted, page).await?;
    Ok(rows.into_iter().map(|(id, who)| (id.0, who)).collect())
}

/// Ids of whom an account follows, with the cursor of each. Of groups only public ones are told.
pub async fn following(ctx: &Ctx, account: ActorId, page: Page) -> Result<Vec<(i64, ActorId)>> {
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

/// A conversation as clients show it.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The first message; its id is the conversation's.
    pub root: PostId,
    /// The others in it.
    pub with: Vec<ActorId>,
    /// The newest message.
    pub last: PostView,
    /// Something in it was not read.
    pub unread: bool,
}

/// The viewer's conversations, newest first.
pub async fn conversations(ctx: &Ctx, viewer: &Viewer, page: Page) -> Result<Vec<Conversation>> {
    let me = viewer.member_id()?;
    let sight = policy::sight(viewer);
    let mut conn = ctx.db.read().await?;
    let roots = store::posts::conversations(&mut conn, me, page).await?.items;
    let root_ids: Vec<PostId> = roots.iter().map(|view| view.post.id).collect();
    let audiences: Vec<AudienceId> = roots.iter().map(|view| view.post.audience_id).collect();
    let readers = store::api::readers_of(&mut conn, &audiences).await?;
    let newest: HashMap<i64, PostId> = store::api::newest_of(&mut conn, &root_ids).await?.into_iter().collect();
    let ids: Vec<PostId> = newest.values().copied().collect();
    let unread: Vec<PostId> = store::api::unread_direct(&mut conn, me).await?.into_iter().flatten().collect();
    let mut views: HashMap<PostId, PostView> =
        store::posts::views(&mut conn, &ids, &sight).await?.into_iter().map(|view| (view.post.id, view)).collect();
    let one = |root: PostView| {
        let id = root.post.id;
        let with = readers.iter().filter(|(a, who)| *a == root.post.audience_id && *who != me).map(|(_, who)| *who);
        let with = with.collect();
        let last = newest.get(&id.0).and_then(|newest| views.remove(newest)).unwrap_or(root);
        Conversation { root: id, with, unread: unread.contains(&last.post.id), last }
    };
    Ok(roots.into_iter().map(one).collect())
}

/// A place up to which a timeline was read: timeline, id, version, when.
pub type Marker = (String, i64, i64, Time);

/// Where the viewer is in their timelines.
pub async fn markers(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<Marker>> {
    store::api::markers(&mut ctx.db.read().await?, viewer.member_id()?).await
}

/// Keeps where the viewer is in some timelines.
pub async fn set_markers(ctx: &Ctx, viewer: &Viewer, places: Vec<(String, i64)>) -> Result<()> {
    let me = viewer.member_id()?;
    let now = ctx.now();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                for (timeline, id) in &places {
                    store::api::set_marker(conn, me, timeline, *id, now).await?;
                    if timeline == "notifications" {
                        store::notices::mark_read(conn, me, NotificationId(*id), now).await?;
                    }
                }
                Ok(())
            })
        })
        .await
}

/// Numbers about the instance: people, posts, servers, people seen in the last month, and who answers for it.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// Accounts.
    pub people: i64,
    /// Posts written here.
    pub posts: i64,
    /// Servers we know.
    pub servers: i64,
    /// Accounts seen in the last 30 days.
    pub active_month: i64,
    /// Who answers for the instance.
    pub owner: Option<AccountRow>,
}

/// Counts for the description of the instance.
pub async fn numbers(ctx: &Ctx) -> Result<Numbers> {
    let mut conn = ctx.db.read().await?;
    let owner = store::api::owner(&mut conn).await?;
    let owner = store::api::accounts(&mut conn, &owner.into_iter().collect::<Vec<_>>()).await?.pop();
    Ok(Numbers {
        people: store::people::count(&mut conn, ActorState::Active).await?,
        posts: store::api::count_local_posts(&mut conn).await?,
        servers: i64::try_from(store::api::peers(&mut conn).await?.len()).unwrap_or(i64::MAX),
        active_month: store::people::count_seen_since(&mut conn, ctx.now().plus(-30 * Time::DAY)).await?,
        owner,
    })
}

/// Names of servers we exchange with.
pub async fn peers(ctx: &Ctx) -> Result<Vec<String>> {
    store::api::peers(&mut ctx.db.read().await?).await
}

/// People, posts and hashtags that hold some words.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// People and groups.
    pub accounts: Vec<ActorId>,
    /// Posts.
    pub posts: Vec<PostView>,
    /// Hashtags, with how often they were used on open posts.
    pub tags: Vec<(String, i64)>,
}

/// What a search asks for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Words, a handle or an address.
    pub text: String,
    /// `accounts`, `statuses`, `hashtags`, or all.
    pub kind: Option<String>,
    /// Look it up elsewhere too.
    pub resolve: bool,
    /// At most this many of each.
    pub limit: i64,
}

/// Searches for a client. A handle or an address finds exactly what it names.
pub async fn search(ctx: &Ctx, viewer: &Viewer, search: Search) -> Result<Found> {
    let text = search.text.trim();
    let wants = |kind: &str| search.kind.as_deref().is_none_or(|wanted| wanted == kind);
    let mut found = Found::default();
    if text.starts_with("https://") || text.starts_with("http://") {
        return by_address(ctx, viewer, text, search.resolve).await;
    }
    if let Some(handle) = text::Handle::parse(text)
        && (text.starts_with(['@', '!']) || handle.host.is_some())
        && wants("accounts")
        && let Some(actor) = by_handle(ctx, &handle, search.resolve && viewer.actor_id().is_some()).await?
    {
        found.accounts.push(actor.id);
    }
    let needle = text::fold(text.trim_start_matches(['@', '!', '#']));
    if needle.is_empty() {
        return Ok(found);
    }
    let mut conn = ctx.db.read().await?;
    if wants("accounts") {
        let kinds = crate::domain::actors::ActorKind::ALL;
        for card in store::actors::search(&mut conn, kinds, &needle, viewer.actor_id().is_none(), search.limit).await? {
            if !found.accounts.contains(&card.id) {
                found.accounts.push(card.id);
            }
        }
    }
    if wants("statuses") && viewer.actor_id().is_some() {
        let kinds: Vec<PostKind> = PostKind::ALL.iter().copied().filter(|kind| *kind != PostKind::Direct).collect();
        let page = Page::first(search.limit);
        found.posts = store::posts::search(&mut conn, &needle, &policy::sight(viewer), &kinds, page).await?.items;
    }
    if wants("hashtags") {
        found.tags = store::api::tags_like(&mut conn, &needle, search.limit).await?;
    }
    Ok(found)
}

async fn by_handle(ctx: &Ctx, handle: &text::Handle, resolve: bool) -> Result<Option<Actor>> {
    let known = crate::services::groups::find_by_acct(&mut ctx.db.read().await?, ctx, &handle.to_string()).await;
    match (known, handle.host.as_deref()) {
        (Ok(actor), _) => Ok(Some(actor)),
        (Err(Error::NotFound), Some(host)) if resolve && host != ctx.urls.host() => {
            match ctx.remote()?.resolve_handle(&handle.name, host).await {
                Ok(actor) => Ok(Some(actor)),
                Err(Error::NotFound | Error::Gone | Error::RemoteFailed { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        }
        (Err(Error::NotFound), _) => Ok(None),
        (Err(error), _) => Err(error),
    }
}

async fn by_address(ctx: &Ctx, viewer: &Viewer, address: &str, resolve: bool) -> Result<Found> {
    use crate::services::ctx::Resolved;
    use crate::urls::Local;
    let mut found = Found::default();
    let post = |id: PostId| async move {
        match status(ctx, viewer, id.0).await {
            Ok(view) => Ok(vec![view]),
            Err(Error::NotFound | Error::Gone) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    };
    match ctx.urls.parse(address) {
        Some(Local::Post(id)) => found.posts = post(id).await?,
        Some(Local::Person(name) | Local::Group(name)) => {
            let mut conn = ctx.db.read().await?;
            let (name, host) = name.split_once('@').map_or((name.as_str(), None), |(name, host)| (name, Some(host)));
            let actor = match host {
                Some(host) => store::actors::find_by_handle(&mut conn, name, host).await?,
                None => store::actors::find_by_name(&mut conn, HostId::LOCAL, name).await?,
            };
            found.accounts.extend(actor.map(|actor| actor.id));
        }
        Some(_) => {}
        None => {
            let mut conn = ctx.db.read().await?;
            if let Some(actor) = store::actors::find_by_uri(&mut conn, address).await? {
                found.accounts.push(actor.id);
            } else if let Some(known) = store::posts::find_by_uri(&mut conn, address).await? {
                drop(conn);
                found.posts = post(known.id).await?;
            } else if resolve && viewer.actor_id().is_some() {
                drop(conn);
                match ctx.remote()?.resolve_url(address).await {
                    Ok(Resolved::Actor(actor)) => found.accounts.push(actor.id),
                    Ok(Resolved::Post(known)) => found.posts = post(known.id).await?,
                    Err(Error::NotFound | Error::Gone | Error::RemoteFailed { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(found)
}

/// A file by its id, whoever asks: the caller knows its secret.
pub async fn file(ctx: &Ctx, id: MediaId) -> Result<crate::domain::media::Media> {
    store::media::find(&mut ctx.db.read().await?, id).await?.ok_or(Error::NotFound)
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

/// Throws away an own file that no post has taken.
///
/// # Errors
/// `NotFound` when it is not the viewer's, `Invalid` when a post has it.
pub async fn forget_file(ctx: &Ctx, viewer: &Viewer, id: MediaId) -> Result<()> {
    let file = crate::services::media::own(ctx, viewer, id).await?;
    if file.post_id.is_some() {
        return Err(Error::invalid("id", "error-file-in-use"));
    }
    ctx.db.write(move |conn| Box::pin(async move { store::media::delete(conn, id).await })).await?;
    for key in [file.key, file.thumb_key].into_iter().flatten() {
        ctx.media.delete(&key).await?;
    }
    Ok(())
}

/// One conversation, by its first message.
pub async fn conversation(ctx: &Ctx, viewer: &Viewer, root: PostId) -> Result<Conversation> {
    let page = Page { cursor: Cursor::Before(root.0 + 1), limit: 1 };
    let found = conversations(ctx, viewer, page).await?.pop();
    found.filter(|c| c.root == root).ok_or(Error::NotFound)
}

/// Marks the notices about one conversation as read.
pub async fn read_conversation(ctx: &Ctx, viewer: &Viewer, root: PostId) -> Result<()> {
    let me = viewer.member_id()?;
    let now = ctx.now();
    ctx.db
        .write(move |conn| Box::pin(async move { store::api::mark_thread_read(conn, me, root, now).await }))
        .await?;
    Ok(())
}

/// How often a hashtag was used on open posts.
pub async fn tag_uses(ctx: &Ctx, name: &str) -> Result<i64> {
    let tags = store::api::tags_like(&mut ctx.db.read().await?, name, 40).await?;
    Ok(tags.into_iter().find(|(tag, _)| tag == name).map_or(0, |(_, uses)| uses))
}

/// People or groups of this instance, by name, as far as the viewer may know them; at most 80.
pub async fn listed(ctx: &Ctx, viewer: &Viewer, kind: crate::domain::actors::ActorKind) -> Result<Vec<AccountRow>> {
    let cards = store::actors::directory(&mut ctx.db.read().await?, kind, ("", -1), 80).await?;
    let ids: Vec<ActorId> = cards.iter().map(|card| card.id).collect();
    accounts(ctx, viewer, &ids).await
}
