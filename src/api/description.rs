//! What the client API is, for who writes a client: the OpenAPI description, and the same as a page.

use std::sync::LazyLock;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use serde_json::Value;

use super::fail::Reply;
use crate::base::Error;
use crate::services::Ctx;

/// The main entities and what Kring adds to them; kept by hand, and held to by tests.
const TEXT: &str = include_str!("openapi.json");

/// `/api/kring` and `/api/kring/openapi.json`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/api/kring/openapi.json", get(document)).route("/api/kring", get(page))
}

async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], TEXT)
}

/// English alone: it is for programmers.
#[derive(Template)]
#[template(path = "description.html")]
struct Page<'a> {
    instance: String,
    intro: &'a str,
    calls: &'a [Call],
    entities: &'a [Entity],
}

/// One call.
struct Call {
    method: String,
    path: String,
    summary: String,
    answer: Option<String>,
}

/// One entity with its members: name, what it is, whether it is always there, what it means.
struct Entity {
    name: String,
    about: String,
    members: Vec<(String, String, bool, String)>,
}

/// The description, read once.
struct Description {
    intro: String,
    calls: Vec<Call>,
    entities: Vec<Entity>,
}

static READ: LazyLock<Result<Description, String>> = LazyLock::new(|| read().map_err(|error| error.to_string()));

async fn page(State(ctx): State<Ctx>) -> Reply {
    let read = READ.as_ref().map_err(|error| Error::internal(error.as_str()))?;
    let instance = ctx.instance().name.clone();
    let page = Page { instance, intro: &read.intro, calls: &read.calls, entities: &read.entities };
    let mut response = Html(page.render().map_err(Error::internal)?).into_response();
    let rule = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(rule));
    Ok(response)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn read() -> serde_json::Result<Description> {
    let document: Value = serde_json::from_str(TEXT)?;
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let mut calls = Vec::new();
    for (path, methods) in members(&document["paths"]) {
        for (method, call) in members(&methods) {
            let answers = members(&call["responses"]);
            let good = answers.iter().find(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer);
            calls.push(Call {
                method: method.to_uppercase(),
                path: path.clone(),
                summary: text(&call, "summary"),
                answer: good.map(|answer| kind_of(&answer["content"]["application/json"]["schema"])),
            });
        }
    }
    let entity = |(name, schema): (String, Value)| {
        let always: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let member = |(name, of): (String, Value)| {
            let needed = always.contains(&name.as_str());
            (name, kind_of(&of), needed, text(&of, "description"))
        };
        Entity {
            about: text(&schema, "description"),
            members: members(&schema["properties"]).into_iter().map(member).collect(),
            name,
        }
    };
    let entities = members(&document["components"]["schemas"]).into_iter().map(entity).collect();
    Ok(Description { intro: text(&document["info"], "description"), calls, entities })
}

/// What a schema says in a few words: `Account`, `list of Status`, `string or null`.
fn kind_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for either in ["anyOf", "oneOf", "allOf"] {
        if let Some(parts) = schema[either].as_array() {
            return parts.iter().map(kind_of).collect::<Vec<_>>().join(" or ");
        }
    }
    let types = match &schema["type"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let named = |kind: String| match (kind.as_str(), schema.get("items")) {
        ("array", Some(items)) => format!("list of {}", kind_of(items)),
        ("array", None) => "list".to_owned(),
        _ => kind,
    };
    let words = types.into_iter().map(named).collect::<Vec<_>>().join(" or ");
    match schema["enum"].as_array() {
        Some(values) => {
            let values = values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            format!("{words}: {}", values.collect::<Vec<_>>().join(", "))
        }
        None if words.is_empty() => "anything".to_owned(),
        None => words,
    }
}
