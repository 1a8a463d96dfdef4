//! What one keeps.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::chrome::Place;
use super::forms::Query;
use super::page;
use super::tags::{Asked, ListPage};
use super::views::PostCard;
use super::visit::{PageResult, Visit};
use crate::base::Page;
use crate::services::{Ctx, posts};

/// `/bookmarks`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/bookmarks", get(show))
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let kept = posts::bookmarked(&ctx, &visit.viewer, Page::before(asked.before, 20)).await?;
    let c = visit.chrome(&ctx, Place::None, visit.t("bookmarks-title"));
    page(&ListPage {
        heading: c.t("bookmarks-title"),
        lead: c.t("bookmarks-lead"),
        empty: c.t("bookmarks-empty"),
        empty_what: c.t("bookmarks-empty-what"),
        path: "/bookmarks".to_owned(),
        first_page: asked.before.is_none(),
        next: kept.next,
        cards: kept.items.into_iter().map(|view| PostCard::listed(view, &c)).collect(),
        c,
    })
}
