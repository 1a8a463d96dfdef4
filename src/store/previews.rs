//! Cards of links.

use diesel::prelude::*;

use super::db_fn;
use super::schema::link_previews;
use crate::base::*;
use crate::domain::previews::LinkPreview;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// The card of a post.
    pub async fn find(conn, post: PostId) -> Option<LinkPreview> {
        link_previews::table.find(post).select(LinkPreview::as_select()).first(conn).await.optional()
    }

    /// Cards of several posts.
    pub async fn of_posts(conn, posts: &[PostId]) -> Vec<LinkPreview> {
        link_previews::table
            .filter(link_previews::post_id.eq_any(one_of(posts)))
            .select(LinkPreview::as_select())
            .load(conn)
            .await
    }

    /// Takes a card away.
    pub async fn delete(conn, post: PostId) -> usize {
        diesel::delete(link_previews::table.find(post)).execute(conn).await
    }

    /// Puts a card on a post; the one before goes.
    pub async fn put(conn, new: &LinkPreview) -> usize {
        diesel::delete(link_previews::table.find(new.post_id)).execute(conn).await?;
        diesel::insert_into(link_previews::table)
            .values((
                link_previews::post_id.eq(new.post_id), link_previews::url.eq(&new.url),
                link_previews::title.eq(&new.title), link_previews::description.eq(&new.description),
                link_previews::picture_key.eq(&new.picture_key), link_previews::picture_mime.eq(&new.picture_mime),
                link_previews::width.eq(new.width), link_previews::height.eq(new.height),
                link_previews::fetched_at.eq(new.fetched_at),
            ))
            .execute(conn)
            .await
    }
}
