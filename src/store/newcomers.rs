//! Who begins here, and their first steps.

use diesel::prelude::*;

use super::schema::{actors, expertise, follows, groups, newcomer_steps, newcomers, posts};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::groups::FollowState;
use crate::domain::newcomers::{Marked, Newcomer, Step};
use crate::domain::posts::{PostKind, PostState};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

type Row = (ActorId, Option<ActorId>, i32, Time, Option<Time>, Time, Option<Time>);

fn read((member_id, buddy_id, done, moved_at, nudged_at, created_at, ended_at): Row) -> Newcomer {
    let done = usize::try_from(done).unwrap_or(0);
    Newcomer { member_id, buddy_id, done, moved_at, nudged_at, created_at, ended_at }
}

macro_rules! columns {
    () => {
        (
            newcomers::member_id,
            newcomers::buddy_id,
            newcomers::done,
            newcomers::moved_at,
            newcomers::nudged_at,
            newcomers::created_at,
            newcomers::ended_at,
        )
    };
}

db_fn! {
    /// Someone begins, or begins anew.
    pub async fn put(conn, member: ActorId, buddy: Option<ActorId>, now: Time) -> usize {
        let values = (
            newcomers::buddy_id.eq(buddy), newcomers::done.eq(0), newcomers::moved_at.eq(now),
            newcomers::nudged_at.eq(None::<Time>), newcomers::created_at.eq(now), newcomers::ended_at.eq(None::<Time>),
        );
        diesel::delete(newcomer_steps::table.filter(newcomer_steps::member_id.eq(member))).execute(conn).await?;
        diesel::insert_into(newcomers::table)
            .values((newcomers::member_id.eq(member), values))
            .on_conflict(newcomers::member_id)
            .do_update()
            .set(values)
            .execute(conn)
            .await
    }

    async fn row(conn, member: ActorId) -> Option<Row> {
        newcomers::table.find(member).select(columns!()).first(conn).await.optional()
    }

    async fn open_rows(conn, buddy: Option<ActorId>, after: ActorId, limit: i64) -> Vec<Row> {
        let mut query = newcomers::table
            .inner_join(actors::table.on(actors::id.eq(newcomers::member_id)))
            .filter(newcomers::ended_at.is_null().and(actors::state.eq(ActorState::Active)))
            .filter(newcomers::member_id.gt(after))
            .order(newcomers::member_id)
            .limit(limit)
            .select(columns!())
            .into_boxed();
        if let Some(buddy) = buddy {
            query = query.filter(newcomers::buddy_id.eq(buddy));
        }
        query.load(conn).await
    }

    /// Whether someone helps anyone who begins here.
    pub async fn is_buddy(conn, who: ActorId) -> bool {
        let theirs = newcomers::table.filter(newcomers::buddy_id.eq(who).and(newcomers::ended_at.is_null()));
        diesel::select(diesel::dsl::exists(theirs)).get_result(conn).await
    }

    /// Who helps.
    pub async fn set_buddy(conn, member: ActorId, buddy: Option<ActorId>) -> usize {
        diesel::update(newcomers::table.find(member)).set(newcomers::buddy_id.eq(buddy)).execute(conn).await
    }

    /// A step more was done.
    pub async fn set_done(conn, member: ActorId, done: i32, now: Time) -> usize {
        diesel::update(newcomers::table.find(member))
            .set((newcomers::done.eq(done), newcomers::moved_at.eq(now)))
            .execute(conn)
            .await
    }

    /// Those who help were told that it stands still.
    pub async fn set_nudged(conn, member: ActorId, now: Time) -> usize {
        diesel::update(newcomers::table.find(member)).set(newcomers::nudged_at.eq(now)).execute(conn).await
    }

    /// They found their way.
    pub async fn end(conn, member: ActorId, now: Time) -> usize {
        diesel::update(newcomers::table.find(member).filter(newcomers::ended_at.is_null()))
            .set(newcomers::ended_at.eq(now))
            .execute(conn)
            .await
    }

    /// Someone says that a step was done; the first who says so stays.
    pub async fn mark(conn, member: ActorId, step: Step, by: ActorId, note: &str, now: Time) -> usize {
        diesel::insert_into(newcomer_steps::table)
            .values((
                newcomer_steps::member_id.eq(member), newcomer_steps::step.eq(step), newcomer_steps::by_id.eq(by),
                newcomer_steps::note.eq(note), newcomer_steps::created_at.eq(now),
            ))
            .on_conflict((newcomer_steps::member_id, newcomer_steps::step))
            .do_nothing()
            .execute(conn)
            .await
    }

    /// It was not, after all.
    pub async fn unmark(conn, member: ActorId, step: Step) -> usize {
        diesel::delete(newcomer_steps::table.find((member, step))).execute(conn).await
    }

    async fn mark_rows(conn, members: &[ActorId]) -> Vec<(ActorId, Step, Option<ActorId>, String, Time)> {
        newcomer_steps::table
            .filter(newcomer_steps::member_id.eq_any(one_of(members)))
            .order((newcomer_steps::member_id, newcomer_steps::created_at))
            .select((
                newcomer_steps::member_id, newcomer_steps::step, newcomer_steps::by_id, newcomer_steps::note,
                newcomer_steps::created_at,
            ))
            .load(conn)
            .await
    }

    async fn with_profile(conn, members: &[ActorId]) -> Vec<ActorId> {
        actors::table
            .filter(actors::id.eq_any(one_of(members)))
            .filter(actors::icon_media_id.is_not_null().or(actors::summary_source.ne("")))
            .select(actors::id)
            .load(conn)
            .await
    }

    async fn with_knowledge(conn, members: &[ActorId]) -> Vec<ActorId> {
        expertise::table
            .filter(expertise::member_id.eq_any(one_of(members)))
            .distinct()
            .select(expertise::member_id)
            .load(conn)
            .await
    }

    async fn with_group(conn, members: &[ActorId]) -> Vec<ActorId> {
        follows::table
            .inner_join(groups::table.on(groups::actor_id.eq(follows::target_id)))
            .filter(follows::follower_id.eq_any(one_of(members)).and(follows::state.eq(FollowState::Accepted)))
            .distinct()
            .select(follows::follower_id)
            .load(conn)
            .await
    }

    async fn with_post(conn, members: &[ActorId]) -> Vec<ActorId> {
        posts::table
            .filter(posts::author_id.eq_any(one_of(members)).and(posts::state.eq(PostState::Published)))
            .filter(posts::kind.ne(PostKind::Direct))
            .distinct()
            .select(posts::author_id)
            .load(conn)
            .await
    }
}

/// Someone, if they ever began here.
pub async fn find(conn: &mut Conn, member: ActorId) -> Result<Option<Newcomer>> {
    Ok(row(conn, member).await?.map(read))
}

/// Those who begin here now, or those of them whom `buddy` helps; by id, after `after`.
pub async fn open(conn: &mut Conn, buddy: Option<ActorId>, after: ActorId, limit: i64) -> Result<Vec<Newcomer>> {
    Ok(open_rows(conn, buddy, after, limit).await?.into_iter().map(read).collect())
}

/// What others and they themselves said was done.
pub async fn marks(conn: &mut Conn, members: &[ActorId]) -> Result<Vec<Marked>> {
    let read = |(member_id, step, by_id, note, created_at)| Marked { member_id, step, by_id, note, created_at };
    Ok(mark_rows(conn, members).await?.into_iter().map(read).collect())
}

/// Which of some members did a step, as it shows by itself. Meeting somebody does not.
pub async fn did(conn: &mut Conn, step: Step, members: &[ActorId]) -> Result<Vec<ActorId>> {
    match step {
        Step::Profile => with_profile(conn, members).await,
        Step::Knowledge => with_knowledge(conn, members).await,
        Step::Group => with_group(conn, members).await,
        Step::Hello => with_post(conn, members).await,
        Step::Buddy => Ok(Vec::new()),
    }
}
