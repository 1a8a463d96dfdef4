//! Reading tips and cards of the board between servers, and what BookWyrm writes about books.

use kring::base::Time;
use kring::domain::extras::{Extra, Side, Work};
use kring::domain::groups::GroupKind;
use kring::services::ctx::Resolved;
use kring::services::{board, tips};
use kring::store;
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_each_database! {
    tips_and_cards_travel_with_their_posts => travel;
}

on_sqlite! {
    what_bookwyrm_writes_about_books_is_a_tip => bookwyrm;
}

async fn extra_of(kring: &Kring, uri: &str) -> Option<Extra> {
    let post = kring.find(uri).await?;
    store::extras::of_one(&mut kring.ctx().db.read().await.unwrap(), post.id).await.unwrap()
}

async fn travel(kind: Kind) {
    let (a, b) = Kring::peers(["alpha", "beta"], kind).await;
    let (ada, bob) = (a.person("Ada").await, b.person("Bob").await);
    let group = a.group(&ada, "Readers", GroupKind::Network).await;
    let there = b.resolve("readers", &a.host).await;
    b.join(&bob, &there).await;
    let work = Work {
        isbn: "9789045112596".into(),
        title: "Pluk".into(),
        maker: "Annie M.G. Schmidt".into(),
        whom: "Kinderen".into(),
    };
    let form = tips::TipForm {
        work: work.clone(),
        why: "Mooi".into(),
        title: "Leestip: Pluk".into(),
        source: "**Pluk**\n\nMooi".into(),
        group: Some(group.id),
        scope: None,
    };
    let tip = tips::publish(a.ctx(), &ada, form).await.unwrap();
    let tip = store::posts::get(&mut a.ctx().db.read().await.unwrap(), tip.id).await.unwrap();
    let document = a.document_of(&tip).await;
    // Whoever knows no tips reads it all the same.
    assert_eq!(document["type"], "Note");
    assert!(document["content"].as_str().unwrap().contains("Pluk"), "{document}");
    assert_eq!(document["kring:tip"]["kring:isbn"], "9789045112596");
    let arrived = b.until_published(&tip.uri).await;
    assert_eq!(extra_of(&b, &tip.uri).await, Some(Extra::Tip(work)));
    let listed = tips::list(b.ctx(), &bob, None, Some("9789045112596"), None, 9).await.unwrap();
    assert_eq!(listed.iter().map(|view| view.post.id).collect::<Vec<_>>(), [arrived.id]);
    // A card is on the board of the partner, and leaves it there too.
    let until = a.ctx().now().plus(3 * Time::DAY);
    let form = board::CardForm {
        side: Side::Offer,
        title: "Een bakfiets".into(),
        source: "Te leen".into(),
        until,
        group: Some(group.id),
    };
    let card = board::publish(a.ctx(), &ada, form).await.unwrap();
    let card = store::posts::get(&mut a.ctx().db.read().await.unwrap(), card.id).await.unwrap();
    b.until_published(&card.uri).await;
    let hanging = async || board::list(b.ctx(), &bob, Some(Side::Offer), None, 9).await.unwrap();
    assert_eq!(hanging().await.len(), 1);
    assert_eq!(hanging().await[0].card.until.seconds(), until.seconds());
    board::set_done(a.ctx(), &ada, card.id, true).await.unwrap();
    until_gone(&b, async || hanging().await.is_empty()).await;
    assert!(b.find(&card.uri).await.is_some());
}

async fn until_gone(kring: &Kring, gone: impl AsyncFn() -> bool) {
    until(&format!("an empty board at {}", kring.host), async || gone().await.then_some(())).await;
}

/// What somebody here finds at the address of a post.
async fn opened(kring: &Kring, peer: &Peer, document: Value) -> (String, String, Option<Extra>) {
    peer.serve(&document);
    let uri = document["id"].as_str().unwrap();
    let Ok(Resolved::Post(post)) = kring.ctx().remote().unwrap().resolve_url(uri).await else {
        panic!("no post: {uri}")
    };
    (post.title.clone(), post.html.clone(), extra_of(kring, uri).await)
}

fn title_of(extra: &Option<Extra>) -> &str {
    match extra {
        Some(Extra::Tip(work)) => &work.title,
        _ => "",
    }
}

async fn bookwyrm(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let peer = Peer::start("books", "bookwyrm").await;
    let mia = peer.person("mia");
    let book = peer.url("/book/7/s/pluk");
    peer.serve(&json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": book, "type": "Edition", "title": "Pluk van de Petteflet",
        "isbn13": "9789045112596", "authors": [peer.url("/author/1")]
    }));
    let with = |path: &str, kind: &str, content: &str, more: Value| {
        let mut post = note(&peer.url(path), &mia, content, more);
        post["type"] = json!(kind);
        post
    };
    // Its own types name the book by its address.
    let more = json!({"inReplyToBook": book, "rating": 5, "name": "Prachtig"});
    let (title, html, extra) = opened(&a, &peer, with("/u/1", "Review", "<p>Lees het voor</p>", more)).await;
    assert_eq!(title, "Prachtig");
    assert!(html.contains("Lees het voor"));
    assert!(matches!(&extra, Some(Extra::Tip(work)) if work.isbn == "9789045112596" && work.title.starts_with("Pluk")));
    let more = json!({"inReplyToBook": book, "quote": "<p>Er woont een torteltje</p>"});
    let (title, html, extra) = opened(&a, &peer, with("/u/2", "Quotation", "<p>Wat een zin</p>", more)).await;
    assert!(html.contains("<blockquote>") && html.contains("torteltje") && html.contains("Wat een zin"), "{html}");
    assert_eq!((title.as_str(), title_of(&extra)), ("Pluk van de Petteflet", "Pluk van de Petteflet"));
    let more = json!({"inReplyToBook": peer.url("/book/404"), "summary": "spoiler"});
    let (_, _, extra) = opened(&a, &peer, with("/u/3", "Comment", "<p>Halverwege</p>", more)).await;
    assert_eq!(extra, None, "a book that cannot be had");
    // What it writes for servers that know no books.
    let link = format!("<a href=\"{book}\"><i>Pluk</i></a>");
    let text = format!("<p>Halverwege</p><p>(comment on {link})</p>");
    let (_, _, extra) = opened(&a, &peer, with("/u/4", "Note", &text, json!({}))).await;
    assert_eq!(title_of(&extra), "Pluk");
    let text = format!("<p>\"Een zin\"</p> <p>\u{2014} Annie M.G. Schmidt: {link}</p><p>Mooi</p>");
    let (_, _, extra) = opened(&a, &peer, with("/u/5", "Note", &text, json!({}))).await;
    assert!(matches!(&extra, Some(Extra::Tip(work)) if work.maker == "Annie M.G. Schmidt"), "{extra:?}");
    let text = format!("Goed<br><br>(<a href=\"{book}\">\"Pluk\"</a>)");
    let name = json!({"name": "Review of \"Pluk\" (5 stars): Goed"});
    let (_, _, extra) = opened(&a, &peer, with("/u/6", "Article", &text, name)).await;
    assert_eq!(title_of(&extra), "Pluk");
    // Shelves and goals are no tips, nor are links to other things.
    for (n, text) in
        [format!("<p>wants to read {link}</p>"), "<p>(comment on <a href=\"https://x.example/\">x</a>)</p>".to_owned()]
            .iter()
            .enumerate()
    {
        let (_, _, extra) = opened(&a, &peer, with(&format!("/u/1{n}"), "Note", text, json!({}))).await;
        assert_eq!(extra, None, "{text}");
    }
}
