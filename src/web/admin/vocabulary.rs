//! The vocabulary: words to add, rename, merge and take out; in and out as a file.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, CheckedParts, Fields, Nothing, Query, again};
use super::super::visit::{Failure, PageResult, Visit};
use super::super::{page, respond, see};
use crate::base::{Error, TermId};
use crate::domain::knowledge::Facet;
use crate::policy;
use crate::services::Ctx;
use crate::services::terms::{self, TermForm, TermLine};

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/admin/vocabulary", get(list).post(add))
        .route("/admin/vocabulary/export", get(export))
        .route("/admin/vocabulary/import", post(import))
        .route("/admin/vocabulary/{id}", get(edit).post(save))
        .route("/admin/vocabulary/{id}/merge", post(merge))
        .route("/admin/vocabulary/{id}/delete", post(delete))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    facet: String,
    q: String,
    done: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct WordForm {
    facet: String,
    nl: String,
    en: String,
    also: String,
}

impl WordForm {
    fn service(&self) -> TermForm {
        TermForm { facet: self.facet.clone(), nl: self.nl.clone(), en: self.en.clone(), also: self.also.clone() }
    }
}

#[derive(askama::Template)]
#[template(path = "admin/vocabulary.html")]
struct ListPage {
    c: Chrome,
    fields: Fields,
    form: WordForm,
    lines: Vec<TermLine>,
    q: String,
    facet: String,
    facets: &'static [Facet],
}

impl ListPage {
    async fn new(ctx: &Ctx, visit: &Visit, asked: Asked, form: WordForm, fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        let c = visit.chrome(ctx, Place::None, visit.t("admin-vocabulary")).flash(asked.done.as_deref());
        let mut lines = terms::lines(ctx, &visit.viewer).await?;
        let needle = crate::text::term_key(&asked.q);
        let facet = Facet::parse(&asked.facet);
        lines.retain(|line| {
            let mut words = line.spellings.iter().chain([&line.term.label_nl, &line.term.label_en]);
            facet.is_none_or(|facet| line.term.facet == facet)
                && words.any(|word| crate::text::term_key(word).contains(&needle))
        });
        Ok(Self { c, fields, form, lines, q: asked.q, facet: asked.facet, facets: Facet::ALL })
    }
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let form = WordForm { facet: Facet::Subject.to_string(), ..WordForm::default() };
    page(&ListPage::new(&ctx, &visit, asked, form, Fields::default()).await?)
}

async fn add(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<WordForm>) -> PageResult {
    match terms::save(&ctx, &visit.viewer, None, form.service()).await {
        Ok(_) => see("/admin/vocabulary?done=term-added"),
        Err(error) => again(&ListPage::new(&ctx, &visit, Asked::default(), form, Fields::of(error)?).await?),
    }
}

#[derive(askama::Template)]
#[template(path = "admin/term.html")]
struct TermPage {
    c: Chrome,
    fields: Fields,
    id: TermId,
    label: String,
    uses: i64,
    form: WordForm,
    to: String,
    words: Vec<String>,
    facets: &'static [Facet],
}

impl TermPage {
    async fn new(
        ctx: &Ctx,
        visit: &Visit,
        id: TermId,
        form: Option<WordForm>,
        to: String,
        fields: Fields,
    ) -> Result<Self, Failure> {
        visit.member()?;
        let lines = terms::lines(ctx, &visit.viewer).await?;
        let c = visit.chrome(ctx, Place::None, visit.t("admin-vocabulary"));
        let words = lines.iter().filter(|l| l.term.id != id).map(|line| line.term.label(c.lang).to_owned()).collect();
        let line = lines.into_iter().find(|line| line.term.id == id).ok_or(Error::NotFound)?;
        let form = form.unwrap_or_else(|| WordForm {
            facet: line.term.facet.to_string(),
            nl: line.term.label_nl.clone(),
            en: line.term.label_en.clone(),
            also: line.spellings.join(", "),
        });
        let label = line.term.label(c.lang).to_owned();
        Ok(Self { c, fields, id, label, uses: line.uses, form, to, words, facets: Facet::ALL })
    }
}

async fn edit(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<String>) -> PageResult {
    page(&TermPage::new(&ctx, &visit, id.parse()?, None, String::new(), Fields::default()).await?)
}

async fn save(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(form): CheckedForm<WordForm>,
) -> PageResult {
    let id: TermId = id.parse()?;
    match terms::save(&ctx, &visit.viewer, Some(id), form.service()).await {
        Ok(_) => see("/admin/vocabulary?done=saved"),
        Err(error) => again(&TermPage::new(&ctx, &visit, id, Some(form), String::new(), Fields::of(error)?).await?),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MergeForm {
    to: String,
}

async fn merge(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(form): CheckedForm<MergeForm>,
) -> PageResult {
    let id: TermId = id.parse()?;
    match terms::merge(&ctx, &visit.viewer, id, &form.to).await {
        Ok(_) => see("/admin/vocabulary?done=term-merged"),
        Err(error) => again(&TermPage::new(&ctx, &visit, id, None, form.to, Fields::of(error)?).await?),
    }
}

async fn delete(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    terms::delete(&ctx, &visit.viewer, id.parse()?).await?;
    see("/admin/vocabulary?done=term-removed")
}

async fn export(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    visit.member()?;
    policy::check_admin(&visit.viewer)?;
    let headers = [
        (header::CONTENT_TYPE, "application/toml; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"vocabulary.toml\""),
    ];
    respond((headers, terms::export(&ctx, &visit.viewer).await?))
}

async fn import(State(ctx): State<Ctx>, visit: Visit, mut form: CheckedParts) -> PageResult {
    visit.member()?;
    let replace = form.has("replace");
    let file = form.files.pop().ok_or_else(|| Error::invalid("file", "error-file-none"));
    let read = match file {
        Ok(part) => terms::import(&ctx, &visit.viewer, &String::from_utf8_lossy(&part.bytes), replace).await,
        Err(error) => Err(error),
    };
    match read {
        Ok(_) => see("/admin/vocabulary?done=vocabulary-read"),
        Err(error) => {
            let fields = Fields::of(error)?;
            again(&ListPage::new(&ctx, &visit, Asked::default(), WordForm::default(), fields).await?)
        }
    }
}
