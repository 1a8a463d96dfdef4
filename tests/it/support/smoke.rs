//! The helpers themselves.

use kring::domain::groups::GroupKind;

use super::{TestApp, both, databases, run};

#[test]
fn an_instance_starts_with_little_work() {
    for kind in databases() {
        run(async {
            // The first one makes the template.
            TestApp::start(kind).await.stop().await;
            let (queries, app) = kring::store::counting_queries(TestApp::start(kind)).await;
            println!("{kind:?}: {queries} queries");
            // What a start costs is told by its work: how long that takes depends on what else the machine does. What the
            // start sets going beside itself, the jobs of every hour among it, does not count.
            assert!((1..=60).contains(&queries), "{kind:?}: {queries} queries");
            app.stop().await;
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
