//! The first-run page: name of the organisation, language, first branch, own account.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, again};
use super::page;
use super::sign_in::{enter, over};
use super::visit::{Failure, PageResult, Visit};
use crate::base::Error;
use crate::i18n::Locale;
use crate::services::Ctx;
use crate::services::instance::{self, FirstRun};

/// `/first-run/TOKEN`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/first-run/{token}", get(show).post(complete))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct FirstRunForm {
    #[serde(default)]
    organisation: String,
    #[serde(default)]
    locale: String,
    #[serde(default)]
    branch: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

#[derive(askama::Template)]
#[template(path = "first_run/show.html")]
struct FirstRunPage {
    c: Chrome,
    fields: Fields,
    form: FirstRunForm,
    token: String,
    languages: Vec<(&'static str, &'static str)>,
    mail: bool,
}

impl FirstRunPage {
    fn new(ctx: &Ctx, visit: &Visit, token: String, form: FirstRunForm, fields: Fields) -> Self {
        let languages = Locale::all().iter().map(|locale| (locale.tag(), locale.name())).collect();
        let c = visit.chrome(ctx, Place::None, visit.t("first-run-title"));
        Self { c, fields, form, token, languages, mail: ctx.mailer.enabled() }
    }
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Path(token): Path<String>) -> PageResult {
    match instance::check_first_run(&ctx, &token).await {
        Ok(()) => {
            let form = FirstRunForm {
                organisation: ctx.instance().name.clone(),
                locale: visit.locale.tag().to_owned(),
                ..FirstRunForm::default()
            };
            page(&FirstRunPage::new(&ctx, &visit, token, form, Fields::default()))
        }
        Err(Error::Gone) => over(&ctx, &visit),
        Err(error) => Err(Failure(error)),
    }
}

async fn complete(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(token): Path<String>,
    CheckedForm(form): CheckedForm<FirstRunForm>,
) -> PageResult {
    let first = FirstRun {
        organisation: form.organisation.clone(),
        locale: form.locale.clone(),
        branch: form.branch.clone(),
        display_name: form.display_name.clone(),
        name: form.name.clone(),
        email: form.email.clone(),
        password: form.password.clone(),
    };
    match instance::complete_first_run(&ctx, &token, first, visit.device.clone()).await {
        Ok(begun) => enter(&ctx, &visit, &begun, "/admin?done=first-run").await,
        Err(Error::Gone) => over(&ctx, &visit),
        Err(error) => {
            // A password is never sent back.
            let form = FirstRunForm { password: String::new(), ..form };
            again(&FirstRunPage::new(&ctx, &visit, token, form, Fields::of(error)?))
        }
    }
}
