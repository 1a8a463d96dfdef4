//! What a request says, however it says it: query, form, multipart and JSON are read into one tree (INTEROP C.0).

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::fail::Failure;
use crate::base::{Cursor, Error, Page};
use crate::services::Ctx;

/// Deepest nesting of names that is followed: `a[b][c][d]`.
const MAX_DEPTH: usize = 6;

/// A file that came with a request.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Field name.
    pub field: String,
    /// Name on the sender's device.
    pub file_name: String,
    /// Type as the sender says.
    pub mime: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// Everything a request says.
#[derive(Clone, Debug)]
pub struct Params {
    tree: Value,
    /// Files, in order.
    pub files: Vec<Upload>,
    /// Path asked for.
    pub path: String,
    /// Query as sent: name and value.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
}

impl FromRequest<Ctx> for Params {
    type Rejection = Failure;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Failure> {
        let headers = request.headers().clone();
        let uri = request.uri().clone();
        let query = pairs(uri.query().unwrap_or_default().as_bytes());
        let mut tree = Value::Object(Map::new());
        for (name, value) in &query {
            put(&mut tree, name, Value::String(value.clone()));
        }
        let mut files = Vec::new();
        let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_lowercase();
        let limit = usize::try_from(ctx.config.limits.max_upload_mb).unwrap_or(40) * 1_000_000 + 1_000_000;
        if kind.starts_with("multipart/form-data") {
            files = read_multipart(request, ctx, &mut tree, limit).await?;
        } else {
            let limit = 8 * ctx.config.limits.max_post_chars + 65_536;
            let bytes = axum::body::to_bytes(request.into_body(), limit).await;
            let bytes = bytes.map_err(|_| Error::TooLarge { limit: u64::try_from(limit).unwrap_or(u64::MAX) })?;
            read_body(&kind, &bytes, &mut tree)?;
        }
        Ok(Self { tree, files, path: uri.path().to_owned(), query, headers })
    }
}

fn read_body(kind: &str, bytes: &[u8], tree: &mut Value) -> Result<(), Failure> {
    if bytes.is_empty() {
        return Ok(());
    }
    // Some clients send a form, or nothing, under the name of JSON; what begins like JSON is read as JSON.
    let json = kind.contains("json") || bytes.first().is_some_and(|b| *b == b'{');
    if !json {
        for (name, value) in pairs(bytes) {
            put(tree, &name, Value::String(value));
        }
        return Ok(());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) => {
            for (name, value) in members {
                put(tree, &name, value);
            }
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(_) => Err(Failure::new(axum::http::StatusCode::BAD_REQUEST, "The request body is not valid JSON")),
    }
}

async fn read_multipart(request: Request, ctx: &Ctx, tree: &mut Value, limit: usize) -> Result<Vec<Upload>, Failure> {
    let unreadable = || Failure::new(axum::http::StatusCode::BAD_REQUEST, "The form cannot be read");
    let mut form = Multipart::from_request(request, ctx).await.map_err(|_| unreadable())?;
    let mut files = Vec::new();
    while let Some(part) = form.next_field().await.map_err(|_| unreadable())? {
        let field = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let mime = part.content_type().unwrap_or("application/octet-stream").to_owned();
        let too_large = Error::TooLarge { limit: u64::try_from(limit).unwrap_or(u64::MAX) };
        let bytes = part.bytes().await.map_err(|_| too_large)?;
        match file_name {
            Some(file_name) => files.push(Upload { field, file_name, mime, bytes }),
            None => put(tree, &field, Value::String(String::from_utf8_lossy(&bytes).into_owned())),
        }
    }
    Ok(files)
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Puts a value under a name like `a`, `a[]`, `a[b]` or `a[][b]`.
fn put(tree: &mut Value, name: &str, value: Value) {
    let (first, rest) = name.split_once('[').unwrap_or((name, ""));
    let mut path = vec![first];
    path.extend(rest.split('[').map(|part| part.trim_end_matches(']')).filter(|_| name.contains('[')));
    if path.len() <= MAX_DEPTH {
        insert(tree, &path, value);
    }
}

fn insert(at: &mut Value, path: &[&str], value: Value) {
    let Some((name, rest)) = path.split_first() else {
        *at = match std::mem::take(at) {
            // A name that comes twice makes a list; a body's member replaces one of the query.
            Value::Null => value,
            Value::Array(mut items) if !value.is_array() => {
                items.push(value);
                Value::Array(items)
            }
            Value::String(before) if value.is_string() => Value::Array(vec![Value::String(before), value]),
            _ => value,
        };
        return;
    };
    if name.is_empty() {
        if !at.is_array() {
            *at = Value::Array(Vec::new());
        }
        let Value::Array(items) = at else { return };
        // `a[][b]=1&a[][c]=2` is one object, until a name comes again.
        let next = rest.first().is_none_or(|name| items.last().is_none_or(|last| last.get(*name).is_some()));
        if next {
            items.push(Value::Null);
        }
        if let Some(last) = items.last_mut() {
            insert(last, rest, value);
        }
        return;
    }
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    if let Value::Object(members) = at {
        insert(members.entry((*name).to_owned()).or_insert(Value::Null), rest, value);
    }
}

/// A value as text: numbers and booleans as they are written.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(items) => items.last().and_then(text_of),
        Value::Null | Value::Object(_) => None,
    }
}

/// A value as yes or no.
pub fn flag_of(value: &Value) -> Option<bool> {
    match text_of(value)?.to_lowercase().as_str() {
        "true" | "1" | "on" | "yes" | "t" => Some(true),
        "false" | "0" | "off" | "no" | "f" | "" => Some(false),
        _ => None,
    }
}

impl Params {
    /// A member, by a path like `poll/options`.
    pub fn at(&self, path: &str) -> Option<&Value> {
        path.split('/').try_fold(&self.tree, |at, name| at.get(name)).filter(|value| !value.is_null())
    }

    /// Whether a name was sent, even with nothing in it.
    pub fn names(&self, path: &str) -> bool {
        path.split('/').try_fold(&self.tree, |at, name| at.get(name)).is_some()
    }

    /// A text; `None` when missing.
    pub fn text(&self, path: &str) -> Option<String> {
        self.at(path).and_then(text_of)
    }

    /// A text that holds something.
    pub fn filled(&self, path: &str) -> Option<String> {
        self.text(path).filter(|text| !text.trim().is_empty())
    }

    /// Yes or no; `None` when missing or neither.
    pub fn flag(&self, path: &str) -> Option<bool> {
        self.at(path).and_then(flag_of)
    }

    /// Whether it says yes.
    pub fn is(&self, path: &str) -> bool {
        self.flag(path) == Some(true)
    }

    /// A whole number.
    pub fn number(&self, path: &str) -> Option<i64> {
        self.text(path).and_then(|text| text.trim().parse().ok())
    }

    /// Several values: a list, one value, or an object with numbered members.
    pub fn values(&self, path: &str) -> Vec<&Value> {
        match self.at(path) {
            None => Vec::new(),
            Some(Value::Array(items)) => items.iter().collect(),
            Some(Value::Object(members)) => members.values().collect(),
            Some(one) => vec![one],
        }
    }

    /// Several texts.
    pub fn texts(&self, path: &str) -> Vec<String> {
        self.values(path).into_iter().filter_map(text_of).filter(|text| !text.is_empty()).collect()
    }

    /// Several ids; what is no number is left out.
    pub fn ids(&self, path: &str) -> Vec<i64> {
        self.texts(path).iter().filter_map(|text| text.parse().ok()).collect()
    }

    /// The part of a list that is wanted.
    pub fn page(&self, usual: i64, most: i64) -> Page {
        let limit = self.number("limit").unwrap_or(usual).clamp(1, most.min(80));
        let cursor = match (self.number("max_id"), self.number("min_id"), self.number("since_id")) {
            (Some(id), ..) => Cursor::Before(id),
            (None, Some(id), _) => Cursor::After(id),
            (None, None, Some(id)) => Cursor::Since(id),
            (None, None, None) => Cursor::Start,
        };
        Page { cursor, limit }
    }
}
