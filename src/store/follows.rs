//! Follows of several at once, for what is gathered; those of one stand with the groups.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::schema::follows;
use super::{Conn, db_fn, groups};
use crate::base::*;
use crate::domain::groups::Follow;
use crate::store::among::one_of;
use crate::store::columns::Column;
use crate::store::fixed::Fixed;
use crate::store::query::RunQueryDsl;

db_fn! {
    async fn found(conn, query: Fixed<BigInt>) -> Vec<Follow> {
        let ids: Vec<FollowId> = query.load(conn).await?;
        follows::table.filter(follows::id.eq_any(one_of(ids))).select(Follow::as_select()).load(conn).await
    }

    async fn put(conn, query: Fixed<()>) -> usize {
        query.execute(conn).await
    }
}

/// Who follows whom, of pairs of both: in no order.
pub async fn between(conn: &mut Conn, pairs: &[(ActorId, ActorId)]) -> Result<Vec<Follow>> {
    match pairs {
        [] => return Ok(Vec::new()),
        [(follower, target)] => {
            return Ok(groups::find_follow(conn, *follower, *target).await?.into_iter().collect());
        }
        _ => {}
    }
    let columns = [
        ("follower_id", Column::ints(pairs.iter().map(|(follower, _)| follower.0))),
        ("target_id", Column::ints(pairs.iter().map(|(_, target)| target.0))),
    ];
    // By pairs: both each for themselves would be looked up among all who follow the groups.
    let mut query = Fixed::new("SELECT follows.id FROM ");
    query.push_rows(conn, "pair", &columns);
    query.push(" JOIN follows ON follows.target_id = pair.target_id AND follows.follower_id = pair.follower_id", &[]);
    found(conn, query).await
}

/// Adds follows, or renews those that are there, each pair once; see [`groups::upsert_follow`].
pub async fn upsert(conn: &mut Conn, all: &[&Follow]) -> Result<()> {
    if all.len() < 2 || matches!(conn, Conn::Sqlite(_)) {
        for follow in all {
            groups::upsert_follow(conn, follow).await?;
        }
        return Ok(());
    }
    let columns = [
        ("id", Column::ints(all.iter().map(|new| new.id.0))),
        ("follower_id", Column::ints(all.iter().map(|new| new.follower_id.0))),
        ("target_id", Column::ints(all.iter().map(|new| new.target_id.0))),
        ("state", Column::texts(all.iter().map(|new| new.state.as_str()))),
        ("role", Column::texts(all.iter().map(|new| new.role.as_str()))),
        ("may_post", Column::flags(all.iter().map(|new| new.may_post))),
        ("uri", Column::texts(all.iter().map(|new| new.uri.as_deref()))),
        ("notify", Column::texts(all.iter().map(|new| new.notify.as_str()))),
        ("muted", Column::flags(all.iter().map(|new| new.muted))),
        ("reason", Column::texts(all.iter().map(|new| new.reason.as_str()))),
        ("until_at", Column::ints(all.iter().map(|new| new.until_at.map(Time::micros)))),
        ("seen_seq", Column::ints(all.iter().map(|new| new.seen_seq))),
        ("created_at", Column::ints(all.iter().map(|new| new.created_at.micros()))),
    ];
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut query = Fixed::new(&format!("INSERT INTO follows ({}) SELECT new.* FROM ", names.join(", ")));
    query.push_rows(conn, "new", &columns);
    query.push(
        " WHERE TRUE ORDER BY new.follower_id, new.target_id ON CONFLICT (follower_id, target_id) DO UPDATE SET \
         state = excluded.state, role = excluded.role, may_post = excluded.may_post, uri = excluded.uri, \
         reason = excluded.reason, until_at = excluded.until_at, notify = excluded.notify, muted = excluded.muted",
        &[],
    );
    put(conn, query).await?;
    Ok(())
}

/// Adds readers of audiences, with the host of each.
pub async fn add_readers(conn: &mut Conn, all: &HashSet<(AudienceId, ActorId, HostId)>) -> Result<()> {
    let mut all: Vec<_> = all.iter().copied().collect();
    all.sort_unstable();
    if all.len() < 2 || matches!(conn, Conn::Sqlite(_)) {
        for (audience, actor, host) in all {
            groups::add_reader(conn, audience, actor, host).await?;
        }
        return Ok(());
    }
    let columns = [
        ("audience_id", Column::ints(all.iter().map(|(audience, ..)| audience.0))),
        ("actor_id", Column::ints(all.iter().map(|(_, actor, _)| actor.0))),
        ("host_id", Column::ints(all.iter().map(|(.., host)| host.0))),
    ];
    let mut query = Fixed::new("INSERT INTO readers (audience_id, actor_id, host_id) SELECT new.* FROM ");
    query.push_rows(conn, "new", &columns);
    query
        .push(" WHERE TRUE ORDER BY new.audience_id, new.actor_id ON CONFLICT (audience_id, actor_id) DO NOTHING", &[]);
    put(conn, query).await?;
    Ok(())
}
