//! Meeting someone each month.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Nothing, Query};
use super::views::Avatar;
use super::visit::{PageResult, Visit};
use super::{page, see};
use crate::base::{Error, MeetingId, Time};
use crate::domain::actors::ActorState;
use crate::domain::meetings::{Meeting, MeetingState};
use crate::services::Ctx;
use crate::services::meetings as service;
use crate::urls::{actor_path, write_path_with};

/// `/meet`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/meet", get(show).post(choose)).route("/meet/{id}/off", post(cancel))
}

/// A meeting, for the page.
struct Card {
    id: MeetingId,
    avatar: Avatar,
    path: String,
    name: String,
    /// Their server, when it is not this one.
    host: Option<String>,
    why: String,
    at: Option<Time>,
    off: bool,
    /// Where one writes to them, with a first line.
    write: String,
    made: Time,
}

impl Card {
    fn of(c: &Chrome, meeting: &Meeting) -> Option<Self> {
        let other = meeting.other.as_ref()?;
        let why = match meeting.reason.label(c.lang) {
            Some(word) => c.tx("meet-why", word),
            None => c.t("meet-why-none"),
        };
        let line = match meeting.begins_at {
            Some(at) => c.tx("meet-line-when", c.day_and_time(&at)),
            None => c.t("meet-line"),
        };
        Some(Self {
            id: meeting.id,
            avatar: Avatar::of(other),
            path: actor_path(other.kind, &other.acct()),
            name: other.display_name.clone(),
            host: other.host.clone(),
            why,
            at: meeting.begins_at,
            // Who left or was suspended comes no more.
            off: meeting.state == MeetingState::Off || other.state != ActorState::Active,
            write: write_path_with(&other.acct(), &line),
            made: meeting.created_at,
        })
    }
}

#[derive(askama::Template)]
#[template(path = "meetings/show.html")]
struct MeetPage {
    c: Chrome,
    /// `no`, `here` or `peers`.
    wants: &'static str,
    now: Vec<Card>,
    before: Vec<Card>,
    partners: Vec<String>,
    has_days: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    done: Option<String>,
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let mine = service::mine(&ctx, &visit.viewer).await?;
    let c = visit.chrome(&ctx, Place::People, visit.t("meet-title")).flash(asked.done.as_deref());
    let wants = match mine.wants.map(|wants| wants.peers) {
        None => "no",
        Some(false) => "here",
        Some(true) => "peers",
    };
    page(&MeetPage {
        wants,
        now: mine.now.iter().filter_map(|meeting| Card::of(&c, meeting)).collect(),
        before: mine.before.iter().filter_map(|meeting| Card::of(&c, meeting)).collect(),
        partners: mine.partners,
        has_days: mine.has_days,
        c,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ChooseForm {
    wants: String,
}

async fn choose(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<ChooseForm>) -> PageResult {
    let (wants, done) = match form.wants.as_str() {
        "no" => (None, "meet-no"),
        "here" => (Some(false), "meet-yes"),
        "peers" => (Some(true), "meet-yes"),
        _ => return Err(super::visit::Failure(Error::invalid("wants", "error-choice"))),
    };
    service::choose(&ctx, &visit.viewer, wants).await?;
    see(&format!("/meet?done={done}"))
}

async fn cancel(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    service::cancel(&ctx, &visit.viewer, id.parse()?).await?;
    see("/meet?done=meet-off")
}
