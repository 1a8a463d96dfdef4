//! Answers that are the same for everyone who is not signed in: kept whole until anything is written; and answers that the
//! client has already.

use std::hash::{DefaultHasher, Hasher as _};
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;

use crate::base::Time;
use crate::services::Ctx;
use crate::services::api::Answer;

/// Put on an answer by who knows that it depends on nothing but what is stored, and until when on that alone.
#[derive(Clone, Copy, Debug)]
pub struct Lasts(pub Option<Time>);

/// The largest body that is kept, or told from others.
const MOST: usize = 1_000_000;

/// Under what an answer to this request may be kept: a reading of statuses by nobody we know.
pub fn key(request: &Request, anyone: bool) -> Option<String> {
    let uri = request.uri();
    let path = uri.path();
    let statuses = path.starts_with("/api/v1/timelines/")
        || (path.starts_with("/api/v1/accounts/") && path.ends_with("/statuses"))
        || (path.starts_with("/api/v1/statuses/") && path.ends_with("/context"));
    // Bodies are read as parameters, and addresses are only kept while they are short.
    let plain = request.method() == Method::GET && !request.headers().contains_key(header::CONTENT_TYPE);
    let short = uri.path_and_query().filter(|all| all.as_str().len() < 300);
    short.filter(|_| anyone && statuses && plain).map(ToString::to_string)
}

/// A kept answer, if it is still true.
pub async fn find(ctx: &Ctx, key: &str, stamp: &str, headers: &HeaderMap) -> Option<Response> {
    let kept = ctx.kept.answers.get(key).await?;
    if *kept.stamp != *stamp || kept.until.is_some_and(|until| until <= ctx.now()) {
        return None;
    }
    Some(response(&kept, headers))
}

fn response(kept: &Answer, headers: &HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let small = kept.body.len() > 500 && accepted.split(',').any(|coding| coding.trim() == "gzip");
    let body = if small { kept.gzip.get_or_init(|| gzip(&kept.body)).clone() } else { kept.body.clone() };
    let mut response = Response::new(Body::from(body));
    let mut set = |name: header::HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, "application/json; charset=utf-8");
    set(header::ETAG, &kept.etag);
    if small {
        set(header::CONTENT_ENCODING, "gzip");
    }
    if let Some(link) = &kept.link {
        set(header::LINK, link);
    }
    response
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing into memory does not fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

/// Keeps an answer that says how long it lasts.
pub async fn keep(ctx: &Ctx, key: String, stamp: Arc<str>, response: Response) -> Response {
    let Some(Lasts(until)) = response.extensions().get::<Lasts>().copied() else { return response };
    if response.status() != StatusCode::OK {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return Response::from_parts(parts, Body::empty()) };
    if body.len() <= MOST {
        let text = |name| parts.headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).map(str::to_owned);
        let etag = text(header::ETAG).unwrap_or_else(|| etag(&body));
        let link = text(header::LINK);
        let answer = Answer { stamp, until, body: body.clone(), gzip: OnceLock::new(), etag, link };
        ctx.kept.answers.insert(key, Arc::new(answer)).await;
    }
    Response::from_parts(parts, Body::from(body))
}

fn etag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    format!("W/\"{:016x}\"", hasher.finish())
}

/// Names what is read by an `ETag`, and sends nothing (304) to who has it already.
pub async fn conditional(method: &Method, had: Option<HeaderValue>, response: Response) -> Response {
    let json = |headers: &HeaderMap| {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        kind.is_some_and(|kind| kind.starts_with("application/json"))
    };
    if *method != Method::GET || response.status() != StatusCode::OK || !json(response.headers()) {
        return response;
    }
    let mut response = match response.headers().contains_key(header::ETAG) {
        true => response,
        false => named(response).await,
    };
    let matches = |tag: &HeaderValue| {
        let had = had.as_ref().and_then(|had| had.to_str().ok()).unwrap_or_default();
        let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        tag.to_str().is_ok_and(|tag| had.split(',').any(|one| weak(one) == weak(tag)))
    };
    if response.headers().get(header::ETAG).is_some_and(matches) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
            response.headers_mut().remove(name);
        }
    }
    response
}

async fn named(response: Response) -> Response {
    use axum::body::HttpBody as _;
    let known = response.body().size_hint().exact().and_then(|size| usize::try_from(size).ok());
    if known.is_none_or(|size| size > MOST) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, MOST).await else { return Response::from_parts(parts, Body::empty()) };
    if let Ok(tag) = HeaderValue::from_str(&etag(&body)) {
        parts.headers.insert(header::ETAG, tag);
    }
    Response::from_parts(parts, Body::from(body))
}
