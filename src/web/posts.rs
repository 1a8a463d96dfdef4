//! The page of a post with its thread, and what authors and moderators do there.

use axum::Router;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, Nothing, Query};
use super::views::PostCard;
use super::visit::{Failure, PageResult, Visit};
use super::{drafts, page, see};
use crate::base::{ActorId, Error, PostId};
use crate::domain::posts::{PostKind, PostView};
use crate::services::posts::{self as service, Around};
use crate::services::{Ctx, moderation, people};
use crate::urls::{actor_path, post_path};

/// `/posts/ID` and what is done to it; writing is in `compose`, answering in `comments`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/posts/{id}", get(show))
        .route("/posts/{id}/delete", get(ask_delete).post(delete))
        .route("/posts/{id}/remove", get(ask_remove).post(remove))
        .route("/posts/{id}/restore", post(restore))
        .route("/posts/{id}/approve", post(approve))
        .route("/posts/{id}/pin", post(pin))
        .route("/posts/{id}/lock", post(lock))
        .route("/posts/{id}/report", get(ask_report).post(report))
        .route("/people/{name}/report", get(ask_report_person).post(report_person))
}

/// The post in an address; what is no number leads nowhere.
pub(super) struct Id(pub(super) PostId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| Failure(Error::NotFound))?;
        Ok(Self(text.parse()?))
    }
}

/// What the address of a post's page says.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    pub(super) reply: Option<PostId>,
    pub(super) after: Option<i64>,
    pub(super) done: Option<String>,
}

/// One comment in its place in the thread. Levels are opened and closed by count, as templates do not call themselves.
#[derive(Clone, Debug)]
pub(super) struct CommentLine {
    card: PostCard,
    /// Begins a deeper level.
    opens: bool,
    /// Levels that end before it.
    closes: usize,
    /// Follows another comment of its level.
    follows: bool,
    new: bool,
    accepted: bool,
    may_accept: bool,
    may_answer: bool,
    /// The form to answer it is open.
    answering: bool,
    /// Whom it answers, when that is a comment.
    to: Option<(PostId, String)>,
    asker: String,
    root_path: String,
}

#[derive(askama::Template)]
#[template(path = "posts/show.html")]
struct ShowPage {
    c: Chrome,
    card: PostCard,
    heading: String,
    lines: Vec<CommentLine>,
    /// Levels still open at the end.
    left: usize,
    next: Option<i64>,
    closed: Option<&'static str>,
    reply: Option<PostId>,
    fields: Fields,
    body: String,
    readers: Option<String>,
    people: Vec<(String, String)>,
    direct: bool,
    /// The viewer may send a colleague to it.
    may_refer: bool,
}

/// What was typed in the form for a comment, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Typed {
    pub(super) body: String,
    pub(super) fields: Fields,
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Id(id): Id, Query(asked): Query<Asked>) -> PageResult {
    render(&ctx, &visit, id, asked, Typed::default()).await
}

/// The page of a post; comments lead to the page they are on.
pub(super) async fn render(ctx: &Ctx, visit: &Visit, id: PostId, asked: Asked, typed: Typed) -> PageResult {
    let around = service::around(ctx, &visit.viewer, id, asked.after.unwrap_or(0)).await?;
    if around.post.post.parent_id.is_some() && around.post.post.root_id != id {
        return see(&format!("{}#comment-{id}", post_path(around.post.post.root_id)));
    }
    if around.post.post.is_gone() && around.comments.is_empty() && !around.moderates {
        return Err(Failure(Error::Gone));
    }
    let direct = around.post.post.kind == PostKind::Direct;
    let place = if direct { Place::Messages } else { Place::Groups };
    let title = title_of(visit, &around);
    let mut c = visit.chrome(ctx, place, title.clone()).live(format!("post:{id}")).flash(asked.done.as_deref());
    if around.post.scope.is_open() {
        c = c.alternate(&around.post.post.uri);
    }
    let wrong = !typed.fields.is_empty();
    let typed = with_draft(ctx, visit, asked.reply.unwrap_or(id), typed).await?;
    let shown = assemble(visit, c, around, asked.reply, typed, title);
    let mut response = page(&shown)?;
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// What was typed and not sent before, where nothing was typed now.
async fn with_draft(ctx: &Ctx, visit: &Visit, answered: PostId, mut typed: Typed) -> Result<Typed, Failure> {
    if typed.body.is_empty()
        && typed.fields.is_empty()
        && visit.member().is_ok()
        && let Some(draft) = drafts::find(ctx, visit, &format!("comment:{answered}")).await?
    {
        typed.body = draft.body;
    }
    Ok(typed)
}

fn title_of(visit: &Visit, around: &Around) -> String {
    let post = &around.post.post;
    if post.kind == PostKind::Direct {
        let names: Vec<&str> = around.people.iter().map(|card| card.display_name.as_str()).collect();
        return crate::i18n::t_args(visit.locale, "message-with", &[("what", names.join(", ").into())]);
    }
    if !post.title.is_empty() && !post.is_gone() {
        return post.title.clone();
    }
    let who = around.post.author.display_name.clone();
    crate::i18n::t_args(visit.locale, "post-by", &[("what", who.into())])
}

fn assemble(
    visit: &Visit,
    c: Chrome,
    around: Around,
    reply: Option<PostId>,
    typed: Typed,
    heading: String,
) -> ShowPage {
    let Around { post, comments, next, group, moderates, closed, people, .. } = around;
    let direct = post.post.kind == PostKind::Direct;
    let me = visit.viewer.actor_id();
    // New are those that came after the group was last read.
    let seen = group.as_ref().and_then(|g| g.follow.as_ref()).map(|follow| follow.seen_seq);
    let may_accept = post.post.kind == PostKind::Question && me.is_some() && (me == Some(post.author.id) || moderates);
    let readers = match &group {
        _ if direct => None,
        Some(group) if post.scope == crate::domain::audiences::Scope::Readers => {
            Some(c.tx("post-readers-group", &group.actor.display_name))
        }
        _ => Some(c.t(readers_key(post.scope))),
    };
    let facts = Facts { root: &post, me, seen, may_accept, may_answer: closed.is_none(), moderates, reply };
    let (lines, left) = thread(&c, &facts, comments);
    let mut card = PostCard::full(post, &c);
    card.moderates = moderates;
    let people = people.iter().map(|card| (actor_path(card.kind, &card.acct()), card.display_name.clone())).collect();
    let reply = reply.filter(|id| lines.iter().any(|line| line.card.id() == *id));
    ShowPage {
        card,
        heading,
        lines,
        left,
        next,
        closed,
        reply,
        fields: typed.fields,
        body: typed.body,
        readers,
        people,
        direct,
        may_refer: visit.viewer.is_full_member(),
        c,
    }
}

fn readers_key(scope: crate::domain::audiences::Scope) -> &'static str {
    use crate::domain::audiences::Scope;
    match scope {
        Scope::Public | Scope::Unlisted => "post-readers-public",
        Scope::Network => "post-readers-network",
        Scope::Organisation => "post-readers-organisation",
        Scope::Readers => "post-readers-followers",
    }
}

/// What every comment line needs to know of the page.
struct Facts<'a> {
    root: &'a PostView,
    me: Option<ActorId>,
    seen: Option<i64>,
    may_accept: bool,
    may_answer: bool,
    moderates: bool,
    reply: Option<PostId>,
}

/// Deepest level of a thread; what answers beyond it stays there and says whom it answers.
const DEEPEST: usize = 3;

/// Puts comments in the order they are read, the accepted answer's branch first.
fn thread(c: &Chrome, facts: &Facts<'_>, comments: Vec<PostView>) -> (Vec<CommentLine>, usize) {
    let known: Vec<PostId> = comments.iter().map(|v| v.post.id).collect();
    let parent = |view: &PostView| view.post.parent_id.filter(|id| known.contains(id));
    let mut order: Vec<(usize, usize)> = Vec::with_capacity(comments.len());
    let mut stack: Vec<(usize, usize)> =
        (0..comments.len()).rev().filter(|i| parent(&comments[*i]).is_none()).map(|i| (i, 1)).collect();
    if let Some(top) = facts.root.post.accepted_id.and_then(|id| branch_of(&comments, id)) {
        stack.retain(|(i, _)| *i != top);
        stack.push((top, 1));
    }
    while let Some((at, depth)) = stack.pop() {
        order.push((at, depth.min(DEEPEST)));
        let id = comments[at].post.id;
        stack.extend((0..comments.len()).rev().filter(|i| parent(&comments[*i]) == Some(id)).map(|i| (i, depth + 1)));
    }
    let names: Vec<(PostId, String)> = comments.iter().map(|v| (v.post.id, v.author.display_name.clone())).collect();
    let mut views: Vec<Option<PostView>> = comments.into_iter().map(Some).collect();
    let mut before = 0;
    let mut lines = Vec::new();
    for (at, depth) in order {
        let Some(view) = views[at].take() else { continue };
        lines.push(line(c, facts, view, &names, before, depth));
        before = depth;
    }
    (lines, before)
}

/// Place in `comments` of the top-level comment under which `id` stands.
fn branch_of(comments: &[PostView], id: PostId) -> Option<usize> {
    let mut at = comments.iter().position(|v| v.post.id == id)?;
    for _ in 0..comments.len() {
        let parent = comments[at].post.parent_id?;
        match comments.iter().position(|v| v.post.id == parent) {
            Some(above) => at = above,
            None => return Some(at),
        }
    }
    None
}

fn line(
    c: &Chrome,
    facts: &Facts<'_>,
    view: PostView,
    names: &[(PostId, String)],
    before: usize,
    depth: usize,
) -> CommentLine {
    let id = view.post.id;
    let to = view.post.parent_id.and_then(|parent| names.iter().find(|(id, _)| *id == parent).cloned());
    let new = facts.seen.is_some_and(|seen| view.post.received_seq > seen) && Some(view.author.id) != facts.me;
    let accepted = facts.root.post.accepted_id == Some(id);
    let mut card = PostCard::full(view, c);
    card.moderates = facts.moderates;
    CommentLine {
        opens: depth > before,
        closes: before.saturating_sub(depth),
        follows: depth <= before,
        new,
        accepted,
        may_accept: facts.may_accept && card.view.post.state == crate::domain::posts::PostState::Published,
        may_answer: facts.may_answer,
        answering: facts.may_answer && facts.reply == Some(id),
        to,
        asker: facts.root.author.display_name.clone(),
        root_path: post_path(facts.root.post.id),
        card,
    }
}

/// Where a small form was; only pages of this instance.
pub(super) fn back(to: &str, id: PostId) -> PageResult {
    let ours =
        to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '#']) && !to.contains(char::is_control);
    if !ours {
        return see(&post_path(id));
    }
    // What a form before said was done is not said again.
    let (path, query) = to.split_once('?').unwrap_or((to, ""));
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("done=")).collect();
    let mark = if kept.is_empty() { "" } else { "?" };
    see(&format!("{path}{mark}{}#post-{id}", kept.join("&")))
}

/// A form with a switch.
#[derive(Debug, Deserialize)]
pub(super) struct Switch {
    #[serde(default)]
    on: String,
    #[serde(default)]
    pub(super) to: String,
}

impl Switch {
    pub(super) fn on(&self) -> bool {
        self.on != "0"
    }
}

async fn pin(State(ctx): State<Ctx>, visit: Visit, Id(id): Id, CheckedForm(form): CheckedForm<Switch>) -> PageResult {
    service::pin(&ctx, &visit.viewer, id, form.on()).await?;
    back(&form.to, id)
}

async fn lock(State(ctx): State<Ctx>, visit: Visit, Id(id): Id, CheckedForm(form): CheckedForm<Switch>) -> PageResult {
    service::lock(&ctx, &visit.viewer, id, form.on()).await?;
    back(&form.to, id)
}

async fn approve(
    State(ctx): State<Ctx>,
    visit: Visit,
    Id(id): Id,
    CheckedForm(form): CheckedForm<Switch>,
) -> PageResult {
    service::approve(&ctx, &visit.viewer, id).await?;
    back(&form.to, id)
}

async fn restore(
    State(ctx): State<Ctx>,
    visit: Visit,
    Id(id): Id,
    CheckedForm(form): CheckedForm<Switch>,
) -> PageResult {
    service::restore(&ctx, &visit.viewer, id).await?;
    back(&form.to, id)
}

/// A page that asks once more, with or without a reason.
#[derive(askama::Template)]
#[template(path = "posts/confirm.html")]
pub(super) struct ConfirmPage {
    pub(super) c: Chrome,
    pub(super) heading: String,
    pub(super) what: String,
    pub(super) button: &'static str,
    pub(super) danger: bool,
    /// The question about the reason, where one is needed.
    pub(super) reason: Option<&'static str>,
    pub(super) typed: String,
    pub(super) fields: Fields,
    pub(super) action: String,
    pub(super) back: String,
}

fn confirm(asked: ConfirmPage) -> PageResult {
    let wrong = !asked.fields.is_empty();
    let mut response: Response = page(&asked)?;
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

async fn ask_delete(State(ctx): State<Ctx>, visit: Visit, Id(id): Id) -> PageResult {
    let me = visit.member()?;
    let view = service::view(&ctx, &visit.viewer, id).await?;
    crate::policy::check_edit(me, &view.post)?;
    let c = visit.chrome(&ctx, Place::None, visit.t("post-delete-ask"));
    let what = if view.post.replies_count > 0 {
        c.tn("post-delete-answers", view.post.replies_count)
    } else {
        c.t("post-delete-what")
    };
    confirm(ConfirmPage {
        heading: c.t("post-delete-ask"),
        what,
        button: "post-delete",
        danger: true,
        reason: None,
        typed: String::new(),
        fields: Fields::default(),
        action: format!("{}/delete", post_path(id)),
        back: post_path(id),
        c,
    })
}

async fn delete(State(ctx): State<Ctx>, visit: Visit, Id(id): Id, CheckedForm(_): CheckedForm<Nothing>) -> PageResult {
    let view = service::view(&ctx, &visit.viewer, id).await?;
    service::delete(&ctx, &visit.viewer, id).await?;
    let post = &view.post;
    match (&view.group, post.is_top()) {
        (_, false) => see(&format!("{}?done=deleted", post_path(post.root_id))),
        (Some(group), true) => see(&format!("{}?done=deleted", actor_path(group.actor.kind, &group.actor.acct()))),
        (None, true) if post.kind == PostKind::Direct => see("/messages?done=deleted"),
        (None, true) => see("/home?done=deleted"),
    }
}

#[derive(Debug, Deserialize)]
struct Reason {
    #[serde(default)]
    reason: String,
}

fn removal(ctx: &Ctx, visit: &Visit, id: PostId, typed: String, fields: Fields) -> PageResult {
    let c = visit.chrome(ctx, Place::None, visit.t("post-remove-ask"));
    confirm(ConfirmPage {
        heading: c.t("post-remove-ask"),
        what: c.t("post-remove-what"),
        button: "post-remove",
        danger: true,
        reason: Some("post-remove-reason"),
        typed,
        fields,
        action: format!("{}/remove", post_path(id)),
        back: post_path(id),
        c,
    })
}

async fn ask_remove(State(ctx): State<Ctx>, visit: Visit, Id(id): Id) -> PageResult {
    visit.member()?;
    service::view(&ctx, &visit.viewer, id).await?;
    removal(&ctx, &visit, id, String::new(), Fields::default())
}

async fn remove(
    State(ctx): State<Ctx>,
    visit: Visit,
    Id(id): Id,
    CheckedForm(form): CheckedForm<Reason>,
) -> PageResult {
    match service::remove(&ctx, &visit.viewer, id, &form.reason).await {
        Ok(()) => see(&format!("{}?done=removed", post_path(id))),
        Err(error @ Error::Forbidden { .. }) => Err(Failure(error)),
        Err(error) => removal(&ctx, &visit, id, form.reason, Fields::of(error)?),
    }
}

/// The page to report something: `about` names it, `base` is its path.
fn reporting(ctx: &Ctx, visit: &Visit, about: &str, base: &str, typed: String, fields: Fields) -> PageResult {
    let c = visit.chrome(ctx, Place::None, visit.t("report-title"));
    confirm(ConfirmPage {
        heading: c.tx("report-ask", about),
        what: c.t("report-what"),
        button: "report-send",
        danger: false,
        reason: Some("report-reason"),
        typed,
        fields,
        action: format!("{base}/report"),
        back: base.to_owned(),
        c,
    })
}

async fn ask_report(State(ctx): State<Ctx>, visit: Visit, Id(id): Id) -> PageResult {
    visit.member()?;
    let view = service::view(&ctx, &visit.viewer, id).await?;
    let about = crate::i18n::t_args(visit.locale, "report-post", &[("what", view.author.display_name.into())]);
    reporting(&ctx, &visit, &about, &post_path(id), String::new(), Fields::default())
}

async fn report(
    State(ctx): State<Ctx>,
    visit: Visit,
    Id(id): Id,
    CheckedForm(form): CheckedForm<Reason>,
) -> PageResult {
    let view = service::view(&ctx, &visit.viewer, id).await?;
    match moderation::report(&ctx, &visit.viewer, view.author.id, Some(id), &form.reason).await {
        Ok(_) => see(&format!("{}?done=reported", post_path(view.post.root_id))),
        Err(error) => {
            let about = crate::i18n::t_args(visit.locale, "report-post", &[("what", view.author.display_name.into())]);
            reporting(&ctx, &visit, &about, &post_path(id), form.reason, Fields::of(error)?)
        }
    }
}

async fn ask_report_person(State(ctx): State<Ctx>, visit: Visit, Path(name): Path<String>) -> PageResult {
    visit.member()?;
    let person = people::person(&ctx, &visit.viewer, &name).await?;
    let base = actor_path(person.actor.kind, &name);
    reporting(&ctx, &visit, &person.actor.display_name, &base, String::new(), Fields::default())
}

async fn report_person(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(name): Path<String>,
    CheckedForm(form): CheckedForm<Reason>,
) -> PageResult {
    let person = people::person(&ctx, &visit.viewer, &name).await?;
    let base = actor_path(person.actor.kind, &name);
    match moderation::report(&ctx, &visit.viewer, person.actor.id, None, &form.reason).await {
        Ok(_) => see(&format!("{base}?done=reported")),
        Err(error) => reporting(&ctx, &visit, &person.actor.display_name, &base, form.reason, Fields::of(error)?),
    }
}
