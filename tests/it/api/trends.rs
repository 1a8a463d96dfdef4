//! What is talked of this week: counted over open posts alone.

use kring::domain::groups::GroupKind;
use serde_json::{Value, json};

use super::Phone;
use crate::support::both;

fn names(list: &Value, key: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_several_people_write_of_is_a_trend_and_closed_things_are_none() {
    both(async |app| {
        let (fatima, wim, noor) = (app.person("Fatima").await, app.person("Wim").await, app.person("Noor").await);
        let open = app.group(&fatima, "Leesclub", GroupKind::Public).await;
        let closed = app.group(&fatima, "Bestuur", GroupKind::Organisation).await;
        for who in [&wim, &noor] {
            app.join(who, &open, &fatima).await;
            app.join(who, &closed, &fatima).await;
        }
        let first = app.post(&fatima, &open, "Wat lezen jullie? #boekenweek #solo").await;
        let second = app.post(&wim, &open, "Ik lees een gedicht. #Boekenweek #poëzie").await;
        app.post(&noor, &open, "Ik ook. #boekenweek #poëzie").await;
        app.post(&wim, &closed, "#geheim").await;
        let hidden = app.post(&noor, &closed, "#geheim").await;
        app.comment(&wim, first, "Van alles").await;
        app.comment(&noor, first, "Weinig").await;
        app.comment(&noor, hidden, "Stil").await;
        app.comment(&wim, hidden, "Heel stil").await;
        let page = "https://boekenweek.example/?jaar=2026&x=1";
        for post in [first, second, hidden] {
            app.execute(&format!(
                "INSERT INTO link_previews (post_id, url, title, description, picture_mime, width, height, fetched_at) \
                 VALUES ({post}, '{page}', 'De Boekenweek', 'Dit jaar', '', 0, 0, 0)"
            ))
            .await;
        }
        app.settle().await;

        let phone = Phone::of(&app, &wim).await;
        let tags = Phone::read(phone.get("/api/v1/trends/tags").await);
        assert_eq!(names(&tags, "name"), ["boekenweek", "poëzie"], "not what one alone writes of, nor what is closed");
        assert_eq!(tags[0]["history"].as_array().unwrap().len(), 7);
        let uses: i64 =
            (0..2).map(|day| tags[0]["history"][day]["uses"].as_str().unwrap().parse::<i64>().unwrap()).sum();
        assert_eq!(uses, 3, "today, or yesterday when it is just midnight: {tags}");
        assert_eq!(tags[0]["following"], json!(false));
        assert_eq!(Phone::read(phone.get("/api/v1/trends").await), tags);
        assert_eq!(names(&Phone::read(phone.get("/api/v1/trends/tags?offset=1&limit=5").await), "name"), ["poëzie"]);

        let posts = Phone::read(phone.get("/api/v1/trends/statuses").await);
        assert_eq!(names(&posts, "id"), [first.to_string()]);
        let links = Phone::read(phone.get("/api/v1/trends/links").await);
        assert_eq!(
            (names(&links, "url"), names(&links, "title")),
            (vec![page.to_owned()], vec!["De Boekenweek".to_owned()])
        );
        assert_eq!(links[0]["history"].as_array().unwrap().len(), 7);
        let about = "/api/v1/timelines/link?url=https%3A%2F%2Fboekenweek.example%2F%3Fjaar%3D2026%26x%3D1";
        assert_eq!(names(&Phone::read(phone.get(about).await), "id"), [second.to_string(), first.to_string()]);
        assert_eq!(
            names(&Phone::read(phone.get(&format!("{about}&max_id={second}")).await), "id"),
            [first.to_string()]
        );
        phone.get("/api/v1/timelines/link").await.status(404);

        // Visitors have the same; who blocked somebody has nothing of theirs.
        let visitor = app.visitor();
        for path in ["/api/v1/trends/statuses", about] {
            assert!(!visitor.get(path).await.ok().json().as_array().unwrap().is_empty(), "{path}");
        }
        phone.post(&format!("/api/v1/accounts/{}/block", fatima.id), json!({})).await.ok();
        assert_eq!(Phone::read(phone.get("/api/v1/trends/statuses").await), json!([]));
        assert_eq!(names(&Phone::read(phone.get(about).await), "id"), [second.to_string()]);
    });
}
