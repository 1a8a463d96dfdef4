//! Whom one blocks or mutes: people, and whole servers.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, Fields, Query, again};
use super::super::visit::{PageResult, Visit};
use super::super::{page, see};
use crate::base::{ActorId, Error, Page, Result};
use crate::domain::actors::ActorCard;
use crate::domain::moderation::BlockKind;
use crate::services::{Ctx, moderation, regards};

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/settings/blocked", get(show))
        .route("/settings/blocked/hosts", post(host))
        .route("/settings/blocked/{id}/end", post(end))
}

#[derive(askama::Template)]
#[template(path = "settings/blocked.html")]
struct BlockedPage {
    c: Chrome,
    blocked: Vec<ActorCard>,
    muted: Vec<ActorCard>,
    hosts: Vec<(i64, String)>,
    /// A server, half typed or asked for from the page of a person.
    domain: String,
    fields: Fields,
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    done: Option<String>,
    #[serde(default)]
    host: String,
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let mut shown = shown(&ctx, &visit, asked.host, Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

async fn shown(ctx: &Ctx, visit: &Visit, domain: String, fields: Fields) -> Result<BlockedPage> {
    visit.member()?;
    let cards = |kind| {
        let (ctx, viewer) = (ctx.clone(), visit.viewer);
        async move {
            let found = moderation::blocks(&ctx, &viewer, kind, None).await?;
            Ok::<_, Error>(found.into_iter().map(|(_, card)| card).collect())
        }
    };
    let (blocked, muted) = (cards(BlockKind::Block).await?, cards(BlockKind::Mute).await?);
    let hosts = regards::blocked_hosts(ctx, &visit.viewer, Page::first(80)).await?;
    let c = visit.chrome(ctx, Place::None, visit.t("settings-blocked"));
    Ok(BlockedPage { c, blocked, muted, hosts, domain, fields })
}

#[derive(Deserialize)]
struct HostForm {
    #[serde(default)]
    domain: String,
    #[serde(default)]
    on: String,
}

async fn host(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<HostForm>) -> PageResult {
    let on = form.on == "1";
    match regards::set_host_blocked(&ctx, &visit.viewer, &form.domain, on).await {
        Ok(()) => see(&format!("/settings/blocked?done={}", if on { "host-blocked" } else { "unblocked" })),
        Err(error) => {
            let fields = Fields::of(error)?;
            again(&shown(&ctx, &visit, form.domain, fields).await?)
        }
    }
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
