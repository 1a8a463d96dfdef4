//! Several processes on one PostgreSQL: work is shared, and what changes in one is seen in the other.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use kring::app::App;
use kring::base::Clock;
use kring::domain::groups::GroupKind;
use kring::federation::sign::cavage;
use serde_json::{Value, json};

use crate::api::Phone;
use crate::federation::peer::{Peer, activity, create, note};
use crate::support::{Kind, TestApp, databases, eventually, run};

#[test]
fn two_processes_share_one_postgresql() {
    if databases().len() < 2 {
        return;
    }
    run(async {
        let app = TestApp::start(Kind::Postgres).await;
        let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let config = (*app.ctx().config).clone();
        let second = App::start_on(listener, config, Clock::system()).await.unwrap();
        let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
        let group = app.group(&fatima, "Lezers", GroupKind::Private).await;
        app.join(&wim, &group, &fatima).await;
        app.settle().await;
        // Wim's app listens at the second process; Fatima writes through the first.
        let phone = Phone::of(&app, &wim).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}/api/v1/streaming/user?access_token={}", second.address, phone.token());
        let mut stream = client.get(url).send().await.unwrap();
        assert_eq!(stream.status(), 200);
        // LISTEN is set up a moment after the start; what is written before that is not told.
        let mut posts = Vec::new();
        let mut heard = String::new();
        for round in 0..60 {
            posts.push(app.post(&fatima, &group, &format!("Bericht {round}")).await);
            let wait = tokio::time::timeout(Duration::from_millis(500), async {
                while let Some(piece) = stream.chunk().await.unwrap() {
                    heard.push_str(&String::from_utf8_lossy(&piece));
                    if heard.contains("event: update") {
                        return;
                    }
                }
            });
            if wait.await.is_ok() {
                break;
            }
        }
        assert!(heard.contains("Bericht"), "nothing was told to the other process: {heard}");
        app.settle().await;
        // Both processes ran jobs; each post is at home once.
        let sql = format!("SELECT count(*) AS n FROM home WHERE member_id = {}", wim.id);
        assert_eq!(app.count(&sql).await, i64::try_from(posts.len()).unwrap());
        second.stop().await;
        app.stop().await;
    });
}

/// The same activities come to both processes at the same moment, each twice: everything of them is there once, and in order.
#[test]
fn two_processes_share_one_inbox() {
    if databases().len() < 2 {
        return;
    }
    run(async {
        let app = TestApp::named("linde.localhost", Kind::Postgres, |_| {}).await;
        let owner = app.person("Fatima").await;
        let group = app.group(&owner, "Lezers", GroupKind::Public).await;
        let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let second = App::start_on(listener, (*app.ctx().config).clone(), Clock::system()).await.unwrap();
        let peer = Peer::start("gamma", "mastodon").await;
        let mia = peer.person("mia");
        let inbox = url::Url::parse(&app.ctx().urls.shared_inbox()).unwrap();
        let mut other = inbox.clone();
        other.set_host(Some("127.0.0.1")).unwrap();
        other.set_port(Some(second.address.port())).unwrap();
        let send = async |to: &url::Url, activity: &Value| {
            let body = activity.to_string().into_bytes();
            // Signed for the name that the world knows, whichever process it comes to.
            let signed = cavage::sign(
                &peer.key,
                &format!("{mia}#main-key"),
                "POST",
                &inbox,
                Some(&body),
                Clock::system().now(),
                false,
            );
            let headers = signed.unwrap().into_iter().collect();
            assert_eq!(peer.post(to, headers, body, "application/activity+json").await, 202);
        };
        for number in 0..60 {
            let id = peer.url(&format!("/notes/{number}"));
            let more = json!({"cc": [group.uri], "tag": [{"type": "Mention", "href": group.uri}]});
            let written = note(&id, &mia, "<p>First</p>", more);
            let mut changed = written.clone();
            changed["content"] = json!("<p>Second</p>");
            changed["updated"] = json!(Clock::system().now().to_rfc3339());
            let update = activity("Update", &format!("{id}/update"), &mia, changed);
            let created = create(&written);
            tokio::join!(send(&inbox, &created), send(&other, &created));
            tokio::join!(send(&other, &update), send(&inbox, &update));
        }
        let done = "SELECT count(*) AS n FROM posts WHERE html LIKE '%Second%' AND state = 'published'";
        eventually("all of them, in their last words", async || app.count(done).await == 60).await;
        app.settle().await;
        assert_eq!(app.count("SELECT count(*) AS n FROM posts").await, 60);
        let counted = format!("SELECT posts_count AS n FROM actors WHERE id = {}", group.id);
        assert_eq!(app.count(&counted).await, 60, "each was counted once");
        second.stop().await;
        app.stop().await;
    });
}
