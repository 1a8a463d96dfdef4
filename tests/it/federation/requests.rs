//! Who comes into a group is decided by any of its moderators, wherever they live: asked there, decided there, done where the
//! group is.

use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::{FollowState, GroupKind, GroupRole};
use kring::domain::notices::NoticeKind;
use kring::services::{follows, groups, notices};
use serde_json::json;

use super::closed::admit;
use super::peer::*;
use super::support::*;
use crate::support::{Browser, Kind};

on_each_database! {
    moderators_elsewhere_let_in_refuse_and_invite => decided;
    who_is_no_moderator_lets_nobody_in => strangers;
}

async fn state_at(kring: &Kring, who: &str, group: &Actor) -> Option<FollowState> {
    let mut conn = kring.ctx().db.read().await.unwrap();
    let actor = kring::store::actors::find_by_uri(&mut conn, who).await.unwrap()?;
    kring::store::groups::find_follow(&mut conn, actor.id, group.id).await.unwrap().map(|follow| follow.state)
}

async fn until_state_at(kring: &Kring, who: &str, group: &Actor, wanted: Option<FollowState>) {
    until(&format!("{wanted:?} of {who} at {}", kring.host), async || {
        (state_at(kring, who, group).await == wanted).then_some(())
    })
    .await;
}

async fn appoint(home: &Kring, owner: &Viewer, group: &Actor, who: &str, there: &Kring, copy: &Actor, member: &Viewer) {
    let mut conn = home.ctx().db.read().await.unwrap();
    let actor = kring::store::actors::find_by_uri(&mut conn, who).await.unwrap().unwrap();
    drop(conn);
    follows::set_role(home.ctx(), owner, group.id, actor.id, GroupRole::Moderator).await.unwrap();
    let me = member.member_id().unwrap();
    until("the appointment", async || {
        let mut conn = there.ctx().db.read().await.unwrap();
        let follow = kring::store::groups::find_follow(&mut conn, me, copy.id).await.unwrap()?;
        (follow.role == GroupRole::Moderator).then_some(())
    })
    .await;
}

/// Presses a button on the page of who waits, of somebody whose name is shown there.
async fn press(browser: &Browser, group: &str, name: &str, kring: &Kring, who: &str, what: &str) {
    browser.get(&format!("/groups/{group}/moderation")).await.ok().shows(name);
    let mut conn = kring.ctx().db.read().await.unwrap();
    let actor = kring::store::actors::find_by_uri(&mut conn, who).await.unwrap().unwrap();
    drop(conn);
    browser.post(&format!("/groups/{group}/people/{}/{what}", actor.id), &[("reason", "full")]).await.ok();
}

async fn decided(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let c = Kring::start("gamma", kind).await;
    let (ada, bob) = (a.quiet_person("Ada").await, b.app.person("Bob").await);
    let group = a.group(&ada, "Care team", GroupKind::Private).await;
    let at_b = b.resolve("care_team", &a.host).await;
    admit(&a, &ada, &group, &b, &bob.viewer, &at_b).await;
    let at_c = c.resolve("care_team", &a.host).await;
    // Who asks before he is a moderator, he hears of when he is one.
    let (cas, dia, eva) = (c.quiet_person("Cas").await, c.quiet_person("Dia").await, c.person("Eva").await);
    let (cas_id, dia_id) = (c.url("/people/cas"), c.url("/people/dia"));
    follows::request(c.ctx(), &cas, at_c.id, "I am a nurse").await.unwrap();
    until_state_at(&a, &cas_id, &group, Some(FollowState::Requested)).await;
    appoint(&a, &ada, &group, &b.url("/people/bob"), &b, &at_b, &bob.viewer).await;
    until_state_at(&b, &cas_id, &at_b, Some(FollowState::Requested)).await;
    let acct = format!("care_team@{}", a.host);
    let browser = b.app.browser(&bob).await;
    let told = async || {
        let page = kring::base::Page::first(40);
        let all = notices::list(b.ctx(), &bob.viewer, &[NoticeKind::JoinRequest], page).await.unwrap();
        all.items.len()
    };
    until("the notice", async || (told().await == 1).then_some(())).await;
    // The third server's administrators could read along: he is told so, as far as it is known at his server.
    browser.get(&format!("/groups/{acct}/moderation")).await.ok().shows(&format!("Misschien is van {}", c.host));
    press(&browser, &acct, "Cas", &b, &cas_id, "accept").await;
    c.until_state(&cas, &at_c, Some(FollowState::Accepted)).await;
    assert_eq!(state_at(&b, &cas_id, &at_b).await, None, "{kind:?}: what was asked is over there");
    let log = "SELECT count(*) AS n FROM moderation_log WHERE action = 'admit'";
    assert_eq!(a.app.count(log).await, 2, "{kind:?}: Bob by Ada, Cas by Bob");

    // Refused, with a reason; the group's own moderators see nothing of it any more.
    follows::request(c.ctx(), &dia, at_c.id, "").await.unwrap();
    until_state_at(&b, &dia_id, &at_b, Some(FollowState::Requested)).await;
    press(&browser, &acct, "Dia", &b, &dia_id, "refuse").await;
    c.until_state(&dia, &at_c, None).await;
    until_state_at(&a, &dia_id, &group, None).await;
    // Asked again, and decided at home, or taken back: it is over at Bob's server as well.
    for by_ada in [true, false] {
        follows::request(c.ctx(), &dia, at_c.id, "").await.unwrap();
        until_state_at(&b, &dia_id, &at_b, Some(FollowState::Requested)).await;
        if by_ada {
            let mut conn = a.ctx().db.read().await.unwrap();
            let there = kring::store::actors::find_by_uri(&mut conn, &dia_id).await.unwrap().unwrap();
            drop(conn);
            follows::reject(a.ctx(), &ada, group.id, there.id, "").await.unwrap();
        } else {
            follows::leave(c.ctx(), &dia, at_c.id).await.unwrap();
        }
        until_state_at(&b, &dia_id, &at_b, None).await;
        c.until_state(&dia, &at_c, None).await;
    }
    // Somebody of the group's own server, known to nobody else, is decided about elsewhere too; and somebody of his own.
    let (ann, bea) = (a.quiet_person("Ann").await, b.quiet_person("Bea").await);
    follows::request(a.ctx(), &ann, group.id, "").await.unwrap();
    until_state_at(&b, &a.url("/people/ann"), &at_b, Some(FollowState::Requested)).await;
    press(&browser, &acct, "Ann", &b, &a.url("/people/ann"), "accept").await;
    a.until_state(&ann, &group, Some(FollowState::Accepted)).await;
    follows::request(b.ctx(), &bea, at_b.id, "").await.unwrap();
    until_state_at(&a, &b.url("/people/bea"), &group, Some(FollowState::Requested)).await;
    press(&browser, &acct, "Bea", &b, &b.url("/people/bea"), "accept").await;
    b.until_state(&bea, &at_b, Some(FollowState::Accepted)).await;

    // And he invites: the group asks, and who was asked comes in at once.
    let people = format!("/groups/{acct}/people");
    let name = format!("@eva@{}", c.host);
    browser.post(&people, &[("name", &name)]).await.shows("technisch meelezen");
    browser.post(&people, &[("name", &name), ("sure", &name)]).await.ok();
    c.until_state(&eva, &at_c, Some(FollowState::Invited)).await;
    c.join(&eva, &at_c).await;
    let members = groups::members(a.ctx(), &ada, group.id, 0, 40).await.unwrap();
    assert_eq!(members.len(), 6, "{kind:?}");
    // Who keeps no order any more has nothing to decide, and is told of nobody else.
    follows::request(c.ctx(), &dia, at_c.id, "").await.unwrap();
    until_state_at(&b, &dia_id, &at_b, Some(FollowState::Requested)).await;
    let mut conn = a.ctx().db.read().await.unwrap();
    let bob_there = kring::store::actors::find_by_uri(&mut conn, &b.url("/people/bob")).await.unwrap().unwrap();
    drop(conn);
    follows::set_role(a.ctx(), &ada, group.id, bob_there.id, GroupRole::Member).await.unwrap();
    until_state_at(&b, &dia_id, &at_b, None).await;
    follows::leave(c.ctx(), &dia, at_c.id).await.unwrap();
    until_state_at(&a, &dia_id, &group, None).await;
    for kring in [&a, &b, &c] {
        kring.until_quiet().await;
        let left = "SELECT count(*) AS n FROM follows WHERE state = 'requested'";
        assert_eq!(kring.app.count(left).await, 0, "{kind:?} {}", kring.host);
    }
}

/// A member who keeps no order, one of another group's moderators, and a stranger: what they decide counts for nothing. Nor does a
/// group ask moderators it does not have here.
async fn strangers(kind: Kind) {
    let (a, peer) = (Kring::start("alpha", kind).await, Peer::start("epsilon", "kring").await);
    let ada = a.person("Ada").await;
    let (group, other) =
        (a.group(&ada, "Care team", GroupKind::Private).await, a.group(&ada, "Board", GroupKind::Private).await);
    let (eve, mia, lou) = (peer.person("eve"), peer.person("mia"), peer.person("lou"));
    let send = async |who: &str, sent: serde_json::Value| {
        assert_eq!(peer.send(who, &a.url("/inbox"), &sent).await, 202);
        a.until_quiet().await;
    };
    let known = async |uri: &str| {
        let mut conn = a.ctx().db.read().await.unwrap();
        kring::store::actors::find_by_uri(&mut conn, uri).await.unwrap().unwrap().id
    };
    let asked = activity("Follow", &peer.url("/f/lou"), &lou, json!(group.uri));
    send(&eve, activity("Follow", &peer.url("/f/eve"), &eve, json!(group.uri))).await;
    send(&mia, activity("Follow", &peer.url("/f/mia"), &mia, json!(other.uri))).await;
    follows::accept(a.ctx(), &ada, group.id, known(&eve).await).await.unwrap();
    follows::accept(a.ctx(), &ada, other.id, known(&mia).await).await.unwrap();
    follows::set_role(a.ctx(), &ada, other.id, known(&mia).await, GroupRole::Moderator).await.unwrap();
    send(&lou, asked.clone()).await;
    for (n, who) in [&eve, &mia, &lou].into_iter().enumerate() {
        send(who, activity("Accept", &peer.url(&format!("/acc/{n}")), who, asked.clone())).await;
        send(who, activity("Reject", &peer.url(&format!("/rej/{n}")), who, asked.clone())).await;
        let mut invite = activity("Invite", &peer.url(&format!("/inv/{n}")), who, json!(group.uri));
        invite["target"] = json!(peer.person("nia"));
        send(who, invite).await;
        assert_eq!(state_at(&a, &lou, &group).await, Some(FollowState::Requested), "{kind:?} {who}");
        assert_eq!(state_at(&a, &peer.url("/users/nia"), &group).await, None, "{kind:?} {who}");
    }
    // A moderator of the group does, and takes a member out; but not its owner.
    follows::set_role(a.ctx(), &ada, group.id, known(&eve).await, GroupRole::Moderator).await.unwrap();
    send(&eve, activity("Accept", &peer.url("/acc/9"), &eve, asked.clone())).await;
    assert_eq!(state_at(&a, &lou, &group).await, Some(FollowState::Accepted), "{kind:?}");
    send(&eve, activity("Reject", &peer.url("/rej/9"), &eve, asked.clone())).await;
    assert_eq!(state_at(&a, &lou, &group).await, None, "{kind:?}");
    let owner = activity("Follow", &a.url("/f/ada"), &a.url("/people/ada"), json!(group.uri));
    send(&eve, activity("Reject", &peer.url("/rej/10"), &eve, owner)).await;
    assert_eq!(state_at(&a, &a.url("/people/ada"), &group).await, Some(FollowState::Accepted), "{kind:?}");
    // Nobody here keeps order in a group elsewhere that asks: it is told nothing, and nobody is put on a list.
    let moderators = format!("{}/moderators", peer.url("/users/theirs"));
    let theirs = peer.actor("Group", "theirs", json!({"manuallyApprovesFollowers": true, "attributedTo": moderators}));
    let follow = activity("Follow", &peer.url("/f/30"), &lou, json!(theirs));
    send(&theirs, activity("Offer", &peer.url("/off/1"), &theirs, follow.clone())).await;
    let elsewhere = a.resolve("theirs", &peer.host).await;
    assert_eq!(state_at(&a, &lou, &elsewhere).await, None, "{kind:?}");
    // It makes nobody here a moderator or one who asks: they do so by their own word alone.
    let mut add = activity("Add", &peer.url("/add/1"), &theirs, json!(a.url("/people/ada")));
    add["target"] = json!(format!("{theirs}/moderators"));
    send(&theirs, add).await;
    let ada_asks = activity("Follow", &peer.url("/f/31"), &a.url("/people/ada"), json!(theirs));
    send(&theirs, activity("Offer", &peer.url("/off/4"), &theirs, ada_asks.clone())).await;
    send(&theirs, activity("Accept", &peer.url("/acc/31"), &theirs, ada_asks)).await;
    assert_eq!(state_at(&a, &a.url("/people/ada"), &elsewhere).await, None, "{kind:?}");
    // Nor does a person, or a group about another group.
    send(&eve, activity("Offer", &peer.url("/off/2"), &eve, follow)).await;
    send(&theirs, activity("Offer", &peer.url("/off/3"), &theirs, asked)).await;
    assert_eq!(state_at(&a, &lou, &group).await, None, "{kind:?}");
}
