//! The ask-and-offer board.

use kring::base::Time;
use kring::domain::extras::Side;
use kring::domain::groups::GroupKind;
use kring::services::board::{self, CardForm};

use crate::support::{Person, TestApp, both};

fn day(app: &TestApp, days: i64) -> String {
    let at = app.ctx().now().plus(days * Time::DAY).timestamp();
    at.to_zoned(app.ctx().zone.clone()).date().to_string()
}

async fn titles(app: &TestApp, who: &Person, side: Option<Side>) -> Vec<String> {
    let found = board::list(app.ctx(), &who.viewer, side, None, 50).await.unwrap();
    found.into_iter().map(|hanging| hanging.view.post.title).collect()
}

#[test]
fn cards_hang_until_their_day_for_who_may_read_them() {
    both(async |app| {
        let (fatima, bram, guest) = (app.person("Fatima").await, app.person("Bram").await, app.guest("Gast").await);
        let group = app.group(&fatima, "Besloten", GroupKind::Private).await;
        let (hers, his) = (app.browser(&fatima).await, app.browser(&bram).await);
        hers.get("/board").await.ok().shows("Het prikbord is leeg").hides("⟦");
        hers.get("/board/new").await.ok().shows("type=\"date\"").hides("⟦");
        let (today, late) = (day(&app, 0), day(&app, 200));
        let card = |title: &'static str, side: &'static str, until: &str| {
            vec![
                ("title", title.to_owned()),
                ("side", side.to_owned()),
                ("until", until.to_owned()),
                ("body", "Bel even.".to_owned()),
            ]
        };
        let send = async |fields: Vec<(&'static str, String)>| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            hers.post("/board/new", &fields).await
        };
        send(card(" ", "seek", &today)).await.status(422).shows("href=\"#title\"");
        for until in [late.as_str(), "2001-01-01", "morgen"] {
            send(card("Koffie", "seek", until)).await.status(422).shows("href=\"#until\"");
        }
        send(card("Iemand die koffie schenkt", "seek", &today)).await.ok().shows("Bel even.");
        send(card("Een naaimachine", "offer", &day(&app, 30))).await.ok();
        let mut closed = card("Een geheim", "offer", &today);
        closed.push(("group", group.id.to_string()));
        send(closed).await.ok();
        his.get("/board").await.ok().shows("naaimachine").shows("koffie schenkt").hides("geheim").hides("/done");
        hers.get("/board").await.ok().shows("geheim").shows("/done").hides("⟦");
        his.get("/board?side=seek").await.ok().shows("koffie schenkt").hides("naaimachine");
        assert_eq!(titles(&app, &bram, Some(Side::Offer)).await, ["Een naaimachine"]);
        assert!(titles(&app, &guest, None).await.is_empty());
        // Only who hung it up takes it off; the post stays.
        let id = board::list(app.ctx(), &fatima.viewer, Some(Side::Seek), None, 9).await.unwrap()[0].view.post.id;
        his.post(&format!("/board/{id}/done"), &[]).await.status(404);
        hers.post(&format!("/board/{id}/done"), &[]).await.ok().hides("koffie schenkt");
        hers.get(&format!("/posts/{id}")).await.ok().shows("koffie schenkt");
        // After its day it is gone by itself.
        let soon = CardForm {
            side: Side::Seek,
            title: "Nog heel even".into(),
            source: "Nu".into(),
            until: app.ctx().now().plus(Time::SECOND / 2),
            group: None,
        };
        board::publish(app.ctx(), &fatima.viewer, soon).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        assert_eq!(titles(&app, &bram, None).await, ["Een naaimachine"]);
    });
}

#[test]
fn a_card_may_be_one_line() {
    both(async |app| {
        let fatima = app.person("Fatima").await;
        let browser = app.browser(&fatima).await;
        let until = day(&app, 7);
        let card = [("title", "Een bakfiets voor zaterdag"), ("side", "seek"), ("until", until.as_str()), ("body", "")];
        browser.post("/board/new", &card).await.ok().shows("Je kaartje hangt op het prikbord").shows("bakfiets");
        let bare = [("title", ""), ("side", "seek"), ("until", "morgen"), ("body", "")];
        browser.post("/board/new", &bare).await.status(422);
        assert_eq!(titles(&app, &fatima, None).await, ["Een bakfiets voor zaterdag"]);
        let post = board::list(app.ctx(), &fatima.viewer, None, None, 5).await.unwrap().remove(0).view.post;
        browser.get(&format!("/posts/{}", post.id)).await.ok().shows("Een bakfiets voor zaterdag").hides("⟦");
    });
}
