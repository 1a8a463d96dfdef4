//! What many ask or write at the same moment, gathered: see [`Together`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::convert::ReadActor;
use super::described::{Stored, store_all};
use super::outbound::{CHUNK, Sent, write_all};
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::groups::{Follow, GroupKind};
use crate::domain::peers::Host;
use crate::store::deliveries::Delivery;
use crate::store::federation as rows;
use crate::store::posts::{Met, Reacting, meet_reactions};
use crate::store::{Conn, Db, Together, actors, aliases, deliveries, follows};

/// Host, inbox and shared inbox of an actor elsewhere.
pub(super) type Reached = (ActorId, String, String, Option<String>);

/// A key with its owner: PEM, and where that lives.
pub(super) type KnownKey = (String, Actor, Host);

/// Everything that is gathered.
pub struct Gathered {
    /// Hosts by name, of those that are known.
    pub(super) hosts: Together<Vec<String>, Vec<Host>>,
    /// Actors by their ActivityPub ids, of those that are known.
    pub(super) named: Together<Vec<String>, Vec<Actor>>,
    /// Actors.
    pub(super) actors: Together<ActorId, Option<Actor>>,
    /// Keys of peers' actors.
    pub(super) keys: Together<String, Option<KnownKey>>,
    /// Kinds of groups, and whether their names are told.
    pub(super) kinds: Together<ActorId, Option<(GroupKind, bool, bool)>>,
    /// Whether a group goes on as one of ours.
    pub(super) had_former: Together<ActorId, bool>,
    /// Who follows whom.
    pub(super) follows: Together<(ActorId, ActorId), Option<Follow>>,
    /// Inboxes of actors elsewhere, those of blocked hosts left out.
    pub(super) inboxes: Together<Vec<ActorId>, Vec<Reached>>,
    /// What reactions meet that come in.
    pub(super) met: Together<Reacting, Option<Met>>,
    /// What waits first in lanes.
    pub(super) waiting: Together<String, Vec<Delivery>>,
    /// Stores actors as their servers describe them.
    pub(super) described: Together<ReadActor, Result<Stored>>,
    /// Writes activities down that go out; how many deliveries that made.
    pub(super) sent: Together<Vec<Sent>, usize>,
    /// Notes received activities that are dealt with.
    pub(super) done: Together<Vec<ActivityId>, ()>,
}

impl Gathered {
    /// For one database.
    pub fn new(db: &Db, ids: &Ids, clock: &Clock) -> Self {
        Self {
            hosts: Together::reading(db, |conn, all| Box::pin(hosts_named(conn, all))),
            named: Together::reading(db, |conn, all| Box::pin(actors_named(conn, all))),
            actors: Together::reading(db, |conn, ids| Box::pin(actors_of(conn, ids))),
            keys: Together::reading(db, |conn, uris| Box::pin(keys_named(conn, uris))),
            kinds: Together::reading(db, |conn, ids| Box::pin(kinds_of(conn, ids))),
            had_former: Together::reading(db, |conn, ids| {
                Box::pin(async move {
                    let found = aliases::with_former(conn, &ids).await?;
                    Ok(ids.iter().map(|id| found.contains(id)).collect())
                })
            }),
            follows: Together::reading(db, |conn, pairs| Box::pin(follows_of(conn, pairs))),
            inboxes: Together::reading(db, |conn, all| Box::pin(inboxes_of(conn, all))),
            met: Together::reading(db, |conn, all| Box::pin(async move { meet_reactions(conn, &all).await })),
            waiting: Together::reading(db, |conn, keys| {
                Box::pin(async move { deliveries::in_lanes(conn, &keys, CHUNK).await })
            }),
            described: Together::in_transaction_at(db, ids, clock, |conn, ids, now, all| {
                Box::pin(store_all(conn, ids, now, all))
            }),
            sent: Together::in_transaction_at(db, ids, clock, |conn, _, now, all| Box::pin(write_all(conn, now, all))),
            done: Together::writing(db, |conn, all: Vec<Vec<ActivityId>>| {
                Box::pin(async move {
                    let mut ids = all.concat();
                    ids.sort_unstable();
                    rows::finish_activities(conn, &ids).await?;
                    Ok(vec![(); all.len()])
                })
            }),
        }
    }
}

async fn hosts_named(conn: &mut Conn, all: Vec<Vec<String>>) -> Result<Vec<Vec<Host>>> {
    if let [names] = all.as_slice()
        && let [name] = names.as_slice()
    {
        return Ok(vec![rows::find_host(conn, name).await?.into_iter().collect()]);
    }
    let names: BTreeSet<&String> = all.iter().flatten().collect();
    let found = rows::hosts_by_name(conn, &names.into_iter().cloned().collect::<Vec<_>>()).await?;
    let found: HashMap<&str, &Host> = found.iter().map(|host| (host.name.as_str(), host)).collect();
    let of = |names: &Vec<String>| names.iter().filter_map(|name| found.get(name.as_str()).copied().cloned()).collect();
    Ok(all.iter().map(of).collect())
}

async fn actors_named(conn: &mut Conn, all: Vec<Vec<String>>) -> Result<Vec<Vec<Actor>>> {
    let uris: BTreeSet<&String> = all.iter().flatten().collect();
    let found = rows::actors_by_uri(conn, &uris.into_iter().cloned().collect::<Vec<_>>()).await?;
    let found: HashMap<&str, &Actor> = found.iter().map(|actor| (actor.uri.as_str(), actor)).collect();
    let of = |uris: &Vec<String>| {
        let uris: BTreeSet<&str> = uris.iter().map(String::as_str).collect();
        uris.into_iter().filter_map(|uri| found.get(uri).copied().cloned()).collect()
    };
    Ok(all.iter().map(of).collect())
}

async fn actors_of(conn: &mut Conn, ids: Vec<ActorId>) -> Result<Vec<Option<Actor>>> {
    if let [id] = ids.as_slice() {
        return Ok(vec![actors::find(conn, *id).await?]);
    }
    let distinct: BTreeSet<ActorId> = ids.iter().copied().collect();
    let found = actors::list(conn, &distinct.into_iter().collect::<Vec<_>>()).await?;
    let found: BTreeMap<ActorId, Actor> = found.into_iter().map(|actor| (actor.id, actor)).collect();
    Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
}

async fn keys_named(conn: &mut Conn, uris: Vec<String>) -> Result<Vec<Option<KnownKey>>> {
    let found = rows::find_keys(conn, &uris).await?;
    let found: HashMap<String, KnownKey> =
        found.into_iter().map(|(uri, pem, actor, host)| (uri, (pem, actor, host))).collect();
    Ok(uris.iter().map(|uri| found.get(uri).cloned()).collect())
}

async fn kinds_of(conn: &mut Conn, ids: Vec<ActorId>) -> Result<Vec<Option<(GroupKind, bool, bool)>>> {
    let distinct: BTreeSet<ActorId> = ids.iter().copied().collect();
    let found = rows::group_kinds(conn, &distinct.into_iter().collect::<Vec<_>>()).await?;
    let found: BTreeMap<ActorId, _> =
        found.into_iter().map(|(id, kind, hidden, outside)| (id, (kind, hidden, outside))).collect();
    Ok(ids.iter().map(|id| found.get(id).copied()).collect())
}

async fn follows_of(conn: &mut Conn, pairs: Vec<(ActorId, ActorId)>) -> Result<Vec<Option<Follow>>> {
    let distinct: BTreeSet<_> = pairs.iter().copied().collect();
    let found = follows::between(conn, &distinct.into_iter().collect::<Vec<_>>()).await?;
    let found: BTreeMap<_, Follow> =
        found.into_iter().map(|follow| ((follow.follower_id, follow.target_id), follow)).collect();
    Ok(pairs.iter().map(|pair| found.get(pair).cloned()).collect())
}

async fn inboxes_of(conn: &mut Conn, all: Vec<Vec<ActorId>>) -> Result<Vec<Vec<Reached>>> {
    let ids: BTreeSet<ActorId> = all.iter().flatten().copied().collect();
    let found = rows::inboxes_of(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
    let found: BTreeMap<ActorId, Reached> = found.into_iter().map(|reached| (reached.0, reached)).collect();
    let of = |ids: &Vec<ActorId>| {
        let ids: BTreeSet<&ActorId> = ids.iter().collect();
        ids.into_iter().filter_map(|id| found.get(id).cloned()).collect()
    };
    Ok(all.iter().map(of).collect())
}
