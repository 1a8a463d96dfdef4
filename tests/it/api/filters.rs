//! Filters, of both versions, and what they mark.

use kring::domain::groups::GroupKind;
use reqwest::Method;
use serde_json::{Value, json};

use super::Phone;
use crate::support::both;

async fn put(phone: &Phone, path: &str, body: Value) -> Value {
    Phone::read(phone.send(Method::PUT, path, "application/json", &body.to_string(), &[]).await)
}

async fn delete(phone: &Phone, path: &str) {
    Phone::read(phone.send(Method::DELETE, path, "", "", &[]).await);
}

#[test]
fn filters_are_kept_and_mark_what_they_match() {
    both(async |app| {
        let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
        let group = app.group(&fatima, "Lezers", GroupKind::Public).await;
        app.join(&wim, &group, &fatima).await;
        let about_football = app.post(&fatima, &group, "Wie kijkt er VOETBAL vanavond?").await;
        let other = app.post(&fatima, &group, "Voetballers welkom").await;
        app.settle().await;
        let phone = Phone::of(&app, &wim).await;
        phone.post("/api/v2/filters", json!({ "title": "Sport" })).await.status(422);
        phone.post("/api/v2/filters", json!({ "context": ["home"] })).await.status(422);
        let kind = "application/x-www-form-urlencoded";
        let form = "title=Sport&context[]=home&context[]=public&filter_action=hide\
                    &keywords_attributes[0][keyword]=voetbal&keywords_attributes[0][whole_word]=true";
        let made = Phone::read(phone.send(Method::POST, "/api/v2/filters", kind, form, &[]).await);
        let id = made["id"].as_str().unwrap();
        assert_eq!(made["keywords"][0]["keyword"], "voetbal");
        assert_eq!(made["filter_action"], "hide");
        let home = Phone::read(phone.get("/api/v1/timelines/home").await);
        let of = |post: kring::base::PostId| {
            home.as_array().unwrap().iter().find(|s| s["reblog"]["id"] == post.to_string()).unwrap()["reblog"].clone()
        };
        let marked = of(about_football);
        assert_eq!(marked["filtered"][0]["filter"]["title"], "Sport");
        assert_eq!(marked["filtered"][0]["keyword_matches"], json!(["voetbal"]));
        assert_eq!(of(other)["filtered"], json!([]), "only the whole word");
        // Its author sees it unmarked, and so does who has no filter.
        let author =
            Phone::read(Phone::of(&app, &fatima).await.get(&format!("/api/v1/statuses/{about_football}")).await);
        assert_eq!(author["filtered"], json!([]));
        let word = Phone::read(
            phone.post(&format!("/api/v2/filters/{id}/keywords"), json!({ "keyword": "voetballers" })).await,
        );
        let word_path = format!("/api/v2/filters/keywords/{}", word["id"].as_str().unwrap());
        assert_eq!(
            put(&phone, &word_path, json!({ "keyword": "hockey", "whole_word": false })).await["keyword"],
            "hockey"
        );
        let held = Phone::read(
            phone.post(&format!("/api/v2/filters/{id}/statuses"), json!({ "status_id": other.to_string() })).await,
        );
        let seen = Phone::read(phone.get(&format!("/api/v1/statuses/{other}")).await);
        assert_eq!(seen["filtered"][0]["status_matches"], json!([other.to_string()]));
        delete(&phone, &format!("/api/v2/filters/statuses/{}", held["id"].as_str().unwrap())).await;
        delete(&phone, &word_path).await;
        let changed = put(&phone, &format!("/api/v2/filters/{id}"), json!({ "title": "Bal", "expires_in": 1 })).await;
        assert!(changed["expires_at"].is_string());
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        let seen = Phone::read(phone.get(&format!("/api/v1/statuses/{about_football}")).await);
        assert_eq!(seen["filtered"], json!([]), "its time is over");
        // Others do not reach it.
        let fatimas = Phone::of(&app, &fatima).await;
        fatimas.get(&format!("/api/v2/filters/{id}")).await.status(404);
        fatimas.send(Method::DELETE, &format!("/api/v2/filters/{id}"), "", "", &[]).await.status(404);
        delete(&phone, &format!("/api/v2/filters/{id}")).await;
        assert_eq!(Phone::read(phone.get("/api/v2/filters").await), json!([]));
    });
}

#[test]
fn filters_of_the_first_version_are_words() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let phone = Phone::of(&app, &wim).await;
        let made =
            json!({ "phrase": "spoiler", "context": ["home", "thread"], "whole_word": true, "expires_in": 3600 });
        let made = Phone::read(phone.post("/api/v1/filters", made).await);
        assert_eq!((&made["phrase"], &made["irreversible"]), (&json!("spoiler"), &json!(false)));
        let path = format!("/api/v1/filters/{}", made["id"].as_str().unwrap());
        let changed =
            put(&phone, &path, json!({ "phrase": "verklapt", "context": ["home"], "irreversible": true })).await;
        assert_eq!((&changed["phrase"], &changed["irreversible"]), (&json!("verklapt"), &json!(true)));
        let two = Phone::read(phone.get("/api/v2/filters").await);
        assert_eq!(two[0]["keywords"][0]["keyword"], "verklapt");
        delete(&phone, &path).await;
        assert_eq!(Phone::read(phone.get("/api/v2/filters").await), json!([]), "the last word takes its filter along");
    });
}
