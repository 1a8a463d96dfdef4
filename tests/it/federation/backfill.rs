//! Groups and threads elsewhere that are opened here for the first time.

use kring::domain::groups::GroupKind;
use kring::domain::posts::PostState;
use kring::services::{api, backfill, group_pages, posts};
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::Kind;

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

on_each_database! {
    a_group_elsewhere_brings_its_recent_and_pinned_posts => group;
    a_thread_brings_all_its_answers => thread;
}

on_sqlite! {
    a_thread_without_a_list_is_read_answer_by_answer => replies;
    a_list_without_end_is_read_a_little => endless;
}

fn dated(minutes: i64) -> String {
    let at = kring::base::Clock::system().now().plus(-minutes * kring::base::Time::MINUTE);
    at.to_rfc3339_seconds()
}

fn page(peer: &Peer, n: i64, author: &str, group: &str) -> Value {
    json!({"@context": "https://www.w3.org/ns/activitystreams", "id": peer.url(&format!("/post/{n}")), "type": "Page",
        "attributedTo": author, "name": format!("Post {n}"), "to": [group, PUBLIC], "cc": [], "audience": group,
        "content": format!("<p>Text {n}</p>"), "published": dated(1000 - n)})
}

fn gets(peer: &Peer, of: &str) -> usize {
    peer.seen().iter().filter(|seen| seen.method == "GET" && seen.path.starts_with(of)).count()
}

async fn group(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let (peer, other) = (Peer::start("lemming", "lemmy").await, Peer::start("other", "lemmy").await);
    let (lou, mel) = (peer.person("lou"), other.person("mel"));
    let base = peer.url("/users/gardens");
    let group_uri = peer.actor("Group", "gardens", json!({"featured": format!("{base}/featured")}));
    // Thirty posts, newest first, over two pages: as their Creates, announced, with one by somebody of a third server.
    let mut items: Vec<Value> = Vec::new();
    for n in (1..=30).rev() {
        let post = page(&peer, n, &lou, &group_uri);
        peer.serve(&post);
        items.push(super::threadiverse::announce(&peer, 100, &group_uri, &create(&post)));
    }
    let theirs = page(&other, 77, &mel, &group_uri);
    other.serve(&theirs);
    let mut forged = theirs.clone();
    forged["content"] = json!("<p>What Mel never wrote</p>");
    items[1] = super::threadiverse::announce(&peer, 101, &group_uri, &create(&forged));
    // And something that another group's members read.
    let mut stray = page(&peer, 40, &lou, &peer.url("/users/elsewhere"));
    stray["to"] = json!([PUBLIC]);
    items[2] = stray;
    let rest = items.split_off(12);
    peer.serve(&json!({"id": format!("{base}/outbox"), "type": "OrderedCollection", "first": format!("{base}/page1")}));
    peer.serve(&json!({"id": format!("{base}/page1"), "type": "OrderedCollectionPage", "orderedItems": items,
        "next": format!("{base}/page2")}));
    peer.serve(&json!({"id": format!("{base}/page2"), "type": "OrderedCollectionPage", "orderedItems": rest,
        "next": format!("{base}/page3")}));
    peer.serve(&json!({"id": format!("{base}/featured"), "type": "OrderedCollection",
        "orderedItems": [page(&peer, 2, &lou, &group_uri), peer.url("/post/3")]}));
    let group = a.resolve("gardens", &peer.host).await;

    // Who only looks sees what is here, and asks nobody.
    let visitor = kring::domain::Viewer::Anonymous;
    backfill::group(a.ctx(), &visitor, &group).await;
    a.until_quiet().await;
    assert_eq!(gets(&peer, "/users/gardens/outbox"), 0);
    // A member opens the page.
    let acct = format!("gardens@{}", peer.host);
    let first = kring::base::Page::first(40);
    group_pages::page(a.ctx(), &ada, &acct, first).await.unwrap();
    a.until_published(&peer.url("/post/30")).await;
    a.until_quiet().await;
    let shown = group_pages::page(a.ctx(), &ada, &acct, first).await.unwrap();
    let titles: Vec<&str> = shown.posts.items.iter().map(|view| view.post.title.as_str()).collect();
    // Twenty of the list, two of which are not theirs to tell, and two pinned ones further down.
    assert_eq!(titles[..2], ["Post 77", "Post 30"], "{titles:?}");
    assert!(titles.contains(&"Post 11") && !titles.contains(&"Post 10") && !titles.contains(&"Post 40"), "{titles:?}");
    let pinned: Vec<&str> = shown.pinned.iter().map(|view| view.post.title.as_str()).collect();
    assert_eq!(pinned.len(), 2, "{pinned:?}");
    assert!(pinned.contains(&"Post 2") && pinned.contains(&"Post 3"));
    // What a third server's member wrote was asked of that server.
    let taken = a.until_published(&other.url("/post/77")).await;
    assert!(taken.html.contains("Text 77"), "{}", taken.html);
    assert_eq!((gets(&other, "/post/77"), gets(&peer, "/post/30")), (1, 0));
    // It is old: nobody is told, it comes onto no home. And it is not asked for again within the hour.
    assert_eq!(a.app.count("SELECT count(*) AS n FROM home").await, 0);
    assert_eq!(a.app.count("SELECT count(*) AS n FROM notifications").await, 0);
    assert_eq!((gets(&peer, "/users/gardens/outbox"), gets(&peer, "/users/gardens/page3")), (1, 0));
}

/// A post of Lou's that Ada looked up, and answers to it by ids: `(number, answers)`.
async fn looked_up(a: &Kring, ada: &kring::domain::Viewer, peer: &Peer, more: Value) -> kring::domain::posts::Post {
    let lou = peer.person("lou");
    let root = note(&peer.url("/note/1"), &lou, "<p>Who has seed potatoes?</p>", more);
    peer.serve(&root);
    kring::services::search::follow_address(a.ctx(), ada, root["id"].as_str().unwrap()).await.unwrap();
    a.until_published(&peer.url("/note/1")).await
}

fn answer_to(peer: &Peer, n: i64, to: i64, more: Value) {
    let lou = peer.url("/users/lou");
    let mut answer = note(&peer.url(&format!("/note/{n}")), &lou, &format!("<p>Answer {n}</p>"), json!({}));
    answer["inReplyTo"] = json!(peer.url(&format!("/note/{to}")));
    answer["published"] = json!(dated(500 - n));
    for (name, value) in more.as_object().unwrap() {
        answer[name] = value.clone();
    }
    peer.serve(&answer);
}

async fn thread(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let peer = Peer::start("lemming", "mastodon").await;
    let context = peer.url("/contexts/1");
    let ids: Vec<String> = [1, 4, 2, 3, 9].iter().map(|n| peer.url(&format!("/note/{n}"))).collect();
    peer.serve(&json!({"id": context, "type": "OrderedCollection", "orderedItems": ids}));
    let root = looked_up(&a, &ada, &peer, json!({"context": context, "published": dated(900)})).await;
    // 4 answers 3, and stands before it; 9 belongs to a thread that is not here.
    answer_to(&peer, 2, 1, json!({}));
    answer_to(&peer, 3, 2, json!({}));
    answer_to(&peer, 4, 3, json!({}));
    answer_to(&peer, 9, 8, json!({}));
    api::context_marks(a.ctx(), &ada, root.id).await.unwrap();
    a.until_published(&peer.url("/note/4")).await;
    a.until_quiet().await;
    let around = posts::around(a.ctx(), &ada, root.id, -1).await.unwrap();
    let texts: Vec<&str> = around.comments.iter().map(|view| view.post.html.as_str()).collect();
    assert_eq!(texts, ["<p>Answer 2</p>", "<p>Answer 3</p>", "<p>Answer 4</p>"]);
    assert_eq!(around.post.post.replies_count, 3);
    assert!(a.find(&peer.url("/note/9")).await.is_none());
    assert_eq!(gets(&peer, "/contexts/1"), 1, "both doors have opened it");
    assert_eq!(a.app.count("SELECT count(*) AS n FROM notifications").await, 0);
    // A thread here is asked of nobody.
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let own = a.post(&ada, &group, kring::domain::posts::PostKind::Message, "", "Hello").await;
    posts::around(a.ctx(), &ada, own.id, -1).await.unwrap();
    assert_eq!(a.app.count("SELECT count(*) AS n FROM jobs WHERE kind = 'backfill'").await, 0);
}

async fn replies(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let peer = Peer::start("lemming", "mastodon").await;
    let list = |n: i64, items: Vec<i64>| {
        let items: Vec<String> = items.into_iter().map(|n| peer.url(&format!("/note/{n}"))).collect();
        let id = peer.url(&format!("/note/{n}/replies"));
        json!({"id": id, "type": "Collection",
            "first": {"type": "CollectionPage", "partOf": id, "items": items, "next": format!("{id}/next")}})
    };
    let more = json!({"replies": list(1, vec![2]), "published": dated(900)});
    let root = looked_up(&a, &ada, &peer, more).await;
    // The page after the first one, and answers to answers; the last is a Lemmy page's thread, which names its list.
    peer.serve(
        &json!({"id": peer.url("/note/1/replies/next"), "type": "CollectionPage", "items": [peer.url("/note/3")]}),
    );
    answer_to(&peer, 2, 1, json!({"replies": list(2, vec![4])}));
    answer_to(&peer, 3, 1, json!({"replies": peer.url("/note/3/replies")}));
    peer.serve(&list(3, vec![5]));
    answer_to(&peer, 4, 2, json!({}));
    answer_to(&peer, 5, 3, json!({"content": "<p>Not so: <script>alert(1)</script>fine</p>"}));
    posts::around(a.ctx(), &ada, root.id, -1).await.unwrap();
    for n in 2..=5 {
        a.until_published(&peer.url(&format!("/note/{n}"))).await;
    }
    a.until_quiet().await;
    let last = a.find(&peer.url("/note/5")).await.unwrap();
    assert_eq!((last.state, last.html.as_str()), (PostState::Published, "<p>Not so: fine</p>"));
    assert_eq!(a.find(&root.uri).await.unwrap().replies_count, 4);
}

/// A server that lists a thousand things, of which each has a thousand answers.
async fn endless(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let (peer, victim) = (Peer::start("lemming", "mastodon").await, Peer::start("victim", "mastodon").await);
    let context = peer.url("/contexts/1");
    let foreign: Vec<String> = (0..1000).map(|n| victim.url(&format!("/note/{n}"))).collect();
    peer.serve(&json!({"id": context, "type": "OrderedCollection", "orderedItems": foreign, "next": context}));
    let root = looked_up(&a, &ada, &peer, json!({"context": context})).await;
    posts::around(a.ctx(), &ada, root.id, -1).await.unwrap();
    until("it asked", async || (gets(&victim, "/note") > 0).then_some(())).await;
    a.until_quiet().await;
    assert!(gets(&victim, "/note") + gets(&peer, "/") <= 60, "{} and {}", gets(&victim, "/note"), gets(&peer, "/"));
    assert_eq!(a.app.count("SELECT count(*) AS n FROM jobs WHERE kind = 'backfill'").await, 0);
}
