//! Activities as they were sent or received, and the claims on those that must still be worked on.

use std::collections::HashSet;

use diesel::dsl::{exists, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::schema::activities;
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::peers::ActivityState;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

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

    /// Puts another activity in the place of one that is being worked on.
    pub async fn set_activity(conn, id: ActivityId, kind: &str, body: &str) -> usize {
        diesel::update(activities::table.find(id))
            .set((activities::kind.eq(kind), activities::body.eq(body)))
            .execute(conn)
            .await
    }

    /// An activity by our id.
    pub async fn find_activity(conn, id: ActivityId) -> Option<StoredActivity> {
        activities::table.find(id).select(STORED).first(conn).await.optional()
    }

    /// An activity by its ActivityPub id.
    pub async fn find_activity_by_uri(conn, uri: &str) -> Option<StoredActivity> {
        activities::table.filter(activities::uri.eq(uri)).select(STORED).first(conn).await.optional()
    }

    /// Whether an activity with this ActivityPub id must still be worked on.
    pub async fn is_waiting(conn, uri: &str) -> bool {
        let it = activities::table.filter(activities::uri.eq(uri).and(activities::state.eq(ActivityState::Waiting)));
        diesel::select(exists(it)).get_result(conn).await
    }

    /// Senders after one by name, whose received activities are due and of whom none is in work. Parked ones (with an
    /// error) hold nobody up. From sender to sender along the index, so that it costs the same whatever waits.
    async fn due_senders(conn, after: &str, now: i64, limit: i64) -> Vec<Sender> {
        let query = format!(
            "WITH RECURSIVE senders(uri) AS ( \
               SELECT * FROM (SELECT actor_uri FROM activities WHERE state = 'waiting' AND actor_uri > $1 \
                 ORDER BY actor_uri LIMIT 1) AS first \
               UNION ALL \
               SELECT (SELECT actor_uri FROM activities WHERE state = 'waiting' AND actor_uri > senders.uri \
                 ORDER BY actor_uri LIMIT 1) \
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
            .filter(activities::id.eq_any(one_of(ids)).and(activities::next_at.le(now)))
            .filter(activities::state.eq(ActivityState::Waiting))
            .set((activities::next_at.eq(until), activities::tries.eq(activities::tries + 1)))
            .returning(STORED)
            .get_results(conn)
            .await
    }

    /// Keeps a claim that was to end at `until`; how many activities are still held by it.
    pub async fn keep_claim(conn, ids: &[ActivityId], until: Time, longer: Time) -> usize {
        diesel::update(activities::table)
            .filter(activities::id.eq_any(one_of(ids)).and(activities::state.eq(ActivityState::Waiting)))
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
        diesel::update(activities::table.filter(activities::id.eq_any(one_of(ids))))
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

    /// Forgets at most `limit` activities older than `before`: received ones that are dealt with and wait for no moderator, and
    /// sent ones that nobody may fetch and that arrived. Others stay: they have an address.
    pub async fn purge(conn, before: Time, limit: i64) -> usize {
        let old = activities::table
            .filter(activities::id.lt(ActivityId(first_id_at(before))))
            .filter(activities::state.ne(ActivityState::Waiting))
            .filter(activities::direction.eq("in").or(activities::audience_id.is_null()))
            .filter(sql::<Bool>(
                "NOT EXISTS (SELECT 1 FROM held_activities h WHERE h.activity_id = activities.id) \
                 AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.activity_id = activities.id)",
            ))
            .order(activities::id)
            .limit(limit)
            .select(activities::id);
        let old: Vec<ActivityId> = old.load(conn).await?;
        diesel::delete(activities::table.filter(activities::id.eq_any(one_of(&old)))).execute(conn).await
    }
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
            // The same one twice is kept once.
            Ok(new.iter().map(|activity| kept.remove(&activity.id)).collect())
        }
    }
}
