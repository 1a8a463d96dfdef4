//! A Sight as a condition in SQL: the one place where "who may see it" meets the database.

use diesel::dsl::sql;
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::sql_types::{BigInt, Bool, SmallInt};

use crate::domain::Sight;

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
