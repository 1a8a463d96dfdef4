//! Conversations between people. Each opens as the page of its first message.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::Query;
use super::page;
use super::views::Avatar;
use super::visit::{PageResult, Visit};
use crate::base::{Page, Time};
use crate::services::{Ctx, posts};
use crate::text;
use crate::urls::post_path;

/// `/messages`; writing one is in `compose`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/messages", get(list))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    before: Option<i64>,
    done: Option<String>,
}

/// One conversation.
struct Line {
    path: String,
    avatar: Avatar,
    names: String,
    excerpt: String,
    at: Time,
    answers: i64,
}

#[derive(askama::Template)]
#[template(path = "messages/list.html")]
struct MessagesPage {
    c: Chrome,
    lines: Vec<Line>,
    first_page: bool,
    next: Option<i64>,
    guest: bool,
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let found = posts::conversations(&ctx, &visit.viewer, Page::before(asked.before, 20)).await?;
    let roots: Vec<_> = found.items.iter().map(|view| &view.post).collect();
    let people = posts::conversation_people(&ctx, &visit.viewer, &roots).await?;
    let c = visit.chrome(&ctx, Place::Messages, visit.t("place-messages")).flash(asked.done.as_deref());
    let lines = found.items.iter().map(|view| {
        let with: Vec<_> = people.iter().filter(|(audience, _)| *audience == view.post.audience_id).collect();
        let names: Vec<&str> = with.iter().map(|(_, card)| card.display_name.as_str()).collect();
        Line {
            path: post_path(view.post.id),
            avatar: Avatar::of(with.first().map_or(&view.author, |(_, card)| card)),
            names: if names.is_empty() { c.t("message-alone") } else { names.join(", ") },
            excerpt: text::excerpt(&view.html(), 140),
            at: view.post.published_at,
            answers: view.post.replies_count,
        }
    });
    let lines = lines.collect();
    let guest = c.me.as_ref().is_some_and(|me| me.guest);
    page(&MessagesPage { lines, first_page: asked.before.is_none(), next: found.next, guest, c })
}
