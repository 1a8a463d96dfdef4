//! The helpers themselves.

use std::time::{Duration, Instant};

use kring::domain::groups::GroupKind;

use super::{TestApp, both, databases, run};

#[test]
fn an_instance_starts_quickly() {
    for kind in databases() {
        run(async {
            // The first one makes the template.
            TestApp::start(kind).await.stop().await;
            let mut best = Duration::MAX;
            for _ in 0..5 {
                let start = Instant::now();
                let app = TestApp::start(kind).await;
                best = best.min(start.elapsed());
                app.stop().await;
            }
            println!("{kind:?}: {best:?}");
            // Meant to be under 100 ms; a busy machine gets some room.
            assert!(best < Duration::from_millis(400), "{kind:?}: {best:?}");
        });
    }
}

#[test]
fn people_groups_and_posts_are_made() {
    both(async |app| {
        let fatima = app.person("Fatima El Idrissi").await;
        let wim = app.person("Wim").await;
        let group = app.group(&fatima, "Taalmaatjes", GroupKind::Private).await;
        app.join(&wim, &group, &fatima).await;
        let post = app.post(&wim, &group, "Wie heeft er een **tip**?").await;
        app.comment(&fatima, post, "Kom vrijdag langs.").await;
        app.settle().await;
        assert_eq!(app.count("SELECT count(*) AS n FROM posts WHERE kind <> 'direct'").await, 2);
        assert_eq!(app.visitor().get("/healthz").await.status(200).html, "OK");
        app.visitor().get("/readyz").await.ok();
        app.browser(&wim).await.get("/nowhere").await.status(404);
    });
}
