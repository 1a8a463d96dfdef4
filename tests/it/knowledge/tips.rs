//! Reading tips and lists of them.

use axum::Router;
use axum::routing::get;
use kring::domain::extras::{Extra, isbn13};
use kring::domain::groups::GroupKind;
use kring::services::tips;
use kring::store;

use crate::support::{TestApp, both, databases, on_sqlite, run};

#[test]
fn an_isbn_is_read_in_every_dress() {
    for typed in ["9789045112596", "978-90-451-1259-6", "ISBN 978 90 451 1259 6", "90 451 1259 0", "ISBN: 9045112590"] {
        assert_eq!(isbn13(typed).as_deref(), Some("9789045112596"), "{typed}");
    }
    assert_eq!(isbn13("080442957X").as_deref(), Some("9780804429573"));
    for wrong in
        ["", "9789045112597", "9045112597", "978904511259", "12345", "97890451125969", "abcdefghij", "9780804429574"]
    {
        assert_eq!(isbn13(wrong), None, "{wrong}");
    }
}

#[test]
fn a_tip_is_written_found_and_put_on_a_list() {
    both(async |app| {
        let (fatima, bram) = (app.person("Fatima").await, app.person("Bram").await);
        let group = app.group(&fatima, "Lezen", GroupKind::Private).await;
        let (hers, his) = (app.browser(&fatima).await, app.browser(&bram).await);
        // Nothing is looked up unless an administrator says where.
        hers.get("/tips/new").await.ok().shows("name=\"work\"").hides("name=\"look\"").hides("⟦");
        let wrong = [("isbn", "978-90-451-1259-7"), ("work", "Pluk"), ("why", "Mooi")];
        hers.post("/tips/new", &wrong).await.status(422).shows("href=\"#isbn\"").shows("value=\"Pluk\"");
        hers.post("/tips/new", &[("work", " "), ("why", "Mooi")]).await.status(422).shows("href=\"#work\"");
        hers.post("/tips/new", &[("work", "Pluk"), ("why", " ")]).await.status(422).shows("href=\"#why\"");
        let tip = [
            ("isbn", "90 451 1259 0"),
            ("work", "Pluk van de *Petteflet*"),
            ("maker", "Annie M.G. Schmidt"),
            ("whom", "Kinderen"),
            ("why", "Voorlezen uit een boek dat niet veroudert."),
            ("group", ""),
        ];
        let page = hers.post("/tips/new", &tip).await.ok();
        page.shows("Leestip: Pluk").shows("Annie M.G. Schmidt").shows("ISBN 9789045112596").shows("niet veroudert");
        let closed = [("work", "Geheim boek"), ("why", "Omdat"), ("group", &*group.id.to_string())];
        hers.post("/tips/new", &closed).await.ok();
        hers.get("/tips").await.ok().shows("Geheim boek").hides("⟦");
        let seen = his.get("/tips").await.ok().shows("Pluk van de").hides("Geheim boek");
        let id = seen
            .html
            .split("/tips/")
            .filter_map(|rest| rest.split("/lists\"").next())
            .find(|id| id.parse::<i64>().is_ok());
        let id = id.unwrap().to_owned();
        his.get("/tips?isbn=9789045112596").await.ok().shows("Pluk van de");
        his.get("/tips?isbn=9780804429573").await.ok().hides("Pluk van de");
        // Lists: one's own, and what others may see of them.
        his.get(&format!("/tips/{id}/lists")).await.ok().shows("Je hebt nog geen lijst");
        his.post("/tips/lists", &[("title", " ")]).await.status(422).shows("href=\"#title\"");
        let list = his.post("/tips/lists", &[("title", "Voor groep 4"), ("about", "De voorleesweek")]).await.ok();
        let path = list.path.split('?').next().unwrap().to_owned();
        let number = path.rsplit('/').next().unwrap().to_owned();
        his.post(&format!("/tips/{id}/lists"), &[("list", &number)]).await.ok();
        his.get(&path).await.ok().shows("Pluk van de").shows("De voorleesweek").hides("⟦");
        hers.get(&path).await.status(404);
        hers.get("/tips/lists").await.ok().hides("Voor groep 4");
        let shared = [("title", "Voor groep 4"), ("about", ""), ("shared", "1")];
        hers.post(&path, &shared).await.status(404);
        his.post(&path, &shared).await.ok();
        hers.get(&path).await.ok().shows("Pluk van de").hides(&format!("{path}/delete"));
        hers.get("/tips/lists").await.ok().shows("Voor groep 4").shows("Lijsten van collega");
        hers.post(&format!("{path}/delete"), &[]).await.status(404);
        his.post(&format!("/tips/{id}/lists"), &[]).await.ok();
        his.get(&path).await.ok().hides("Pluk van de");
        his.get(&format!("{path}/delete")).await.ok();
        his.post(&format!("{path}/delete"), &[]).await.ok().hides("Voor groep 4");
        assert_eq!(app.visitor().get("/tips").await.path, "/sign-in?to=%2Ftips");
    });
}

/// A source of works that says what it is asked.
async fn source() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let known = r#"{"title":"Pluk van de Petteflet","by":[{"name":"Annie M.G. Schmidt"}]}"#;
    let router = Router::new()
        .route("/9789045112596", get(move || async move { ([("content-type", "application/json")], known) }))
        .route("/9780804429573", get(|| async { ([("content-type", "text/html")], "<p>nothing</p>") }));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}/{{isbn}}")
}

#[test]
fn a_work_is_looked_up_where_that_is_set() {
    for kind in databases().into_iter().take(1) {
        run(async {
            let url = source().await;
            let app = TestApp::named("linde.localhost", kind, |config| {
                config.books.url = url;
                (config.books.title, config.books.maker) = ("/title".into(), "/by/0/name".into());
            })
            .await;
            let fatima = app.person("Fatima").await;
            let browser = app.browser(&fatima).await;
            browser.get("/tips/new").await.ok().shows("name=\"look\"");
            let found = browser.post("/tips/new", &[("isbn", "9045112590"), ("look", "1"), ("why", "Mooi")]).await.ok();
            found
                .shows("value=\"Pluk van de Petteflet\"")
                .shows("value=\"Annie M.G. Schmidt\"")
                .shows("Mooi</textarea>");
            for isbn in ["9780804429573", "9780306406157"] {
                browser.post("/tips/new", &[("isbn", isbn), ("look", "1")]).await.ok().shows("We vonden dit boek niet");
            }
            browser.post("/tips/new", &[("isbn", "1"), ("look", "1")]).await.status(422).shows("href=\"#isbn\"");
        });
    }
}

#[test]
fn an_edited_tip_stays_one() {
    on_sqlite(async |app| {
        let fatima = app.person("Fatima").await;
        let browser = app.browser(&fatima).await;
        browser.post("/tips/new", &[("work", "Pluk"), ("why", "Mooi"), ("group", "")]).await.ok();
        let shown = tips::list(app.ctx(), &fatima.viewer, None, None, None, 9).await.unwrap();
        let id = shown[0].post.id;
        let form = kring::services::posts::PostForm {
            title: "Leestip".into(),
            ..kring::services::posts::PostForm::new(kring::domain::posts::PostKind::Message, "Anders")
        };
        kring::services::posts::edit(app.ctx(), &fatima.viewer, id, form).await.unwrap();
        let extra = store::extras::of_one(&mut app.ctx().db.read().await.unwrap(), id).await.unwrap();
        assert!(matches!(extra, Some(Extra::Tip(work)) if work.title == "Pluk"));
        assert_eq!(tips::list(app.ctx(), &fatima.viewer, None, None, None, 9).await.unwrap().len(), 1);
        kring::services::posts::delete(app.ctx(), &fatima.viewer, id).await.unwrap();
        assert!(tips::list(app.ctx(), &fatima.viewer, None, None, None, 9).await.unwrap().is_empty());
    });
}
