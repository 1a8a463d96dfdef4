//! The queue of what must still be done. Enqueued in the transaction that makes it necessary.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::jobs;
use super::{Conn, db_fn};
use crate::base::{Result, Time};

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
}

db_fn! {
    /// Adds a job to run at `run_at`. With a `dedup_key` that waits already, nothing is added.
    pub async fn enqueue(conn, id: i64, kind: &str, payload: &str, dedup_key: Option<&str>, run_at: Time) -> usize {
        diesel::insert_into(jobs::table)
            .values((
                jobs::id.eq(id), jobs::kind.eq(kind), jobs::payload.eq(payload), jobs::dedup_key.eq(dedup_key),
                jobs::run_at.eq(run_at.micros()),
            ))
            .on_conflict(jobs::dedup_key)
            .do_nothing()
            .execute(conn)
            .await
    }

    /// Done: the job goes.
    pub async fn finish(conn, id: i64) -> usize {
        diesel::delete(jobs::table.find(id)).execute(conn).await
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

    /// Jobs that wait or run (not those given up).
    pub async fn count_open(conn) -> i64 {
        jobs::table.filter(jobs::failed_at.is_null()).count().get_result(conn).await
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

/// Claims up to `limit` due jobs until `lease_until`: the one place written once for each database.
pub async fn claim(conn: &mut Conn, now: Time, lease_until: Time, limit: i64) -> Result<Vec<Claimed>> {
    let (now, lease) = (now.micros(), lease_until.micros());
    let columns = (jobs::id, jobs::kind, jobs::payload, jobs::tries);
    let set = (jobs::lease_until.eq(lease), jobs::tries.eq(jobs::tries + 1));
    let due = jobs::failed_at.is_null().and(jobs::run_at.le(now)).and(jobs::lease_until.lt(now));
    let rows: diesel::QueryResult<Vec<(i64, String, String, i32)>> = match conn {
        Conn::Pg(c) => {
            let ids = jobs::table.filter(due).order(jobs::run_at).limit(limit).select(jobs::id);
            match ids.for_update().skip_locked().load::<i64>(c).await {
                Ok(ids) if ids.is_empty() => Ok(Vec::new()),
                Ok(ids) => {
                    diesel::update(jobs::table.filter(jobs::id.eq_any(ids))).set(set).returning(columns).get_results(c).await
                }
                Err(error) => Err(error),
            }
        }
        Conn::Sqlite(c) => {
            let c: &mut super::Sq = c;
            match jobs::table.filter(due).order(jobs::run_at).limit(limit).select(jobs::id).load::<i64>(c).await {
                Ok(ids) if ids.is_empty() => Ok(Vec::new()),
                Ok(ids) => {
                    diesel::update(jobs::table.filter(jobs::id.eq_any(ids))).set(set).returning(columns).get_results(c).await
                }
                Err(error) => Err(error),
            }
        }
    };
    let mut claimed: Vec<Claimed> =
        rows?.into_iter().map(|(id, kind, payload, tries)| Claimed { id, kind, payload, tries }).collect();
    claimed.sort_by_key(|job| job.id);
    Ok(claimed)
}

db_fn! {
    /// Whether anything is due.
    pub async fn any_due(conn, now: Time) -> bool {
        let due = jobs::failed_at.is_null().and(jobs::run_at.le(now.micros())).and(jobs::lease_until.lt(now.micros()));
        diesel::select(diesel::dsl::exists(jobs::table.filter(due))).get_result(conn).await
    }
}
