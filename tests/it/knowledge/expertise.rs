use kring::domain::Viewer;
use kring::domain::knowledge::{Facet, Relation, Told};
use kring::services::terms::{self, TermForm};
use kring::services::{expertise, people};

use crate::support::{both, on_sqlite};

#[test]
fn each_sees_what_was_told_to_them() {
    both(async |app| {
        let (anna, bram) = (app.person("Anna").await, app.person("Bram").await);
        let guest = app.guest("Gast").await;
        for (word, told) in [
            ("voorlezen", Told::Me),
            ("DigiD", Told::Organisation),
            ("Turks", Told::Peers),
            ("Taal café", Told::Everyone),
        ] {
            expertise::add(app.ctx(), &anna.viewer, Relation::Knows, word, "", told).await.unwrap();
        }
        let seen = async |viewer: &Viewer| {
            let person = people::person(app.ctx(), viewer, "anna").await.unwrap();
            let mut labels: Vec<String> = person.expertise.into_iter().map(|row| row.term.label_nl).collect();
            labels.sort();
            labels.join(" ")
        };
        assert_eq!(seen(&anna.viewer).await, "DigiD Taalcafé Turks Voorlezen");
        assert_eq!(seen(&bram.viewer).await, "DigiD Taalcafé Turks");
        assert_eq!(seen(&guest.viewer).await, "Taalcafé");
        assert_eq!(seen(&Viewer::Anonymous).await, "Taalcafé");
        // The same rule decides who is found.
        let who = async |viewer: &Viewer, words: &str| {
            expertise::who(app.ctx(), viewer, words, &[]).await.unwrap().people.len()
        };
        assert_eq!(who(&bram.viewer, "wie kan voorlezen?").await, 0);
        assert_eq!(who(&anna.viewer, "wie kan voorlezen?").await, 1);
        assert_eq!(who(&bram.viewer, "hulp met DigiD").await, 1);
        assert_eq!(who(&guest.viewer, "hulp met DigiD").await, 0);
        assert_eq!(who(&guest.viewer, "language café").await, 1);
        // And the pages.
        app.browser(&bram).await.get("/people/anna").await.ok().shows("DigiD").hides("Voorlezen");
        app.browser(&guest).await.get("/knowledge/who?q=DigiD").await.ok().hides("/people/anna");
        app.visitor().get("/people/anna").await.ok().shows("Taalcafé").hides("DigiD");
        assert_eq!(app.visitor().get("/knowledge/who").await.path, "/sign-in?to=%2Fknowledge%2Fwho");
    });
}

#[test]
fn one_tells_changes_and_takes_back_without_script() {
    both(async |app| {
        let anna = app.member("Anna", |new| new.locale = Some("nl".into())).await;
        let browser = app.browser(&anna).await;
        browser.get("/settings/knowledge").await.ok().shows("<datalist").shows("Prentenboeken").hides("⟦");
        let form = [("relation", "teaches"), ("term", " "), ("note", ""), ("told", "organisation")];
        browser.post("/settings/knowledge", &form).await.status(422).shows("href=\"#term\"");
        let form = [("relation", "teaches"), ("term", "Voorleesgroep"), ("note", "op dinsdag"), ("told", "everyone")];
        let page = browser.post("/settings/knowledge", &form).await.ok().shows("op dinsdag").shows("Voorlezen");
        assert_eq!(page.path, "/settings/knowledge?done=knowledge-added");
        let (mine, _) = expertise::mine(app.ctx(), &anna.viewer).await.unwrap();
        let path = format!("/settings/knowledge/{}", mine[0].id);
        let other = app.person("Bram").await;
        app.browser(&other).await.post(&path, &[("away", "1")]).await.status(404);
        browser.post(&path, &[("note", "op maandag"), ("told", "me")]).await.ok().shows("op maandag");
        assert_eq!(expertise::who(app.ctx(), &other.viewer, "voorlezen", &[]).await.unwrap().people.len(), 0);
        browser.post(&path, &[("away", "1")]).await.ok().hides("op maandag");
        // Days, languages and branch have readers of their own.
        let form =
            [("day", "1"), ("day", "3"), ("days_to", "organisation"), ("languages_to", "me"), ("branch_to", "me")];
        browser.post("/settings/knowledge/choices", &form).await.ok();
        let seen = people::person(app.ctx(), &other.viewer, "anna").await.unwrap();
        assert_eq!(seen.days, "13");
        app.browser(&other).await.get("/people/anna").await.ok().shows("maandag, woensdag");
    });
}

#[test]
fn spellings_mean_one_word_in_both_languages() {
    both(async |app| {
        let anna = app.person("Anna").await;
        let words = ["TaalCafé", "language café", "taal-cafe"];
        for (word, relation) in words.iter().zip(Relation::ALL) {
            expertise::add(app.ctx(), &anna.viewer, *relation, word, "", Told::Organisation).await.unwrap();
        }
        let (mine, _) = expertise::mine(app.ctx(), &anna.viewer).await.unwrap();
        assert!(mine.iter().all(|row| row.term.label_nl == "Taalcafé" && row.term.label_en == "Language café"));
        // A word of one's own.
        expertise::add(app.ctx(), &anna.viewer, Relation::Knows, "Bijenhotels", "", Told::Organisation).await.unwrap();
        let found = expertise::who(app.ctx(), &anna.viewer, "wie weet van een bijen-hotel?", &[]).await.unwrap();
        assert_eq!(found.terms.len(), 0, "only plurals of what is asked are cut");
        let found = expertise::who(app.ctx(), &anna.viewer, "bijenhotels", &[]).await.unwrap();
        assert_eq!(found.terms[0].facet, Facet::Free);
    });
}

#[test]
fn the_vocabulary_is_the_administrators() {
    both(async |app| {
        let (admin, anna) = (app.admin("Hennie").await, app.person("Anna").await);
        let lines = terms::lines(app.ctx(), &admin.viewer).await.unwrap();
        assert!(lines.len() >= 120, "{}", lines.len());
        for facet in Facet::MAIN {
            assert!(lines.iter().filter(|line| line.term.facet == *facet).count() >= 25, "{facet}");
        }
        assert!(terms::lines(app.ctx(), &anna.viewer).await.is_err());
        app.browser(&anna).await.get("/admin/vocabulary").await.status(403);
        // Rename, and the old spelling is gone; merge, and what people told moves along.
        expertise::add(app.ctx(), &anna.viewer, Relation::Knows, "Strips", "", Told::Organisation).await.unwrap();
        let id = |label: &str| lines.iter().find(|line| line.term.label_nl == label).unwrap().term.id;
        let browser = app.browser(&admin).await;
        browser.get("/admin/vocabulary?facet=audience").await.ok().shows("Nieuwkomers").hides("Prentenboeken");
        let path = format!("/admin/vocabulary/{}", id("Strips en graphic novels"));
        browser.get(&path).await.ok().shows("1 keer gebruikt");
        browser.post(&format!("{path}/merge"), &[("to", "bestaat niet")]).await.status(422).shows("href=\"#to\"");
        browser.post(&format!("{path}/merge"), &[("to", "jeugdliteratuur")]).await.ok();
        let found = expertise::who(app.ctx(), &anna.viewer, "stripboeken", &[]).await.unwrap();
        assert_eq!((found.terms[0].label_nl.as_str(), found.people.len()), ("Jeugdliteratuur", 1));
        let taken = [("facet", "subject"), ("nl", "kinderboeken"), ("en", ""), ("also", "")];
        browser.post("/admin/vocabulary", &taken).await.status(422).shows("href=\"#nl\"");
        let new = [("facet", "subject"), ("nl", "Zeevaart"), ("en", "Seafaring"), ("also", "schepen, ships")];
        browser.post("/admin/vocabulary", &new).await.ok().shows("Zeevaart");
        // Out and in again changes nothing, and a start does not bring back what was taken out.
        let form = TermForm { facet: "free".into(), nl: "Aap \"noot\"".into(), ..TermForm::default() };
        terms::save(app.ctx(), &admin.viewer, None, form).await.unwrap();
        terms::delete(app.ctx(), &admin.viewer, id("Gamen")).await.unwrap();
        terms::ensure_starter(app.ctx()).await.unwrap();
        let before = terms::export(app.ctx(), &admin.viewer).await.unwrap();
        assert!(!before.contains("Gamen") && before.contains("Zeevaart"));
        terms::import(app.ctx(), &admin.viewer, &before, true).await.unwrap();
        assert_eq!(terms::export(app.ctx(), &admin.viewer).await.unwrap(), before);
        // Replacing keeps the words that people use.
        terms::import(app.ctx(), &admin.viewer, "subject = [[\"Sterren\", \"Stars\"]]", true).await.unwrap();
        let labels: Vec<String> = terms::all(app.ctx(), "nl").await.unwrap().into_iter().map(|t| t.label_nl).collect();
        assert_eq!(labels, ["Jeugdliteratuur", "Sterren"]);
        assert!(terms::import(app.ctx(), &admin.viewer, "planet = [[\"x\"]]", true).await.is_err());
    });
}

#[test]
fn the_shipped_vocabulary_has_no_word_twice() {
    on_sqlite(async |app| {
        let file: toml::Table = include_str!("../../../vocabulary/library.toml").parse().unwrap();
        let written: usize = file.values().map(|lines| lines.as_array().unwrap().len()).sum();
        assert_eq!(terms::all(app.ctx(), "nl").await.unwrap().len(), written);
    });
}
