//! Every key of INTEROP C.5 is there; none that must hold something is null.

use kring::domain::groups::GroupKind;
use serde_json::{Value, json};

use super::Phone;
use crate::support::on_sqlite;

pub const ACCOUNT: &[&str] = &[
    "id",
    "username",
    "acct",
    "display_name",
    "note",
    "url",
    "uri",
    "avatar",
    "avatar_static",
    "header",
    "header_static",
    "locked",
    "bot",
    "group",
    "fields",
    "emojis",
    "created_at",
    "followers_count",
    "following_count",
    "statuses_count",
    "roles",
];
pub const STATUS: &[&str] = &[
    "id",
    "uri",
    "created_at",
    "account",
    "content",
    "visibility",
    "sensitive",
    "spoiler_text",
    "media_attachments",
    "mentions",
    "tags",
    "emojis",
    "reblogs_count",
    "favourites_count",
    "replies_count",
    "quotes_count",
    "url",
    "favourited",
    "reblogged",
    "muted",
    "bookmarked",
    "pinned",
    "filtered",
    "quote_approval",
];
pub const STATUS_NULLABLE: &[&str] = &[
    "in_reply_to_id",
    "in_reply_to_account_id",
    "reblog",
    "poll",
    "card",
    "language",
    "edited_at",
    "quote",
    "application",
];
const RELATION: &[&str] = &[
    "id",
    "following",
    "showing_reblogs",
    "notifying",
    "followed_by",
    "blocking",
    "blocked_by",
    "muting",
    "muting_notifications",
    "requested",
    "requested_by",
    "domain_blocking",
    "endorsed",
    "note",
];

#[track_caller]
pub fn has(value: &Value, keys: &[&str]) {
    for key in keys {
        assert!(value.get(*key).is_some_and(|v| !v.is_null()), "{key} is missing or null in {value}");
    }
    no_empty_addresses(value);
}

#[track_caller]
fn no_empty_addresses(value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let address = name == "url" || name == "uri" || name.ends_with("_url");
                assert!(!(address && member == ""), "{name} is empty");
                assert!(
                    !(name == "id" || name.ends_with("_id")) || member.is_string() || member.is_null(),
                    "{name}: {member}"
                );
                no_empty_addresses(member);
            }
        }
        Value::Array(items) => items.iter().for_each(no_empty_addresses),
        _ => {}
    }
}

#[test]
fn d104_d105_d106_entities_have_every_key() {
    on_sqlite(async |app| {
        let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
        let group = app.group(&fatima, "Lezers", GroupKind::Public).await;
        app.join(&wim, &group, &fatima).await;
        app.post(&fatima, &group, "Hallo @wim #lezen").await;
        app.settle().await;
        let phone = Phone::of(&app, &wim).await;
        let me = Phone::read(phone.get("/api/v1/accounts/verify_credentials").await);
        has(&me, ACCOUNT);
        has(&me["source"], &["privacy", "sensitive", "note", "fields", "follow_requests_count"]);
        has(&me["role"], &["id", "name", "permissions"]);
        let home = Phone::read(phone.get("/api/v1/timelines/home").await);
        for status in [&home[0], &home[0]["reblog"]] {
            has(status, STATUS);
            has(&status["account"], ACCOUNT);
            for key in STATUS_NULLABLE {
                assert!(status.get(*key).is_some(), "{key}");
            }
        }
        assert_eq!(home[0]["reblog"]["tags"][0]["name"], "lezen");
        assert_eq!(home[0]["reblog"]["mentions"][0]["acct"], "wim");
        let relations = Phone::read(phone.get(&format!("/api/v1/accounts/relationships?id[]={}", fatima.id)).await);
        has(&relations[0], RELATION);
        let two = Phone::read(phone.get("/api/v2/instance").await);
        has(
            &two,
            &[
                "domain",
                "title",
                "version",
                "source_url",
                "description",
                "usage",
                "thumbnail",
                "icon",
                "languages",
                "configuration",
                "registrations",
                "api_versions",
                "contact",
                "rules",
            ],
        );
        assert!(two["version"].as_str().unwrap().starts_with("4.5"));
        assert!(two["api_versions"].as_object().unwrap().values().all(Value::is_i64));
        assert!(two["configuration"]["media_attachments"]["supported_mime_types"].is_array());
        let one = Phone::read(phone.get("/api/v1/instance").await);
        has(
            &one,
            &[
                "uri",
                "title",
                "short_description",
                "description",
                "email",
                "version",
                "urls",
                "stats",
                "thumbnail",
                "languages",
                "configuration",
                "rules",
            ],
        );
        for picture in ["person.png", "group.png", "header.png"] {
            let page = app.visitor().get(&format!("/api/kring/{picture}")).await.ok();
            assert_eq!(page.headers["content-type"], "image/png");
        }
        let notices = Phone::read(phone.get("/api/v1/notifications").await);
        has(&notices[0], &["id", "type", "created_at", "account", "group_key", "status"]);
        assert_eq!(notices[0]["type"], "mention");
        let grouped = Phone::read(phone.get("/api/v2/notifications").await);
        assert_eq!(grouped["notification_groups"][0]["status_id"], grouped["statuses"][0]["id"]);
    });
}

#[test]
fn a_status_lives_and_dies() {
    on_sqlite(async |app| {
        let (wim, fatima) = (app.person("Wim").await, app.person("Fatima").await);
        let (phone, other) = (Phone::of(&app, &wim).await, Phone::of(&app, &fatima).await);
        let made =
            Phone::read(phone.post("/api/v1/statuses", json!({ "status": "Eerst", "spoiler_text": "let op" })).await);
        let id = made["id"].as_str().unwrap();
        assert_eq!(made["spoiler_text"], "let op");
        assert_eq!(made["sensitive"], true);
        let path = format!("/api/v1/statuses/{id}");
        let body = json!({ "status": "Later" }).to_string();
        let edited = Phone::read(phone.send(reqwest::Method::PUT, &path, "application/json", &body, &[]).await);
        assert!(edited["edited_at"].is_string());
        assert!(edited["content"].as_str().unwrap().contains("Later"));
        assert_eq!(Phone::read(phone.get(&format!("{path}/source")).await)["text"], "Later");
        let history = Phone::read(phone.get(&format!("{path}/history")).await);
        assert_eq!(history.as_array().map(Vec::len), Some(2));
        assert!(history[0]["content"].as_str().unwrap().contains("Eerst"));
        for (on, key) in [("bookmark", "bookmarked"), ("favourite", "favourited")] {
            assert_eq!(Phone::read(phone.post(&format!("{path}/{on}"), json!({})).await)[key], true);
            assert_eq!(Phone::read(phone.post(&format!("{path}/un{on}"), json!({})).await)[key], false);
        }
        let boost = Phone::read(other.post(&format!("{path}/reblog"), json!({})).await);
        assert_eq!(boost["reblog"]["id"], id);
        assert_eq!(boost["reblog"]["reblogs_count"], 1);
        assert_eq!(Phone::read(phone.get(&format!("{path}/reblogged_by")).await)[0]["acct"], "fatima");
        let back = Phone::read(other.post(&format!("{path}/unreblog"), json!({})).await);
        assert_eq!(back["reblogged"], false);
        // One's own post is on one's profile already: it is wrapped, and counts for nothing.
        let own = Phone::read(phone.post(&format!("{path}/reblog"), json!({})).await);
        assert_eq!((&own["reblog"]["id"], &own["reblog"]["reblogs_count"]), (&json!(id), &json!(0)));
        let gone = Phone::read(phone.send(reqwest::Method::DELETE, &path, "", "", &[]).await);
        assert_eq!(gone["text"], "Later");
        phone.get(&path).await.status(404);
    });
}
