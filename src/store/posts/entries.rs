//! Showings of posts by their sources, and the homes they come onto.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel::sql_types::{BigInt, Text};

use crate::base::*;
use crate::domain::posts::*;
use crate::store::fixed::Fixed;
use crate::store::query::RunQueryDsl;
use crate::store::schema::*;
use crate::store::{Conn, db_fn};

/// The row of a showing; with the id of the Announce, if there is one.
macro_rules! row_of {
    ($entry:expr, $uri:expr) => {{
        let (entry, uri): (&Entry, Option<&str>) = ($entry, $uri);
        (
            entries::id.eq(entry.id),
            entries::source_id.eq(entry.source_id),
            entries::post_id.eq(entry.post_id),
            entries::how.eq(entry.how),
            entries::uri.eq(uri),
        )
    }};
}

/// Shows posts, each unless that source shows it already.
macro_rules! showing {
    ($rows:expr) => {
        diesel::insert_into(entries::table)
            .values($rows)
            .on_conflict((entries::source_id, entries::post_id))
            .do_nothing()
    };
}

/// Adds several showings in one statement; for PostgreSQL, where each statement is a message.
pub(super) fn showing_all<'a>(shown: &'a [Entry]) -> impl QueryFragment<Pg> + Send + use<'a> {
    showing!(shown.iter().map(|entry| row_of!(entry, None)).collect::<Vec<_>>())
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

/// Whom and what a post names, and its showings, oldest first; in one question.
pub async fn named_and_shown(conn: &mut Conn, post: PostId) -> Result<(Named, Vec<Entry>)> {
    let (mut named, mut entries) = (Named::default(), Vec::new());
    for (what, actor, text, id) in named_rows(conn, post).await? {
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
    entries.sort_by_key(|entry| entry.id);
    Ok((named, entries))
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
        query
            .push(" SELECT members.actor_id, ?, ? FROM members WHERE members.actor_id IN ", &[one.entry.0, one.post.0]);
        query.push_list(&one.members);
        query.push(" ORDER BY members.actor_id ON CONFLICT DO NOTHING", &[]);
        return put_home(conn, query).await.map(|_| ());
    }
    let rows = |at: &AtHome| at.members.iter().map(|member| (member.0, at.entry.0, at.post.0)).collect::<Vec<_>>();
    let rows = serde_json::to_string(&put.iter().flat_map(rows).collect::<Vec<_>>()).map_err(Error::internal)?;
    let mut query = Fixed::<()>::new(
        "INSERT INTO home (member_id, entry_id, post_id) SELECT members.actor_id, put.entry_id, put.post_id FROM ",
    );
    query.push_rows(conn, &[("member_id", "BIGINT"), ("entry_id", "BIGINT"), ("post_id", "BIGINT")], rows);
    query.push(
        " AS put JOIN members ON members.actor_id = put.member_id WHERE TRUE \
         ORDER BY members.actor_id, put.post_id, put.entry_id ON CONFLICT DO NOTHING",
        &[],
    );
    put_home(conn, query).await?;
    Ok(())
}

db_fn! {
    async fn named_rows(conn, post: PostId) -> Vec<(String, ActorId, String, i64)> {
        let mut query = Fixed::<(Text, BigInt, Text, BigInt)>::new("");
        let id = [post.0];
        query.push("SELECT 'mention', actor_id, '', 0 FROM mentions WHERE post_id = ?", &id);
        query.push(" UNION ALL SELECT 'tag', 0, tag, 0 FROM post_tags WHERE post_id = ?", &id);
        query.push(
            " UNION ALL SELECT 'answer', above.author_id, '', 0 FROM posts JOIN posts above ON above.id = posts.parent_id \
              WHERE posts.id = ?",
            &id,
        );
        query.push(
            " UNION ALL SELECT 'quote', quoted.author_id, '', 0 FROM quotes JOIN posts quoted \
              ON quoted.id = quotes.quoted_id WHERE quotes.post_id = ?",
            &id,
        );
        query.push(" UNION ALL SELECT 'showing', source_id, how, id FROM entries WHERE post_id = ?", &id);
        query.load(conn).await
    }

    /// Adds a showing of a post; `false` if that source shows it already.
    pub async fn insert_entry(conn, entry: &Entry, uri: Option<&str>) -> bool {
        showing!(row_of!(entry, uri)).execute(conn).await.map(|n| n > 0)
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
