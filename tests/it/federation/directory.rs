//! Partners find each other's groups in the search of their own Kring, and read network groups before anyone joined.

use kring::domain::Viewer;
use kring::domain::groups::{FollowState, GroupKind};
use kring::domain::peers::{PeerScope, PeerState, Terms};
use kring::domain::people::Role;
use kring::domain::posts::PostKind;
use kring::services::{groups, peers};
use kring::store;

use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_each_database! {
    partners_find_each_others_groups_in_one_search => found;
}

on_sqlite! {
    a_list_of_groups_is_for_the_partners_server_alone => alone;
    a_list_that_lies_adds_nothing => lies;
    only_a_partners_server_is_in_a_group_for_its_members => stands;
    a_network_group_of_another_kind_is_followed_for_nobody => widened;
}

fn terms(scope: &[PeerScope]) -> Terms {
    let purpose = "Reading together".to_owned();
    Terms { scope: scope.to_vec(), purpose, contact: String::new(), retention: String::new() }
}

/// An agreement as it is made: offered by one, accepted by the other.
async fn agree(a: &Kring, b: &Kring, scope: &[PeerScope]) {
    peers::offer(a.ctx(), &Viewer::System, &b.host, terms(scope)).await.unwrap();
    let asked = until("the offer", async || {
        let host = store::federation::find_host(&mut b.ctx().db.read().await.unwrap(), &a.host).await.unwrap()?;
        (host.peer_state == PeerState::Asked).then_some(host.id)
    })
    .await;
    peers::accept(b.ctx(), &Viewer::System, asked, terms(scope)).await.unwrap();
    until("the answer", async || {
        let host = store::federation::find_host(&mut a.ctx().db.read().await.unwrap(), &b.host).await.unwrap()?;
        (host.peer_state == PeerState::Accepted).then_some(())
    })
    .await;
}

/// Names of the groups that somebody finds, those of other servers with their host.
async fn finds(kring: &Kring, who: &Viewer) -> Vec<String> {
    let lines = groups::find(kring.ctx(), who, "", ("", -1), 50).await.unwrap();
    lines.iter().map(|line| line.actor.acct()).collect()
}

async fn until_finds(kring: &Kring, who: &Viewer, what: &[String]) {
    until(&format!("{what:?} at {}", kring.host), async || {
        let mut found = finds(kring, who).await;
        found.sort();
        (found == what).then_some(())
    })
    .await;
}

async fn found(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let (ada, bob) = (a.quiet_person("Ada").await, b.quiet_person("Bob").await);
    let id = b.quiet_person("Gast").await.member_id().unwrap();
    let guest = Viewer::Member { id, role: Role::Member, guest: true };
    a.group(&ada, "Tuin", GroupKind::Public).await;
    let overleg = a.group(&ada, "Overleg", GroupKind::Network).await;
    let plannen = a.group(&ada, "Plannen", GroupKind::Network).await;
    a.group(&ada, "Geheim", GroupKind::Private).await;
    a.group(&ada, "Intern", GroupKind::Organisation).await;
    agree(&a, &b, &[PeerScope::Public, PeerScope::Network]).await;
    let all = ["overleg", "plannen", "tuin"].map(|name| format!("{name}@{}", a.host));
    until_finds(&b, &bob, &all).await;
    until_finds(&b, &guest, &all[2..]).await;
    until_finds(&b, &Viewer::Anonymous, &all[2..]).await;
    // In the same search as one's own.
    b.app.searchable().await;
    let name = b.name_of(&bob).await;
    let person = crate::support::Person { id: bob.member_id().unwrap(), name, viewer: bob };
    let browser = b.app.browser(&person).await;
    browser.get("/search?q=overleg").await.ok().shows("Overleg");
    browser.get("/groups").await.ok().shows("Overleg").shows(&a.host);

    // Nobody of B is in it, and yet its members read along; guests and strangers do not.
    until("the server's place in the group", async || {
        let server = b.app.federation().ctx.urls.server_actor();
        let mut conn = a.ctx().db.read().await.unwrap();
        let server = store::actors::find_by_uri(&mut conn, &server).await.unwrap()?;
        let follow = store::groups::find_follow(&mut conn, server.id, overleg.id).await.unwrap()?;
        (follow.state == FollowState::Accepted).then_some(())
    })
    .await;
    let post = a.post(&ada, &overleg, PostKind::Message, "", "Who brings soup?").await;
    let plan = a.post(&ada, &plannen, PostKind::Message, "", "Next year").await;
    let (at_b, plan_at_b) = (b.until_published(&post.uri).await, b.until_published(&plan.uri).await);
    assert!(b.view(&bob, at_b.id).await.is_ok());
    for other in [&guest, &Viewer::Anonymous] {
        assert!(b.view(other, at_b.id).await.is_err());
    }
    // The server is no member: it is in no list and in no count.
    let view = groups::view(a.ctx(), &ada, overleg.id).await.unwrap();
    assert_eq!(view.group.members_count, 1);
    let members = groups::members(a.ctx(), &ada, overleg.id, -1, 20).await.unwrap();
    assert_eq!(members.iter().map(|line| line.actor.name.as_str()).collect::<Vec<_>>(), ["ada"]);
    // Who wants to write joins, as everyone does.
    let there = b.resolve("overleg", &a.host).await;
    b.join(&bob, &there).await;
    let from_b = b.post(&bob, &there, PostKind::Message, "", "I do").await;
    a.until_published(&from_b.uri).await;

    // A group that becomes private is no business of B's server any more: only of who joined.
    groups::update(a.ctx(), &ada, plannen.id, group_form("Plannen", GroupKind::Private)).await.unwrap();
    until("nothing to be read any more", async || b.view(&bob, plan_at_b.id).await.is_err().then_some(())).await;
    let secret = a.post(&ada, &plannen, PostKind::Message, "", "Only us").await;
    a.until_quiet().await;
    a_while().await;
    assert!(b.find(&secret.uri).await.is_none());
    assert_eq!(a.get(&format!("{}/followers", overleg.uri)).await.1["totalItems"], 0, "a stranger is told nothing");

    // It ends: nothing of it is read or found; agreed again, all of it is there.
    let host = store::federation::find_host(&mut b.ctx().db.read().await.unwrap(), &a.host).await.unwrap().unwrap();
    peers::end(b.ctx(), &Viewer::System, host.id, "").await.unwrap();
    assert!(b.view(&bob, at_b.id).await.is_err(), "not even for members, until it is agreed again");
    assert!(!finds(&b, &guest).await.contains(&all[0]));
    let other = b.quiet_person("Olga").await;
    assert!(!finds(&b, &other).await.contains(&all[0]));
    until("the end of it", async || {
        let host = store::federation::find_host(&mut a.ctx().db.read().await.unwrap(), &b.host).await.unwrap()?;
        (host.peer_state == PeerState::Ended).then_some(())
    })
    .await;
    // The daily questions end no membership meanwhile.
    b.app.federation().check_memberships().await.unwrap();
    b.until_state(&bob, &there, Some(FollowState::Accepted)).await;
    agree(&a, &b, &[PeerScope::Public, PeerScope::Network]).await;
    until("it is read again", async || b.view(&bob, at_b.id).await.is_ok().then_some(())).await;
    assert!(b.view(&other, at_b.id).await.is_ok());
    assert!(b.view(&guest, at_b.id).await.is_err());
    assert!(b.view(&bob, plan_at_b.id).await.is_err(), "what became private stays so");
    // What Bob could do he can do again.
    let again = b.post(&bob, &there, PostKind::Message, "", "Where were we?").await;
    a.until_published(&again.uri).await;
    until("it is listed again", async || finds(&b, &other).await.contains(&all[0]).then_some(())).await;
}

async fn alone(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let (d, e) = (Peer::start("delta", "kring").await, Peer::start("epsilon", "kring").await);
    let ada = a.person("Ada").await;
    for (name, kind) in [("Tuin", GroupKind::Public), ("Overleg", GroupKind::Network), ("Geheim", GroupKind::Private)] {
        a.group(&ada, name, kind).await;
    }
    for n in 0..25 {
        a.group(&ada, &format!("Groep {n}"), GroupKind::Public).await;
    }
    let server = |peer: &Peer| peer.actor("Application", "server", serde_json::json!({}));
    let (of_d, of_e, eve) = (server(&d), server(&e), d.person("eve"));
    a.agrees(&d.host, "public").await;
    let list = a.url("/actor/groups");
    assert_eq!(get_as(&list, "application/activity+json").await.0, 404);
    assert_eq!(d.get(&eve, &list).await.0, 404, "a person is no server");
    assert_eq!(e.get(&of_e, &list).await.0, 404, "there is no agreement");
    assert_eq!(d.get(&of_d, &list).await.1["totalItems"], 26);
    let pages = async || {
        let (mut names, mut page) = (Vec::new(), format!("{list}?page=1"));
        loop {
            let found = d.get(&of_d, &page).await.1;
            let items = found["orderedItems"].as_array().unwrap().clone();
            names.extend(items.iter().map(|item| item["preferredUsername"].as_str().unwrap().to_owned()));
            match found["next"].as_str() {
                Some(next) => page = next.to_owned(),
                None => return names,
            }
        }
    };
    let told = pages().await;
    assert_eq!(told.len(), 26);
    assert!(told.contains(&"tuin".to_owned()) && !told.contains(&"overleg".to_owned()));
    a.agrees(&d.host, "network").await;
    assert_eq!(pages().await, ["overleg"]);
    a.agrees(&d.host, "people").await;
    assert_eq!(d.get(&of_d, &list).await.0, 404);
}

/// What a list says of other servers, or of what is no group, is not believed; nor does it make us read for ever.
async fn lies(kind: Kind) {
    let b = Kring::start("beta", kind).await;
    let bob = b.person("Bob").await;
    let (d, other) = (Peer::start("delta", "kring").await, Peer::start("gamma", "kring").await);
    let list = d.url("/actor/groups");
    let endpoints = serde_json::json!({"endpoints": {"sharedInbox": d.url("/inbox"), "kring:groups": list}});
    d.actor("Group", "tuin", serde_json::json!({}));
    other.actor("Group", "stolen", serde_json::json!({"name": "Not what it is"}));
    d.person("mia");
    d.actor("Application", "delta.localhost", endpoints);
    let documents = [d.document("/users/tuin"), other.document("/users/stolen"), d.document("/users/mia")];
    // Every page says that the next one is itself, or another after it.
    let page = serde_json::json!({"id": list, "type": "OrderedCollection", "orderedItems": documents, "next": list});
    d.put("/actor/groups", 200, "application/activity+json", &page.to_string());
    b.agrees(&d.host, "public,network").await;
    let host = store::federation::find_host(&mut b.ctx().db.read().await.unwrap(), &d.host).await.unwrap().unwrap();
    let ctx = b.ctx().clone();
    b.ctx().db.write(move |conn| Box::pin(async move { peers::look_around(conn, &ctx, host.id).await })).await.unwrap();
    b.ctx().wake.now();
    until_finds(&b, &bob, &[format!("tuin@{}", d.host)]).await;
    let asked = d.seen().iter().filter(|seen| seen.path.starts_with("/actor/groups")).count();
    assert_eq!(asked, 1);
    assert!(other.seen().is_empty(), "nothing was asked of the other server");
}

/// Whatever calls itself a server is a member like any other: it asks, is seen, and is kept out.
async fn stands(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let d = Peer::start("delta", "kring").await;
    a.agrees(&d.host, "public,network").await;
    let mut form = group_form("Overleg", GroupKind::Network);
    form.approval = true;
    let group = groups::create(a.ctx(), &ada, form).await.unwrap();
    let bot = d.actor("Application", "bot", serde_json::json!({}));
    let ask = async |id: &str| {
        let follow = activity("Follow", &d.url(id), &bot, serde_json::json!(group.uri));
        assert_eq!(d.send(&bot, &a.url("/inbox"), &follow).await, 202);
        a.until_quiet().await;
        let mut conn = a.ctx().db.read().await.unwrap();
        let who = store::actors::find_by_uri(&mut conn, &bot).await.unwrap().unwrap();
        let follow = store::groups::find_follow(&mut conn, who.id, group.id).await.unwrap();
        (who.id, follow.map(|follow| follow.state))
    };
    let (who, state) = ask("/f/1").await;
    assert_eq!(state, Some(FollowState::Requested));
    let waiting = groups::waiting(a.ctx(), &ada, group.id).await.unwrap();
    assert!(waiting.iter().any(|line| line.actor.name == "bot"), "a moderator sees it");
    kring::services::follows::ban(a.ctx(), &ada, group.id, who, true, None, "").await.unwrap();
    assert_eq!(ask("/f/2").await.1, Some(FollowState::Banned));
}

/// A network group that opens to everyone needs nobody to stand for anyone; who owns one alone may leave though a partner's server
/// is in it.
async fn widened(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let (ada, bob) = (a.person("Ada").await, b.person("Bob").await);
    let overleg = a.group(&ada, "Overleg", GroupKind::Network).await;
    agree(&a, &b, &[PeerScope::Network]).await;
    let servers = async |kring: &Kring| {
        let sql = "SELECT count(*) AS n FROM follows JOIN actors ON actors.id = follows.follower_id WHERE actors.kind = \
                   'application' AND follows.state = 'accepted'";
        kring.app.count(sql).await
    };
    until("the server's place", async || ((servers(&a).await, servers(&b).await) == (1, 1)).then_some(())).await;
    groups::update(a.ctx(), &ada, overleg.id, group_form("Overleg", GroupKind::Public)).await.unwrap();
    until("its end", async || ((servers(&a).await, servers(&b).await) == (0, 0)).then_some(())).await;
    groups::update(a.ctx(), &ada, overleg.id, group_form("Overleg", GroupKind::Network)).await.unwrap();
    b.app.federation().read_directories("").await.unwrap();
    until("a place again", async || ((servers(&a).await, servers(&b).await) == (1, 1)).then_some(())).await;
    until_finds(&b, &bob, &[format!("overleg@{}", a.host)]).await;
    kring::services::leaving::leave(a.ctx(), &ada).await.unwrap();
    let left = format!("SELECT count(*) AS n FROM actors WHERE id = {} AND state = 'deleted'", overleg.id.0);
    assert_eq!(a.app.count(&left).await, 1, "it goes with its only member");
    until("the end of the group elsewhere", async || finds(&b, &bob).await.is_empty().then_some(())).await;
}
