use std::time::Duration;

use kring::domain::groups::GroupKind;
use serde_json::Value;

use super::Phone;
use crate::support::{TestApp, on_sqlite};

/// Reads server-sent events until one has this name; its data.
async fn event(response: &mut reqwest::Response, name: &str) -> Value {
    let mut heard = String::new();
    let wait = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let piece = response.chunk().await.expect("a stream").expect("more of it");
            heard.push_str(&String::from_utf8_lossy(&piece));
            let found = heard.split("\n\n").find(|part| part.starts_with(&format!("event: {name}\n")));
            if let Some(data) = found.and_then(|part| part.split_once("data: "))
                && heard.ends_with("\n\n")
            {
                return serde_json::from_str(data.1.trim()).expect("JSON");
            }
        }
    });
    wait.await.unwrap_or_else(|_| panic!("no {name} in ten seconds"))
}

async fn open(app: &TestApp, path: &str) -> reqwest::Response {
    let url: url::Url = app.origin().parse().unwrap();
    let client = reqwest::Client::builder().no_proxy().resolve(url.host_str().unwrap(), app.address()).build().unwrap();
    let response = client.get(format!("{}{path}", app.origin())).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response
}

#[test]
fn what_happens_is_streamed() {
    on_sqlite(async |app| {
        let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
        let group = app.group(&fatima, "Lezers", GroupKind::Private).await;
        app.join(&wim, &group, &fatima).await;
        app.settle().await;
        let phone = Phone::of(&app, &wim).await;
        assert_eq!(app.visitor().get("/api/v1/streaming/health").await.ok().html, "OK");
        app.visitor().get("/api/v1/streaming/user").await.status(401);
        app.visitor().get(&format!("/api/v1/streaming/nothing?access_token={}", phone.token())).await.status(400);
        let mut user = open(&app, &format!("/api/v1/streaming/user?access_token={}", phone.token())).await;
        let mut list =
            open(&app, &format!("/api/v1/streaming/list?list={}&access_token={}", group.id, phone.token())).await;
        let post = app.post(&fatima, &group, "Wie komt er vrijdag?").await;
        assert_eq!(event(&mut user, "update").await["reblog"]["id"], post.to_string());
        assert_eq!(event(&mut list, "update").await["id"], post.to_string());
        app.post(&fatima, &group, "Jij ook, @wim?").await;
        assert_eq!(event(&mut user, "notification").await["type"], "mention");
    });
}
