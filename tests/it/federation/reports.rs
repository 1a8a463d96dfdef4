//! Reports go to those who can do something: the group's host and its moderators wherever they live, and the author's server. They
//! come from the server, never from whoever reported.

use kring::domain::groups::{GroupKind, GroupRole};
use kring::domain::moderation::ReportState;
use kring::domain::posts::PostKind;
use kring::services::{follows, moderation};
use serde_json::json;

use super::closed::admit;
use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_each_database! {
    reports_reach_the_groups_moderators_wherever_they_live => moderators;
}

on_sqlite! {
    a_report_from_a_microblog_reaches_the_group => received;
    a_report_about_a_community_elsewhere_goes_there => sent;
}

async fn moderators(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let c = Kring::start("gamma", kind).await;
    let (ada, bob, cas) = (a.quiet_person("Ada").await, b.app.person("Bob").await, c.quiet_person("Cas").await);
    let group = a.group(&ada, "Care team", GroupKind::Private).await;
    let (at_b, at_c) = (b.resolve("care_team", &a.host).await, c.resolve("care_team", &a.host).await);
    admit(&a, &ada, &group, &b, &bob.viewer, &at_b).await;
    admit(&a, &ada, &group, &c, &cas, &at_c).await;
    let there = async |kring: &Kring, uri: &str| {
        let mut conn = kring.ctx().db.read().await.unwrap();
        kring::store::actors::find_by_uri(&mut conn, uri).await.unwrap().unwrap().id
    };
    follows::set_role(a.ctx(), &ada, group.id, there(&a, &b.url("/people/bob")).await, GroupRole::Moderator)
        .await
        .unwrap();
    let me = bob.viewer.member_id().unwrap();
    until("the appointment", async || {
        let mut conn = b.ctx().db.read().await.unwrap();
        let follow = kring::store::groups::find_follow(&mut conn, me, at_b.id).await.unwrap()?;
        follow.role.is_moderator().then_some(())
    })
    .await;
    // Cas reports what Ada wrote: at home, at the group's host, and by that at the other moderator's.
    let post = a.post(&ada, &group, PostKind::Message, "", "Rude").await;
    let (at_cas, at_bob) = (c.until_published(&post.uri).await, b.until_published(&post.uri).await);
    moderation::report(c.ctx(), &cas, at_cas.author_id, Some(at_cas.id), "This is rude").await.unwrap();
    let reports =
        async || moderation::reports(b.ctx(), &bob.viewer, Some(at_b.id), ReportState::Open, 0).await.unwrap();
    until("the report", async || (!reports().await.is_empty()).then_some(())).await;
    let told = reports().await;
    assert_eq!((told.len(), told[0].report.reason.as_str()), (1, "This is rude"), "{kind:?}");
    assert_eq!(told[0].post.as_ref().map(|post| post.post.id), Some(at_bob.id), "{kind:?}");
    assert_eq!(
        told[0].reporter.as_ref().unwrap().host.as_deref(),
        Some(a.host.as_str()),
        "{kind:?}: the server says so"
    );
    assert_eq!(moderation::reports(a.ctx(), &ada, Some(group.id), ReportState::Open, 0).await.unwrap().len(), 1);
    let acct = format!("care_team@{}", a.host);
    let page = b.app.browser(&bob).await.get(&format!("/groups/{acct}/moderation")).await.ok();
    page.shows("This is rude").hides("Cas");
    for kring in [&a, &b, &c] {
        kring.until_quiet().await;
        let sent = "SELECT count(*) AS n FROM reports";
        assert_eq!(kring.app.count(sent).await, 1, "{kind:?} {}: once, and round no more", kring.host);
    }
}

async fn received(kind: Kind) {
    let (a, peer) = (Kring::start("alpha", kind).await, Peer::start("masto", "mastodon").await);
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Rude").await;
    let server = peer.actor("Application", "actor", json!({}));
    let mut flag = activity("Flag", &peer.url("/flag/1"), &server, json!([a.url("/people/ada"), post.uri]));
    flag["content"] = json!("<b>Rude</b> indeed");
    for _ in 0..2 {
        assert_eq!(peer.send(&server, &a.url("/inbox"), &flag).await, 202);
        a.until_quiet().await;
    }
    let told = moderation::reports(a.ctx(), &ada, Some(group.id), ReportState::Open, 0).await.unwrap();
    assert_eq!(told.len(), 1, "repeated, it is one");
    assert_eq!(told[0].post.as_ref().map(|view| view.post.id), Some(post.id));
    // About somebody elsewhere, in no group here: it is not ours to do anything about.
    let other = activity("Flag", &peer.url("/flag/2"), &server, json!([peer.person("mia")]));
    assert_eq!(peer.send(&server, &a.url("/inbox"), &other).await, 202);
    a.until_quiet().await;
    assert_eq!(a.app.count("SELECT count(*) AS n FROM reports").await, 1);
}

async fn sent(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.quiet_person("Ada").await;
    let (host, other) = (Peer::start("lemming", "lemmy").await, Peer::start("other", "lemmy").await);
    let community = host.actor("Group", "gardens", json!({}));
    let mel = other.person("mel");
    let group = a.resolve("gardens", &host.host).await;
    follows::request(a.ctx(), &ada, group.id, "").await.unwrap();
    let follow = host.until_received("the request", |v| v["type"] == "Follow").await;
    let accept = activity("Accept", &host.url("/accept/1"), &community, follow);
    assert_eq!(host.send(&community, &a.url("/inbox"), &accept).await, 202);
    a.until_quiet().await;
    let more =
        json!({"to": [community, "https://www.w3.org/ns/activitystreams#Public"], "cc": [], "audience": community});
    let rude = note(&other.url("/notes/1"), &mel, "<p>Rude</p>", more);
    other.serve(&rude);
    let announce = super::threadiverse::announce(&host, 1, &community, &create(&rude));
    assert_eq!(host.send(&community, &a.url("/inbox"), &announce).await, 202);
    let here = a.until_published(&other.url("/notes/1")).await;
    moderation::report(a.ctx(), &ada, here.author_id, Some(here.id), "Please look").await.unwrap();
    for peer in [&host, &other] {
        let flag = peer.until_received("the report", |v| v["type"] == "Flag").await;
        assert_eq!(flag["actor"], a.url("/actor"), "not who reported");
        assert_eq!(flag["object"], json!([mel, here.uri]));
        assert_eq!((&flag["content"], &flag["summary"]), (&json!("Please look"), &json!("Please look")));
        assert!(!flag.to_string().contains("ada"), "{flag}");
    }
}
