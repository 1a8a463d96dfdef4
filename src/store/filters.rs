//! Filters and what they look for.

use diesel::prelude::*;

use super::schema::{filter_terms, filters};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::filters::{Filter, FilterAction, FilterContext, FilterTerm};
use crate::store::query::RunQueryDsl;

type FilterRow = (i64, String, String, FilterAction, Option<Time>);
type TermRow = (i64, Option<String>, bool, Option<PostId>);

db_fn! {
    async fn rows(conn, member: ActorId) -> Vec<(FilterRow, Option<TermRow>)> {
        filters::table
            .left_join(filter_terms::table.on(filter_terms::filter_id.eq(filters::id)))
            .filter(filters::member_id.eq(member))
            .order((filters::id, filter_terms::id))
            .select((
                (filters::id, filters::title, filters::contexts, filters::action, filters::expires_at),
                (filter_terms::id, filter_terms::keyword, filter_terms::whole_word, filter_terms::post_id).nullable(),
            ))
            .load(conn)
            .await
    }

    /// Adds a filter, or changes all of it but what it looks for.
    pub async fn save(conn, member: ActorId, filter: &Filter) -> usize {
        let contexts: Vec<&str> = filter.contexts.iter().map(|c| c.as_str()).collect();
        let contexts = contexts.join(" ");
        diesel::insert_into(filters::table)
            .values((
                filters::id.eq(filter.id), filters::member_id.eq(member), filters::title.eq(&filter.title),
                filters::contexts.eq(&contexts), filters::action.eq(filter.action),
                filters::expires_at.eq(filter.expires_at),
            ))
            .on_conflict(filters::id)
            .do_update()
            .set((
                filters::title.eq(&filter.title), filters::contexts.eq(&contexts), filters::action.eq(filter.action),
                filters::expires_at.eq(filter.expires_at),
            ))
            .execute(conn)
            .await
    }

    /// Removes a filter with what it looks for.
    pub async fn delete(conn, member: ActorId, id: i64) -> usize {
        diesel::delete(filters::table.filter(filters::member_id.eq(member).and(filters::id.eq(id)))).execute(conn).await
    }

    /// Adds a word or post to a filter, or changes it.
    pub async fn save_term(conn, filter: i64, term: &FilterTerm) -> usize {
        diesel::insert_into(filter_terms::table)
            .values((
                filter_terms::id.eq(term.id), filter_terms::filter_id.eq(filter),
                filter_terms::keyword.eq(&term.keyword), filter_terms::whole_word.eq(term.whole_word),
                filter_terms::post_id.eq(term.post),
            ))
            .on_conflict(filter_terms::id)
            .do_update()
            .set((filter_terms::keyword.eq(&term.keyword), filter_terms::whole_word.eq(term.whole_word)))
            .execute(conn)
            .await
    }

    /// Removes a word or post.
    pub async fn delete_term(conn, id: i64) -> usize {
        diesel::delete(filter_terms::table.find(id)).execute(conn).await
    }
}

/// A member's filters, oldest first, in one query.
pub async fn list(conn: &mut Conn, member: ActorId) -> Result<Vec<Filter>> {
    let mut filters: Vec<Filter> = Vec::new();
    for ((id, title, contexts, action, expires_at), term) in rows(conn, member).await? {
        if filters.last().is_none_or(|last| last.id != id) {
            let contexts = contexts.split(' ').filter_map(FilterContext::parse).collect();
            filters.push(Filter { id, title, contexts, action, expires_at, terms: Vec::new() });
        }
        if let (Some(filter), Some((id, keyword, whole_word, post))) = (filters.last_mut(), term) {
            filter.terms.push(FilterTerm { id, keyword, whole_word, post });
        }
    }
    Ok(filters)
}
