//! What people tell of what they know, by choice; and who knows about something.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::ctx::emit;
use super::{Ctx, terms};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::ActorCard;
use crate::domain::events::Event;
use crate::domain::knowledge::{Choices, Expertise, Facet, Relation, Term, Told};
use crate::domain::moderation::BlockKind;
use crate::domain::people::Member;
use crate::i18n::{self, Locale};
use crate::policy;
use crate::store::expertise::Lens;
use crate::store::{self, Conn};

/// Most that one person may tell.
const MAX_OWN: i64 = 100;
/// Longest note, in characters.
const MAX_NOTE: usize = 200;
/// Rows looked at for one question of who knows.
const MAX_ROWS: i64 = 600;

/// Someone, with why they are shown.
#[derive(Clone, Debug)]
pub struct Knower {
    /// Who.
    pub actor: ActorCard,
    /// Function and branch, as the directory has them.
    pub account: Option<store::people::Account>,
    /// What they tell about what was asked.
    pub why: Vec<Expertise>,
}

/// What the words of a question mean, and who stands to them.
#[derive(Clone, Debug, Default)]
pub struct Knowers {
    /// The words.
    pub terms: Vec<Term>,
    /// People, who fits best first.
    pub people: Vec<Knower>,
}

/// A word with how many people stand to it.
#[derive(Clone, Debug)]
pub struct Count {
    /// The word.
    pub term: Term,
    /// People who know or can teach it, those who can reach these people among them.
    pub offer: i64,
    /// People who want to learn it.
    pub learn: i64,
}

/// What an organisation knows: words with a number, never with names.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Several people can help.
    pub broad: Vec<(Term, i64)>,
    /// It hangs on one person.
    pub one: Vec<(Term, i64)>,
    /// People ask for it or want to learn it, and nobody offers it; with how often.
    pub missing: Vec<(Term, i64)>,
}

fn lens(viewer: &Viewer) -> Lens {
    Lens { told: policy::told_to(viewer, false), me: viewer.actor_id() }
}

/// What the viewer told, all of it.
pub async fn mine(ctx: &Ctx, viewer: &Viewer) -> Result<(Vec<Expertise>, Choices)> {
    let me = viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let lens = Lens { told: &[], me: Some(me) };
    Ok((store::expertise::of(&mut conn, me, lens).await?, store::expertise::choices(&mut conn, me).await?))
}

/// What someone here tells, as far as the viewer may see it.
pub(super) async fn seen(conn: &mut Conn, viewer: &Viewer, person: ActorId) -> Result<Vec<Expertise>> {
    store::expertise::of(conn, person, lens(viewer)).await
}

/// What someone here tells everyone: what other servers and apps are shown.
pub async fn open(conn: &mut Conn, person: ActorId) -> Result<Vec<Expertise>> {
    store::expertise::of(conn, person, Lens { told: &[Told::Everyone], me: None }).await
}

/// The same as fields of a profile, in the language of the instance: one for each relation.
pub async fn open_fields(ctx: &Ctx, person: ActorId) -> Result<Vec<(String, String)>> {
    let told = open(&mut ctx.db.read().await?, person).await?;
    let locale = Locale::of_instance(&ctx.instance().locale).unwrap_or_default();
    let field = |relation: &Relation| {
        let words = told.iter().filter(|row| row.relation == *relation).map(|row| row.term.label(locale.tag()));
        let words: Vec<&str> = words.collect();
        let name = i18n::t(locale, &format!("relation-{relation}"));
        (!words.is_empty()).then(|| (name, words.join(", ")))
    };
    Ok(Relation::ALL.iter().filter_map(field).collect())
}

/// Who of the members here stands to what is in the words, as far as they tell it to partners; who fits best first.
/// `viewer` is a server with an agreement about people.
pub(super) async fn for_peer(
    conn: &mut Conn,
    viewer: &Viewer,
    words: &str,
    relations: &[Relation],
) -> Result<Vec<(ActorId, Vec<Expertise>)>> {
    let terms: Vec<TermId> = terms::found_in(conn, words).await?.into_iter().map(|term| term.id).collect();
    let relations = if relations.is_empty() { Relation::ALL } else { relations };
    let lens = Lens { told: policy::told_to(viewer, true), me: None };
    let (order, mut told) = by_person(store::expertise::about(conn, &terms, relations, lens, MAX_ROWS).await?);
    Ok(order.into_iter().filter_map(|id| told.remove(&id).map(|rows| (id, rows))).collect())
}

/// What others tell about some words, as far as the viewer may see it.
pub(super) async fn told_about(
    conn: &mut Conn,
    viewer: &Viewer,
    terms: &[TermId],
    limit: i64,
) -> Result<Vec<Expertise>> {
    store::expertise::about(conn, terms, Relation::ALL, lens(viewer), limit).await
}

/// Whether someone tells partners anything of themselves.
pub(super) async fn tells_partners(conn: &mut Conn, person: ActorId) -> Result<bool> {
    let lens = Lens { told: policy::TOLD_PARTNERS, me: None };
    Ok(!store::expertise::of(conn, person, lens).await?.is_empty())
}

/// Takes out of an account what its owner does not tell the viewer: languages and branch; returns the days told.
pub async fn narrow(conn: &mut Conn, viewer: &Viewer, member: &mut Member) -> Result<String> {
    let chosen = store::expertise::choices(conn, member.actor_id).await?;
    let sees = |told: Told| policy::sees_told(viewer, member.actor_id, told, false);
    let (languages, branch) = (sees(chosen.languages_to), sees(chosen.branch_to));
    let days = if sees(chosen.days_to) { chosen.days } else { String::new() };
    if !languages {
        member.languages.clear();
    }
    if !branch {
        member.branch_id = None;
    }
    Ok(days)
}

/// Tells something of oneself.
///
/// # Errors
/// `Invalid` for `term`; `Forbidden` for more than [`MAX_OWN`].
pub async fn add(ctx: &Ctx, viewer: &Viewer, relation: Relation, word: &str, note: &str, told: Told) -> Result<()> {
    let me = viewer.member_id()?;
    let (c, word, note) = (ctx.clone(), word.to_owned(), clean_note(note));
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let term = terms::meant(conn, &c, &word).await?;
                insert(conn, &c, me, relation, term.id, &note, told).await
            })
        })
        .await?;
    ctx.ideas.forget(me).await;
    ctx.wake.now();
    Ok(())
}

/// Adds within a transaction.
pub(super) async fn insert(
    conn: &mut Conn,
    ctx: &Ctx,
    me: ActorId,
    relation: Relation,
    term: TermId,
    note: &str,
    told: Told,
) -> Result<()> {
    if store::expertise::count_of(conn, me).await? >= MAX_OWN {
        return Err(Error::forbidden("error-expertise-many"));
    }
    let before = open_key(conn, me).await?;
    let (id, now) = (ExpertiseId(ctx.ids.next()), ctx.now());
    store::expertise::upsert(conn, id, me, relation, term, note, told, now).await?;
    tell_if_open_changed(conn, ctx, me, before).await
}

/// What someone tells everyone, to compare.
async fn open_key(conn: &mut Conn, person: ActorId) -> Result<Vec<(ExpertiseId, String)>> {
    Ok(open(conn, person).await?.into_iter().map(|row| (row.id, row.note)).collect())
}

/// Other servers hear of a change only when it is one that they may see.
async fn tell_if_open_changed(
    conn: &mut Conn,
    ctx: &Ctx,
    me: ActorId,
    before: Vec<(ExpertiseId, String)>,
) -> Result<()> {
    if open_key(conn, me).await? == before {
        return Ok(());
    }
    emit(conn, &ctx.ids, ctx.now(), &Event::ActorUpdated { actor: me }).await
}

fn clean_note(note: &str) -> String {
    note.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_NOTE).collect()
}

/// Changes note and who may see it; `None` takes it away.
///
/// # Errors
/// `NotFound` for what is not one's own.
pub async fn change(ctx: &Ctx, viewer: &Viewer, id: ExpertiseId, to: Option<(&str, Told)>) -> Result<()> {
    let me = viewer.member_id()?;
    let to = to.map(|(note, told)| (clean_note(note), told));
    let c = ctx.clone();
    let done = ctx.db.write(move |conn| {
        Box::pin(async move {
            let before = open_key(conn, me).await?;
            let done = match to {
                Some((note, told)) => store::expertise::set(conn, id, me, &note, told).await?,
                None => store::expertise::delete(conn, id, me).await?,
            };
            tell_if_open_changed(conn, &c, me, before).await?;
            Ok(done)
        })
    });
    let done = done.await?;
    ctx.wake.now();
    if done == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Sets days present, who sees days, languages and branch, and what one wants to be asked.
pub async fn set_choices(ctx: &Ctx, viewer: &Viewer, mut chosen: Choices) -> Result<()> {
    let me = viewer.member_id()?;
    chosen.days = ('1'..='7').filter(|day| chosen.days.contains(*day)).collect();
    ctx.db.write(move |conn| Box::pin(async move { store::expertise::set_choices(conn, me, &chosen).await })).await?;
    ctx.ideas.forget(me).await;
    Ok(())
}

/// Who stands to what is in the words of a question, in one of these ways.
pub async fn who(ctx: &Ctx, viewer: &Viewer, words: &str, relations: &[Relation]) -> Result<Knowers> {
    viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let terms = terms::found_in(&mut conn, words).await?;
    who_in(&mut conn, viewer, terms, relations).await
}

/// Who stands to a word.
pub async fn who_about(ctx: &Ctx, viewer: &Viewer, term: TermId, relations: &[Relation]) -> Result<Knowers> {
    viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let term = store::terms::get(&mut conn, term).await?;
    who_in(&mut conn, viewer, vec![term], relations).await
}

async fn who_in(conn: &mut Conn, viewer: &Viewer, terms: Vec<Term>, relations: &[Relation]) -> Result<Knowers> {
    let me = viewer.member_id()?;
    if terms.is_empty() {
        return Ok(Knowers::default());
    }
    let ids: Vec<TermId> = terms.iter().map(|term| term.id).collect();
    let relations = if relations.is_empty() { Relation::ALL } else { relations };
    let rows = store::expertise::about(conn, &ids, relations, lens(viewer), MAX_ROWS).await?;
    let (mut order, mut told) = by_person(rows);
    let out = shut_out(conn, me, &order).await?;
    order.retain(|id| !out.contains(id));
    order.truncate(50);
    let mut cards: HashMap<ActorId, ActorCard> =
        store::actors::cards(conn, &order).await?.into_iter().map(|card| (card.id, card)).collect();
    let mut accounts = store::people::accounts(conn, &order).await?;
    let shown = branches_told(conn, viewer, &order).await?;
    let people = order.iter().filter_map(|id| {
        let mut account = accounts.remove(id);
        if let Some(account) = account.as_mut().filter(|_| !shown.contains(id)) {
            account.branch = None;
        }
        Some(Knower { actor: cards.remove(id)?, account, why: told.remove(id)? })
    });
    Ok(Knowers { people: people.collect(), terms })
}

/// Those of some people who tell the viewer their branch.
pub(super) async fn branches_told(conn: &mut Conn, viewer: &Viewer, people: &[ActorId]) -> Result<HashSet<ActorId>> {
    let chosen: HashMap<ActorId, Told> = store::expertise::branch_choices(conn, people).await?.into_iter().collect();
    let told = |id: &ActorId| chosen.get(id).copied().unwrap_or(Choices::default().branch_to);
    Ok(people.iter().copied().filter(|id| policy::sees_told(viewer, *id, told(id), false)).collect())
}

/// What was told by each, and who fits best first: who fits more of the words, then who fits a word that few fit; who only
/// wants to learn it comes last. Names decide the rest.
fn by_person(rows: Vec<Expertise>) -> (Vec<ActorId>, HashMap<ActorId, Vec<Expertise>>) {
    let mut order: Vec<ActorId> = Vec::new();
    let mut told: HashMap<ActorId, Vec<Expertise>> = HashMap::new();
    let mut helpers: HashMap<TermId, HashSet<ActorId>> = HashMap::new();
    for row in rows {
        if !told.contains_key(&row.member_id) {
            order.push(row.member_id);
        }
        if row.relation != Relation::Learns {
            helpers.entry(row.term.id).or_default().insert(row.member_id);
        }
        told.entry(row.member_id).or_default().push(row);
    }
    order.sort_by_key(|id| std::cmp::Reverse(told.get(id).map_or((0, 0, 0), |rows| fit(rows, &helpers))));
    (order, told)
}

/// How many of the words someone can help with, how rare that is, and how strongly.
fn fit(rows: &[Expertise], helpers: &HashMap<TermId, HashSet<ActorId>>) -> (usize, usize, usize) {
    let helps = |row: &&Expertise| row.relation != Relation::Learns;
    let words: HashSet<TermId> = rows.iter().filter(helps).map(|row| row.term.id).collect();
    let rare = words.iter().map(|word| 1000 / helpers.get(word).map_or(1, HashSet::len).max(1)).sum();
    (words.len(), rare, rows.iter().filter(helps).count())
}

/// Those whom the viewer mutes or blocks, and who block the viewer.
pub(super) async fn shut_out(conn: &mut Conn, me: ActorId, ids: &[ActorId]) -> Result<HashSet<ActorId>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let between = store::moderation::between(conn, me, ids).await?;
    let out = between.into_iter().filter_map(|(member, target, kind)| match kind {
        _ if member == me => Some(target),
        BlockKind::Block if target == me => Some(member),
        _ => None,
    });
    Ok(out.collect())
}

/// The words of one side, or all, that people said something about, with how many; most first.
pub async fn counts(ctx: &Ctx, viewer: &Viewer, facet: Option<Facet>) -> Result<Vec<Count>> {
    viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let mut sums: BTreeMap<TermId, (i64, i64)> = BTreeMap::new();
    for (term, relation, n) in store::expertise::counts(&mut conn, lens(viewer)).await? {
        let sum = sums.entry(term).or_default();
        match relation {
            Relation::Learns => sum.1 += n,
            _ => sum.0 += n,
        }
    }
    let all = store::terms::all(&mut conn).await?;
    let wanted = all.into_iter().filter(|term| facet.is_none_or(|facet| term.facet == facet));
    let mut counts: Vec<Count> = wanted
        .filter_map(|term| sums.get(&term.id).map(|(offer, learn)| Count { offer: *offer, learn: *learn, term }))
        .collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.offer + count.learn));
    Ok(counts)
}

/// From how many people on knowledge is broad.
const BROAD: i64 = 3;
/// Words in each part of the overview.
const IN_OVERVIEW: usize = 24;

/// What the organisation knows, what hangs on one person, and what is asked for in vain in the last year. For members;
/// counts what members may see.
///
/// # Errors
/// `NotFound` for guests.
pub async fn overview(ctx: &Ctx, viewer: &Viewer) -> Result<Overview> {
    viewer.member_id()?;
    if !viewer.is_full_member() {
        return Err(Error::NotFound);
    }
    let since = PostId(ctx.ids.at(ctx.now().plus(-365 * Time::DAY)));
    let mut conn = ctx.db.read().await?;
    // As every member sees it: what someone told only to themselves must not show up in their own overview either.
    let lens = Lens { told: policy::told_to(viewer, false), me: None };
    let mut sums: HashMap<TermId, (i64, i64)> = HashMap::new();
    for (term, relation, n) in store::expertise::counts(&mut conn, lens).await? {
        let sum = sums.entry(term).or_default();
        match relation {
            Relation::Knows | Relation::Teaches => sum.0 = sum.0.max(n),
            Relation::Learns => sum.1 += n,
            Relation::Reaches => {}
        }
    }
    for (term, n) in store::questions::asked(&mut conn, &policy::sight(viewer), since).await? {
        sums.entry(term).or_default().1 += n;
    }
    let mut found = Overview::default();
    for term in store::terms::all(&mut conn).await? {
        match sums.get(&term.id) {
            Some((0, wanted)) if *wanted > 0 && term.facet != Facet::Audience => found.missing.push((term, *wanted)),
            Some((1, _)) => found.one.push((term, 1)),
            Some((offer, _)) if *offer >= BROAD => found.broad.push((term, *offer)),
            _ => {}
        }
    }
    for list in [&mut found.broad, &mut found.one, &mut found.missing] {
        list.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        list.truncate(IN_OVERVIEW);
    }
    Ok(found)
}
