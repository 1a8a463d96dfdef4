//! The odd shapes of INTEROP E.1 (our look-alikes), from a real server of that make: received as their kind, stored, shown on
//! the page and in the client API. What becomes of each stands in FEDERATION.md.

use kring::domain::Viewer;
use kring::domain::actors::ActorKind;
use kring::domain::groups::FollowState;
use kring::domain::posts::PostKind;
use kring::services::ctx::Resolved;
use kring::services::follows;
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::Kind;
use crate::wire::lookalike;

on_each_database! {
    g5_posts_of_every_shape_are_shown => posts;
}

on_sqlite! {
    g5_actors_of_every_shape_are_shown => actors;
    g5_a_create_of_several_is_read_whole => several;
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
        assert!(view.post.html.contains(words), "{name}: {}", view.post.html);
        if name.starts_with("01") {
            assert!(view.author.uri.ends_with("/accounts/film_club"), "{}", view.author.uri);
        }
        assert_eq!(view.poll.is_some(), *wanted == PostKind::Poll, "{name}");
    }
}

async fn actors(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    for (name, wanted) in [
        ("02-mobilizon-a", ActorKind::Group),
        ("08-nodebb-nulls-b", ActorKind::Group),
        ("09-discourse-person", ActorKind::Person),
    ] {
        let peer = Peer::start("shape", "odd").await;
        let document = of(&peer, name);
        peer.serve(&document);
        let id = document["id"].as_str().unwrap();
        let found = a.ctx().remote().unwrap().resolve_url(id).await;
        let Ok(Resolved::Actor(actor)) = found else { panic!("{name}: {:?}", found.err()) };
        assert_eq!((actor.kind, actor.uri.as_str()), (wanted, id), "{name}");
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
    let mut create = of(&peer, "18-create-array-object");
    create["object"][1]["to"] = create["to"].clone();
    peer.serve(&create["object"][1]);
    assert_eq!(peer.send(&rob, &a.url("/inbox"), &create).await, 202);
    for (path, words) in [("/n/1", "one"), ("/n/2", "two")] {
        assert!(a.until_published(&peer.url(path)).await.html.contains(words));
    }
    assert_eq!(a.app.count("SELECT count(*) AS n FROM posts").await, 2);
}
