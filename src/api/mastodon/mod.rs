//! The Mastodon client API, one file per noun.

mod absent;
mod accounts;
mod apps;
pub(super) mod entities;
mod filters;
mod instance;
mod lists;
mod media;
mod notifications;
mod own;
mod polls;
mod push;
mod scheduled;
mod search;
mod statuses;
mod streaming;
mod streams;
mod tags;
mod timelines;
mod trends;

pub use streams::draw_ahead;

use axum::Router;

use crate::services::Ctx;

/// Every route of the Mastodon API.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .merge(absent::routes())
        .merge(accounts::routes())
        .merge(apps::routes())
        .merge(filters::routes())
        .merge(instance::routes())
        .merge(lists::routes())
        .merge(media::routes())
        .merge(notifications::routes())
        .merge(own::routes())
        .merge(polls::routes())
        .merge(push::routes())
        .merge(scheduled::routes())
        .merge(search::routes())
        .merge(statuses::routes())
        .merge(streaming::routes())
        .merge(tags::routes())
        .merge(trends::routes())
        .merge(timelines::routes())
}
