//! Who knows about something, and what the organisation knows.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::Query;
use super::page;
use super::people::languages_shown;
use super::tags::ListPage;
use super::views::{Avatar, PostCard};
use super::visit::{PageResult, Visit};
use crate::base::TermId;
use crate::domain::knowledge::{Expertise, Facet, Offer, PeerTold, Relation};
use crate::services::expertise::{self, Count, Knower};
use crate::services::lookups::{self, FoundThere, There};
use crate::services::{Ctx, questions, terms};
use crate::urls::{actor_path, contact_path, handle_path, post_path, who_path};

/// `/knowledge`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/knowledge", get(overview))
        .route("/knowledge/who", get(who))
        .route("/knowledge/questions", get(unanswered))
}

/// One thing that someone told, for a page.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) relation: Relation,
    /// The first of its relation.
    pub(super) first: bool,
    pub(super) label: String,
    pub(super) path: String,
    pub(super) note: String,
    pub(super) told: &'static str,
}

/// In the order of relations, then by word.
pub(super) fn rows(c: &Chrome, told: &[Expertise]) -> Vec<Row> {
    let mut rows: Vec<Row> = told
        .iter()
        .map(|row| Row {
            id: row.id.to_string(),
            relation: row.relation,
            first: false,
            label: row.term.label(c.lang).to_owned(),
            path: who_path(row.term.id),
            note: row.note.clone(),
            told: row.told.as_str(),
        })
        .collect();
    rows.sort_by_key(|row| row.relation);
    let mut before = None;
    for row in &mut rows {
        row.first = before.replace(row.relation) != Some(row.relation);
    }
    rows
}

/// Someone who knows, for a page.
pub(super) struct KnowerCard {
    pub(super) avatar: Avatar,
    pub(super) path: String,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) why: Vec<String>,
    /// Where one asks someone at a partner whether one may write.
    pub(super) contact: Option<String>,
}

impl KnowerCard {
    pub(super) fn of(c: &Chrome, knower: &Knower) -> Self {
        let account = knower.account.as_ref();
        let title = account.map(|account| match account.job_title.as_str() {
            "" => c.t(format!("person-kind-{}", account.kind)),
            title => title.to_owned(),
        });
        let branch = account.and_then(|account| account.branch.clone());
        let mut why: Vec<&Expertise> = knower.why.iter().collect();
        why.sort_by_key(|row| row.relation);
        Self {
            avatar: Avatar::of(&knower.actor),
            path: actor_path(knower.actor.kind, &knower.actor.acct()),
            name: knower.actor.display_name.clone(),
            role: [title, branch].into_iter().flatten().collect::<Vec<_>>().join(", "),
            why: why.into_iter().map(|row| reason(c, row)).collect(),
            contact: None,
        }
    }
}

impl KnowerCard {
    /// Someone at a partner.
    fn there(c: &Chrome, found: &FoundThere) -> Self {
        let person = &found.person;
        let mut told: Vec<&PeerTold> = person.told.iter().collect();
        told.sort_by_key(|told| told.relation);
        let mut why: Vec<String> =
            told.into_iter().map(|told| reason_of(c, told.relation, told.label(c.lang), &told.note)).collect();
        let days: Vec<String> = person.days.chars().map(|day| c.t(format!("day-{day}"))).collect();
        for (key, what) in [("search-speaks", languages_shown(c, &person.languages)), ("who-days", days.join(", "))] {
            if !what.is_empty() {
                why.push(c.tx(key, what));
            }
        }
        let place = [found.organisation.as_str(), person.branch.as_str()];
        let acct = format!("{}@{}", person.name, found.host);
        Self {
            avatar: Avatar::named(&person.display_name),
            contact: Some(contact_path(&acct)),
            path: handle_path(&acct),
            name: person.display_name.clone(),
            role: place.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
            why,
        }
    }
}

/// "Can teach: Voorlezen (at home)".
pub(super) fn reason(c: &Chrome, row: &Expertise) -> String {
    reason_of(c, row.relation, row.term.label(c.lang), &row.note)
}

fn reason_of(c: &Chrome, relation: Relation, label: &str, note: &str) -> String {
    let word = c.tx(format!("why-{relation}"), label);
    if note.is_empty() { word } else { format!("{word} ({note})") }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    term: Option<TermId>,
    facet: String,
    relation: String,
    done: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "knowledge/who.html")]
struct WhoPage {
    c: Chrome,
    q: String,
    words: Vec<String>,
    /// What was understood of the question.
    meant: Vec<(String, String)>,
    asked: bool,
    people: Vec<KnowerCard>,
    /// Partners that a question goes to.
    partners: Vec<String>,
    there: Vec<KnowerCard>,
    silent: Vec<String>,
    too_often: bool,
    /// Sides to choose from: path, key, chosen.
    facets: Vec<(String, String, bool)>,
    /// Ways to narrow: path, key, chosen.
    relations: Vec<(String, String, bool)>,
    /// Words with how many people: path, label, who offer, who learn.
    counts: Vec<(String, String, i64, i64)>,
}

fn address(pairs: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    format!("/knowledge/who?{}", query.finish())
}

async fn who(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let c = visit.chrome(&ctx, Place::People, visit.t("who-title")).flash(asked.done.as_deref());
    let chosen: Vec<Relation> = Relation::parse(&asked.relation).into_iter().collect();
    let found = match asked.term {
        Some(term) => expertise::who_about(&ctx, &visit.viewer, term, &chosen).await?,
        None => expertise::who(&ctx, &visit.viewer, &asked.q, &chosen).await?,
    };
    let is_asked = asked.term.is_some() || !asked.q.trim().is_empty();
    let words = match (asked.term, found.terms.first()) {
        (Some(_), Some(term)) => term.label_nl.clone(),
        _ => asked.q.clone(),
    };
    let partners = lookups::partners(&ctx, &visit.viewer).await?;
    let there = if is_asked { lookups::ask(&ctx, &visit.viewer, &words, &chosen).await? } else { There::default() };
    let term = asked.term.map(|term| term.to_string()).unwrap_or_default();
    let keep = |relation: &str| address(&[("q", &asked.q), ("term", &term), ("relation", relation)]);
    let mut relations = vec![(keep(""), "who-all".to_owned(), chosen.is_empty())];
    relations.extend(
        Relation::ALL.iter().map(|known| (keep(known.as_str()), format!("relation-{known}"), chosen.contains(known))),
    );
    let facet = Facet::parse(&asked.facet);
    let counts = if is_asked { Vec::new() } else { expertise::counts(&ctx, &visit.viewer, facet).await? };
    let mut facets = vec![("/knowledge/who".to_owned(), "who-all".to_owned(), facet.is_none())];
    facets.extend(
        Facet::ALL
            .iter()
            .map(|known| (address(&[("facet", known.as_str())]), format!("facet-{known}"), facet == Some(*known))),
    );
    let label = |term: &crate::domain::knowledge::Term| (term.label(c.lang).to_owned(), who_path(term.id));
    page(&WhoPage {
        q: match (asked.term, found.terms.first()) {
            (Some(_), Some(term)) => term.label(c.lang).to_owned(),
            _ => asked.q.clone(),
        },
        words: terms::all(&ctx, c.lang).await?.iter().map(|term| term.label(c.lang).to_owned()).collect(),
        meant: found.terms.iter().map(label).collect(),
        asked: is_asked,
        people: found.people.iter().map(|knower| KnowerCard::of(&c, knower)).collect(),
        partners,
        there: there.people.iter().map(|found| KnowerCard::there(&c, found)).collect(),
        silent: there.silent,
        too_often: there.too_often,
        facets,
        relations,
        counts: counts
            .iter()
            .map(|n: &Count| (who_path(n.term.id), n.term.label(c.lang).to_owned(), n.offer, n.learn))
            .collect(),
        c,
    })
}

/// "Shall we add this?", for a page.
pub(super) struct OfferLine {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) why: String,
    pub(super) path: Option<String>,
}

impl OfferLine {
    pub(super) fn of(c: &Chrome, offer: &Offer) -> Self {
        Self {
            id: offer.id.to_string(),
            label: offer.term.label(c.lang).to_owned(),
            why: format!("offer-why-{}", offer.why),
            path: offer.post_id.map(post_path),
        }
    }
}

/// A word with a number: path, label, how many.
type Numbered = (String, String, i64);

#[derive(askama::Template)]
#[template(path = "knowledge/overview.html")]
struct OverviewPage {
    c: Chrome,
    broad: Vec<Numbered>,
    one: Vec<Numbered>,
    missing: Vec<Numbered>,
}

async fn overview(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    visit.member()?;
    let found = expertise::overview(&ctx, &visit.viewer).await?;
    let c = visit.chrome(&ctx, Place::People, visit.t("overview-title"));
    let numbered = |list: Vec<(crate::domain::knowledge::Term, i64)>| -> Vec<Numbered> {
        list.into_iter().map(|(term, n)| (who_path(term.id), term.label(c.lang).to_owned(), n)).collect()
    };
    let (broad, one, missing) = (numbered(found.broad), numbered(found.one), numbered(found.missing));
    page(&OverviewPage { broad, one, missing, c })
}

/// Questions without an answer on one page.
const OPEN_QUESTIONS: i64 = 40;

async fn unanswered(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    visit.member()?;
    let found = questions::unanswered_views(&ctx, &visit.viewer, OPEN_QUESTIONS).await?;
    let c = visit.chrome(&ctx, Place::Home, visit.t("unanswered-title"));
    page(&ListPage {
        heading: c.t("unanswered-title"),
        lead: c.t("unanswered-lead"),
        empty: c.t("unanswered-none"),
        empty_what: c.t("unanswered-none-what"),
        path: "/knowledge/questions".to_owned(),
        first_page: true,
        next: None,
        cards: found.into_iter().map(|view| PostCard::listed(view, &c)).collect(),
        c,
    })
}
