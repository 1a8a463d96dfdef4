//! Between a page here and somebody's own server: `/authorize_interaction`, where other servers send our members, and `/interact`,
//! which sends people to theirs.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{Fields, Query};
use super::visit::{PageResult, Visit};
use super::{page, see};
use crate::services::interaction::{self, Thing, Way};
use crate::services::{Ctx, search};

/// `/authorize_interaction` and `/interact`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/authorize_interaction", get(authorize)).route("/interact", get(interact))
}

#[derive(Debug, Default, Deserialize)]
struct Sent {
    #[serde(default)]
    uri: String,
}

/// To the page here of what a member found elsewhere. Who is not signed in does that first.
async fn authorize(State(ctx): State<Ctx>, visit: Visit, Query(sent): Query<Sent>) -> PageResult {
    visit.member()?;
    match search::follow_address(&ctx, &visit.viewer, &sent.uri).await? {
        search::Place::Path(path) => see(&path),
        // Search says what is wrong with it.
        search::Place::Nothing | search::Place::Unreachable => {
            let query = percent_encoding::utf8_percent_encode(&sent.uri, percent_encoding::NON_ALPHANUMERIC);
            see(&format!("/search?q={query}"))
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// A path here.
    #[serde(default)]
    of: String,
    account: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "interaction/show.html")]
struct ShowPage {
    c: Chrome,
    thing: Thing,
    account: String,
    fields: Fields,
    way: Option<Way>,
}

async fn interact(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let thing = interaction::thing(&ctx, &asked.of).await?;
    let (mut fields, mut way) = (Fields::default(), None);
    if let Some(account) = &asked.account {
        match interaction::way(&ctx, &visit.device, &thing, account).await {
            Ok(found) => way = Some(found),
            Err(error) => fields = Fields::of(error)?,
        }
    }
    let c = visit.chrome(&ctx, Place::None, visit.t("interact-title"));
    page(&ShowPage { c, thing, account: asked.account.unwrap_or_default(), fields, way })
}
