//! Groups that go on at another organisation, with their members.

use kring::base::*;
use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::events::Event;
use kring::domain::groups::{Follow, FollowState, GroupKind, GroupRole, Notify};
use kring::domain::posts::{PostKind, PostState};
use kring::services::groups::GroupForm;
use kring::services::posts::{self, PostForm};
use kring::services::{follows, groups, handover, timelines};
use kring::store;
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::api::Phone;
use crate::support::{Kind, Person};

on_each_database! {
    a_public_group_goes_on_at_another_organisation => public;
    a_private_group_takes_its_members_along => private;
}

on_sqlite! {
    a_group_is_handed_over_only_where_it_may => refusals;
    a_network_group_goes_on_among_partners => network;
    moves_of_groups_that_others_make_up_do_nothing => forged;
}

/// What is wrong with a form, field by field.
fn complaints<T: std::fmt::Debug>(result: Result<T>) -> Vec<(&'static str, &'static str)> {
    match result {
        Err(Error::Invalid { fields }) => fields.iter().map(|field| (field.field, field.code)).collect(),
        other => panic!("{other:?}"),
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    match result {
        Err(Error::Forbidden { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

async fn follow(at: &Kring, who: &Viewer, group: &Actor) -> Option<Follow> {
    let me = who.member_id().unwrap();
    store::groups::find_follow(&mut at.ctx().db.read().await.unwrap(), me, group.id).await.unwrap()
}

/// The membership in a group here of someone who lives elsewhere.
async fn seat(home: &Kring, group: &Actor, there: &Kring, who: &Viewer) -> Option<Follow> {
    let uri = there.ctx().urls.actor(kring::domain::actors::ActorKind::Person, &there.name_of(who).await);
    let mut conn = home.ctx().db.read().await.unwrap();
    let actor = store::actors::find_by_uri(&mut conn, &uri).await.unwrap()?;
    store::groups::find_follow(&mut conn, actor.id, group.id).await.unwrap()
}

/// Lets someone from elsewhere in, who asks.
async fn admit(home: &Kring, moderator: &Viewer, group: &Actor, there: &Kring, who: &Viewer, as_known: &Actor) {
    follows::request(there.ctx(), who, as_known.id, "").await.unwrap();
    let asked = until("the request", async || {
        seat(home, group, there, who).await.filter(|seat| seat.state == FollowState::Requested)
    })
    .await;
    follows::accept(home.ctx(), moderator, group.id, asked.follower_id).await.unwrap();
    there.until_state(who, as_known, Some(FollowState::Accepted)).await;
}

async fn actor(at: &Kring, id: ActorId) -> Actor {
    store::actors::get(&mut at.ctx().db.read().await.unwrap(), id).await.unwrap()
}

async fn facts(at: &Kring, id: ActorId) -> kring::domain::groups::Group {
    store::groups::find(&mut at.ctx().db.read().await.unwrap(), id).await.unwrap().unwrap()
}

/// A public group at `a` with members at `a`, `b`, `c` and a microblog, and its new home at `b`, which lets in by request.
struct Public {
    a: Kring,
    b: Kring,
    c: Kring,
    micro: Peer,
    ada: Person,
    ann: Person,
    bea: Person,
    bob: Person,
    cas: Person,
    group: Actor,
    home: Actor,
    at_c: Actor,
}

impl Public {
    async fn new(kind: Kind) -> Self {
        let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
        let c = Kring::start("gamma", kind).await;
        let micro = Peer::start("micro", "mastodon").await;
        let (ada, ann) = (a.app.person("Ada").await, a.app.person("Ann").await);
        let (bea, bob) = (b.app.person("Bea").await, b.app.person("Bob").await);
        let cas = c.app.person("Cas").await;
        let group = a.group(&ada.viewer, "Library", GroupKind::Public).await;
        let form = GroupForm { approval: true, ..group_form("Library", GroupKind::Public) };
        let home = groups::create(b.ctx(), &bea.viewer, form).await.unwrap();
        a.join(&ann.viewer, &group).await;
        follows::set_notify(a.ctx(), &ann.viewer, group.id, Notify::All, true).await.unwrap();
        let (at_b, at_c) = (b.resolve("library", &a.host).await, c.resolve("library", &a.host).await);
        b.join(&bob.viewer, &at_b).await;
        c.join(&cas.viewer, &at_c).await;
        let mia = micro.person("mia");
        let ask = activity("Follow", &micro.url("/follow/1"), &mia, json!(group.uri));
        assert_eq!(micro.send(&mia, &a.url("/inbox"), &ask).await, 202);
        micro.until_received("Accept", |v| v["type"] == "Accept").await;
        Self { a, b, c, micro, ada, ann, bea, bob, cas, group, home, at_c }
    }

    /// By the forms: first there, then here.
    async fn hand_over(&self) {
        let (old, new) = (self.a.app.browser(&self.ada).await, self.b.app.browser(&self.bea).await);
        let (from, to) = (format!("!library@{}", self.a.host), format!("!library@{}", self.b.host));
        old.get("/groups/library/edit").await.ok().shows("/groups/library/handover");
        old.get("/groups/library/handover").await.ok().shows(&from);
        // Not without the other side, nor without a tick; what was typed is still there.
        let refused = old.post("/groups/library/handover", &[("to", &to), ("sure", "1")]).await.status(422).shows(&to);
        refused.shows("id=\"to-error\"");
        let refused = old.post("/groups/library/handover", &[("to", "library")]).await.status(422);
        refused.shows("id=\"to-error\"").shows("id=\"sure-error\"").shows("value=\"library\"");
        let nobody = format!("!nobody@{}", self.a.host);
        let refused = new.post("/groups/library/handover/former", &[("former", &nobody)]).await.status(422);
        refused.shows(&nobody).shows("id=\"former-error\"");
        new.post("/groups/library/handover/former", &[("former", &from)]).await.ok();
        new.get("/groups/library/handover").await.ok().shows(&format!("/groups/library@{}", self.a.host));
        assert_eq!(self.b.get(&self.home.uri).await.1["alsoKnownAs"], json!([self.group.uri]));
        old.post("/groups/library/handover", &[("to", &to), ("sure", "1")]).await.ok();
        old.get("/groups/library/handover").await.ok().shows("/groups/library/handover/stay");
        // Nobody who merely is a member finds these pages.
        let member = self.a.app.browser(&self.ann).await;
        member.get("/groups/library/handover").await.status(403);
        member.post("/groups/library/handover/stay", &[]).await.status(403);
    }

    fn sent_to_microblog(&self, kind: &str) -> Vec<Value> {
        self.micro.received().into_iter().filter(|value| value["type"] == kind).collect()
    }

    /// Everybody at a Kring is in the new group, as they were in the old one, where they stay.
    async fn all_along(&self) {
        let home_at_a = self.a.resolve("library", &self.b.host).await;
        let home_at_c = self.c.resolve("library", &self.b.host).await;
        let old_at_b = self.b.resolve("library", &self.a.host).await;
        for (at, who, old, new) in [
            (&self.a, &self.ada, &self.group, &home_at_a),
            (&self.a, &self.ann, &self.group, &home_at_a),
            (&self.b, &self.bob, &old_at_b, &self.home),
            (&self.c, &self.cas, &self.at_c, &home_at_c),
        ] {
            at.until_state(&who.viewer, new, Some(FollowState::Accepted)).await;
            assert!(follow(at, &who.viewer, old).await.is_some_and(|seat| seat.is_member()), "{} left", who.name);
        }
        let ann = follow(&self.a, &self.ann.viewer, &home_at_a).await.unwrap();
        assert_eq!((ann.notify, ann.muted), (Notify::All, true));
        let ada = seat(&self.b, &self.home, &self.a, &self.ada.viewer).await.unwrap();
        assert_eq!(ada.role, GroupRole::Member, "parts in it are not taken along");
        // Once more changes nothing.
        let before = (facts(&self.b, self.home.id).await.members_count, self.micro.received().len());
        let again = Event::Moved { actor: self.group.id, to: home_at_a.id };
        timelines::fan_out(self.a.ctx(), &again).await.unwrap();
        self.a.until_quiet().await;
        self.b.until_quiet().await;
        let after = (facts(&self.b, self.home.id).await.members_count, self.micro.received().len());
        assert_eq!((after, after.0), (before, 5));
    }

    /// What everyone sees of it, on pages, in apps and as documents.
    async fn shown(&self) {
        let (to, from) = (format!("/groups/library@{}", self.b.host), format!("/groups/library@{}", self.a.host));
        self.a.app.browser(&self.ann).await.get("/groups/library").await.ok().shows(&to).shows(&self.b.host);
        self.a.app.visitor().get("/groups/library").await.ok().shows(&to);
        self.c.app.browser(&self.cas).await.get(&from).await.ok().shows(&to);
        self.b.app.browser(&self.bob).await.get(&from).await.ok().shows("\"/groups/library\"");
        self.b.app.browser(&self.bob).await.get("/groups/library").await.ok().shows(&from);
        let phone = Phone::of(&self.c.app, &self.cas).await;
        let account = Phone::read(phone.get(&format!("/api/v1/accounts/{}", self.at_c.id)).await);
        assert_eq!(account["moved"]["acct"], format!("library@{}", self.b.host));
        assert_eq!(self.a.get(&self.group.uri).await.1["movedTo"], json!(self.home.uri));
        let log = self.a.app.browser(&self.ada).await.get("/groups/library/log").await.ok();
        assert!(!log.html.contains('⟦'), "a line of the log has no text");
    }
}

async fn public(kind: Kind) {
    let s = Public::new(kind).await;
    s.hand_over().await;
    // Who follows from elsewhere is told, and reads how to go on in a pinned post.
    let told = s.micro.until_received("Move", |v| v["type"] == "Move").await;
    assert_eq!((&told["actor"], &told["object"]), (&json!(s.group.uri), &json!(s.group.uri)));
    assert_eq!(told["target"], json!(s.home.uri));
    let shown = s.micro.until_received("Announce", |v| v["type"] == "Announce").await;
    let note = shown["object"].as_str().unwrap().to_owned();
    let (_, document) = s.a.get(&note).await;
    assert!(document["content"].as_str().unwrap().contains(&s.home.url), "{document}");
    assert_eq!(document["attributedTo"], json!(s.a.url("/people/ada")));
    let (_, featured) = s.a.get(&format!("{}/featured", s.group.uri)).await;
    assert_eq!(featured["orderedItems"], json!([note]));
    s.c.until_post(&note, |post| post.state == PostState::Published && post.pinned_at.is_some()).await;
    s.all_along().await;
    s.shown().await;
    // Strangers ask at the new home as always.
    let sam = s.c.app.person("Sam").await;
    let home_at_c = s.c.resolve("library", &s.b.host).await;
    follows::request(s.c.ctx(), &sam.viewer, home_at_c.id, "").await.unwrap();
    until("a request", async || seat(&s.b, &s.home, &s.c, &sam.viewer).await).await;
    s.b.until_quiet().await;
    let asked = seat(&s.b, &s.home, &s.c, &sam.viewer).await.unwrap();
    assert_eq!(asked.state, FollowState::Requested);
    // It is read and no longer written in, here and elsewhere.
    for (at, who, group) in [(&s.a, &s.ada, &s.group), (&s.c, &s.cas, &s.at_c)] {
        let form = PostForm { group: Some(group.id), ..PostForm::new(PostKind::Message, "Still here?") };
        assert_eq!(refusal(posts::publish(at.ctx(), &who.viewer, form).await), "error-group-archived");
    }
    assert_eq!(
        refusal(groups::set_archived(s.a.ctx(), &s.ada.viewer, s.group.id, false).await),
        "error-group-handed-over"
    );
    back(&s, &note).await;
}

/// The group is taken back: everything is as before, and who went along is in both.
async fn back(s: &Public, note: &str) {
    let owner = s.a.app.browser(&s.ada).await;
    owner.post("/groups/library/handover/stay", &[]).await.ok();
    owner.get("/groups/library/handover").await.ok().hides("/groups/library/handover/stay");
    assert_eq!(s.a.get(&s.group.uri).await.1["movedTo"], Value::Null);
    until("the way back at C", async || actor(&s.c, s.at_c.id).await.moved_to.is_none().then_some(())).await;
    assert!(facts(&s.c, s.at_c.id).await.archived_at.is_none());
    s.c.until_post(note, |post| post.is_gone()).await;
    let post = s.c.post(&s.cas.viewer, &s.at_c, PostKind::Message, "", "Here again").await;
    s.a.until_published(&post.uri).await;
    let (_, featured) = s.a.get(&format!("{}/featured", s.group.uri)).await;
    assert_eq!(featured["orderedItems"], json!([]));
    s.c.app.browser(&s.cas).await.get(&format!("/groups/library@{}", s.a.host)).await.ok().hides(&s.b.host);
    let home_at_c = s.c.resolve("library", &s.b.host).await;
    assert!(follow(&s.c, &s.cas.viewer, &home_at_c).await.is_some_and(|seat| seat.is_member()));
    s.a.until_quiet().await;
    assert_eq!(s.sent_to_microblog("Move").len(), 1);
    // And handed over once more.
    let again = format!("!library@{}", s.b.host);
    handover::go(s.a.ctx(), &s.ada.viewer, s.group.id, &again, true).await.unwrap();
    until("it goes on again at C", async || actor(&s.c, s.at_c.id).await.moved_to.filter(|to| *to == s.home.uri)).await;
    assert!(facts(&s.c, s.at_c.id).await.archived_at.is_some());
    assert_eq!(posts::pinned(s.a.ctx(), &s.ada.viewer, s.group.id).await.unwrap().len(), 1);
}

async fn private(kind: Kind) {
    let (a, b) = Kring::peers(["alpha", "beta"], kind).await;
    let c = Kring::start("gamma", kind).await;
    let (ada, ann, gert) = (a.app.person("Ada").await, a.app.person("Ann").await, a.app.guest("Gert").await);
    let (bea, cas, sam) = (b.app.person("Bea").await, c.app.person("Cas").await, c.app.person("Sam").await);
    let group = a.group(&ada.viewer, "Care team", GroupKind::Private).await;
    for who in [&ann, &gert] {
        a.app.join(who, &group, &ada).await;
    }
    let at_c = c.resolve("care_team", &a.host).await;
    admit(&a, &ada.viewer, &group, &c, &cas.viewer, &at_c).await;
    let home = b.group(&bea.viewer, "Care at B", GroupKind::Private).await;
    let former = format!("!care_team@{}", a.host);
    handover::add_former(b.ctx(), &bea.viewer, home.id, &former).await.unwrap();
    let home_at_c = c.resolve("care_at_b", &b.host).await;
    // Before it is handed over, being in the old group is no way in.
    follows::request(c.ctx(), &cas.viewer, home_at_c.id, "").await.unwrap();
    until("a request", async || seat(&b, &home, &c, &cas.viewer).await).await;
    follows::leave(c.ctx(), &cas.viewer, home_at_c.id).await.unwrap();
    until("no request", async || seat(&b, &home, &c, &cas.viewer).await.is_none().then_some(())).await;
    // Nor may another server ask who is in it.
    let eve = Peer::start("delta", "kring").await;
    let who = eve.person("eve");
    let question = format!("{}/followers?is_follower={}", group.uri, a.url("/people/ann"));
    assert_eq!(eve.get(&who, &question).await.0, 404);

    handover::go(a.ctx(), &ada.viewer, group.id, &format!("!care_at_b@{}", b.host), true).await.unwrap();
    let home_at_a = a.resolve("care_at_b", &b.host).await;
    for who in [&ada, &ann, &gert] {
        a.until_state(&who.viewer, &home_at_a, Some(FollowState::Accepted)).await;
        assert!(follow(&a, &who.viewer, &group).await.unwrap().is_member());
        assert_eq!(seat(&b, &home, &a, &who.viewer).await.unwrap().role, GroupRole::Member);
    }
    // Nothing was agreed between C and B: Cas is not told to B, but comes in at once when he asks.
    c.until_quiet().await;
    assert!(actor(&c, at_c.id).await.moved_to.is_some());
    assert!(follow(&c, &cas.viewer, &home_at_c).await.is_none());
    follows::request(c.ctx(), &cas.viewer, home_at_c.id, "").await.unwrap();
    c.until_state(&cas.viewer, &home_at_c, Some(FollowState::Accepted)).await;
    assert!(follow(&c, &cas.viewer, &at_c).await.unwrap().is_member(), "reading goes on");
    follows::request(c.ctx(), &sam.viewer, home_at_c.id, "").await.unwrap();
    until("a request", async || seat(&b, &home, &c, &sam.viewer).await).await;
    b.until_quiet().await;
    assert_eq!(seat(&b, &home, &c, &sam.viewer).await.unwrap().state, FollowState::Requested);
    assert_eq!(eve.get(&who, &question).await.0, 404);
    assert!(eve.received().is_empty(), "{:?}", eve.types());
    // Who is kept out there stays out, whatever the old group says; who comes later comes along too.
    let late = a.app.person("Late").await;
    let banned = seat(&b, &home, &a, &ann.viewer).await.unwrap().follower_id;
    follows::ban(b.ctx(), &bea.viewer, home.id, banned, true, None, "").await.unwrap();
    a.until_state(&ann.viewer, &home_at_a, Some(FollowState::Banned)).await;
    assert_eq!(refusal(follows::request(a.ctx(), &ann.viewer, home_at_a.id, "").await), "error-banned");
    follows::request(a.ctx(), &late.viewer, home_at_a.id, "").await.unwrap();
    until("a request", async || seat(&b, &home, &a, &late.viewer).await).await;
    assert_eq!(seat(&b, &home, &a, &late.viewer).await.unwrap().state, FollowState::Requested, "was never in it");
    // Both are shown to those alone who may know of them.
    let page = c.app.browser(&cas).await.get(&format!("/groups/care_team@{}", a.host)).await.ok();
    page.shows(&format!("/groups/care_at_b@{}", b.host));
    // Taken back, it is no way in any more, once the minute is over in which its word is believed.
    handover::stay(a.ctx(), &ada.viewer, group.id).await.unwrap();
    until("the way back", async || actor(&c, at_c.id).await.moved_to.is_none().then_some(())).await;
    a.post(&ada.viewer, &group, PostKind::Message, "", "Here again").await;
}

async fn refusals(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let (ada, bob) = (a.person("Ada").await, a.person("Bob").await);
    let bea = b.person("Bea").await;
    let group = a.group(&ada, "Library", GroupKind::Public).await;
    let closed = a.group(&ada, "Care team", GroupKind::Private).await;
    let (open_home, closed_home) =
        (b.group(&bea, "Open", GroupKind::Public).await, b.group(&bea, "Closed", GroupKind::Private).await);
    for home in [&open_home, &closed_home] {
        for former in ["library", "care_team"] {
            let former = format!("!{former}@{}", a.host);
            handover::add_former(b.ctx(), &bea, home.id, &former).await.unwrap();
        }
    }
    let (open, shut) = (format!("!open@{}", b.host), format!("@closed@{}", b.host));
    let go = async |who: &Viewer, group: &Actor, to: &str| handover::go(a.ctx(), who, group.id, to, true).await;
    // By whom.
    a.join(&bob, &group).await;
    assert_eq!(refusal(go(&bob, &group, &open).await), "error-owner-only");
    follows::set_role(a.ctx(), &ada, group.id, bob.member_id().unwrap(), GroupRole::Moderator).await.unwrap();
    assert_eq!(refusal(go(&bob, &group, &open).await), "error-owner-only");
    assert_eq!(refusal(handover::add_former(a.ctx(), &bob, group.id, &open).await), "error-owner-only");
    assert_eq!(refusal(handover::stay(a.ctx(), &bob, group.id).await), "error-owner-only");
    // To what.
    for (to, code) in [
        (format!("!library@{}", a.host), "error-handover-elsewhere"),
        ("nothing at all".to_owned(), "error-handover-elsewhere"),
        (format!("!nobody@{}", b.host), "error-handover-unknown"),
        (format!("@bea@{}", b.host), "error-handover-unknown"),
    ] {
        assert_eq!(complaints(go(&ada, &group, &to).await), [("to", code)], "{to}");
    }
    let unsure = handover::go(a.ctx(), &ada, group.id, "library", false).await;
    assert_eq!(complaints(unsure), [("to", "error-handover-elsewhere"), ("sure", "error-handover-sure")]);
    // What is closed stays closed, and among partners.
    assert_eq!(complaints(go(&ada, &closed, &open).await), [("to", "error-handover-open")]);
    assert_eq!(complaints(go(&ada, &closed, &shut).await), [("to", "error-handover-peer")]);
    let staff = a.group(&ada, "Staff", GroupKind::Organisation).await;
    assert_eq!(complaints(go(&ada, &staff, &shut).await), [("to", "error-handover-organisation")]);
    let inside = GroupForm { outside_members: false, ..group_form("Inside", GroupKind::Private) };
    let inside = groups::create(a.ctx(), &ada, inside).await.unwrap();
    assert_eq!(complaints(go(&ada, &inside, &shut).await), [("to", "error-handover-inside")]);
    // The other side no longer says so.
    let former = handover::standing(b.ctx(), &bea, open_home.id).await.unwrap().former;
    let library = former.iter().find(|card| card.name == "library").unwrap().id;
    handover::remove_former(b.ctx(), &bea, open_home.id, library).await.unwrap();
    assert_eq!(complaints(go(&ada, &group, &open).await), [("to", "error-handover-not-named")]);
    assert!(actor(&a, group.id).await.moved_to.is_none() && facts(&a, group.id).await.archived_at.is_none());
    // An administrator may, though not a member.
    let admin = a.app.admin("Anna").await;
    go(&admin.viewer, &group, &shut).await.unwrap();
    assert_eq!(refusal(go(&ada, &group, &shut).await), "error-group-handed-over");
    a.until_quiet().await;
    let pinned = posts::pinned(a.ctx(), &ada, group.id).await.unwrap();
    assert_eq!((pinned.len(), pinned[0].author.id), (1, admin.id));
}

async fn network(kind: Kind) {
    let (a, b) = Kring::peers(["alpha", "beta"], kind).await;
    let (ada, ann) = (a.person("Ada").await, a.person("Ann").await);
    let (bea, bob) = (b.person("Bea").await, b.person("Bob").await);
    let group = a.group(&ada, "Partners", GroupKind::Network).await;
    a.join(&ann, &group).await;
    let at_b = b.resolve("partners", &a.host).await;
    b.join(&bob, &at_b).await;
    let form = GroupForm { approval: true, ..group_form("Partners", GroupKind::Network) };
    let home = groups::create(b.ctx(), &bea, form).await.unwrap();
    handover::add_former(b.ctx(), &bea, home.id, &format!("!partners@{}", a.host)).await.unwrap();
    handover::go(a.ctx(), &ada, group.id, &format!("!partners@{}", b.host), true).await.unwrap();
    b.until_state(&bob, &home, Some(FollowState::Accepted)).await;
    let home_at_a = a.resolve("partners", &b.host).await;
    a.until_state(&ann, &home_at_a, Some(FollowState::Accepted)).await;
    // And back again: the old group is open for writing once more, and says nothing of going on.
    handover::add_former(a.ctx(), &ada, group.id, &format!("!partners@{}", b.host)).await.unwrap();
    handover::go(b.ctx(), &bea, home.id, &format!("!partners@{}", a.host), true).await.unwrap();
    until("the way back", async || actor(&a, group.id).await.moved_to.is_none().then_some(())).await;
    assert!(facts(&a, group.id).await.archived_at.is_none());
    assert!(posts::pinned(a.ctx(), &ada, group.id).await.unwrap().is_empty());
    a.post(&ann, &group, PostKind::Message, "", "Home").await;
}

/// A group at a scripted server with a member here; the member, the group as known here, and its id.
async fn scripted(a: &Kring, old: &Peer, more: Value) -> (Viewer, Actor, String) {
    let from = old.actor("Group", "club", more);
    let ada = a.person("Ada").await;
    let club = a.resolve("club", &old.host).await;
    follows::request(a.ctx(), &ada, club.id, "").await.unwrap();
    let ask = old.until_received("Follow", |v| v["type"] == "Follow").await;
    let accept = activity("Accept", &old.url("/accept/1"), &from, ask);
    assert_eq!(old.send(&from, &a.url("/inbox"), &accept).await, 202);
    a.until_state(&ada, &club, Some(FollowState::Accepted)).await;
    (ada, club, from)
}

async fn forged(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let (old, new) = (Peer::start("old", "kring").await, Peer::start("new", "kring").await);
    let closed = json!({"manuallyApprovesFollowers": true, "kring:groupKind": "private"});
    let (ada, club, from) = scripted(&a, &old, closed.clone()).await;
    let send = async |sender: &str, number: u8, target: &str| {
        let mut gone = activity("Move", &old.url(&format!("/move/{number}")), sender, json!(from));
        gone["target"] = json!(target);
        assert_eq!(old.send(sender, &a.url("/inbox"), &gone).await, 202);
        a.until_quiet().await;
    };
    let mut named = closed.clone();
    named["alsoKnownAs"] = json!([from]);
    // By another actor, even of the same server.
    let to = new.actor("Group", "club", named.clone());
    let mel = old.person("mel");
    send(&mel, 1, &to).await;
    // To what does not name it, to a person, and to what everybody reads.
    let other = new.actor("Group", "other", closed);
    send(&from, 2, &other).await;
    let person = new.actor("Person", "pat", json!({"alsoKnownAs": [from]}));
    send(&from, 3, &person).await;
    let open = new.actor("Group", "open", json!({"alsoKnownAs": [from], "kring:groupKind": "public"}));
    send(&from, 4, &open).await;
    assert!(new.received().is_empty(), "{:?}", new.types());
    assert!(actor(&a, club.id).await.moved_to.is_none());
    // By itself, to what names it, at a server with an agreement.
    a.agrees(&new.host, "network").await;
    send(&from, 5, &to).await;
    let ask = new.until_received("Follow", |v| v["type"] == "Follow").await;
    assert_eq!((&ask["object"], &ask["actor"]), (&json!(to), &json!(a.url("/people/ada"))));
    assert!(follow(&a, &ada, &club).await.unwrap().is_member());
    assert_eq!(actor(&a, club.id).await.moved_to, Some(to));
}
