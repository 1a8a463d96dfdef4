//! Who knows about something at partner organisations: asking them all at once, and answering when they ask us. What
//! comes back is shown and forgotten; whoever is found here sees that, and by which organisation.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use moka::future::Cache;

use super::throttle::Quota;
use super::{Ctx, expertise};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorCard};
use crate::domain::knowledge::*;
use crate::domain::peers::{Host, PeerScope};
use crate::store::{self, Conn};
use crate::{policy, text};

/// How long a page waits for the answers of partners.
pub const PATIENCE: Duration = Duration::from_millis(1500);
/// How long an answer is remembered: going back and forth between pages asks nobody again.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Answers remembered.
const MOST_ANSWERS: u64 = 500;
/// Partners asked at once; those beyond are left out and named.
const MOST_PARTNERS: usize = 30;
/// How often one member may ask.
const ASKING: Quota = Quota { burst: 20, every: 5 * Time::SECOND };
/// How often one server may ask us.
const ASKED: Quota = Quota { burst: 60, every: Time::SECOND };
/// How long people see that they were found.
const KEPT: i64 = 90 * Time::DAY;
/// Lines of that on one page.
const LINES: i64 = 60;

/// Answers of partners, for a minute, in this process.
#[derive(Clone, Debug)]
pub struct Answers(Cache<(HostId, PeopleQuestion), Arc<Vec<PeerPerson>>>);

impl Default for Answers {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST_ANSWERS).time_to_live(REMEMBERED).build())
    }
}

/// Someone found at a partner.
#[derive(Clone, Debug)]
pub struct FoundThere {
    /// Who, with what they tell.
    pub person: PeerPerson,
    /// Name of their organisation.
    pub organisation: String,
    /// Name of their server.
    pub host: String,
}

/// What partners answered.
#[derive(Clone, Debug, Default)]
pub struct There {
    /// People, who fits best first.
    pub people: Vec<FoundThere>,
    /// Organisations that answered in time.
    pub answered: Vec<String>,
    /// Organisations that did not.
    pub silent: Vec<String>,
    /// The viewer asked too often; nobody was asked.
    pub too_often: bool,
}

/// The partners that a question of the viewer goes to, by the names of their organisations.
pub async fn partners(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<String>> {
    Ok(agreed(ctx, viewer).await?.into_iter().map(|(_, name)| name).collect())
}

/// Members alone ask partners: guests have no part in agreements.
async fn agreed(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<(Host, String)>> {
    if !viewer.is_full_member() || ctx.remote().is_err() {
        return Ok(Vec::new());
    }
    let all = store::lookups::partners(&mut ctx.db.read().await?).await?;
    Ok(all.into_iter().filter(|(host, _)| host.shares(PeerScope::People)).collect())
}

/// Asks every partner with an agreement about people, all at once, and merges what comes back in time.
pub async fn ask(ctx: &Ctx, viewer: &Viewer, words: &str, relations: &[Relation]) -> Result<There> {
    let me = viewer.member_id()?;
    let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let question =
        PeopleQuestion { words: words.chars().take(PeopleQuestion::LONGEST).collect(), relations: relations.to_vec() };
    if question.words.chars().count() < 2 {
        return Ok(There::default());
    }
    let mut partners = agreed(ctx, viewer).await?;
    if partners.is_empty() {
        return Ok(There::default());
    }
    if ctx.throttle.take(&[(format!("lookup-{me}"), ASKING)], ctx.now()).is_err() {
        return Ok(There { too_often: true, ..There::default() });
    }
    let mut there = There::default();
    let beyond = partners.split_off(partners.len().min(MOST_PARTNERS));
    there.silent.extend(beyond.into_iter().map(|(_, name)| name));
    let mut asked: FuturesUnordered<_> = partners.iter().map(|(host, name)| one(ctx, host, name, &question)).collect();
    while let Some((host, name, answer)) = asked.next().await {
        match answer {
            Some(people) => {
                there.answered.push(name.clone());
                there.people.extend(people.iter().map(|person| FoundThere {
                    person: person.clone(),
                    organisation: name.clone(),
                    host: host.name.clone(),
                }));
            }
            None => there.silent.push(name.clone()),
        }
    }
    there
        .people
        .sort_by_cached_key(|found| (std::cmp::Reverse(fit(&found.person)), text::fold(&found.person.display_name)));
    there.answered.sort();
    there.silent.sort();
    Ok(there)
}

/// What one partner answers in time, from memory if it was asked just now.
async fn one<'a>(
    ctx: &Ctx,
    host: &'a Host,
    name: &'a String,
    question: &PeopleQuestion,
) -> (&'a Host, &'a String, Option<Arc<Vec<PeerPerson>>>) {
    let key = (host.id, question.clone());
    if let Some(known) = ctx.answers.0.get(&key).await {
        return (host, name, Some(known));
    }
    let answer = async { ctx.remote()?.ask_people(host, question).await };
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(people)) => {
            let people = Arc::new(people);
            ctx.answers.0.insert(key, people.clone()).await;
            (host, name, Some(people))
        }
        Ok(Err(error)) => {
            tracing::debug!(host = %host.name, %error, "a partner did not answer who knows");
            (host, name, None)
        }
        Err(_) => (host, name, None),
    }
}

/// How many words someone can help with.
fn fit(person: &PeerPerson) -> usize {
    person.told.iter().filter(|told| told.relation != Relation::Learns).count()
}

/// Answers a server that asks for people here. Whoever is in the answer sees that they were found.
///
/// # Errors
/// `NotFound` without an agreement about people; `RateLimited`.
pub async fn answer(ctx: &Ctx, asker: &Actor, host: &Host, question: &PeopleQuestion) -> Result<Vec<PeerPerson>> {
    if asker.host_id != host.id || !host.shares(PeerScope::People) {
        return Err(Error::NotFound);
    }
    ctx.throttle.take(&[(format!("asked-by-{}", host.id), ASKED)], ctx.now())?;
    let viewer = Viewer::Peer { host: host.id, signer: asker.id };
    let mut conn = ctx.db.read().await?;
    let mut found = expertise::for_peer(&mut conn, &viewer, &question.words, &question.relations).await?;
    let ids: Vec<ActorId> = found.iter().map(|(id, _)| *id).collect();
    // Who shuts this server out is not found by it.
    let shut = store::moderation::out_of_reach(&mut conn, &ids, asker.id).await?;
    found.retain(|(id, _)| !shut.contains(id));
    found.truncate(PeopleQuestion::MOST);
    let people = shown(&mut conn, &viewer, &found).await?;
    drop(conn);
    if found.is_empty() {
        return Ok(people);
    }
    let (by, now) = (host.id, ctx.now());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                for (member, rows) in &found {
                    let mut terms: Vec<TermId> = rows.iter().map(|row| row.term.id).collect();
                    terms.sort_unstable();
                    terms.dedup();
                    for term in terms {
                        store::lookups::note(conn, *member, by, term, now).await?;
                    }
                }
                Ok(())
            })
        })
        .await?;
    Ok(people)
}

/// People as a partner is told of them.
async fn shown(conn: &mut Conn, viewer: &Viewer, found: &[(ActorId, Vec<Expertise>)]) -> Result<Vec<PeerPerson>> {
    let ids: Vec<ActorId> = found.iter().map(|(id, _)| *id).collect();
    let cards: HashMap<ActorId, ActorCard> =
        store::actors::cards(conn, &ids).await?.into_iter().map(|card| (card.id, card)).collect();
    let usual = Choices::default();
    let usual = (usual.days, usual.days_to, usual.languages_to, usual.branch_to);
    let mut beside = HashMap::new();
    for (id, languages, branch, chosen) in store::lookups::beside(conn, &ids).await? {
        let (days, days_to, languages_to, branch_to) = chosen.unwrap_or_else(|| usual.clone());
        let told = |to: Told, what: String| if policy::sees_told(viewer, id, to, true) { what } else { String::new() };
        let branch = branch.unwrap_or_default();
        beside.insert(id, (told(languages_to, languages), told(branch_to, branch), told(days_to, days)));
    }
    let person = |(id, rows): &(ActorId, Vec<Expertise>)| {
        let card = cards.get(id)?;
        let (languages, branch, days) = beside.remove(id).unwrap_or_default();
        Some(PeerPerson {
            uri: card.uri.clone(),
            name: card.name.clone(),
            display_name: card.display_name.clone(),
            languages,
            branch,
            days,
            told: rows.iter().take(PeopleQuestion::MOST_TOLD).map(told).collect(),
        })
    };
    Ok(found.iter().filter_map(person).collect())
}

fn told(row: &Expertise) -> PeerTold {
    PeerTold {
        relation: row.relation,
        label_nl: row.term.label_nl.clone(),
        label_en: row.term.label_en.clone(),
        note: row.note.clone(),
    }
}

/// When, by which organisation and with what the viewer was found, the last first.
pub async fn mine(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<Lookup>> {
    store::lookups::of(&mut ctx.db.read().await?, viewer.member_id()?, LINES).await
}

/// Forgets what was long ago. Within the caller's transaction.
pub(super) async fn forget(conn: &mut Conn, now: Time) -> Result<()> {
    store::lookups::forget(conn, now.plus(-KEPT)).await.map(|_| ())
}
