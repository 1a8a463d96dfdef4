//! What federation keeps: hosts, keys, and activities as they were sent or received.

use std::collections::HashSet;

use diesel::dsl::{exists, not, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;

use super::schema::{
    activities, actor_keys, actors, entries, follows, groups, held_activities, hosts, posts, reactions, readers,
};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::groups::{FollowState, GroupKind, GroupRole};
use crate::domain::peers::*;
use crate::domain::posts::{EntryKind, ReactionKind};

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
}

/// An activity to keep.
#[derive(Clone, Debug)]
pub struct NewActivity {
    /// Our id.
    pub id: ActivityId,
    /// Its ActivityPub id.
    pub uri: String,
    /// Its type.
    pub kind: String,
    /// Who acts, where that actor is in the store.
    pub actor_id: Option<ActorId>,
    /// Whose order it keeps: the ActivityPub id of who sent it.
    pub actor_uri: String,
    /// Who may read it; none for activities that are never served.
    pub audience_id: Option<AudienceId>,
    /// Received (else sent).
    pub incoming: bool,
    /// The JSON, byte for byte.
    pub body: String,
    /// When it came or was made.
    pub received_at: Time,
}

/// An activity as stored.
#[derive(Clone, Debug, Queryable)]
pub struct StoredActivity {
    /// Our id.
    pub id: ActivityId,
    /// Its ActivityPub id.
    pub uri: String,
    /// Its type.
    pub kind: String,
    /// Who acts, where known.
    pub actor_id: Option<ActorId>,
    /// Whose order it keeps.
    pub actor_uri: String,
    /// Who may read it.
    pub audience_id: Option<AudienceId>,
    /// The JSON.
    pub body: String,
    /// How often processing was begun.
    pub tries: i32,
}

const STORED: (
    activities::id,
    activities::uri,
    activities::kind,
    activities::actor_id,
    activities::actor_uri,
    activities::audience_id,
    activities::body,
    activities::tries,
) = (
    activities::id,
    activities::uri,
    activities::kind,
    activities::actor_id,
    activities::actor_uri,
    activities::audience_id,
    activities::body,
    activities::tries,
);

/// Collections of an actor: outbox, featured, moderators.
pub type Collections = (Option<String>, Option<String>, Option<String>);

/// Held while received activities are claimed, on PostgreSQL.
const CLAIM_LOCK: i64 = 727_003;
/// Activities of one sender claimed at once.
const OF_ONE_SENDER: i64 = 64;

/// The name of a sender.
#[derive(diesel::QueryableByName)]
struct Sender {
    #[diesel(sql_type = Text)]
    uri: String,
}

/// Received and not dealt with, spelled out: SQLite uses the index of those only when the query says so itself.
fn waiting() -> SqlLiteral<Bool> {
    sql("activities.state = 'waiting'")
}

/// The values of a new activity.
macro_rules! row_of {
    ($new:expr) => {{
        let new: &NewActivity = $new;
        let direction = if new.incoming { "in" } else { "out" };
        let state = if new.incoming { ActivityState::Waiting } else { ActivityState::Done };
        (
            activities::id.eq(new.id),
            activities::uri.eq(&new.uri),
            activities::kind.eq(&new.kind),
            activities::actor_id.eq(new.actor_id),
            activities::actor_uri.eq(&new.actor_uri),
            activities::audience_id.eq(new.audience_id),
            activities::direction.eq(direction),
            activities::state.eq(state),
            activities::body.eq(&new.body),
            activities::received_at.eq(new.received_at.micros()),
        )
    }};
}

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
        hosts::table.filter(hosts::name.eq_any(names)).select(Host::as_select()).load(conn).await
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

    /// Adds a key, or renews the public half of a known one that has no private half here.
    pub async fn upsert_key(conn, key: &StoredKey, now: Time) -> usize {
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

    async fn key_rows(conn, actor: ActorId) -> Vec<(i64, ActorId, String, KeyKind, String, Option<String>)> {
        actor_keys::table
            .filter(actor_keys::actor_id.eq(actor))
            .order(actor_keys::id)
            .select((
                actor_keys::id, actor_keys::actor_id, actor_keys::key_uri, actor_keys::kind, actor_keys::public_pem,
                actor_keys::private_sealed,
            ))
            .load(conn)
            .await
    }

    /// A public key by its id: kind, PEM, and its owner.
    pub async fn find_key(conn, uri: &str) -> Option<(KeyKind, String, Actor)> {
        actor_keys::table
            .inner_join(actors::table.on(actors::id.eq(actor_keys::actor_id)))
            .filter(actor_keys::key_uri.eq(uri))
            .select((actor_keys::kind, actor_keys::public_pem, Actor::as_select()))
            .first(conn)
            .await
            .optional()
    }

    /// Forgets the keys that a peer's actor no longer names.
    pub async fn delete_other_keys(conn, actor: ActorId, keep: &[String]) -> usize {
        diesel::delete(actor_keys::table.filter(actor_keys::actor_id.eq(actor).and(not(actor_keys::key_uri.eq_any(keep)))))
            .execute(conn)
            .await
    }

    /// Keeps an activity. `false` if one with this ActivityPub id is here already.
    pub async fn insert_activity(conn, new: &NewActivity) -> bool {
        diesel::insert_into(activities::table)
            .values(row_of!(new))
            .on_conflict(activities::uri)
            .do_nothing()
            .execute(conn)
            .await
            .map(|n| n > 0)
    }

    /// An activity by our id.
    pub async fn find_activity(conn, id: ActivityId) -> Option<StoredActivity> {
        activities::table.find(id).select(STORED).first(conn).await.optional()
    }

    /// An activity by its ActivityPub id.
    pub async fn find_activity_by_uri(conn, uri: &str) -> Option<StoredActivity> {
        activities::table.filter(activities::uri.eq(uri)).select(STORED).first(conn).await.optional()
    }

    /// Senders after one by name, whose received activities are due and of whom none is in work. Parked ones (with an
    /// error) hold nobody up. From sender to sender along the index, so that it costs the same whatever waits.
    async fn due_senders(conn, after: &str, now: i64, limit: i64) -> Vec<Sender> {
        let query = format!(
            "WITH RECURSIVE senders(uri) AS ( \
               SELECT min(actor_uri) FROM activities WHERE state = 'waiting' AND actor_uri > $1 \
               UNION ALL \
               SELECT (SELECT min(actor_uri) FROM activities WHERE state = 'waiting' AND actor_uri > senders.uri) \
               FROM senders WHERE senders.uri IS NOT NULL) \
             SELECT uri FROM senders WHERE uri IS NOT NULL \
               AND EXISTS (SELECT 1 FROM activities due \
                 WHERE due.state = 'waiting' AND due.actor_uri = senders.uri AND due.next_at <= {now}) \
               AND NOT EXISTS (SELECT 1 FROM ( \
                   SELECT next_at FROM activities old WHERE old.state = 'waiting' AND old.actor_uri = senders.uri \
                   AND old.error = '' ORDER BY old.id LIMIT {}) AS oldest \
                 WHERE oldest.next_at > {now}) \
             LIMIT {limit}",
            // What is in work are the oldest.
            4 * OF_ONE_SENDER
        );
        diesel::sql_query(query).bind::<Text, _>(after).load(conn).await
    }

    async fn due_of(conn, sender: &str, now: i64) -> Vec<ActivityId> {
        activities::table
            .filter(waiting().and(activities::next_at.le(now)).and(activities::actor_uri.eq(sender)))
            .order(activities::id)
            .limit(OF_ONE_SENDER)
            .select(activities::id)
            .load(conn)
            .await
    }

    async fn lease(conn, ids: &[ActivityId], now: i64, until: i64) -> Vec<StoredActivity> {
        diesel::update(activities::table)
            .filter(activities::id.eq_any(ids).and(activities::next_at.le(now)))
            .filter(activities::state.eq(ActivityState::Waiting))
            .set((activities::next_at.eq(until), activities::tries.eq(activities::tries + 1)))
            .returning(STORED)
            .get_results(conn)
            .await
    }

    /// Keeps a claim that was to end at `until`; how many activities are still held by it.
    pub async fn keep_claim(conn, ids: &[ActivityId], until: Time, longer: Time) -> usize {
        diesel::update(activities::table)
            .filter(activities::id.eq_any(ids).and(activities::state.eq(ActivityState::Waiting)))
            .filter(activities::next_at.eq(until.micros()))
            .set(activities::next_at.eq(longer.micros()))
            .execute(conn)
            .await
    }

    /// Takes up again what was in hand or put off: for a database that only this process uses, when it starts.
    pub async fn end_claims(conn) -> usize {
        diesel::update(activities::table)
            .filter(waiting().and(activities::tries.gt(0)))
            .set(activities::next_at.eq(0))
            .execute(conn)
            .await
    }

    /// Whether any received activity is due.
    pub async fn any_due(conn, now: Time) -> bool {
        let due = waiting().and(activities::next_at.le(now.micros()));
        diesel::select(exists(activities::table.filter(due))).get_result(conn).await
    }

    /// Received activities that nobody has dealt with yet, parked ones left out.
    pub async fn count_waiting(conn) -> i64 {
        activities::table
            .filter(waiting().and(activities::error.eq("")))
            .count()
            .get_result(conn)
            .await
    }

    /// Received activities that are dealt with.
    pub async fn finish_activities(conn, ids: &[ActivityId]) -> usize {
        diesel::update(activities::table.filter(activities::id.eq_any(ids)))
            .set((activities::state.eq(ActivityState::Done), activities::error.eq("")))
            .execute(conn)
            .await
    }

    /// A received activity that could not be dealt with: parked until `again`, or given up.
    pub async fn fail_activity(conn, id: ActivityId, error: &str, again: Option<Time>) -> usize {
        let state = if again.is_some() { ActivityState::Waiting } else { ActivityState::Failed };
        diesel::update(activities::table.find(id))
            .set((
                activities::state.eq(state), activities::error.eq(error),
                activities::next_at.eq(again.map_or(0, Time::micros)),
            ))
            .execute(conn)
            .await
    }

    /// Forgets received activities older than `before` that are dealt with. Sent ones stay while they may be fetched.
    pub async fn purge_activities(conn, before: Time) -> usize {
        diesel::delete(
            activities::table
                .filter(activities::direction.eq("in").and(activities::state.ne(ActivityState::Waiting)))
                .filter(activities::id.lt(ActivityId(before.millis() << 16))),
        )
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
        actors::table.filter(actors::uri.eq_any(uris)).select(Actor::as_select()).load(conn).await
    }

    /// ActivityPub ids of posts, in no order.
    pub async fn post_uris(conn, ids: &[PostId]) -> Vec<(PostId, String)> {
        posts::table.filter(posts::id.eq_any(ids)).select((posts::id, posts::uri)).load(conn).await
    }

    /// What remote comments answer that is not here yet, by post.
    pub async fn parent_uri(conn, id: PostId) -> Option<String> {
        posts::table.find(id).select(posts::parent_uri).first(conn).await
    }

    /// Whether anyone of a host follows, asked to follow, or was invited by an actor.
    pub async fn host_has_follow(conn, target: ActorId, host: HostId, states: &[FollowState]) -> bool {
        let theirs = follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .filter(follows::target_id.eq(target).and(follows::state.eq_any(states)))
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

    /// The kind of a group, and whether its name is told.
    pub async fn group_kind(conn, group: ActorId) -> Option<(GroupKind, bool, bool)> {
        groups::table
            .find(group)
            .select((groups::kind, groups::hidden, groups::outside_members))
            .first(conn)
            .await
            .optional()
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
            .filter(actors::id.eq_any(ids))
            .filter(actors::host_id.ne(HostId::LOCAL).and(hosts::state.ne(HostState::Blocked)))
            .select((actors::id, hosts::name, actors::inbox, actors::shared_inbox))
            .load(conn)
            .await
    }

    /// Accepted followers of an actor.
    pub async fn count_followers(conn, target: ActorId) -> i64 {
        follows::table
            .filter(follows::target_id.eq(target).and(follows::state.eq(FollowState::Accepted)))
            .count()
            .get_result(conn)
            .await
    }

    /// People and posts here for NodeInfo: members, members seen since `month` and `half_year`, posts, comments.
    pub async fn usage(conn, month: Time, half_year: Time) -> (i64, i64, i64, i64, i64) {
        use super::schema::members;
        let alive = actors::state.eq(ActorState::Active);
        let people = || members::table.inner_join(actors::table.on(actors::id.eq(members::actor_id)));
        let total: i64 = people().filter(alive).count().get_result(conn).await?;
        let lately: i64 = people().filter(alive).filter(members::last_seen_at.ge(month)).count().get_result(conn).await?;
        let half: i64 = people().filter(alive).filter(members::last_seen_at.ge(half_year)).count().get_result(conn).await?;
        let ours = || posts::table.inner_join(actors::table.on(actors::id.eq(posts::author_id)))
            .filter(actors::host_id.eq(HostId::LOCAL))
            .filter(posts::state.eq(crate::domain::posts::PostState::Published));
        let top: i64 = ours().filter(posts::parent_id.is_null()).count().get_result(conn).await?;
        let comments: i64 = ours().filter(posts::parent_id.is_not_null()).count().get_result(conn).await?;
        Ok((total, lately, half, top, comments))
    }
}

/// The keys of an actor, oldest first.
pub async fn keys_of(conn: &mut Conn, actor: ActorId) -> Result<Vec<StoredKey>> {
    let key = |(id, actor_id, key_uri, kind, public_pem, private_sealed)| StoredKey {
        id,
        actor_id,
        key_uri,
        kind,
        public_pem,
        private_sealed,
    };
    Ok(key_rows(conn, actor).await?.into_iter().map(key).collect())
}

/// Claims received activities until `until`: a sender's oldest due ones in order, of up to `senders` senders after one by
/// name that nobody works for; and the name to go on after, so that all have their turn.
pub async fn claim_incoming(
    conn: &mut Conn,
    now: Time,
    until: Time,
    after: &str,
    senders: i64,
) -> Result<(Vec<StoredActivity>, String)> {
    if let Conn::Pg(_) = conn {
        // One claim at a time, or two processes would each take a part of what one sender sent.
        conn.batch(&format!("SELECT pg_advisory_xact_lock({CLAIM_LOCK})")).await?;
    }
    let mut names = due_senders(conn, after, now.micros(), senders).await?;
    if !after.is_empty() && i64::try_from(names.len()).is_ok_and(|n| n < senders) {
        let missing = senders - i64::try_from(names.len()).unwrap_or(0);
        let first = due_senders(conn, "", now.micros(), missing).await?;
        names.extend(first.into_iter().filter(|sender| sender.uri.as_str() <= after));
    }
    let Some(last) = names.last().map(|sender| sender.uri.clone()) else { return Ok((Vec::new(), String::new())) };
    let mut ids = Vec::new();
    for sender in &names {
        ids.extend(due_of(conn, &sender.uri, now.micros()).await?);
    }
    let mut claimed = lease(conn, &ids, now.micros(), until.micros()).await?;
    claimed.sort_by_key(|activity| activity.id);
    Ok((claimed, last))
}

/// Keeps several activities at once; for each whether it is new.
pub async fn insert_activities(conn: &mut Conn, new: &[NewActivity]) -> Result<Vec<bool>> {
    match conn {
        Conn::Sqlite(_) => {
            let mut fresh = Vec::with_capacity(new.len());
            for activity in new {
                fresh.push(insert_activity(conn, activity).await?);
            }
            Ok(fresh)
        }
        Conn::Pg(pg) => {
            let mut kept = HashSet::new();
            for some in new.chunks(500) {
                let rows: Vec<_> = some.iter().map(|activity| row_of!(activity)).collect();
                let ids: Vec<ActivityId> = diesel::insert_into(activities::table)
                    .values(rows)
                    .on_conflict(activities::uri)
                    .do_nothing()
                    .returning(activities::id)
                    .get_results(pg)
                    .await?;
                kept.extend(ids);
            }
            Ok(new.iter().map(|activity| kept.contains(&activity.id)).collect())
        }
    }
}
