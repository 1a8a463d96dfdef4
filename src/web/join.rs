//! Becoming a member without an invitation, and links that confirm an address.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, Nothing, again};
use super::sign_in::{enter, over};
use super::visit::{Failure, PageResult, Visit};
use super::{page, see};
use crate::base::Error;
use crate::config::Registration;
use crate::domain::people::TokenPurpose;
use crate::services::registration::{self as service, Outcome, RegistrationForm};
use crate::services::{Ctx, sign_in};

/// `/join` and `/confirm/TOKEN`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/join", get(show).post(join)).route("/confirm/{token}", get(look).post(confirm))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct JoinForm {
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    note: String,
}

#[derive(askama::Template)]
#[template(path = "sign_in/join.html")]
struct JoinPage {
    c: Chrome,
    fields: Fields,
    form: JoinForm,
    waits: bool,
    rules: bool,
}

impl JoinPage {
    fn new(ctx: &Ctx, visit: &Visit, form: JoinForm, fields: Fields) -> Result<Self, Failure> {
        let waits = match service::mode(ctx) {
            Registration::Invite => return Err(Failure(Error::NotFound)),
            Registration::Request => true,
            Registration::Open => false,
        };
        let c = visit.chrome(ctx, Place::None, visit.t("join-title"));
        Ok(Self { c, fields, form, waits, rules: !ctx.instance().rules.is_empty() })
    }
}

async fn show(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    if visit.member().is_ok() {
        return see("/home");
    }
    page(&JoinPage::new(&ctx, &visit, JoinForm::default(), Fields::default())?)
}

async fn join(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<JoinForm>) -> PageResult {
    let asked = RegistrationForm {
        display_name: form.display_name.clone(),
        name: form.name.clone(),
        email: form.email.clone(),
        note: form.note.clone(),
        locale: visit.locale.tag().to_owned(),
    };
    match service::register(&ctx, asked, visit.device.clone()).await {
        Ok(outcome) => done(&ctx, &visit, outcome).await,
        Err(error) => again(&JoinPage::new(&ctx, &visit, form, Fields::of(error)?)?),
    }
}

#[derive(askama::Template)]
#[template(path = "sign_in/done.html")]
struct DonePage {
    c: Chrome,
    what: String,
}

/// What came of it, on a page or by going on.
async fn done(ctx: &Ctx, visit: &Visit, outcome: Outcome) -> PageResult {
    let (title, what) = match outcome {
        Outcome::SignedIn(begun) => return enter(ctx, visit, &begun, "/home?done=welcome").await,
        Outcome::AddressChanged => return see("/settings/access?done=address"),
        Outcome::LookAtMail => ("join-look-mail", "join-look-mail-what"),
        Outcome::Waits => ("join-waits", "join-waits-what"),
    };
    page(&DonePage { c: visit.chrome(ctx, Place::None, visit.t(title)), what: visit.t(what) })
}

#[derive(askama::Template)]
#[template(path = "sign_in/confirm.html")]
struct ConfirmPage {
    c: Chrome,
    token: String,
}

/// Looking does not use the link up: only the button does.
async fn look(State(ctx): State<Ctx>, visit: Visit, Path(token): Path<String>) -> PageResult {
    match sign_in::look_at_link(&ctx, &token).await {
        Ok(view) if view.purpose == TokenPurpose::ConfirmEmail => {
            page(&ConfirmPage { c: visit.chrome(&ctx, Place::None, visit.t("confirm-title")), token })
        }
        Ok(_) | Err(Error::Gone) => over(&ctx, &visit),
        Err(error) => Err(Failure(error)),
    }
}

async fn confirm(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(token): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    match service::confirm(&ctx, &token, visit.device.clone()).await {
        Ok(outcome) => done(&ctx, &visit, outcome).await,
        Err(Error::Gone) => over(&ctx, &visit),
        Err(error) => Err(Failure(error)),
    }
}
