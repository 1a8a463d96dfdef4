//! Showings of posts by their sources, and the homes they come onto.

use diesel::prelude::*;

use crate::base::*;
use crate::domain::posts::*;
use crate::store::db_fn;
use crate::store::query::RunQueryDsl;
use crate::store::schema::*;

db_fn! {
    /// Adds a showing of a post; `false` if that source shows it already.
    pub async fn insert_entry(conn, entry: &Entry, uri: Option<&str>) -> bool {
        diesel::insert_into(entries::table)
            .values((
                entries::id.eq(entry.id), entries::source_id.eq(entry.source_id), entries::post_id.eq(entry.post_id),
                entries::how.eq(entry.how), entries::uri.eq(uri),
            ))
            .on_conflict((entries::source_id, entries::post_id))
            .do_nothing()
            .execute(conn)
            .await
            .map(|n| n > 0)
    }

    /// A showing by its id.
    pub async fn find_entry(conn, id: EntryId) -> Option<(EntryId, ActorId, PostId, EntryKind)> {
        entries::table
            .find(id)
            .select((entries::id, entries::source_id, entries::post_id, entries::how))
            .first(conn)
            .await
            .optional()
    }

    /// The showings of a post: id, source, how, ActivityPub id of the Announce.
    pub async fn entries_of(conn, post: PostId) -> Vec<(EntryId, ActorId, EntryKind, Option<String>)> {
        entries::table
            .filter(entries::post_id.eq(post))
            .order(entries::id)
            .select((entries::id, entries::source_id, entries::how, entries::uri))
            .load(conn)
            .await
    }

    /// Ends a showing; its ActivityPub id if it was there.
    pub async fn delete_entry(conn, source: ActorId, post: PostId, how: EntryKind) -> Option<String> {
        let gone: Vec<Option<String>> = diesel::delete(
            entries::table
                .filter(entries::source_id.eq(source).and(entries::post_id.eq(post)).and(entries::how.eq(how))),
        )
        .returning(entries::uri)
        .get_results(conn)
        .await?;
        Ok(gone.into_iter().next().map(Option::unwrap_or_default))
    }

    /// Puts an entry on members' home; a post shows there once.
    pub async fn insert_home(conn, members: &[ActorId], entry: EntryId, post: PostId) -> usize {
        let mut count = 0;
        for member in members {
            count += diesel::insert_into(home::table)
                .values((home::member_id.eq(member), home::entry_id.eq(entry), home::post_id.eq(post)))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
        }
        Ok(count)
    }

    /// Takes a group's or person's posts off someone's home.
    pub async fn clear_home(conn, member: ActorId, source: ActorId) -> usize {
        let theirs = entries::table.filter(entries::source_id.eq(source)).select(entries::id);
        diesel::delete(home::table.filter(home::member_id.eq(member).and(home::entry_id.eq_any(theirs)))).execute(conn).await
    }

    /// The newest entries of a source, to put on the home of someone who just joined.
    pub async fn latest_entries(conn, source: ActorId, limit: i64) -> Vec<(EntryId, PostId)> {
        entries::table
            .filter(entries::source_id.eq(source))
            .order(entries::id.desc())
            .limit(limit)
            .select((entries::id, entries::post_id))
            .load(conn)
            .await
    }

    /// How many posts arrived on a member's home after `seq`; at most 100.
    pub async fn count_new_on_home(conn, member: ActorId, seq: i64) -> i64 {
        home::table
            .inner_join(posts::table.on(posts::id.eq(home::post_id)))
            .filter(home::member_id.eq(member).and(home::entry_id.gt(EntryId(seq))))
            .filter(posts::received_seq.gt(seq).and(posts::author_id.ne(member)))
            .count()
            .get_result(conn)
            .await
    }
}
