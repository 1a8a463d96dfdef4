//! Posts that wait for their time.

use diesel::prelude::*;

use super::db_fn;
use super::schema::{actors, members, scheduled_posts};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::people::Role;
use crate::store::query::RunQueryDsl;

/// Id, what it will say as JSON, and when.
pub type Row = (i64, String, Time);

db_fn! {
    /// Adds a post to be.
    pub async fn insert(conn, id: i64, member: ActorId, plan: &str, publish_at: Time) -> usize {
        diesel::insert_into(scheduled_posts::table)
            .values((
                scheduled_posts::id.eq(id), scheduled_posts::member_id.eq(member), scheduled_posts::plan.eq(plan),
                scheduled_posts::publish_at.eq(publish_at),
            ))
            .execute(conn)
            .await
    }

    /// A member's posts to be, last first.
    pub async fn list(conn, member: ActorId, page: Page) -> Vec<Row> {
        let (older, newer) = page.bounds();
        let query = scheduled_posts::table
            .filter(scheduled_posts::member_id.eq(member))
            .filter(scheduled_posts::id.lt(older).and(scheduled_posts::id.gt(newer)))
            .limit(page.limit)
            .select((scheduled_posts::id, scheduled_posts::plan, scheduled_posts::publish_at));
        if page.ascending() {
            query.order(scheduled_posts::id.asc()).load(conn).await.map(|mut rows: Vec<_>| { rows.reverse(); rows })
        } else {
            query.order(scheduled_posts::id.desc()).load(conn).await
        }
    }

    /// One of a member's.
    pub async fn find(conn, member: ActorId, id: i64) -> Option<Row> {
        scheduled_posts::table
            .filter(scheduled_posts::member_id.eq(member).and(scheduled_posts::id.eq(id)))
            .select((scheduled_posts::id, scheduled_posts::plan, scheduled_posts::publish_at))
            .first(conn)
            .await
            .optional()
    }

    /// How many a member has.
    pub async fn count(conn, member: ActorId) -> i64 {
        scheduled_posts::table.filter(scheduled_posts::member_id.eq(member)).count().get_result(conn).await
    }

    /// Another time.
    pub async fn set_time(conn, id: i64, publish_at: Time) -> usize {
        diesel::update(scheduled_posts::table.find(id)).set(scheduled_posts::publish_at.eq(publish_at)).execute(conn).await
    }

    /// Not at all, or done.
    pub async fn delete(conn, member: ActorId, id: i64) -> usize {
        diesel::delete(
            scheduled_posts::table.filter(scheduled_posts::member_id.eq(member).and(scheduled_posts::id.eq(id))),
        )
        .execute(conn)
        .await
    }

    /// Those whose time has come, of people who take part: whose, role, whether a guest, and what.
    pub async fn due(conn, upto: Time, limit: i64) -> Vec<((ActorId, Role, bool), Row)> {
        scheduled_posts::table
            .inner_join(members::table.on(members::actor_id.eq(scheduled_posts::member_id)))
            .inner_join(actors::table.on(actors::id.eq(members::actor_id)))
            .filter(scheduled_posts::publish_at.le(upto).and(actors::state.eq(ActorState::Active)))
            .order(scheduled_posts::publish_at)
            .limit(limit)
            .select((
                (members::actor_id, members::role, members::is_guest),
                (scheduled_posts::id, scheduled_posts::plan, scheduled_posts::publish_at),
            ))
            .load(conn)
            .await
    }
}
