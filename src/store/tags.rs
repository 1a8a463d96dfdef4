//! Hashtags that members follow or show on their profile.

use diesel::dsl::{count_star, max};
use diesel::prelude::*;

use super::db_fn;
use super::schema::{actors, audiences, entries, featured_tags, followed_tags, follows, home, post_tags, posts};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::audiences::Scope;
use crate::domain::groups::FollowState;
use crate::domain::posts::{EntryKind, PostState};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// Follows a hashtag; `false` if followed already.
    pub async fn follow(conn, id: i64, member: ActorId, tag: &str) -> bool {
        diesel::insert_into(followed_tags::table)
            .values((followed_tags::id.eq(id), followed_tags::member_id.eq(member), followed_tags::tag.eq(tag)))
            .on_conflict((followed_tags::member_id, followed_tags::tag))
            .do_nothing()
            .execute(conn)
            .await
            .map(|n| n > 0)
    }

    /// Ends following a hashtag.
    pub async fn unfollow(conn, member: ActorId, tag: &str) -> usize {
        diesel::delete(followed_tags::table.filter(followed_tags::member_id.eq(member).and(followed_tags::tag.eq(tag))))
            .execute(conn)
            .await
    }

    /// Hashtags a member follows, last first, with the cursor of each.
    pub async fn followed(conn, member: ActorId, page: Page) -> Vec<(i64, String)> {
        let (older, newer) = page.bounds();
        followed_tags::table
            .filter(followed_tags::member_id.eq(member))
            .filter(followed_tags::id.lt(older).and(followed_tags::id.gt(newer)))
            .order(followed_tags::id.desc())
            .limit(page.limit)
            .select((followed_tags::id, followed_tags::tag))
            .load(conn)
            .await
    }

    /// How many hashtags a member follows.
    pub async fn count_followed(conn, member: ActorId) -> i64 {
        followed_tags::table.filter(followed_tags::member_id.eq(member)).count().get_result(conn).await
    }

    /// Which of some hashtags a member follows.
    pub async fn followed_among(conn, member: ActorId, tags: &[String]) -> Vec<String> {
        followed_tags::table
            .filter(followed_tags::member_id.eq(member).and(followed_tags::tag.eq_any(one_of(tags))))
            .select(followed_tags::tag)
            .load(conn)
            .await
    }

    /// Members who follow one of some hashtags, by id after `after`.
    pub async fn followers(conn, tags: &[String], after: i64, limit: i64) -> Vec<ActorId> {
        followed_tags::table
            .inner_join(actors::table.on(actors::id.eq(followed_tags::member_id)))
            .filter(followed_tags::tag.eq_any(one_of(tags)).and(followed_tags::member_id.gt(ActorId(after))))
            .filter(actors::state.eq(ActorState::Active))
            .select(followed_tags::member_id)
            .distinct()
            .order(followed_tags::member_id)
            .limit(limit)
            .load(conn)
            .await
    }

    /// The newest public posts with a hashtag, each with the entry of its author.
    pub async fn latest_entries(conn, tag: &str, limit: i64) -> Vec<(EntryId, PostId)> {
        entries::table
            .inner_join(posts::table.on(posts::id.eq(entries::post_id)))
            .inner_join(post_tags::table.on(post_tags::post_id.eq(posts::id)))
            .inner_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .filter(post_tags::tag.eq(tag).and(entries::how.eq(EntryKind::Author)))
            .filter(posts::state.eq(PostState::Published).and(posts::parent_id.is_null()))
            .filter(audiences::scope.eq(Scope::Public))
            .order(entries::id.desc())
            .limit(limit)
            .select((entries::id, entries::post_id))
            .load(conn)
            .await
    }

    /// Takes off home what only a hashtag brought there: posts with it, of sources the member does not follow.
    pub async fn clear_home(conn, member: ActorId, tag: &str) -> usize {
        let tagged = post_tags::table.filter(post_tags::tag.eq(tag)).select(post_tags::post_id);
        let followed = follows::table
            .filter(follows::follower_id.eq(member).and(follows::state.eq(FollowState::Accepted)))
            .select(follows::target_id);
        let strange = entries::table
            .filter(entries::source_id.ne_all(followed).and(entries::source_id.ne(member)))
            .filter(entries::post_id.eq_any(tagged))
            .select(entries::id);
        diesel::delete(home::table.filter(home::member_id.eq(member).and(home::entry_id.eq_any(strange))))
            .execute(conn)
            .await
    }

    /// Shows a hashtag on a profile; `false` if shown already.
    pub async fn feature(conn, id: i64, member: ActorId, tag: &str) -> bool {
        diesel::insert_into(featured_tags::table)
            .values((featured_tags::id.eq(id), featured_tags::member_id.eq(member), featured_tags::tag.eq(tag)))
            .on_conflict((featured_tags::member_id, featured_tags::tag))
            .do_nothing()
            .execute(conn)
            .await
            .map(|n| n > 0)
    }

    /// Shows it no longer.
    pub async fn unfeature(conn, member: ActorId, tag: &str) -> usize {
        diesel::delete(featured_tags::table.filter(featured_tags::member_id.eq(member).and(featured_tags::tag.eq(tag))))
            .execute(conn)
            .await
    }

    /// Hashtags on a profile, in the order they were put there.
    pub async fn featured(conn, member: ActorId) -> Vec<(i64, String)> {
        featured_tags::table
            .filter(featured_tags::member_id.eq(member))
            .order(featured_tags::id)
            .select((featured_tags::id, featured_tags::tag))
            .load(conn)
            .await
    }

    /// Hashtags of someone's open posts: how often, and in which post last. Most used first.
    pub async fn used_by(conn, author: ActorId, limit: i64) -> Vec<(String, i64, Option<PostId>)> {
        let rows: Vec<(String, i64, Option<i64>)> = post_tags::table
            .inner_join(posts::table.on(posts::id.eq(post_tags::post_id)))
            .inner_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .filter(posts::author_id.eq(author).and(posts::state.eq(PostState::Published)))
            .filter(audiences::scope.le(Scope::Unlisted))
            .group_by(post_tags::tag)
            .order(count_star().desc())
            .limit(limit)
            .select((post_tags::tag, count_star(), max(posts::id)))
            .load(conn)
            .await?;
        Ok(rows.into_iter().map(|(tag, count, last)| (tag, count, last.map(PostId))).collect())
    }
}
