//! Timelines: each starts from a source and is read under the viewer's own sight.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::routing::get;

use super::entities::{Outer, Sheet, statuses};
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::kept::Lasts;
use crate::api::listing::{list, text_list};
use crate::api::params::Params;
use crate::base::{ActorId, Error, Paged};
use crate::domain::Viewer;
use crate::domain::posts::PostView;
use crate::services::{Ctx, api, lists, posts};
use crate::store::marks::{Mark, Narrow, Wanted};

/// `/api/v1/timelines/…`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/timelines/home", get(home))
        .route("/api/v1/timelines/public", get(public))
        .route("/api/v1/timelines/tag/{tag}", get(tag))
        .route("/api/v1/timelines/list/{id}", get(in_list))
        .route("/api/v1/timelines/direct", get(direct))
        .route("/api/v1/timelines/link", get(link))
}

/// The id under which a client knows an item.
fn cursor(view: &PostView) -> i64 {
    view.entry.as_ref().map_or(view.post.id.0, |entry| entry.id.0)
}

/// A page of statuses with its `Link`.
pub async fn page(ctx: &Ctx, viewer: &Viewer, params: &Params, found: Paged<PostView>, outer: Outer) -> Reply {
    let items = statuses(ctx, viewer, &found.items, outer).await?;
    list(ctx, params, items, found.next, found.items.first().map(cursor))
}

/// A page of statuses from what is kept, with its `Link`; it says how long it stays true if nothing is written.
pub async fn sheet(ctx: &Ctx, viewer: &Viewer, params: &Params, found: Paged<Mark>, outer: Outer) -> Reply {
    let sheet = Sheet::load(ctx, viewer, &found.items).await?;
    let body = sheet.array(&found.items, outer);
    let mut response = text_list(ctx, params, body, found.next, found.items.first().map(Mark::cursor))?;
    if sheet.is_tagged()
        && let Ok(tag) = HeaderValue::from_str(&sheet.tag(&found.items))
    {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response.extensions_mut().insert(Lasts(sheet.until()));
    Ok(response)
}

async fn home(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:statuses")?;
    let found = api::marks(&ctx, &viewer, Wanted::Home(viewer.member_id()?), params.page(20, 40)).await?;
    sheet(&ctx, &viewer, &params, found, Outer::Boosts).await
}

/// What a request says of whose posts are wanted.
fn narrow(params: &Params) -> Narrow {
    let local = match (params.is("local"), params.is("remote")) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    Narrow { local, media: params.is("only_media") }
}

async fn public(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.sees("read:statuses")?;
    let found = api::marks(&ctx, &viewer, Wanted::Public(narrow(&params)), params.page(20, 40)).await?;
    sheet(&ctx, &viewer, &params, found, Outer::Plain).await
}

async fn tag(State(ctx): State<Ctx>, caller: Caller, Path(tag): Path<String>, params: Params) -> Reply {
    let viewer = caller.sees("read:statuses")?;
    let tag = tag.trim_start_matches('#').to_lowercase();
    let found = api::marks(&ctx, &viewer, Wanted::Tag(&tag, narrow(&params)), params.page(20, 40)).await?;
    sheet(&ctx, &viewer, &params, found, Outer::Plain).await
}

/// What those on one's own list show; or the posts of one group, not wrapped.
async fn in_list(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("read:lists")?;
    let group: ActorId = id.parse()?;
    match lists::timeline(&ctx, &viewer, group.0, params.page(20, 40)).await {
        Ok(found) => return sheet(&ctx, &viewer, &params, found, Outer::Boosts).await,
        Err(Error::NotFound) => {}
        Err(error) => return Err(error.into()),
    }
    let found = api::list_timeline(&ctx, &viewer, group, params.page(20, 40)).await?;
    sheet(&ctx, &viewer, &params, found, Outer::Plain).await
}

async fn direct(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:statuses")?;
    let found = posts::conversations(&ctx, &viewer, params.page(20, 40)).await?;
    page(&ctx, &viewer, &params, found, Outer::Plain).await
}

/// Open posts about a page, by its address.
async fn link(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.sees("read:statuses")?;
    let url = params.filled("url").ok_or_else(Failure::not_found)?;
    let found = api::marks(&ctx, &viewer, Wanted::Link(&url), params.page(20, 40)).await?;
    sheet(&ctx, &viewer, &params, found, Outer::Plain).await
}
