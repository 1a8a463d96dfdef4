//! Search: the page, what is shown while typing, and following an address to what is there.

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::Query;
use super::groups::encode;
use super::knowledge::KnowerCard;
use super::people::languages_shown;
use super::views::Avatar;
use super::visit::{PageResult, Visit};
use super::{page, respond, see};
use crate::base::{ActorId, Error};
use crate::domain::Viewer;
use crate::domain::posts::PostLine;
use crate::domain::search::FoundKind;
use crate::services::search::{self, Found, Item, Wanted};
use crate::services::{Ctx, expertise, lookups};
use crate::text::Piece;
use crate::urls;

/// Names and titles shown while typing.
const SUGGESTED: usize = 8;
/// People who know, above what is found.
const KNOWERS: usize = 3;

/// `/search`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/search", get(show)).route("/search/suggest", get(suggest))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    page: usize,
}

impl Asked {
    /// The address of this search with one thing about it changed.
    fn with(&self, change: impl FnOnce(&mut Asked)) -> String {
        let mut asked = Asked { page: 0, ..self.clone() };
        change(&mut asked);
        let mut path = format!("/search?q={}", encode(&asked.q));
        for (key, value) in
            [("kind", &asked.kind), ("group", &asked.group), ("days", &asked.days), ("language", &asked.language)]
        {
            if !value.is_empty() {
                path.push_str(&format!("&{key}={}", encode(value)));
            }
        }
        if asked.page > 0 {
            path.push_str(&format!("&page={}", asked.page));
        }
        path
    }
}

/// One thing found, as a line.
struct Line {
    kind: &'static str,
    path: String,
    title: String,
    /// Who, where.
    about: String,
    at: Option<crate::base::Time>,
    avatar: Option<Avatar>,
    spine: i16,
    excerpt: Vec<Piece>,
    /// Languages someone speaks, when one was looked for.
    speaks: String,
}

/// One choice of what is looked for, with how much there is of it.
struct Choice {
    href: String,
    label: String,
    count: usize,
    here: bool,
}

#[derive(askama::Template)]
#[template(path = "search/show.html")]
struct SearchPage {
    c: Chrome,
    query: String,
    kinds: Vec<Choice>,
    /// Further filters, each with its name.
    filters: Vec<(&'static str, Vec<Choice>)>,
    lines: Vec<Line>,
    older: Option<String>,
    newer: Option<String>,
    failed: Option<&'static str>,
    short: bool,
    filtered: Option<String>,
    building: bool,
    /// People who tell something about the words.
    knowers: Vec<KnowerCard>,
    /// Where all of them are, and those at partners.
    who: Option<String>,
    partners: String,
}

#[derive(askama::Template)]
#[template(path = "search/suggest.html")]
struct SuggestPage {
    c: Chrome,
    found: Vec<search::Suggestion>,
}

fn label(kind: FoundKind) -> &'static str {
    match kind {
        FoundKind::Person => "search-people",
        FoundKind::Group => "search-groups",
        FoundKind::Post => "search-posts",
        FoundKind::Question => "search-questions",
        FoundKind::Lesson => "search-lessons",
        FoundKind::Comment => "search-comments",
        FoundKind::File => "search-files",
        FoundKind::Page => "search-wiki",
    }
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
    let days: Option<i64> = asked.days.parse().ok().filter(|days| (1..=3660).contains(days));
    let wanted = Wanted {
        text: query.clone(),
        kind: FoundKind::parse(&asked.kind),
        group: asked.group.parse().ok().map(ActorId),
        days,
        language: Some(asked.language.clone()).filter(|tag| !tag.is_empty()),
        page: asked.page,
        uncounted: false,
    };
    let found = search::search(&ctx, &visit.viewer, &wanted).await?;
    let c = visit.chrome(&ctx, Place::Search, visit.t("place-search"));
    let is_filtered = wanted.kind.is_some() || wanted.group.is_some() || days.is_some() || wanted.language.is_some();
    let (kinds, filters) = choices(&c, &asked, &wanted, &found);
    let plain = asked.page == 0 && (!is_filtered || wanted.kind == Some(FoundKind::Person));
    let (knowers, who, partners) = if plain { knowers(&ctx, &visit, &c, &query).await? } else { Default::default() };
    page(&SearchPage {
        kinds: if query.is_empty() { Vec::new() } else { kinds },
        filters: if query.is_empty() { Vec::new() } else { filters },
        older: found.more.then(|| asked.with(|a| a.page = asked.page + 1)),
        newer: (asked.page > 0).then(|| asked.with(|a| a.page = asked.page - 1)),
        lines: found.items.into_iter().map(|item| line(&c, item)).collect(),
        short: query.chars().count() == 1,
        filtered: is_filtered.then(|| format!("/search?q={}", encode(&query))),
        building: found.building,
        knowers,
        who,
        partners,
        query,
        failed,
        c,
    })
}

/// Who tells something about the words, the path to all who do, and which partners can be asked. The words themselves go
/// to nobody: that takes a click.
async fn knowers(
    ctx: &Ctx,
    visit: &Visit,
    c: &Chrome,
    query: &str,
) -> Result<(Vec<KnowerCard>, Option<String>, String), Error> {
    if query.is_empty() || visit.member().is_err() {
        return Ok(Default::default());
    }
    let found = expertise::who(ctx, &visit.viewer, query, &[]).await?;
    if found.terms.is_empty() {
        return Ok(Default::default());
    }
    let partners = lookups::partners(ctx, &visit.viewer).await?;
    let cards: Vec<KnowerCard> = found.people.iter().take(KNOWERS).map(|knower| KnowerCard::of(c, knower)).collect();
    let who = (!cards.is_empty() || !partners.is_empty()).then(|| urls::who_words_path(query));
    Ok((cards, who, partners.join(", ")))
}

/// The kinds, and the further filters that have anything to choose.
fn choices(
    c: &Chrome,
    asked: &Asked,
    wanted: &Wanted,
    found: &Found,
) -> (Vec<Choice>, Vec<(&'static str, Vec<Choice>)>) {
    let all = found.kinds.iter().map(|(_, count)| count).sum();
    let mut kinds = vec![Choice {
        href: asked.with(|a| a.kind.clear()),
        label: c.t("search-all"),
        count: all,
        here: wanted.kind.is_none(),
    }];
    kinds.extend(found.kinds.iter().map(|(kind, count)| Choice {
        href: asked.with(|a| a.kind = kind.as_str().to_owned()),
        label: c.t(label(*kind)),
        count: *count,
        here: wanted.kind == Some(*kind),
    }));
    let groups = found.groups.iter().map(|group| {
        choice(asked, &group.name, group.count, wanted.group == Some(group.id), |a| {
            a.group = if wanted.group == Some(group.id) { String::new() } else { group.id.to_string() };
        })
    });
    let ages = found.ages.iter().filter(|(_, count)| *count > 0).map(|(days, count)| {
        let here = wanted.days == Some(*days);
        let name = c.t(match days {
            7 => "search-week",
            31 => "search-month",
            _ => "search-year",
        });
        choice(asked, &name, *count, here, |a| a.days = if here { String::new() } else { days.to_string() })
    });
    let languages = found.languages.iter().map(|(tag, count)| {
        let here = wanted.language.as_ref() == Some(tag);
        choice(asked, &languages_shown(c, tag), *count, here, |a| {
            a.language = if here { String::new() } else { tag.clone() };
        })
    });
    let all: [(&'static str, Vec<Choice>); 3] = [
        ("search-in-group", groups.collect()),
        ("search-when", ages.collect()),
        ("search-language", languages.collect()),
    ];
    // One choice that is not made already would filter nothing.
    let filters = all.into_iter().filter(|(_, list)| list.len() > 1 || list.iter().any(|choice| choice.here));
    (kinds, filters.collect())
}

fn choice(asked: &Asked, name: &str, count: usize, here: bool, change: impl FnOnce(&mut Asked)) -> Choice {
    Choice { href: asked.with(change), label: name.to_owned(), count, here }
}

fn line(c: &Chrome, item: Item) -> Line {
    match item {
        Item::Person(hit) => Line {
            kind: "search-person",
            path: urls::actor_path(hit.actor.kind, &hit.actor.acct()),
            avatar: Some(Avatar::of(&hit.actor)),
            about: if hit.actor.is_local() { hit.about } else { format!("@{}", hit.actor.acct()) },
            title: hit.actor.display_name,
            at: None,
            spine: 0,
            excerpt: hit.excerpt,
            speaks: languages_shown(c, &hit.languages),
        },
        Item::Group(group, excerpt) => Line {
            kind: "search-group",
            path: urls::actor_path(group.actor.kind, &group.actor.acct()),
            avatar: None,
            about: group.actor.host.clone().unwrap_or_default(),
            title: group.actor.display_name,
            at: None,
            spine: group.group.spine,
            excerpt,
            speaks: String::new(),
        },
        Item::Post(hit) => {
            let kind = match hit.line.post.kind {
                crate::domain::posts::PostKind::Comment => "search-comment",
                crate::domain::posts::PostKind::Question => "search-question",
                crate::domain::posts::PostKind::Lesson => "search-lesson",
                _ => "search-post",
            };
            of_post(c, &hit.line, kind, hit.excerpt)
        }
        Item::File(hit) => {
            let of = of_post(c, &hit.line, "search-file", hit.excerpt);
            Line { path: hit.path, title: hit.name, ..of }
        }
        Item::Page(hit) => Line {
            kind: "search-page",
            path: urls::wiki_path(hit.page.id),
            title: hit.page.title,
            about: hit.group,
            at: Some(hit.page.updated_at),
            avatar: None,
            spine: 0,
            excerpt: hit.excerpt,
            speaks: String::new(),
        },
    }
}

fn of_post(c: &Chrome, line: &PostLine, kind: &'static str, excerpt: Vec<Piece>) -> Line {
    let author = line.author.display_name.clone();
    let about = match &line.group {
        Some(group) => format!("{author}, {}", group.actor.display_name),
        None => author.clone(),
    };
    let title = match line.post.title.as_str() {
        "" => match kind {
            "search-question" => c.tx("search-question-by", author),
            "search-comment" => c.tx("search-comment-by", author),
            _ => c.tx("search-post-by", author),
        },
        title => title.to_owned(),
    };
    Line {
        kind,
        path: urls::post_path(line.post.id),
        title,
        about,
        at: Some(line.post.published_at),
        avatar: None,
        spine: line.group.as_ref().map_or(0, |group| group.spine),
        excerpt,
        speaks: String::new(),
    }
}

/// A part of a page: what fits what is typed so far.
async fn suggest(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let found = search::suggest(&ctx, &visit.viewer, &asked.q, SUGGESTED).await?;
    let c = visit.chrome(&ctx, Place::Search, String::new());
    let html = askama::Template::render(&SuggestPage { c, found }).map_err(Error::internal)?;
    respond(Html(html))
}

impl SuggestPage {
    fn label(&self, kind: &FoundKind) -> String {
        self.c.t(match kind {
            FoundKind::Person => "search-person",
            FoundKind::Group => "search-group",
            FoundKind::Question => "search-question",
            FoundKind::Lesson => "search-lesson",
            FoundKind::Comment => "search-comment",
            FoundKind::File => "search-file",
            FoundKind::Page => "search-page",
            FoundKind::Post => "search-post",
        })
    }
}
