//! "May I write to you?": asking someone at a partner, and what one was asked.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{AnswerForm, CheckedForm, Fields, Query, again};
use super::views::Avatar;
use super::visit::{Failure, PageResult, Visit};
use super::{page, see};
use crate::base::{Error, ReferralId, Time};
use crate::domain::knowledge::{Contact, ReferralState};
use crate::services::{Ctx, contacts};
use crate::urls::{actor_path, contact_path, write_path};

/// `/contacts`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/contacts", get(list).post(send))
        .route("/contacts/new", get(new))
        .route("/contacts/{id}", post(answer))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct AskForm {
    /// Who is asked, `name@host`.
    to: String,
    reason: String,
}

#[derive(askama::Template)]
#[template(path = "contacts/new.html")]
struct AskPage {
    c: Chrome,
    fields: Fields,
    form: AskForm,
    /// Who is asked, by name.
    name: String,
}

impl AskPage {
    async fn new(ctx: &Ctx, visit: &Visit, form: AskForm, mut fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        let c = visit.chrome(ctx, Place::People, visit.t("contact-ask"));
        let mut name = String::new();
        if fields.is_empty() && !form.to.trim().is_empty() {
            match contacts::find(ctx, &visit.viewer, &form.to).await {
                Ok(found) => name = found.display_name,
                Err(error) => fields = Fields::of(error)?,
            }
        }
        Ok(Self { c, fields, form, name })
    }
}

async fn new(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<AskForm>) -> PageResult {
    page(&AskPage::new(&ctx, &visit, asked, Fields::default()).await?)
}

async fn send(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<AskForm>) -> PageResult {
    match contacts::ask(&ctx, &visit.viewer, &form.to, &form.reason).await {
        Ok(ReferralState::Accepted) => see("/contacts?done=contact-yes"),
        Ok(_) => see("/contacts?done=contact-asked"),
        Err(error) => again(&AskPage::new(&ctx, &visit, form, Fields::of(error)?).await?),
    }
}

/// One of them, for the page.
struct Line {
    id: ReferralId,
    avatar: Avatar,
    path: String,
    name: String,
    host: String,
    /// Where one writes to them, or asks again.
    write: String,
    again: String,
    ours: bool,
    reason: String,
    at: Time,
}

impl Line {
    fn of(contact: &Contact) -> Self {
        let acct = contact.other.acct();
        Self {
            id: contact.id,
            avatar: Avatar::of(&contact.other),
            path: actor_path(contact.other.kind, &acct),
            name: contact.other.display_name.clone(),
            host: contact.other.host.clone().unwrap_or_default(),
            write: write_path(&acct),
            again: contact_path(&acct),
            ours: contact.ours,
            reason: contact.reason.clone(),
            at: contact.created_at,
        }
    }
}

#[derive(askama::Template)]
#[template(path = "contacts/list.html")]
struct ListPage {
    c: Chrome,
    /// Asked of the reader.
    asked: Vec<Line>,
    /// They write to each other.
    agreed: Vec<Line>,
    /// The reader asked.
    waiting: Vec<Line>,
    /// The reader said no.
    refused: Vec<Line>,
}

#[derive(Debug, Default, Deserialize)]
struct Done {
    done: Option<String>,
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(shown): Query<Done>) -> PageResult {
    let all = contacts::mine(&ctx, &visit.viewer).await?;
    let c = visit.chrome(&ctx, Place::People, visit.t("contacts-title")).flash(shown.done.as_deref());
    let lines = |ours: Option<bool>, state: ReferralState| -> Vec<Line> {
        let fits = |contact: &&Contact| contact.state == state && ours.is_none_or(|ours| contact.ours == ours);
        all.iter().filter(fits).map(Line::of).collect()
    };
    page(&ListPage {
        asked: lines(Some(false), ReferralState::Waiting),
        agreed: lines(None, ReferralState::Accepted),
        waiting: lines(Some(true), ReferralState::Waiting),
        refused: lines(None, ReferralState::Declined),
        c,
    })
}

async fn answer(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(form): CheckedForm<AnswerForm>,
) -> PageResult {
    let yes = match form.answer.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Error::invalid("answer", "error-choice").into()),
    };
    contacts::answer(&ctx, &visit.viewer, id.parse()?, yes).await?;
    see(if yes { "/contacts?done=contact-yes" } else { "/contacts?done=contact-no" })
}
