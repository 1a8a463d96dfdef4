//! How writing something ends: what shows it, what is still to be done, and what is counted.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use futures_util::future::{BoxFuture, try_join_all};

use super::entries::showing_all;
use crate::base::*;
use crate::domain::posts::Entry;
use crate::store::columns::Column;
use crate::store::fixed::Fixed;
use crate::store::jobs::{NewJob, adding_all};
use crate::store::query::{RunQueryDsl, Statement};
use crate::store::schema::*;
use crate::store::{Conn, db_fn};

/// What is counted.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    posts: BTreeMap<ActorId, (i64, Time)>,
    replies: BTreeMap<PostId, (i64, i64)>,
    reactions: BTreeMap<PostId, i64>,
    follows: BTreeMap<ActorId, (i64, i64)>,
    members: BTreeMap<ActorId, i64>,
}

impl Counts {
    /// A post of a person or in a group, and when it was published.
    pub fn post(&mut self, of: ActorId, at: Time) {
        let (count, last) = self.posts.entry(of).or_insert((0, at));
        (*count, *last) = (*count + 1, at.max(*last));
    }

    /// A comment under a post; its thread moves to this place (`received_seq`).
    pub fn reply(&mut self, to: PostId, seq: i64) {
        let (count, last) = self.replies.entry(to).or_insert((0, seq));
        (*count, *last) = (*count + 1, seq.max(*last));
    }

    /// A reaction to a post, or one fewer.
    pub fn reaction(&mut self, to: PostId, by: i64) {
        *self.reactions.entry(to).or_default() += by;
    }

    /// A follow that holds; `told`: everyone may know of it.
    pub fn follow(&mut self, follower: ActorId, target: ActorId, told: bool) {
        self.follows.entry(target).or_default().0 += 1;
        if told {
            self.follows.entry(follower).or_default().1 += 1;
        }
    }

    /// A member of a group.
    pub fn member(&mut self, of: ActorId) {
        *self.members.entry(of).or_default() += 1;
    }
}

/// Ends a transaction that writes something. What is counted comes last: many count at one place, and who does holds the
/// others up until the commit; all in one order, or two could wait for each other. PostgreSQL is not waited for after each part.
pub async fn end(conn: &mut Conn, shown: &[Entry], jobs: &[NewJob<'_>], counts: &Counts) -> Result<()> {
    if let Conn::Sqlite(_) = conn {
        for entry in shown {
            super::insert_entry(conn, entry, None).await?;
        }
        for job in jobs {
            crate::store::jobs::enqueue(conn, *job).await?;
        }
        return count(conn, counts).await;
    }
    let added = [
        (!shown.is_empty()).then(|| showing_all(conn, shown)),
        (!jobs.is_empty()).then(|| adding_all(conn, jobs)),
        counts.posted(conn),
        counts.replied(conn),
        counts.reacted(conn),
        counts.followed(conn),
        counts.joined(conn),
    ];
    let Conn::Pg(pg) = conn else { return Ok(()) };
    try_join_all(added.into_iter().flatten().map(|statement| send(pg, statement))).await?;
    Ok(())
}

/// On its way as soon as it is looked at; answered in the order in which it was sent.
fn send<'a>(mut pg: &'a AsyncPgConnection, statement: Fixed<()>) -> BoxFuture<'a, QueryResult<usize>> {
    diesel_async::RunQueryDsl::execute(statement, &mut pg)
}

impl Counts {
    fn posted(&self, conn: &Conn) -> Option<Fixed<()>> {
        let rows = [
            ("id", Column::ints(self.posts.keys().map(|id| id.0))),
            ("more", Column::ints(self.posts.values().map(|(count, _)| *count))),
            ("last", Column::ints(self.posts.values().map(|(_, at)| at.micros()))),
        ];
        let set = "posts_count = actors.posts_count + counted.more, last_post_at = counted.last";
        (!self.posts.is_empty()).then(|| counting(conn, "actors", set, "more, last", &rows))
    }

    fn replied(&self, conn: &Conn) -> Option<Fixed<()>> {
        let rows = [
            ("id", Column::ints(self.replies.keys().map(|id| id.0))),
            ("more", Column::ints(self.replies.values().map(|(count, _)| *count))),
            ("last", Column::ints(self.replies.values().map(|(_, seq)| *seq))),
        ];
        let set = "replies_count = posts.replies_count + counted.more, active_seq = counted.last";
        (!self.replies.is_empty()).then(|| counting(conn, "posts", set, "more, last", &rows))
    }

    fn reacted(&self, conn: &Conn) -> Option<Fixed<()>> {
        let rows = [
            ("id", Column::ints(self.reactions.keys().map(|id| id.0))),
            ("more", Column::ints(self.reactions.values().copied())),
        ];
        let set = "reactions_count = posts.reactions_count + counted.more";
        (!self.reactions.is_empty()).then(|| counting(conn, "posts", set, "more", &rows))
    }

    fn followed(&self, conn: &Conn) -> Option<Fixed<()>> {
        let rows = [
            ("id", Column::ints(self.follows.keys().map(|id| id.0))),
            ("followers", Column::ints(self.follows.values().map(|(followers, _)| *followers))),
            ("following", Column::ints(self.follows.values().map(|(_, following)| *following))),
        ];
        let set = "followers_count = actors.followers_count + counted.followers, \
                   following_count = actors.following_count + counted.following";
        (!self.follows.is_empty()).then(|| counting(conn, "actors", set, "followers, following", &rows))
    }

    fn joined(&self, conn: &Conn) -> Option<Fixed<()>> {
        let rows = [
            ("actor_id", Column::ints(self.members.keys().map(|id| id.0))),
            ("more", Column::ints(self.members.values().copied())),
        ];
        let set = "members_count = groups.members_count + counted.more";
        (!self.members.is_empty()).then(|| counting(conn, "groups", set, "more", &rows))
    }
}

/// Counts in one statement, by the first column of `rows`: it locks what it counts at in that order, whichever way PostgreSQL
/// then takes through it.
fn counting(conn: &Conn, table: &str, set: &str, counted: &str, rows: &[(&str, Column)]) -> Fixed<()> {
    let key = rows[0].0;
    let mut query =
        Fixed::new(&format!("UPDATE {table} SET {set} FROM (SELECT place.{key}, {counted} FROM {table} place JOIN "));
    query.push_rows(conn, "new", rows);
    let lock = format!(" ON new.{key} = place.{key} ORDER BY place.{key} FOR NO KEY UPDATE OF place) AS counted");
    query.push(&format!("{lock} WHERE counted.{key} = {table}.{key}"), &[]);
    query
}

fn posted(actor: ActorId, count: i64, at: Time) -> impl Statement {
    diesel::update(actors::table.find(actor))
        .set((actors::posts_count.eq(actors::posts_count + count), actors::last_post_at.eq(at)))
}

fn replied(post: PostId, count: i64, seq: i64) -> impl Statement {
    diesel::update(posts::table.find(post))
        .set((posts::replies_count.eq(posts::replies_count + count), posts::active_seq.eq(seq)))
}

fn followed(actor: ActorId, followers: i64, following: i64) -> impl Statement {
    diesel::update(actors::table.find(actor)).set((
        actors::followers_count.eq(actors::followers_count + followers),
        actors::following_count.eq(actors::following_count + following),
    ))
}

fn reacted(post: PostId, by: i64) -> impl Statement {
    diesel::update(posts::table.find(post)).set(posts::reactions_count.eq(posts::reactions_count + by))
}

db_fn! {
    async fn count(conn, counts: &Counts) -> () {
        for (actor, (count, at)) in &counts.posts {
            posted(*actor, *count, *at).execute(conn).await?;
        }
        for (post, (count, seq)) in &counts.replies {
            replied(*post, *count, *seq).execute(conn).await?;
        }
        for (post, by) in &counts.reactions {
            reacted(*post, *by).execute(conn).await?;
        }
        for (actor, (followers, following)) in &counts.follows {
            followed(*actor, *followers, *following).execute(conn).await?;
        }
        for (group, by) in &counts.members {
            diesel::update(groups::table.find(*group))
                .set(groups::members_count.eq(groups::members_count + by))
                .execute(conn)
                .await?;
        }
        Ok(())
    }

    /// Takes a post off the counter of a person or a group.
    pub async fn unpost(conn, actor: ActorId) -> usize {
        diesel::update(actors::table.find(actor)).set(actors::posts_count.eq(actors::posts_count - 1)).execute(conn).await
    }

    /// Takes a comment off the counter of a post, and notes that its thread moved.
    pub async fn unreply(conn, post: PostId, seq: i64) -> usize {
        diesel::update(posts::table.find(post))
            .set((posts::replies_count.eq(posts::replies_count - 1), posts::active_seq.eq(seq)))
            .execute(conn)
            .await
    }
}
