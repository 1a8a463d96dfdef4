//! Groups that wait for a moderator of the instance.

use diesel::prelude::*;

use super::db_fn;
use super::schema::group_requests;
use crate::base::*;
use crate::store::query::RunQueryDsl;

/// A request as stored: id, who asks, the form as JSON, when.
pub type Row = (i64, ActorId, String, Time);

db_fn! {
    /// Keeps a request.
    pub async fn insert(conn, id: i64, owner: ActorId, form: &str, now: Time) -> usize {
        diesel::insert_into(group_requests::table)
            .values((
                group_requests::id.eq(id), group_requests::owner_id.eq(owner), group_requests::form.eq(form),
                group_requests::created_at.eq(now),
            ))
            .execute(conn)
            .await
    }

    /// Requests, oldest first: of one member, or all.
    pub async fn list(conn, owner: Option<ActorId>, limit: i64) -> Vec<Row> {
        let mut query = group_requests::table.into_boxed();
        if let Some(owner) = owner {
            query = query.filter(group_requests::owner_id.eq(owner));
        }
        query
            .order(group_requests::id)
            .limit(limit)
            .select((
                group_requests::id, group_requests::owner_id, group_requests::form, group_requests::created_at,
            ))
            .load(conn)
            .await
    }

    /// How many wait.
    pub async fn count(conn) -> i64 {
        group_requests::table.count().get_result(conn).await
    }

    /// Takes a request; `None` when someone else took it.
    pub async fn take(conn, id: i64) -> Option<(ActorId, String)> {
        diesel::delete(group_requests::table.find(id))
            .returning((group_requests::owner_id, group_requests::form))
            .get_results(conn)
            .await
            .map(|rows: Vec<(ActorId, String)>| rows.into_iter().next())
    }
}
