//! Lessons learned: a guided form, the lessons of a subject together, and the booklet to print.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::compose::Typed;
use super::forms::{CheckedForm, Fields, Query, again};
use super::views::PostCard;
use super::visit::{Failure, PageResult, Visit};
use super::{page, see};
use crate::base::{Error, PostId, TermId};
use crate::services::{Ctx, lessons, posts, terms};

/// `/lessons`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/lessons", get(list))
        .route("/lessons/new", get(new).post(make))
        .route("/lessons/booklet", get(booklet))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    term: Option<TermId>,
    before: Option<PostId>,
}

fn path(page: &str, term: Option<TermId>) -> String {
    term.map_or_else(|| page.to_owned(), |term| format!("{page}?term={term}"))
}

#[derive(askama::Template)]
#[template(path = "lessons/list.html")]
struct ListPage {
    c: Chrome,
    /// Subjects to choose from: path, label, how many, chosen.
    subjects: Vec<(String, String, i64, bool)>,
    cards: Vec<PostCard>,
    booklet: String,
    next: Option<String>,
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let c = visit.chrome(&ctx, Place::Groups, visit.t("lessons-title"));
    let found = lessons::list(&ctx, &visit.viewer, asked.term, asked.before, 20).await?;
    let full = found.len() == 20;
    let next = found.last().filter(|_| full).map(|last| {
        let start = path("/lessons", asked.term);
        format!("{start}{}before={}", if start.contains('?') { '&' } else { '?' }, last.post.id)
    });
    let subjects = lessons::subjects(&ctx, &visit.viewer).await?;
    let subjects = subjects
        .into_iter()
        .map(|(term, n)| {
            let chosen = asked.term == Some(term.id);
            (path("/lessons", Some(term.id)), term.label(c.lang).to_owned(), n, chosen)
        })
        .collect();
    let cards = found.into_iter().map(|view| PostCard::listed(view, &c)).collect();
    page(&ListPage { subjects, cards, booklet: path("/lessons/booklet", asked.term), next, c })
}

#[derive(askama::Template)]
#[template(path = "lessons/booklet.html")]
struct BookletPage {
    c: Chrome,
    subject: Option<String>,
    lessons: Vec<PostCard>,
    back: String,
}

/// Lessons in one booklet.
const IN_BOOKLET: i64 = 60;

async fn booklet(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let c = visit.chrome(&ctx, Place::Groups, visit.t("booklet-title"));
    let subject = match asked.term {
        Some(term) => Some(terms::get(&ctx, term).await?.label(c.lang).to_owned()),
        None => None,
    };
    let mut found = lessons::list(&ctx, &visit.viewer, asked.term, None, IN_BOOKLET).await?;
    found.reverse();
    let lessons = found.into_iter().map(|view| PostCard::full(view, &c)).collect();
    page(&BookletPage { subject, lessons, back: path("/lessons", asked.term), c })
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct LessonForm {
    group: String,
    title: String,
    did: String,
    well: String,
    otherwise: String,
    whom: String,
}

#[derive(askama::Template)]
#[template(path = "lessons/form.html")]
struct FormPage {
    c: Chrome,
    fields: Fields,
    form: LessonForm,
    words: Vec<String>,
}

impl FormPage {
    async fn new(ctx: &Ctx, visit: &Visit, form: LessonForm, fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        let c = visit.chrome(ctx, Place::Groups, visit.t("lesson-new"));
        let all = terms::all(ctx, c.lang).await?;
        let audience = crate::domain::knowledge::Facet::Audience;
        let words = all.iter().filter(|t| t.facet == audience).map(|t| t.label(c.lang).to_owned()).collect();
        Ok(Self { c, fields, form, words })
    }
}

async fn new(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<LessonForm>) -> PageResult {
    page(&FormPage::new(&ctx, &visit, asked, Fields::default()).await?)
}

/// Makes a text with headings of it, which reads well wherever it goes, and opens it in the composer: there one chooses
/// the group, adds pictures and publishes.
async fn make(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<LessonForm>) -> PageResult {
    visit.member()?;
    let missing = [(&form.title, "title"), (&form.did, "did")].into_iter().find(|(value, _)| value.trim().is_empty());
    if let Some((_, field)) = missing {
        let fields = Fields::of(Error::invalid(field, "error-lesson-empty"))?;
        return again(&FormPage::new(&ctx, &visit, form, fields).await?);
    }
    let parts = [
        ("lesson-did", &form.did),
        ("lesson-well", &form.well),
        ("lesson-otherwise", &form.otherwise),
        ("lesson-whom", &form.whom),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(key, text)| format!("## {}\n\n{}", visit.t(key), text.trim()))
        .collect();
    let draft = format!("new:{}", form.group);
    let typed = Typed::lesson(draft.clone(), form.group.clone(), form.title.trim().to_owned(), parts.join("\n\n"));
    let kept = serde_json::to_string(&typed).map_err(|error| Failure(Error::internal(error)))?;
    posts::save_draft(&ctx, &visit.viewer, &draft, &kept).await?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("kind", "lesson").append_pair("group", &form.group);
    see(&format!("/posts/new?{}", query.finish()))
}
