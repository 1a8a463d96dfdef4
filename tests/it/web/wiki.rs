//! The knowledge base of a group: written together, nothing lost, as readable as the group.

use kring::domain::groups::GroupKind;
use kring::domain::search::FoundKind;
use kring::services::groups;
use kring::services::search::{self, Wanted};
use kring::services::wiki::{self, WikiForm};

use crate::support::{Page, Person, TestApp, both};

fn form<'a>(title: &'a str, body: &'a str, base: &'a str) -> [(&'static str, &'a str); 4] {
    [("title", title), ("body", body), ("note", "netter"), ("base", base)]
}

fn path_of(page: &Page) -> String {
    page.path.split('?').next().unwrap().to_owned()
}

#[test]
fn a_page_is_written_compared_and_put_back() {
    both(async |app| {
        let (fatima, bram) = (app.person("Fatima").await, app.person("Bram").await);
        let group = app.group(&fatima, "Taalcafe", GroupKind::Organisation).await;
        app.join(&bram, &group, &fatima).await;
        let (hers, his) = (app.browser(&fatima).await, app.browser(&bram).await);
        hers.get("/groups/taalcafe").await.ok().shows("/groups/taalcafe/pages");
        hers.get("/groups/taalcafe/pages").await.ok().shows("/groups/taalcafe/pages/new").hides("⟦");
        hers.get("/groups/taalcafe/pages/new").await.ok().shows("name=\"body\"").hides("⟦");
        let empty = hers.post("/groups/taalcafe/pages/new", &form(" ", " ", "0")).await.status(422);
        empty.shows("href=\"#title\"").shows("href=\"#body\"");
        let draft = [("title", "Zo werkt het"), ("body", "**Vet** <script>x</script>"), ("preview", "1")];
        hers.post("/groups/taalcafe/pages/new", &draft).await.ok().shows("<strong>Vet</strong>").hides("<script>x");
        let first = hers.post("/groups/taalcafe/pages/new", &form("Zo werkt het", "De koffie staat klaar.", "0")).await;
        let path = path_of(&first);
        first.ok().shows("De koffie staat klaar.").shows(&format!("{path}/edit"));
        let edit = his.get(&format!("{path}/edit")).await.ok();
        assert_eq!(edit.value("base").as_deref(), Some("1"));
        let text = "De koffie en de thee staan klaar.\n\nDe sleutel ligt bij de balie.";
        his.post(&format!("{path}/edit"), &form("Zo werkt het", text, "1")).await.ok().shows("De sleutel ligt");
        // What changes nothing makes no version.
        his.post(&format!("{path}/edit"), &form("Zo werkt het", text, "2")).await.ok();
        let history = hers.get(&format!("{path}/history")).await.ok().shows("Bram").shows("netter").hides("⟦");
        assert!(
            history.html.contains(&format!("{path}/versions/2"))
                && !history.html.contains(&format!("{path}/versions/3"))
        );
        let compared = hers.get(&format!("{path}/compare?from=1&to=2")).await.ok().hides("⟦");
        compared.shows("<ins>").shows("thee").shows("<del>");
        hers.get(&format!("{path}/compare?from=1&to=9")).await.status(404);
        let old = hers.get(&format!("{path}/versions/1")).await.ok().shows("De koffie staat klaar.").shows("/restore");
        assert_eq!(old.value("base").as_deref(), Some("2"));
        let back = [("number", "1"), ("base", "2")];
        hers.post(&format!("{path}/restore"), &back).await.ok().shows("De koffie staat klaar.").hides("sleutel");
        hers.get(&format!("{path}/history")).await.ok().shows(&format!("{path}/versions/3")).shows("versie 1");
        hers.get(&format!("{path}/versions/2")).await.ok().shows("De sleutel ligt");
        // Who keeps order takes it away.
        his.get(&format!("{path}/delete")).await.status(403);
        his.post(&format!("{path}/delete"), &[]).await.status(403);
        hers.get(&format!("{path}/delete")).await.ok();
        hers.post(&format!("{path}/delete"), &[]).await.ok().hides("Zo werkt het");
        hers.get(&path).await.status(404);
    });
}

#[test]
fn two_who_write_at_once_see_both_texts_and_lose_none() {
    both(async |app| {
        let (fatima, bram) = (app.person("Fatima").await, app.person("Bram").await);
        let group = app.group(&fatima, "Taalcafe", GroupKind::Private).await;
        app.join(&bram, &group, &fatima).await;
        let begun = WikiForm { title: "Sleutels".into(), source: "Eén sleutel.".into(), note: String::new() };
        let id = wiki::create(app.ctx(), &fatima.viewer, group.id, &begun).await.unwrap();
        let (hers, his) = (app.browser(&fatima).await, app.browser(&bram).await);
        let path = format!("/pages/{id}");
        let edit = format!("{path}/edit");
        hers.get(&edit).await.ok();
        his.get(&edit).await.ok();
        hers.post(&edit, &form("Sleutels", "Eén sleutel, bij de balie.", "1")).await.ok();
        let clash = his.post(&edit, &form("Sleutels", "Twee sleutels.", "1")).await.status(409).hides("⟦");
        clash.shows("bij de balie").shows(">Twee sleutels.</textarea>").shows("<ins>");
        hers.get(&path).await.ok().shows("bij de balie").hides("Twee sleutels");
        // He looked at it and saves once more; hers is a version that can be put back.
        let merged = "Twee sleutels, bij de balie.";
        his.post(&edit, &form("Sleutels", merged, "2")).await.ok().shows(merged);
        hers.get(&format!("{path}/versions/2")).await.ok().shows("Eén sleutel, bij de balie.");
        // Going back from an old page is a clash too.
        let late = hers.post(&format!("{path}/restore"), &[("number", "1"), ("base", "2")]).await.ok();
        assert!(late.path.contains("done=wiki-changed"), "{}", late.path);
        hers.get(&path).await.ok().shows(merged);
        // At the very same time only one of them is written.
        let save = async |who: &Person, text: &str| {
            let form = WikiForm { title: "Sleutels".into(), source: text.into(), note: String::new() };
            wiki::save(app.ctx(), &who.viewer, id, 3, &form).await
        };
        let (one, other) = tokio::join!(save(&fatima, "Drie"), save(&bram, "Vier"));
        let done = [&one, &other].into_iter().filter(|saved| matches!(saved, Ok(wiki::Saved::Done))).count();
        assert_eq!(done, 1, "{one:?} {other:?}");
    });
}

async fn found(app: &TestApp, who: &Person, text: &str) -> usize {
    let wanted = Wanted { text: text.to_owned(), kind: Some(FoundKind::Page), ..Wanted::default() };
    let found = search::search(app.ctx(), &who.viewer, &wanted).await.unwrap();
    let counted = found.kinds.iter().find(|(kind, _)| *kind == FoundKind::Page).map_or(0, |(_, count)| *count);
    assert_eq!(found.items.len(), counted, "{found:?}");
    counted
}

#[test]
fn pages_are_read_and_found_as_far_as_their_group() {
    both(async |app| {
        let (fatima, ina, otto) = (app.person("Fatima").await, app.person("Ina").await, app.person("Otto").await);
        let guest = app.guest("Gast").await;
        let begun = |text: &str| WikiForm { title: "Narwalkennis".into(), source: text.into(), note: String::new() };
        let closed = app.group(&fatima, "Besloten", GroupKind::Private).await;
        let open = app.group(&fatima, "Open", GroupKind::Public).await;
        app.join(&ina, &closed, &fatima).await;
        let hidden = wiki::create(app.ctx(), &fatima.viewer, closed.id, &begun("Een narwal zwemt.")).await.unwrap();
        let shown = wiki::create(app.ctx(), &fatima.viewer, open.id, &begun("Een walrus slaapt.")).await.unwrap();
        // Who is not in the group reads at most, and who may not read finds nothing there.
        assert!(wiki::create(app.ctx(), &otto.viewer, closed.id, &begun("Mijn tekst")).await.is_err());
        let his = app.browser(&otto).await;
        for path in ["", "/edit", "/history", "/compare?from=1&to=1", "/versions/1", "/delete"] {
            his.get(&format!("/pages/{hidden}{path}")).await.status(404).hides("narwal");
        }
        his.post(&format!("/pages/{hidden}/edit"), &form("Weg", "Weg", "1")).await.status(404);
        his.get("/groups/besloten/pages").await.status(404);
        his.get(&format!("/pages/{shown}")).await.ok().shows("walrus").hides("/edit\"");
        his.get(&format!("/pages/{shown}/edit")).await.status(403);
        his.post(&format!("/pages/{shown}/edit"), &form("Weg", "Weg", "1")).await.status(403);
        app.visitor().get(&format!("/pages/{shown}")).await.ok().shows("walrus");
        app.visitor().get("/groups/open/pages").await.ok().shows("Narwalkennis");
        app.searchable().await;
        assert_eq!((found(&app, &ina, "narwal").await, found(&app, &otto, "narwal").await), (2, 1));
        assert_eq!(found(&app, &guest, "walrus").await, 1);
        let page = app.browser(&ina).await.get("/search?q=zwemt&kind=pages").await.ok();
        page.shows(&format!("/pages/{hidden}")).shows("Narwalkennis");
        let suggested = search::suggest(app.ctx(), &ina.viewer, "narwalk", 8).await.unwrap();
        assert!(suggested.iter().all(|one| one.kind == FoundKind::Page) && suggested.len() == 2, "{suggested:?}");
        assert_eq!(search::suggest(app.ctx(), &otto.viewer, "narwalk", 8).await.unwrap().len(), 1);
        // A change is found, what went away is not.
        wiki::save(app.ctx(), &fatima.viewer, shown, 1, &begun("Een zeekoe eet.")).await.unwrap();
        app.searchable().await;
        assert_eq!((found(&app, &otto, "zeekoe").await, found(&app, &otto, "walrus").await), (1, 0));
        wiki::delete(app.ctx(), &fatima.viewer, shown).await.unwrap();
        groups::delete(app.ctx(), &fatima.viewer, closed.id).await.unwrap();
        app.searchable().await;
        assert_eq!(found(&app, &ina, "narwal").await, 0);
        app.browser(&ina).await.get(&format!("/pages/{hidden}")).await.status(404);
    });
}
