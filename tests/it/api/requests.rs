//! How requests may be written, and how failures are told.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::json;

use super::Phone;
use crate::support::on_sqlite;

#[test]
fn d109_d110_failures_are_json_with_cors() {
    on_sqlite(async |app| {
        for (path, status) in [
            ("/api/v1/nowhere", 404),
            ("/api/v1/timelines/home", 401),
            ("/oauth/nowhere", 404),
            ("/api/v1/statuses/abc", 404),
        ] {
            let page = app.visitor().get(path).await.status(status);
            assert!(page.json()["error"].is_string(), "{path}");
            assert_eq!(page.headers["access-control-allow-origin"], "*", "{path}");
            assert!(page.headers["access-control-expose-headers"].to_str().unwrap().contains("Link"));
            let reset = page.headers["x-ratelimit-reset"].to_str().unwrap();
            assert!(reset.contains('T') && reset.ends_with('Z'), "{reset}");
        }
        // So are those of somebody who may ask, but not this.
        let phone = Phone::of(&app, &app.person("Wim").await).await;
        for (body, status) in
            [("{broken", 400), ("[]", 422), ("{}", 422), ("{\"status\": \"x\", \"visibility\": \"all\"}", 422)]
        {
            let page = phone.send(Method::POST, "/api/v1/statuses", "application/json", body, &[]).await.status(status);
            assert!(page.json()["error"].is_string(), "{body}");
            assert_eq!(page.headers["access-control-allow-origin"], "*", "{body}");
        }
        let asked =
            app.visitor().send(Method::OPTIONS, "/api/v1/statuses", HeaderMap::new(), Vec::new()).await.status(204);
        assert!(asked.headers["access-control-allow-headers"].to_str().unwrap().contains("Idempotency-Key"));
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer wrong"));
        app.visitor().send(Method::GET, "/api/v2/instance", headers, Vec::new()).await.status(401);
        // Some clients end addresses with a slash.
        assert!(app.visitor().get("/api/v2/instance/").await.ok().json()["domain"].is_string());
        app.visitor().get("/api/v1/nowhere/").await.status(404).json();
        app.visitor().send(Method::DELETE, "/api/v2/instance", HeaderMap::new(), Vec::new()).await.status(404).json();
    });
}

#[test]
fn a_token_does_what_it_was_given_for() {
    on_sqlite(async |app| {
        let wim = app.person("Wim").await;
        let reader = Phone::with(&app, &wim, "read:statuses").await;
        reader.get("/api/v1/timelines/home").await.ok();
        reader.get("/api/v1/notifications").await.status(403);
        reader.post("/api/v1/statuses", json!({ "status": "x" })).await.status(403);
        let follower = Phone::with(&app, &wim, "follow").await;
        follower.get("/api/v1/blocks").await.ok();
        follower.get("/api/v1/timelines/home").await.status(403);
    });
}

#[test]
fn d112_one_key_makes_one_status() {
    on_sqlite(async |app| {
        let wim = app.person("Wim").await;
        let phone = Phone::of(&app, &wim).await;
        let body = "status=Hallo&media_ids[]=";
        let key = [("idempotency-key", "abc")];
        let kind = "application/x-www-form-urlencoded";
        let first = Phone::read(phone.send(Method::POST, "/api/v1/statuses", kind, body, &key).await);
        let second = Phone::read(phone.send(Method::POST, "/api/v1/statuses", kind, body, &key).await);
        assert_eq!(first["id"], second["id"]);
        let other =
            Phone::read(phone.send(Method::POST, "/api/v1/statuses", kind, body, &[("idempotency-key", "abd")]).await);
        assert_ne!(first["id"], other["id"]);
    });
}

#[test]
fn d113_lists_arrive_in_every_form() {
    on_sqlite(async |app| {
        let (wim, olga) = (app.person("Wim").await, app.person("Olga").await);
        let phone = Phone::of(&app, &wim).await;
        for query in
            [format!("id={}", olga.id), format!("id[]={}&id[]={}", olga.id, olga.id), format!("id[0]={}", olga.id)]
        {
            let found = Phone::read(phone.get(&format!("/api/v1/accounts/relationships?{query}")).await);
            assert_eq!(found[0]["id"], olga.id.to_string(), "{query}");
        }
        let form =
            "status=Wat+eten+we%3F&poll[options][]=Soep&poll[options][]=Brood&poll[expires_in]=3600&poll[multiple]=1";
        let kind = "application/x-www-form-urlencoded";
        let made = Phone::read(phone.send(Method::POST, "/api/v1/statuses", kind, form, &[]).await);
        assert_eq!(made["poll"]["options"][1]["title"], "Brood");
        assert_eq!(made["poll"]["multiple"], true);
        let id = made["poll"]["id"].as_str().unwrap();
        let voter = Phone::of(&app, &olga).await;
        let voted = Phone::read(voter.post(&format!("/api/v1/polls/{id}/votes"), json!({ "choices": ["0", 1] })).await);
        assert_eq!(voted["own_votes"], json!([0, 1]));
        assert_eq!(voted["voters_count"], 1);
        voter.post(&format!("/api/v1/polls/{id}/votes"), json!({ "choices": [0] })).await.status(422);
        let marked = "home[last_read_id]=123";
        let kept = Phone::read(phone.send(Method::POST, "/api/v1/markers", kind, marked, &[]).await);
        assert_eq!(kept["home"]["last_read_id"], "123");
        let kept = Phone::read(phone.get("/api/v1/markers?timeline[]=home&timeline[]=notifications").await);
        assert_eq!(kept["home"]["version"], 1);
        assert!(kept.get("notifications").is_none());
    });
}

#[test]
fn d108_what_has_no_meaning_here_is_empty_and_never_missing() {
    on_sqlite(async |app| {
        let wim = app.person("Wim").await;
        let phone = Phone::of(&app, &wim).await;
        for path in [
            "/api/v1/custom_emojis",
            "/api/v1/filters",
            "/api/v2/filters",
            "/api/v1/lists",
            "/api/v1/announcements",
            "/api/v1/follow_requests",
            "/api/v1/followed_tags",
            "/api/v1/trends/tags",
            "/api/v1/trends/statuses",
            "/api/v1/trends/links",
            "/api/v2/suggestions",
            "/api/v1/bookmarks",
            "/api/v1/favourites",
            "/api/v1/blocks",
            "/api/v1/mutes",
            "/api/v1/domain_blocks",
            "/api/v1/conversations",
            "/api/v1/scheduled_statuses",
            "/api/v1/notifications/requests",
            "/api/v1/endorsements",
            "/api/v1/featured_tags",
            "/api/v1/instance/rules",
            "/api/v1/instance/peers",
            "/api/v1/timelines/direct",
            "/api/v1/timelines/public?local=true",
            "/api/v1/notifications",
        ] {
            assert_eq!(Phone::read(phone.get(path).await), json!([]), "{path}");
        }
        for path in [
            "/api/v1/preferences",
            "/api/v2/notifications/policy",
            "/api/v1/markers",
            "/api/v2/notifications",
            "/api/v1/notifications/unread_count",
            "/api/v2/search?q=xyz",
        ] {
            assert!(Phone::read(phone.get(path).await).is_object(), "{path}");
        }
        phone.get("/api/v1/admin/accounts").await.status(403).json();
        phone.get("/api/v1/push/subscription").await.status(404).json();
    });
}
