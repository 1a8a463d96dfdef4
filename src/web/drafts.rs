//! Drafts that survive a closed tab, and names to complete while typing.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::{get, post};
use serde::Deserialize;

use super::compose::Typed;
use super::forms::{CheckedForm, Query};
use super::respond;
use super::visit::{PageResult, Visit};
use crate::base::{ActorId, Result};
use crate::domain::actors::{ActorCard, ActorKind};
use crate::services::{Ctx, posts};

/// `/drafts` and `/complete`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/drafts", post(keep)).route("/complete", get(complete))
}

/// The draft of a place, if there is one that can be read.
pub(super) async fn find(ctx: &Ctx, visit: &Visit, place: &str) -> Result<Option<Typed>> {
    let kept = posts::draft(ctx, &visit.viewer, place).await?;
    Ok(kept.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Where a draft that came of a scheduled post is gone on with.
pub(super) fn path(place: &str) -> String {
    let page = if place.starts_with("scheduled-message:") { "/messages/new" } else { "/posts/new" };
    format!("{page}?draft={place}")
}

/// Throws a draft away: what it held has been sent.
pub(super) async fn forget(ctx: &Ctx, visit: &Visit, place: &str) -> Result<()> {
    if place.is_empty() { Ok(()) } else { posts::save_draft(ctx, &visit.viewer, place, "").await }
}

async fn keep(State(ctx): State<Ctx>, visit: Visit, CheckedForm(typed): CheckedForm<Typed>) -> PageResult {
    visit.member()?;
    if typed.draft.is_empty() {
        return respond(StatusCode::NO_CONTENT);
    }
    let body = if typed.is_blank() {
        String::new()
    } else {
        serde_json::to_string(&typed).map_err(crate::base::Error::internal)?
    };
    posts::save_draft(&ctx, &visit.viewer, &typed.draft, &body).await?;
    respond(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    /// The group that is written in, or `to` for the people of a conversation.
    #[serde(default)]
    group: String,
}

/// Each with a line that tells people of one name apart, and who may not read along.
async fn complete(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let group = asked.group.parse().ok().map(ActorId);
    let kinds: &[ActorKind] =
        if asked.group == "to" { &[ActorKind::Person] } else { &[ActorKind::Person, ActorKind::Group] };
    let found = posts::complete(&ctx, &visit.viewer, &asked.q, group, kinds).await?;
    let name = |(card, reads): &(ActorCard, bool)| {
        let handle = card.acct();
        let about = match group {
            Some(_) if !reads => format!("@{handle} · {}", visit.t("compose-reads-not")),
            _ => format!("@{handle}"),
        };
        serde_json::json!({"handle": handle, "name": card.display_name, "kind": card.kind, "about": about})
    };
    respond(Json(found.iter().map(name).collect::<Vec<_>>()))
}
