//! Home: what is new since you were last here, in order.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::Query;
use super::knowledge::OfferLine;
use super::newcomers::Steps;
use super::see;
use super::suggestions::IdeaCard;
use super::views::{Avatar, PostCard, Shelf};
use super::visit::{Failure, PageResult, Visit};
use crate::base::{Page, time_of};
use crate::domain::posts::{EntryKind, PostView};
use crate::services::{Ctx, groups, newcomers, questions, suggestions, timelines};

/// `/` and `/home`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/", get(start)).route("/home", get(show))
}

/// Members begin at home, visitors at the page about this organisation.
async fn start(visit: Visit) -> PageResult {
    see(if visit.member().is_ok() { "/home" } else { "/about" })
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    before: Option<i64>,
    done: Option<String>,
}

/// One post of the stream.
struct Line {
    card: PostCard,
    /// What comes from here on was seen before.
    seen_from_here: bool,
}

#[derive(askama::Template)]
#[template(path = "home/show.html")]
struct HomePage {
    c: Chrome,
    greeting: String,
    avatar: Option<Avatar>,
    lines: Vec<Line>,
    /// New posts on this page, when the reader was here before.
    fresh: i64,
    /// Words for since when.
    since: String,
    first_page: bool,
    next: Option<i64>,
    shelf: Vec<Shelf>,
    /// "Shall we add this?"
    offer: Option<OfferLine>,
    /// Questions in one's groups that nobody answered.
    open_questions: usize,
    /// First steps, for who is new here.
    start: Option<Steps>,
    /// The idea of today.
    idea: Option<IdeaCard>,
}

const PER_PAGE: i64 = 20;

/// What stands above the stream of the first page.
#[derive(Default)]
struct Top {
    offer: Option<OfferLine>,
    open_questions: usize,
    start: Option<Steps>,
    idea: Option<IdeaCard>,
}

impl Top {
    async fn of(ctx: &Ctx, visit: &Visit, c: &Chrome) -> Result<Self, Failure> {
        let offer = questions::offers(ctx, &visit.viewer, 1).await?;
        let open_questions = questions::unanswered(ctx, &visit.viewer, 9).await?.len();
        let (idea, newcomer) = suggestions::of_today(ctx, &visit.viewer).await?;
        let start = if newcomer { newcomers::mine(ctx, &visit.viewer).await? } else { None };
        Ok(Self {
            offer: offer.first().map(|offer| OfferLine::of(c, offer)),
            open_questions,
            // One thing at a time: who begins here has enough to do.
            idea: idea.filter(|_| start.is_none()).map(|idea| IdeaCard::of(c, &idea)),
            start: start.as_ref().map(Steps::of),
        })
    }
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let me = visit.member()?;
    let c = visit.chrome(&ctx, Place::Home, visit.t("home-title")).live("home").flash(asked.done.as_deref());
    let stream = timelines::home(&ctx, &visit.viewer, Page::before(asked.before, PER_PAGE)).await?;
    let shelf = Shelf::of(&groups::mine(&ctx, &visit.viewer).await?);
    let seen = visit.session.as_ref().and_then(|s| s.member.as_ref()).map_or(0, |member| member.home_seen_seq);
    // A post is new when it came, or was shared, after the last visit; one's own never is.
    let arrived = |view: &PostView| view.entry.as_ref().map_or(0, |e| e.id.0).max(view.post.received_seq);
    let is_new = |view: &PostView| arrived(view) > seen && view.author.id != me;
    let first_page = asked.before.is_none();
    let newest = stream.items.iter().map(arrived).max().unwrap_or(0);
    if first_page && newest > seen {
        timelines::mark_home_seen(&ctx, &visit.viewer, newest).await?;
    }
    let told = seen > 0 && first_page;
    let fresh = if told { stream.items.iter().filter(|view| is_new(view)).count() } else { 0 };
    let border = if fresh > 0 { stream.items.iter().rposition(is_new).map(|at| at + 1) } else { None };
    let line = |(at, view): (usize, PostView)| Line { card: listed(view, &c), seen_from_here: border == Some(at) };
    let lines = stream.items.into_iter().enumerate().map(line).collect();
    let top = if first_page { Top::of(&ctx, &visit, &c).await? } else { Top::default() };
    super::page(&HomePage {
        offer: top.offer,
        open_questions: top.open_questions,
        start: top.start,
        idea: top.idea,
        greeting: greeting(&ctx, &c),
        avatar: c.me.as_ref().map(|me| me.avatar.clone()),
        lines,
        fresh: i64::try_from(fresh).unwrap_or(i64::MAX),
        since: c.moment(&time_of(seen)),
        first_page,
        next: stream.next,
        shelf,
        c,
    })
}

/// A card for a stream, with who shared it.
fn listed(view: PostView, c: &Chrome) -> PostCard {
    let shared = view.entry.as_ref().is_some_and(|entry| entry.how == EntryKind::Share);
    let mut card = PostCard::listed(view, c);
    card.shared_by = shared.then(|| c.t("post-shared-someone"));
    card
}

/// Words for the time of day.
fn greeting(ctx: &Ctx, c: &Chrome) -> String {
    let key = match ctx.now().timestamp().to_zoned(ctx.zone.clone()).hour() {
        5..12 => "home-morning",
        12..18 => "home-afternoon",
        18..24 => "home-evening",
        _ => "home-night",
    };
    let name = c.me.as_ref().map_or("", |me| me.display_name.as_str());
    c.tx(key, name.split_whitespace().next().unwrap_or(name))
}
