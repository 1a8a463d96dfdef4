//! Losing access although the message was lost: by the digest that comes with each delivery (FEP-8fcf), by asking once a
//! day, and after two weeks of silence.

use kring::base::*;
use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::{FollowState, GroupKind};
use kring::domain::posts::PostKind;
use kring::services::follows;
use kring::store;
use serde_json::json;

use super::peer::*;
use super::support::*;
use super::threadiverse::{announce, community};
use crate::support::Kind;

on_each_database! {
    g3_a_lost_removal_is_noticed => lost;
    a_late_answer_ends_no_ban_and_no_new_request => late_answers;
}

on_sqlite! {
    d95_a_silent_host_hides_its_closed_groups => silent;
}

/// Takes someone out of a group while the message gets lost.
async fn remove_in_silence(home: &Kring, group: &Actor, uri: &str) {
    let (uri, group) = (uri.to_owned(), group.id);
    home.ctx()
        .db
        .write(move |conn| {
            Box::pin(async move {
                let who = store::actors::find_by_uri(conn, &uri).await?.ok_or(Error::NotFound)?;
                follows::end(conn, who.id, group).await
            })
        })
        .await
        .unwrap();
}

async fn join(home: &Kring, owner: &Viewer, group: &Actor, there: &Kring, who: &Viewer, as_known: &Actor) {
    follows::request(there.ctx(), who, as_known.id, "").await.unwrap();
    let uri = there.url(&format!("/people/{}", there.name_of(who).await));
    let id = until("the request", async || {
        let mut conn = home.ctx().db.read().await.unwrap();
        let actor = store::actors::find_by_uri(&mut conn, &uri).await.unwrap()?;
        store::groups::find_follow(&mut conn, actor.id, group.id).await.unwrap().map(|_| actor.id)
    })
    .await;
    follows::accept(home.ctx(), owner, group.id, id).await.unwrap();
    there.until_state(who, as_known, Some(FollowState::Accepted)).await;
}

async fn lost(kind: Kind) {
    let (a, c) = (Kring::start("alpha", kind).await, Kring::start("gamma", kind).await);
    let (ada, cas, cleo) = (a.person("Ada").await, c.person("Cas").await, c.person("Cleo").await);
    let group = a.group(&ada, "Care team", GroupKind::Private).await;
    let there = c.resolve("care_team", &a.host).await;
    for who in [&cas, &cleo] {
        join(&a, &ada, &group, &c, who, &there).await;
    }
    let post = a.post(&ada, &group, PostKind::Message, "", "Inside").await;
    let here = c.until_published(&post.uri).await;
    assert!(c.view(&cas, here.id).await.is_ok() && c.view(&cleo, here.id).await.is_ok());
    // Cleo goes and her server does not hear it; the next post tells that its members are others.
    remove_in_silence(&a, &group, &c.url("/people/cleo")).await;
    let next = a.post(&ada, &group, PostKind::Message, "", "Without Cleo").await;
    c.until_published(&next.uri).await;
    c.until_state(&cleo, &there, None).await;
    assert!(c.view(&cleo, here.id).await.is_err(), "nor what she had read before");
    assert!(c.view(&cas, here.id).await.is_ok());
    // Cas, the last, goes too: nothing comes any more, so nothing tells. Asked, the group's host says no.
    remove_in_silence(&a, &group, &c.url("/people/cas")).await;
    a.post(&ada, &group, PostKind::Message, "", "Without anyone there").await;
    a.until_quiet().await;
    a_while().await;
    assert!(c.view(&cas, here.id).await.is_ok(), "not yet");
    c.app.federation().check_memberships().await.unwrap();
    c.until_state(&cas, &there, None).await;
    assert!(c.view(&cas, here.id).await.is_err());
}

async fn late_answers(kind: Kind) {
    let (a, c) = (Kring::start("alpha", kind).await, Kring::start("gamma", kind).await);
    let (ada, cas) = (a.person("Ada").await, c.person("Cas").await);
    let group = a.group(&ada, "Care team", GroupKind::Private).await;
    let there = c.resolve("care_team", &a.host).await;
    join(&a, &ada, &group, &c, &cas, &there).await;
    let me = cas.member_id().unwrap();
    // What a list of members said, read before the ban came and worked on after it.
    let known = store::actors::find_by_uri(&mut a.ctx().db.read().await.unwrap(), &c.url("/people/cas")).await;
    let banned = known.unwrap().unwrap().id;
    follows::ban(a.ctx(), &ada, group.id, banned, true, None, "").await.unwrap();
    c.until_state(&cas, &there, Some(FollowState::Banned)).await;
    follows::received_absence(c.ctx(), me, there.id).await.unwrap();
    follows::received_reject(c.ctx(), me, there.id).await.unwrap();
    c.until_state(&cas, &there, Some(FollowState::Banned)).await;
    // Let in again, Cas asks; a list from before that takes nothing away, a refusal does.
    follows::ban(a.ctx(), &ada, group.id, banned, false, None, "").await.unwrap();
    c.until_state(&cas, &there, None).await;
    follows::request(c.ctx(), &cas, there.id, "").await.unwrap();
    follows::received_absence(c.ctx(), me, there.id).await.unwrap();
    c.until_state(&cas, &there, Some(FollowState::Requested)).await;
    follows::received_reject(c.ctx(), me, there.id).await.unwrap();
    c.until_state(&cas, &there, None).await;
}

async fn silent(kind: Kind) {
    let (a, ada, peer, group_uri, group) =
        community(kind, json!({"manuallyApprovesFollowers": true, "discoverable": false})).await;
    let lou = peer.person("lou");
    let mut inside = note(&peer.url("/post/1"), &lou, "<p>Inside</p>", json!({}));
    inside["to"] = json!([group_uri, format!("{group_uri}/followers")]);
    inside["cc"] = json!([]);
    let mut told = announce(&peer, 1, &group_uri, &create(&inside));
    told["to"] = json!([format!("{group_uri}/followers")]);
    told["cc"] = json!([]);
    assert_eq!(peer.send(&group_uri, &a.url("/inbox"), &told).await, 202);
    let post = a.until_published(inside["id"].as_str().unwrap()).await;
    let (member, id) = (ada.member_id().unwrap(), group.id);
    let heard = async |days: i64| {
        let at = a.ctx().now().plus(-days * Time::DAY);
        a.ctx()
            .db
            .write(move |conn| Box::pin(async move { store::memberships::confirm(conn, member, id, at).await }))
            .await
            .unwrap();
    };
    let check = async || a.app.federation().check_memberships().await.unwrap();
    let followers = "/users/gardens/followers";
    // A week of silence is forgiven; two are not, and then the host speaks again.
    peer.put(followers, 503, "text/plain", "");
    heard(7).await;
    check().await;
    assert!(a.view(&ada, post.id).await.is_ok());
    heard(15).await;
    check().await;
    assert!(a.view(&ada, post.id).await.is_err());
    a.until_state(&ada, &group, Some(FollowState::Accepted)).await;
    peer.put(followers, 200, "application/activity+json", "{}");
    check().await;
    assert!(a.view(&ada, post.id).await.is_ok());
    let asked = peer.seen().into_iter().rfind(|s| s.path.starts_with(followers)).unwrap();
    assert!(asked.path.contains("is_follower="), "{}", asked.path);
    assert!(asked.header("signature").contains("/people/ada#main-key"));
    // No is no.
    peer.put(followers, 404, "text/plain", "");
    check().await;
    a.until_state(&ada, &group, None).await;
    assert!(a.view(&ada, post.id).await.is_err());
}
