//! Lists with their `Link` header.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::fail::Reply;
use super::params::Params;
use crate::base::Error;
use crate::services::Ctx;

/// Any JSON as an answer.
pub fn json(value: Value) -> Reply {
    Ok(axum::Json(value).into_response())
}

/// Text that is JSON already.
pub fn text(body: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// A list with `Link`: `next` first, exactly `<url>; rel="next"`, because clients parse it with regular expressions.
/// `next` is the `max_id` of the next page if there may be one, `first` the cursor of the first item.
pub fn list(ctx: &Ctx, params: &Params, items: Vec<Value>, next: Option<i64>, first: Option<i64>) -> Reply {
    let first = first.filter(|_| !items.is_empty());
    text_list(ctx, params, Value::Array(items).to_string(), next, first)
}

/// The same of a list that is text already.
pub fn text_list(ctx: &Ctx, params: &Params, items: String, next: Option<i64>, first: Option<i64>) -> Reply {
    let mut response = text(items);
    let mut links = Vec::new();
    if let Some(id) = next {
        links.push(format!("<{}>; rel=\"next\"", address(ctx, params, "max_id", id)));
    }
    if let Some(id) = first {
        links.push(format!("<{}>; rel=\"prev\"", address(ctx, params, "min_id", id)));
    }
    if !links.is_empty() {
        let value = HeaderValue::from_str(&links.join(", ")).map_err(Error::internal)?;
        response.headers_mut().insert(header::LINK, value);
    }
    Ok(response)
}

/// The address asked for, with another cursor; every other parameter of the query is kept, but no token.
fn address(ctx: &Ctx, params: &Params, name: &str, id: i64) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in &params.query {
        if !matches!(key.as_str(), "max_id" | "min_id" | "since_id" | "access_token") {
            query.append_pair(key, value);
        }
    }
    query.append_pair(name, &id.to_string());
    ctx.urls.absolute(&format!("{}?{}", params.path, query.finish()))
}
