//! What apps are told of people and posts elsewhere.

use kring::base::ActorId;
use kring::domain::Viewer;
use kring::domain::groups::FollowState;
use kring::services::{accounts, follows};
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::api::Phone;
use crate::api::entities::{ACCOUNT, STATUS, STATUS_NULLABLE, has};
use crate::support::Kind;

on_sqlite! {
    d105_d106_d107_what_is_elsewhere_or_gone_is_told_whole => whole;
}

fn whole_status(status: &Value) {
    has(status, STATUS);
    has(&status["account"], ACCOUNT);
    for key in STATUS_NULLABLE {
        assert!(status.get(*key).is_some(), "{key} in {status}");
    }
    for file in status["media_attachments"].as_array().unwrap() {
        has(file, &["id", "type", "url", "meta"]);
        for size in ["original", "small"] {
            for side in ["width", "height"] {
                assert!(file["meta"][size][side].as_i64().is_some_and(|n| n > 0), "{size}.{side} of {file}");
            }
        }
    }
    if status["reblog"].is_object() {
        whole_status(&status["reblog"]);
    }
}

async fn until_state(a: &Kring, ada: &Viewer, id: ActorId) {
    until("the follow", async || {
        let mut conn = a.ctx().db.read().await.unwrap();
        let follow = kring::store::groups::find_follow(&mut conn, ada.member_id().unwrap(), id).await.unwrap();
        (follow.map(|f| f.state) == Some(FollowState::Accepted)).then_some(())
    })
    .await;
}

/// Someone elsewhere without picture, name or text of their own; their film; what is left when they and others are gone.
async fn whole(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let (ada, bob) = (a.person("Ada").await, a.person("Bob").await);
    let (phone, bobs) = (a.phone(&ada).await, a.phone(&bob).await);
    let peer = Peer::start("gamma", "mastodon").await;
    let mia = peer.actor("Person", "mia", json!({"name": "", "summary": null, "icon": null, "url": null}));
    let known = a.resolve("mia", &peer.host).await;
    follows::request(a.ctx(), &ada, known.id, "").await.unwrap();
    let follow = peer.until_received("Follow", |v| v["type"] == "Follow").await;
    let accept = activity("Accept", &peer.url("/accept"), &mia, follow);
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &accept).await, 202);
    until_state(&a, &ada, known.id).await;
    let files = json!([
        {"type": "Document", "mediaType": "video/mp4", "url": peer.url("/film.mp4")},
        {"type": "Image", "mediaType": "image/png", "url": peer.url("/map.png"), "width": 40, "height": 30, "name": "A map"},
    ]);
    let note =
        note(&peer.url("/notes/1"), &mia, "", json!({"attachment": files, "url": null, "content": "<p>Look</p>"}));
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &create(&note)).await, 202);
    let post = a.until_published(note["id"].as_str().unwrap()).await;
    let path = format!("/api/v1/statuses/{}", post.id);
    let far = Phone::read(phone.get(&path).await);
    whole_status(&far);
    let kinds: Vec<_> = far["media_attachments"].as_array().unwrap().iter().map(|f| f["type"].clone()).collect();
    assert_eq!(kinds, ["video", "image"]);
    let boosted = Phone::read(phone.post(&format!("{path}/reblog"), json!({})).await);
    whole_status(&boosted);
    assert_eq!(boosted["reblog"]["id"], far["id"]);
    let answer = json!({"status": "I see", "in_reply_to_id": far["id"]});
    let answer = Phone::read(phone.post("/api/v1/statuses", answer).await);
    let bobs_answer = json!({"status": "So do I", "in_reply_to_id": answer["id"]});
    let bobs_answer = Phone::read(bobs.post("/api/v1/statuses", bobs_answer).await);
    // The author is gone, and so is Bob.
    peer.put("/users/mia", 410, "application/activity+json", "{}");
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &activity("Delete", &peer.url("/d/1"), &mia, json!(mia))).await, 202);
    until("her end", async || {
        let mut conn = a.ctx().db.read().await.unwrap();
        let found = kring::store::actors::get(&mut conn, known.id).await.unwrap();
        (found.state == kring::domain::actors::ActorState::Deleted).then_some(())
    })
    .await;
    accounts::suspend(a.ctx(), &Viewer::System, bob.member_id().unwrap(), "asked").await.unwrap();
    a.until_quiet().await;
    // What she wrote went with her; what he wrote may come back with him.
    phone.get(&path).await.status(404);
    let page = phone.get(&format!("/api/v1/statuses/{}", bobs_answer["id"].as_str().unwrap())).await;
    match page.status {
        200 => whole_status(&page.json()),
        status => assert_eq!(status, 404),
    }
    let left = Phone::read(phone.get(&format!("/api/v1/statuses/{}", answer["id"].as_str().unwrap())).await);
    whole_status(&left);
    let home = Phone::read(phone.get("/api/v1/timelines/home").await);
    home.as_array().unwrap().iter().for_each(whole_status);
    for id in [known.id, bob.member_id().unwrap()] {
        let page = phone.get(&format!("/api/v1/accounts/{id}")).await;
        match page.status {
            200 => has(&page.json(), ACCOUNT),
            status => assert!(matches!(status, 404 | 410), "{status} for {id}"),
        }
    }
    let thread = Phone::read(phone.get(&format!("/api/v1/statuses/{}/context", answer["id"].as_str().unwrap())).await);
    for part in ["ancestors", "descendants"] {
        thread[part].as_array().unwrap().iter().for_each(whole_status);
    }
}
