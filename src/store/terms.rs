//! The vocabulary: words and how they are written.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::schema::{expertise, expertise_offers, post_terms, term_spellings, terms};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::knowledge::{Facet, Term};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// A word to be, with every way it is written: folded key and as shown.
#[derive(Clone, Debug)]
pub struct NewTerm {
    /// The word.
    pub term: Term,
    /// Key and shown form of each spelling, the labels among them.
    pub spellings: Vec<(String, String)>,
}

/// A word as its four columns.
pub(super) type TermRow = (TermId, Facet, String, String);

pub(super) fn term((id, facet, label_nl, label_en): TermRow) -> Term {
    Term { id, facet, label_nl, label_en }
}

/// The columns of [`TermRow`].
macro_rules! term_columns {
    () => {
        (
            $crate::store::schema::terms::id,
            $crate::store::schema::terms::facet,
            $crate::store::schema::terms::label_nl,
            $crate::store::schema::terms::label_en,
        )
    };
}
pub(super) use term_columns;

db_fn! {
    async fn rows(conn) -> Vec<TermRow> {
        terms::table.order((terms::label_nl, terms::id)).select(term_columns!()).load(conn).await
    }

    async fn row(conn, id: TermId) -> Option<TermRow> {
        terms::table.find(id).select(term_columns!()).first(conn).await.optional()
    }

    async fn key_rows(conn, keys: &[String]) -> Vec<(String, TermRow)> {
        term_spellings::table
            .inner_join(terms::table.on(terms::id.eq(term_spellings::term_id)))
            .filter(term_spellings::key.eq_any(one_of(keys)))
            .select((term_spellings::key, term_columns!()))
            .load(conn)
            .await
    }

    /// Every spelling: word, key, as shown.
    pub async fn spellings(conn) -> Vec<(TermId, String, String)> {
        term_spellings::table
            .order(term_spellings::shown)
            .select((term_spellings::term_id, term_spellings::key, term_spellings::shown))
            .load(conn)
            .await
    }

    /// How many people said something about each word.
    pub async fn uses(conn) -> Vec<(TermId, i64)> {
        expertise::table
            .group_by(expertise::term_id)
            .select((expertise::term_id, diesel::dsl::count_star()))
            .load(conn)
            .await
    }

    async fn insert_term(conn, new: &Term, now: Time) -> usize {
        diesel::insert_into(terms::table)
            .values((
                terms::id.eq(new.id), terms::facet.eq(new.facet), terms::label_nl.eq(&new.label_nl),
                terms::label_en.eq(&new.label_en), terms::created_at.eq(now),
            ))
            .execute(conn)
            .await
    }

    /// Adds a spelling, unless it means something already.
    pub async fn insert_spelling(conn, term: TermId, key: &str, shown: &str) -> bool {
        diesel::insert_into(term_spellings::table)
            .values((term_spellings::key.eq(key), term_spellings::shown.eq(shown), term_spellings::term_id.eq(term)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await
            .map(|n| n > 0)
    }

    /// Takes the spellings of a word away.
    pub async fn clear_spellings(conn, term: TermId) -> usize {
        diesel::delete(term_spellings::table.filter(term_spellings::term_id.eq(term))).execute(conn).await
    }

    /// Changes side and labels.
    pub async fn update(conn, new: &Term) -> usize {
        diesel::update(terms::table.find(new.id))
            .set((terms::facet.eq(new.facet), terms::label_nl.eq(&new.label_nl), terms::label_en.eq(&new.label_en)))
            .execute(conn)
            .await
    }

    /// Takes a word away, and what hangs on it.
    pub async fn delete(conn, id: TermId) -> usize {
        diesel::delete(terms::table.find(id)).execute(conn).await
    }

    /// What was said of `from` is said of `to` from now on; then `from` is gone. Its spellings mean `to`.
    pub async fn merge(conn, from: TermId, to: TermId) -> usize {
        diesel::update(expertise::table)
            .filter(expertise::term_id.eq(from))
            .filter(
                sql::<Bool>(
                    "NOT EXISTS (SELECT 1 FROM expertise o WHERE o.member_id = expertise.member_id \
                     AND o.relation = expertise.relation AND o.term_id = ",
                )
                .bind::<BigInt, _>(to.0)
                .sql(")"),
            )
            .set(expertise::term_id.eq(to))
            .execute(conn)
            .await?;
        diesel::update(expertise_offers::table)
            .filter(expertise_offers::term_id.eq(from))
            .filter(
                sql::<Bool>(
                    "NOT EXISTS (SELECT 1 FROM expertise_offers o WHERE o.member_id = expertise_offers.member_id \
                     AND o.term_id = ",
                )
                .bind::<BigInt, _>(to.0)
                .sql(")"),
            )
            .set(expertise_offers::term_id.eq(to))
            .execute(conn)
            .await?;
        diesel::update(post_terms::table)
            .filter(post_terms::term_id.eq(from))
            .filter(
                sql::<Bool>("NOT EXISTS (SELECT 1 FROM post_terms o WHERE o.post_id = post_terms.post_id AND o.term_id = ")
                    .bind::<BigInt, _>(to.0)
                    .sql(")"),
            )
            .set(post_terms::term_id.eq(to))
            .execute(conn)
            .await?;
        diesel::update(term_spellings::table.filter(term_spellings::term_id.eq(from)))
            .set(term_spellings::term_id.eq(to))
            .execute(conn)
            .await?;
        diesel::delete(terms::table.find(from)).execute(conn).await
    }

    /// Notes what a post is about.
    pub async fn set_of_post(conn, post: PostId, ids: &[TermId]) -> usize {
        diesel::delete(post_terms::table.filter(post_terms::post_id.eq(post))).execute(conn).await?;
        for id in ids {
            diesel::insert_into(post_terms::table)
                .values((post_terms::term_id.eq(*id), post_terms::post_id.eq(post)))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
        }
        Ok(ids.len())
    }

    async fn of_posts_rows(conn, posts: &[PostId]) -> Vec<(PostId, TermRow)> {
        post_terms::table
            .inner_join(terms::table.on(terms::id.eq(post_terms::term_id)))
            .filter(post_terms::post_id.eq_any(one_of(posts)))
            .order(terms::label_nl)
            .select((post_terms::post_id, term_columns!()))
            .load(conn)
            .await
    }
}

/// The whole vocabulary, by Dutch label.
pub async fn all(conn: &mut Conn) -> Result<Vec<Term>> {
    Ok(rows(conn).await?.into_iter().map(term).collect())
}

/// A word.
pub async fn get(conn: &mut Conn, id: TermId) -> Result<Term> {
    row(conn, id).await?.map(term).ok_or(Error::NotFound)
}

/// What these keys mean.
pub async fn by_keys(conn: &mut Conn, keys: &[String]) -> Result<Vec<(String, Term)>> {
    let mut found = Vec::new();
    // SQLite takes some thousands of values in one statement.
    for some in keys.chunks(500) {
        found.extend(key_rows(conn, some).await?.into_iter().map(|(key, row)| (key, term(row))));
    }
    Ok(found)
}

/// What posts are about.
pub async fn of_posts(conn: &mut Conn, posts: &[PostId]) -> Result<Vec<(PostId, Term)>> {
    Ok(of_posts_rows(conn, posts).await?.into_iter().map(|(post, row)| (post, term(row))).collect())
}

/// Adds a word with its spellings; those that mean something else already are left out.
pub async fn insert(conn: &mut Conn, new: &NewTerm, now: Time) -> Result<()> {
    insert_term(conn, &new.term, now).await?;
    for (key, shown) in &new.spellings {
        insert_spelling(conn, new.term.id, key, shown).await?;
    }
    Ok(())
}

/// Adds a whole vocabulary to an empty one.
pub async fn insert_many(conn: &mut Conn, all: &[NewTerm], now: Time) -> Result<()> {
    let conn = match conn {
        Conn::Sqlite(conn) => return insert_many_sqlite(conn, all, now).await.map_err(Error::from),
        Conn::Pg(conn) => conn,
    };
    // One statement instead of hundreds of trips to the server.
    let words: Vec<_> = all
        .iter()
        .map(|new| {
            (
                terms::id.eq(new.term.id),
                terms::facet.eq(new.term.facet),
                terms::label_nl.eq(&new.term.label_nl),
                terms::label_en.eq(&new.term.label_en),
                terms::created_at.eq(now),
            )
        })
        .collect();
    let spelled: Vec<_> = all
        .iter()
        .flat_map(|new| new.spellings.iter().map(move |(key, shown)| (key, shown, new.term.id)))
        .map(|(key, shown, id)| {
            (term_spellings::key.eq(key), term_spellings::shown.eq(shown), term_spellings::term_id.eq(id))
        })
        .collect();
    diesel::insert_into(terms::table).values(words).execute(conn).await?;
    diesel::insert_into(term_spellings::table).values(spelled).on_conflict_do_nothing().execute(conn).await?;
    Ok(())
}

/// The same for SQLite, where diesel has no insert of many rows with a conflict clause: rows go in as JSON.
async fn insert_many_sqlite(conn: &mut super::Sq, all: &[NewTerm], now: Time) -> diesel::QueryResult<()> {
    let (words, spelled) = as_json(all, now);
    let sql = "INSERT INTO terms (id, facet, label_nl, label_en, created_at) SELECT json_extract(value, '$[0]'), \
         json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'), \
         json_extract(value, '$[4]') FROM json_each(?)";
    diesel::sql_query(sql).bind::<Text, _>(words).execute(conn).await?;
    let sql = "INSERT INTO term_spellings (key, shown, term_id) SELECT json_extract(value, '$[0]'), \
         json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?) WHERE true ON CONFLICT DO NOTHING";
    diesel::sql_query(sql).bind::<Text, _>(spelled).execute(conn).await?;
    Ok(())
}

/// Rows of words and of spellings.
fn as_json(all: &[NewTerm], now: Time) -> (String, String) {
    let word = |new: &NewTerm| {
        let Term { id, facet, label_nl, label_en } = &new.term;
        serde_json::json!([id.0, facet.as_str(), label_nl, label_en, now.micros()])
    };
    let spellings = |new: &NewTerm| {
        let id = new.term.id.0;
        new.spellings.iter().map(move |(key, shown)| serde_json::json!([key, shown, id])).collect::<Vec<_>>()
    };
    let words: serde_json::Value = all.iter().map(word).collect();
    let spelled: serde_json::Value = all.iter().flat_map(spellings).collect();
    (words.to_string(), spelled.to_string())
}
