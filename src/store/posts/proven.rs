//! What members elsewhere wrote in closed groups here, as it came: readers of the group's history believe it for its proof.

use diesel::prelude::*;

use crate::base::*;
use crate::store::among::one_of;
use crate::store::db_fn;
use crate::store::query::RunQueryDsl;
use crate::store::schema::{activities, originals};

db_fn! {
    /// Keeps the activity that a post came in, or its latest change.
    pub async fn keep_original(conn, post: PostId, activity: ActivityId) -> usize {
        let body: Option<String> = activities::table.find(activity).select(activities::body).first(conn).await.optional()?;
        let Some(body) = body else { return Ok(0) };
        diesel::insert_into(originals::table)
            .values((originals::post_id.eq(post), originals::body.eq(&body)))
            .on_conflict(originals::post_id)
            .do_update()
            .set(originals::body.eq(&body))
            .execute(conn)
            .await
    }

    /// Forgets it.
    pub async fn forget_original(conn, post: PostId) -> usize {
        diesel::delete(originals::table.find(post)).execute(conn).await
    }

    /// Those of several posts, JSON.
    pub async fn originals_of(conn, ids: &[PostId]) -> Vec<(PostId, String)> {
        originals::table
            .filter(originals::post_id.eq_any(one_of(ids)))
            .select((originals::post_id, originals::body))
            .load(conn)
            .await
    }
}
