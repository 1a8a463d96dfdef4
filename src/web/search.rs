//! Search, and following an address to what is there.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::Query;
use super::groups::{GroupItem, encode};
use super::views::{Avatar, PostCard};
use super::visit::{PageResult, Visit};
use super::{page, see};
use crate::domain::Viewer;
use crate::services::Ctx;
use crate::services::search::{self, Filter, MANY};
use crate::text::Piece;
use crate::urls;

/// `/search`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/search", get(show))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    kind: String,
    before: Option<i64>,
}

struct PersonItem {
    path: String,
    name: String,
    about: String,
    handle: Option<String>,
    avatar: Avatar,
}

struct PostItem {
    card: PostCard,
    excerpt: Vec<Piece>,
}

/// One choice of what is looked for, with how much there is of it.
struct Tab {
    href: String,
    label: &'static str,
    count: String,
    here: bool,
}

#[derive(askama::Template)]
#[template(path = "search/show.html")]
struct SearchPage {
    c: Chrome,
    query: String,
    tabs: Vec<Tab>,
    people: Vec<PersonItem>,
    groups: Vec<GroupItem>,
    posts: Vec<PostItem>,
    next: Option<String>,
    failed: Option<&'static str>,
    short: bool,
}

fn count(n: usize) -> String {
    let many = usize::try_from(MANY).unwrap_or(usize::MAX);
    if n > many { format!("{many}+") } else { n.to_string() }
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let query = asked.q.trim().to_owned();
    let mut failed = None;
    if matches!(visit.viewer, Viewer::Member { .. }) && search::is_address(&query) {
        match search::follow_address(&ctx, &visit.viewer, &query).await? {
            search::Place::Path(path) => return see(&path),
            search::Place::Nothing => failed = Some("search-address-nothing"),
            search::Place::Unreachable => failed = Some("error-server-unreachable"),
        }
    }
    let (filter, some) = match asked.kind.as_str() {
        "people" => (Filter::People, 50),
        "groups" => (Filter::Groups, 50),
        "posts" => (Filter::Posts, 20),
        _ => (Filter::All, 6),
    };
    let found = search::search(&ctx, &visit.viewer, &query, filter, asked.before).await?;
    let tab = |word: &str, label, n: String, here| Tab {
        href: format!("/search?q={}&kind={word}", encode(&query)),
        label,
        count: n,
        here,
    };
    let posts_found = if filter == Filter::Posts { String::new() } else { count(found.posts.len()) };
    let tabs = vec![
        tab("", "search-all", String::new(), filter == Filter::All),
        tab("people", "search-people", count(found.people.len()), filter == Filter::People),
        tab("groups", "search-groups", count(found.groups.len()), filter == Filter::Groups),
        tab("posts", "search-posts", posts_found, filter == Filter::Posts),
    ];
    let c = visit.chrome(&ctx, Place::Search, visit.t("place-search"));
    let shows = |kind| if filter == Filter::All || filter == kind { some } else { 0 };
    let people = found.people.into_iter().take(shows(Filter::People)).map(|hit| PersonItem {
        path: urls::actor_path(hit.actor.kind, &hit.actor.acct()),
        handle: (!hit.actor.is_local()).then(|| format!("@{}", hit.actor.acct())),
        avatar: Avatar::of(&hit.actor),
        name: hit.actor.display_name,
        about: hit.about,
    });
    let groups = found.groups.iter().take(shows(Filter::Groups)).map(|line| GroupItem::of(&ctx, &visit, line));
    let posts = found
        .posts
        .into_iter()
        .take(shows(Filter::Posts))
        .map(|hit| PostItem { card: PostCard::listed(hit.view, &c), excerpt: hit.excerpt });
    let next = found.next.filter(|_| filter == Filter::Posts);
    page(&SearchPage {
        people: people.collect(),
        groups: groups.collect(),
        posts: posts.collect(),
        next: next.map(|before| format!("/search?q={}&kind=posts&before={before}", encode(&query))),
        short: query.chars().count() == 1,
        tabs: if query.is_empty() { Vec::new() } else { tabs },
        query,
        failed,
        c,
    })
}
