//! Ideas: people and groups that fit, each with why.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Query};
use super::views::Avatar;
use super::visit::{PageResult, Visit};
use super::{page, see};
use crate::base::ActorId;
use crate::i18n::{self, Arg};
use crate::services::Ctx;
use crate::services::suggestions::{self as service, Idea, Link};
use crate::urls::actor_path;

/// `/ideas`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/ideas", get(list)).route("/ideas/refuse", post(refuse))
}

/// An idea, for a page.
pub(super) struct IdeaCard {
    pub(super) id: ActorId,
    pub(super) avatar: Avatar,
    pub(super) path: String,
    pub(super) name: String,
    /// Why.
    pub(super) why: String,
    /// What one can do: address and text.
    pub(super) act: (String, String),
}

impl IdeaCard {
    pub(super) fn of(c: &Chrome, idea: &Idea) -> Self {
        let about = idea.about();
        let path = actor_path(about.kind, &about.acct());
        let (why, act) = match idea {
            Idea::Person { link, term, .. } => {
                let key = match link {
                    Link::Both => "idea-both",
                    Link::YouHelp => "idea-you-help",
                    Link::TheyHelp => "idea-they-help",
                };
                (c.tx(key, term.label(c.lang)), (path.clone(), c.t("idea-person-do")))
            }
            Idea::Group { people, term, .. } => {
                let n = Arg::from(i64::try_from(*people).unwrap_or(i64::MAX));
                let args = [("n", n), ("what", Arg::from(term.label(c.lang)))];
                (i18n::t_args(c.locale(), "idea-group", &args), (path.clone(), c.t("idea-group-do")))
            }
            Idea::Wake { since, group } => {
                (c.tx("idea-wake", c.date(since)), (format!("/posts/new?group={}", group.id), c.t("idea-wake-do")))
            }
        };
        Self { id: about.id, avatar: Avatar::of(about), path, name: about.display_name.clone(), why, act }
    }
}

#[derive(askama::Template)]
#[template(path = "suggestions/list.html")]
struct ListPage {
    c: Chrome,
    ideas: Vec<IdeaCard>,
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    done: Option<String>,
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let known = service::of(&ctx, &visit.viewer).await?;
    let c = visit.chrome(&ctx, Place::People, visit.t("ideas-title")).flash(asked.done.as_deref());
    page(&ListPage { ideas: known.ideas.iter().map(|idea| IdeaCard::of(&c, idea)).collect(), c })
}

#[derive(Debug, Deserialize)]
struct RefuseForm {
    about: ActorId,
    #[serde(default)]
    home: String,
}

async fn refuse(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<RefuseForm>) -> PageResult {
    service::refuse(&ctx, &visit.viewer, form.about).await?;
    see(if form.home.is_empty() { "/ideas?done=idea" } else { "/home?done=idea" })
}
