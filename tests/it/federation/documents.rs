//! What our documents look like.

use kring::base::*;
use kring::domain::audiences::Scope;
use kring::domain::groups::GroupKind;
use kring::domain::media::MediaPurpose;
use kring::domain::posts::PostKind;
use kring::services::posts::{self, NewPoll, PostForm};
use kring::services::{groups, media};
use serde_json::Value;

use super::support::*;
use crate::support::{Kind, PNG};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

on_sqlite! {
    d04_people_and_groups_have_one_namespace => one_namespace;
    d10_d11_pages_name_their_document => alternate;
    d35_d36_d47_d50_documents_answer_as_peers_ask => shape;
    d61_d62_d73_a_group_is_what_lemmy_reads => group;
    d71_d77_d78_d79_posts_are_notes => post;
    d80_d88_comments_and_threads => comment;
    d80_d88_long_threads_are_read_page_by_page => long;
    d82_d83_followers_and_direct_messages_are_addressed => personal;
    d86_deleted_posts_are_tombstones => deleted;
    d90_nothing_is_promised_of_who_may_answer => promises;
    polls_tell_what_they_may => poll;
    pages_and_documents_share_an_address => negotiation;
}

fn has_context(document: &Value) -> bool {
    document["@context"].as_array().is_some_and(|c| c.iter().any(|v| v == "https://www.w3.org/ns/activitystreams"))
}

async fn shape(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Hello").await;
    let paths = [
        "/actor",
        "/organisation",
        "/people/ada",
        "/groups/local_history",
        "/people/ada/outbox",
        "/people/ada/followers",
        "/groups/local_history/outbox",
        "/groups/local_history/followers",
        "/groups/local_history/moderators",
        "/groups/local_history/featured",
    ];
    let mut urls: Vec<String> = paths.iter().map(|p| a.url(p)).collect();
    urls.extend([post.uri.clone(), format!("{}/replies", post.uri), a.url(&format!("/contexts/{}", post.id))]);
    let visitor = a.app.visitor();
    for url in urls {
        let path = url.strip_prefix(&a.url("")).unwrap();
        let page = visitor.get_as(path, "application/activity+json, application/ld+json").await.ok();
        assert_eq!(page.headers["content-type"], "application/activity+json", "{path}");
        assert!(page.headers["vary"].to_str().unwrap().contains("Signature"), "{path}");
        let document = page.json();
        assert_eq!(document["id"].as_str(), Some(url.as_str()), "{path}");
        assert!(has_context(&document), "{path}");
        assert!(document.get("signature").is_none());
    }
    let (_, page) = a.get(&a.url("/groups/local_history/outbox?page=1")).await;
    let announce = &page["orderedItems"][0];
    assert_eq!((announce["type"].as_str(), announce["object"]["type"].as_str()), (Some("Announce"), Some("Create")));
    let create = announce["object"]["id"].as_str().unwrap();
    let (status, found) = a.get(create).await;
    assert_eq!((status, found["object"]["id"].as_str()), (200, Some(post.uri.as_str())));
    assert!(found["proof"]["proofValue"].is_string());
}

async fn group(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Hello").await;
    posts::pin(a.ctx(), &ada, post.id, true).await.unwrap();
    let (_, document) = a.get(&group.uri).await;
    assert_eq!(document["type"], "Group");
    assert_eq!(document["preferredUsername"], "local_history");
    assert_eq!(document["manuallyApprovesFollowers"], false);
    assert_eq!(document["postingRestrictedToMods"], false);
    assert_eq!(document["followers"].as_str(), Some(format!("{}/followers", group.uri).as_str()));
    assert_eq!(document["attributedTo"], document["moderators"]);
    for name in ["inbox", "outbox", "publicKey", "endpoints", "featured", "summary"] {
        assert!(document.get(name).is_some(), "{name}");
    }
    let (_, moderators) = a.get(document["moderators"].as_str().unwrap()).await;
    assert_eq!(moderators["orderedItems"], serde_json::json!([a.url("/people/ada")]));
    let (_, featured) = a.get(document["featured"].as_str().unwrap()).await;
    assert_eq!(featured["orderedItems"], serde_json::json!([post.uri]));
    let (_, followers) = a.get(document["followers"].as_str().unwrap()).await;
    assert_eq!((followers["totalItems"].as_i64(), followers["items"].as_array().map(Vec::len)), (Some(1), Some(0)));
    // Narrowed, it says so.
    groups::update(a.ctx(), &ada, group.id, group_form("Local history", GroupKind::Private)).await.unwrap();
    let (_, document) = a.get(&group.uri).await;
    assert_eq!(
        (document["manuallyApprovesFollowers"].as_bool(), document["discoverable"].as_bool()),
        (Some(true), Some(false))
    );
}

async fn post(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let bytes = bytes::Bytes::from_static(PNG);
    let file = media::upload(a.ctx(), &ada, bytes, "image/png", "map.png", "Hand-drawn map", MediaPurpose::Post)
        .await
        .unwrap();
    let form = PostForm {
        group: Some(group.id),
        title: "Map of <1892>".into(),
        media: vec![file.id],
        language: Some("nl".into()),
        ..PostForm::new(PostKind::Story, "Found it! #maps")
    };
    let story = a.publish(&ada, form).await;
    let (_, note) = a.get(&story.uri).await;
    assert_eq!(note["type"], "Note");
    assert!(note.get("summary").is_none(), "a summary would be a content warning");
    assert_eq!(note["name"], "Map of <1892>");
    let content = note["content"].as_str().unwrap();
    assert!(content.starts_with("<p><strong>Map of &lt;1892&gt;</strong></p>") && content.contains("Found it!"));
    assert_eq!(note["contentMap"]["nl"], note["content"]);
    assert_eq!(note["to"], serde_json::json!([group.uri, PUBLIC]));
    assert_eq!(note["audience"].as_str(), Some(group.uri.as_str()));
    assert!(note.get("inReplyTo").is_none() && note.get("updated").is_none());
    assert_eq!(note["kring:kind"], "story");
    let tags = note["tag"].as_array().unwrap();
    let mention = tags.iter().find(|t| t["type"] == "Mention").unwrap();
    assert_eq!(mention["name"].as_str(), Some(format!("@local_history@{}", a.host).as_str()));
    assert_eq!(mention["href"].as_str(), Some(group.uri.as_str()));
    assert!(tags.iter().any(|t| t["type"] == "Hashtag" && t["name"] == "#maps"));
    let attached = note["attachment"].as_array().unwrap();
    assert_eq!(attached.len(), 1);
    assert_eq!(
        (attached[0]["type"].as_str(), attached[0]["name"].as_str()),
        (Some("Document"), Some("Hand-drawn map"))
    );
    assert_eq!(attached[0]["summary"], attached[0]["name"]);
    assert!(attached[0]["url"].as_str().unwrap().starts_with("http") && attached[0]["blurhash"].is_string());
    // With a content warning there is a summary, and nothing else is one.
    let form = PostForm { group: Some(group.id), warning: "War".into(), ..PostForm::new(PostKind::Message, "Text") };
    let warned = a.publish(&ada, form).await;
    let (_, note) = a.get(&warned.uri).await;
    assert_eq!((note["summary"].as_str(), note["sensitive"].as_bool()), (Some("War"), Some(true)));
    assert!(note["tag"].is_array() && note["attachment"].is_array());
}

async fn comment(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Hello").await;
    let answer = a.comment(&ada, post.id, "Hello yourself").await;
    let (_, note) = a.get(&answer.uri).await;
    assert_eq!(note["inReplyTo"].as_str(), Some(post.uri.as_str()));
    assert!(note["content"].is_string() && note["attributedTo"].is_string());
    let (_, context) = a.get(note["context"].as_str().unwrap()).await;
    assert_eq!(context["type"], "OrderedCollection");
    assert_eq!(context["orderedItems"], serde_json::json!([post.uri, answer.uri]));
    assert_eq!(context["attributedTo"].as_str(), Some(group.uri.as_str()));
    let (_, replies) = a.get(&format!("{}/replies", post.uri)).await;
    assert_eq!(replies["first"]["items"], serde_json::json!([answer.uri]));
}

/// A thread of more than a page is all there, once, in order, by its pages; and another Kring reads all of it.
async fn long(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Hello").await;
    let mut all = vec![post.uri.clone()];
    for number in 0..130 {
        all.push(a.comment(&ada, post.id, &format!("Number {number}")).await.uri);
    }
    let answers = &all[1..];
    let walk = async |id: &str, member: &str| {
        let (_, collection) = a.get(id).await;
        let (mut items, mut page) = (Vec::new(), collection["first"].clone());
        loop {
            items.extend(page[member].as_array().unwrap().iter().map(|uri| uri.as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => page = a.get(next).await.1,
                None => return (collection["totalItems"].as_i64().unwrap(), items),
            }
        }
    };
    let (total, items) = walk(&a.url(&format!("/contexts/{}", post.id)), "orderedItems").await;
    assert_eq!((total, items.as_slice()), (131, all.as_slice()));
    let (total, items) = walk(&format!("{}/replies", post.uri), "items").await;
    assert_eq!((total, items.as_slice()), (130, answers));
    let there = b.ctx().remote().unwrap().resolve_url(&post.uri).await.unwrap();
    let kring::services::ctx::Resolved::Post(there) = there else { panic!("no post") };
    let bob = b.person("Bob").await;
    kring::services::backfill::thread(b.ctx(), &bob, &there).await;
    // As much as is asked for in one go.
    b.until_published(&all[40]).await;
}

async fn personal(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let (ada, bob) = (a.person("Ada").await, a.person("Bob").await);
    let (ada_uri, bob_uri) = (a.url("/people/ada"), a.url("/people/bob"));
    let public = a.publish(&ada, PostForm::new(PostKind::Message, "Hi @bob")).await;
    let (_, note) = a.get(&public.uri).await;
    assert_eq!(note["to"], serde_json::json!([PUBLIC]));
    assert_eq!(note["cc"], serde_json::json!([format!("{ada_uri}/followers"), bob_uri]));
    let form = PostForm { scope: Scope::Readers, ..PostForm::new(PostKind::Message, "Followers") };
    let closed = a.publish(&ada, form).await;
    let note = a.document_of(&closed).await;
    assert_eq!(note["to"], serde_json::json!([format!("{ada_uri}/followers")]));
    let form = PostForm { recipients: vec![bob.member_id().unwrap()], ..PostForm::new(PostKind::Direct, "Psst") };
    let direct = a.publish(&ada, form).await;
    let note = a.document_of(&direct).await;
    assert_eq!((&note["to"], &note["cc"]), (&serde_json::json!([bob_uri]), &serde_json::json!([])));
    assert_eq!(note["tag"][0]["href"].as_str(), Some(bob_uri.as_str()));
    for post in [closed, direct] {
        assert_eq!(a.get(&post.uri).await.0, 404);
    }
}

async fn deleted(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Hello").await;
    posts::delete(a.ctx(), &ada, post.id).await.unwrap();
    let (status, tombstone) = a.get(&post.uri).await;
    assert_eq!((status, tombstone["type"].as_str()), (410, Some("Tombstone")));
    assert_eq!((tombstone["id"].as_str(), tombstone["formerType"].as_str()), (Some(post.uri.as_str()), Some("Note")));
    // In a closed group not even the tombstone is shown to strangers.
    let closed = a.group(&ada, "Board", GroupKind::Private).await;
    let post = a.post(&ada, &closed, PostKind::Message, "", "Hello").await;
    posts::delete(a.ctx(), &ada, post.id).await.unwrap();
    assert_eq!(a.get(&post.uri).await.0, 404);
}

async fn poll(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let (ada, bob) = (a.person("Ada").await, a.person("Bob").await);
    for hidden in [false, true] {
        let options = vec!["Tea".into(), "Coffee".into()];
        let closes_at = Some(a.ctx().now().plus(Time::DAY));
        let poll = Some(NewPoll { options, multiple: false, hidden, closes_at });
        let poll = a.publish(&ada, PostForm { poll, ..PostForm::new(PostKind::Poll, "Which?") }).await;
        posts::vote(a.ctx(), &bob, poll.id, vec![1]).await.unwrap();
        let (_, question) = a.get(&poll.uri).await;
        assert_eq!(question["type"], "Question");
        assert_eq!(question["oneOf"][1]["name"], "Coffee");
        let shown = question["oneOf"][1]["replies"]["totalItems"].as_i64();
        assert_eq!(shown, Some(if hidden { 0 } else { 1 }));
        assert_eq!(question["votersCount"], 1);
        assert!(question["endTime"].is_string() && question.get("closed").is_none());
    }
}

async fn negotiation(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Hello").await;
    for accept in [
        "application/activity+json",
        "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
        "application/ld+json;profile=\"https://www.w3.org/ns/activitystreams\"",
        "application/activity+json, application/ld+json",
    ] {
        assert_eq!(get_as(&post.uri, accept).await.1["id"].as_str(), Some(post.uri.as_str()), "{accept}");
    }
    for accept in ["text/html", "*/*", "application/json"] {
        assert_eq!(get_as(&post.uri, accept).await.1, Value::Null, "{accept}");
    }
    let page = a.app.visitor().get(&format!("/posts/{}", post.id)).await;
    assert!(page.headers["vary"].to_str().unwrap().contains("Accept"));
}

async fn one_namespace(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    for name in ["ada", "ADA"] {
        let mut form = group_form("Lovelace", GroupKind::Public);
        form.name = name.into();
        assert!(groups::create(a.ctx(), &ada, form).await.is_err(), "{name}");
    }
    let mut form = group_form("Bob's friends", GroupKind::Public);
    form.name = "bob".into();
    groups::create(a.ctx(), &ada, form).await.unwrap();
    let bob =
        kring::services::people::NewMember { name: "bob".into(), ..kring::services::people::NewMember::named("Bob") };
    assert!(kring::services::people::create_member(a.ctx(), bob).await.is_err());
}

/// From the address of a page to its document: one look at the page, one at what it names.
async fn alternate(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Hello").await;
    for id in [&post.uri, &group.uri, &a.url("/people/ada")] {
        let path = id.strip_prefix(&a.app.origin()).unwrap();
        let link = format!("<link rel=\"alternate\" type=\"application/activity+json\" href=\"{id}\">");
        let page = a.app.visitor().get(path).await;
        if page.status == 200 {
            let page = page.shows(&link);
            let header = format!("<{id}>; rel=\"alternate\"; type=\"application/activity+json\"");
            assert_eq!(page.headers["link"], header.as_str());
        } else {
            // A profile for members alone has a document all the same.
            assert!(path.starts_with("/people/"), "{path}: {}", page.status);
        }
        assert_eq!(a.get(id).await.1["id"].as_str(), Some(id.as_str()));
    }
}

/// Who says that answers or likes need a yes must give it: we say nothing of the kind.
async fn promises(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let post = a.post(&ada, &group, PostKind::Question, "Who?", "Who knows?").await;
    let answer = a.comment(&ada, post.id, "I do").await;
    for uri in [&post.uri, &answer.uri, &group.uri, &a.url("/people/ada")] {
        let (_, document) = a.get(uri).await;
        // What a word means is told; none is used.
        let mut said = document.as_object().unwrap().clone();
        said.remove("@context");
        let said = serde_json::json!(said).to_string();
        for word in ["canLike", "canReply", "canAnnounce"] {
            assert!(!said.contains(word), "{word} in {uri}");
        }
    }
}
