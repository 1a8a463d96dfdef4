//! What one tells of what one knows, and who may see it.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{AnswerForm, CheckedForm, Fields, Query, again};
use super::super::knowledge::{OfferLine, Row, rows};
use super::super::visit::{Failure, PageResult, Visit};
use super::super::{page, see};
use super::Asked;
use crate::base::{Error, ExpertiseId, Time};
use crate::domain::knowledge::{Choices, Relation, Told};
use crate::services::questions::Answer;
use crate::services::{Ctx, expertise, lookups, questions, terms};
use crate::urls::who_path;

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/settings/knowledge", get(show).post(add))
        .route("/settings/knowledge/choices", post(choose))
        .route("/settings/knowledge/offers/{id}", post(answer))
        .route("/settings/knowledge/{id}", post(change))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct AddForm {
    #[serde(default)]
    relation: String,
    #[serde(default)]
    term: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    told: String,
}

#[derive(askama::Template)]
#[template(path = "settings/knowledge.html")]
struct KnowledgePage {
    c: Chrome,
    fields: Fields,
    form: AddForm,
    rows: Vec<Row>,
    words: Vec<String>,
    chosen: Choices,
    relations: &'static [Relation],
    tolds: &'static [Told],
    offers: Vec<OfferLine>,
    found: Vec<FoundLine>,
}

/// That a partner found the reader.
struct FoundLine {
    organisation: String,
    label: String,
    path: String,
    times: i64,
    at: Time,
}

impl KnowledgePage {
    async fn new(ctx: &Ctx, visit: &Visit, mut form: AddForm, fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        let c = visit.chrome(ctx, Place::None, visit.t("settings-knowledge"));
        let (mine, chosen) = expertise::mine(ctx, &visit.viewer).await?;
        if form.relation.is_empty() {
            form.relation = Relation::Knows.to_string();
        }
        if form.told.is_empty() {
            form.told = Told::Organisation.to_string();
        }
        let offers = questions::offers(ctx, &visit.viewer, 10).await?;
        let offers = offers.iter().map(|offer| OfferLine::of(&c, offer)).collect();
        let words = terms::all(ctx, c.lang).await?.iter().map(|term| term.label(c.lang).to_owned()).collect();
        let found = lookups::mine(ctx, &visit.viewer).await?.into_iter().map(|lookup| FoundLine {
            label: lookup.term.label(c.lang).to_owned(),
            path: who_path(lookup.term.id),
            organisation: lookup.organisation,
            times: lookup.times,
            at: lookup.last_at,
        });
        Ok(Self {
            found: found.collect(),
            rows: rows(&c, &mine),
            fields,
            form,
            words,
            chosen,
            relations: Relation::ALL,
            tolds: Told::ALL,
            offers,
            c,
        })
    }

    fn present(&self, day: &str) -> bool {
        self.chosen.days.contains(day)
    }
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let mut shown = KnowledgePage::new(&ctx, &visit, AddForm::default(), Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

fn told(word: &str) -> Result<Told, Error> {
    Told::parse(word).ok_or_else(|| Error::invalid("told", "error-choice"))
}

async fn add(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<AddForm>) -> PageResult {
    let relation = Relation::parse(&form.relation).ok_or_else(|| Error::invalid("relation", "error-choice"));
    let added = match (relation, told(&form.told)) {
        (Ok(relation), Ok(told)) => expertise::add(&ctx, &visit.viewer, relation, &form.term, &form.note, told).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    match added {
        Ok(()) => see("/settings/knowledge?done=knowledge-added"),
        Err(error) => again(&KnowledgePage::new(&ctx, &visit, form, Fields::of(error)?).await?),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ChangeForm {
    note: String,
    told: String,
    away: Option<String>,
}

async fn change(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(form): CheckedForm<ChangeForm>,
) -> PageResult {
    let id: ExpertiseId = id.parse()?;
    if form.away.is_some() {
        expertise::change(&ctx, &visit.viewer, id, None).await?;
        return see("/settings/knowledge?done=knowledge-removed");
    }
    expertise::change(&ctx, &visit.viewer, id, Some((&form.note, told(&form.told)?))).await?;
    see("/settings/knowledge?done=saved")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ChoicesForm {
    day: Vec<String>,
    days_to: String,
    languages_to: String,
    branch_to: String,
    offers: Option<String>,
    questions: Option<String>,
    ideas: Option<String>,
}

async fn choose(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<ChoicesForm>) -> PageResult {
    let chosen = Choices {
        days: form.day.concat(),
        days_to: told(&form.days_to)?,
        languages_to: told(&form.languages_to)?,
        branch_to: told(&form.branch_to)?,
        offers: form.offers.is_some(),
        questions: form.questions.is_some(),
        ideas: form.ideas.is_some(),
    };
    expertise::set_choices(&ctx, &visit.viewer, chosen).await?;
    see("/settings/knowledge?done=saved")
}

async fn answer(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(form): CheckedForm<AnswerForm>,
) -> PageResult {
    let (answer, done) = match form.answer.as_str() {
        "yes" => (Answer::Yes, "knowledge-added"),
        "never" => (Answer::Never, "offers-off"),
        _ => (Answer::No, "offer-refused"),
    };
    questions::answer_offer(&ctx, &visit.viewer, id.parse()?, answer).await?;
    see(&format!("/settings/knowledge?done={done}"))
}
