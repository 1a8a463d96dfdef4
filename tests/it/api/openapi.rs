//! What the instance answers is what its description says, key by key.

use kring::domain::groups::GroupKind;
use serde_json::{Value, json};

use super::Phone;
use crate::support::on_sqlite;

/// What of a value does not fit a schema, with where.
fn misfits(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} is not described"));
        return misfits(root, target, value, at, found);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let choice = choices.iter().find(|choice| (choice["type"] == "null") == value.is_null()).unwrap();
        return misfits(root, choice, value, at, found);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let wanted = &schema["type"];
    let fits = wanted.is_null() || wanted == kind || wanted.as_array().is_some_and(|all| all.iter().any(|t| t == kind));
    if !fits {
        found.push(format!("{at} is {kind}, not {wanted}"));
        return;
    }
    if let Some(words) = schema["enum"].as_array().filter(|words| !value.is_null() && !words.contains(value)) {
        found.push(format!("{at} is {value}, not one of {words:?}"));
    }
    if schema["pattern"] == "^[0-9]+$" && value.as_str().is_some_and(|id| id.parse::<i64>().is_err()) {
        found.push(format!("{at} is no id: {value}"));
    }
    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
        misfits(root, &schema["items"], item, &format!("{at}[{place}]"), found);
    }
    if let (Some(members), Some(known)) = (value.as_object(), schema["properties"].as_object()) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                found.push(format!("{at}.{name} is missing"));
            }
        }
        for (name, member) in members {
            match known.get(name) {
                Some(schema) => misfits(root, schema, member, &format!("{at}.{name}"), found),
                None => found.push(format!("{at}.{name} is not described")),
            }
        }
    }
}

#[test]
fn answers_are_as_they_are_described() {
    on_sqlite(async |app| {
        let (wim, olga, bo) = (app.person("Wim").await, app.person("Olga").await, app.person("Bo").await);
        let group = app.group(&olga, "Lezers", GroupKind::Public).await;
        app.group(&bo, "Tuin", GroupKind::Public).await;
        app.join(&wim, &group, &olga).await;
        let (phone, olgas) = (Phone::of(&app, &wim).await, Phone::of(&app, &olga).await);
        let act = async |phone: &Phone, path: &str, body: Value| Phone::read(phone.post(path, body).await);
        let poll = json!({ "options": ["Ja", "Nee"], "expires_in": 600 });
        let first =
            act(&olgas, "/api/v1/statuses", json!({ "status": "Dag @lezers en @wim #lezen", "poll": poll })).await;
        let own =
            act(&phone, "/api/v1/statuses", json!({ "status": "Zie dit", "quoted_status_id": first["id"] })).await;
        act(&olgas, &format!("/api/v1/statuses/{}/favourite", own["id"].as_str().unwrap()), json!({})).await;
        act(&olgas, "/api/v1/statuses", json!({ "status": "@wim stil", "visibility": "direct" })).await;
        let filter = json!({ "title": "x", "context": ["home"], "keywords_attributes": [{ "keyword": "dag" }] });
        act(&phone, "/api/v2/filters", filter).await;
        act(&phone, "/api/v1/lists", json!({ "title": "Buren" })).await;
        act(&phone, "/api/v1/tags/lezen/follow", json!({})).await;
        act(&phone, &format!("/api/v1/accounts/{}/mute", bo.id), json!({ "duration": 600 })).await;
        let later = app.ctx().now().plus(kring::base::Time::HOUR).to_rfc3339();
        act(&phone, "/api/v1/statuses", json!({ "status": "Later", "scheduled_at": later })).await;
        act(&olgas, "/api/v1/featured_tags", json!({ "name": "lezen" })).await;
        // Two write of the same, and two did something with one post.
        act(&phone, "/api/v1/statuses", json!({ "status": "Ook #lezen" })).await;
        let shown = first["id"].as_str().unwrap();
        for act_on in ["favourite", "bookmark"] {
            act(&phone, &format!("/api/v1/statuses/{shown}/{act_on}"), json!({})).await;
        }
        act(&phone, "/api/v1/statuses", json!({ "status": "Ja", "in_reply_to_id": shown })).await;
        for post in [shown, own["id"].as_str().unwrap()] {
            app.execute(&format!(
                "INSERT INTO link_previews (post_id, url, title, description, picture_mime, width, height, fetched_at) \
                 VALUES ({post}, 'https://a.example/', 'Een boek', '', '', 0, 0, 0)"
            ))
            .await;
        }
        app.settle().await;
        let described: Value = Phone::read(phone.get("/api/kring/openapi.json").await);
        let mut found = Vec::new();
        for (path, methods) in described["paths"].as_object().unwrap() {
            let schema = &methods["get"]["responses"]["200"]["content"]["application/json"]["schema"];
            if schema.is_null() || path == "/api/v1/push/subscription" {
                continue;
            }
            let id = match path.as_str() {
                path if path.contains("/statuses/{id}") => own["id"].as_str().unwrap().to_owned(),
                path if path.contains("/list/") => group.id.to_string(),
                _ => olga.id.to_string(),
            };
            let query = match path.as_str() {
                "/api/v2/search" => "?q=lezen".to_owned(),
                "/api/v1/accounts/relationships" => format!("?id[]={}", olga.id),
                _ => String::new(),
            };
            let body = Phone::read(phone.get(&format!("{}{query}", path.replace("{id}", &id))).await);
            let empty = body.as_array().is_some_and(Vec::is_empty);
            let may_be_empty = ["/api/v1/notifications/requests", "/api/v1/instance/rules"].contains(&path.as_str());
            assert!(!empty || may_be_empty, "{path} shows nothing to look at");
            misfits(&described, schema, &body, path, &mut found);
        }
        assert!(found.is_empty(), "{}", found.join("\n"));
    });
}
