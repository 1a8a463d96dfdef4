//! The index keeps up with the database, heals, and is built anew while people search.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use kring::app::App;
use kring::base::Clock;
use kring::domain::groups::GroupKind;
use kring::services::search::{self, Wanted, reindex};

use super::names;
use crate::support::{Kind, TestApp, both, databases, run};

#[test]
fn a_post_is_found_soon_after_it_is_written() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let group = app.group(&wim, "Zee", GroupKind::Public).await;
        app.searchable().await;
        app.post(&wim, &group, "Een narwal").await;
        // Nobody tells the follower: it looks by itself.
        for _ in 0..200 {
            if !names(&app, &wim.viewer, "narwal").await.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not found in ten seconds");
    });
}

#[test]
fn no_way_of_writing_is_forgotten() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let group = app.group(&wim, "Zee", GroupKind::Public).await;
        let post = app.post(&wim, &group, "Een narwal").await;
        app.searchable().await;
        // Written past every service.
        let id = post.0;
        let sql = format!("UPDATE posts SET html = '<p>Een potvis</p>' WHERE id = {id}");
        app.execute(&sql).await;
        app.execute(&format!("UPDATE actors SET display_name = 'Willemijn' WHERE id = {}", wim.id)).await;
        app.searchable().await;
        assert!(names(&app, &wim.viewer, "narwal").await.is_empty());
        assert_eq!(names(&app, &wim.viewer, "potvis").await, ["Een potvis"]);
        assert_eq!(names(&app, &wim.viewer, "Willemijn").await, ["Willemijn"]);
        // Counters are no change.
        let before = app.count("SELECT COUNT(*) AS n FROM changes").await;
        app.execute(&format!("UPDATE posts SET replies_count = 7, reactions_count = 3 WHERE id = {id}")).await;
        app.execute(&format!("UPDATE actors SET posts_count = 9 WHERE id = {}", wim.id)).await;
        assert_eq!(app.count("SELECT COUNT(*) AS n FROM changes").await, before);
    });
}

#[test]
fn an_index_that_is_lost_or_too_far_behind_is_built_anew() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let group = app.group(&wim, "Zee", GroupKind::Public).await;
        app.post(&wim, &group, "Een narwal").await;
        app.searchable().await;
        let config = (*app.ctx().config).clone();
        let _database = app.stop().await;
        for lost in ["", "removed", "broken"] {
            for place in std::fs::read_dir(config.search.folder.join("0")).unwrap() {
                let folder = place.unwrap().path();
                match lost {
                    "removed" => std::fs::remove_dir_all(&folder).unwrap(),
                    "broken" => std::fs::write(folder.join("meta.json"), "{}").unwrap(),
                    _ => {}
                }
            }
            let app = TestApp::again(&config).await;
            let ctx = app.ctx.clone();
            kring::services::search::catch_up(&ctx, Duration::from_secs(60)).await.unwrap();
            let wanted = Wanted { text: "narwal".into(), ..Wanted::default() };
            assert_eq!(search::search(&ctx, &wim.viewer, &wanted).await.unwrap().items.len(), 1, "{lost}");
            app.stop().await;
        }
    });
}

#[test]
fn an_index_that_the_feed_no_longer_reaches_is_built_anew() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let group = app.group(&wim, "Zee", GroupKind::Public).await;
        app.searchable().await;
        let config = (*app.ctx().config).clone();
        let _database = app.stop().await;
        // A process writes that keeps its index elsewhere, for so long that the feed is pruned past us.
        let mut elsewhere = config.clone();
        elsewhere.search.folder = config.search.folder.join("elsewhere");
        let other = TestApp::again(&elsewhere).await;
        for text in ["Een narwal", "Een potvis"] {
            let mut form = kring::services::posts::PostForm::new(kring::domain::posts::PostKind::Message, text);
            form.group = Some(group.id);
            kring::services::posts::publish(&other.ctx, &wim.viewer, form).await.unwrap();
            search::prune(&other.ctx).await.unwrap();
        }
        search::prune(&other.ctx).await.unwrap();
        other.stop().await;
        let app = TestApp::again(&config).await;
        search::catch_up(&app.ctx, Duration::from_secs(60)).await.unwrap();
        let wanted = Wanted { text: "narwal".into(), ..Wanted::default() };
        assert_eq!(search::search(&app.ctx, &wim.viewer, &wanted).await.unwrap().items.len(), 1);
        app.stop().await;
    });
}

#[test]
fn searching_goes_on_while_the_index_is_built_anew() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let group = app.group(&wim, "Zee", GroupKind::Public).await;
        for place in 0..20 {
            app.post(&wim, &group, &format!("Een narwal, nummer {place}")).await;
        }
        app.searchable().await;
        let before = app.ctx().index.volume().unwrap().folder().to_owned();
        let ctx = app.ctx().clone();
        let work = tokio::spawn(async move { reindex::reindex(&ctx, Arc::new(|_, _| ())).await });
        while !work.is_finished() {
            assert_eq!(names(&app, &wim.viewer, "narwal").await.len(), 20);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(work.await.unwrap().unwrap(), 1, "the process that runs did it");
        crate::support::eventually("the new index is in use", async || {
            app.ctx().index.volume().unwrap().folder() != before
        })
        .await;
        app.post(&wim, &group, "Nog een narwal").await;
        app.searchable().await;
        assert_eq!(super::found(&app, &wim.viewer, "narwal").await.kinds[0].1, 21);
        assert!(!before.exists(), "the old index stays behind");
    });
}

#[test]
fn both_processes_on_one_postgresql_find() {
    if databases().len() < 2 {
        return;
    }
    run(async {
        let app = TestApp::start(Kind::Postgres).await;
        let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let config = (*app.ctx().config).clone();
        let second = App::start_on(listener, config, Clock::system()).await.unwrap();
        let wim = app.person("Wim").await;
        let group = app.group(&wim, "Zee", GroupKind::Public).await;
        app.post(&wim, &group, "Een narwal").await;
        app.searchable().await;
        search::catch_up(&second.ctx, Duration::from_secs(60)).await.unwrap();
        for ctx in [app.ctx(), &second.ctx] {
            let wanted = Wanted { text: "narwal".into(), ..Wanted::default() };
            assert_eq!(search::search(ctx, &wim.viewer, &wanted).await.unwrap().items.len(), 1);
        }
        let (one, two) = (app.ctx().index.volume().unwrap(), second.ctx.index.volume().unwrap());
        assert_ne!(one.folder(), two.folder());
        second.stop().await;
        app.stop().await;
    });
}

#[test]
fn a_slow_transaction_is_not_passed_over() {
    if databases().len() < 2 {
        return;
    }
    run(async {
        let app = TestApp::start(Kind::Postgres).await;
        let wim = app.person("Wim").await;
        let group = app.group(&wim, "Zee", GroupKind::Public).await;
        let (slow, fast) = (app.post(&wim, &group, "Traag").await, app.post(&wim, &group, "Snel").await);
        app.searchable().await;
        let (client, connection) = tokio_postgres::connect(&app.database.url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        // Takes its numbers first and commits last.
        let update = |id: i64, text: &str| format!("UPDATE posts SET html = '<p>{text}</p>' WHERE id = {id}");
        client.batch_execute("BEGIN").await.unwrap();
        client.batch_execute(&update(slow.0, "Een narwal")).await.unwrap();
        app.execute(&update(fast.0, "Een potvis")).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        client.batch_execute("COMMIT").await.unwrap();
        app.searchable().await;
        assert_eq!(names(&app, &wim.viewer, "narwal").await, ["Een narwal"]);
        assert_eq!(names(&app, &wim.viewer, "potvis").await, ["Een potvis"]);
        app.stop().await;
    });
}
