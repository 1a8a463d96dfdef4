//! Signing in, three ways, and out.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, Nothing, Query, again, onward};
use super::visit::{self, Failure, PageResult, Visit};
use super::{page, see};
use crate::base::Error;
use crate::config::Registration;
use crate::domain::people::TokenPurpose;
use crate::services::sessions::{self, Begun, Device};
use crate::services::sign_in as service;
use crate::services::{Ctx, registration};

/// `/sign-in` and `/sign-out`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/sign-in", get(show))
        .route("/sign-in/mail", post(mail))
        .route("/sign-in/code", get(ask_code).post(code))
        .route("/sign-in/password", post(password))
        .route("/sign-in/link/{token}", get(look).post(link))
        .route("/sign-out", post(sign_out))
}

/// Where to go after signing in.
const FIRST: &str = "/home";

#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    to: String,
    done: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "sign_in/show.html")]
struct SignInPage {
    c: Chrome,
    fields: Fields,
    login: String,
    account: String,
    to: String,
    mail: bool,
    with_password: bool,
    contact: String,
    may_join: bool,
}

impl SignInPage {
    fn new(ctx: &Ctx, visit: &Visit, to: &str) -> Self {
        let mail = ctx.mailer.enabled();
        Self {
            c: visit.chrome(ctx, Place::None, visit.t("sign-in")),
            fields: Fields::default(),
            login: String::new(),
            account: String::new(),
            to: onward(to, FIRST).to_owned(),
            mail,
            with_password: !mail,
            contact: ctx.instance().contact.clone(),
            may_join: registration::mode(ctx) != Registration::Invite,
        }
    }
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    if visit.member().is_ok() {
        return see(onward(&asked.to, FIRST));
    }
    let mut shown = SignInPage::new(&ctx, &visit, &asked.to);
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

#[derive(Deserialize)]
struct MailForm {
    #[serde(default)]
    login: String,
    #[serde(default)]
    to: String,
}

#[derive(askama::Template)]
#[template(path = "sign_in/code.html")]
struct CodePage {
    c: Chrome,
    fields: Fields,
    login: String,
    to: String,
    sent: bool,
}

impl CodePage {
    fn new(ctx: &Ctx, visit: &Visit, login: String, to: &str, sent: bool) -> Self {
        let title = visit.t(if sent { "sign-in-look-mail" } else { "sign-in-code-title" });
        let c = visit.chrome(ctx, Place::None, title);
        Self { c, fields: Fields::default(), login, to: onward(to, FIRST).to_owned(), sent }
    }
}

/// Answers with the page itself, not by a redirect: an address in a URL would stay in the history of a shared computer.
async fn mail(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<MailForm>) -> PageResult {
    match service::request_mail(&ctx, &form.login, &visit.device, visit.locale).await {
        Ok(()) => page(&CodePage::new(&ctx, &visit, form.login, &form.to, true)),
        Err(error) => {
            let fields = Fields::of(error)?;
            again(&SignInPage { fields, login: form.login, ..SignInPage::new(&ctx, &visit, &form.to) })
        }
    }
}

async fn ask_code(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    page(&CodePage::new(&ctx, &visit, String::new(), &asked.to, false))
}

#[derive(Deserialize)]
struct CodeForm {
    #[serde(default)]
    login: String,
    #[serde(default)]
    code: String,
    shared: Option<String>,
    #[serde(default)]
    to: String,
    sent: Option<String>,
}

async fn code(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<CodeForm>) -> PageResult {
    let device = device(&visit, form.shared.is_some());
    match service::with_code(&ctx, &form.login, &form.code, device).await {
        Ok(begun) => enter(&ctx, &visit, &begun, &form.to).await,
        Err(error) => {
            let fields = Fields::of(error)?;
            again(&CodePage { fields, ..CodePage::new(&ctx, &visit, form.login, &form.to, form.sent.is_some()) })
        }
    }
}

#[derive(Deserialize)]
struct PasswordForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    shared: Option<String>,
    #[serde(default)]
    to: String,
}

async fn password(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<PasswordForm>) -> PageResult {
    let device = device(&visit, form.shared.is_some());
    match service::with_password(&ctx, &form.name, &form.password, device).await {
        Ok(begun) => enter(&ctx, &visit, &begun, &form.to).await,
        Err(error) => {
            let fields = Fields::of(error)?;
            let shown = SignInPage::new(&ctx, &visit, &form.to);
            again(&SignInPage { fields, account: form.name, with_password: true, ..shown })
        }
    }
}

/// The device, and whether others use it too.
pub(super) fn device(visit: &Visit, shared: bool) -> Device {
    Device { shared, ..visit.device.clone() }
}

/// Begins the session, ends the one this browser had, and goes on.
pub(super) async fn enter(ctx: &Ctx, visit: &Visit, begun: &Begun, to: &str) -> PageResult {
    if let Some(old) = &visit.session {
        sessions::end(ctx, old.id).await?;
    }
    visit::begin(ctx, begun, onward(to, FIRST))
}

#[derive(askama::Template)]
#[template(path = "sign_in/link.html")]
struct LinkPage {
    c: Chrome,
    name: String,
    token: String,
    guest: bool,
}

#[derive(askama::Template)]
#[template(path = "sign_in/over.html")]
struct OverPage {
    c: Chrome,
}

/// A link that works no more, with what to do next.
pub(super) fn over(ctx: &Ctx, visit: &Visit) -> PageResult {
    let mut response = page(&OverPage { c: visit.chrome(ctx, Place::None, visit.t("sign-in-over")) })?;
    *response.status_mut() = StatusCode::GONE;
    Ok(response)
}

/// Looking does not use the link up: only the button does.
async fn look(State(ctx): State<Ctx>, visit: Visit, Path(token): Path<String>) -> PageResult {
    let view = match service::look_at_link(&ctx, &token).await {
        Ok(view) if matches!(view.purpose, TokenPurpose::SignIn | TokenPurpose::Guest) => view,
        Ok(_) | Err(Error::Gone) => return over(&ctx, &visit),
        Err(error) => return Err(Failure(error)),
    };
    let c = visit.chrome(&ctx, Place::None, visit.t("sign-in"));
    let guest = view.purpose == TokenPurpose::Guest;
    page(&LinkPage { c, name: view.display_name, token, guest })
}

#[derive(Deserialize)]
struct LinkForm {
    shared: Option<String>,
}

async fn link(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(token): Path<String>,
    CheckedForm(form): CheckedForm<LinkForm>,
) -> PageResult {
    match service::with_link(&ctx, &token, device(&visit, form.shared.is_some())).await {
        Ok(begun) => enter(&ctx, &visit, &begun, FIRST).await,
        Err(Error::Gone) => over(&ctx, &visit),
        Err(error) => Err(Failure(error)),
    }
}

async fn sign_out(State(ctx): State<Ctx>, visit: Visit, CheckedForm(_): CheckedForm<Nothing>) -> PageResult {
    if let Some(session) = &visit.session {
        sessions::end(&ctx, session.id).await?;
    }
    visit::end(&ctx, "/sign-in?done=signed-out")
}
