//! Settings of one's own: how pages look, what one tells of oneself, what one hears, how one signs in, and leaving.

mod access;
mod blocked;
mod knowledge;
mod leave;
mod look;
mod moving;
mod profile;

use axum::Router;

use crate::services::Ctx;

/// `/settings` and `/preferences`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .merge(look::routes())
        .merge(profile::routes())
        .merge(knowledge::routes())
        .merge(access::routes())
        .merge(blocked::routes())
        .merge(moving::routes())
        .merge(leave::routes())
}

/// What a redirect left.
#[derive(Clone, Debug, Default, serde::Deserialize)]
struct Asked {
    done: Option<String>,
}
