//! The Mastodon client API, one file per noun.

mod accounts;
mod apps;
pub(super) mod entities;
mod instance;
mod statuses;
mod timelines;

use axum::Router;

use crate::services::Ctx;

/// Every route of the Mastodon API.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .merge(accounts::routes())
        .merge(apps::routes())
        .merge(instance::routes())
        .merge(statuses::routes())
        .merge(timelines::routes())
}
