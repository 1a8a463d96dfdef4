//! Nothing that may not be read is found, counted or suggested; and what is closed or gone leaves at once.

use kring::domain::Viewer;
use kring::domain::groups::GroupKind;
use kring::services::{moderation, posts, search};

use super::{found, names};
use crate::support::{TestApp, both};

async fn counted(app: &TestApp, viewer: &Viewer, text: &str) -> usize {
    let found = found(app, viewer, text).await;
    let groups: usize = found.groups.iter().map(|group| group.count).sum();
    let kinds: usize = found.kinds.iter().map(|(_, count)| count).sum();
    assert!(groups <= kinds, "{found:?}");
    assert_eq!(found.ages[2].1, kinds, "{found:?}");
    kinds
}

#[test]
fn counts_and_suggestions_tell_nothing_of_closed_groups() {
    both(async |app| {
        let (fatima, otto) = (app.person("Fatima").await, app.person("Otto").await);
        let guest = app.guest("Gast").await;
        let group = app.group(&fatima, "Besloten", GroupKind::Private).await;
        let mut form = kring::services::posts::PostForm::new(kring::domain::posts::PostKind::Story, "Een narwal zwom.");
        form.group = Some(group.id);
        form.title = "Narwalverhaal".to_owned();
        let story = posts::publish(app.ctx(), &fatima.viewer, form).await.unwrap();
        app.comment(&fatima, story.id, "Mooie narwal").await;
        app.searchable().await;
        assert_eq!(counted(&app, &fatima.viewer, "narwal").await, 2);
        let suggested = search::suggest(app.ctx(), &fatima.viewer, "narw", 8).await.unwrap();
        assert_eq!(suggested.iter().map(|one| one.title.as_str()).collect::<Vec<_>>(), ["Narwalverhaal"]);
        for viewer in [otto.viewer, guest.viewer, Viewer::Anonymous] {
            assert_eq!(counted(&app, &viewer, "narwal").await, 0);
            assert!(search::suggest(app.ctx(), &viewer, "narw", 8).await.unwrap().is_empty());
        }
        // Joining needs no new document.
        app.join(&otto, &group, &fatima).await;
        assert_eq!(counted(&app, &otto.viewer, "narwal").await, 2);
    });
}

#[test]
fn what_goes_away_leaves() {
    both(async |app| {
        let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
        let boss = app.moderator("Bea").await;
        let group = app.group(&fatima, "Zee", GroupKind::Organisation).await;
        app.join(&wim, &group, &fatima).await;
        let deleted = app.post(&fatima, &group, "Narwal een").await;
        let removed = app.post(&fatima, &group, "Narwal twee").await;
        app.post(&wim, &group, "Narwal drie").await;
        app.searchable().await;
        assert_eq!(counted(&app, &wim.viewer, "narwal").await, 3);
        posts::delete(app.ctx(), &fatima.viewer, deleted).await.unwrap();
        posts::remove(app.ctx(), &boss.viewer, removed, "zomaar").await.unwrap();
        app.searchable().await;
        assert_eq!(names(&app, &boss.viewer, "narwal").await, ["Narwal drie"]);
        assert_eq!(counted(&app, &boss.viewer, "narwal").await, 1);
        // Whom one blocks one does not find, nor their posts.
        let block = kring::domain::moderation::BlockKind::Block;
        moderation::set_block(app.ctx(), &fatima.viewer, wim.id, block, true, None).await.unwrap();
        assert_eq!(counted(&app, &fatima.viewer, "narwal").await, 0);
        assert!(names(&app, &fatima.viewer, "Wim").await.is_empty());
        assert_eq!(names(&app, &boss.viewer, "Wim").await, ["Wim"]);
    });
}

#[test]
fn narrowing_an_audience_closes_it_at_once() {
    both(async |app| {
        let (fatima, otto) = (app.person("Fatima").await, app.person("Otto").await);
        let group = app.group(&fatima, "Zee", GroupKind::Organisation).await;
        app.post(&fatima, &group, "Een narwal").await;
        app.searchable().await;
        assert_eq!(counted(&app, &otto.viewer, "narwal").await, 1);
        let id = group.id;
        app.ctx()
            .db
            .write(move |conn| {
                Box::pin(async move {
                    for audience in kring::store::groups::audiences_of(conn, id).await? {
                        let scope = kring::domain::audiences::Scope::Readers;
                        kring::store::groups::set_scope(conn, audience.id, scope).await?;
                    }
                    Ok(())
                })
            })
            .await
            .unwrap();
        // No waiting: what a process remembers of audiences is looked at with each question.
        assert_eq!(counted(&app, &otto.viewer, "narwal").await, 0);
        assert_eq!(counted(&app, &fatima.viewer, "narwal").await, 1);
    });
}
