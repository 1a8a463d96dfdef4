//! Groups that wait, cards of links, icons, and the page of components.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kring::domain::groups::GroupKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{PNG, both, on_sqlite};

#[test]
fn a_new_group_waits_until_a_moderator_agrees() {
    both(async |app| {
        let (fatma, wouter, hennie) =
            (app.person("Fatma").await, app.moderator("Wouter").await, app.admin("Hennie").await);
        let (hers, his, admin) = (app.browser(&fatma).await, app.browser(&wouter).await, app.browser(&hennie).await);
        let settings = [("name", "De Linde"), ("locale", "nl"), ("groups_need_approval", "1")];
        admin.post("/admin/organisation", &settings).await.ok();
        hers.get("/groups/new").await.ok().shows("bekijkt nieuwe groepen eerst");
        hers.post("/groups/new", &[("title", "Breicafé"), ("kind", "public")])
            .await
            .ok()
            .shows("Je groep wacht")
            .shows("Je groep Breicafé wacht op een beheerder");
        hers.get("/groups/breicafe").await.status(404);
        hers.get("/admin/groups").await.status(403);
        app.settle().await;
        his.get("/notices").await.ok().shows("wil een groep beginnen").shows("href=\"/admin/groups\"").hides("⟦");
        let page = his.get("/admin/groups").await.ok().shows("Breicafé").shows("Fatma").hides("⟦");
        his.get("/admin").await.ok().shows("1 nieuwe groep wacht");
        let id = page.html.split("/admin/groups/").find_map(|part| part.split_once("/approve")).unwrap().0.to_owned();
        hers.post(&format!("/admin/groups/{id}/approve"), &[]).await.status(403);
        his.post(&format!("/admin/groups/{id}/refuse"), &[("reason", " ")]).await.status(422);
        his.post(&format!("/admin/groups/{id}/approve"), &[]).await.ok().shows("De groep is begonnen");
        his.post(&format!("/admin/groups/{id}/approve"), &[]).await.status(404);
        hers.get("/groups/breicafe").await.ok().shows("Schrijf een bericht");
        hers.get("/notices").await.ok().shows("Je doet nu mee met Breicafé");
        // The second one is refused, and its reason read.
        hers.post("/groups/new", &[("title", "Breicafé"), ("kind", "private")]).await.ok();
        let page = his.get("/admin/groups").await.ok();
        let id = page.html.split("/admin/groups/").find_map(|part| part.split_once("/approve")).unwrap().0.to_owned();
        his.post(&format!("/admin/groups/{id}/refuse"), &[("reason", "Er is er al een.")]).await.ok().hides("⟦");
        hers.get("/notices").await.ok().shows("Er is er al een.").hides("⟦");
        hers.get("/groups").await.ok().hides("wacht op een beheerder");
        // Moderators begin at once, and a title that is taken still makes a group.
        his.post("/groups/new", &[("title", "Breicafé"), ("kind", "public")]).await.ok();
        his.get("/groups/breicafe_2").await.ok();
    });
}

/// A site with one page and one picture; counts how often the page is asked.
async fn site() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let n = stream.read(&mut request).await.unwrap_or(0);
            let picture = request[..n].starts_with(b"GET /plaat.png");
            let page = "<!doctype html><html><head><title>Niet deze</title>\
                <meta property=\"og:title\" content=\"Lezen &amp; schrijven <b>\">\
                <meta content='Cursus voor volwassenen.' name=description><meta property=og:image content=/plaat.png>\
                </head><body>";
            let (mime, body) = if picture { ("image/png", PNG) } else { ("text/html; charset=utf-8", page.as_bytes()) };
            if !picture {
                count.fetch_add(1, Ordering::SeqCst);
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {mime}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.ok();
            stream.write_all(body).await.ok();
        }
    });
    (format!("http://{address}/cursus"), asked)
}

#[test]
fn a_link_gets_a_card_once_and_closed_groups_tell_nobody() {
    both(async |app| {
        let (link, asked) = site().await;
        let fatma = app.person("Fatma").await;
        let (open, closed) = (
            app.group(&fatma, "Taalcafé", GroupKind::Public).await,
            app.group(&fatma, "Werkgroep", GroupKind::Private).await,
        );
        let secret = app.post(&fatma, &closed, &format!("Kijk eens: {link}")).await;
        app.settle().await;
        assert_eq!(asked.load(Ordering::SeqCst), 0, "a closed group asks no other site");
        let post = app.post(&fatma, &open, &format!("Mooi, deze [cursus]({link}) voor ouders.")).await;
        app.settle().await;
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let hers = app.browser(&fatma).await;
        hers.get(&format!("/posts/{secret}")).await.ok().hides("link-card");
        let page = app.visitor().get(&format!("/posts/{post}")).await.ok();
        page.shows("Lezen &#38; schrijven").shows("Cursus voor volwassenen.").shows(&format!("/posts/{post}/preview"));
        let picture = app.visitor().get(&format!("/posts/{post}/preview")).await.ok();
        assert!(picture.headers.get("content-type").unwrap().to_str().unwrap().starts_with("image/"));
        let json = app.visitor().get(&format!("/api/v1/statuses/{post}")).await.ok().json();
        assert_eq!(json["card"]["title"], "Lezen & schrijven <b>");
        assert_eq!(json["card"]["url"], link);
        hers.post(&format!("/posts/{post}/delete"), &[]).await.ok();
        app.settle().await;
        app.visitor().get(&format!("/posts/{post}/preview")).await.status(404);
        assert_eq!(app.count("SELECT count(*) AS n FROM link_previews").await, 0);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "asked once");
    });
}

#[test]
fn the_app_has_icons_and_the_components_a_page() {
    on_sqlite(async |app| {
        for name in ["180.png", "192.png", "512.png", "maskable.png"] {
            let icon = app.visitor().get(&format!("/icons/{name}")).await.ok();
            assert_eq!(icon.headers.get("content-type").unwrap(), "image/png", "{name}");
        }
        app.visitor().get("/icons/1.png").await.status(404);
        let manifest = app.visitor().get("/manifest.webmanifest").await.ok().json();
        assert_eq!(manifest["icons"][2]["purpose"], "maskable");
        app.visitor().get("/styleguide").await.ok().shows("error-summary").hides("⟦");
    });
}
