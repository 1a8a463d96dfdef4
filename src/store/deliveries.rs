//! What must still be delivered. Order is kept in lanes: one for each inbox and sender; a fence counter makes a lease
//! that ran out harmless (DESIGN section 4).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::dsl::{count_star, exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Text};
use diesel::upsert::excluded;

use super::schema::{activities, deliveries, lanes};
use super::{Conn, db_fn};
use crate::base::{ActivityId, ActorId, Result, Time};
use crate::store::among::one_of;
use crate::store::columns::Column;
use crate::store::fixed::Fixed;
use crate::store::query::RunQueryDsl;

/// How much earlier than now a new lane counts as due: lanes with a long row take turns, and one with little to send does
/// not wait until all of them had theirs.
const HEAD_START: i64 = Time::MINUTE;

/// How much of that a lane gets whose host is not known to answer quickly: what it costs, in places and in computing, does not
/// delay those who answer at once.
const LESS_AHEAD: i64 = HEAD_START - Time::SECOND;

/// One activity on its way to one inbox.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Made by `Ids`: the order within the lane.
    pub id: i64,
    /// Whose order it keeps, besides the inbox's.
    pub signer_id: ActorId,
    /// What.
    pub activity_id: ActivityId,
    /// Where to.
    pub inbox: String,
    /// The host of the inbox.
    pub host: String,
    /// It answered quickly, lately.
    pub quick: bool,
}

impl NewDelivery {
    /// The lane it goes by.
    pub fn lane(&self) -> String {
        format!("{} {}", self.signer_id, self.inbox)
    }

    /// When its lane is due, if it is new.
    fn due(&self, now: Time) -> i64 {
        now.plus(if self.quick { -HEAD_START } else { -LESS_AHEAD }).micros()
    }
}

/// A lane as claimed.
#[derive(Clone, Debug, Queryable)]
pub struct Lane {
    /// Its name.
    pub key: String,
    /// The host it leads to.
    pub host: String,
    /// The inbox it leads to.
    pub inbox: String,
    /// Proof of the claim: whoever holds an older one changes nothing.
    pub fence: i64,
    /// Failures in a row.
    pub failures: i32,
}

/// A delivery that is due.
#[derive(Clone, Debug, Queryable)]
pub struct Delivery {
    /// Its id.
    pub id: i64,
    /// Who signs.
    pub signer_id: ActorId,
    /// Tries so far.
    pub tries: i32,
    /// The bytes to send.
    pub body: String,
}

/// A lane as administrators see it.
#[derive(Clone, Debug)]
pub struct LaneLine {
    /// Its name.
    pub key: String,
    /// The host it leads to.
    pub host: String,
    /// When it is tried next.
    pub next_at: Time,
    /// Failures in a row.
    pub failures: i64,
    /// How many deliveries wait in it.
    pub waiting: i64,
    /// What its host said, or did not, the last time.
    pub error: String,
}

const LANE: (lanes::key, lanes::host, lanes::inbox, lanes::fence, lanes::failures) =
    (lanes::key, lanes::host, lanes::inbox, lanes::fence, lanes::failures);

db_fn! {
    /// Adds a delivery at the end of its lane, making the lane if there is none.
    pub async fn enqueue(conn, new: &NewDelivery, now: Time) -> usize {
        let lane = new.lane();
        // The update of nothing locks the row: a runner that finds the lane empty waits for us before removing it.
        diesel::insert_into(lanes::table)
            .values((
                lanes::key.eq(&lane), lanes::host.eq(&new.host), lanes::inbox.eq(&new.inbox),
                lanes::next_at.eq(new.due(now)),
            ))
            .on_conflict(lanes::key)
            .do_update()
            .set(lanes::key.eq(excluded(lanes::key)))
            .execute(conn)
            .await?;
        diesel::insert_into(deliveries::table)
            .values((
                deliveries::id.eq(new.id), deliveries::lane.eq(&lane), deliveries::activity_id.eq(new.activity_id),
                deliveries::signer_id.eq(new.signer_id), deliveries::inbox.eq(&new.inbox),
            ))
            .execute(conn)
            .await
    }

    /// When the next lane is due, of those nobody holds.
    pub async fn next_due(conn, now: Time) -> Option<i64> {
        lanes::table
            .filter(lanes::lease_until.le(now.micros()))
            .select(diesel::dsl::min(lanes::next_at))
            .first(conn)
            .await
    }

    async fn held_by_host(conn, now: i64) -> Vec<(String, i64)> {
        lanes::table
            // As the index of claimed lanes has it.
            .filter(sql::<Bool>("lease_until > 0").and(lanes::lease_until.gt(now)))
            .group_by(lanes::host)
            .select((lanes::host, count_star()))
            .load(conn)
            .await
    }

    async fn lease(conn, keys: &[String], now: i64, until: i64, holder: &str) -> Vec<Lane> {
        diesel::update(lanes::table)
            .filter(lanes::key.eq_any(one_of(keys)).and(lanes::lease_until.le(now)))
            .set((lanes::lease_until.eq(until), lanes::leased_by.eq(holder), lanes::fence.eq(lanes::fence + 1)))
            .returning(LANE)
            .get_results(conn)
            .await
    }

    async fn in_lane(conn, key: &str, limit: i64) -> Vec<Delivery> {
        deliveries::table
            .inner_join(activities::table.on(activities::id.eq(deliveries::activity_id)))
            .filter(deliveries::lane.eq(key))
            .order(deliveries::id)
            .limit(limit)
            .select((deliveries::id, deliveries::signer_id, deliveries::tries, activities::body))
            .load(conn)
            .await
    }

    async fn first_of_lanes(
        conn, query: Fixed<(Text, BigInt, BigInt, Integer, Text)>,
    ) -> Vec<(String, i64, ActorId, i32, String)> {
        query.load(conn).await
    }

    /// Takes deliveries off a lane, while the fence holds.
    pub async fn remove(conn, key: &str, fence: i64, ids: &[i64]) -> usize {
        let held = lanes::table.filter(lanes::key.eq(key).and(lanes::fence.eq(fence))).select(lanes::key);
        diesel::delete(deliveries::table.filter(deliveries::id.eq_any(one_of(ids)).and(deliveries::lane.eq_any(held))))
            .execute(conn)
            .await
    }

    /// Lets a lane go. Empty, it is removed; else it is due at `next`. Nothing happens when the fence no longer holds.
    pub async fn release(conn, key: &str, fence: i64, failures: i32, next: Time) -> usize {
        // Two statements: the first takes the lock, so that the second sees what was added meanwhile.
        diesel::update(lanes::table.filter(lanes::key.eq(key).and(lanes::fence.eq(fence))))
            .set((lanes::lease_until.eq(0), lanes::leased_by.eq(""), lanes::failures.eq(failures), lanes::next_at.eq(next.micros())))
            .execute(conn)
            .await?;
        let waiting = deliveries::table.filter(deliveries::lane.eq(lanes::key));
        diesel::delete(lanes::table.filter(lanes::key.eq(key).and(lanes::fence.eq(fence))).filter(not(exists(waiting))))
            .execute(conn)
            .await
    }

    /// Keeps a claim alive; 0 when it was lost.
    pub async fn extend(conn, key: &str, fence: i64, until: Time) -> usize {
        diesel::update(lanes::table.filter(lanes::key.eq(key).and(lanes::fence.eq(fence))))
            .set(lanes::lease_until.eq(until.micros()))
            .execute(conn)
            .await
    }

    /// Ends every claim: for a database that only this process uses, when it starts.
    pub async fn end_claims(conn) -> usize {
        diesel::update(lanes::table.filter(lanes::lease_until.gt(0))).set(lanes::lease_until.eq(0)).execute(conn).await
    }

    /// Notes a failed try of a delivery.
    pub async fn note_failure(conn, id: i64, error: &str) -> usize {
        diesel::update(deliveries::table.find(id))
            .set((deliveries::tries.eq(deliveries::tries + 1), deliveries::error.eq(error)))
            .execute(conn)
            .await
    }

    /// Moves a delivery to a lane of its own, so that those behind it can go on.
    pub async fn step_aside(conn, id: i64, host: &str, inbox: &str, failures: i32, next: Time) -> usize {
        let lane = format!("{id} aside {inbox}");
        diesel::insert_into(lanes::table)
            .values((
                lanes::key.eq(&lane), lanes::host.eq(host), lanes::inbox.eq(inbox), lanes::next_at.eq(next.micros()),
                lanes::failures.eq(failures),
            ))
            .on_conflict(lanes::key)
            .do_nothing()
            .execute(conn)
            .await?;
        diesel::update(deliveries::table.find(id)).set(deliveries::lane.eq(&lane)).execute(conn).await
    }

    /// Makes every lane due that waits for its time.
    pub async fn wake_all(conn, now: Time) -> usize {
        diesel::update(lanes::table.filter(lanes::next_at.gt(now.micros())))
            .set(lanes::next_at.eq(now.micros()))
            .execute(conn)
            .await
    }

    /// Makes the parked lanes of a host due: it just talked to us.
    pub async fn wake_host(conn, host: &str, now: Time) -> usize {
        diesel::update(lanes::table)
            .filter(lanes::host.eq(host).and(lanes::failures.gt(0)).and(lanes::next_at.gt(now.micros())))
            .set(lanes::next_at.eq(now.micros()))
            .execute(conn)
            .await
    }

    /// Makes one lane due, for an administrator who asks for it.
    pub async fn retry(conn, key: &str, now: Time) -> usize {
        diesel::update(lanes::table.find(key)).set(lanes::next_at.eq(now.micros())).execute(conn).await
    }

    /// Throws a lane away with all that waits in it.
    pub async fn drop_lane(conn, key: &str) -> usize {
        diesel::delete(deliveries::table.filter(deliveries::lane.eq(key))).execute(conn).await?;
        diesel::delete(lanes::table.find(key)).execute(conn).await
    }

    async fn failing_rows(conn, limit: i64) -> Vec<(String, String, Time, i32)> {
        lanes::table
            .filter(lanes::failures.gt(0))
            .order(lanes::next_at)
            .limit(limit)
            .select((lanes::key, lanes::host, lanes::next_at, lanes::failures))
            .load(conn)
            .await
    }

    /// How many wait in each of these lanes, and the last trouble noted there.
    async fn waiting_in(conn, keys: &[String]) -> Vec<(String, i64, Option<String>)> {
        deliveries::table
            .filter(deliveries::lane.eq_any(one_of(keys)))
            .group_by(deliveries::lane)
            .select((deliveries::lane, count_star(), diesel::dsl::max(deliveries::error)))
            .load(conn)
            .await
    }

    /// Deliveries that wait.
    pub async fn count(conn) -> i64 {
        deliveries::table.count().get_result(conn).await
    }
}

/// The next deliveries of several lanes, up to `limit` of each, in order: each in its place.
pub async fn in_lanes(conn: &mut Conn, keys: &[String], limit: i64) -> Result<Vec<Vec<Delivery>>> {
    if keys.len() < 2 || matches!(conn, Conn::Sqlite(_)) {
        let mut all = Vec::with_capacity(keys.len());
        for key in keys {
            all.push(in_lane(conn, key, limit).await?);
        }
        return Ok(all);
    }
    let distinct: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
    let mut query = Fixed::new("SELECT asked.key, first.* FROM ");
    query.push_rows(conn, "asked", &[("key", Column::texts(distinct))]);
    query.push(
        " CROSS JOIN LATERAL (SELECT deliveries.id, deliveries.signer_id, deliveries.tries, activities.body \
         FROM deliveries JOIN activities ON activities.id = deliveries.activity_id \
         WHERE deliveries.lane = asked.key ORDER BY deliveries.id LIMIT ?) AS first",
        &[limit],
    );
    let mut of: HashMap<String, Vec<Delivery>> = HashMap::new();
    for (key, id, signer_id, tries, body) in first_of_lanes(conn, query).await? {
        of.entry(key).or_default().push(Delivery { id, signer_id, tries, body });
    }
    for waiting in of.values_mut() {
        waiting.sort_by_key(|delivery| delivery.id);
    }
    Ok(keys.iter().map(|key| of.get(key).cloned().unwrap_or_default()).collect())
}

/// Adds deliveries, each at the end of its lane, making lanes that are missing.
pub async fn enqueue_all(conn: &mut Conn, new: &[NewDelivery], now: Time) -> Result<()> {
    let Conn::Pg(pg) = conn else {
        for delivery in new {
            enqueue(conn, delivery, now).await?;
        }
        return Ok(());
    };
    // Each lane once, and everyone locks them in the same order.
    let lanes_of: BTreeMap<String, &NewDelivery> = new.iter().map(|delivery| (delivery.lane(), delivery)).collect();
    let all: Vec<_> = lanes_of.into_iter().collect();
    for some in all.chunks(2_000) {
        let row = |(key, of): &(String, &NewDelivery)| {
            (
                lanes::key.eq(key.clone()),
                lanes::host.eq(of.host.clone()),
                lanes::inbox.eq(of.inbox.clone()),
                lanes::next_at.eq(of.due(now)),
            )
        };
        diesel::insert_into(lanes::table)
            .values(some.iter().map(row).collect::<Vec<_>>())
            .on_conflict(lanes::key)
            .do_update()
            .set(lanes::key.eq(excluded(lanes::key)))
            .execute(pg)
            .await?;
    }
    for some in new.chunks(2_000) {
        let row = |of: &NewDelivery| {
            (
                deliveries::id.eq(of.id),
                deliveries::lane.eq(of.lane()),
                deliveries::activity_id.eq(of.activity_id),
                deliveries::signer_id.eq(of.signer_id),
                deliveries::inbox.eq(of.inbox.clone()),
            )
        };
        diesel::insert_into(deliveries::table).values(some.iter().map(row).collect::<Vec<_>>()).execute(pg).await?;
    }
    Ok(())
}

/// A lane let go after everything tried in it was taken, or given up for good.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Its name.
    pub key: String,
    /// Proof of the claim.
    pub fence: i64,
    /// What is no longer to be delivered.
    pub done: Vec<i64>,
}

/// Takes off what was delivered and lets the lanes go, many at once: empty ones are removed, the others are due. How many
/// those are. What somebody else claimed meanwhile stays as it is.
pub async fn settle(conn: &mut Conn, settled: &[Settled], now: Time) -> Result<usize> {
    let mut keys: Vec<&str> = settled.iter().map(|lane| lane.key.as_str()).collect();
    keys.sort_unstable();
    let held: HashSet<(String, i64)> = hold(conn, &keys).await?.into_iter().collect();
    let ours: Vec<&Settled> = settled.iter().filter(|lane| held.contains(&(lane.key.clone(), lane.fence))).collect();
    if ours.is_empty() {
        return Ok(0);
    }
    let done: Vec<i64> = ours.iter().flat_map(|lane| lane.done.iter().copied()).collect();
    let keys: Vec<&str> = ours.iter().map(|lane| lane.key.as_str()).collect();
    take_off(conn, &keys, &done).await?;
    remove_empty(conn, &keys).await?;
    let_go(conn, &keys, now.micros()).await
}

/// The fences of lanes. Whoever adds to one of these waits until it is settled, so that nothing is added to a lane that goes:
/// on PostgreSQL by locks, taken in the order of the names like everywhere; SQLite has one writer.
async fn hold(conn: &mut Conn, keys: &[&str]) -> Result<Vec<(String, i64)>> {
    let lanes = lanes::table.filter(lanes::key.eq_any(one_of(keys))).select((lanes::key, lanes::fence));
    Ok(match conn {
        // The order of bytes, as in `enqueue_all`.
        Conn::Pg(pg) => lanes.order(sql::<Text>("lanes.key COLLATE \"C\"")).for_update().load(pg).await?,
        Conn::Sqlite(sqlite) => lanes.load(sqlite).await?,
    })
}

/// Due lanes nobody holds, with their hosts. On PostgreSQL those that another process is just claiming are passed over.
async fn due_lanes(conn: &mut Conn, now: i64, limit: i64) -> Result<Vec<(String, String)>> {
    let due = lanes::table
        .filter(lanes::next_at.le(now).and(lanes::lease_until.le(now)))
        .order(lanes::next_at)
        .limit(limit)
        .select((lanes::key, lanes::host));
    Ok(match conn {
        Conn::Pg(pg) => due.for_update().skip_locked().load(pg).await?,
        Conn::Sqlite(sqlite) => due.load(sqlite).await?,
    })
}

db_fn! {
    async fn take_off(conn, keys: &[&str], ids: &[i64]) -> usize {
        diesel::delete(deliveries::table.filter(deliveries::id.eq_any(one_of(ids)).and(deliveries::lane.eq_any(one_of(keys)))))
            .execute(conn)
            .await
    }

    async fn remove_empty(conn, keys: &[&str]) -> usize {
        let waiting = deliveries::table.filter(deliveries::lane.eq(lanes::key));
        diesel::delete(lanes::table.filter(lanes::key.eq_any(one_of(keys))).filter(not(exists(waiting)))).execute(conn).await
    }

    async fn let_go(conn, keys: &[&str], now: i64) -> usize {
        diesel::update(lanes::table.filter(lanes::key.eq_any(one_of(keys))))
            .set((lanes::lease_until.eq(0), lanes::failures.eq(0), lanes::next_at.eq(now)))
            .execute(conn)
            .await
    }
}

/// Lanes that failed, those tried next first.
pub async fn failing(conn: &mut Conn, limit: i64) -> Result<Vec<LaneLine>> {
    let rows = failing_rows(conn, limit).await?;
    let keys: Vec<String> = rows.iter().map(|row| row.0.clone()).collect();
    let mut inside: HashMap<String, (i64, Option<String>)> =
        waiting_in(conn, &keys).await?.into_iter().map(|(key, count, error)| (key, (count, error))).collect();
    let line = |(key, host, next_at, failures): (String, String, Time, i32)| {
        let (waiting, error) = inside.remove(&key).unwrap_or_default();
        LaneLine { key, host, next_at, failures: failures.into(), waiting, error: error.unwrap_or_default() }
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Claims up to `most` due lanes until `until`, at most `per_host` of one host at once.
pub async fn claim(
    conn: &mut Conn,
    now: Time,
    until: Time,
    holder: &str,
    most: usize,
    per_host: usize,
) -> Result<Vec<Lane>> {
    let looked_at = i64::try_from(most.saturating_mul(8)).unwrap_or(i64::MAX);
    let due = due_lanes(conn, now.micros(), looked_at).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let mut held: HashMap<String, usize> = HashMap::new();
    for (host, count) in held_by_host(conn, now.micros()).await? {
        held.insert(host, usize::try_from(count).unwrap_or(per_host));
    }
    let mut keys = Vec::new();
    for (key, host) in due {
        let count = held.entry(host).or_default();
        if *count < per_host && keys.len() < most {
            *count += 1;
            keys.push(key);
        }
    }
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    lease(conn, &keys, now.micros(), until.micros(), holder).await
}
