//! Filters, of the second version and, for older apps, of the first: there each word is a filter.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde_json::{Value, json};

use super::entities;
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::json as answer;
use crate::api::params::{Params, flag_of, text_of};
use crate::base::{Error, Time};
use crate::domain::filters::{Filter, FilterAction, FilterContext, FilterTerm};
use crate::services::filters::{self, FilterChange, KeywordChange};
use crate::services::{Ctx, api};

/// `/api/v1/filters…` and `/api/v2/filters…`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v2/filters", get(all).post(create))
        .route("/api/v2/filters/{id}", get(one).put(update).patch(update).delete(delete))
        .route("/api/v2/filters/{id}/keywords", get(keywords).post(add_keyword))
        .route("/api/v2/filters/{id}/statuses", get(posts).post(add_post))
        .route(
            "/api/v2/filters/keywords/{id}",
            get(keyword).put(change_keyword).patch(change_keyword).delete(drop_term),
        )
        .route("/api/v2/filters/statuses/{id}", get(post).delete(drop_term))
        .route("/api/v1/filters", get(old_all).post(old_create))
        .route("/api/v1/filters/{id}", get(old_one).put(old_update).patch(old_update).delete(old_delete))
}

fn number(text: &str) -> Result<i64, Failure> {
    text.parse().map_err(|_| Failure::not_found())
}

/// `Filter` with its words and posts.
fn full(filter: &Filter) -> Value {
    let mut value = entities::filter(filter);
    value["keywords"] = filter.terms.iter().filter_map(word).collect();
    value["statuses"] = filter.terms.iter().filter_map(shown_post).collect();
    value
}

fn word(term: &FilterTerm) -> Option<Value> {
    let keyword = term.keyword.as_ref()?;
    Some(json!({ "id": term.id.to_string(), "keyword": keyword, "whole_word": term.whole_word }))
}

fn shown_post(term: &FilterTerm) -> Option<Value> {
    term.post.map(|post| json!({ "id": term.id.to_string(), "status_id": post.to_string() }))
}

/// Until when, from `expires_in` seconds; empty or null means always.
fn expiry(ctx: &Ctx, params: &Params) -> Option<Option<Time>> {
    if !params.names("expires_in") {
        return None;
    }
    let seconds = params.number("expires_in").filter(|seconds| *seconds > 0);
    Some(seconds.map(|seconds| ctx.now().plus(seconds.saturating_mul(Time::SECOND))))
}

fn contexts(params: &Params) -> Result<Option<Vec<FilterContext>>, Failure> {
    let names = params.texts("context");
    if names.is_empty() {
        return Ok(None);
    }
    let parsed: Option<Vec<FilterContext>> = names.iter().map(|name| FilterContext::parse(name)).collect();
    parsed.map(Some).ok_or_else(|| Failure::from(Error::invalid("context", "error-filter-context")))
}

fn change_of(ctx: &Ctx, params: &Params) -> Result<FilterChange, Failure> {
    let word = |value: &Value| KeywordChange {
        id: value.get("id").and_then(text_of).and_then(|id| id.parse().ok()),
        keyword: value.get("keyword").and_then(text_of),
        whole_word: value.get("whole_word").and_then(flag_of),
        destroy: value.get("_destroy").and_then(flag_of) == Some(true),
    };
    let action = match params.filled("filter_action") {
        Some(name) => Some(
            FilterAction::parse(&name)
                .ok_or_else(|| Failure::unprocessable("Validation failed: Action is not included in the list"))?,
        ),
        None => None,
    };
    Ok(FilterChange {
        title: params.text("title"),
        contexts: contexts(params)?,
        action,
        expires_at: expiry(ctx, params),
        keywords: params.values("keywords_attributes").into_iter().map(word).collect(),
    })
}

async fn all(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let viewer = caller.may("read:filters")?;
    answer(filters::list(&ctx, &viewer).await?.iter().map(full).collect())
}

async fn one(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:filters")?;
    answer(full(&filters::get(&ctx, &viewer, number(&id)?).await?))
}

async fn create(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("write:filters")?;
    answer(full(&filters::save(&ctx, &viewer, None, change_of(&ctx, &params)?).await?))
}

async fn update(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("write:filters")?;
    answer(full(&filters::save(&ctx, &viewer, Some(number(&id)?), change_of(&ctx, &params)?).await?))
}

async fn delete(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:filters")?;
    filters::delete(&ctx, &viewer, number(&id)?).await?;
    answer(json!({}))
}

async fn keywords(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:filters")?;
    let filter = filters::get(&ctx, &viewer, number(&id)?).await?;
    answer(filter.terms.iter().filter_map(word).collect())
}

async fn posts(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:filters")?;
    let filter = filters::get(&ctx, &viewer, number(&id)?).await?;
    answer(filter.terms.iter().filter_map(shown_post).collect())
}

fn keyword_change(id: Option<i64>, params: &Params) -> FilterChange {
    let (keyword, whole_word) = (params.text("keyword"), params.flag("whole_word"));
    let keywords = vec![KeywordChange { id, keyword, whole_word, destroy: false }];
    FilterChange { keywords, ..FilterChange::default() }
}

async fn add_keyword(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("write:filters")?;
    let filter = filters::save(&ctx, &viewer, Some(number(&id)?), keyword_change(None, &params)).await?;
    answer(filter.terms.last().and_then(word).unwrap_or(Value::Null))
}

async fn keyword(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:filters")?;
    let (_, term) = filters::get_term(&ctx, &viewer, number(&id)?).await?;
    answer(word(&term).ok_or_else(Failure::not_found)?)
}

async fn change_keyword(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("write:filters")?;
    let id = number(&id)?;
    let (filter, _) = filters::get_term(&ctx, &viewer, id).await?;
    filters::save(&ctx, &viewer, Some(filter.id), keyword_change(Some(id), &params)).await?;
    let (_, term) = filters::get_term(&ctx, &viewer, id).await?;
    answer(word(&term).ok_or_else(Failure::not_found)?)
}

async fn add_post(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("write:filters")?;
    let wanted = params.number("status_id").ok_or_else(Failure::not_found)?;
    let (found, _) = api::post_behind(&ctx, &viewer, wanted).await?;
    let term = filters::add_post(&ctx, &viewer, number(&id)?, found).await?;
    answer(shown_post(&term).unwrap_or(Value::Null))
}

async fn post(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:filters")?;
    let (_, term) = filters::get_term(&ctx, &viewer, number(&id)?).await?;
    answer(shown_post(&term).ok_or_else(Failure::not_found)?)
}

async fn drop_term(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:filters")?;
    filters::remove_term(&ctx, &viewer, number(&id)?, false).await?;
    answer(json!({}))
}

/// A filter of the first version: one word.
fn old(filter: &Filter, term: &FilterTerm) -> Option<Value> {
    let phrase = term.keyword.as_ref()?;
    Some(json!({
        "id": term.id.to_string(), "phrase": phrase, "context": filter.contexts, "whole_word": term.whole_word,
        "expires_at": filter.expires_at.map(Time::to_rfc3339), "irreversible": filter.action == FilterAction::Hide,
    }))
}

async fn old_all(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let viewer = caller.may("read:filters")?;
    let found = filters::list(&ctx, &viewer).await?;
    answer(found.iter().flat_map(|filter| filter.terms.iter().filter_map(move |term| old(filter, term))).collect())
}

async fn old_answer(ctx: &Ctx, viewer: &crate::domain::Viewer, id: i64) -> Reply {
    let (filter, term) = filters::get_term(ctx, viewer, id).await?;
    answer(old(&filter, &term).ok_or_else(Failure::not_found)?)
}

async fn old_one(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:filters")?;
    old_answer(&ctx, &viewer, number(&id)?).await
}

fn old_change(ctx: &Ctx, params: &Params, id: Option<i64>) -> Result<FilterChange, Failure> {
    let action = params.flag("irreversible").map(|hide| if hide { FilterAction::Hide } else { FilterAction::Warn });
    let (keyword, whole_word) = (params.text("phrase"), params.flag("whole_word"));
    Ok(FilterChange {
        title: params.text("phrase"),
        contexts: contexts(params)?,
        action,
        expires_at: expiry(ctx, params),
        keywords: vec![KeywordChange { id, keyword, whole_word, destroy: false }],
    })
}

async fn old_create(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("write:filters")?;
    let mut change = old_change(&ctx, &params, None)?;
    for keyword in &mut change.keywords {
        keyword.whole_word = Some(keyword.whole_word.unwrap_or(false));
    }
    let filter = filters::save(&ctx, &viewer, None, change).await?;
    answer(filter.terms.first().and_then(|term| old(&filter, term)).unwrap_or(Value::Null))
}

async fn old_update(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("write:filters")?;
    let id = number(&id)?;
    let (filter, _) = filters::get_term(&ctx, &viewer, id).await?;
    let mut change = old_change(&ctx, &params, Some(id))?;
    if filter.terms.len() > 1 {
        // A filter made by a newer app keeps its name when one of its words changes.
        change.title = None;
    }
    filters::save(&ctx, &viewer, Some(filter.id), change).await?;
    old_answer(&ctx, &viewer, id).await
}

async fn old_delete(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:filters")?;
    filters::remove_term(&ctx, &viewer, number(&id)?, true).await?;
    answer(json!({}))
}
