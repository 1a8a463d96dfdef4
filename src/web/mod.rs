//! Room: the pages: handlers, forms, templates and assets. A handler parses, calls one service and renders.
//! May import: everything below the doors.

mod about;
mod admin;
mod assets;
mod board;
mod bookmarks;
mod branches;
mod chrome;
mod comments;
mod compose;
mod contacts;
mod drafts;
mod first_run;
mod forms;
mod group_forms;
mod groups;
mod handover;
mod history;
mod home;
mod interaction;
mod invitations;
mod join;
mod knowledge;
mod lessons;
mod live;
mod media;
mod meetings;
mod members;
mod messages;
mod moderation;
mod newcomers;
mod notices;
mod people;
mod posts;
mod reactions;
mod referrals;
mod search;
mod settings;
mod sign_in;
mod styleguide;
mod suggestions;
mod tags;
mod thanks;
mod tips;
mod views;
mod visit;
mod wiki;

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};

use crate::services::Ctx;

pub use chrome::{Chrome, Place};
pub use forms::{CheckedForm, CheckedParts, Fields, Part, Query};
pub use views::{Avatar, PostCard, Shelf};
pub use visit::{Failure, PageResult, Visit};

/// Every page.
pub fn router(ctx: Ctx) -> Router {
    Router::new()
        .merge(about::routes())
        .merge(admin::routes())
        .merge(assets::routes())
        .merge(board::routes())
        .merge(bookmarks::routes())
        .merge(branches::routes())
        .merge(comments::routes())
        .merge(compose::routes())
        .merge(contacts::routes())
        .merge(drafts::routes())
        .merge(first_run::routes())
        .merge(groups::routes())
        .merge(history::routes())
        .merge(home::routes())
        .merge(interaction::routes())
        .merge(invitations::routes())
        .merge(join::routes())
        .merge(knowledge::routes())
        .merge(lessons::routes())
        .merge(live::routes())
        .merge(media::routes())
        .merge(meetings::routes())
        .merge(messages::routes())
        .merge(newcomers::routes())
        .merge(notices::routes())
        .merge(people::routes())
        .merge(posts::routes())
        .merge(reactions::routes())
        .merge(referrals::routes())
        .merge(settings::routes())
        .merge(sign_in::routes())
        .merge(styleguide::routes())
        .merge(suggestions::routes())
        .merge(tags::routes())
        .merge(thanks::routes())
        .merge(tips::routes())
        .merge(wiki::routes())
        .merge(group_forms::routes())
        .merge(handover::routes())
        .merge(members::routes())
        .merge(moderation::routes())
        .merge(search::routes())
        .fallback(visit::no_such_page)
        .layer(axum::middleware::from_fn_with_state(ctx.clone(), visit::layer))
        .with_state(ctx)
}

/// Renders a page.
pub(crate) fn page(template: &impl askama::Template) -> PageResult {
    let html = template.render().map_err(|error| Failure(crate::base::Error::internal(error)))?;
    Ok(axum::response::Html(html).into_response())
}

/// After a form: to the page that shows what came of it.
pub(crate) fn see(path: &str) -> PageResult {
    Ok(Redirect::to(path).into_response())
}

/// A response that is not a page.
pub(crate) fn respond(response: impl IntoResponse) -> Result<Response, Failure> {
    Ok(response.into_response())
}
