//! The queue of what must still be done. Enqueued in the transaction that makes it necessary.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::schema::jobs;
use super::{Conn, db_fn};
use crate::base::{Result, Time};
use crate::store::among::one_of;
use crate::store::columns::Column;
use crate::store::fixed::Fixed;
use crate::store::query::RunQueryDsl;

/// A job as claimed.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its id.
    pub id: i64,
    /// Which handler.
    pub kind: String,
    /// JSON for the handler.
    pub payload: String,
    /// How often it was begun, this time included.
    pub tries: i32,
    /// Its lane.
    pub lane: Option<String>,
}

/// A job to add.
#[derive(Clone, Copy, Debug)]
pub struct NewJob<'a> {
    /// Its id, made by `Ids`: the order within its lane.
    pub id: i64,
    /// Which handler.
    pub kind: &'a str,
    /// JSON for the handler.
    pub payload: &'a str,
    /// With a key that waits already, nothing is added.
    pub dedup_key: Option<&'a str>,
    /// Jobs of one lane run one after the other, oldest first, across all processes.
    pub lane: Option<&'a str>,
    /// Not before.
    pub run_at: Time,
}

/// A lane does not wait for a job that failed this often: it goes on alone.
const LANE_PATIENCE: i32 = 4;

/// Adds several jobs in one statement, each unless one with its key waits; for PostgreSQL, where each statement is a message.
pub(super) fn adding_all(conn: &Conn, new: &[NewJob<'_>]) -> Fixed<()> {
    let mut query = Fixed::new("INSERT INTO jobs (id, kind, payload, dedup_key, lane, run_at) SELECT * FROM ");
    let columns = [
        ("id", Column::ints(new.iter().map(|new| new.id))),
        ("kind", Column::texts(new.iter().map(|new| new.kind))),
        ("payload", Column::texts(new.iter().map(|new| new.payload))),
        ("dedup_key", Column::texts(new.iter().map(|new| new.dedup_key))),
        ("lane", Column::texts(new.iter().map(|new| new.lane))),
        ("run_at", Column::ints(new.iter().map(|new| new.run_at.micros()))),
    ];
    query.push_rows(conn, "new", &columns);
    query.push(" WHERE TRUE ON CONFLICT (dedup_key) DO NOTHING", &[]);
    query
}

db_fn! {
    /// How many jobs are not done, those that wait for another try included.
    pub async fn count_waiting(conn) -> i64 {
        jobs::table.filter(jobs::failed_at.is_null()).count().get_result(conn).await
    }

    /// Adds a job, unless one with its key waits.
    pub async fn enqueue(conn, new: NewJob<'_>) -> usize {
        diesel::insert_into(jobs::table)
            .values((
                jobs::id.eq(new.id), jobs::kind.eq(new.kind), jobs::payload.eq(new.payload),
                jobs::dedup_key.eq(new.dedup_key), jobs::lane.eq(new.lane), jobs::run_at.eq(new.run_at.micros()),
            ))
            .on_conflict(jobs::dedup_key)
            .do_nothing()
            .execute(conn)
            .await
    }

    /// Keeps the claim on jobs that take long.
    pub async fn extend(conn, ids: &[i64], lease_until: Time) -> usize {
        diesel::update(jobs::table.filter(jobs::id.eq_any(one_of(ids))))
            .set(jobs::lease_until.eq(lease_until.micros()))
            .execute(conn)
            .await
    }

    /// Gives claimed jobs back, not begun.
    pub async fn give_back(conn, ids: &[i64]) -> usize {
        diesel::update(jobs::table.filter(jobs::id.eq_any(one_of(ids))))
            .set((jobs::lease_until.eq(0), jobs::tries.eq(jobs::tries - 1)))
            .execute(conn)
            .await
    }

    /// Ends every claim: for a database that only this process uses, when it starts.
    pub async fn end_claims(conn) -> usize {
        diesel::update(jobs::table.filter(jobs::lease_until.gt(0))).set(jobs::lease_until.eq(0)).execute(conn).await
    }

    /// Done: the jobs go.
    pub async fn finish(conn, ids: &[i64]) -> usize {
        diesel::delete(jobs::table.filter(jobs::id.eq_any(one_of(ids)))).execute(conn).await
    }

    /// Failed: again at `again`, or kept as failed for the administrator when there is no next time.
    pub async fn fail(conn, id: i64, error: &str, again: Option<Time>, now: Time) -> usize {
        let run_at = again.map_or(now.micros(), Time::micros);
        let failed_at = if again.is_none() { Some(now.micros()) } else { None };
        diesel::update(jobs::table.find(id))
            .set((jobs::error.eq(error), jobs::run_at.eq(run_at), jobs::lease_until.eq(0), jobs::failed_at.eq(failed_at)))
            .execute(conn)
            .await
    }

    /// Jobs given up, newest first: kind, error.
    pub async fn list_failed(conn, limit: i64) -> Vec<(String, String)> {
        jobs::table
            .filter(jobs::failed_at.is_not_null())
            .order(jobs::id.desc())
            .limit(limit)
            .select((jobs::kind, jobs::error))
            .load(conn)
            .await
    }
}

/// One claim at a time on PostgreSQL, or two processes would each take a part of one lane.
const CLAIM_LOCK: i64 = 727_002;

/// A job as it stands in its lane.
#[derive(Queryable)]
struct InLane {
    id: i64,
    run_at: i64,
    lease_until: i64,
    tries: i32,
}

db_fn! {
    /// From lane to lane along the index, however many jobs wait.
    async fn lanes_of(conn) -> Vec<String> {
        Fixed::<Text>::new(
            "WITH RECURSIVE lanes(lane) AS ( \
               SELECT * FROM (SELECT lane FROM jobs WHERE lane IS NOT NULL ORDER BY lane LIMIT 1) AS first \
               UNION ALL \
               SELECT (SELECT jobs.lane FROM jobs WHERE jobs.lane > lanes.lane ORDER BY jobs.lane LIMIT 1) \
               FROM lanes WHERE lanes.lane IS NOT NULL) \
             SELECT lane FROM lanes WHERE lane IS NOT NULL",
        )
        .load(conn)
        .await
    }

    async fn in_lane(conn, lane: &str, limit: i64) -> Vec<InLane> {
        jobs::table
            .filter(jobs::lane.eq(lane).and(jobs::failed_at.is_null()))
            .order(jobs::id)
            .limit(limit)
            .select((jobs::id, jobs::run_at, jobs::lease_until, jobs::tries))
            .load(conn)
            .await
    }

    async fn due_alone(conn, now: i64, limit: i64) -> Vec<i64> {
        jobs::table
            .filter(jobs::failed_at.is_null().and(jobs::run_at.le(now)).and(jobs::lease_until.lt(now)))
            .filter(jobs::lane.is_null())
            .order((jobs::run_at, jobs::id))
            .limit(limit)
            .select(jobs::id)
            .load(conn)
            .await
    }

    async fn lease(conn, ids: &[i64], lease_until: i64) -> Vec<(i64, String, String, i32, Option<String>)> {
        diesel::update(jobs::table.filter(jobs::id.eq_any(one_of(ids))))
            .set((jobs::lease_until.eq(lease_until), jobs::tries.eq(jobs::tries + 1)))
            .returning((jobs::id, jobs::kind, jobs::payload, jobs::tries, jobs::lane))
            .get_results(conn)
            .await
    }
}

/// Of the jobs of a lane, oldest first, those that may be claimed: an unbroken row from its head.
fn row_from_head(lane: Vec<InLane>, now: i64) -> Vec<i64> {
    let mut row = Vec::new();
    for job in lane {
        if job.lease_until >= now || (job.run_at > now && job.tries < LANE_PATIENCE) {
            break;
        }
        if job.run_at <= now {
            row.push(job.id);
        }
    }
    row
}

/// Takes `finished` jobs out of the queue, and claims up to `limit` due ones until `lease_until`, oldest first; besides of each
/// lane an unbroken row from its head, at most `in_row`: they are done by one worker. None at all when `limit` is 0.
pub async fn claim(
    conn: &mut Conn,
    finished: &[i64],
    now: Time,
    lease_until: Time,
    limit: i64,
    in_row: i64,
) -> Result<Vec<Claimed>> {
    // Before any row is touched: another process may be about to claim what took us too long.
    if let Conn::Pg(_) = conn {
        conn.batch(&format!("SELECT pg_advisory_xact_lock({CLAIM_LOCK})")).await?;
    }
    if !finished.is_empty() {
        finish(conn, finished).await?;
    }
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut ids = due_alone(conn, now.micros(), limit).await?;
    for lane in lanes_of(conn).await? {
        ids.extend(row_from_head(in_lane(conn, &lane, in_row).await?, now.micros()));
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = lease(conn, &ids, lease_until.micros()).await?;
    let mut claimed: Vec<Claimed> =
        rows.into_iter().map(|(id, kind, payload, tries, lane)| Claimed { id, kind, payload, tries, lane }).collect();
    claimed.sort_by_key(|job| job.id);
    Ok(claimed)
}

db_fn! {
    /// Whether anything is due.
    pub async fn any_due(conn, now: Time) -> bool {
        let due = || jobs::failed_at.is_null().and(jobs::run_at.le(now.micros())).and(jobs::lease_until.lt(now.micros()));
        // Each by its own index.
        let alone = exists(jobs::table.filter(due().and(jobs::lane.is_null())));
        let in_lane = exists(jobs::table.filter(due().and(jobs::lane.is_not_null())));
        diesel::select(alone.or(in_lane)).get_result(conn).await
    }
}
