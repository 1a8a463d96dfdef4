//! Votes: their options, who voted, how many.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::base::*;
use crate::domain::posts::*;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;
use crate::store::schema::*;
use crate::store::{Conn, db_fn};

db_fn! {
    /// Each option with whether `me` chose it.
    async fn poll_rows(conn, ids: &[PostId], me: i64)
        -> Vec<(PostId, bool, bool, Option<Time>, Option<Time>, i64, i32, String, i64, Option<i32>)>
    {
        polls::table
            .inner_join(poll_options::table.on(poll_options::post_id.eq(polls::post_id)))
            .left_join(poll_votes::table.on(
                poll_votes::post_id.eq(poll_options::post_id)
                    .and(poll_votes::position.eq(poll_options::position))
                    .and(poll_votes::actor_id.eq(ActorId(me))),
            ))
            .filter(polls::post_id.eq_any(one_of(ids)))
            .order((polls::post_id, poll_options::position))
            .select((
                polls::post_id, polls::multiple, polls::hidden, polls::closes_at, polls::closed_at, polls::voters_count,
                poll_options::position, poll_options::title, poll_options::votes_count, poll_votes::position.nullable(),
            ))
            .load(conn)
            .await
    }

    /// What someone chose in several votes.
    pub async fn own_votes(conn, ids: &[PostId], who: ActorId) -> Vec<(PostId, i32)> {
        poll_votes::table
            .filter(poll_votes::post_id.eq_any(one_of(ids)).and(poll_votes::actor_id.eq(who)))
            .order((poll_votes::post_id, poll_votes::position))
            .select((poll_votes::post_id, poll_votes::position))
            .load(conn)
            .await
    }

    /// Adds a vote to a post: options by title.
    pub async fn insert_poll(conn, post: PostId, poll: &Poll) -> usize {
        diesel::insert_into(polls::table)
            .values((
                polls::post_id.eq(post), polls::multiple.eq(poll.multiple), polls::hidden.eq(poll.hidden),
                polls::closes_at.eq(poll.closes_at), polls::closed_at.eq(poll.closed_at),
                polls::voters_count.eq(poll.voters_count),
            ))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
        for option in &poll.options {
            diesel::insert_into(poll_options::table)
                .values((
                    poll_options::post_id.eq(post), poll_options::position.eq(option.position),
                    poll_options::title.eq(&option.title), poll_options::votes_count.eq(option.votes_count),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
        }
        Ok(poll.options.len())
    }

    /// Counts as a peer tells them: option counts by position, and voters.
    pub async fn set_poll_counts(conn, post: PostId, counts: &[(i32, i64)], voters: i64, closed_at: Option<Time>) -> usize {
        for (position, count) in counts {
            diesel::update(poll_options::table.find((post, *position)))
                .set(poll_options::votes_count.eq(count))
                .execute(conn)
                .await?;
        }
        diesel::update(polls::table.find(post))
            .set((polls::voters_count.eq(voters), polls::closed_at.eq(closed_at)))
            .execute(conn)
            .await
    }

    /// Adds one vote; `false` if that option was chosen by them already.
    pub async fn insert_vote(conn, post: PostId, actor: ActorId, position: i32) -> bool {
        let n = diesel::insert_into(poll_votes::table)
            .values((poll_votes::post_id.eq(post), poll_votes::actor_id.eq(actor), poll_votes::position.eq(position)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
        if n > 0 {
            diesel::update(poll_options::table.find((post, position)))
                .set(poll_options::votes_count.eq(poll_options::votes_count + 1))
                .execute(conn)
                .await?;
        }
        Ok(n > 0)
    }

    /// Counts one more person who voted.
    pub async fn add_voter(conn, post: PostId) -> usize {
        diesel::update(polls::table.find(post)).set(polls::voters_count.eq(polls::voters_count + 1)).execute(conn).await
    }

    /// Polls whose time is up and that are not closed yet.
    pub async fn polls_to_close(conn, now: Time, limit: i64) -> Vec<PostId> {
        polls::table
            .filter(polls::closes_at.le(now).and(polls::closed_at.is_null()))
            .limit(limit)
            .select(polls::post_id)
            .load(conn)
            .await
    }

    /// Closes a poll.
    pub async fn close_poll(conn, post: PostId, now: Time) -> usize {
        diesel::update(polls::table.find(post)).set(polls::closed_at.eq(now)).execute(conn).await
    }

    /// Who voted in a poll, members here only.
    pub async fn local_voters(conn, post: PostId) -> Vec<ActorId> {
        poll_votes::table
            .inner_join(members::table.on(members::actor_id.eq(poll_votes::actor_id)))
            .filter(poll_votes::post_id.eq(post))
            .select(poll_votes::actor_id)
            .distinct()
            .load(conn)
            .await
    }

    /// The options someone chose.
    pub async fn votes_of(conn, post: PostId, actor: ActorId) -> Vec<i32> {
        poll_votes::table
            .filter(poll_votes::post_id.eq(post).and(poll_votes::actor_id.eq(actor)))
            .select(poll_votes::position)
            .load(conn)
            .await
    }
}

pub(super) async fn load_polls(conn: &mut Conn, ids: &[PostId], me: i64) -> Result<HashMap<PostId, Poll>> {
    let mut polls: HashMap<PostId, Poll> = HashMap::new();
    if ids.is_empty() {
        return Ok(polls);
    }
    for (post, multiple, hidden, closes_at, closed_at, voters_count, position, title, votes_count, mine) in
        poll_rows(conn, ids, me).await?
    {
        let empty = || Poll { multiple, hidden, closes_at, closed_at, voters_count, options: vec![], own: vec![] };
        let poll = polls.entry(post).or_insert_with(empty);
        poll.options.push(PollOption { position, title, votes_count });
        poll.own.extend(mine);
    }
    Ok(polls)
}
