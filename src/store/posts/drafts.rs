//! Texts not sent yet, and keys that make one post of a request sent twice.

use diesel::prelude::*;

use crate::base::*;
use crate::store::db_fn;
use crate::store::query::RunQueryDsl;
use crate::store::schema::*;

db_fn! {
    /// The draft a member keeps for a place (`new:GROUP`, `comment:POST`, `edit:POST`).
    pub async fn find_draft(conn, member: ActorId, place: &str) -> Option<String> {
        drafts::table
            .filter(drafts::member_id.eq(member).and(drafts::place.eq(place)))
            .select(drafts::body)
            .first(conn)
            .await
            .optional()
    }

    /// Keeps a draft.
    pub async fn save_draft(conn, id: i64, member: ActorId, place: &str, body: &str, now: Time) -> usize {
        diesel::insert_into(drafts::table)
            .values((
                drafts::id.eq(id), drafts::member_id.eq(member), drafts::place.eq(place), drafts::body.eq(body),
                drafts::updated_at.eq(now),
            ))
            .on_conflict((drafts::member_id, drafts::place))
            .do_update()
            .set((drafts::body.eq(body), drafts::updated_at.eq(now)))
            .execute(conn)
            .await
    }

    /// Throws a draft away.
    pub async fn delete_draft(conn, member: ActorId, place: &str) -> usize {
        diesel::delete(drafts::table.filter(drafts::member_id.eq(member).and(drafts::place.eq(place)))).execute(conn).await
    }

    /// The post made earlier with an `Idempotency-Key`.
    pub async fn find_idempotent(conn, member: ActorId, key: &str, since: Time) -> Option<PostId> {
        idempotency::table
            .filter(idempotency::member_id.eq(member).and(idempotency::key.eq(key)))
            .filter(idempotency::created_at.gt(since.micros()))
            .select(idempotency::post_id)
            .first::<i64>(conn)
            .await
            .optional()
            .map(|id| id.map(PostId))
    }

    /// Remembers the post made with an `Idempotency-Key`.
    pub async fn insert_idempotent(conn, member: ActorId, key: &str, post: PostId, now: Time) -> usize {
        diesel::insert_into(idempotency::table)
            .values((
                idempotency::member_id.eq(member), idempotency::key.eq(key), idempotency::post_id.eq(post.0),
                idempotency::created_at.eq(now.micros()),
            ))
            .on_conflict_do_nothing()
            .execute(conn)
            .await
    }
}
