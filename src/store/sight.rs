//! A Sight as a condition in SQL: the one place where "who may see it" meets the database.

use diesel::sql_types::Bool;

use super::fixed::{Fixed, Lit, lit};
use crate::domain::Sight;

/// Posts that `sight` may see. `posts` must be in the query under its own name.
pub(super) fn sees_posts(sight: &Sight) -> Lit<Bool> {
    lit(
        "(posts.audience_id IN (SELECT a.id FROM audiences a WHERE a.id = posts.audience_id AND a.scope <= ?) \
         OR EXISTS (SELECT 1 FROM readers r WHERE r.audience_id = posts.audience_id AND r.actor_id = ?) \
         OR EXISTS (SELECT 1 FROM readers r WHERE r.audience_id = posts.audience_id AND r.host_id = ?))",
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
