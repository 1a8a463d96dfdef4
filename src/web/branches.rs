//! The page of a branch: who is there.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;

use super::chrome::{Chrome, Place};
use super::page;
use super::people::PersonCard;
use super::visit::{PageResult, Visit};
use crate::domain::people::Branch;
use crate::services::{Ctx, branches, people};
use crate::store::people::PeopleFilter;

/// `/branches/NAME`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/branches/{name}", get(show))
}

#[derive(askama::Template)]
#[template(path = "branches/show.html")]
struct BranchPage {
    c: Chrome,
    branch: Branch,
    people: Vec<PersonCard>,
    more: bool,
}

/// People on the page; the list of people has the rest.
const LINES: i64 = 60;

/// Name and address are for everyone, the people for those who may know them.
async fn show(State(ctx): State<Ctx>, visit: Visit, Path(name): Path<String>) -> PageResult {
    let branch = branches::find(&ctx, &name).await?;
    let c = visit.chrome(&ctx, Place::People, branch.name.clone());
    let lines = if visit.member().is_ok() {
        let filter = PeopleFilter { branch: Some(branch.id), ..PeopleFilter::default() };
        people::directory(&ctx, &visit.viewer, filter, ("", -1), LINES).await?
    } else {
        Vec::new()
    };
    let more = i64::try_from(lines.len()).is_ok_and(|n| n == LINES);
    page(&BranchPage { people: lines.iter().map(|line| PersonCard::of(line, &c)).collect(), more, branch, c })
}
