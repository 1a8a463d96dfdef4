//! Little pictures of other servers.

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;

use super::schema::emoji;
use super::{Conn, db_fn};
use crate::base::*;

/// One of them: its address, who first wrote it, and the file that is kept.
pub type EmojiRow = (HostId, String, ActorId, Option<MediaId>);

db_fn! {
    async fn upsert(conn, id: i64, host: HostId, name: &str, url: &str, actor: ActorId) -> usize {
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

    async fn ids(conn, host: HostId, names: &[String]) -> Vec<(String, i64)> {
        emoji::table
            .filter(emoji::host_id.eq(host).and(emoji::name.eq_any(names)))
            .select((emoji::name, emoji::id))
            .load(conn)
            .await
    }

    /// One of them.
    pub async fn find(conn, id: i64) -> Option<EmojiRow> {
        emoji::table
            .find(id)
            .select((emoji::host_id, emoji::url, emoji::actor_id, emoji::media_id))
            .first(conn)
            .await
            .optional()
    }

    /// Notes the file that is kept of one.
    pub async fn set_media(conn, id: i64, media: MediaId) -> usize {
        diesel::update(emoji::table.find(id)).set(emoji::media_id.eq(media)).execute(conn).await
    }
}

/// Notes emoji of a host (name and address) and returns their ids by name.
pub async fn note(
    conn: &mut Conn,
    ids_from: &Ids,
    (host, author): (HostId, ActorId),
    named: &[(String, String)],
) -> Result<Vec<(String, i64)>> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = named.iter().map(|(name, _)| name.clone()).collect();
    let known = ids(conn, host, &names).await?;
    for (name, url) in named.iter().filter(|(name, _)| !known.iter().any(|(known, _)| known == name)) {
        upsert(conn, ids_from.next(), host, name, url, author).await?;
    }
    if known.len() == named.len() { Ok(known) } else { ids(conn, host, &names).await }
}
