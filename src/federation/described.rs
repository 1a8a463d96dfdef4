//! Actors of other servers, stored as these describe them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::convert::{self, ReadActor, ReadGroup};
use super::sign::PublicKey;
use super::state::Federation;
use super::wire::Doc;
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::groups::Group;
use crate::domain::peers::{Host, HostState, KeyKind};
use crate::services;
use crate::store::federation::{self as rows, StoredKey};
use crate::store::{Conn, actors, groups};
use crate::urls::host_of;

/// An actor as it is now, and as it was before where it was known.
#[derive(Debug)]
pub(super) struct Stored {
    actor: Actor,
    before: Option<Actor>,
}

impl Federation {
    /// Stores what an authentic actor document says: the actor, its keys, and the group it may be.
    pub(super) async fn store_actor(&self, document: &Value) -> Result<Actor> {
        let read = convert::read_actor(Doc(document), self.rules, self.ctx.now()).ok_or(Error::NotFound)?;
        if self.ctx.urls.is_ours(&read.uri) {
            return Err(Error::NotAuthentic(format!("{} is ours", read.uri)));
        }
        let group = read.group.clone();
        let Stored { actor, before } = self.gathered.described.one(read).await??;
        if before.as_ref().is_some_and(|before| before.icon_url != actor.icon_url) {
            services::pictures::forget_elsewhere(&self.ctx, &actor).await?;
        }
        let gone = before.and_then(|before| before.moved_to).filter(|_| actor.is_group());
        if gone.is_some_and(|to| Doc(document).one_id("movedTo") != Some(to.as_str())) {
            // Where it went is noted when it says so itself, with `Move`; that it was taken back shows here alone.
            services::handover::came_back(&self.ctx, &actor).await?;
        }
        if let Some(group) = group {
            self.store_group(&actor, group).await?;
        }
        Ok(actor)
    }

    /// Stores the group side of a peer's group.
    async fn store_group(&self, actor: &Actor, read: ReadGroup) -> Result<()> {
        let members = read.members;
        let stored = services::groups_elsewhere::receive_group(
            &self.ctx,
            actor,
            read.kind,
            read.posting,
            read.approval,
            members,
        )
        .await?;
        if stored.rules_html == read.rules.as_str() && stored.card_html == read.card.as_str() {
            return Ok(());
        }
        let renewed = Group { rules_html: read.rules.into_string(), card_html: read.card.into_string(), ..stored };
        self.ctx.db.write(move |conn| Box::pin(async move { groups::upsert(conn, &renewed).await })).await.map(|_| ())
    }
}

/// What is known of several actors while they are stored.
struct Storing {
    ids: Ids,
    now: Time,
    hosts: HashMap<String, Host>,
    known: HashMap<String, Actor>,
    /// Of each its keys, as it names them now.
    keys: BTreeMap<ActorId, Vec<StoredKey>>,
    /// Those that may have named others before.
    renewed: BTreeSet<ActorId>,
    /// Hosts that read wrapped activities.
    wrapping: BTreeSet<HostId>,
}

/// Stores actors as their servers describe them. What is refused is told of each, and nothing of it was written; any other error
/// is one of all.
pub(super) async fn store_all(
    conn: &mut Conn,
    ids: Ids,
    now: Time,
    all: Vec<ReadActor>,
) -> Result<Vec<Result<Stored>>> {
    let names: BTreeSet<String> = all.iter().filter_map(|read| host_of(&read.uri)).collect();
    let hosts = rows::ensure_hosts(conn, &ids, &names).await?;
    let uris: Vec<String> = all.iter().map(|read| read.uri.clone()).collect();
    let known = rows::actors_by_uri(conn, &uris).await?;
    let mut storing = Storing {
        ids,
        now,
        hosts: hosts.into_iter().map(|host| (host.name.clone(), host)).collect(),
        known: known.into_iter().map(|actor| (actor.uri.clone(), actor)).collect(),
        keys: BTreeMap::new(),
        renewed: BTreeSet::new(),
        wrapping: BTreeSet::new(),
    };
    // In the order of their ids, as all who change actors do, or two could wait for each other; then those that are new.
    let mut places: Vec<(usize, ReadActor)> = all.into_iter().enumerate().collect();
    places.sort_by_cached_key(|(_, read)| {
        (storing.known.get(&read.uri).map_or(ActorId(i64::MAX), |actor| actor.id), read.uri.clone())
    });
    let mut stored = BTreeMap::new();
    for (place, read) in places {
        stored.insert(place, storing.store(conn, read).await?);
    }
    storing.finish(conn).await?;
    Ok(stored.into_values().collect())
}

impl Storing {
    async fn store(&mut self, conn: &mut Conn, read: ReadActor) -> Result<Result<Stored>> {
        let Some(host) = host_of(&read.uri).and_then(|name| self.hosts.get(&name)) else {
            return Ok(Err(Error::NotFound));
        };
        if host.state == HostState::Blocked {
            return Ok(Err(Error::forbidden("error-host-blocked")));
        }
        let (host, uri, wraps) = (host.id, read.uri.clone(), read.wraps);
        let before = self.known.get(&uri).cloned();
        let id = before.as_ref().map_or_else(|| ActorId(self.ids.next()), |actor| actor.id);
        let keys = match read.keys.iter().map(|(uri, key)| self.key(uri, key)).collect::<Result<Vec<_>>>() {
            Ok(keys) => keys,
            Err(unusable) => return Ok(Err(unusable)),
        };
        let created_at = before.as_ref().map_or(self.now, |actor| actor.created_at);
        let actor = match actors::upsert(conn, &read.into_new(id, host, created_at, self.now)).await {
            Ok(actor) => actor,
            Err(taken @ Error::Conflict { .. }) => return Ok(Err(taken)),
            Err(other) => return Err(other),
        };
        // Another may have been first.
        if before.is_some() || actor.id != id {
            self.renewed.insert(actor.id);
        }
        let keys = keys.into_iter().map(|key| StoredKey { actor_id: actor.id, ..key }).collect();
        self.keys.insert(actor.id, keys);
        if wraps {
            self.wrapping.insert(host);
        }
        self.known.insert(uri, actor.clone());
        Ok(Ok(Stored { actor, before }))
    }

    /// A key of an actor that is not stored yet.
    fn key(&self, uri: &str, key: &PublicKey) -> Result<StoredKey> {
        Ok(StoredKey {
            id: self.ids.next(),
            actor_id: ActorId(0),
            key_uri: uri.to_owned(),
            kind: if key.is_ed25519() { KeyKind::Ed25519 } else { KeyKind::Rsa },
            public_pem: key.to_pem()?,
            private_sealed: None,
            former: None,
        })
    }

    async fn finish(self, conn: &mut Conn) -> Result<()> {
        let mut named: BTreeMap<&str, &StoredKey> = BTreeMap::new();
        for key in self.keys.values().flatten() {
            named.insert(&key.key_uri, key);
        }
        let keys: Vec<StoredKey> = named.into_values().cloned().collect();
        rows::upsert_keys(conn, &keys, self.now).await?;
        for actor in &self.renewed {
            let of = self.keys.get(actor).into_iter().flatten();
            let kept: Vec<String> = of.map(|key| key.key_uri.clone()).collect();
            rows::delete_other_keys(conn, *actor, &kept).await?;
        }
        for host in self.wrapping {
            rows::set_wraps(conn, host).await?;
        }
        Ok(())
    }
}
