//! The ask-and-offer board.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, Nothing, Query, again};
use super::posts::Id;
use super::views::PostCard;
use super::visit::{Failure, PageResult, Visit};
use super::{page, see};
use crate::base::{ActorId, Error, PostId, Time};
use crate::domain::extras::Side;
use crate::services::board::{self, CardForm, Hanging};
use crate::services::{Ctx, posts};

/// `/board`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/board", get(list))
        .route("/board/new", get(new).post(send))
        .route("/board/{id}/done", post(done))
}

/// Cards on one page.
const SHOWN: i64 = 30;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    side: String,
    before: Option<PostId>,
    done: Option<String>,
}

/// A card as a page shows it.
struct BoardCard {
    side: &'static str,
    path: String,
    title: String,
    /// Who hung it up, and where.
    author: (String, String),
    about: String,
    excerpt: String,
    until: Time,
    /// Where the one who hung it up takes it off.
    off: Option<String>,
}

impl BoardCard {
    fn of(c: &Chrome, visit: &Visit, hanging: Hanging) -> Self {
        let Hanging { view, card } = hanging;
        let mine = visit.viewer.actor_id() == Some(view.author.id);
        let off = mine.then(|| format!("/board/{}/done", view.post.id));
        let name = view.author.display_name.clone();
        let excerpt = crate::text::excerpt(&view.html(), 200);
        let title = view.post.title.clone();
        let shown = PostCard::listed(view, c);
        let place = [shown.group.map(|(_, group)| group), shown.from];
        Self {
            side: card.side.as_str(),
            path: shown.path,
            author: (shown.author_path, name),
            about: place.into_iter().flatten().collect::<Vec<_>>().join(", "),
            until: card.until,
            title,
            excerpt,
            off,
        }
    }
}

#[derive(askama::Template)]
#[template(path = "board/list.html")]
struct ListPage {
    c: Chrome,
    /// Sides to choose from: path, key, chosen.
    sides: Vec<(String, String, bool)>,
    /// One side alone is shown.
    chosen: bool,
    cards: Vec<BoardCard>,
    next: Option<String>,
}

fn path(side: Option<Side>, before: Option<PostId>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(side) = side {
        query.append_pair("side", side.as_str());
    }
    if let Some(before) = before {
        query.append_pair("before", &before.to_string());
    }
    let query = query.finish();
    if query.is_empty() { "/board".to_owned() } else { format!("/board?{query}") }
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let c = visit.chrome(&ctx, Place::Groups, visit.t("board-title")).flash(asked.done.as_deref());
    let side = Side::parse(&asked.side);
    let found = board::list(&ctx, &visit.viewer, side, asked.before, SHOWN).await?;
    let full = i64::try_from(found.len()).is_ok_and(|n| n == SHOWN);
    let next = found.last().filter(|_| full).map(|last| path(side, Some(last.view.post.id)));
    let mut sides = vec![(path(None, None), "who-all".to_owned(), side.is_none())];
    sides.extend(
        Side::ALL.iter().map(|known| (path(Some(*known), None), format!("board-{known}"), side == Some(*known))),
    );
    let cards = found.into_iter().map(|hanging| BoardCard::of(&c, &visit, hanging)).collect();
    page(&ListPage { c, sides, cards, next, chosen: side.is_some() })
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    side: String,
    title: String,
    body: String,
    until: String,
    group: String,
}

#[derive(askama::Template)]
#[template(path = "board/form.html")]
struct FormPage {
    c: Chrome,
    fields: Fields,
    typed: Typed,
    sides: &'static [Side],
    groups: Vec<(String, String, bool)>,
    /// The first and last day one may choose.
    days: (String, String),
}

/// The day of a moment, where the instance is.
fn day(ctx: &Ctx, at: Time) -> String {
    at.timestamp().to_zoned(ctx.zone.clone()).date().to_string()
}

impl FormPage {
    async fn new(ctx: &Ctx, visit: &Visit, mut typed: Typed, fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        let c = visit.chrome(ctx, Place::Groups, visit.t("board-new"));
        let lines = posts::writable_groups(ctx, &visit.viewer).await?;
        if let Some(line) = lines.iter().find(|line| line.actor.acct() == typed.group) {
            typed.group = line.actor.id.to_string();
        }
        if Side::parse(&typed.side).is_none() {
            typed.side = Side::Seek.to_string();
        }
        let now = ctx.now();
        if typed.until.is_empty() {
            typed.until = day(ctx, now.plus(14 * Time::DAY));
        }
        let groups = lines.iter().map(|line| {
            let id = line.actor.id.to_string();
            (
                id.clone(),
                format!("{} ({})", line.actor.display_name, c.t(format!("group-kind-{}", line.group.kind))),
                id == typed.group,
            )
        });
        let groups = groups.collect();
        let days = (day(ctx, now), day(ctx, now.plus(board::MOST_DAYS * Time::DAY)));
        Ok(Self { c, fields, typed, sides: Side::ALL, groups, days })
    }
}

async fn new(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Typed>) -> PageResult {
    page(&FormPage::new(&ctx, &visit, asked, Fields::default()).await?)
}

/// The end of a day, where the instance is.
fn end_of(ctx: &Ctx, day: &str) -> Option<Time> {
    let day: jiff::civil::Date = day.trim().parse().ok()?;
    let next = day.tomorrow().ok()?.to_zoned(ctx.zone.clone()).ok()?;
    Some(Time::from_micros(next.timestamp().as_microsecond()))
}

async fn send(State(ctx): State<Ctx>, visit: Visit, CheckedForm(typed): CheckedForm<Typed>) -> PageResult {
    visit.member()?;
    let sent = async {
        let side = Side::parse(&typed.side).ok_or_else(|| Error::invalid("side", "error-choice"))?;
        let until = end_of(&ctx, &typed.until).ok_or_else(|| Error::invalid("until", "error-board-until"))?;
        let group = typed.group.parse().ok().map(ActorId);
        let form = CardForm { side, title: typed.title.clone(), source: typed.body.clone(), until, group };
        board::publish(&ctx, &visit.viewer, form).await
    };
    match sent.await {
        Ok(_) => see("/board?done=board-hung"),
        Err(error) => again(&FormPage::new(&ctx, &visit, typed, Fields::of(error)?).await?),
    }
}

async fn done(State(ctx): State<Ctx>, visit: Visit, Id(id): Id, CheckedForm(_): CheckedForm<Nothing>) -> PageResult {
    board::set_done(&ctx, &visit.viewer, id, true).await?;
    see("/board?done=board-off")
}
