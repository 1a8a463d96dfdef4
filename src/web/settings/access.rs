//! How one signs in and where one is signed in; what one hears, and from whom.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, Fields, Nothing, Query, again};
use super::super::visit::{Failure, PageResult, Visit};
use super::super::{page, see};
use super::Asked;
use crate::base::{Error, SessionId};
use crate::domain::people::{DirectFrom, Member};
use crate::services::people::ContactChoices;
use crate::services::registration::Outcome;
use crate::services::sessions::Session;
use crate::services::{Ctx, people, registration, sessions};
use crate::store::sessions::{AppLine, SessionLine};

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/settings/access", get(show))
        .route("/settings/email", post(email))
        .route("/settings/password", post(password))
        .route("/settings/password/remove", post(remove_password))
        .route("/settings/sessions/{id}/end", post(end_session))
        .route("/settings/sessions/end", post(end_others))
        .route("/settings/apps/{id}/end", post(end_app))
        .route("/settings/notices", get(notices).post(save_notices))
}

#[derive(askama::Template)]
#[template(path = "settings/access.html")]
struct AccessPage {
    c: Chrome,
    fields: Fields,
    email: String,
    new_email: String,
    has_password: bool,
    mail: bool,
    here: SessionId,
    sessions: Vec<SessionLine>,
    apps: Vec<AppLine>,
}

/// The session and account of who looks.
fn own(visit: &Visit) -> Result<(&Session, &Member), Failure> {
    let session = visit.session.as_deref().ok_or(Error::SignInNeeded)?;
    Ok((session, session.member.as_ref().ok_or(Error::SignInNeeded)?))
}

impl AccessPage {
    async fn new(ctx: &Ctx, visit: &Visit, fields: Fields) -> Result<Self, Failure> {
        let (session, member) = own(visit)?;
        Ok(Self {
            c: visit.chrome(ctx, Place::None, visit.t("settings-access")),
            fields,
            email: member.email.clone().unwrap_or_default(),
            new_email: String::new(),
            has_password: member.password_hash.is_some(),
            mail: ctx.mailer.enabled(),
            here: session.id,
            sessions: sessions::list(ctx, &visit.viewer).await?,
            apps: sessions::apps(ctx, &visit.viewer).await?,
        })
    }
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let mut shown = AccessPage::new(&ctx, &visit, Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

#[derive(Deserialize)]
struct EmailForm {
    #[serde(default)]
    email: String,
}

async fn email(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<EmailForm>) -> PageResult {
    match registration::request_new_address(&ctx, &visit.viewer, &form.email).await {
        Ok(Outcome::LookAtMail) => see("/settings/access?done=look-mail"),
        Ok(_) => see("/settings/access?done=address"),
        Err(error) => {
            let fields = Fields::of(error)?;
            again(&AccessPage { new_email: form.email, ..AccessPage::new(&ctx, &visit, fields).await? })
        }
    }
}

#[derive(Deserialize)]
struct PasswordForm {
    #[serde(default)]
    current: String,
    #[serde(default)]
    password: String,
}

async fn password(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<PasswordForm>) -> PageResult {
    let keep = own(&visit)?.0.id;
    match people::set_password(&ctx, &visit.viewer, keep, &form.current, Some(&form.password)).await {
        Ok(()) => see("/settings/access?done=password"),
        Err(error) => again(&AccessPage::new(&ctx, &visit, Fields::of(error)?).await?),
    }
}

async fn remove_password(
    State(ctx): State<Ctx>,
    visit: Visit,
    CheckedForm(form): CheckedForm<PasswordForm>,
) -> PageResult {
    let keep = own(&visit)?.0.id;
    match people::set_password(&ctx, &visit.viewer, keep, &form.current, None).await {
        Ok(()) => see("/settings/access?done=password-removed"),
        Err(error) => again(&AccessPage::new(&ctx, &visit, Fields::of(error)?).await?),
    }
}

async fn end_session(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<SessionId>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    sessions::revoke(&ctx, &visit.viewer, id).await?;
    see("/settings/access?done=session-ended")
}

async fn end_others(State(ctx): State<Ctx>, visit: Visit, CheckedForm(_): CheckedForm<Nothing>) -> PageResult {
    let keep = own(&visit)?.0.id;
    sessions::revoke_others(&ctx, &visit.viewer, Some(keep)).await?;
    see("/settings/access?done=sessions-ended")
}

async fn end_app(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<i64>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    sessions::revoke_app(&ctx, &visit.viewer, id).await?;
    see("/settings/access?done=app-ended")
}

#[derive(askama::Template)]
#[template(path = "settings/notices.html")]
struct NoticesPage {
    c: Chrome,
    findable: bool,
    direct_from: DirectFrom,
    notify_mail: bool,
    mail: bool,
}

async fn notices(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let member = own(&visit)?.1;
    let c = visit.chrome(&ctx, Place::None, visit.t("settings-notices")).flash(asked.done.as_deref());
    let (findable, direct_from, notify_mail) = (member.findable, member.direct_from, member.notify_mail);
    page(&NoticesPage { c, findable, direct_from, notify_mail, mail: ctx.mailer.enabled() })
}

#[derive(Deserialize)]
struct NoticesForm {
    #[serde(default)]
    direct_from: String,
    findable: Option<String>,
    notify_mail: Option<String>,
}

async fn save_notices(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<NoticesForm>) -> PageResult {
    let chosen = ContactChoices {
        findable: form.findable.is_some(),
        direct_from: DirectFrom::parse(&form.direct_from).ok_or(Error::invalid("direct_from", "error-choice"))?,
        notify_mail: form.notify_mail.is_some(),
    };
    people::set_contact_choices(&ctx, &visit.viewer, chosen).await?;
    see("/settings/notices?done=saved")
}
