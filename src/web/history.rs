//! Earlier versions of a post, and what changed between them.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::chrome::{Chrome, Place};
use super::page;
use super::posts::Id;
use super::visit::{PageResult, Visit};
use crate::base::{SafeHtml, Time};
use crate::services::{Ctx, posts};
use crate::text::{self, Run};
use crate::urls::post_path;

/// `/posts/ID/history`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/posts/{id}/history", get(show))
}

/// One version against the one before it: paragraphs of runs of words.
struct Version {
    at: Time,
    title: Vec<Run>,
    text: Vec<Vec<Run>>,
    /// The first one has nothing before it.
    first: bool,
}

#[derive(askama::Template)]
#[template(path = "posts/history.html")]
struct HistoryPage {
    c: Chrome,
    versions: Vec<Version>,
    back: String,
    name: String,
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Id(id): Id) -> PageResult {
    let (post, revisions) = posts::history(&ctx, &visit.viewer, id).await?;
    let c = visit.chrome(&ctx, Place::None, visit.t("history-title"));
    let now = post.edited_at.unwrap_or(post.published_at);
    let mut texts: Vec<(Time, String, String)> =
        revisions.into_iter().map(|r| (r.created_at, r.title, plain(r.html))).collect();
    texts.push((now, post.title.clone(), plain(post.html)));
    let mut versions: Vec<Version> = Vec::new();
    let mut before: Option<(String, String)> = None;
    for (at, title, text) in texts {
        let (old_title, old_text) = before.clone().unwrap_or_else(|| (title.clone(), text.clone()));
        let runs = text::word_diff(&old_text, &text);
        versions.push(Version {
            at,
            title: text::word_diff(&old_title, &title),
            text: text::lines_of(runs),
            first: before.is_none(),
        });
        before = Some((title, text));
    }
    versions.reverse();
    let name = if post.title.is_empty() { c.t(format!("post-kind-{}", post.kind)) } else { post.title };
    page(&HistoryPage { versions, back: post_path(id), name, c })
}

fn plain(html: String) -> String {
    text::plain(&SafeHtml::trusted(html))
}
