//! Posts with a hashtag; and the page of a plain list of posts.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::Query;
use super::page;
use super::views::PostCard;
use super::visit::{PageResult, Visit};
use crate::base::Page;
use crate::services::{Ctx, posts};
use crate::urls::tag_path;

/// `/tags/TAG`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/tags/{tag}", get(show))
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    pub(super) before: Option<i64>,
}

/// A list of posts under a heading.
#[derive(askama::Template)]
#[template(path = "posts/list.html")]
pub(super) struct ListPage {
    pub(super) c: Chrome,
    pub(super) heading: String,
    pub(super) lead: String,
    pub(super) empty: String,
    pub(super) empty_what: String,
    pub(super) path: String,
    pub(super) first_page: bool,
    pub(super) next: Option<i64>,
    pub(super) cards: Vec<PostCard>,
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Path(tag): Path<String>, Query(asked): Query<Asked>) -> PageResult {
    let found = posts::with_tag(&ctx, &visit.viewer, &tag, Page::before(asked.before, 20)).await?;
    let heading = format!("#{tag}");
    let c = visit.chrome(&ctx, Place::None, heading.clone());
    page(&ListPage {
        heading,
        lead: c.t("tag-lead"),
        empty: c.t("tag-empty"),
        empty_what: c.t("tag-empty-what"),
        path: tag_path(&tag),
        first_page: asked.before.is_none(),
        next: found.next,
        cards: found.items.into_iter().map(|view| PostCard::listed(view, &c)).collect(),
        c,
    })
}
