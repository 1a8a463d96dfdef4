//! The list of people, and a person's page.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Nothing, Query};
use super::invitations::QrCode;
use super::views::{Avatar, PostCard};
use super::visit::{Failure, PageResult, Visit};
use super::{page, see};
use crate::base::{Error, Page, PostId, Time};
use crate::domain::groups::FollowState;
use crate::domain::moderation::BlockKind;
use crate::domain::people::{Branch, PersonKind};
use crate::i18n::{self, Locale};
use crate::services::contacts::{self, Standing};
use crate::services::people::{self as service, Person};
use crate::services::{
    Ctx, branches, follows, guests, invitations, lookups, moderation, newcomers, posts, terms, thanks,
};
use crate::store::people::{PeopleFilter, PersonLine};
use crate::urls::{actor_path, contact_path};

/// `/people`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/people", get(list))
        .route("/people/{acct}", get(show))
        .route("/people/{acct}/follow", post(follow))
        .route("/people/{acct}/unfollow", post(unfollow))
        .route("/people/{acct}/block", post(block))
        .route("/people/{acct}/guest-link", post(guest_link))
        .route("/people/{acct}/guest-end", post(guest_end))
}

/// People on one page of the list.
const LINES: i64 = 40;

#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    branch: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    after_id: i64,
}

impl Asked {
    /// The query of the list with another branch or kind chosen.
    fn with(&self, branch: &str, kind: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("q", self.q.as_str()), ("branch", branch), ("kind", kind)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if query.is_empty() { "/people".to_owned() } else { format!("/people?{query}") }
    }
}

/// One way to narrow the list: its address, its text, whether it is chosen.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    href: String,
    text: String,
    chosen: bool,
}

/// A person in the list.
#[derive(Clone, Debug)]
pub(super) struct PersonCard {
    pub(super) avatar: Avatar,
    pub(super) path: String,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) guest: bool,
    pub(super) about: String,
}

impl PersonCard {
    /// From a line of the store.
    pub(super) fn of(line: &PersonLine, c: &Chrome) -> Self {
        let account = line.account.as_ref();
        let title = account.map_or(String::new(), |a| {
            if a.job_title.is_empty() { c.t(format!("person-kind-{}", a.kind)) } else { a.job_title.clone() }
        });
        let branch = account.and_then(|a| a.branch.clone()).or_else(|| line.actor.host.clone());
        let about = crate::text::excerpt(&line.about, 120);
        Self {
            avatar: Avatar::of(&line.actor),
            path: actor_path(line.actor.kind, &line.actor.acct()),
            name: line.actor.display_name.clone(),
            role: [Some(title), branch].into_iter().flatten().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(", "),
            guest: account.is_some_and(|a| a.is_guest),
            about,
        }
    }
}

#[derive(askama::Template)]
#[template(path = "people/list.html")]
struct ListPage {
    c: Chrome,
    asked: Asked,
    people: Vec<PersonCard>,
    filters: Vec<Filter>,
    next: Option<String>,
    may_invite: bool,
    /// Not a guest.
    full: bool,
    /// Helps people who begin here.
    helps: bool,
    words: Vec<String>,
    /// Partners that a question of who knows goes to.
    partners: Vec<String>,
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let all = branches::list(&ctx).await?;
    let filter = PeopleFilter {
        branch: all.iter().find(|b| b.name_key == asked.branch).map(|b| b.id),
        kind: PersonKind::parse(&asked.kind),
        needle: asked.q.clone(),
        ..PeopleFilter::default()
    };
    let after = if asked.after.is_empty() { ("", -1) } else { (asked.after.as_str(), asked.after_id) };
    let lines = service::directory(&ctx, &visit.viewer, filter, after, LINES).await?;
    let c = visit.chrome(&ctx, Place::People, visit.t("place-people"));
    let full = i64::try_from(lines.len()).is_ok_and(|n| n == LINES);
    let next = lines.last().filter(|_| full).map(|last| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("q", &asked.q), ("branch", &asked.branch), ("kind", &asked.kind)] {
            query.append_pair(name, value);
        }
        query.append_pair("after", &last.actor.display_name).append_pair("after_id", &last.actor.id.to_string());
        format!("/people?{}", query.finish())
    });
    let people = lines.iter().map(|line| PersonCard::of(line, &c)).collect();
    let filters = filters(&c, &asked, &all);
    let words = terms::all(&ctx, c.lang).await?.iter().map(|term| term.label(c.lang).to_owned()).collect();
    let partners = lookups::partners(&ctx, &visit.viewer).await?;
    let may_invite = invitations::may_invite(&ctx, &visit.viewer).await?;
    let full = visit.viewer.is_full_member();
    let helps = newcomers::helps(&ctx, &visit.viewer).await?;
    page(&ListPage { words, partners, people, filters, next, may_invite, full, helps, asked, c })
}

fn filters(c: &Chrome, asked: &Asked, all: &[Branch]) -> Vec<Filter> {
    let none = asked.branch.is_empty() && asked.kind.is_empty();
    let mut out = vec![Filter { href: asked.with("", ""), text: c.t("people-everyone"), chosen: none }];
    out.extend(all.iter().map(|branch| Filter {
        href: asked.with(&branch.name_key, ""),
        text: branch.name.clone(),
        chosen: asked.branch == branch.name_key,
    }));
    out.extend(PersonKind::ALL.iter().map(|kind| Filter {
        href: asked.with("", kind.as_str()),
        text: c.t(format!("people-kind-{kind}")),
        chosen: asked.kind == kind.as_str(),
    }));
    out
}

#[derive(Clone, Debug, Default, Deserialize)]
struct PersonAsked {
    before: Option<PostId>,
    done: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "people/show.html")]
struct PersonPage {
    c: Chrome,
    person: Person,
    avatar: Avatar,
    acct: String,
    path: String,
    role: String,
    languages: String,
    days: String,
    knows: Vec<super::knowledge::Row>,
    about: crate::base::SafeHtml,
    posts: Vec<PostCard>,
    next: Option<i64>,
    following: bool,
    asked: bool,
    may_act: bool,
    may_write: bool,
    looks_after: bool,
    moderates: bool,
    blocked: bool,
    muted: bool,
    /// Where one asks whether one may write, when that comes first.
    ask: Option<String>,
    /// One asked that, and waits.
    waits: bool,
    /// Thank-you cards that they show.
    thanks: Vec<super::thanks::Card>,
}

async fn show(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    Query(asked): Query<PersonAsked>,
) -> PageResult {
    let person = service::person(&ctx, &visit.viewer, &acct).await?;
    let written =
        posts::by_author(&ctx, &visit.viewer, person.actor.id, false, Page::before(asked.before.map(|id| id.0), 20));
    let written = written.await?;
    let c = visit.chrome(&ctx, Place::People, person.actor.display_name.clone()).flash(asked.done.as_deref());
    let c = c.alternate(&person.actor.uri);
    let posts = written.items.into_iter().map(|view| PostCard::listed(view, &c)).collect();
    let may_act = visit.viewer.is_full_member() && !person.is_me;
    let state = person.follow.as_ref().map(|f| f.state);
    let (blocked, muted) = if person.is_me { (false, false) } else { shut_out(&ctx, &visit, &person).await? };
    let me = visit.viewer.actor_id();
    let moderates = visit.viewer.role().is_moderator();
    let guest = person.member.as_ref().filter(|m| m.is_guest);
    let standing = contacts::standing(&ctx, &visit.viewer, &person.actor).await?;
    let asking = person.host.as_ref().filter(|_| standing == Standing::Ask);
    let cards = if person.actor.is_local() { thanks::of(&ctx, &visit.viewer, person.actor.id).await? } else { vec![] };
    page(&PersonPage {
        thanks: cards.into_iter().map(super::thanks::Card::of).collect(),
        ask: asking.map(|host| contact_path(&format!("{}@{host}", person.actor.name))),
        waits: standing == Standing::Asked,
        avatar: Avatar::of_actor(&person.actor),
        acct: format!("@{}@{}", person.actor.name, person.host.as_deref().unwrap_or(ctx.urls.host())),
        path: path_of(&person),
        role: role_of(&c, &person),
        languages: person.member.as_ref().map(|m| languages_shown(&c, &m.languages)).unwrap_or_default(),
        days: person.days.chars().map(|day| c.t(format!("day-{day}"))).collect::<Vec<_>>().join(", "),
        knows: super::knowledge::rows(&c, &person.expertise),
        about: person.actor.about(),
        posts,
        next: written.next,
        following: state == Some(FollowState::Accepted),
        asked: state == Some(FollowState::Requested),
        may_act,
        may_write: me.is_some() && !person.is_me,
        looks_after: guest.is_some_and(|m| moderates || (me.is_some() && m.invited_by == me)),
        moderates,
        blocked,
        muted,
        person,
        c,
    })
}

/// Whether the viewer blocks or mutes the person.
async fn shut_out(ctx: &Ctx, visit: &Visit, person: &Person) -> Result<(bool, bool), Failure> {
    if visit.member().is_err() {
        return Ok((false, false));
    }
    Ok(moderation::shuts_out(ctx, &visit.viewer, person.actor.id).await?)
}

/// Languages whose names the texts know, by tag (BCP 47).
const LANGUAGES: [&str; 17] =
    ["nl", "fy", "en", "de", "fr", "tr", "ar", "uk", "pl", "es", "it", "pt", "ru", "ku", "so", "ti", "zh"];

/// The languages someone speaks, in words of the page: `nl, tr` becomes "Nederlands, Turks". Other words stay.
pub(super) fn languages_shown(c: &Chrome, stored: &str) -> String {
    let word = |part: &str| match LANGUAGES.iter().find(|tag| part.eq_ignore_ascii_case(tag)) {
        Some(tag) => c.t(format!("language-{tag}")),
        None => part.to_owned(),
    };
    parts(stored).map(word).collect::<Vec<_>>().join(", ")
}

/// The other way round, so that each reader finds them in their own language.
pub(super) fn languages_stored(typed: &str) -> String {
    let tag = |part: &str| {
        let named = |locale: &Locale, tag: &str| i18n::t(*locale, &format!("language-{tag}")).to_lowercase();
        let known = |tag: &&str| Locale::all().iter().any(|locale| named(locale, tag) == part.to_lowercase());
        LANGUAGES.iter().copied().find(known).unwrap_or(part).to_owned()
    };
    parts(typed).map(tag).collect::<Vec<_>>().join(", ")
}

fn parts(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn path_of(person: &Person) -> String {
    let acct = match &person.host {
        Some(host) => format!("{}@{host}", person.actor.name),
        None => person.actor.name.clone(),
    };
    actor_path(person.actor.kind, &acct)
}

fn role_of(c: &Chrome, person: &Person) -> String {
    let title = person.member.as_ref().map(|m| {
        if m.job_title.is_empty() { c.t(format!("person-kind-{}", m.person_kind)) } else { m.job_title.clone() }
    });
    let branch = person.branch.as_ref().map(|b| b.name.clone());
    [title, branch].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

async fn follow(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    let person = service::person(&ctx, &visit.viewer, &acct).await?;
    let state = follows::request(&ctx, &visit.viewer, person.actor.id, "").await?;
    let done = if state == FollowState::Accepted { "followed" } else { "follow-asked" };
    see(&format!("{}?done={done}", path_of(&person)))
}

async fn unfollow(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    let person = service::person(&ctx, &visit.viewer, &acct).await?;
    follows::leave(&ctx, &visit.viewer, person.actor.id).await?;
    see(&format!("{}?done=unfollowed", path_of(&person)))
}

#[derive(Deserialize)]
struct BlockForm {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    on: String,
}

async fn block(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(form): CheckedForm<BlockForm>,
) -> PageResult {
    let kind = BlockKind::parse(&form.kind).ok_or(Error::invalid("kind", "error-choice"))?;
    let person = service::person(&ctx, &visit.viewer, &acct).await?;
    let on = form.on == "1";
    moderation::set_block(&ctx, &visit.viewer, person.actor.id, kind, on, None).await?;
    let done = match (kind, on) {
        (_, false) => "unblocked",
        (BlockKind::Block, true) => "blocked",
        (BlockKind::Mute, true) => "muted",
    };
    see(&format!("{}?done={done}", path_of(&person)))
}

#[derive(askama::Template)]
#[template(path = "people/guest_link.html")]
struct GuestLinkPage {
    c: Chrome,
    name: String,
    path: String,
    address: String,
    qr: QrCode,
    until: Time,
}

/// Answers with the page itself: the link is shown once and is in no address.
async fn guest_link(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    let person = service::person(&ctx, &visit.viewer, &acct).await?;
    let address = guests::personal_link(&ctx, &visit.viewer, person.actor.id).await?;
    let c = visit.chrome(&ctx, Place::People, visit.t("guest-link-title"));
    let until = ctx.now().plus(i64::from(ctx.config.limits.guest_days) * Time::DAY);
    let qr = QrCode::of(&address)?;
    page(&GuestLinkPage { c, path: path_of(&person), name: person.actor.display_name, address, qr, until })
}

#[derive(Deserialize)]
struct EndForm {
    link: Option<String>,
}

async fn guest_end(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(form): CheckedForm<EndForm>,
) -> PageResult {
    let person = service::person(&ctx, &visit.viewer, &acct).await?;
    if form.link.is_some() {
        guests::revoke_link(&ctx, &visit.viewer, person.actor.id).await?;
        return see(&format!("{}?done=guest-link-ended", path_of(&person)));
    }
    guests::end(&ctx, &visit.viewer, person.actor.id).await?;
    see("/people?done=guest-ended")
}
