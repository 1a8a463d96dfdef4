//! "Ask this colleague, she knows": the form from a question or a profile, and what one was asked.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, Query, again};
use super::knowledge::KnowerCard;
use super::visit::{Failure, PageResult, Visit};
use super::{page, see};
use crate::base::{Error, PostId, ReferralId, Time};
use crate::domain::knowledge::{Referral, Relation};
use crate::services::{Ctx, expertise, posts, referrals};
use crate::text;
use crate::urls::{actor_path, post_path};

/// `/referrals`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/referrals", get(list).post(send))
        .route("/referrals/new", get(new))
        .route("/referrals/{id}", post(answer))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct SendForm {
    /// The question.
    post: Option<PostId>,
    /// Who is asked.
    to: String,
    /// Who would be helped, when it is not about a question.
    helped: String,
    reason: String,
}

#[derive(askama::Template)]
#[template(path = "knowledge/refer.html")]
struct ReferPage {
    c: Chrome,
    fields: Fields,
    form: SendForm,
    /// Path, title and asker of the question.
    question: Option<(String, String, String)>,
    /// Who may know, to choose from.
    people: Vec<(String, KnowerCard)>,
    back: String,
}

impl ReferPage {
    async fn new(ctx: &Ctx, visit: &Visit, form: SendForm, fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        if !visit.viewer.is_full_member() {
            return Err(Failure(Error::NotFound));
        }
        let c = visit.chrome(ctx, Place::People, visit.t("refer-title"));
        let mut question = None;
        let mut found = Vec::new();
        if let Some(id) = form.post {
            let view = posts::view(ctx, &visit.viewer, id).await?;
            let words = format!("{} {}", view.post.title, text::plain(&view.html()));
            let helps = [Relation::Knows, Relation::Teaches, Relation::Reaches];
            found = expertise::who(ctx, &visit.viewer, &words, &helps).await?.people;
            let me = visit.viewer.actor_id();
            found.retain(|knower| Some(knower.actor.id) != me && knower.actor.id != view.author.id);
            found.truncate(6);
            let title = match view.post.title.as_str() {
                "" => text::excerpt(&view.html(), 120),
                title => title.to_owned(),
            };
            question = Some((post_path(id), title, view.author.display_name.clone()));
        }
        let people = found.iter().map(|knower| (knower.actor.acct(), KnowerCard::of(&c, knower))).collect();
        let back = match (&question, form.to.as_str()) {
            (Some((path, ..)), _) => path.clone(),
            (None, "") => "/people".to_owned(),
            (None, to) => actor_path(crate::domain::actors::ActorKind::Person, to),
        };
        Ok(Self { c, fields, form, question, people, back })
    }
}

async fn new(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<SendForm>) -> PageResult {
    page(&ReferPage::new(&ctx, &visit, asked, Fields::default()).await?)
}

async fn try_send(ctx: &Ctx, visit: &Visit, form: &SendForm) -> Result<(), Error> {
    let helped = match form.post {
        Some(id) => posts::view(ctx, &visit.viewer, id).await?.author.id,
        None => posts::addressee(ctx, &visit.viewer, &form.helped, "helped").await?.id,
    };
    let to = posts::addressee(ctx, &visit.viewer, &form.to, "to").await?.id;
    referrals::send(ctx, &visit.viewer, to, helped, form.post, &form.reason).await
}

async fn send(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<SendForm>) -> PageResult {
    visit.member()?;
    match try_send(&ctx, &visit, &form).await {
        Ok(()) => match form.post {
            Some(id) => see(&format!("{}?done=referred", post_path(id))),
            None => see("/people?done=referred"),
        },
        Err(error) => again(&ReferPage::new(&ctx, &visit, form, Fields::of(error)?).await?),
    }
}

/// What someone was asked, for the page.
struct Line {
    id: ReferralId,
    from: (String, String),
    helped: (String, String),
    post: Option<String>,
    reason: String,
    state: &'static str,
    at: Time,
}

impl Line {
    fn of(referral: Referral) -> Self {
        let link =
            |card: &crate::domain::actors::ActorCard| (actor_path(card.kind, &card.acct()), card.display_name.clone());
        Self {
            id: referral.id,
            from: link(&referral.from),
            helped: link(&referral.helped),
            post: referral.post_id.map(post_path),
            reason: referral.reason,
            state: referral.state.as_str(),
            at: referral.created_at,
        }
    }
}

#[derive(askama::Template)]
#[template(path = "knowledge/referrals.html")]
struct ListPage {
    c: Chrome,
    lines: Vec<Line>,
}

#[derive(Debug, Default, Deserialize)]
struct Done {
    done: Option<String>,
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Done>) -> PageResult {
    visit.member()?;
    let c = visit.chrome(&ctx, Place::People, visit.t("referrals-title")).flash(asked.done.as_deref());
    let lines = referrals::mine(&ctx, &visit.viewer).await?.into_iter().map(Line::of).collect();
    page(&ListPage { c, lines })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AnswerForm {
    yes: Option<String>,
}

async fn answer(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(form): CheckedForm<AnswerForm>,
) -> PageResult {
    let yes = form.yes.is_some();
    let referral = referrals::answer(&ctx, &visit.viewer, id.parse()?, yes).await?;
    match referral.post_id {
        Some(post) if yes => see(&format!("{}?done=referral-yes", post_path(post))),
        _ if yes => see("/referrals?done=referral-yes"),
        _ => see("/referrals?done=referral-no"),
    }
}
