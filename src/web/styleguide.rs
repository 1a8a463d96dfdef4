//! Every component on one page: for who changes the looks, and for the tests of accessibility.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::chrome::{Chrome, Place};
use super::forms::Fields;
use super::page;
use super::views::Avatar;
use super::visit::{PageResult, Visit};
use crate::base::{Error, FieldError, Time};
use crate::services::Ctx;

/// `/styleguide`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/styleguide", get(show))
}

#[derive(askama::Template)]
#[template(path = "styleguide/show.html")]
struct GuidePage {
    c: Chrome,
    fields: Fields,
    none: Fields,
    avatar: Avatar,
    now: Time,
    spines: [u8; 6],
}

async fn show(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    let c = visit.chrome(&ctx, Place::None, visit.t("guide-title"));
    let wrong = Error::Invalid { fields: vec![FieldError { field: "guide-wrong", code: "error-title-empty" }] };
    let avatar = Avatar { src: None, initials: "FY".to_owned() };
    let (fields, now) = (Fields::of(wrong)?, c.now());
    page(&GuidePage { c, fields, none: Fields::default(), avatar, now, spines: [1, 2, 3, 4, 5, 6] })
}
