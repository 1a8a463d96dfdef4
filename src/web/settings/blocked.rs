//! Whom one blocks or mutes.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, Query};
use super::super::visit::{PageResult, Visit};
use super::super::{page, see};
use super::Asked;
use crate::base::{ActorId, Error};
use crate::domain::actors::ActorCard;
use crate::domain::moderation::BlockKind;
use crate::services::{Ctx, moderation};

pub(super) fn routes() -> Router<Ctx> {
    Router::new().route("/settings/blocked", get(show)).route("/settings/blocked/{id}/end", post(end))
}

#[derive(askama::Template)]
#[template(path = "settings/blocked.html")]
struct BlockedPage {
    c: Chrome,
    blocked: Vec<ActorCard>,
    muted: Vec<ActorCard>,
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let cards = |kind| {
        let (ctx, viewer) = (ctx.clone(), visit.viewer);
        async move {
            let found = moderation::blocks(&ctx, &viewer, kind, None).await?;
            Ok::<_, Error>(found.into_iter().map(|(_, card)| card).collect())
        }
    };
    let (blocked, muted) = (cards(BlockKind::Block).await?, cards(BlockKind::Mute).await?);
    let c = visit.chrome(&ctx, Place::None, visit.t("settings-blocked")).flash(asked.done.as_deref());
    page(&BlockedPage { c, blocked, muted })
}

#[derive(Deserialize)]
struct EndForm {
    #[serde(default)]
    kind: String,
}

async fn end(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<ActorId>,
    CheckedForm(form): CheckedForm<EndForm>,
) -> PageResult {
    let kind = BlockKind::parse(&form.kind).ok_or(Error::invalid("kind", "error-choice"))?;
    moderation::set_block(&ctx, &visit.viewer, id, kind, false, None).await?;
    see("/settings/blocked?done=unblocked")
}
