//! Running the instance: figures, people, new groups, the organisation and its branches. Reports and the log are in `moderation`.

mod accounts;
mod deliveries;
mod groups;
mod organisation;
mod peers;
mod vocabulary;

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::chrome::{Chrome, Place};
use super::forms::Query;
use super::page;
use super::visit::{PageResult, Visit};
use crate::services::instance::{self, Figures};
use crate::services::{Ctx, group_requests};

/// `/admin`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/admin", get(show))
        .merge(accounts::routes())
        .merge(deliveries::routes())
        .merge(groups::routes())
        .merge(organisation::routes())
        .merge(peers::routes())
        .merge(vocabulary::routes())
}

/// What a redirect left.
#[derive(Clone, Debug, Default, serde::Deserialize)]
struct Asked {
    done: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "admin/show.html")]
struct AdminPage {
    c: Chrome,
    figures: Figures,
    admin: bool,
    mail: bool,
    /// New groups that wait.
    groups: i64,
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let figures = instance::figures(&ctx, &visit.viewer).await?;
    let c = visit.chrome(&ctx, Place::None, visit.t("admin-title")).flash(asked.done.as_deref());
    page(&AdminPage {
        c,
        figures,
        admin: visit.viewer.role().is_admin(),
        mail: ctx.mailer.enabled(),
        groups: group_requests::count(&ctx).await?,
    })
}
