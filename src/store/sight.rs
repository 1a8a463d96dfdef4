//! A Sight as a condition in SQL: the one place where "who may see it" meets the database.

use diesel::dsl::sql;
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, SmallInt};
use diesel_async::RunQueryDsl;

use super::db_fn;
use super::schema::{audiences, posts, readers};
use crate::base::*;
use crate::domain::Sight;
use crate::domain::audiences::Scope;

type Bind<Q, V, ST> = UncheckedBind<Q, <V as diesel::expression::AsExpression<ST>>::Expression>;
type Lit = SqlLiteral<Bool>;
/// Three values in one piece of SQL: the scope, the reader, their server.
type Sees = SqlLiteral<
    Bool,
    Bind<SqlLiteral<Bool, Bind<SqlLiteral<Bool, Bind<Lit, i16, SmallInt>>, i64, BigInt>>, i64, BigInt>,
>;

/// Posts that `sight` may see. `posts` must be in the query under its own name.
pub(super) fn sees_posts(sight: &Sight) -> Sees {
    sql::<Bool>("(posts.audience_id IN (SELECT a.id FROM audiences a WHERE a.id = posts.audience_id AND a.scope <= ")
        .bind::<SmallInt, _>(sight.max.number())
        .sql(") OR EXISTS (SELECT 1 FROM readers r WHERE r.audience_id = posts.audience_id AND r.actor_id = ")
        .bind::<BigInt, _>(sight.me.map_or(-1, |id| id.0))
        .sql(") OR EXISTS (SELECT 1 FROM readers r WHERE r.audience_id = posts.audience_id AND r.host_id = ")
        .bind::<BigInt, _>(sight.host.map_or(-1, |id| id.0))
        .sql("))")
}

db_fn! {
    async fn audience_of(conn, post: PostId) -> Option<(AudienceId, Scope)> {
        posts::table
            .inner_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .filter(posts::id.eq(post))
            .select((audiences::id, audiences::scope))
            .first(conn)
            .await
            .optional()
    }

    async fn readers_named(conn, audience: AudienceId, who: &[ActorId]) -> Vec<ActorId> {
        readers::table
            .filter(readers::audience_id.eq(audience).and(readers::actor_id.eq_any(who)))
            .select(readers::actor_id)
            .load(conn)
            .await
    }
}

/// Who of several members may see a post, each with their own sight: the same question as [`sees_posts`], asked once.
pub async fn who_sees(conn: &mut super::Conn, who: &[(ActorId, Sight)], post: PostId) -> Result<Vec<ActorId>> {
    let Some((audience, scope)) = audience_of(conn, post).await? else { return Ok(Vec::new()) };
    let ids: Vec<ActorId> = who.iter().map(|(id, _)| *id).collect();
    let named = readers_named(conn, audience, &ids).await?;
    let sees = |(id, sight): &&(ActorId, Sight)| scope <= sight.max || named.contains(id);
    Ok(who.iter().filter(sees).map(|(id, _)| *id).collect())
}
