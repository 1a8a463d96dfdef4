//! Thank-you cards and the private year.

use kring::domain::groups::GroupKind;
use kring::domain::knowledge::Told;
use kring::services::thanks;

use crate::support::both;

#[test]
fn a_card_is_seen_by_whom_its_receiver_allows() {
    both(async |app| {
        let (fatima, bram, otto) = (app.person("Fatima").await, app.person("Bram").await, app.person("Otto").await);
        let guest = app.guest("Gast").await;
        let (hers, his) = (app.browser(&fatima).await, app.browser(&bram).await);
        hers.get("/people/bram").await.ok().shows("/thanks/new?to=bram");
        hers.get("/thanks/new?to=bram").await.ok().shows("value=\"bram\"").hides("⟦");
        hers.post("/thanks/new", &[("to", "bram"), ("body", " ")]).await.status(422).shows("href=\"#body\"");
        hers.post("/thanks/new", &[("to", "niemand"), ("body", "Dank")]).await.status(422).shows("href=\"#to\"");
        hers.post("/thanks/new", &[("to", "fatima"), ("body", "Dank")]).await.status(422);
        let card = [("to", "Bram"), ("body", "Dank voor <b>zaterdag</b>!\nHet was druk.")];
        hers.post("/thanks/new", &[("to", ""), ("body", "Dank!")]).await.status(422).shows("Vul in wie je bedoelt.");
        hers.post("/thanks/new", &card).await.ok().shows("Je kaart is verstuurd");
        his.get("/notices").await.ok().shows("stuurde je een bedankkaart").shows("href=\"/thanks\"");
        his.get("/thanks").await.ok().shows("&#60;b&#62;zaterdag").shows("Het was druk.").hides("⟦");
        // Nobody else sees it, until he says so.
        hers.get("/people/bram").await.ok().hides("zaterdag");
        let id = thanks::mine(app.ctx(), &bram.viewer).await.unwrap()[0].id;
        let path = format!("/thanks/{id}");
        hers.post(&path, &[("told", "everyone")]).await.status(404);
        his.post(&path, &[("told", "organisation")]).await.ok();
        app.browser(&otto).await.get("/people/bram").await.ok().shows("zaterdag").shows("Bedankt door");
        assert!(thanks::of(app.ctx(), &guest.viewer, bram.id).await.unwrap().is_empty());
        app.visitor().get("/people/bram").await.ok().hides("zaterdag");
        thanks::change(app.ctx(), &bram.viewer, id, Some(Told::Everyone)).await.unwrap();
        app.visitor().get("/people/bram").await.ok().shows("zaterdag");
        let away = format!("{path}/away");
        his.get(&away).await.ok().shows("voorgoed weg");
        hers.post(&away, &[]).await.status(404);
        his.post(&away, &[]).await.ok().hides("zaterdag");
        app.visitor().get("/people/bram").await.ok().hides("zaterdag");
    });
}

#[test]
fn a_year_is_told_to_its_owner_alone() {
    both(async |app| {
        let (fatima, bram) = (app.person("Fatima").await, app.person("Bram").await);
        let group = app.group(&fatima, "Lezen", GroupKind::Organisation).await;
        app.join(&bram, &group, &fatima).await;
        let post = app.post(&bram, &group, "Wie helpt er mee?").await;
        app.comment(&bram, post, "Ik zelf ook").await;
        app.comment(&fatima, post, "Ik").await;
        thanks::send(app.ctx(), &fatima.viewer, bram.id, "Fijn dat je er was.").await.unwrap();
        let year = thanks::this_year(app.ctx());
        let (numbers, cards) = thanks::year(app.ctx(), &bram.viewer, year).await.unwrap();
        assert_eq!((numbers.posts, numbers.answers, numbers.cards, cards.len()), (1, 1, 1, 1));
        assert!(thanks::year(app.ctx(), &bram.viewer, year - 1).await.is_err(), "before he came");
        let his = app.browser(&bram).await;
        let page = his.get("/year").await.ok().shows("1 bericht geschreven").shows("Fijn dat je er was.").hides("⟦");
        assert_eq!(page.path, format!("/year/{year}"));
        page.hides(&format!("/year/{}", year - 1));
        his.get("/year/1999").await.status(404);
        his.get(&format!("/year/{}", year + 1)).await.status(404);
        app.browser(&fatima).await.get("/year").await.ok().hides("Fijn dat je er was.");
        assert_eq!(app.visitor().get("/year").await.path, "/sign-in?to=%2Fyear");
    });
}
