//! Several processes on one PostgreSQL: work is shared, and what changes in one is seen in the other.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use kring::app::App;
use kring::base::Clock;
use kring::domain::groups::GroupKind;

use crate::api::Phone;
use crate::support::{Kind, TestApp, databases, run};

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
