//! Following an address from the search box to what is there.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorKind};
use crate::services::ctx::Resolved;
use crate::services::{Ctx, groups, people, posts};
use crate::text;
use crate::urls::{self, Local};

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
