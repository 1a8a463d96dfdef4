//! A Sight as a condition in SQL: the one place where "who may see it" meets the database.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::db_fn;
use super::fixed::{Fixed, Lit, lit};
use super::schema::{audiences, posts, readers};
use crate::base::*;
use crate::domain::Sight;
use crate::domain::audiences::Scope;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// Posts that `sight` may see. `posts` must be in the query under its own name.
pub(super) fn sees_posts(sight: &Sight) -> Lit<Bool> {
    lit(
        "(posts.audience_id IN (SELECT a.id FROM audiences a WHERE a.id = posts.audience_id AND a.scope <= ?) \
         OR EXISTS (SELECT 1 FROM readers r WHERE r.audience_id = posts.audience_id AND r.actor_id = ?) \
         OR EXISTS (SELECT 1 FROM readers r WHERE r.audience_id = posts.audience_id AND r.host_id = ?))",
        &[i64::from(sight.max.number()), sight.me.map_or(-1, |id| id.0), sight.host.map_or(-1, |id| id.0)],
    )
}

/// Pages of groups that `sight` may see. `wiki_pages` must be in the query under its own name.
pub(super) fn sees_wiki(sight: &Sight) -> Lit<Bool> {
    lit(
        "(wiki_pages.audience_id IN (SELECT a.id FROM audiences a WHERE a.id = wiki_pages.audience_id AND a.scope <= ?) \
         OR EXISTS (SELECT 1 FROM readers r WHERE r.audience_id = wiki_pages.audience_id AND r.actor_id = ?) \
         OR EXISTS (SELECT 1 FROM readers r WHERE r.audience_id = wiki_pages.audience_id AND r.host_id = ?))",
        &[i64::from(sight.max.number()), sight.me.map_or(-1, |id| id.0), sight.host.map_or(-1, |id| id.0)],
    )
}

/// The same in a query of fixed SQL, where the audience is joined as `a`: only what can be true of this sight is asked.
pub(super) fn push_sees<ST>(query: &mut Fixed<ST>, sight: &Sight) {
    query.push("(a.scope <= ?", &[i64::from(sight.max.number())]);
    if let Some(me) = sight.me {
        let readers = " OR EXISTS (SELECT 1 FROM readers r WHERE r.audience_id = posts.audience_id AND r.actor_id = ?)";
        query.push(readers, &[me.0]);
    }
    if let Some(host) = sight.host {
        let readers = " OR EXISTS (SELECT 1 FROM readers r WHERE r.audience_id = posts.audience_id AND r.host_id = ?)";
        query.push(readers, &[host.0]);
    }
    query.push(")", &[]);
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
            .filter(readers::audience_id.eq(audience).and(readers::actor_id.eq_any(one_of(who))))
            .select(readers::actor_id)
            .load(conn)
            .await
    }
}

/// Who of several members may see a post, each with their own sight: the same question as [`sees_posts`], asked once.
pub async fn who_sees(conn: &mut super::Conn, who: &[(ActorId, Sight)], post: PostId) -> Result<Vec<ActorId>> {
    match audience_of(conn, post).await? {
        Some(readers) => who_reads(conn, who, readers).await,
        None => Ok(Vec::new()),
    }
}

/// Who of several members may see what has an audience, each with their own sight.
pub async fn who_reads(
    conn: &mut super::Conn,
    who: &[(ActorId, Sight)],
    (audience, scope): (AudienceId, Scope),
) -> Result<Vec<ActorId>> {
    let unsure: Vec<ActorId> = who.iter().filter(|(_, sight)| scope > sight.max).map(|(id, _)| *id).collect();
    let named = if unsure.is_empty() { Vec::new() } else { readers_named(conn, audience, &unsure).await? };
    let sees = |(id, sight): &&(ActorId, Sight)| scope <= sight.max || named.contains(id);
    Ok(who.iter().filter(sees).map(|(id, _)| *id).collect())
}
