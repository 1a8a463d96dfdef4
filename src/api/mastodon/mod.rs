//! The Mastodon client API, one file per noun.

mod absent;
mod accounts;
mod apps;
pub(super) mod entities;
mod instance;
mod lists;
mod media;
mod notifications;
mod own;
mod polls;
mod search;
mod statuses;
mod streaming;
mod streams;
mod timelines;

use axum::Router;

use crate::services::Ctx;

/// Every route of the Mastodon API.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .merge(absent::routes())
        .merge(accounts::routes())
        .merge(apps::routes())
        .merge(instance::routes())
        .merge(lists::routes())
        .merge(media::routes())
        .merge(notifications::routes())
        .merge(own::routes())
        .merge(polls::routes())
        .merge(search::routes())
        .merge(statuses::routes())
        .merge(streaming::routes())
        .merge(timelines::routes())
}
