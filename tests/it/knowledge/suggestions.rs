//! Ideas, each with why; nobody sees more by them than they may see anyway.

use kring::domain::groups::GroupKind;
use kring::domain::knowledge::{Choices, Relation, Told};
use kring::services::expertise;
use kring::services::suggestions::{self, Idea, Link};

use crate::support::{Person, TestApp, both};

async fn tells(app: &TestApp, who: &Person, relation: Relation, word: &str, told: Told) {
    expertise::add(app.ctx(), &who.viewer, relation, word, "", told).await.unwrap();
}

async fn ideas(app: &TestApp, who: &Person) -> Vec<Idea> {
    app.ctx().ideas.forget(who.id).await;
    suggestions::of(app.ctx(), &who.viewer).await.unwrap().ideas.clone()
}

fn names(ideas: &[Idea]) -> Vec<&str> {
    ideas.iter().map(|idea| idea.about().display_name.as_str()).collect()
}

#[test]
fn ideas_say_why_and_a_no_is_for_good() {
    both(async |app| {
        let fatma = app.person("Fatma").await;
        let (joris, otto) = (app.person("Joris").await, app.person("Otto").await);
        let (piet, stil) = (app.person("Piet").await, app.person("Stil").await);
        assert!(ideas(&app, &fatma).await.is_empty(), "nothing told, nothing to say");
        tells(&app, &fatma, Relation::Learns, "Excel", Told::Me).await;
        tells(&app, &fatma, Relation::Knows, "Turks", Told::Organisation).await;
        tells(&app, &joris, Relation::Teaches, "Excel", Told::Organisation).await;
        tells(&app, &otto, Relation::Learns, "Turks", Told::Organisation).await;
        tells(&app, &piet, Relation::Knows, "Turks", Told::Everyone).await;
        // What someone keeps to themselves is no idea for others.
        tells(&app, &stil, Relation::Teaches, "Excel", Told::Me).await;
        let found = ideas(&app, &fatma).await;
        assert_eq!(names(&found), ["Joris", "Otto", "Piet"]);
        let links: Vec<Link> = found
            .iter()
            .filter_map(|idea| if let Idea::Person { link, .. } = idea { Some(*link) } else { None })
            .collect();
        assert_eq!(links, [Link::TheyHelp, Link::YouHelp, Link::Both]);
        // What she told herself alone tells nobody of her.
        assert!(!names(&ideas(&app, &joris).await).contains(&"Fatma"));
        let hers = app.browser(&fatma).await;
        hers.get("/ideas")
            .await
            .ok()
            .shows("Kan je meer vertellen over Spreadsheets")
            .shows("Wil meer leren over Turks")
            .hides("⟦");
        hers.get("/home").await.ok().shows("Een idee voor vandaag").hides("⟦");
        hers.post("/ideas/refuse", &[("about", "12345")]).await.status(404);
        let about = joris.id.to_string();
        hers.post("/ideas/refuse", &[("about", &about)]).await.ok().shows("Dit idee komt niet terug").hides("Joris");
        assert_eq!(names(&ideas(&app, &fatma).await), ["Otto", "Piet"]);
        kring::services::follows::request(app.ctx(), &fatma.viewer, otto.id, "").await.unwrap();
        let blocks = kring::domain::moderation::BlockKind::Block;
        kring::services::moderation::set_block(app.ctx(), &piet.viewer, fatma.id, blocks, true, None).await.unwrap();
        assert!(ideas(&app, &fatma).await.is_empty(), "followed, and shut out");
        // What was told a moment ago and is closed now is not shown from memory.
        let later = app.person("Later").await;
        tells(&app, &later, Relation::Knows, "Turks", Told::Organisation).await;
        app.ctx().ideas.forget(fatma.id).await;
        hers.get("/home").await.ok().shows("Later");
        hers.get("/home").await.ok().shows("Later");
        tells(&app, &later, Relation::Knows, "Turks", Told::Me).await;
        hers.get("/home").await.ok().hides("Later");
        // Switched off.
        tells(&app, &app.person("Nog een").await, Relation::Knows, "Turks", Told::Organisation).await;
        assert_eq!(ideas(&app, &fatma).await.len(), 1);
        let chosen = Choices { ideas: false, ..Choices::default() };
        expertise::set_choices(app.ctx(), &fatma.viewer, chosen).await.unwrap();
        assert!(ideas(&app, &fatma).await.is_empty());
        hers.get("/home").await.ok().hides("Een idee voor vandaag");
    });
}

#[test]
fn groups_of_people_like_me_and_groups_that_sleep() {
    both(async |app| {
        let fatma = app.person("Fatma").await;
        tells(&app, &fatma, Relation::Knows, "Turks", Told::Organisation).await;
        let owner = app.person("Ria").await;
        let open = app.group(&owner, "Taalcafé", GroupKind::Organisation).await;
        let closed = app.group(&owner, "Kern", GroupKind::Private).await;
        for name in ["Ayse", "Berk", "Cem"] {
            let one = app.person(name).await;
            tells(&app, &one, Relation::Knows, "Turks", Told::Organisation).await;
            for group in [&open, &closed] {
                app.join(&one, group, &owner).await;
            }
        }
        let found = ideas(&app, &fatma).await;
        let group = found.iter().find_map(|idea| match idea {
            Idea::Group { group, people, term } => Some((group.id, *people, term.label_nl.clone())),
            _ => None,
        });
        assert_eq!(group, Some((open.id, 3, "Turks".to_owned())));
        assert!(!names(&found).contains(&"Kern"), "a closed group is nobody's idea");
        app.join(&fatma, &open, &owner).await;
        app.post(&fatma, &open, "Hallo").await;
        app.settle().await;
        assert!(ideas(&app, &fatma).await.iter().all(|idea| matches!(idea, Idea::Person { .. })));
        let long_ago = app.ctx().now().plus(-60 * kring::base::Time::DAY).micros();
        app.execute(&format!("UPDATE actors SET last_post_at = {long_ago} WHERE id = {}", open.id)).await;
        let found = ideas(&app, &fatma).await;
        assert!(found.iter().any(|idea| matches!(idea, Idea::Wake { group, .. } if group.id == open.id)), "{found:?}");
        app.browser(&fatma).await.get("/ideas").await.ok().shows("Hier schreef niemand sinds").hides("⟦");
    });
}
