//! Members who follow somebody or a group.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::columns::Column;
use super::fixed::{Fixed, lit};
use super::query::RunQueryDsl;
use super::schema::{actors, follows};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::groups::*;

/// A member who follows somebody or a group.
#[derive(Clone, Copy, Debug, Queryable)]
pub struct LocalFollower {
    /// The follow.
    pub follow: FollowId,
    /// Who.
    pub member: ActorId,
    /// What they want to hear.
    pub notify: Notify,
    /// They want nothing of it on their home.
    pub muted: bool,
    /// It goes to a list of theirs, and not to their home.
    pub listed: bool,
}

/// The follower put who they follow on a list of their own.
const LISTED: &str = "EXISTS (SELECT 1 FROM lists l JOIN list_accounts a ON a.list_id = l.id \
                      WHERE l.exclusive AND l.member_id = follows.follower_id AND a.actor_id = follows.target_id)";

db_fn! {
    /// Local members who follow `target`: for home and notices. After `after`, by id.
    pub async fn local_followers(conn, target: ActorId, after: i64, limit: i64) -> Vec<LocalFollower> {
        follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .filter(follows::target_id.eq(target).and(follows::state.eq(FollowState::Accepted)))
            .filter(actors::host_id.eq(HostId::LOCAL).and(actors::state.eq(ActorState::Active)))
            .filter(follows::id.gt(FollowId(after)))
            .order(follows::id)
            .limit(limit)
            .select((
                follows::id, follows::follower_id, follows::notify, follows::muted, lit::<Bool>(LISTED, &[]),
            ))
            .load(conn)
            .await
    }

    async fn first_followers(conn, query: Fixed<(BigInt, BigInt, BigInt, Text, Bool, Bool)>)
        -> Vec<(ActorId, FollowId, ActorId, Notify, bool, bool)>
    {
        query.load(conn).await
    }
}

/// As [`local_followers`], the first `limit` of each of several: each in its place.
pub async fn local_followers_of(conn: &mut Conn, targets: &[ActorId], limit: i64) -> Result<Vec<Vec<LocalFollower>>> {
    if targets.len() < 2 || matches!(conn, Conn::Sqlite(_)) {
        let mut all = Vec::with_capacity(targets.len());
        for target in targets {
            all.push(local_followers(conn, *target, 0, limit).await?);
        }
        return Ok(all);
    }
    let distinct: BTreeSet<i64> = targets.iter().map(|target| target.0).collect();
    let mut query = Fixed::new("SELECT target.id, first.* FROM ");
    query.push_rows(conn, "target", &[("id", Column::ints(distinct))]);
    let first = " CROSS JOIN LATERAL (SELECT follows.id, follows.follower_id, follows.notify, follows.muted, ";
    query.push(&format!("{first}{LISTED}"), &[]);
    query.push(
        " FROM follows JOIN actors ON actors.id = follows.follower_id \
         WHERE follows.target_id = target.id AND follows.state = 'accepted' AND actors.host_id = ? \
         AND actors.state = 'active' AND follows.id > ? ORDER BY follows.id LIMIT ?) AS first",
        // Along the index, up to the limit: without a beginning PostgreSQL sorts all of them.
        &[HostId::LOCAL.0, 0, limit],
    );
    let mut of: HashMap<ActorId, Vec<LocalFollower>> = HashMap::new();
    for (target, follow, member, notify, muted, listed) in first_followers(conn, query).await? {
        of.entry(target).or_default().push(LocalFollower { follow, member, notify, muted, listed });
    }
    for followers in of.values_mut() {
        followers.sort_by_key(|follower| follower.follow);
    }
    Ok(targets.iter().map(|target| of.get(target).cloned().unwrap_or_default()).collect())
}
