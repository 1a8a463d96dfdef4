//! How pages look: theme, size of letters, contrast, language. Visitors choose too.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, Query, onward};
use super::super::visit::{self, Failure, PageResult, Visit};
use super::super::{page, see};
use super::Asked;
use crate::i18n::Locale;
use crate::services::{Ctx, sessions};
use crate::store::sessions::Preferences;

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/settings", get(show))
        .route("/settings/look", post(save))
        .route("/preferences", post(preferences))
}

#[derive(askama::Template)]
#[template(path = "settings/look.html")]
struct LookPage {
    c: Chrome,
    languages: Vec<(&'static str, &'static str)>,
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let c = visit.chrome(&ctx, Place::None, visit.t("settings-look")).flash(asked.done.as_deref());
    let languages = Locale::all().iter().map(|locale| (locale.tag(), locale.name())).collect();
    page(&LookPage { c, languages })
}

#[derive(Deserialize)]
struct LookForm {
    locale: Option<String>,
    theme: Option<String>,
    text: Option<String>,
    contrast: Option<String>,
    #[serde(default)]
    to: String,
}

async fn choose(ctx: &Ctx, visit: &Visit, form: LookForm, to: &str) -> Result<Response, Failure> {
    let chosen = Preferences { locale: form.locale, theme: form.theme, text_size: form.text, contrast: form.contrast };
    match sessions::set_preferences(ctx, visit.session.as_deref(), chosen, visit.device.clone()).await? {
        // A visitor without a session gets one that holds nothing but these choices.
        Some(begun) => visit::begin(ctx, &begun, to),
        None => see(to),
    }
}

async fn save(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<LookForm>) -> PageResult {
    visit.member()?;
    choose(&ctx, &visit, form, "/settings?done=look").await
}

async fn preferences(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<LookForm>) -> PageResult {
    let to = form.to.clone();
    choose(&ctx, &visit, form, onward(&to, "/")).await
}
