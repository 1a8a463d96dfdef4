//! Little pictures of other servers.

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::schema::emoji;
use super::{Conn, db_fn};
use crate::base::*;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// One of them: its address, who first wrote it, and the file that is kept.
pub type EmojiRow = (HostId, String, ActorId, Option<MediaId>);

db_fn! {
    async fn upsert(conn, id: EmojiId, host: HostId, name: &str, url: &str, actor: ActorId) -> usize {
        diesel::insert_into(emoji::table)
            .values((
                emoji::id.eq(id), emoji::host_id.eq(host), emoji::name.eq(name), emoji::url.eq(url),
                emoji::actor_id.eq(actor),
            ))
            .on_conflict((emoji::host_id, emoji::name))
            .do_update()
            .set(emoji::url.eq(excluded(emoji::url)))
            .execute(conn)
            .await
    }

    async fn known(conn, host: HostId, names: &[String]) -> Vec<(String, EmojiId, String)> {
        emoji::table
            .filter(emoji::host_id.eq(host).and(emoji::name.eq_any(one_of(names))))
            .select((emoji::name, emoji::id, emoji::url))
            .load(conn)
            .await
    }

    /// One of them.
    pub async fn find(conn, id: EmojiId) -> Option<EmojiRow> {
        emoji::table
            .find(id)
            .select((emoji::host_id, emoji::url, emoji::actor_id, emoji::media_id))
            .first(conn)
            .await
            .optional()
    }

    /// Notes the file that is kept of one.
    pub async fn set_media(conn, id: EmojiId, media: MediaId) -> usize {
        diesel::update(emoji::table.find(id)).set(emoji::media_id.eq(media)).execute(conn).await
    }
}

/// Notes emoji of a host (name and address) and returns their ids by name. What was kept of one that has another address
/// now is still shown.
pub async fn note(
    conn: &mut Conn,
    ids: &Ids,
    (host, author): (HostId, ActorId),
    named: &[(String, String)],
) -> Result<Vec<(String, EmojiId)>> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = named.iter().map(|(name, _)| name.clone()).collect();
    let before = known(conn, host, &names).await?;
    let is_new = |(name, url): &&(String, String)| !before.iter().any(|(known, _, at)| known == name && at == url);
    let new: Vec<_> = named.iter().filter(is_new).collect();
    for (name, url) in &new {
        upsert(conn, EmojiId(ids.next()), host, name, url, author).await?;
    }
    let now = if new.is_empty() { before } else { known(conn, host, &names).await? };
    Ok(now.into_iter().map(|(name, id, _)| (name, id)).collect())
}
