//! How writing something ends: what shows it, what is still to be done, and what is counted.

use std::collections::BTreeMap;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel_async::AsyncPgConnection;
use futures_util::future::{BoxFuture, try_join_all};

use super::entries::showing_all;
use crate::base::*;
use crate::domain::posts::Entry;
use crate::store::jobs::{NewJob, adding_all};
use crate::store::query::{Kept, Once, RunQueryDsl, Statement};
use crate::store::schema::*;
use crate::store::{Conn, db_fn};

/// Rows of one post at most, in each table.
const OF_ONE: usize = 2;

/// What is counted.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    posts: BTreeMap<ActorId, (i64, Time)>,
    replies: BTreeMap<PostId, (i64, i64)>,
    reactions: BTreeMap<PostId, i64>,
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
}

/// Ends a transaction that writes something. What is counted comes last: many count at one place, and who does holds the
/// others up until the commit; all in one order, or two could wait for each other. PostgreSQL is not waited for after each part.
pub async fn end(conn: &mut Conn, shown: &[Entry], jobs: &[NewJob<'_>], counts: &Counts) -> Result<()> {
    let Conn::Pg(pg) = conn else {
        for entry in shown {
            super::insert_entry(conn, entry, None).await?;
        }
        for job in jobs {
            crate::store::jobs::enqueue(conn, *job).await?;
        }
        return count(conn, counts).await;
    };
    let pg: &AsyncPgConnection = pg;
    let mut parts: Vec<BoxFuture<'_, QueryResult<usize>>> = Vec::new();
    if !shown.is_empty() {
        parts.push(send_all(pg, shown.len(), showing_all(shown)));
    }
    if !jobs.is_empty() {
        parts.push(send_all(pg, jobs.len(), adding_all(jobs)));
    }
    parts.extend(counts.posts.iter().map(|(actor, (count, at))| send(pg, posted(*actor, *count, *at))));
    parts.extend(counts.replies.iter().map(|(post, (count, seq))| send(pg, replied(*post, *count, *seq))));
    parts.extend(counts.reactions.iter().map(|(post, by)| send(pg, reacted(*post, *by))));
    try_join_all(parts).await?;
    Ok(())
}

/// On its way as soon as it is looked at; answered in the order in which it was sent.
fn send<'a>(
    mut pg: &'a AsyncPgConnection,
    statement: impl QueryFragment<Pg> + Send + 'a,
) -> BoxFuture<'a, QueryResult<usize>> {
    diesel_async::RunQueryDsl::execute(Kept(statement), &mut pg)
}

/// Rows of many posts: a statement for each number of rows would be too many to keep prepared.
fn send_all<'a>(
    mut pg: &'a AsyncPgConnection,
    rows: usize,
    statement: impl QueryFragment<Pg> + Send + 'a,
) -> BoxFuture<'a, QueryResult<usize>> {
    if rows <= OF_ONE { send(pg, statement) } else { diesel_async::RunQueryDsl::execute(Once(statement), &mut pg) }
}

fn posted(actor: ActorId, count: i64, at: Time) -> impl Statement {
    diesel::update(actors::table.find(actor))
        .set((actors::posts_count.eq(actors::posts_count + count), actors::last_post_at.eq(at)))
}

fn replied(post: PostId, count: i64, seq: i64) -> impl Statement {
    diesel::update(posts::table.find(post))
        .set((posts::replies_count.eq(posts::replies_count + count), posts::active_seq.eq(seq)))
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
