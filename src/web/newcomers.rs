//! First steps: one's own, and those of people whom one helps to begin.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, Nothing, Query, again};
use super::views::Avatar;
use super::visit::{Failure, PageResult, Visit};
use super::{page, see};
use crate::base::{ActorId, Error, Time};
use crate::domain::actors::ActorCard;
use crate::domain::newcomers::Step;
use crate::services::newcomers::{self as service, Progress, StepState};
use crate::services::{Ctx, posts};
use crate::urls::{actor_path, newcomer_path, write_path};

/// `/start` and `/newcomers`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/start", get(mine))
        .route("/start/steps", post(mark_own))
        .route("/start/end", post(end_own))
        .route("/newcomers", get(list).post(start))
        .route("/newcomers/{id}", get(show))
        .route("/newcomers/{id}/steps", post(mark))
        .route("/newcomers/{id}/buddy", post(set_buddy))
        .route("/newcomers/{id}/group", post(take_along))
        .route("/newcomers/{id}/end", post(end))
}

/// Newcomers on one page.
const LINES: i64 = 200;

/// Someone with a picture and a link.
pub(super) struct Who {
    pub(super) avatar: Avatar,
    pub(super) path: String,
    pub(super) name: String,
    pub(super) write: String,
}

impl Who {
    fn of(card: &ActorCard) -> Self {
        Self {
            avatar: Avatar::of(card),
            path: actor_path(card.kind, &card.acct()),
            name: card.display_name.clone(),
            write: write_path(&card.acct()),
        }
    }
}

/// A step, for a page.
pub(super) struct StepLine {
    pub(super) step: Step,
    pub(super) done: bool,
    /// Where one does it.
    pub(super) path: String,
    /// Who did it with or for them.
    by: Option<String>,
    note: String,
    at: Option<Time>,
}

impl StepLine {
    fn of(state: &StepState, of: &Progress) -> Self {
        let path = match state.step {
            Step::Profile => "/settings/profile".to_owned(),
            Step::Knowledge => "/settings/knowledge".to_owned(),
            Step::Group => "/groups".to_owned(),
            Step::Hello => "/posts/new".to_owned(),
            Step::Buddy => of.buddy.as_ref().map_or_else(|| "/people".to_owned(), |buddy| write_path(&buddy.acct())),
        };
        let by = state.by.as_ref().filter(|by| by.id != of.member.id).map(|by| by.display_name.clone());
        Self { step: state.step, done: state.done, path, by, note: state.note.clone(), at: state.at }
    }
}

/// First steps of someone, for home and their pages.
pub(super) struct Steps {
    pub(super) lines: Vec<StepLine>,
    pub(super) buddy: Option<Who>,
    pub(super) done: usize,
    pub(super) complete: bool,
    /// Of those not done yet the first three.
    pub(super) next: Vec<Step>,
}

impl Steps {
    pub(super) fn of(progress: &Progress) -> Self {
        let open = progress.steps.iter().filter(|step| !step.done).map(|step| step.step);
        Self {
            lines: progress.steps.iter().map(|step| StepLine::of(step, progress)).collect(),
            buddy: progress.buddy.as_ref().map(Who::of),
            done: progress.done(),
            complete: progress.is_complete(),
            next: open.take(3).collect(),
        }
    }
}

#[derive(askama::Template)]
#[template(path = "newcomers/start.html")]
struct StartPage {
    c: Chrome,
    steps: Option<Steps>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    after: Option<ActorId>,
    done: Option<String>,
}

async fn mine(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let found = service::mine(&ctx, &visit.viewer).await?;
    let c = visit.chrome(&ctx, Place::Home, visit.t("start-title")).flash(asked.done.as_deref());
    page(&StartPage { steps: found.as_ref().map(Steps::of), c })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StepForm {
    step: String,
    note: String,
    /// It was not done after all.
    undo: Option<String>,
}

impl StepForm {
    fn step(&self) -> Result<Step, Error> {
        Step::parse(&self.step).ok_or_else(|| Error::invalid("step", "error-choice"))
    }
}

async fn mark_own(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<StepForm>) -> PageResult {
    let me = visit.member()?;
    service::mark(&ctx, &visit.viewer, me, form.step()?, form.undo.is_none(), "").await?;
    see("/start?done=step")
}

async fn end_own(State(ctx): State<Ctx>, visit: Visit, CheckedForm(_): CheckedForm<Nothing>) -> PageResult {
    let me = visit.member()?;
    service::end(&ctx, &visit.viewer, me).await?;
    see("/home?done=start-end")
}

/// A newcomer in the list.
struct Line {
    who: Who,
    path: String,
    buddy: Option<String>,
    done: usize,
    stuck: bool,
    since: Time,
}

impl Line {
    fn of(progress: &Progress) -> Self {
        Self {
            who: Who::of(&progress.member),
            path: newcomer_path(progress.member.id),
            buddy: progress.buddy.as_ref().map(|buddy| buddy.display_name.clone()),
            done: progress.done(),
            stuck: progress.stuck,
            since: progress.newcomer.created_at,
        }
    }
}

#[derive(askama::Template)]
#[template(path = "newcomers/list.html")]
struct ListPage {
    c: Chrome,
    fields: Fields,
    lines: Vec<Line>,
    next: Option<ActorId>,
    /// Sees everyone's, and may begin for others.
    coordinates: bool,
    who: String,
}

impl ListPage {
    async fn new(
        ctx: &Ctx,
        visit: &Visit,
        after: Option<ActorId>,
        who: String,
        fields: Fields,
    ) -> Result<Self, Failure> {
        let found = service::list(ctx, &visit.viewer, after.unwrap_or(ActorId(0)), LINES).await?;
        let full = i64::try_from(found.len()).is_ok_and(|n| n == LINES);
        let next = found.last().filter(|_| full).map(|last| last.member.id);
        let mut lines: Vec<Line> = found.iter().map(Line::of).collect();
        lines.sort_by_key(|line| (!line.stuck, line.since));
        let c = visit.chrome(ctx, Place::People, visit.t("newcomers-title"));
        Ok(Self { c, fields, lines, next, coordinates: visit.viewer.role().is_moderator(), who })
    }
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let mut shown = ListPage::new(&ctx, &visit, asked.after, String::new(), Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WhoForm {
    who: String,
}

async fn start(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<WhoForm>) -> PageResult {
    visit.member()?;
    let begun = async {
        let who = posts::addressee(&ctx, &visit.viewer, &form.who, "who").await?.id;
        service::start(&ctx, &visit.viewer, who).await.map(|()| who)
    };
    match begun.await {
        Ok(who) => see(&format!("{}?done=newcomer", newcomer_path(who))),
        Err(error) => again(&ListPage::new(&ctx, &visit, None, form.who, Fields::of(error)?).await?),
    }
}

#[derive(askama::Template)]
#[template(path = "newcomers/show.html")]
struct ShowPage {
    c: Chrome,
    fields: Fields,
    who: Who,
    path: String,
    steps: Steps,
    stuck: bool,
    ended: bool,
    since: Time,
    /// Groups into which one can take them along: id and name.
    groups: Vec<(ActorId, String)>,
    buddy: String,
}

impl ShowPage {
    async fn new(ctx: &Ctx, visit: &Visit, id: ActorId, buddy: String, fields: Fields) -> Result<Self, Failure> {
        let me = visit.member()?;
        if me == id {
            // What others may do for someone, nobody does for themselves there.
            return Err(Failure(Error::NotFound));
        }
        let found = service::get(ctx, &visit.viewer, id).await?;
        let groups = service::groups_for(ctx, &visit.viewer, id).await?;
        let c = visit.chrome(ctx, Place::People, found.member.display_name.clone());
        Ok(Self {
            c,
            fields,
            who: Who::of(&found.member),
            path: newcomer_path(id),
            steps: Steps::of(&found),
            stuck: found.stuck,
            ended: found.newcomer.ended_at.is_some(),
            since: found.newcomer.created_at,
            groups: groups.into_iter().map(|line| (line.actor.id, line.actor.display_name)).collect(),
            buddy,
        })
    }
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> PageResult {
    let mut shown = ShowPage::new(&ctx, &visit, id.parse()?, String::new(), Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

async fn mark(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(form): CheckedForm<StepForm>,
) -> PageResult {
    let id: ActorId = id.parse()?;
    service::mark(&ctx, &visit.viewer, id, form.step()?, form.undo.is_none(), &form.note).await?;
    see(&format!("{}?done=step", newcomer_path(id)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BuddyForm {
    buddy: String,
}

async fn set_buddy(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(form): CheckedForm<BuddyForm>,
) -> PageResult {
    let id: ActorId = id.parse()?;
    let set = async {
        let buddy = posts::addressee(&ctx, &visit.viewer, &form.buddy, "buddy").await?.id;
        service::set_buddy(&ctx, &visit.viewer, id, buddy).await
    };
    match set.await {
        Ok(()) => see(&format!("{}?done=buddy", newcomer_path(id))),
        Err(error) => again(&ShowPage::new(&ctx, &visit, id, form.buddy, Fields::of(error)?).await?),
    }
}

#[derive(Debug, Deserialize)]
struct GroupForm {
    group: ActorId,
}

async fn take_along(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(form): CheckedForm<GroupForm>,
) -> PageResult {
    let id: ActorId = id.parse()?;
    service::take_along(&ctx, &visit.viewer, id, form.group).await?;
    see(&format!("{}?done=newcomer-group", newcomer_path(id)))
}

async fn end(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    let id: ActorId = id.parse()?;
    service::end(&ctx, &visit.viewer, id).await?;
    see("/newcomers?done=newcomer-end")
}
