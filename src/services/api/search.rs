//! Looking things up, and numbers about the instance.

use super::status;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::posts::PostView;
use crate::domain::search::FoundKind;
use crate::services::search::{self as searching, Item, Wanted};
use crate::services::{Ctx, known};
use crate::store::api::AccountRow;
use crate::{store, text};

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
    let owner: Vec<ActorId> = owner.into_iter().collect();
    let known = known::among(&mut conn, &Viewer::Anonymous, &owner).await?;
    let owner = store::api::accounts(&mut conn, &owner).await?.pop().filter(|row| known.contains(&row.actor.id));
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
    let kinds = |kind: Option<FoundKind>| Wanted { text: text.to_owned(), kind, uncounted: true, ..Wanted::default() };
    let limit = usize::try_from(search.limit).unwrap_or(0);
    if wants("accounts") {
        // People are found by who may open the list of people; others find groups, and whom they name exactly.
        for kind in [FoundKind::Person, FoundKind::Group] {
            for item in searching::search(ctx, viewer, &kinds(Some(kind))).await?.items.into_iter().take(limit) {
                let card = match item {
                    Item::Person(hit) => hit.actor,
                    Item::Group(line, _) => line.actor,
                    Item::Post(_) | Item::File(_) | Item::Page(_) => continue,
                };
                let known = viewer.actor_id().is_some() || card.is_local();
                if known && !found.accounts.contains(&card.id) && found.accounts.len() < limit {
                    found.accounts.push(card.id);
                }
            }
        }
    }
    if wants("statuses") && viewer.actor_id().is_some() {
        found.posts = searching::statuses(ctx, viewer, &kinds(None), limit).await?;
    }
    let mut conn = ctx.db.read().await?;
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

/// How often a hashtag was used on open posts.
pub async fn tag_uses(ctx: &Ctx, name: &str) -> Result<i64> {
    let tags = store::api::tags_like(&mut ctx.db.read().await?, name, 40).await?;
    Ok(tags.into_iter().find(|(tag, _)| tag == name).map_or(0, |(_, uses)| uses))
}
