//! Groups through a client that knows none (INTEROP C.7), and who may see what.

use kring::domain::groups::GroupKind;
use serde_json::{Value, json};

use super::Phone;
use crate::support::{both, on_sqlite};

#[test]
fn d114_d116_a_mention_puts_a_post_into_its_group() {
    both(async |app| {
        let (fatima, wim, outsider) = (app.person("Fatima").await, app.person("Wim").await, app.person("Olga").await);
        let open = app.group(&fatima, "Lezers", GroupKind::Public).await;
        let closed = app.group(&fatima, "Taalmaatjes", GroupKind::Private).await;
        app.join(&wim, &open, &fatima).await;
        app.join(&wim, &closed, &fatima).await;
        let phone = Phone::of(&app, &wim).await;
        let say = async |text: &str, visibility: &str| {
            phone.post("/api/v1/statuses", json!({ "status": text, "visibility": visibility })).await
        };
        // (group, what the client says, what comes of it)
        for (group, said, told) in [
            (Some(&open), "public", Some("public")),
            (Some(&open), "unlisted", Some("public")),
            (Some(&open), "private", None),
            (Some(&open), "direct", None),
            (Some(&closed), "public", Some("private")),
            (Some(&closed), "unlisted", Some("private")),
            (Some(&closed), "private", Some("private")),
            (None, "public", Some("public")),
            (None, "unlisted", Some("unlisted")),
            (None, "private", Some("private")),
        ] {
            let text = format!("Hallo {}", group.map(|g| format!("@{}", g.name)).unwrap_or_default());
            let page = say(&text, said).await;
            match told {
                None => {
                    page.status(422);
                }
                Some(told) => {
                    let status = Phone::read(page);
                    assert_eq!(status["visibility"], told, "{said}");
                    let at = status["kring"]["group"]["id"].as_str().map(str::to_owned);
                    assert_eq!(at, group.map(|g| g.id.to_string()));
                }
            }
        }
        say(&format!("@{} en @{}", open.name, closed.name), "public").await.status(422);
        let secret = Phone::read(say(&format!("Geheim !{}", closed.name), "public").await);
        let id = secret["id"].as_str().unwrap();
        let other = Phone::of(&app, &outsider).await;
        other.get(&format!("/api/v1/statuses/{id}")).await.status(404);
        app.visitor().get(&format!("/api/v1/statuses/{id}")).await.status(404);
        app.visitor().get_as(&format!("/posts/{id}"), "application/activity+json").await.status(404);
        phone.post(&format!("/api/v1/statuses/{id}/reblog"), json!({})).await.status(422);
        let answer = json!({ "status": "Ook geheim", "in_reply_to_id": id, "visibility": "public" });
        let answer = Phone::read(phone.post("/api/v1/statuses", answer).await);
        assert_eq!(answer["visibility"], "private");
        assert_eq!(answer["in_reply_to_id"], id);
        let thread = Phone::read(phone.get(&format!("/api/v1/statuses/{id}/context")).await);
        assert_eq!(thread["descendants"][0]["id"], answer["id"]);
        assert_eq!(thread["ancestors"], json!([]));
    });
}

#[test]
fn a_group_boosts_what_its_members_write() {
    both(async |app| {
        let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
        let group = app.group(&fatima, "Lezers", GroupKind::Public).await;
        app.join(&wim, &group, &fatima).await;
        let post = app.post(&fatima, &group, "Wat lezen jullie? #lezen").await;
        app.settle().await;
        let phone = Phone::of(&app, &wim).await;
        let home = Phone::read(phone.get("/api/v1/timelines/home").await);
        let outer = &home[0];
        assert_eq!(outer["account"]["group"], true);
        assert_eq!(outer["account"]["bot"], false);
        assert_eq!(outer["reblog"]["id"], post.to_string());
        assert_eq!(outer["reblog"]["account"]["acct"], "fatima");
        assert_eq!(outer["content"], outer["reblog"]["content"]);
        assert_ne!(outer["id"], outer["reblog"]["id"]);
        // The boost's own id does for everything.
        let id = outer["id"].as_str().unwrap();
        let thanked = Phone::read(phone.post(&format!("/api/v1/statuses/{id}/favourite"), json!({})).await);
        assert_eq!(thanked["reblog"]["favourited"], true);
        assert_eq!(Phone::read(phone.get("/api/v1/favourites").await)[0]["id"], post.to_string());
        // A list for the group, with its posts as they are.
        let lists = Phone::read(phone.get("/api/v1/lists").await);
        assert_eq!(lists[0]["id"], group.id.to_string());
        let list = Phone::read(phone.get(&format!("/api/v1/timelines/list/{}", group.id)).await);
        assert_eq!(list[0]["id"], post.to_string());
        assert!(list[0]["reblog"].is_null());
        let of_group = format!("/api/v1/lists/{}", group.id);
        phone.send(reqwest::Method::PUT, &of_group, "application/json", "{\"title\":\"x\"}", &[]).await.status(403);
        // The group's own page: its boosts, and nothing without boosts.
        let path = format!("/api/v1/accounts/{}/statuses", group.id);
        assert_eq!(Phone::read(phone.get(&path).await).as_array().map(Vec::len), Some(1));
        assert_eq!(Phone::read(phone.get(&format!("{path}?exclude_reblogs=true")).await), json!([]));
        assert_eq!(Phone::read(phone.get("/api/v1/timelines/tag/lezen").await)[0]["id"], post.to_string());
    });
}

#[test]
fn joining_is_following() {
    both(async |app| {
        let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
        let group = app.group(&fatima, "Taalmaatjes", GroupKind::Private).await;
        let (owner, phone) = (Phone::of(&app, &fatima).await, Phone::of(&app, &wim).await);
        let asked = Phone::read(phone.post(&format!("/api/v1/accounts/{}/follow", group.id), json!({})).await);
        assert_eq!((&asked["following"], &asked["requested"]), (&json!(false), &json!(true)));
        app.settle().await;
        let notices = Phone::read(owner.get("/api/v1/notifications").await);
        assert_eq!(notices[0]["type"], "follow_request");
        assert_eq!(Phone::read(owner.get("/api/v1/follow_requests").await)[0]["acct"], "wim");
        Phone::read(owner.post(&format!("/api/v1/follow_requests/{}/authorize", wim.id), json!({})).await);
        let now = Phone::read(phone.get(&format!("/api/v1/accounts/relationships?id={}", group.id)).await);
        assert_eq!(now[0]["following"], true);
        let left = Phone::read(phone.post(&format!("/api/v1/accounts/{}/unfollow", group.id), json!({})).await);
        assert_eq!(left["following"], false);
    });
}

#[test]
fn a_home_of_twenty_costs_few_queries() {
    both(async |app| {
        let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
        let group = app.group(&fatima, "Lezers", GroupKind::Public).await;
        app.join(&wim, &group, &fatima).await;
        for n in 0..25 {
            app.post(&fatima, &group, &format!("Bericht {n} #lezen @wim")).await;
        }
        app.settle().await;
        let phone = Phone::of(&app, &wim).await;
        phone.get("/api/v1/timelines/home?limit=1").await.ok();
        app.settle().await;
        let (few, _) = app.queries(async || phone.get("/api/v1/timelines/home?limit=2").await).await;
        let (queries, page) = app.queries(async || phone.get("/api/v1/timelines/home?limit=20").await).await;
        assert_eq!(Phone::read(page).as_array().map(Vec::len), Some(20));
        assert!(queries <= 10, "{queries} queries");
        assert_eq!(few, queries, "the number of queries does not grow");
    });
}

#[test]
fn d99_pages_go_to_the_end_and_back() {
    on_sqlite(async |app| {
        let wim = app.person("Wim").await;
        let phone = Phone::of(&app, &wim).await;
        for n in 0..7 {
            Phone::read(phone.post("/api/v1/statuses", json!({ "status": format!("Bericht {n}") })).await);
        }
        app.settle().await;
        let origin = app.origin();
        let mut path = "/api/v1/timelines/home?limit=3".to_owned();
        let mut seen: Vec<Value> = Vec::new();
        let mut back = String::new();
        loop {
            let page = phone.get(&path).await.ok();
            let items = page.json();
            let items = items.as_array().unwrap().clone();
            if items.is_empty() {
                break;
            }
            let link = page.headers["link"].to_str().unwrap().to_owned();
            seen.extend(items.iter().map(|item| item["id"].clone()));
            back = link.split("<").last().unwrap().split('>').next().unwrap().trim_start_matches(&origin).to_owned();
            match link.strip_prefix('<').filter(|_| link.contains("rel=\"next\"")) {
                Some(rest) => path = rest.split('>').next().unwrap().trim_start_matches(&origin).to_owned(),
                None => break,
            }
            assert!(path.contains("limit=3"), "other parameters are kept: {path}");
        }
        assert_eq!(seen.len(), 7);
        let newer = Phone::read(phone.get(&back).await);
        assert_eq!(newer.as_array().map(Vec::len), Some(3));
        assert_eq!(newer[2]["id"], seen[5], "the page next to the cursor");
    });
}
