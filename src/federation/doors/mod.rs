//! Room: what other servers find here: inboxes, documents, collections, discovery.
//! May import: everything below the doors, and the rest of federation.

mod answer;
mod arrivals;
mod collections;
mod discovery;
mod guessing;
mod inbox;
mod objects;
mod outbox;
mod people;
mod viewer;

use axum::Router;
use axum::routing::{get, post};

use super::state::Federation;

pub(super) use arrivals::Arrivals;
pub use guessing::guessing;
pub use objects::{negotiate, negotiation};

/// The routes that only other servers use. Pages and documents share addresses: see [`negotiation`].
pub fn router(federation: Federation) -> Router {
    Router::new()
        .route("/.well-known/webfinger", get(discovery::webfinger))
        .route("/.well-known/host-meta", get(discovery::host_meta))
        .route("/.well-known/host-meta.json", get(discovery::host_meta_json))
        .route("/.well-known/nodeinfo", get(discovery::nodeinfo_links))
        .route("/nodeinfo/2.0", get(discovery::nodeinfo_20))
        .route("/nodeinfo/2.1", get(discovery::nodeinfo_21))
        .route("/inbox", post(inbox::post))
        .route("/actor/inbox", post(inbox::post))
        .route("/actor/people", post(people::ask))
        .route("/organisation/inbox", post(inbox::post))
        .route("/people/{name}/inbox", post(inbox::post))
        .route("/groups/{name}/inbox", post(inbox::post))
        .route("/actor/{collection}", get(collections::of_server))
        .route("/organisation/{collection}", get(collections::of_organisation))
        .route("/people/{name}/outbox", get(collections::person_outbox))
        .route("/people/{name}/followers", get(collections::person_followers))
        .route("/people/{name}/following", get(collections::person_following))
        .route("/groups/{name}/outbox", get(collections::group_outbox))
        .route("/groups/{name}/followers", get(collections::group_followers))
        .route("/groups/{name}/synchronization", get(collections::group_synchronization))
        .route("/groups/{name}/following", get(collections::group_following))
        .route("/groups/{name}/moderators", get(collections::group_moderators))
        .route("/groups/{name}/featured", get(collections::group_featured))
        .route("/groups/{name}/file", get(outbox::group_file))
        .route("/posts/{id}/replies", get(collections::replies))
        .route("/posts/{id}/quote", get(objects::quote_stamp))
        .route("/contexts/{id}", get(collections::context))
        .route("/activities/{id}", get(objects::activity))
        .with_state(federation)
}
