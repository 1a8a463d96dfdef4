//! What members keep with an app: scheduled posts, lists, hashtags, notes, quotes, muted threads, policies of notices.

use kring::domain::groups::GroupKind;
use reqwest::Method;
use serde_json::{Value, json};

use super::Phone;
use crate::support::both;

async fn delete(phone: &Phone, path: &str, body: Value) {
    Phone::read(phone.send(Method::DELETE, path, "application/json", &body.to_string(), &[]).await);
}

#[test]
fn a_scheduled_post_comes_at_its_time_and_once() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let phone = Phone::of(&app, &wim).await;
        let at = |minutes: i64| app.ctx().now().plus(minutes * kring::base::Time::MINUTE).to_rfc3339();
        let soon = json!({ "status": "Te vroeg", "scheduled_at": at(2) });
        phone.post("/api/v1/statuses", soon).await.status(422);
        phone.post("/api/v1/statuses", json!({ "status": " ", "scheduled_at": at(10) })).await.status(422);
        let plan = json!({
            "status": "Morgen is er koffie #koffie", "scheduled_at": at(10), "visibility": "unlisted",
            "poll": { "options": ["Ja", "Nee"], "expires_in": 3600 },
        });
        let made = Phone::read(phone.post("/api/v1/statuses", plan).await);
        assert_eq!(made["params"]["text"], "Morgen is er koffie #koffie");
        assert!(made.get("content").is_none());
        let path = format!("/api/v1/scheduled_statuses/{}", made["id"].as_str().unwrap());
        let later = json!({ "scheduled_at": at(20) }).to_string();
        let moved = Phone::read(phone.send(Method::PUT, &path, "application/json", &later, &[]).await);
        assert_ne!(moved["scheduled_at"], made["scheduled_at"]);
        assert_eq!(Phone::read(phone.get("/api/v1/scheduled_statuses").await)[0]["id"], made["id"]);
        let (now, minute) = (app.ctx().now(), kring::base::Time::MINUTE);
        kring::services::scheduled::publish_due(app.ctx(), now.plus(15 * minute)).await.unwrap();
        assert!(Phone::read(phone.get(&path).await).is_object(), "not yet");
        for _ in 0..2 {
            kring::services::scheduled::publish_due(app.ctx(), now.plus(21 * minute)).await.unwrap();
        }
        phone.get(&path).await.status(404);
        app.settle().await;
        let home = Phone::read(phone.get("/api/v1/timelines/home").await);
        assert_eq!(home.as_array().map(Vec::len), Some(1));
        assert_eq!(
            (&home[0]["visibility"], &home[0]["poll"]["options"][1]["title"]),
            (&json!("unlisted"), &json!("Nee"))
        );
        let other = Phone::read(phone.post("/api/v1/statuses", json!({ "status": "x", "scheduled_at": at(9) })).await);
        delete(&phone, &format!("/api/v1/scheduled_statuses/{}", other["id"].as_str().unwrap()), json!({})).await;
        assert_eq!(Phone::read(phone.get("/api/v1/scheduled_statuses").await), json!([]));
    });
}

#[test]
fn a_scheduled_post_that_may_not_be_written_becomes_a_draft() {
    both(async |app| {
        let (wim, olga) = (app.person("Wim").await, app.person("Olga").await);
        let group = app.group(&olga, "Taalcafé", GroupKind::Organisation).await;
        app.join(&wim, &group, &olga).await;
        let question = app.post(&olga, &group, "Wie zet koffie?").await;
        let (phone, hers, his) = (Phone::of(&app, &wim).await, app.browser(&olga).await, app.browser(&wim).await);
        let soon = app.ctx().now().plus(10 * kring::base::Time::MINUTE);
        let picture = kring::services::media::upload(
            app.ctx(),
            &wim.viewer,
            crate::support::PNG.into(),
            "image/png",
            "kan.png",
            "Een kan",
            kring::domain::media::MediaPurpose::Post,
        )
        .await
        .unwrap();
        let at = soon.to_rfc3339();
        let answer = json!({
            "status": "Ik zet koffie", "scheduled_at": at, "in_reply_to_id": question.to_string(),
            "media_ids": [picture.id.to_string()],
        });
        let answer = Phone::read(phone.post("/api/v1/statuses", answer).await);
        let id = answer["id"].as_str().unwrap().to_owned();
        assert_eq!(answer["media_attachments"][0]["id"], picture.id.to_string());
        // One plan that cannot be read, and one that can be put up, after the one that may not.
        let (me, broken) = (wim.id, app.ctx().ids.next());
        app.ctx()
            .db
            .write(move |conn| {
                Box::pin(async move {
                    kring::store::scheduled::insert(
                        conn,
                        broken,
                        me,
                        "{\"status\":{\"text\":\"Thee\",\"media\":0}}",
                        soon,
                    )
                    .await
                })
            })
            .await
            .unwrap();
        Phone::read(phone.post("/api/v1/statuses", json!({ "status": "Tot morgen", "scheduled_at": at })).await);
        hers.post(&format!("/posts/{question}/lock"), &[("on", "1")]).await.ok();
        let later = soon.plus(kring::base::Time::MINUTE);
        kring::services::scheduled::publish_due(app.ctx(), later).await.unwrap();
        app.settle().await;
        assert_eq!(Phone::read(phone.get("/api/v1/scheduled_statuses").await), json!([]));
        his.get("/home").await.ok().shows("Tot morgen").hides("Ik zet koffie");
        let place = format!("scheduled:{id}");
        let notices = his.get("/notices").await.ok();
        let notices = notices.shows("geplande bericht").shows("gesloten voor nieuwe reacties").hides("⟦");
        notices.shows(&format!("/posts/new?draft={place}"));
        let draft = his.get(&format!("/posts/new?draft={place}")).await.ok();
        draft.shows("Ik zet koffie").shows("value=\"Een kan\"").shows(&format!("value=\"{}\"", picture.id));
        his.get(&format!("/posts/new?draft=scheduled:{broken}")).await.ok().shows("Thee");
        // Nobody else gets at it.
        hers.get(&format!("/posts/new?draft={place}")).await.ok().hides("Ik zet koffie");
    });
}

#[test]
fn scheduled_posts_are_listed_in_a_fixed_number_of_queries() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let phone = Phone::of(&app, &wim).await;
        let at = app.ctx().now().plus(10 * kring::base::Time::MINUTE).to_rfc3339();
        let list = async || {
            let page = kring::base::Page::first(40);
            kring::services::scheduled::list(app.ctx(), &wim.viewer, page).await.unwrap().len()
        };
        let mut costs = Vec::new();
        for n in 1..=3 {
            let plan = json!({ "status": format!("Bericht {n}"), "scheduled_at": at });
            Phone::read(phone.post("/api/v1/statuses", plan).await);
            let (queries, listed) = kring::store::counting_queries(list()).await;
            assert!(queries > 0 && listed == n, "{queries} queries, {listed} posts");
            costs.push(queries);
        }
        assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
    });
}

#[test]
fn a_list_shows_whom_one_put_on_it() {
    both(async |app| {
        let (wim, olga, bo) = (app.person("Wim").await, app.person("Olga").await, app.person("Bo").await);
        let (phone, olgas) = (Phone::of(&app, &wim).await, Phone::of(&app, &olga).await);
        let made = Phone::read(phone.post("/api/v1/lists", json!({ "title": "Buren", "exclusive": true })).await);
        let path = format!("/api/v1/lists/{}", made["id"].as_str().unwrap());
        let accounts = format!("{path}/accounts");
        let whom = json!({ "account_ids": [olga.id.to_string()] });
        phone.post(&accounts, whom.clone()).await.status(404);
        Phone::read(phone.post(&format!("/api/v1/accounts/{}/follow", olga.id), json!({})).await);
        Phone::read(phone.post(&accounts, whom.clone()).await);
        app.settle().await;
        assert_eq!(Phone::read(phone.get(&accounts).await)[0]["acct"], "olga");
        assert_eq!(Phone::read(phone.get(&format!("/api/v1/accounts/{}/lists", olga.id)).await)[0]["title"], "Buren");
        let hers = Phone::read(olgas.post("/api/v1/statuses", json!({ "status": "Thee?" })).await);
        Phone::read(Phone::of(&app, &bo).await.post("/api/v1/statuses", json!({ "status": "Nee" })).await);
        let answer = json!({ "status": "Of koffie", "in_reply_to_id": hers["id"] });
        Phone::read(olgas.post("/api/v1/statuses", answer).await);
        app.settle().await;
        let timeline = format!("/api/v1/timelines/list/{}", made["id"].as_str().unwrap());
        assert_eq!(Phone::read(phone.get(&timeline).await).as_array().map(Vec::len), Some(2));
        assert_eq!(
            Phone::read(phone.get("/api/v1/timelines/home").await),
            json!([]),
            "an exclusive list keeps them off"
        );
        let body = json!({ "title": "Buurvrouwen", "replies_policy": "none" }).to_string();
        let changed = Phone::read(phone.send(Method::PUT, &path, "application/json", &body, &[]).await);
        assert_eq!(changed["title"], "Buurvrouwen");
        assert_eq!(Phone::read(phone.get(&timeline).await).as_array().map(Vec::len), Some(1));
        // Nobody else sees it or its timeline.
        olgas.get(&path).await.status(404);
        olgas.get(&timeline).await.status(404);
        delete(&phone, &accounts, whom).await;
        assert_eq!(Phone::read(phone.get(&timeline).await), json!([]));
        delete(&phone, &path, json!({})).await;
        phone.get(&path).await.status(404);
    });
}

#[test]
fn hashtags_are_followed_and_shown() {
    both(async |app| {
        let (wim, olga) = (app.person("Wim").await, app.person("Olga").await);
        let group = app.group(&olga, "Besloten", GroupKind::Private).await;
        let (phone, olgas) = (Phone::of(&app, &wim).await, Phone::of(&app, &olga).await);
        let before = Phone::read(olgas.post("/api/v1/statuses", json!({ "status": "Eerder #Lezen" })).await);
        app.settle().await;
        assert_eq!(Phone::read(phone.post("/api/v1/tags/Lezen/follow", json!({})).await)["following"], true);
        assert_eq!(Phone::read(phone.get("/api/v1/timelines/home").await)[0]["id"], before["id"]);
        let after = Phone::read(olgas.post("/api/v1/statuses", json!({ "status": "Later #lezen" })).await);
        Phone::read(olgas.post("/api/v1/statuses", json!({ "status": "Stil #lezen", "visibility": "unlisted" })).await);
        app.post(&olga, &group, "Onder ons #lezen").await;
        app.settle().await;
        let home = Phone::read(phone.get("/api/v1/timelines/home").await);
        assert_eq!((home.as_array().map(Vec::len), &home[0]["id"]), (Some(2), &after["id"]), "public posts only");
        assert_eq!(Phone::read(phone.get("/api/v1/followed_tags").await)[0]["name"], "lezen");
        assert_eq!(Phone::read(phone.post("/api/v1/tags/lezen/unfollow", json!({})).await)["following"], false);
        assert_eq!(Phone::read(phone.get("/api/v1/timelines/home").await), json!([]));
        let shown = Phone::read(olgas.post("/api/v1/featured_tags", json!({ "name": "#Lezen" })).await);
        assert_eq!((&shown["name"], &shown["statuses_count"]), (&json!("lezen"), &json!("3")));
        let seen = Phone::read(phone.get(&format!("/api/v1/accounts/{}/featured_tags", olga.id)).await);
        assert_eq!(seen[0]["name"], "lezen");
        delete(&olgas, &format!("/api/v1/featured_tags/{}", shown["id"].as_str().unwrap()), json!({})).await;
        assert_eq!(Phone::read(olgas.get("/api/v1/featured_tags").await), json!([]));
        phone.post("/api/v1/tags/a%20b/follow", json!({})).await.status(422);
    });
}

#[test]
fn notes_endorsements_and_mutes_are_kept() {
    both(async |app| {
        let (wim, olga, bo) = (app.person("Wim").await, app.person("Olga").await, app.person("Bo").await);
        let group = app.group(&bo, "Lezers", GroupKind::Public).await;
        let phone = Phone::of(&app, &wim).await;
        let path = format!("/api/v1/accounts/{}", olga.id);
        let noted = Phone::read(phone.post(&format!("{path}/note"), json!({ "comment": "van de tuin" })).await);
        assert_eq!(noted["note"], "van de tuin");
        let theirs = Phone::read(
            Phone::of(&app, &olga).await.get(&format!("/api/v1/accounts/relationships?id[]={}", wim.id)).await,
        );
        assert_eq!(theirs[0]["note"], "");
        phone.post(&format!("{path}/pin"), json!({})).await.status(422);
        Phone::read(phone.post(&format!("{path}/follow"), json!({})).await);
        assert_eq!(Phone::read(phone.post(&format!("{path}/endorse"), json!({})).await)["endorsed"], true);
        let shown = Phone::read(app_endorsements(&phone, wim.id).await);
        assert_eq!(shown[0]["acct"], "olga");
        assert_eq!(Phone::read(phone.post(&format!("{path}/unendorse"), json!({})).await)["endorsed"], false);
        let muted = Phone::read(phone.post(&format!("{path}/mute"), json!({ "duration": 1 })).await);
        assert!(muted["muting_expires_at"].is_string());
        assert!(Phone::read(phone.get("/api/v1/mutes").await)[0]["mute_expires_at"].is_string());
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        kring::services::moderation::end_expired(app.ctx()).await.unwrap();
        assert_eq!(Phone::read(phone.get("/api/v1/mutes").await), json!([]));
        // Groups one may like, until one says no.
        let suggested = Phone::read(phone.get("/api/v2/suggestions").await);
        assert_eq!(suggested[0]["account"]["id"], group.id.to_string());
        delete(&phone, &format!("/api/v1/suggestions/{}", group.id), json!({})).await;
        assert_eq!(Phone::read(phone.get("/api/v2/suggestions").await), json!([]));
        // Servers.
        Phone::read(phone.post("/api/v1/domain_blocks", json!({ "domain": "Spam.Example" })).await);
        assert_eq!(Phone::read(phone.get("/api/v1/domain_blocks").await), json!(["spam.example"]));
        delete(&phone, "/api/v1/domain_blocks", json!({ "domain": "spam.example" })).await;
        assert_eq!(Phone::read(phone.get("/api/v1/domain_blocks").await), json!([]));
    });
}

async fn app_endorsements(phone: &Phone, of: kring::base::ActorId) -> crate::support::Page {
    phone.get(&format!("/api/v1/accounts/{of}/endorsements")).await
}

#[test]
fn open_posts_are_quoted_and_no_others() {
    both(async |app| {
        let (wim, olga) = (app.person("Wim").await, app.person("Olga").await);
        let group = app.group(&olga, "Besloten", GroupKind::Private).await;
        app.join(&wim, &group, &olga).await;
        let closed = app.post(&olga, &group, "Onder ons").await;
        let (phone, olgas) = (Phone::of(&app, &wim).await, Phone::of(&app, &olga).await);
        let open = Phone::read(olgas.post("/api/v1/statuses", json!({ "status": "Iedereen welkom" })).await);
        let body = json!({ "status": "Kijk!", "quoted_status_id": closed.to_string() });
        phone.post("/api/v1/statuses", body).await.status(422);
        let body = json!({ "status": "Kijk!", "quoted_status_id": open["id"] });
        let quote = Phone::read(phone.post("/api/v1/statuses", body).await);
        assert_eq!(quote["quote"]["state"], "accepted");
        assert_eq!(quote["quote"]["quoted_status"]["id"], open["id"]);
        assert_eq!(quote["content"].as_str().unwrap().trim(), "<p>Kijk!</p>", "apps show the post itself");
        app.settle().await;
        let path = format!("/api/v1/statuses/{}", open["id"].as_str().unwrap());
        assert_eq!(Phone::read(phone.get(&path).await)["quotes_count"], 1);
        assert_eq!(Phone::read(phone.get(&format!("{path}/quotes")).await)[0]["id"], quote["id"]);
        assert_eq!(Phone::read(olgas.get("/api/v1/notifications").await)[0]["type"], "quote");
        Phone::read(olgas.send(Method::DELETE, &path, "", "", &[]).await);
        let after = Phone::read(phone.get(&format!("/api/v1/statuses/{}", quote["id"].as_str().unwrap())).await);
        assert_eq!(after["quote"], json!({ "state": "deleted", "quoted_status": null }));
    });
}

#[test]
fn a_muted_thread_is_silent() {
    both(async |app| {
        let (wim, olga) = (app.person("Wim").await, app.person("Olga").await);
        let (phone, olgas) = (Phone::of(&app, &wim).await, Phone::of(&app, &olga).await);
        let own = Phone::read(phone.post("/api/v1/statuses", json!({ "status": "Wie weet het?" })).await);
        let path = format!("/api/v1/statuses/{}", own["id"].as_str().unwrap());
        assert_eq!(Phone::read(phone.post(&format!("{path}/mute"), json!({})).await)["muted"], true);
        let answer = json!({ "status": "Ik!", "in_reply_to_id": own["id"] });
        Phone::read(olgas.post("/api/v1/statuses", answer.clone()).await);
        app.settle().await;
        assert_eq!(Phone::read(phone.get("/api/v1/notifications").await), json!([]));
        assert_eq!(Phone::read(phone.post(&format!("{path}/unmute"), json!({})).await)["muted"], false);
        Phone::read(olgas.post("/api/v1/statuses", answer).await);
        app.settle().await;
        assert_eq!(Phone::read(phone.get("/api/v1/notifications").await)[0]["type"], "mention");
    });
}

#[test]
fn notices_of_strangers_wait_as_requests() {
    both(async |app| {
        let (wim, olga) = (app.person("Wim").await, app.person("Olga").await);
        let (phone, olgas) = (Phone::of(&app, &wim).await, Phone::of(&app, &olga).await);
        let body = json!({ "for_not_following": "filter" }).to_string();
        let policy = phone.send(Method::PATCH, "/api/v2/notifications/policy", "application/json", &body, &[]).await;
        assert_eq!(Phone::read(policy)["for_not_following"], "filter");
        assert_eq!(Phone::read(phone.get("/api/v1/notifications/policy").await)["filter_not_following"], true);
        let said = Phone::read(olgas.post("/api/v1/statuses", json!({ "status": "Dag @wim" })).await);
        app.settle().await;
        assert_eq!(Phone::read(phone.get("/api/v1/notifications").await), json!([]));
        let waiting = Phone::read(phone.get("/api/v1/notifications/requests").await);
        assert_eq!((&waiting[0]["account"]["acct"], &waiting[0]["notifications_count"]), (&json!("olga"), &json!("1")));
        assert_eq!(waiting[0]["last_status"]["id"], said["id"]);
        let two = Phone::read(phone.get("/api/v2/notifications/policy").await);
        assert_eq!(two["summary"]["pending_requests_count"], 1);
        let path = format!("/api/v1/notifications/requests/{}", waiting[0]["id"].as_str().unwrap());
        Phone::read(phone.post(&format!("{path}/accept"), json!({})).await);
        assert_eq!(Phone::read(phone.get("/api/v1/notifications").await).as_array().map(Vec::len), Some(1));
        Phone::read(olgas.post("/api/v1/statuses", json!({ "status": "Nog eens, @wim" })).await);
        app.settle().await;
        assert_eq!(Phone::read(phone.get("/api/v1/notifications").await).as_array().map(Vec::len), Some(2));
    });
}

#[test]
fn notices_are_grouped_with_who_and_how_many() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let phone = Phone::of(&app, &wim).await;
        let own = Phone::read(phone.post("/api/v1/statuses", json!({ "status": "Gelukt!" })).await);
        for name in ["Olga", "Bo", "Cas"] {
            let person = app.person(name).await;
            let path = format!("/api/v1/statuses/{}/favourite", own["id"].as_str().unwrap());
            Phone::read(Phone::of(&app, &person).await.post(&path, json!({})).await);
        }
        app.settle().await;
        let path = "/api/v2/notifications?limit=2&expand_accounts=partial_avatars";
        let page = Phone::read(phone.get(path).await);
        let group = &page["notification_groups"][0];
        assert_eq!((&group["notifications_count"], &group["type"]), (&json!(3), &json!("favourite")));
        assert_eq!(
            (page["accounts"].as_array().map(Vec::len), page["partial_accounts"].as_array().map(Vec::len)),
            (Some(1), Some(1))
        );
        assert_eq!(Phone::read(phone.get("/api/v2/notifications/unread_count").await)["count"], 1);
        let path = format!("/api/v2/notifications/{}", group["group_key"].as_str().unwrap());
        assert_eq!(Phone::read(phone.get(&path).await)["notification_groups"][0]["notifications_count"], 3);
        assert_eq!(Phone::read(phone.get(&format!("{path}/accounts")).await).as_array().map(Vec::len), Some(3));
        Phone::read(phone.post(&format!("{path}/dismiss"), json!({})).await);
        phone.get(&path).await.status(404);
        assert_eq!(Phone::read(phone.get("/api/v1/notifications").await), json!([]));
    });
}

#[test]
fn an_open_post_can_be_embedded() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let phone = Phone::of(&app, &wim).await;
        let open = Phone::read(phone.post("/api/v1/statuses", json!({ "status": "Zie dit" })).await);
        let path = format!("/api/oembed?url={}", open["url"].as_str().unwrap());
        let shown = app.visitor().get(&path).await.ok().json();
        assert!(shown["html"].as_str().unwrap().contains("Zie dit"));
        let closed = json!({ "status": "Onder ons", "visibility": "private" });
        let closed = Phone::read(phone.post("/api/v1/statuses", closed).await);
        app.visitor().get(&format!("/api/oembed?url={}", closed["url"].as_str().unwrap())).await.status(404);
    });
}
