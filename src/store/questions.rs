//! Questions and what is learned from their answers: those nobody answered, words asked for, offers to tell more.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::fixed::lit;
use super::schema::{expertise, expertise_offers, follows, post_terms, posts, terms};
use super::sight::sees_posts;
use super::terms::{TermRow, term, term_columns};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::Sight;
use crate::domain::groups::FollowState;
use crate::domain::knowledge::{Offer, OfferState, Why};
use crate::domain::posts::{PostKind, PostState};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

type OfferRow = (OfferId, Why, Option<PostId>, TermRow);

db_fn! {
    /// Questions without an answer in the groups of a member, by others, newest first.
    pub async fn unanswered(conn, member: ActorId, sight: &Sight, since: PostId, limit: i64) -> Vec<PostId> {
        let groups = follows::table
            .filter(follows::follower_id.eq(member).and(follows::state.eq(FollowState::Accepted)))
            .select(follows::target_id.nullable());
        posts::table
            // In the words of the index of these alone: behind a value a database cannot see that it fits.
            .filter(lit::<Bool>("posts.kind = 'question' AND posts.replies_count = 0", &[]))
            .filter(posts::state.eq(PostState::Published).and(posts::id.gt(since)))
            .filter(posts::group_id.eq_any(groups).and(posts::author_id.ne(member)))
            .filter(sees_posts(sight))
            .order(posts::id.desc())
            .limit(limit)
            .select(posts::id)
            .load(conn)
            .await
    }

    /// How many questions since then are about each word, among those that one may see.
    pub async fn asked(conn, sight: &Sight, since: PostId) -> Vec<(TermId, i64)> {
        post_terms::table
            .inner_join(posts::table.on(posts::id.eq(post_terms::post_id)))
            .filter(posts::kind.eq(PostKind::Question).and(posts::state.eq(PostState::Published)))
            .filter(posts::id.gt(since))
            .filter(sees_posts(sight))
            .group_by(post_terms::term_id)
            .select((post_terms::term_id, diesel::dsl::count_star()))
            .load(conn)
            .await
    }

    /// Lessons about a word, newest first, before one; all lessons without a word.
    pub async fn lessons(conn, about: Option<TermId>, sight: &Sight, before: PostId, limit: i64) -> Vec<PostId> {
        let mut query = posts::table
            .filter(posts::kind.eq(PostKind::Lesson).and(posts::state.eq(PostState::Published)))
            .filter(posts::id.lt(before))
            .filter(sees_posts(sight))
            .order(posts::id.desc())
            .limit(limit)
            .select(posts::id)
            .into_boxed();
        if let Some(about) = about {
            let ids = post_terms::table.filter(post_terms::term_id.eq(about)).select(post_terms::post_id);
            query = query.filter(posts::id.eq_any(ids));
        }
        query.load(conn).await
    }

    /// How many lessons there are about each word, among those that one may see.
    pub async fn lesson_counts(conn, sight: &Sight) -> Vec<(TermId, i64)> {
        post_terms::table
            .inner_join(posts::table.on(posts::id.eq(post_terms::post_id)))
            .filter(posts::kind.eq(PostKind::Lesson).and(posts::state.eq(PostState::Published)))
            .filter(sees_posts(sight))
            .group_by(post_terms::term_id)
            .select((post_terms::term_id, diesel::dsl::count_star()))
            .load(conn)
            .await
    }

    /// Which of these words someone tells something about already.
    pub async fn told_about(conn, member: ActorId, about: &[TermId]) -> Vec<TermId> {
        expertise::table
            .filter(expertise::member_id.eq(member).and(expertise::term_id.eq_any(one_of(about))))
            .select(expertise::term_id)
            .load(conn)
            .await
    }

    /// Adds an offer, unless there was one for the word.
    pub async fn insert_offer(
        conn, id: OfferId, member: ActorId, about: TermId, post: PostId, why: Why, now: Time,
    ) -> usize {
        diesel::insert_into(expertise_offers::table)
            .values((
                expertise_offers::id.eq(id), expertise_offers::member_id.eq(member), expertise_offers::term_id.eq(about),
                expertise_offers::post_id.eq(post), expertise_offers::why.eq(why), expertise_offers::created_at.eq(now),
            ))
            .on_conflict_do_nothing()
            .execute(conn)
            .await
    }

    async fn offer_rows(conn, member: ActorId, limit: i64) -> Vec<OfferRow> {
        expertise_offers::table
            .inner_join(terms::table.on(terms::id.eq(expertise_offers::term_id)))
            .filter(expertise_offers::member_id.eq(member).and(expertise_offers::state.eq(OfferState::Open)))
            .order(expertise_offers::id.desc())
            .limit(limit)
            .select((expertise_offers::id, expertise_offers::why, expertise_offers::post_id, term_columns!()))
            .load(conn)
            .await
    }

    /// Answers an open offer; returns its word.
    pub async fn answer_offer(conn, member: ActorId, id: OfferId, state: OfferState) -> Option<TermId> {
        let mine = expertise_offers::id.eq(id).and(expertise_offers::member_id.eq(member));
        let open = expertise_offers::table
            .filter(mine.and(expertise_offers::state.eq(OfferState::Open)))
            .select(expertise_offers::term_id);
        let Some(about) = open.first::<TermId>(conn).await.optional()? else { return Ok(None) };
        diesel::update(expertise_offers::table.find(id)).set(expertise_offers::state.eq(state)).execute(conn).await?;
        Ok(Some(about))
    }
}

/// Open offers of a member, the last first.
pub async fn offers(conn: &mut Conn, member: ActorId, limit: i64) -> Result<Vec<Offer>> {
    let rows = offer_rows(conn, member, limit).await?;
    Ok(rows.into_iter().map(|(id, why, post_id, row)| Offer { id, term: term(row), why, post_id }).collect())
}
