//! Files of posts and profiles; the bytes are in `media/`.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::db_fn;
use super::schema::media;
use crate::base::*;
use crate::domain::media::{Media, MediaPurpose, MediaState};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// Adds a file.
    pub async fn insert(conn, new: &Media, now: Time) -> usize {
        diesel::insert_into(media::table)
            .values((
                (
                    media::id.eq(new.id), media::owner_id.eq(new.owner_id), media::post_id.eq(new.post_id),
                    media::purpose.eq(new.purpose), media::position.eq(new.position), media::kind.eq(new.kind),
                    media::mime.eq(&new.mime), media::file_name.eq(&new.file_name), media::size.eq(new.size),
                    media::width.eq(new.width), media::height.eq(new.height),
                ),
                (
                    media::blurhash.eq(&new.blurhash), media::description.eq(&new.description),
                    media::focus_x.eq(new.focus_x), media::focus_y.eq(new.focus_y), media::key.eq(&new.key),
                    media::thumb_key.eq(&new.thumb_key), media::thumb_mime.eq(&new.thumb_mime),
                    media::remote_url.eq(&new.remote_url), media::state.eq(new.state), media::created_at.eq(now),
                ),
            ))
            .execute(conn)
            .await
    }

    /// A file.
    pub async fn find(conn, id: MediaId) -> Option<Media> {
        media::table.find(id).select(Media::as_select()).first(conn).await.optional()
    }

    /// Which of several files are someone's own and in no post yet.
    pub async fn loose_of(conn, owner: ActorId, ids: &[MediaId]) -> Vec<Media> {
        media::table
            .filter(media::id.eq_any(one_of(ids)).and(media::owner_id.eq(owner)).and(media::post_id.is_null()))
            .select(Media::as_select())
            .load(conn)
            .await
    }

    /// The state of a file among several that cannot be shown yet, or never.
    pub async fn first_unready(conn, ids: &[MediaId]) -> Option<MediaState> {
        if ids.is_empty() {
            return Ok(None);
        }
        media::table
            .filter(media::id.eq_any(one_of(ids)).and(media::state.eq_any(one_of([MediaState::Processing, MediaState::Failed]))))
            .select(media::state)
            .first(conn)
            .await
            .optional()
    }

    /// Files of several posts, in order.
    pub async fn of_posts(conn, posts: &[PostId]) -> Vec<Media> {
        media::table
            .filter(media::post_id.eq_any(one_of(posts.iter().map(|id| Some(id.0)))))
            .order((media::post_id, media::position))
            .select(Media::as_select())
            .load(conn)
            .await
    }

    /// Gives one's own loose files to a post, in the order of `position`.
    pub async fn attach(conn, id: MediaId, owner: ActorId, post: PostId, position: i32) -> usize {
        diesel::update(media::table.find(id))
            .filter(media::owner_id.eq(owner).and(media::post_id.is_null().or(media::post_id.eq(post))))
            .set((media::post_id.eq(post), media::position.eq(position)))
            .execute(conn)
            .await
    }

    /// Takes a file off its post; a job removes loose files later.
    pub async fn detach(conn, id: MediaId) -> usize {
        diesel::update(media::table.find(id)).set(media::post_id.eq(None::<PostId>)).execute(conn).await
    }

    /// The same of all files somebody put into posts: loose, they are cleaned up.
    pub async fn detach_all(conn, owner: ActorId) -> usize {
        diesel::update(media::table.filter(media::owner_id.eq(owner).and(media::purpose.eq(MediaPurpose::Post))))
            .set(media::post_id.eq(None::<PostId>))
            .execute(conn)
            .await
    }

    /// Changes the alternative text and focal point.
    pub async fn describe(conn, id: MediaId, description: &str, focus: Option<(f64, f64)>) -> usize {
        diesel::update(media::table.find(id))
            .set((
                media::description.eq(description), media::focus_x.eq(focus.map(|f| f.0)),
                media::focus_y.eq(focus.map(|f| f.1)),
            ))
            .execute(conn)
            .await
    }

    /// The same, and its place among the files of its post.
    pub async fn renew(conn, id: MediaId, position: i32, description: &str, focus: Option<(f64, f64)>) -> usize {
        diesel::update(media::table.find(id))
            .set((
                media::position.eq(position), media::description.eq(description), media::focus_x.eq(focus.map(|f| f.0)),
                media::focus_y.eq(focus.map(|f| f.1)),
            ))
            .execute(conn)
            .await
    }

    /// Pictures and documents of a group's visible posts, newest first, before `before`.
    pub async fn of_group(conn, group: ActorId, sight: &crate::domain::Sight, before: i64, limit: i64) -> Vec<Media> {
        use super::schema::posts;
        media::table
            .inner_join(posts::table.on(media::post_id.eq(posts::id.nullable())))
            .filter(posts::group_id.eq(group).and(posts::state.eq(crate::domain::posts::PostState::Published)))
            .filter(media::id.lt(MediaId(before)))
            .filter(super::sight::sees_posts(sight))
            .order(media::id.desc())
            .limit(limit)
            .select(Media::as_select())
            .load(conn)
            .await
    }

    /// Loose post files older than `before`: id, keys. For the cleaning job.
    pub async fn list_loose(conn, before: Time, limit: i64) -> Vec<(MediaId, Option<String>, Option<String>)> {
        media::table
            .filter(media::post_id.is_null().and(media::purpose.eq("post")).and(media::created_at.lt(before)))
            // Who has a post waiting for its time may have given it files: they are not looked through one by one.
            .filter(sql::<Bool>("NOT EXISTS (SELECT 1 FROM scheduled_posts s WHERE s.member_id = media.owner_id)"))
            .filter(sql::<Bool>(
                "NOT EXISTS (SELECT 1 FROM drafts d WHERE d.member_id = media.owner_id AND d.place LIKE 'scheduled%')",
            ))
            .limit(limit)
            .select((media::id, media::key, media::thumb_key))
            .load(conn)
            .await
    }

    /// Notes what was made of a picture that was kept as it came.
    pub async fn set_prepared(conn, file: &Media) -> usize {
        diesel::update(media::table.find(file.id))
            .filter(media::state.eq(MediaState::Processing))
            .set((
                media::mime.eq(&file.mime), media::size.eq(file.size), media::width.eq(file.width),
                media::height.eq(file.height), media::blurhash.eq(&file.blurhash), media::key.eq(&file.key),
                media::thumb_key.eq(&file.thumb_key), media::thumb_mime.eq(&file.thumb_mime),
                media::state.eq(file.state),
            ))
            .execute(conn)
            .await
    }

    /// Forgets a file.
    pub async fn delete(conn, id: MediaId) -> usize {
        diesel::delete(media::table.find(id)).execute(conn).await
    }
}

db_fn! {
    /// Notes that a peer's file is kept here now.
    pub async fn set_fetched(conn, id: MediaId, key: &str, mime: &str, size: i64) -> usize {
        diesel::update(media::table.find(id))
            .set((
                media::key.eq(key), media::mime.eq(mime), media::size.eq(size),
                media::state.eq(MediaState::Ready),
            ))
            .execute(conn)
            .await
    }
}
