//! Thank-you cards, and the year of someone, to print.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, Nothing, Query, again};
use super::posts::ConfirmPage;
use super::visit::{Failure, PageResult, Visit};
use super::{page, see};
use crate::base::{Error, ThanksId, Time};
use crate::domain::actors::ActorKind;
use crate::domain::knowledge::Told;
use crate::domain::thanks::{ThanksCard, Year};
use crate::services::{Ctx, posts, thanks};
use crate::urls::actor_path;

/// `/thanks` and `/year`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/thanks", get(list))
        .route("/thanks/new", get(new).post(send))
        .route("/thanks/{id}", post(change))
        .route("/thanks/{id}/away", get(ask_away).post(away))
        .route("/year", get(this_year))
        .route("/year/{year}", get(year))
}

/// A card, for a page.
pub(super) struct Card {
    id: ThanksId,
    /// Path and name of who sent it.
    pub(super) from: (String, String),
    /// Its text, line by line.
    pub(super) lines: Vec<String>,
    told: &'static str,
    pub(super) at: Time,
}

impl Card {
    pub(super) fn of(card: ThanksCard) -> Self {
        Self {
            id: card.id,
            from: (actor_path(card.from.kind, &card.from.acct()), card.from.display_name.clone()),
            lines: card.body.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect(),
            told: card.told.as_str(),
            at: card.created_at,
        }
    }
}

#[derive(askama::Template)]
#[template(path = "thanks/list.html")]
struct ListPage {
    c: Chrome,
    cards: Vec<Card>,
    tolds: &'static [Told],
    year: i16,
}

#[derive(Debug, Default, Deserialize)]
struct Done {
    done: Option<String>,
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Done>) -> PageResult {
    let cards = thanks::mine(&ctx, &visit.viewer).await?;
    let c = visit.chrome(&ctx, Place::None, visit.t("thanks-title")).flash(asked.done.as_deref());
    let cards = cards.into_iter().map(Card::of).collect();
    page(&ListPage { c, cards, tolds: Told::ALL, year: thanks::this_year(&ctx) })
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    to: String,
    body: String,
}

#[derive(askama::Template)]
#[template(path = "thanks/form.html")]
struct FormPage {
    c: Chrome,
    fields: Fields,
    typed: Typed,
    back: String,
}

impl FormPage {
    fn new(ctx: &Ctx, visit: &Visit, typed: Typed, fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        let c = visit.chrome(ctx, Place::People, visit.t("thanks-new"));
        let back = if typed.to.is_empty() { "/people".to_owned() } else { actor_path(ActorKind::Person, &typed.to) };
        Ok(Self { c, fields, typed, back })
    }
}

async fn new(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Typed>) -> PageResult {
    page(&FormPage::new(&ctx, &visit, asked, Fields::default())?)
}

async fn send(State(ctx): State<Ctx>, visit: Visit, CheckedForm(typed): CheckedForm<Typed>) -> PageResult {
    visit.member()?;
    let sent = async {
        let to = posts::addressee(&ctx, &visit.viewer, &typed.to, "to").await?;
        thanks::send(&ctx, &visit.viewer, to.id, &typed.body).await?;
        Ok(to.handle)
    };
    match sent.await {
        Ok(name) => see(&format!("{}?done=thanked", actor_path(ActorKind::Person, &name))),
        Err(error) => again(&FormPage::new(&ctx, &visit, typed, Fields::of(error)?)?),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ChangeForm {
    told: String,
}

async fn change(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(form): CheckedForm<ChangeForm>,
) -> PageResult {
    let told = Told::parse(&form.told).ok_or_else(|| Error::invalid("told", "error-choice"))?;
    thanks::change(&ctx, &visit.viewer, id.parse()?, Some(told)).await?;
    see("/thanks?done=saved")
}

async fn ask_away(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<String>) -> PageResult {
    visit.member()?;
    let id: ThanksId = id.parse()?;
    let c = visit.chrome(&ctx, Place::None, visit.t("thanks-away"));
    page(&ConfirmPage {
        heading: c.t("thanks-away-ask"),
        what: c.t("thanks-away-what"),
        button: "thanks-away",
        danger: true,
        reason: None,
        typed: String::new(),
        fields: Fields::default(),
        action: format!("/thanks/{id}/away"),
        back: "/thanks".to_owned(),
        c,
    })
}

async fn away(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    thanks::change(&ctx, &visit.viewer, id.parse()?, None).await?;
    see("/thanks?done=deleted")
}

#[derive(askama::Template)]
#[template(path = "thanks/year.html")]
struct YearPage {
    c: Chrome,
    year: i16,
    earlier: Option<i16>,
    name: String,
    numbers: Vec<(&'static str, i64)>,
    cards: Vec<Card>,
}

fn lines(year: &Year) -> Vec<(&'static str, i64)> {
    let all = [
        ("year-posts", year.posts),
        ("year-answers", year.answers),
        ("year-accepted", year.accepted),
        ("year-lessons", year.lessons),
        ("year-pages", year.pages),
        ("year-tips", year.tips),
        ("year-helped", year.helped),
        ("year-thanks", year.thanks),
        ("year-cards", year.cards),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

async fn this_year(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    visit.member()?;
    see(&format!("/year/{}", thanks::this_year(&ctx)))
}

async fn year(State(ctx): State<Ctx>, visit: Visit, Path(year): Path<String>) -> PageResult {
    let year: i16 = year.parse().map_err(|_| Error::NotFound)?;
    let (numbers, cards) = thanks::year(&ctx, &visit.viewer, year).await?;
    let c = visit.chrome(&ctx, Place::None, format!("{} {year}", visit.t("year-title")));
    let name = c.me.as_ref().map(|me| me.display_name.clone()).unwrap_or_default();
    let cards = cards.into_iter().map(Card::of).collect();
    let earlier = (year > thanks::first_year(&ctx, &visit.viewer).await?).then_some(year - 1);
    page(&YearPage { c, year, earlier, name, numbers: lines(&numbers), cards })
}
