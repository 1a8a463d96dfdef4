//! Members who go on at another server, and who come from one.

use kring::base::*;
use kring::domain::actors::{Actor, ActorKind};
use kring::domain::groups::{Follow, FollowState, GroupKind, GroupRole};
use kring::domain::posts::PostKind;
use kring::services::{follows, groups, moving, people};
use serde_json::json;

use super::peer::*;
use super::support::*;
use crate::support::people::findable;
use crate::support::{Kind, Person};

on_each_database! {
    a_guest_goes_on_at_the_own_server_of_their_organisation => guest;
}

on_sqlite! {
    closed_groups_are_not_offered_where_they_would_not_stay_closed => closed;
    nobody_moves_without_both_accounts_saying_so => both_say_so;
}

/// Which field is wrong with a move, and how.
fn complaint<T: std::fmt::Debug>(result: Result<T>) -> (&'static str, &'static str) {
    match result {
        Err(Error::Invalid { fields }) => (fields[0].field, fields[0].code),
        other => panic!("{other:?}"),
    }
}

async fn seat(at: &Kring, uri: &str, group: ActorId) -> Option<Follow> {
    let mut conn = at.ctx().db.read().await.unwrap();
    let actor = kring::store::actors::find_by_uri(&mut conn, uri).await.unwrap()?;
    kring::store::groups::find_follow(&mut conn, actor.id, group).await.unwrap()
}

/// A guest of `a` in a closed group there with a post, and in a group of `b`.
struct Guest {
    a: Kring,
    b: Kring,
    gert: Person,
    uri: String,
    group: Actor,
    club: Actor,
}

impl Guest {
    async fn new(kind: Kind) -> Self {
        let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
        let (ada, bea) = (a.person("Ada").await, b.person("Bea").await);
        let group = a.group(&ada, "Care team", GroupKind::Private).await;
        let gert = a.app.guest("Gert").await;
        people::set_contact_choices(a.ctx(), &gert.viewer, findable()).await.unwrap();
        follows::invite(a.ctx(), &ada, group.id, gert.id).await.unwrap();
        follows::request(a.ctx(), &gert.viewer, group.id, "").await.unwrap();
        follows::set_role(a.ctx(), &ada, group.id, gert.id, GroupRole::Moderator).await.unwrap();
        let club = b.group(&bea, "Club", GroupKind::Public).await;
        let uri = a.ctx().urls.actor(ActorKind::Person, "gert");
        let gert_at_b = b.resolve("gert", &a.host).await;
        follows::invite(b.ctx(), &bea, club.id, gert_at_b.id).await.unwrap();
        let club_at_a = until("the invitation", async || {
            let mut conn = a.ctx().db.read().await.unwrap();
            kring::store::actors::find_by_uri(&mut conn, &club.uri).await.unwrap()
        })
        .await;
        a.until_state(&gert.viewer, &club_at_a, Some(FollowState::Invited)).await;
        a.join(&gert.viewer, &club_at_a).await;
        Self { a, b, gert, uri, group, club }
    }
}

async fn guest(kind: Kind) {
    let Guest { a, b, gert, uri, group, club } = Guest::new(kind).await;
    let post = a.post(&gert.viewer, &group, PostKind::Lesson, "Keys", "They hang behind the door.").await;
    // A follower at the other server, and one who is elsewhere altogether.
    let fan = b.person("Fan").await;
    let gert_at_b = b.resolve("gert", &a.host).await;
    b.join(&fan, &gert_at_b).await;
    let mia = Peer::start("micro", "mastodon").await;
    let mia_uri = mia.person("mia");
    let follow = activity("Follow", &mia.url("/follow/1"), &mia_uri, json!(uri));
    assert_eq!(mia.send(&mia_uri, &a.url("/inbox"), &follow).await, 202);
    mia.until_received("Accept", |v| v["type"] == "Accept").await;

    // The own account, made first; it says who it was, on the page.
    let new = b.app.member("Gert", |_| {}).await;
    let own = b.app.browser(&new).await;
    own.post("/settings/move/former", &[("former", &format!("@gert@{}", a.host))]).await.ok();
    own.get("/settings/move").await.ok().shows(&format!("@gert@{}", a.host));
    let new_uri = b.ctx().urls.actor(ActorKind::Person, "gert");
    assert_eq!(mia.get(&mia_uri, &new_uri).await.1["alsoKnownAs"], json!([uri]));
    assert!(b.get(&new_uri).await.1.get("alsoKnownAs").is_none(), "who does not sign learns a handle");

    let old = a.app.browser(&gert).await;
    let to = format!("gert@{}", b.host);
    old.get("/settings/move").await.ok().shows(&format!("@gert@{}", a.host));
    old.post("/settings/move", &[("to", &to)]).await.status(422).shows(&to);
    old.post("/settings/move", &[("to", &to), ("sure", "1")]).await.ok();

    // Followers are told; those at a Kring follow at once.
    let told = mia.until_received("Move", |v| v["type"] == "Move").await;
    assert_eq!((told["object"].as_str(), told["target"].as_str()), (Some(uri.as_str()), Some(new_uri.as_str())));
    let own_actor = b.resolve("gert", &b.host).await;
    b.until_state(&fan, &own_actor, Some(FollowState::Accepted)).await;
    b.until_state(&fan, &gert_at_b, None).await;
    assert_eq!(a.get(&uri).await.1["movedTo"].as_str(), Some(new_uri.as_str()));

    // The place in a group there is taken at once.
    let mine = until("the seat in the club", async || seat(&b, &new_uri, club.id).await).await;
    assert!(mine.is_member());
    assert!(seat(&b, &uri, club.id).await.is_none());
    // That in the closed group is offered, and taken with one click: with the part one had in it.
    let at_b = until("the invitation", async || {
        let mut conn = b.ctx().db.read().await.unwrap();
        kring::store::actors::find_by_uri(&mut conn, &group.uri).await.unwrap()
    })
    .await;
    b.until_state(&new.viewer, &at_b, Some(FollowState::Invited)).await;
    assert!(seat(&a, &uri, group.id).await.is_some_and(|seat| seat.is_member()), "kept until the new one is taken");
    b.join(&new.viewer, &at_b).await;
    let taken = seat(&a, &new_uri, group.id).await.unwrap();
    assert_eq!((taken.state, taken.role), (FollowState::Accepted, GroupRole::Moderator));
    assert!(seat(&a, &uri, group.id).await.is_none());

    // What was written stays, and tells where its author went.
    let ada = a.app.moderator("Anna").await;
    old.get("/people/gert").await.ok().shows(&format!("@gert@{}", b.host));
    let person = people::person(a.ctx(), &ada.viewer, "gert").await.unwrap();
    assert_eq!(person.now.unwrap().uri, new_uri);
    assert!(a.find(&post.uri).await.is_some());
}

async fn both_say_so(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let (ada, bob) = (a.person("Ada").await, b.person("Bob").await);
    let group = a.group(&ada, "Garden", GroupKind::Organisation).await;
    let bob_handle = format!("bob@{}", b.host);
    assert_eq!(complaint(moving::go(a.ctx(), &ada, &bob_handle).await), ("to", "error-move-not-named"));
    assert_eq!(complaint(moving::go(a.ctx(), &ada, "ada").await), ("to", "error-move-elsewhere"));
    assert_eq!(complaint(moving::go(a.ctx(), &ada, &format!("ada@{}", a.host)).await), ("to", "error-move-elsewhere"));
    let nobody = format!("nobody@{}", b.host);
    assert_eq!(complaint(moving::add_former(a.ctx(), &ada, &nobody).await), ("former", "error-no-such-account-there"));
    moving::add_former(b.ctx(), &bob, &format!("ada@{}", a.host)).await.unwrap();
    let standing = moving::standing(a.ctx(), &ada).await.unwrap();
    assert_eq!(standing.stay.iter().map(|g| g.id).collect::<Vec<_>>(), [group.id], "it takes nobody from elsewhere");
    moving::go(a.ctx(), &ada, &bob_handle).await.unwrap();
    a.until_quiet().await;
    let bob_uri = b.ctx().urls.actor(ActorKind::Person, "bob");
    assert!(seat(&a, &bob_uri, group.id).await.is_none());
    assert_eq!(moving::standing(a.ctx(), &ada).await.unwrap().now.unwrap().uri, bob_uri);
    // Back again.
    moving::stay(a.ctx(), &ada).await.unwrap();
    assert!(moving::standing(a.ctx(), &ada).await.unwrap().now.is_none());
    // Who no longer names the old account is not moved to.
    let former = moving::standing(b.ctx(), &bob).await.unwrap().former[0].id;
    moving::remove_former(b.ctx(), &bob, former).await.unwrap();
    assert_eq!(complaint(moving::go(a.ctx(), &ada, &bob_handle).await), ("to", "error-move-not-named"));
    // Nor does an owner leave a group without one.
    assert!(groups::mine(a.ctx(), &ada).await.unwrap().iter().any(|line| line.actor.id == group.id));
}

async fn closed(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let (ada, bob) = (a.person("Ada").await, a.person("Bob").await);
    let mut groups = Vec::new();
    for (title, kind) in [("Open", GroupKind::Public), ("Partners", GroupKind::Network), ("Secret", GroupKind::Private)]
    {
        let group = a.group(&bob, title, kind).await;
        follows::invite(a.ctx(), &bob, group.id, ada.member_id().unwrap()).await.unwrap();
        follows::request(a.ctx(), &ada, group.id, "").await.unwrap();
        groups.push(group);
    }
    let uri = a.ctx().urls.actor(ActorKind::Person, "ada");
    // A microblog cannot keep a group closed, and a Kring that is no peer has no part in a network group.
    let micro = Peer::start("micro", "mastodon").await;
    micro.actor("Person", "ada", json!({"alsoKnownAs": [uri]}));
    moving::go(a.ctx(), &ada, &format!("ada@{}", micro.host)).await.unwrap();
    let kring = Peer::start("kring", "kring").await;
    kring.actor("Person", "ada", json!({"alsoKnownAs": [uri]}));
    moving::go(a.ctx(), &ada, &format!("ada@{}", kring.host)).await.unwrap();
    a.until_quiet().await;
    let offered = |peer: &Peer| -> Vec<String> {
        let invites = peer.received().into_iter().filter(|value| value["type"] == "Invite");
        invites.map(|value| value["object"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(offered(&micro), [groups[0].uri.clone()]);
    let (mut there, mut wanted) = (offered(&kring), vec![groups[0].uri.clone(), groups[2].uri.clone()]);
    there.sort();
    wanted.sort();
    assert_eq!(there, wanted);
    for group in &groups {
        assert!(seat(&a, &uri, group.id).await.is_some_and(|seat| seat.is_member()), "{}", group.uri);
    }
}
