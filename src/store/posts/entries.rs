//! Showings of posts by their sources, and the homes they come onto.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::base::*;
use crate::domain::posts::*;
use crate::store::columns::Column;
use crate::store::fixed::Fixed;
use crate::store::query::RunQueryDsl;
use crate::store::schema::*;
use crate::store::{Conn, db_fn};

/// Adds several showings in one statement; for PostgreSQL, where each statement is a message.
pub(super) fn showing_all(conn: &Conn, shown: &[Entry]) -> Fixed<()> {
    let mut query = Fixed::new("INSERT INTO entries (id, source_id, post_id, how) SELECT * FROM ");
    let columns = [
        ("id", Column::ints(shown.iter().map(|entry| entry.id.0))),
        ("source_id", Column::ints(shown.iter().map(|entry| entry.source_id.0))),
        ("post_id", Column::ints(shown.iter().map(|entry| entry.post_id.0))),
        ("how", Column::texts(shown.iter().map(|entry| entry.how.as_str()))),
    ];
    query.push_rows(conn, "new", &columns);
    query.push(" WHERE TRUE ON CONFLICT (source_id, post_id) DO NOTHING", &[]);
    query
}

/// Whom and what a post names.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// Mentioned in it.
    pub mentioned: Vec<ActorId>,
    /// Its hashtags.
    pub tags: Vec<String>,
    /// The author of what it answers.
    pub answered: Option<ActorId>,
    /// The author of what it quotes.
    pub quoted: Option<ActorId>,
}

/// Whom and what each of several posts names, and its showings, oldest first; in one question.
pub async fn named_and_shown(conn: &mut Conn, posts: &[PostId]) -> Result<Vec<(Named, Vec<Entry>)>> {
    let mut found: BTreeMap<PostId, (Named, Vec<Entry>)> =
        posts.iter().map(|post| (*post, Default::default())).collect();
    for (what, post, actor, text, id) in named_rows(conn, posts).await? {
        let Some((named, entries)) = found.get_mut(&post) else { continue };
        match what.as_str() {
            "mention" => named.mentioned.push(actor),
            "tag" => named.tags.push(text),
            "answer" => named.answered = Some(actor),
            "quote" => named.quoted = Some(actor),
            _ => {
                let how = EntryKind::parse(&text).ok_or_else(|| Error::internal(format!("a showing {text}")))?;
                entries.push(Entry { id: EntryId(id), source_id: actor, post_id: post, how });
            }
        }
    }
    for (_, entries) in found.values_mut() {
        entries.sort_by_key(|entry| entry.id);
    }
    Ok(posts.iter().map(|post| found.get(post).cloned().unwrap_or_default()).collect())
}

/// An entry on the homes of members.
#[derive(Clone, Debug)]
pub struct AtHome {
    /// Who.
    pub members: Vec<ActorId>,
    /// What shows there.
    pub entry: EntryId,
    /// Which post that is; a post shows on a home once.
    pub post: PostId,
}

/// Puts entries on the homes of members, in one statement.
pub async fn insert_home(conn: &mut Conn, put: &[AtHome]) -> Result<()> {
    if let [one] = put {
        let mut query = Fixed::<()>::new("INSERT INTO home (member_id, entry_id, post_id)");
        query.push(" SELECT members.actor_id, ?, ? FROM members WHERE members.actor_id", &[one.entry.0, one.post.0]);
        query.push_among(&one.members);
        query.push(" ORDER BY members.actor_id ON CONFLICT DO NOTHING", &[]);
        return put_home(conn, query).await.map(|_| ());
    }
    let rows: Vec<_> = put.iter().flat_map(|at| at.members.iter().map(move |member| (member, at))).collect();
    let columns = [
        ("member_id", Column::ints(rows.iter().map(|(member, _)| member.0))),
        ("entry_id", Column::ints(rows.iter().map(|(_, at)| at.entry.0))),
        ("post_id", Column::ints(rows.iter().map(|(_, at)| at.post.0))),
    ];
    let mut query = Fixed::<()>::new(
        "INSERT INTO home (member_id, entry_id, post_id) SELECT members.actor_id, put.entry_id, put.post_id FROM ",
    );
    query.push_rows(conn, "put", &columns);
    query.push(
        " JOIN members ON members.actor_id = put.member_id WHERE TRUE \
         ORDER BY members.actor_id, put.post_id, put.entry_id ON CONFLICT DO NOTHING",
        &[],
    );
    put_home(conn, query).await?;
    Ok(())
}

db_fn! {
    async fn named_rows(conn, of: &[PostId]) -> Vec<(String, PostId, ActorId, String, i64)> {
        let mut query = Fixed::<(Text, BigInt, BigInt, Text, BigInt)>::new("");
        for part in [
            "SELECT 'mention', post_id, actor_id, '', 0 FROM mentions WHERE post_id",
            " UNION ALL SELECT 'tag', post_id, 0, tag, 0 FROM post_tags WHERE post_id",
            " UNION ALL SELECT 'answer', posts.id, above.author_id, '', 0 FROM posts \
              JOIN posts above ON above.id = posts.parent_id WHERE posts.id",
            " UNION ALL SELECT 'quote', quotes.post_id, quoted.author_id, '', 0 FROM quotes JOIN posts quoted \
              ON quoted.id = quotes.quoted_id WHERE quotes.post_id",
            " UNION ALL SELECT 'showing', post_id, source_id, how, id FROM entries WHERE post_id",
        ] {
            query.push(part, &[]);
            match of {
                [one] => query.push(" = ?", &[one.0]),
                several => query.push_among(several),
            }
        }
        query.load(conn).await
    }

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

    async fn put_home(conn, query: Fixed<()>) -> usize {
        query.execute(conn).await
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
