//! How writing something ends: what shows it, what is still to be done, and what is counted.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel_async::AsyncPgConnection;
use futures_util::future::{BoxFuture, try_join_all};

use super::entries::showing_all;
use crate::base::*;
use crate::domain::posts::Entry;
use crate::store::jobs::{NewJob, adding_all};
use crate::store::query::{Kept, RunQueryDsl, Statement};
use crate::store::schema::*;
use crate::store::{Conn, db_fn};

/// Something that is counted.
#[derive(Clone, Copy, Debug)]
pub enum Count {
    /// A post of a person or in a group, and when it was published.
    Post(ActorId, Time),
    /// A comment under a post; its thread moves to this place (`received_seq`).
    Reply(PostId, i64),
    /// A reaction to a post, or one fewer.
    Reaction(PostId, i64),
}

/// Ends a transaction that writes something. What is counted comes last: many count at one place, and who does holds the
/// others up until the commit. PostgreSQL is not waited for after each part.
pub async fn end(conn: &mut Conn, shown: &[Entry], jobs: &[NewJob<'_>], counts: &[Count]) -> Result<()> {
    let Conn::Pg(pg) = conn else {
        for entry in shown {
            super::insert_entry(conn, entry, None).await?;
        }
        for job in jobs {
            crate::store::jobs::enqueue(conn, *job).await?;
        }
        for count in counts {
            add(conn, *count).await?;
        }
        return Ok(());
    };
    let pg: &AsyncPgConnection = pg;
    let mut parts: Vec<BoxFuture<'_, QueryResult<usize>>> = Vec::new();
    if !shown.is_empty() {
        parts.push(send(pg, showing_all(shown)));
    }
    if !jobs.is_empty() {
        parts.push(send(pg, adding_all(jobs)));
    }
    parts.extend(counts.iter().map(|count| match *count {
        Count::Post(actor, at) => send(pg, posted(actor, at)),
        Count::Reply(post, seq) => send(pg, replied(post, seq)),
        Count::Reaction(post, by) => send(pg, reacted(post, by)),
    }));
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

fn posted(actor: ActorId, at: Time) -> impl Statement {
    diesel::update(actors::table.find(actor))
        .set((actors::posts_count.eq(actors::posts_count + 1), actors::last_post_at.eq(at)))
}

fn replied(post: PostId, seq: i64) -> impl Statement {
    diesel::update(posts::table.find(post))
        .set((posts::replies_count.eq(posts::replies_count + 1), posts::active_seq.eq(seq)))
}

fn reacted(post: PostId, by: i64) -> impl Statement {
    diesel::update(posts::table.find(post)).set(posts::reactions_count.eq(posts::reactions_count + by))
}

db_fn! {
    async fn add(conn, count: Count) -> usize {
        match count {
            Count::Post(actor, at) => posted(actor, at).execute(conn).await,
            Count::Reply(post, seq) => replied(post, seq).execute(conn).await,
            Count::Reaction(post, by) => reacted(post, by).execute(conn).await,
        }
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
