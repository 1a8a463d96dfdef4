//! Ideas for a member, each with why: people with whom they share something, groups that people like them are in, and
//! groups of theirs that sleep.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use super::{Ctx, expertise};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::ActorCard;
use crate::domain::groups::{FollowState, Posting};
use crate::domain::knowledge::{Expertise, Relation, Term, Told};
use crate::policy;
use crate::store::{self, Conn};

/// How long ideas are remembered: what someone did in between shows after that.
const REMEMBERED: Duration = Duration::from_secs(600);
/// Members whose ideas are remembered.
const MOST_MEMBERS: u64 = 2_000;
/// Ideas of each kind.
const OF_EACH: usize = 4;
/// Rows of what others tell that are looked at, people like someone, and places of these in groups.
const LOOKED_AT: (i64, usize, i64) = (600, 60, 3_000);
/// From how many people in it on a group is an idea.
const IN_IT: usize = 2;
/// A group sleeps when nobody wrote in it for so long, and can be woken when it has so many members.
const ASLEEP: (i64, i64) = (45 * Time::DAY, 3);

/// What the viewer and someone else have to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// Both know about it.
    Both,
    /// The viewer can help the other with it.
    YouHelp,
    /// The other can help the viewer with it.
    TheyHelp,
}

/// One idea.
#[derive(Clone, Debug)]
pub enum Idea {
    /// Someone to get to know.
    Person {
        /// Who.
        who: ActorCard,
        /// Why.
        link: Link,
        /// In what.
        term: Term,
    },
    /// A group to look at.
    Group {
        /// Which.
        group: ActorCard,
        /// How many people like the viewer are in it.
        people: usize,
        /// What most of them share with the viewer.
        term: Term,
    },
    /// A group of the viewer's in which nobody writes any more.
    Wake {
        /// Which.
        group: ActorCard,
        /// The last post.
        since: Time,
    },
}

impl Idea {
    /// Whom or what it is about.
    pub fn about(&self) -> &ActorCard {
        match self {
            Self::Person { who, .. } => who,
            Self::Group { group, .. } | Self::Wake { group, .. } => group,
        }
    }
}

/// What home needs to know of a member that does not change with every visit.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Has first steps to do.
    pub newcomer: bool,
    /// Ideas, the best first.
    pub ideas: Vec<Idea>,
}

/// What is known of members, for ten minutes, in this process.
#[derive(Clone, Debug)]
pub struct Remembered(Cache<ActorId, Arc<Known>>);

impl Default for Remembered {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST_MEMBERS).time_to_live(REMEMBERED).build())
    }
}

impl Remembered {
    /// Looks anew the next time.
    pub async fn forget(&self, member: ActorId) {
        self.0.invalidate(&member).await;
    }
}

/// Ideas for the viewer, and whether they are new here, as it is now.
pub async fn of(ctx: &Ctx, viewer: &Viewer) -> Result<Arc<Known>> {
    let me = viewer.member_id()?;
    let known = Arc::new(look(ctx, viewer, me).await?);
    ctx.ideas.0.insert(me, known.clone()).await;
    Ok(known)
}

/// The one idea of today, each day the next, and whether the viewer is new here: from memory when that was asked a moment ago.
/// That the idea still holds is asked each time, for what was told may be closed again.
pub async fn of_today(ctx: &Ctx, viewer: &Viewer) -> Result<(Option<Idea>, bool)> {
    let me = viewer.member_id()?;
    let known = match ctx.ideas.0.get(&me).await {
        Some(known) => known,
        None => of(ctx, viewer).await?,
    };
    let day = usize::try_from(ctx.now().micros().div_euclid(Time::DAY)).unwrap_or(0);
    let idea = match known.ideas.len() {
        0 => None,
        n => known.ideas.get(day % n).cloned(),
    };
    let Some(idea) = idea else { return Ok((None, known.newcomer)) };
    let holds = holds(&mut ctx.db.read().await?, viewer, me, &idea).await?;
    if !holds {
        ctx.ideas.forget(me).await;
    }
    Ok((Some(idea).filter(|_| holds), known.newcomer))
}

async fn holds(conn: &mut Conn, viewer: &Viewer, me: ActorId, idea: &Idea) -> Result<bool> {
    match idea {
        Idea::Person { who, term, .. } => {
            store::suggestions::person_holds(conn, me, who.id, term.id, policy::told_to(viewer, false)).await
        }
        Idea::Group { group, .. } => store::suggestions::group_holds(conn, me, group.id).await,
        Idea::Wake { group, .. } => store::suggestions::is_in(conn, me, group.id).await,
    }
}

/// The viewer does not want this one again.
pub async fn refuse(ctx: &Ctx, viewer: &Viewer, about: ActorId) -> Result<()> {
    let me = viewer.member_id()?;
    super::regards::dismiss(ctx, viewer, about).await?;
    ctx.ideas.forget(me).await;
    Ok(())
}

async fn look(ctx: &Ctx, viewer: &Viewer, me: ActorId) -> Result<Known> {
    let mut conn = ctx.db.read().await?;
    if !viewer.is_full_member() {
        return Ok(Known::default());
    }
    let newcomer = store::newcomers::find(&mut conn, me).await?.is_some_and(|newcomer| newcomer.ended_at.is_none());
    if !store::expertise::choices(&mut conn, me).await?.ideas {
        return Ok(Known { newcomer, ideas: Vec::new() });
    }
    let links = links(&mut conn, viewer, me).await?;
    let people = people(&mut conn, me, &links).await?;
    let groups = groups(&mut conn, me, &links).await?;
    let asleep = asleep(&mut conn, me, ctx.now()).await?;
    // One of each kind in turn, so that a day's idea is not always a person.
    let mut kinds = [people.into_iter(), groups.into_iter(), asleep.into_iter()];
    let mut ideas = Vec::new();
    for _ in 0..OF_EACH {
        ideas.extend(kinds.iter_mut().filter_map(Iterator::next));
    }
    Ok(Known { newcomer, ideas })
}

/// People who share something with the viewer, who fits best first, each with what they share, the strongest first.
async fn links(conn: &mut Conn, viewer: &Viewer, me: ActorId) -> Result<Vec<(ActorId, Vec<(Link, Term)>)>> {
    let all = store::expertise::of(conn, me, store::expertise::Lens { told: Told::ALL, me: Some(me) }).await?;
    let mut mine: HashMap<TermId, Vec<Relation>> = HashMap::new();
    for row in &all {
        mine.entry(row.term.id).or_default().push(row.relation);
    }
    let terms: Vec<TermId> = mine.keys().copied().collect();
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let theirs = expertise::told_about(conn, viewer, &terms, LOOKED_AT.0).await?;
    let mut links: HashMap<ActorId, Vec<(Link, Term)>> = HashMap::new();
    for Expertise { member_id, relation, term, .. } in theirs.into_iter().filter(|row| row.member_id != me) {
        let own = mine.get(&term.id).map_or(&[][..], Vec::as_slice);
        if let Some(link) = own.iter().filter_map(|own| link(*own, relation)).max() {
            let found = links.entry(member_id).or_default();
            match found.iter_mut().find(|(_, known)| known.id == term.id) {
                Some(known) => known.0 = known.0.max(link),
                None => found.push((link, term)),
            }
        }
    }
    let mut links: Vec<_> = links.into_iter().collect();
    for (_, found) in &mut links {
        found.sort_by_key(|(link, term)| (std::cmp::Reverse(*link), term.id));
    }
    links.sort_by_key(|(who, found)| {
        (std::cmp::Reverse((found.first().map(|(link, _)| *link), found.len())), std::cmp::Reverse(*who))
    });
    links.truncate(LOOKED_AT.1);
    Ok(links)
}

fn link(own: Relation, theirs: Relation) -> Option<Link> {
    match (own, theirs) {
        (Relation::Learns, Relation::Knows | Relation::Teaches) => Some(Link::TheyHelp),
        (Relation::Knows | Relation::Teaches, Relation::Learns) => Some(Link::YouHelp),
        (Relation::Knows | Relation::Teaches | Relation::Reaches, Relation::Knows | Relation::Teaches)
        | (Relation::Knows | Relation::Teaches, Relation::Reaches)
        | (Relation::Learns, Relation::Learns) => Some(Link::Both),
        _ => None,
    }
}

/// Those whom the viewer does not follow yet, did not turn down, and whom nothing stands between.
async fn people(conn: &mut Conn, me: ActorId, links: &[(ActorId, Vec<(Link, Term)>)]) -> Result<Vec<Idea>> {
    let ids: Vec<ActorId> = links.iter().map(|(who, _)| *who).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut out: HashSet<ActorId> = store::groups::followed_among(conn, me, &ids).await?.into_iter().collect();
    out.extend(store::suggestions::turned_down(conn, me, &ids).await?);
    out.extend(expertise::shut_out(conn, me, &ids).await?);
    let fit: Vec<_> = links.iter().filter(|(who, _)| !out.contains(who)).take(OF_EACH).collect();
    let ids: Vec<ActorId> = fit.iter().map(|(who, _)| *who).collect();
    let cards = store::actors::cards(conn, &ids).await?;
    let idea = |(who, found): &(ActorId, Vec<(Link, Term)>)| {
        let (link, term) = found.first()?.clone();
        Some(Idea::Person { who: cards.iter().find(|card| card.id == *who)?.clone(), link, term })
    };
    Ok(fit.into_iter().filter_map(idea).collect())
}

/// Groups in which several of them are.
async fn groups(conn: &mut Conn, me: ActorId, links: &[(ActorId, Vec<(Link, Term)>)]) -> Result<Vec<Idea>> {
    let like: HashMap<ActorId, &Vec<(Link, Term)>> = links.iter().map(|(who, found)| (*who, found)).collect();
    let ids: Vec<ActorId> = like.keys().copied().collect();
    if ids.len() < IN_IT {
        return Ok(Vec::new());
    }
    let mut inside: HashMap<ActorId, Vec<ActorId>> = HashMap::new();
    for (group, who) in store::suggestions::groups_of(conn, &ids, me, LOOKED_AT.2).await? {
        inside.entry(group).or_default().push(who);
    }
    let mut found: Vec<(ActorId, usize, Term)> = Vec::new();
    for (group, people) in inside {
        // The word that most of them share with the viewer.
        let mut words: HashMap<TermId, (usize, &Term)> = HashMap::new();
        for (_, term) in people.iter().filter_map(|who| like.get(who)).flat_map(|found| found.iter()) {
            words.entry(term.id).or_insert((0, term)).0 += 1;
        }
        let most = words.into_values().max_by_key(|(n, term)| (*n, term.id));
        if let Some((n, term)) = most.filter(|(n, _)| *n >= IN_IT) {
            found.push((group, n, term.clone()));
        }
    }
    found.sort_by_key(|(group, n, _)| (std::cmp::Reverse(*n), *group));
    found.truncate(OF_EACH);
    let ids: Vec<ActorId> = found.iter().map(|(group, ..)| *group).collect();
    let cards = store::actors::cards(conn, &ids).await?;
    let idea = |(group, people, term): (ActorId, usize, Term)| {
        Some(Idea::Group { group: cards.iter().find(|card| card.id == group)?.clone(), people, term })
    };
    Ok(found.into_iter().filter_map(idea).collect())
}

/// Groups of the viewer's in which they may write and nobody has for a while, the one that slept longest last.
async fn asleep(conn: &mut Conn, me: ActorId, now: Time) -> Result<Vec<Idea>> {
    let mut found = Vec::new();
    for line in store::groups::mine(conn, me).await? {
        let keeps = line.mine.as_ref().is_some_and(|(state, ..)| *state == FollowState::Accepted);
        let may_write =
            line.group.posting == Posting::Members || line.mine.as_ref().is_some_and(|m| m.1.is_moderator());
        let sleeps = line.last_post_at.is_some_and(|at| now.since(at) >= ASLEEP.0);
        let wakes = line.group.archived_at.is_none() && line.group.members_count >= ASLEEP.1;
        if keeps && may_write && sleeps && wakes && line.actor.host.is_none() {
            found.push(line);
        }
    }
    let ids: Vec<ActorId> = found.iter().map(|line| line.actor.id).collect();
    let out = if ids.is_empty() { Vec::new() } else { store::suggestions::turned_down(conn, me, &ids).await? };
    found.retain(|line| !out.contains(&line.actor.id));
    found.sort_by_key(|line| std::cmp::Reverse(line.last_post_at));
    let idea = |line: store::groups::GroupLine| Some(Idea::Wake { since: line.last_post_at?, group: line.actor });
    Ok(found.into_iter().take(OF_EACH).filter_map(idea).collect())
}
