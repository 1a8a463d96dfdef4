//! What federation keeps: hosts, keys, and activities as they were sent or received.

use std::collections::BTreeSet;

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::actors as actor_rows;
use super::schema::{
    actor_keys, actors, audiences, entries, follows, groups, held_activities, hosts, posts, reactions, readers,
};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::audiences::Scope;
use crate::domain::groups::{FollowState, GroupKind, GroupRole};
use crate::domain::peers::*;
use crate::domain::posts::{EntryKind, ReactionKind};
use crate::store::among::one_of;
use crate::store::columns::Column;
use crate::store::fixed::Fixed;
use crate::store::query::RunQueryDsl;

pub use super::activities::*;

/// A key of an actor, ours or a peer's.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// Made by `Ids`.
    pub id: i64,
    /// Whose.
    pub actor_id: ActorId,
    /// Its id, a URL.
    pub key_uri: String,
    /// What it can do.
    pub kind: KeyKind,
    /// SubjectPublicKeyInfo, PEM.
    pub public_pem: String,
    /// The sealed private half of our own keys.
    pub private_sealed: Option<String>,
    /// The sealed private half of the key before, and below which id deliveries are signed with that.
    pub former: Option<(String, i64)>,
}

type KeyRow = (i64, ActorId, String, KeyKind, String, Option<String>, (Option<String>, Option<i64>));

/// Collections of an actor: outbox, featured, moderators.
pub type Collections = (Option<String>, Option<String>, Option<String>);

db_fn! {
    /// A host by name.
    pub async fn find_host(conn, name: &str) -> Option<Host> {
        hosts::table.filter(hosts::name.eq(name.to_lowercase())).select(Host::as_select()).first(conn).await.optional()
    }

    /// A host by id.
    pub async fn get_host(conn, id: HostId) -> Host {
        hosts::table.find(id).select(Host::as_select()).first(conn).await
    }

    /// Several hosts by name.
    pub async fn hosts_by_name(conn, names: &[String]) -> Vec<Host> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        hosts::table.filter(hosts::name.eq_any(one_of(names))).select(Host::as_select()).load(conn).await
    }

    /// Servers we agreed something with, or that asked, by name.
    pub async fn peers(conn) -> Vec<Host> {
        hosts::table
            .filter(hosts::peer_state.ne(PeerState::None))
            .order(hosts::name)
            .select(Host::as_select())
            .load(conn)
            .await
    }

    /// Notes what software a host runs; `None` when it would not tell.
    pub async fn set_software(conn, id: HostId, name: Option<&str>, version: Option<&str>, now: Time) -> usize {
        match name {
            Some(name) => diesel::update(hosts::table.find(id))
                .set((hosts::software.eq(name), hosts::version.eq(version), hosts::checked_at.eq(now.micros())))
                .execute(conn)
                .await,
            None => diesel::update(hosts::table.find(id)).set(hosts::checked_at.eq(now.micros())).execute(conn).await,
        }
    }

    /// Notes that a host reads wrapped activities.
    pub async fn set_wraps(conn, id: HostId) -> usize {
        diesel::update(hosts::table.filter(hosts::id.eq(id).and(hosts::wraps.eq(false))))
            .set(hosts::wraps.eq(true))
            .execute(conn)
            .await
    }

    /// Notes how a host wants requests signed.
    pub async fn set_signature_form(conn, name: &str, form: Option<&str>) -> usize {
        diesel::update(hosts::table.filter(hosts::name.eq(name))).set(hosts::signature_form.eq(form)).execute(conn).await
    }

    /// Notes that a host showed sign of life.
    pub async fn set_seen(conn, id: HostId, now: Time) -> usize {
        diesel::update(hosts::table.find(id)).set(hosts::seen_at.eq(now.micros())).execute(conn).await
    }

    /// Notes what was agreed with a host.
    pub async fn set_peer_state(conn, id: HostId, state: PeerState, scope: Option<&str>) -> usize {
        diesel::update(hosts::table.find(id))
            .set((hosts::peer_state.eq(state), hosts::peer_scope.eq(scope)))
            .execute(conn)
            .await
    }

    /// Sets what administrators decided about a host.
    pub async fn set_host_state(conn, id: HostId, state: HostState) -> usize {
        diesel::update(hosts::table.find(id)).set(hosts::state.eq(state)).execute(conn).await
    }

    async fn upsert_key(conn, key: &StoredKey, now: Time) -> usize {
        diesel::insert_into(actor_keys::table)
            .values((
                actor_keys::id.eq(key.id), actor_keys::actor_id.eq(key.actor_id), actor_keys::key_uri.eq(&key.key_uri),
                actor_keys::kind.eq(key.kind), actor_keys::public_pem.eq(&key.public_pem),
                actor_keys::private_sealed.eq(&key.private_sealed), actor_keys::created_at.eq(now.micros()),
            ))
            .on_conflict(actor_keys::key_uri)
            .do_update()
            .set((actor_keys::kind.eq(excluded(actor_keys::kind)), actor_keys::public_pem.eq(excluded(actor_keys::public_pem))))
            .execute(conn)
            .await
    }

    /// Adds a key of our own unless there is one; whoever was first wins.
    pub async fn insert_own_key(conn, key: &StoredKey, now: Time) -> usize {
        diesel::insert_into(actor_keys::table)
            .values((
                actor_keys::id.eq(key.id), actor_keys::actor_id.eq(key.actor_id), actor_keys::key_uri.eq(&key.key_uri),
                actor_keys::kind.eq(key.kind), actor_keys::public_pem.eq(&key.public_pem),
                actor_keys::private_sealed.eq(&key.private_sealed), actor_keys::created_at.eq(now.micros()),
            ))
            .on_conflict(actor_keys::key_uri)
            .do_nothing()
            .execute(conn)
            .await
    }

    /// A new key in place of one of ours. Deliveries with an id below `before` are still signed with the former.
    pub async fn renew_own_key(conn, key_uri: &str, public_pem: &str, sealed: &str, before: i64) -> usize {
        diesel::update(actor_keys::table.filter(actor_keys::key_uri.eq(key_uri)))
            .set((
                actor_keys::former_sealed.eq(actor_keys::private_sealed), actor_keys::former_before.eq(before),
                actor_keys::private_sealed.eq(sealed), actor_keys::public_pem.eq(public_pem),
            ))
            .execute(conn)
            .await
    }

    async fn put_keys(conn, query: Fixed<()>) -> usize {
        query.execute(conn).await
    }

    async fn key_rows(conn, actor: ActorId) -> Vec<KeyRow> {
        actor_keys::table
            .filter(actor_keys::actor_id.eq(actor))
            .order(actor_keys::id)
            .select((
                actor_keys::id, actor_keys::actor_id, actor_keys::key_uri, actor_keys::kind, actor_keys::public_pem,
                actor_keys::private_sealed, (actor_keys::former_sealed, actor_keys::former_before),
            ))
            .load(conn)
            .await
    }

    /// Public keys by their ids, in no order: id, PEM, owner, and where that lives.
    pub async fn find_keys(conn, uris: &[String]) -> Vec<(String, String, Actor, Host)> {
        actor_keys::table
            .inner_join(actors::table.on(actors::id.eq(actor_keys::actor_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(actor_keys::key_uri.eq_any(one_of(uris)))
            .select((actor_keys::key_uri, actor_keys::public_pem, Actor::as_select(), Host::as_select()))
            .load(conn)
            .await
    }

    /// Forgets the keys that a peer's actor no longer names.
    pub async fn delete_other_keys(conn, actor: ActorId, keep: &[String]) -> usize {
        diesel::delete(actor_keys::table.filter(actor_keys::actor_id.eq(actor).and(not(actor_keys::key_uri.eq_any(one_of(keep))))))
            .execute(conn)
            .await
    }

    /// Remembers in which activity a post came that a moderator must see first.
    pub async fn hold_activity(conn, post: PostId, activity: ActivityId) -> usize {
        diesel::insert_into(held_activities::table)
            .values((held_activities::post_id.eq(post), held_activities::activity_id.eq(activity)))
            .on_conflict(held_activities::post_id)
            .do_nothing()
            .execute(conn)
            .await
    }

    /// The activity in which a held post came.
    pub async fn held_activity(conn, post: PostId) -> Option<ActivityId> {
        held_activities::table.find(post).select(held_activities::activity_id).first(conn).await.optional()
    }

    /// ActivityPub id of a reaction.
    pub async fn reaction_uri(conn, actor: ActorId, post: PostId, kind: ReactionKind) -> Option<String> {
        let found: Option<Option<String>> = reactions::table
            .filter(reactions::actor_id.eq(actor).and(reactions::post_id.eq(post)).and(reactions::kind.eq(kind)))
            .select(reactions::uri)
            .first(conn)
            .await
            .optional()?;
        Ok(found.flatten())
    }

    /// ActivityPub id of a share.
    pub async fn share_uri(conn, actor: ActorId, post: PostId) -> Option<String> {
        let found: Option<Option<String>> = entries::table
            .filter(entries::source_id.eq(actor).and(entries::post_id.eq(post)).and(entries::how.eq(EntryKind::Share)))
            .select(entries::uri)
            .first(conn)
            .await
            .optional()?;
        Ok(found.flatten())
    }

    /// Who shared what, by the ActivityPub id of the share.
    pub async fn find_share(conn, uri: &str) -> Option<(ActorId, PostId)> {
        entries::table
            .filter(entries::uri.eq(uri).and(entries::how.eq(EntryKind::Share)))
            .select((entries::source_id, entries::post_id))
            .first(conn)
            .await
            .optional()
    }

    /// Collections of an actor.
    pub async fn collections(conn, actor: ActorId) -> Collections {
        actors::table
            .find(actor)
            .select((actors::outbox, actors::featured_uri, actors::moderators_uri))
            .first(conn)
            .await
    }

    /// The actor that owns a followers collection.
    pub async fn find_by_followers(conn, uri: &str) -> Option<ActorId> {
        actors::table.filter(actors::followers_uri.eq(uri)).select(actors::id).first(conn).await.optional()
    }

    /// Actors by their ActivityPub ids, in no order.
    pub async fn actors_by_uri(conn, uris: &[String]) -> Vec<Actor> {
        actors::table.filter(actors::uri.eq_any(one_of(uris))).select(Actor::as_select()).load(conn).await
    }

    /// ActivityPub ids of posts, in no order.
    pub async fn post_uris(conn, ids: &[PostId]) -> Vec<(PostId, String)> {
        posts::table.filter(posts::id.eq_any(one_of(ids))).select((posts::id, posts::uri)).load(conn).await
    }

    /// What remote comments answer that is not here yet, by post.
    pub async fn parent_uri(conn, id: PostId) -> Option<String> {
        posts::table.find(id).select(posts::parent_uri).first(conn).await
    }

    /// Whether anyone of a host follows, asked to follow, or was invited by an actor.
    pub async fn host_has_follow(conn, target: ActorId, host: HostId, states: &[FollowState]) -> bool {
        let theirs = follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .filter(follows::target_id.eq(target).and(follows::state.eq_any(one_of(states))))
            .filter(actors::host_id.eq(host));
        diesel::select(exists(theirs)).get_result(conn).await
    }

    /// Whether a host has a reader of an audience.
    pub async fn host_reads(conn, audience: AudienceId, host: HostId) -> bool {
        let theirs = readers::table.filter(readers::audience_id.eq(audience).and(readers::host_id.eq(host)));
        diesel::select(exists(theirs)).get_result(conn).await
    }

    /// Who reads an audience by name: the parties of a conversation.
    pub async fn readers_of(conn, audience: AudienceId) -> Vec<ActorId> {
        readers::table.filter(readers::audience_id.eq(audience)).select(readers::actor_id).load(conn).await
    }

    /// A local, active member of a group, to sign reading of its things with; moderators first.
    pub async fn local_member(conn, group: ActorId) -> Option<ActorId> {
        follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .filter(follows::target_id.eq(group).and(follows::state.eq(FollowState::Accepted)))
            .filter(actors::host_id.eq(HostId::LOCAL).and(actors::state.eq(ActorState::Active)))
            .order((follows::role.desc(), follows::id))
            .select(follows::follower_id)
            .first(conn)
            .await
            .optional()
    }

    /// Moderators and owner of a group: id and ActivityPub id.
    pub async fn moderators(conn, group: ActorId) -> Vec<(ActorId, String)> {
        follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .filter(follows::target_id.eq(group).and(follows::state.eq(FollowState::Accepted)))
            .filter(follows::role.ne(GroupRole::Member).and(actors::state.eq(ActorState::Active)))
            .order(follows::id)
            .select((actors::id, actors::uri))
            .load(conn)
            .await
    }

    /// The kinds of several groups, and whether their names are told.
    pub async fn group_kinds(conn, ids: &[ActorId]) -> Vec<(ActorId, GroupKind, bool, bool)> {
        groups::table
            .filter(groups::actor_id.eq_any(one_of(ids)))
            .select((groups::actor_id, groups::kind, groups::hidden, groups::outside_members))
            .load(conn)
            .await
    }

    /// One inbox for each host that knows us: shared where there is one. For the news that an actor is gone.
    pub async fn every_inbox(conn) -> Vec<(String, String, Option<String>)> {
        actors::table
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(actors::host_id.ne(HostId::LOCAL).and(hosts::state.ne(HostState::Blocked)))
            .filter(actors::state.eq(ActorState::Active))
            .select((hosts::name, actors::inbox, actors::shared_inbox))
            .load(conn)
            .await
    }

    /// Host, inbox and shared inbox of actors elsewhere, blocked hosts left out.
    pub async fn inboxes_of(conn, ids: &[ActorId]) -> Vec<(ActorId, String, String, Option<String>)> {
        actors::table
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(actors::id.eq_any(one_of(ids)))
            .filter(actors::host_id.ne(HostId::LOCAL).and(hosts::state.ne(HostState::Blocked)))
            .select((actors::id, hosts::name, actors::inbox, actors::shared_inbox))
            .load(conn)
            .await
    }

    /// Accepted followers of an actor.
    pub async fn count_followers(conn, target: ActorId, network: bool) -> i64 {
        let all = follows::table.filter(follows::target_id.eq(target).and(follows::state.eq(FollowState::Accepted)));
        if !network {
            return all.count().get_result(conn).await;
        }
        all.inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .filter(super::groups::no_server())
            .count()
            .get_result(conn)
            .await
    }

    /// People and open posts here for NodeInfo: members, members seen since `month` and `half_year`, posts, comments.
    pub async fn usage(conn, month: Time, half_year: Time) -> (i64, i64, i64, i64, i64) {
        use super::schema::members;
        let alive = actors::state.eq(ActorState::Active);
        let people = || members::table.inner_join(actors::table.on(actors::id.eq(members::actor_id)));
        let total: i64 = people().filter(alive).count().get_result(conn).await?;
        let lately: i64 = people().filter(alive).filter(members::last_seen_at.ge(month)).count().get_result(conn).await?;
        let half: i64 = people().filter(alive).filter(members::last_seen_at.ge(half_year)).count().get_result(conn).await?;
        let ours = || posts::table.inner_join(actors::table.on(actors::id.eq(posts::author_id)))
            .filter(actors::host_id.eq(HostId::LOCAL))
            .filter(posts::state.eq(crate::domain::posts::PostState::Published))
            // How much is written in what is closed is nobody's business.
            .filter(posts::audience_id.eq_any(audiences::table.filter(audiences::scope.le(Scope::Unlisted)).select(audiences::id)));
        let top: i64 = ours().filter(posts::parent_id.is_null()).count().get_result(conn).await?;
        let comments: i64 = ours().filter(posts::parent_id.is_not_null()).count().get_result(conn).await?;
        Ok((total, lately, half, top, comments))
    }
}

/// The keys of an actor, oldest first.
pub async fn keys_of(conn: &mut Conn, actor: ActorId) -> Result<Vec<StoredKey>> {
    let key = |(id, actor_id, key_uri, kind, public_pem, private_sealed, (former, before)): KeyRow| StoredKey {
        id,
        actor_id,
        key_uri,
        kind,
        public_pem,
        private_sealed,
        former: former.zip(before),
    };
    Ok(key_rows(conn, actor).await?.into_iter().map(key).collect())
}

/// Several hosts by name, those added that are new; in no order.
pub async fn ensure_hosts(conn: &mut Conn, ids: &Ids, names: &BTreeSet<String>) -> Result<Vec<Host>> {
    let all: Vec<String> = names.iter().cloned().collect();
    let known = hosts_by_name(conn, &all).await?;
    if known.len() == all.len() {
        return Ok(known);
    }
    for name in names.iter().filter(|name| known.iter().all(|host| host.name != **name)) {
        actor_rows::add_host(conn, HostId(ids.next()), name).await?;
    }
    hosts_by_name(conn, &all).await
}

/// Adds keys of peers' actors, each once, or renews those that are known.
pub async fn upsert_keys(conn: &mut Conn, keys: &[StoredKey], now: Time) -> Result<()> {
    if keys.len() < 2 || matches!(conn, Conn::Sqlite(_)) {
        for key in keys {
            upsert_key(conn, key, now).await?;
        }
        return Ok(());
    }
    let columns = [
        ("id", Column::ints(keys.iter().map(|key| key.id))),
        ("actor_id", Column::ints(keys.iter().map(|key| key.actor_id.0))),
        ("key_uri", Column::texts(keys.iter().map(|key| key.key_uri.as_str()))),
        ("kind", Column::texts(keys.iter().map(|key| key.kind.as_str()))),
        ("public_pem", Column::texts(keys.iter().map(|key| key.public_pem.as_str()))),
    ];
    let mut query =
        Fixed::new("INSERT INTO actor_keys (id, actor_id, key_uri, kind, public_pem, created_at) SELECT new.*");
    query.push(", ? FROM ", &[now.micros()]);
    query.push_rows(conn, "new", &columns);
    query.push(
        " WHERE TRUE ORDER BY new.key_uri ON CONFLICT (key_uri) DO UPDATE SET kind = excluded.kind, \
         public_pem = excluded.public_pem",
        &[],
    );
    put_keys(conn, query).await.map(|_| ())
}

/// The kind of a group, and whether its name is told.
pub async fn group_kind(conn: &mut Conn, id: ActorId) -> Result<Option<(GroupKind, bool, bool)>> {
    Ok(group_kinds(conn, &[id]).await?.pop().map(|(_, kind, hidden, outside)| (kind, hidden, outside)))
}
