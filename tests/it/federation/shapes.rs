//! The odd shapes of INTEROP E.1 (our look-alikes), from a real server of that make: received as their kind, stored, shown on
//! the page and in the client API. What becomes of each stands in FEDERATION.md.

use kring::domain::Viewer;
use kring::domain::actors::ActorKind;
use kring::domain::groups::FollowState;
use kring::domain::posts::{PostKind, PostState};
use kring::services::ctx::Resolved;
use kring::services::follows;
use kring::services::posts::{NewPoll, PostForm};
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::Kind;
use crate::wire::{lookalike, lookalikes};

on_each_database! {
    g5_posts_of_every_shape_are_shown => posts;
}

on_sqlite! {
    g5_actors_of_every_shape_are_shown => actors;
    g5_a_create_of_several_is_read_whole => several;
    g5_messages_of_every_shape_do_what_they_say => messages;
}

#[test]
fn g5_every_shape_is_delivered() {
    let all = lookalikes().into_iter().map(|(path, _)| path.rsplit('/').next().unwrap().replace(".json", ""));
    let mut delivered: Vec<&str> = POSTS.iter().map(|(name, ..)| *name).collect();
    delivered.extend(ACTORS.iter().map(|(name, _)| *name).chain(MESSAGES.iter().copied()));
    delivered.push(SEVERAL);
    delivered.sort();
    assert_eq!(all.collect::<Vec<_>>(), delivered);
}

/// A look-alike as it would be if this server had sent it.
fn of(peer: &Peer, name: &str) -> Value {
    let text = lookalike(name).to_string();
    let mut out = String::new();
    let mut parts = text.split("https://");
    out.push_str(parts.next().unwrap());
    for part in parts {
        let host = part.split(['/', '"']).next().unwrap();
        if host.ends_with(".example") && host != "kring.example" {
            out.push_str(&peer.url(""));
            out.push_str(&part[host.len()..]);
        } else {
            out.push_str("https://");
            out.push_str(part);
        }
    }
    serde_json::from_str(&out).unwrap()
}

/// The same, sent to an instance: what it names there is what is there.
fn to(here: &Kring, peer: &Peer, name: &str, named: &[(&str, &str)]) -> Value {
    let mut text = of(peer, name).to_string();
    for (theirs, ours) in named {
        assert!(text.contains(theirs), "{theirs} in {name}");
        text = text.replace(theirs, ours);
    }
    serde_json::from_str(&text.replace("https://kring.example", &here.url(""))).unwrap()
}

/// Serves whoever a document says wrote it.
fn serve_authors(peer: &Peer, document: &Value) {
    let authors = match &document["attributedTo"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    for author in authors {
        let id = author.as_str().or_else(|| author["id"].as_str()).unwrap().to_owned();
        let kind = author["type"].as_str().unwrap_or("Person");
        let name: String = id.rsplit('/').next().unwrap().chars().filter(char::is_ascii_alphanumeric).collect();
        peer.serve(&json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": id, "type": kind, "preferredUsername": format!("x{name}"),
            "name": "Someone", "inbox": format!("{id}/inbox"), "outbox": format!("{id}/outbox"),
            "publicKey": {"id": format!("{id}#main-key"), "owner": id, "publicKeyPem": peer.key.public_pem().unwrap()}
        }));
    }
}

/// Somebody here follows an actor there, who takes it.
async fn follow(here: &Kring, who: &Viewer, peer: &Peer, actor: &str) {
    let Ok(Resolved::Actor(known)) = here.ctx().remote().unwrap().resolve_url(actor).await else { panic!("no actor") };
    follows::request(here.ctx(), who, known.id, "").await.unwrap();
    let follow = peer.until_received("Follow", |v| v["type"] == "Follow").await;
    let accept = activity("Accept", &peer.url("/accept"), actor, follow);
    assert_eq!(peer.send(actor, &here.url("/inbox"), &accept).await, 202);
    here.until_state(who, &known, Some(FollowState::Accepted)).await;
}

/// Name, whether the post is inside of an activity, what it becomes, and words that a reader sees.
const POSTS: &[(&str, bool, PostKind, &str)] = &[
    ("01-peertube-arrays", false, PostKind::Link, ""),
    ("02-mobilizon-b", false, PostKind::Link, "Bring shoes"),
    ("04-friendica", true, PostKind::Message, ""),
    ("05-smithereen", true, PostKind::Message, ""),
    ("06-gnusocial", true, PostKind::Message, ""),
    ("08-nodebb-nulls-a", false, PostKind::Message, "Eight things"),
    ("12-lemmy-double-announce-b", true, PostKind::Link, ""),
    ("13-mastodon-create", true, PostKind::Message, ""),
    ("14-question-a", false, PostKind::Poll, ""),
    ("14-question-b", false, PostKind::Poll, ""),
    ("14-question-c", false, PostKind::Poll, ""),
    ("14-question-d", false, PostKind::Poll, "Tea?"),
    ("15-public-as-string-a", false, PostKind::Message, "Hello"),
    ("15-public-as-string-b", false, PostKind::Message, "Hello"),
    ("16-language-map-only", false, PostKind::Message, "Hallo"),
    ("17-emoji-null-id", false, PostKind::Message, ""),
];

/// Name, and what it is.
const ACTORS: &[(&str, ActorKind)] = &[
    ("02-mobilizon-a", ActorKind::Group),
    ("03-wordpress-b", ActorKind::Group),
    ("08-nodebb-nulls-b", ActorKind::Group),
    ("09-discourse-person", ActorKind::Person),
];

/// What is done to what is there already.
const MESSAGES: &[&str] =
    &["03-wordpress-a", "07-mitra", "10-pleroma-chat", "11-mbin-delete", "12-lemmy-double-announce-a", "14-question-e"];

const SEVERAL: &str = "18-create-array-object";

async fn posts(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    for (name, inside, wanted, words) in POSTS {
        let peer = Peer::start("shape", "odd").await;
        let whole = of(&peer, name);
        let mut document = if *inside { whole["object"].clone() } else { whole.clone() };
        document["@context"] = json!("https://www.w3.org/ns/activitystreams");
        serve_authors(&peer, &document);
        let id = document["id"].as_str().unwrap();
        let post = if whole["type"] == "Create" {
            // Sent to a follower, as its server does. Some say only on the activity whom it is for.
            let author = whole["actor"].as_str().unwrap();
            follow(&a, &ada, &peer, author).await;
            assert_eq!(peer.send(author, &a.url("/inbox"), &whole).await, 202, "{name}");
            a.until_published(id).await
        } else {
            peer.serve(&document);
            let found = a.ctx().remote().unwrap().resolve_url(id).await;
            let Ok(Resolved::Post(post)) = found else { panic!("{name}: {:?}", found.err()) };
            *post
        };
        assert_eq!((post.kind, post.uri.as_str()), (*wanted, id), "{name}");
        assert!(!post.html.is_empty() || !post.title.is_empty(), "{name} says something");
        let view = a.view(&ada, post.id).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let told = a.phone(&ada).await.get(&format!("/api/v1/statuses/{}", post.id)).await.ok().json();
        assert_eq!((told["uri"].as_str(), told["account"]["uri"].as_str()), (Some(id), Some(view.author.uri.as_str())));
        assert!(view.post.html.contains(words), "{name}: {}", view.post.html);
        if name.starts_with("01") {
            assert!(view.author.uri.ends_with("/accounts/film_club"), "{}", view.author.uri);
        }
        assert_eq!(view.poll.is_some(), *wanted == PostKind::Poll, "{name}");
    }
}

async fn actors(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    for (name, wanted) in ACTORS {
        let peer = Peer::start("shape", "odd").await;
        let document = of(&peer, name);
        peer.serve(&document);
        let id = document["id"].as_str().unwrap();
        let found = a.ctx().remote().unwrap().resolve_url(id).await;
        let Ok(Resolved::Actor(actor)) = found else { panic!("{name}: {:?}", found.err()) };
        assert_eq!((actor.kind, actor.uri.as_str()), (*wanted, id), "{name}");
        assert!(!actor.name.is_empty() && !actor.inbox.is_empty(), "{name}");
    }
}

/// Of a list what has an id is taken, embedded or asked; null and what has no name are left out.
async fn several(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let peer = Peer::start("shape", "odd").await;
    let rob = peer.url("/u/r");
    serve_authors(&peer, &json!({"attributedTo": rob}));
    follow(&a, &ada, &peer, &rob).await;
    peer.serve(&note(&peer.url("/n/1"), &rob, "one", json!({})));
    let mut create = of(&peer, SEVERAL);
    create["object"][1]["to"] = create["to"].clone();
    peer.serve(&create["object"][1]);
    assert_eq!(peer.send(&rob, &a.url("/inbox"), &create).await, 202);
    for (path, words) in [("/n/1", "one"), ("/n/2", "two")] {
        assert!(a.until_published(&peer.url(path)).await.html.contains(words));
    }
    assert_eq!(a.app.count("SELECT count(*) AS n FROM posts").await, 2);
}

async fn messages(kind: Kind) {
    for name in MESSAGES {
        let a = Kring::start("alpha", kind).await;
        let ada = a.person("Ada").await;
        let peer = Peer::start("shape", "odd").await;
        match *name {
            "03-wordpress-a" => wordpress(&a, &ada, &peer).await,
            "07-mitra" => mitra(&a, &ada, &peer).await,
            "10-pleroma-chat" => pleroma(&a, &ada, &peer).await,
            "11-mbin-delete" => mbin(&a, &ada, &peer).await,
            "12-lemmy-double-announce-a" => lemmy(&a, &ada, &peer).await,
            "14-question-e" => gotosocial(&a, &ada, &peer).await,
            other => panic!("{other} has no story"),
        }
    }
}

async fn send(a: &Kring, peer: &Peer, message: &Value) {
    assert_eq!(peer.send(message["actor"].as_str().unwrap(), &a.url("/inbox"), message).await, 202, "{message}");
    a.until_quiet().await;
}

/// A blog shows a post, and later passes on that its author, who is of the same server, changed it.
async fn wordpress(a: &Kring, ada: &Viewer, peer: &Peer) {
    let mut blog = of(peer, "03-wordpress-b");
    blog["publicKey"]["publicKeyPem"] = json!(peer.key.public_pem().unwrap());
    peer.serve(&blog);
    let update = to(a, peer, "03-wordpress-a", &[]);
    let mut article = update["object"]["object"].clone();
    serve_authors(peer, &article);
    article["@context"] = json!("https://www.w3.org/ns/activitystreams");
    article["to"] = update["to"].clone();
    article["published"] = json!("2026-01-31T10:00:00Z");
    article["content"] = json!("<p>As it was</p>");
    peer.serve(&article);
    let (blog, id) = (blog["id"].as_str().unwrap(), article["id"].as_str().unwrap().to_owned());
    follow(a, ada, peer, blog).await;
    let mut shown = activity("Announce", &peer.url("/?p=12#activity"), blog, json!(id));
    shown["to"] = update["to"].clone();
    send(a, peer, &shown).await;
    let post = a.until_published(&id).await;
    assert_eq!((post.title.as_str(), post.html.contains("As it was")), ("Twelve", true));
    send(a, peer, &update).await;
    let post = a.until_post(&id, |post| post.html == "<p>x</p>").await;
    let edited = a.view(ada, post.id).await.unwrap().post.edited_at;
    assert_eq!(edited, kring::base::Time::parse_rfc3339("2026-02-01T10:00:00Z"));
}

/// The answer names the Follow by its id alone. Nobody but who was asked gives it.
async fn mitra(a: &Kring, ada: &Viewer, peer: &Peer) {
    let mi = of(peer, "07-mitra")["actor"].as_str().unwrap().to_owned();
    serve_authors(peer, &json!({"attributedTo": [mi, peer.url("/users/eve")]}));
    let Ok(Resolved::Actor(known)) = a.ctx().remote().unwrap().resolve_url(&mi).await else { panic!("no actor") };
    follows::request(a.ctx(), ada, known.id, "").await.unwrap();
    let follow = peer.until_received("Follow", |v| v["type"] == "Follow").await;
    let accept = to(a, peer, "07-mitra", &[("https://kring.example/activities/4", follow["id"].as_str().unwrap())]);
    let mut forged = accept.clone();
    forged["actor"] = json!(peer.url("/users/eve"));
    forged["id"] = json!(peer.url("/activities/accept/02"));
    send(a, peer, &forged).await;
    a.until_state(ada, &known, Some(FollowState::Requested)).await;
    send(a, peer, &accept).await;
    a.until_state(ada, &known, Some(FollowState::Accepted)).await;
}

async fn pleroma(a: &Kring, ada: &Viewer, peer: &Peer) {
    let chat = to(a, peer, "10-pleroma-chat", &[]);
    serve_authors(peer, &chat["object"]);
    send(a, peer, &chat).await;
    let post = a.until_published(chat["object"]["id"].as_str().unwrap()).await;
    assert_eq!(post.kind, PostKind::Direct);
    let view = a.view(ada, post.id).await.unwrap();
    assert!(view.post.html.contains("psst"));
    assert_eq!((view.media.len(), view.media[0].description.as_str()), (1, "cat.png"));
    let talks = a.phone(ada).await.get("/api/v1/conversations").await.ok().json();
    assert_eq!(talks[0]["last_status"]["id"], post.id.to_string());
    let bob = a.person("Bob").await;
    assert!(a.view(&bob, post.id).await.is_err() && a.view(&Viewer::Anonymous, post.id).await.is_err());
}

async fn mbin(a: &Kring, ada: &Viewer, peer: &Peer) {
    let delete = to(a, peer, "11-mbin-delete", &[]);
    let mo = delete["actor"].as_str().unwrap();
    serve_authors(peer, &json!({"attributedTo": mo}));
    follow(a, ada, peer, mo).await;
    let note = note(delete["object"]["id"].as_str().unwrap(), mo, "<p>For now</p>", json!({}));
    send(a, peer, &create(&note)).await;
    let post = a.until_published(note["id"].as_str().unwrap()).await;
    assert!(a.view(ada, post.id).await.is_ok());
    send(a, peer, &delete).await;
    a.until_post(&post.uri, |post| post.state == PostState::Deleted).await;
    a.phone(ada).await.get(&format!("/api/v1/statuses/{}", post.id)).await.status(404);
}

/// Wrapped and bare: one post.
async fn lemmy(a: &Kring, ada: &Viewer, peer: &Peer) {
    let pair = ["12-lemmy-double-announce-a", "12-lemmy-double-announce-b"].map(|name| to(a, peer, name, &[]));
    let page = &pair[0]["object"]["object"];
    let group = pair[0]["actor"].as_str().unwrap();
    serve_authors(peer, &json!({"attributedTo": [page["attributedTo"], {"id": group, "type": "Group"}]}));
    follow(a, ada, peer, group).await;
    for announce in &pair {
        send(a, peer, announce).await;
    }
    let post = a.until_published(page["id"].as_str().unwrap()).await;
    assert_eq!((post.title.as_str(), post.kind, post.group_id.is_some()), ("Twelve", PostKind::Link, true));
    assert_eq!(a.app.count("SELECT count(*) AS n FROM posts").await, 1);
    let view = a.view(ada, post.id).await.unwrap();
    assert_eq!((view.media.len(), view.media[0].description.as_str()), (1, "A map"));
}

/// Two votes in one message, counted as one voter's and shown to nobody.
async fn gotosocial(a: &Kring, ada: &Viewer, peer: &Peer) {
    let options = vec!["Green".to_owned(), "Black".to_owned()];
    let closes_at = Some(a.ctx().now().plus(kring::base::Time::DAY));
    let poll = Some(NewPoll { options, multiple: true, hidden: false, closes_at });
    let poll = a.publish(ada, PostForm { poll, ..PostForm::new(PostKind::Poll, "Which tea?") }).await;
    let votes = to(a, peer, "14-question-e", &[("https://kring.example/posts/1", &poll.uri)]);
    serve_authors(peer, &json!({"attributedTo": votes["actor"]}));
    send(a, peer, &votes).await;
    let shown = until("the votes", async || {
        let poll = a.view(ada, poll.id).await.unwrap().poll.unwrap();
        (poll.voters_count == 1).then_some(poll)
    })
    .await;
    let counts: Vec<(&str, i64)> = shown.options.iter().map(|o| (o.title.as_str(), o.votes_count)).collect();
    assert_eq!(counts, [("Green", 1), ("Black", 1)]);
    assert_eq!(a.app.count("SELECT count(*) AS n FROM posts").await, 1, "a vote is no post");
}
