//! Finding people, groups and posts, each as far as the viewer may see it. And following an address to what is there.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorCard, ActorKind};
use crate::domain::posts::{PostKind, PostView};
use crate::policy;
use crate::services::ctx::Resolved;
use crate::services::{Ctx, groups, people, posts};
use crate::store::groups::GroupLine;
use crate::store::people::PeopleFilter;
use crate::store::{self, Conn};
use crate::text;
use crate::urls::{self, Local};

/// Counts go up to this; beyond it there are "more".
pub const MANY: i64 = 50;

/// Characters of a post shown as an excerpt.
const EXCERPT: usize = 220;

/// What is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// People, groups and posts, a few of each.
    #[default]
    All,
    /// People.
    People,
    /// Groups.
    Groups,
    /// Posts and comments.
    Posts,
}

/// A person found.
#[derive(Clone, Debug)]
pub struct PersonHit {
    /// Who.
    pub actor: ActorCard,
    /// Function and branch, where known.
    pub about: String,
}

/// A post found.
#[derive(Clone, Debug)]
pub struct PostHit {
    /// The post.
    pub view: PostView,
    /// The place in its text, in pieces; those that were looked for are marked.
    pub excerpt: Vec<text::Piece>,
}

/// What was found. Each list holds at most [`MANY`] and one more.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// People, by name.
    pub people: Vec<PersonHit>,
    /// Groups, by name.
    pub groups: Vec<GroupLine>,
    /// Posts, newest first.
    pub posts: Vec<PostHit>,
    /// `before` of the next page of posts.
    pub next: Option<i64>,
}

/// Where an address leads on this instance.
#[derive(Clone, Debug)]
pub enum Place {
    /// A path here.
    Path(String),
    /// Nothing that the viewer may see, or no such thing.
    Nothing,
    /// Its server did not answer.
    Unreachable,
}

/// Looks for people, groups and posts. Posts begin before `before`.
pub async fn search(ctx: &Ctx, viewer: &Viewer, query: &str, filter: Filter, before: Option<i64>) -> Result<Found> {
    let query = query.trim();
    let needle = text::fold(query);
    if needle.chars().count() < 2 {
        return Ok(Found::default());
    }
    let people = if before.is_none() { find_people(ctx, viewer, query).await? } else { Vec::new() };
    let groups = match before {
        None => groups::find(ctx, viewer, query, ("", -1), MANY + 1).await?,
        Some(_) => Vec::new(),
    };
    let limit = if filter == Filter::Posts { 20 } else { MANY + 1 };
    let kinds: Vec<PostKind> = PostKind::ALL.iter().copied().filter(|kind| *kind != PostKind::Direct).collect();
    let page = Page::before(before, limit);
    let mut conn = ctx.db.read().await?;
    let posts = store::posts::search(&mut conn, &needle, &policy::sight(viewer), &kinds, page).await?;
    let hit = |view: PostView| {
        let plain = text::plain(&view.html());
        PostHit { excerpt: text::found_in(&plain, query, EXCERPT), view }
    };
    Ok(Found { people, groups, posts: posts.items.into_iter().map(hit).collect(), next: posts.next })
}

/// People here as the directory tells of them, and for members those of other servers that are known here.
async fn find_people(ctx: &Ctx, viewer: &Viewer, query: &str) -> Result<Vec<PersonHit>> {
    let Some(me) = viewer.actor_id() else { return Ok(Vec::new()) };
    let filter = PeopleFilter { needle: query.to_owned(), ..PeopleFilter::default() };
    let lines = people::directory(ctx, viewer, filter, ("", -1), MANY + 1).await?;
    let mut hits: Vec<PersonHit> = lines
        .into_iter()
        .map(|line| {
            let account = line.account.as_ref();
            let parts = [account.map(|a| a.job_title.clone()), account.and_then(|a| a.branch.clone())];
            let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
            PersonHit { actor: line.actor, about: parts.join(", ") }
        })
        .collect();
    let mut conn = ctx.db.read().await?;
    if viewer.is_full_member() {
        let kinds = [ActorKind::Person];
        let known = store::actors::search(&mut conn, &kinds, &text::fold(query), false, MANY + 1).await?;
        let elsewhere = known.into_iter().filter(|card| !card.is_local());
        hits.extend(elsewhere.map(|actor| PersonHit { actor, about: String::new() }));
    }
    leave_out_blocked(&mut conn, me, &mut hits).await?;
    hits.truncate(usize::try_from(MANY + 1).unwrap_or(usize::MAX));
    Ok(hits)
}

async fn leave_out_blocked(conn: &mut Conn, me: ActorId, hits: &mut Vec<PersonHit>) -> Result<()> {
    let ids: Vec<ActorId> = hits.iter().map(|hit| hit.actor.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let between = store::moderation::between(conn, me, &ids).await?;
    // A mute is between one and oneself: whom I mute I do not find, who mutes me still finds me.
    let out = |id: ActorId| {
        between.iter().any(|(member, target, kind)| {
            (*member == me && *target == id)
                || (*member == id && *target == me && *kind == crate::domain::moderation::BlockKind::Block)
        })
    };
    hits.retain(|hit| !out(hit.actor.id));
    Ok(())
}

/// Whether a text in the search box is the address of something: a handle with its host, or a link.
pub fn is_address(query: &str) -> bool {
    let query = query.trim();
    let link = query.starts_with("https://") || query.starts_with("http://");
    link || text::Handle::parse(query).is_some_and(|handle| handle.host.is_some())
}

/// Follows an address to a page here; members only, for it makes us ask other servers.
///
/// # Errors
/// `SignInNeeded`.
pub async fn follow_address(ctx: &Ctx, viewer: &Viewer, query: &str) -> Result<Place> {
    viewer.member_id()?;
    match find_address(ctx, viewer, query.trim()).await {
        Ok(path) => Ok(Place::Path(path)),
        Err(Error::NotFound | Error::Gone | Error::Forbidden { .. }) => Ok(Place::Nothing),
        Err(Error::RemoteFailed { host, detail, .. }) => {
            tracing::info!(host, detail, "an address could not be followed");
            Ok(Place::Unreachable)
        }
        Err(Error::Unavailable(_)) => Ok(Place::Unreachable),
        Err(other) => Err(other),
    }
}

async fn find_address(ctx: &Ctx, viewer: &Viewer, query: &str) -> Result<String> {
    if let Some(handle) = text::Handle::parse(query).filter(|handle| handle.host.is_some()) {
        return find_handle(ctx, viewer, &handle).await;
    }
    match ctx.urls.parse(query) {
        Some(Local::Group(name)) => return Ok(group_path(&groups::view_by_handle(ctx, viewer, &name).await?)),
        Some(Local::Person(name)) => return person_path(ctx, viewer, &name).await,
        Some(Local::Post(id)) => return Ok(urls::post_path(posts::view(ctx, viewer, id).await?.post.id)),
        Some(_) => return Err(Error::NotFound),
        None if ctx.urls.is_ours(query) => return Err(Error::NotFound),
        None => {}
    }
    if !viewer.is_full_member() {
        return Err(Error::NotFound);
    }
    match ctx.remote()?.resolve_url(query).await? {
        Resolved::Actor(actor) => resolved_path(ctx, viewer, &actor).await,
        Resolved::Post(post) => Ok(urls::post_path(posts::view(ctx, viewer, post.id).await?.post.id)),
    }
}

async fn find_handle(ctx: &Ctx, viewer: &Viewer, handle: &text::Handle) -> Result<String> {
    let acct = handle.to_string();
    match groups::view_by_handle(ctx, viewer, &acct).await {
        Ok(view) => return Ok(group_path(&view)),
        Err(Error::NotFound) => {}
        Err(other) => return Err(other),
    }
    match person_path(ctx, viewer, &acct).await {
        Err(Error::NotFound) => {}
        other => return other,
    }
    let host = handle.host.as_deref().unwrap_or_default();
    if host.eq_ignore_ascii_case(ctx.urls.host()) || !viewer.is_full_member() {
        return Err(Error::NotFound);
    }
    let actor = ctx.remote()?.resolve_handle(&handle.name, host).await?;
    resolved_path(ctx, viewer, &actor).await
}

/// The page of an actor that was just looked up, if the viewer may see it.
async fn resolved_path(ctx: &Ctx, viewer: &Viewer, actor: &Actor) -> Result<String> {
    if actor.is_group() {
        return Ok(group_path(&groups::view(ctx, viewer, actor.id).await?));
    }
    let host = urls::host_of(&actor.uri).filter(|_| !actor.is_local());
    let acct = host.map_or_else(|| actor.name.clone(), |host| format!("{}@{host}", actor.name));
    person_path(ctx, viewer, &acct).await
}

fn group_path(view: &groups::GroupView) -> String {
    urls::actor_path(ActorKind::Group, &view.acct())
}

async fn person_path(ctx: &Ctx, viewer: &Viewer, acct: &str) -> Result<String> {
    let person = people::person(ctx, viewer, acct).await?;
    let acct = person.host.map_or_else(|| person.actor.name.clone(), |host| format!("{}@{host}", person.actor.name));
    Ok(urls::actor_path(person.actor.kind, &acct))
}
