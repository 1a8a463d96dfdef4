//! One-time links and codes. Only their hashes are kept.

use diesel::prelude::*;

use super::schema::sign_in_tokens as tokens;
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::people::TokenPurpose;
use crate::store::query::RunQueryDsl;

/// A link (and code) to be, or as stored.
#[derive(Clone, Debug)]
pub struct Token {
    /// Our id.
    pub id: i64,
    /// What for.
    pub purpose: TokenPurpose,
    /// For whom, if they have an account.
    pub member_id: Option<ActorId>,
    /// Hash of what stands in the link.
    pub link_hash: String,
    /// Hash of the code to type over.
    pub code_hash: Option<String>,
    /// What the purpose needs, JSON or text.
    pub data: String,
    /// Wrong codes so far.
    pub tries: i32,
    /// Made.
    pub created_at: Time,
    /// Until when it may be used.
    pub expires_at: Time,
    /// When it was.
    pub used_at: Option<Time>,
}

type Row = (i64, TokenPurpose, Option<ActorId>, String, Option<String>, String, i32, Time, Time, Option<Time>);

const COLUMNS: (
    tokens::id,
    tokens::purpose,
    tokens::member_id,
    tokens::link_hash,
    tokens::code_hash,
    tokens::data,
    tokens::tries,
    tokens::created_at,
    tokens::expires_at,
    tokens::used_at,
) = (
    tokens::id,
    tokens::purpose,
    tokens::member_id,
    tokens::link_hash,
    tokens::code_hash,
    tokens::data,
    tokens::tries,
    tokens::created_at,
    tokens::expires_at,
    tokens::used_at,
);

fn token((id, purpose, member_id, link_hash, code_hash, data, tries, created_at, expires_at, used_at): Row) -> Token {
    Token { id, purpose, member_id, link_hash, code_hash, data, tries, created_at, expires_at, used_at }
}

db_fn! {
    /// Adds one.
    pub async fn insert(conn, new: &Token) -> usize {
        diesel::insert_into(tokens::table)
            .values((
                tokens::id.eq(new.id), tokens::purpose.eq(new.purpose), tokens::member_id.eq(new.member_id),
                tokens::link_hash.eq(&new.link_hash), tokens::code_hash.eq(&new.code_hash), tokens::data.eq(&new.data),
                tokens::tries.eq(new.tries), tokens::created_at.eq(new.created_at), tokens::expires_at.eq(new.expires_at),
            ))
            .execute(conn)
            .await
    }

    async fn row_by_link(conn, link_hash: &str, now: Time) -> Option<Row> {
        tokens::table
            .filter(tokens::link_hash.eq(link_hash).and(tokens::used_at.is_null()).and(tokens::expires_at.gt(now)))
            .select(COLUMNS)
            .first(conn)
            .await
            .optional()
    }

    async fn rows_with_code(conn, member: ActorId, now: Time, tries: i32) -> Vec<Row> {
        tokens::table
            .filter(tokens::member_id.eq(member).and(tokens::purpose.eq(TokenPurpose::SignIn)))
            .filter(tokens::code_hash.is_not_null().and(tokens::used_at.is_null()))
            .filter(tokens::expires_at.gt(now).and(tokens::tries.lt(tries)))
            .order(tokens::id.desc())
            .limit(3)
            .select(COLUMNS)
            .load(conn)
            .await
    }

    /// Uses one up. 0 when someone was faster.
    pub async fn consume(conn, id: i64, now: Time) -> usize {
        diesel::update(tokens::table.filter(tokens::id.eq(id).and(tokens::used_at.is_null())))
            .set(tokens::used_at.eq(now))
            .execute(conn)
            .await
    }

    /// Lets one hold until a later moment: the link of a guest who was here.
    pub async fn extend(conn, id: i64, expires_at: Time) -> usize {
        diesel::update(tokens::table.find(id)).set(tokens::expires_at.eq(expires_at)).execute(conn).await
    }

    /// Counts a wrong code on every token whose code may still be typed.
    pub async fn count_try(conn, member: ActorId, now: Time) -> usize {
        diesel::update(tokens::table)
            .filter(tokens::member_id.eq(member).and(tokens::code_hash.is_not_null()).and(tokens::used_at.is_null()))
            .filter(tokens::expires_at.gt(now))
            .set(tokens::tries.eq(tokens::tries + 1))
            .execute(conn)
            .await
    }

    /// Takes back every link of one purpose for a member (or for nobody in particular).
    pub async fn revoke(conn, purpose: TokenPurpose, member: Option<ActorId>) -> usize {
        match member {
            Some(member) => {
                diesel::delete(tokens::table.filter(tokens::purpose.eq(purpose).and(tokens::member_id.eq(member))))
                    .execute(conn)
                    .await
            }
            None => {
                diesel::delete(tokens::table.filter(tokens::purpose.eq(purpose).and(tokens::member_id.is_null())))
                    .execute(conn)
                    .await
            }
        }
    }

    /// Takes back every link of a member.
    pub async fn revoke_all(conn, member: ActorId) -> usize {
        diesel::delete(tokens::table.filter(tokens::member_id.eq(member))).execute(conn).await
    }

    /// Until when the personal link of a guest holds, if there is one.
    pub async fn guest_link_until(conn, member: ActorId, now: Time) -> Option<Time> {
        tokens::table
            .filter(tokens::purpose.eq(TokenPurpose::Guest).and(tokens::member_id.eq(member)))
            .filter(tokens::expires_at.gt(now))
            .order(tokens::id.desc())
            .select(tokens::expires_at)
            .first(conn)
            .await
            .optional()
    }

    /// Forgets links that were used or ended before `before`.
    pub async fn delete_expired(conn, before: Time) -> usize {
        diesel::delete(tokens::table.filter(tokens::expires_at.lt(before))).execute(conn).await
    }
}

/// The link with this hash, if it may still be used.
pub async fn find_by_link(conn: &mut Conn, link_hash: &str, now: Time) -> Result<Option<Token>> {
    Ok(row_by_link(conn, link_hash, now).await?.map(token))
}

/// A member's links whose code may still be typed: fewer than `tries` wrong ones so far. Newest first, at most three.
pub async fn with_code(conn: &mut Conn, member: ActorId, now: Time, tries: i32) -> Result<Vec<Token>> {
    Ok(rows_with_code(conn, member, now, tries).await?.into_iter().map(token).collect())
}
