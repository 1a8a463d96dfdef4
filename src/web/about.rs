//! About this organisation, and help.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::chrome::{Chrome, Place};
use super::groups::GroupItem;
use super::page;
use super::views::PostCard;
use super::visit::{PageResult, Visit};
use crate::base::*;
use crate::config::Registration;
use crate::domain::Viewer;
use crate::services::{Ctx, groups, instance, registration, timelines};

/// `/about` and `/help`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/about", get(about)).route("/help", get(help))
}

#[derive(askama::Template)]
#[template(path = "about/show.html")]
struct AboutPage {
    c: Chrome,
    name: String,
    description: String,
    rules: SafeHtml,
    contact: String,
    mail: bool,
    registration: &'static str,
    ask: bool,
    /// Nobody has an account yet.
    empty: bool,
    groups: Vec<GroupItem>,
    posts: Vec<PostCard>,
}

/// The same page for everyone: what is on it may be known by the whole web.
async fn about(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    let nobody = Viewer::Anonymous;
    let lines = groups::directory(&ctx, &nobody, ("", -1), 60).await?;
    let posts = timelines::public(&ctx, &nobody, Some(true), Page::first(5)).await?;
    let settings = instance::settings(&ctx);
    let (registration, ask) = match registration::mode(&ctx) {
        Registration::Open => ("about-join-open", true),
        Registration::Request => ("about-join-request", true),
        Registration::Invite => ("about-join-invite", false),
    };
    let c = visit.chrome(&ctx, Place::None, visit.t("about-title"));
    page(&AboutPage {
        name: c.instance.clone(),
        description: settings.description,
        rules: crate::text::render(&settings.rules, &crate::text::Links::default()),
        mail: settings.contact.contains('@') && !settings.contact.contains(char::is_whitespace),
        contact: settings.contact,
        registration,
        ask: ask && c.me.is_none(),
        empty: c.me.is_none() && lines.is_empty() && instance::needs_first_run(&ctx).await?,
        groups: lines
            .iter()
            .filter(|line| line.actor.is_local())
            .take(12)
            .map(|line| GroupItem::of(&ctx, &visit, line))
            .collect(),
        posts: posts.items.into_iter().map(|post| PostCard::listed(post, &c)).collect(),
        c,
    })
}

#[derive(askama::Template)]
#[template(path = "help/show.html")]
struct HelpPage {
    c: Chrome,
}

async fn help(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    page(&HelpPage { c: visit.chrome(&ctx, Place::None, visit.t("help-title")) })
}
