//! What is typed and what it finds.

use kring::domain::groups::GroupKind;
use kring::domain::search::FoundKind;
use kring::services::search::{self, Wanted};

use super::{found, names};
use crate::support::both;

#[test]
fn compounds_accents_half_words_and_typos_are_found() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let group = app.group(&wim, "Lezers", GroupKind::Organisation).await;
        let texts = [
            "Het TaalCafé begint om twee uur",
            "Wie helpt bij het taal café?",
            "De VoorleesExpress zoekt mensen",
            "Er liggen prentenboeken op tafel",
            "De 3D-printer is stuk",
            "Er ligt een kunstgebit bij de balie",
            "Dit gebied is mooi in mei",
            "Wie heeft er een micro:bit over?",
        ];
        for text in texts {
            app.post(&wim, &group, text).await;
        }
        app.searchable().await;
        for (asked, wanted) in [
            ("taalcafé", &texts[..2]),
            ("taal café", &texts[..2]),
            ("TaalCafe", &texts[..2]),
            ("cafe", &texts[..2]),
            ("voorlees", &texts[2..3]),
            ("voorleesexpres", &texts[2..3]),
            ("vorleesexpress", &texts[2..3]),
            ("prentenboek", &texts[3..4]),
            ("boek", &texts[3..4]),
            ("prenteboeken", &texts[3..4]),
            ("3dprinter", &texts[4..5]),
            ("3d printer", &texts[4..5]),
            ("gebit", &texts[5..6]),
            ("microbits", &texts[7..]),
            ("micro bit", &texts[7..]),
        ] {
            let names = names(&app, &wim.viewer, asked).await;
            for text in wanted {
                assert!(names.contains(&(*text).to_owned()), "{asked}: {names:?}");
            }
        }
        assert!(names(&app, &wim.viewer, "olifant").await.is_empty());
    });
}

#[test]
fn synonyms_come_from_a_file() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let group = app.group(&wim, "Lezers", GroupKind::Public).await;
        app.post(&wim, &group, "Zes inburgeraars kwamen langs").await;
        app.post(&wim, &group, "De kwibus is jarig").await;
        std::fs::write(&app.ctx().config.search.synonyms, "# eigen woorden\nsnaak => kwibus\n").unwrap();
        app.searchable().await;
        assert_eq!(names(&app, &wim.viewer, "snaak").await, ["De kwibus is jarig"]);
        assert!(names(&app, &wim.viewer, "nieuwkomers").await.is_empty(), "the starter is used beside a file");
    });
}

#[test]
fn phrases_are_called_otherwise_too() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let group = app.group(&wim, "Lezers", GroupKind::Public).await;
        app.post(&wim, &group, "De conversatietafel is op dinsdag").await;
        app.post(&wim, &group, "Een café met een lange tafel").await;
        app.searchable().await;
        // Neither of the words is in it, nor do they mean it one by one.
        for asked in ["language cafe", "language cafes", "dinsdag language café"] {
            let found = names(&app, &wim.viewer, asked).await;
            assert_eq!(found.first().map(String::as_str), Some("De conversatietafel is op dinsdag"), "{asked}");
        }
    });
}

#[test]
fn the_starter_knows_newcomers() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let group = app.group(&wim, "Lezers", GroupKind::Public).await;
        app.post(&wim, &group, "Zes inburgeraars kwamen langs").await;
        app.searchable().await;
        assert_eq!(names(&app, &wim.viewer, "nieuwkomers").await, ["Zes inburgeraars kwamen langs"]);
    });
}

#[test]
fn who_knows_puts_people_above_posts() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let ina = app.member("Ina Timmer", |_| {}).await;
        let profile = kring::services::people::Profile {
            display_name: "Ina Timmer".to_owned(),
            about: "Ik kan goed solderen en lassen.".to_owned(),
            details: Default::default(),
        };
        kring::services::people::update_profile(app.ctx(), &ina.viewer, profile).await.unwrap();
        let group = app.group(&wim, "Werkplaats", GroupKind::Public).await;
        for day in ["maandag", "dinsdag", "woensdag"] {
            app.post(&wim, &group, &format!("Solderen op {day}, solderen is leuk")).await;
        }
        app.searchable().await;
        let names = names(&app, &wim.viewer, "wie kan solderen?").await;
        assert_eq!(names.first().map(String::as_str), Some("Ina Timmer"), "{names:?}");
        assert_eq!(names.len(), 4);
        // Why she is shown: the place in what she tells, marked.
        let page = app.browser(&wim).await.get("/search?q=wie+kan+solderen").await.ok();
        page.shows("<mark>solderen</mark>");
    });
}

#[test]
fn counts_and_filters_agree() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let one = app.group(&wim, "Eerste", GroupKind::Public).await;
        let two = app.group(&wim, "Tweede", GroupKind::Public).await;
        let post = app.post(&wim, &one, "Een olifant in de zaal").await;
        app.post(&wim, &two, "Nog een olifant").await;
        app.comment(&wim, post, "Welke olifant?").await;
        app.searchable().await;
        let all = found(&app, &wim.viewer, "olifant").await;
        assert_eq!(all.kinds, [(FoundKind::Post, 2), (FoundKind::Comment, 1)]);
        assert_eq!(
            all.groups.iter().map(|group| (group.name.as_str(), group.count)).collect::<Vec<_>>(),
            [("Eerste", 2), ("Tweede", 1)]
        );
        assert_eq!(all.ages, [(7, 3), (31, 3), (365, 3)]);
        let wanted = Wanted { text: "olifant".into(), group: Some(one.id), ..Wanted::default() };
        let some = search::search(app.ctx(), &wim.viewer, &wanted).await.unwrap();
        assert_eq!((some.items.len(), some.kinds), (2, vec![(FoundKind::Post, 1), (FoundKind::Comment, 1)]));
        let page = app.browser(&wim).await.get("/search?q=olifant&kind=comments").await.ok();
        page.shows("Welke <mark>olifant</mark>?");
    });
}
