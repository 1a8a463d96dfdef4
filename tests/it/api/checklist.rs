//! Lines of the checklist in FEDERATION.md that are about every answer rather than one of them.

use kring::domain::groups::GroupKind;
use serde_json::{Value, json};

use super::Phone;
use crate::support::{TestApp, on_sqlite};

/// Every id in an answer: the text and where it stands.
fn ids(value: &Value, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            // The role that everybody has is -99 at Mastodon, and apps know it by that.
            for (name, member) in members.iter().filter(|(name, _)| !name.starts_with("role")) {
                if (name == "id" || name.ends_with("_id")) && !member.is_null() {
                    found.push((name.clone(), member.clone()));
                }
                ids(member, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| ids(item, found)),
        _ => {}
    }
}

fn number(id: &Value) -> u64 {
    let text = id.as_str().unwrap_or_else(|| panic!("{id} is no text"));
    assert!((1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()), "{text}");
    text.parse().unwrap()
}

#[test]
fn d98_ids_are_numbers_in_texts_and_the_newer_is_the_larger() {
    on_sqlite(async |app| {
        let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
        let group = app.group(&fatima, "Lezers", GroupKind::Public).await;
        app.join(&wim, &group, &fatima).await;
        let (phone, other) = (Phone::of(&app, &wim).await, Phone::of(&app, &fatima).await);
        let mut before = 0;
        for n in 0..5 {
            let poll = json!({"options": ["Ja", "Nee"], "expires_in": 3600});
            let said = json!({"status": format!("Bericht {n} @wim #lezen @lezers"), "poll": poll});
            let status = Phone::read(other.post("/api/v1/statuses", said).await);
            let id = number(&status["id"]);
            assert!(id > before, "{id} after {before}");
            before = id;
        }
        let answer = json!({"status": "Ja @fatima", "in_reply_to_id": before.to_string()});
        Phone::read(phone.post("/api/v1/statuses", answer).await);
        Phone::read(phone.post(&format!("/api/v1/statuses/{before}/bookmark"), json!({})).await);
        Phone::read(phone.post("/api/v1/lists", json!({"title": "Mijn"})).await);
        Phone::read(
            phone
                .post(
                    "/api/v2/filters",
                    json!({"title": "x", "context": ["home"],
            "keywords_attributes": [{"keyword": "niets"}]}),
                )
                .await,
        );
        app.settle().await;
        let mut seen = 0;
        for path in [
            "/api/v1/timelines/home".to_owned(),
            "/api/v1/timelines/public".to_owned(),
            "/api/v1/notifications".to_owned(),
            "/api/v2/notifications".to_owned(),
            "/api/v1/bookmarks".to_owned(),
            "/api/v1/lists".to_owned(),
            "/api/v2/filters".to_owned(),
            "/api/v1/conversations".to_owned(),
            "/api/v1/accounts/verify_credentials".to_owned(),
            "/api/v2/search?q=lezers".to_owned(),
            format!("/api/v1/statuses/{before}/context"),
            format!("/api/v1/accounts/{}/statuses", fatima.id),
            format!("/api/v1/accounts/relationships?id[]={}", fatima.id),
        ] {
            let answer = Phone::read(phone.get(&path).await);
            let mut found = Vec::new();
            ids(&answer, &mut found);
            for (name, id) in &found {
                assert!(number(id) > 0, "{name} at {path}");
            }
            seen += found.len();
            // The newest is first.
            if path.contains("timelines") || path.contains("v1/notifications") {
                let order: Vec<u64> = answer.as_array().unwrap().iter().map(|item| number(&item["id"])).collect();
                assert!(order.len() > 1 && order.is_sorted_by(|a, b| a > b), "{path}: {order:?}");
            }
        }
        assert!(seen > 50, "{seen}");
    });
}

#[test]
fn d99_next_is_before_prev_and_pages_of_other_sites_may_read_them() {
    on_sqlite(async |app| {
        let wim = app.person("Wim").await;
        let phone = Phone::of(&app, &wim).await;
        for n in 0..5 {
            Phone::read(phone.post("/api/v1/statuses", json!({ "status": format!("Bericht {n}") })).await);
        }
        app.settle().await;
        let page = phone.get("/api/v1/timelines/home?limit=2&only_media=false").await.ok();
        let link = page.headers["link"].to_str().unwrap();
        let parts: Vec<&str> = link.split(", ").collect();
        assert_eq!(parts.len(), 2, "{link}");
        let start = format!("<{}/api/v1/timelines/home?", app.origin());
        for (part, rel, cursor) in [(parts[0], "next", "max_id="), (parts[1], "prev", "min_id=")] {
            assert!(part.starts_with(&start) && part.ends_with(&format!(">; rel=\"{rel}\"")), "{part}");
            assert!(part.contains(cursor) && part.contains("limit=2") && part.contains("only_media=false"), "{part}");
        }
        let exposed = page.headers["access-control-expose-headers"].to_str().unwrap();
        assert!(exposed.split(", ").any(|name| name == "Link"), "{exposed}");
    });
}

/// Reads a version as Mastodon.py does (three numbers before anything else) and as Phanpy does (what stands before a space).
async fn version(app: &TestApp) -> (u32, u32, u32) {
    let text = app.visitor().get("/api/v1/instance").await.ok().json()["version"].as_str().unwrap().to_owned();
    let (first, rest) = text.split_once(' ').unwrap_or_else(|| panic!("{text}"));
    assert!(rest.starts_with("(compatible; Kring ") && rest.ends_with(')'), "{text}");
    let parts: Vec<u32> = first.split('.').map(|part| part.parse().unwrap_or_else(|_| panic!("{text}"))).collect();
    let [major, minor, patch] = parts[..] else { panic!("{text}") };
    (major, minor, patch)
}

#[test]
fn d115_the_version_is_read_by_clients_and_true() {
    on_sqlite(async |app| {
        assert_eq!(version(&app).await, (4, 5, 0));
        let two = app.visitor().get("/api/v2/instance").await.ok().json();
        let level = two["api_versions"]["mastodon"].as_i64().unwrap();
        assert!(two["api_versions"].as_object().unwrap().values().all(Value::is_i64));
        let wim = app.person("Wim").await;
        let phone = Phone::of(&app, &wim).await;
        let status = Phone::read(phone.post("/api/v1/statuses", json!({"status": "Hallo"})).await);
        // Grouped notices are of level 2, quotes of level 7.
        assert!(level >= 7);
        assert!(status.get("quote").is_some() && status["quote_approval"].is_object(), "{status}");
        assert!(Phone::read(phone.get("/api/v2/notifications").await)["notification_groups"].is_array());
        let quote = json!({"status": "Zie", "quoted_status_id": status["id"]});
        let quote = Phone::read(phone.post("/api/v1/statuses", quote).await);
        assert_eq!(quote["quote"]["quoted_status"]["id"], status["id"]);
    });
}
