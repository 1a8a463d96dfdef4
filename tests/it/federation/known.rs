//! Who may know that somebody is here: strangers a handle of who showed themselves, and nobody who is only in closed groups.

use kring::base::*;
use kring::domain::Viewer;
use kring::domain::audiences::Scope;
use kring::domain::groups::GroupKind;
use kring::domain::people::Role;
use kring::domain::posts::{PostKind, ReactionKind};
use kring::services::posts::{self, PostForm};
use kring::services::{follows, groups, people};
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::Kind;
use crate::support::people::findable;

on_each_database! {
    strangers_learn_a_handle_and_nobody_who_is_only_in_closed_groups => strangers;
    who_is_in_a_closed_group_elsewhere_is_known_to_its_readers_alone => elsewhere;
    what_people_did_before_an_upgrade_is_known_after_it => upgrade;
}

on_sqlite! {
    partners_find_members_and_guests_stay_unknown => partners;
    names_cannot_be_guessed_one_after_the_other => guessed;
    whoever_acts_outside_closed_groups_is_known_from_then_on => acts;
    who_leaves_says_goodbye_to_those_who_knew_them => leaves;
    who_writes_to_other_software_can_be_looked_up_there => writes;
}

const ACTIVITY: &str = "application/activity+json";

/// Every address under which somebody could be met.
fn doors(kring: &Kring, name: &str) -> Vec<String> {
    let finger = |resource: &str| kring.url(&format!("/.well-known/webfinger?resource={resource}"));
    vec![
        kring.url(&format!("/people/{name}")),
        kring.url(&format!("/people/{name}/outbox")),
        kring.url(&format!("/people/{name}/followers")),
        kring.url(&format!("/people/{name}/following")),
        finger(&format!("acct:{name}@{}", kring.host)),
        finger(&kring.url(&format!("/people/{name}"))),
        finger(&kring.url(&format!("/@{name}"))),
        kring.url(&format!("/api/v1/accounts/lookup?acct={name}")),
    ]
}

/// Nobody is met there: not unsigned, not by a page, not by a server that signs.
async fn is_unknown(kring: &Kring, name: &str, stranger: &Peer, eve: &str) {
    for url in doors(kring, name) {
        assert_eq!(get_as(&url, ACTIVITY).await.0, 404, "{url}");
        assert_eq!(stranger.get(eve, &url).await.0, 404, "signed: {url}");
    }
    for path in [format!("/people/{name}"), format!("/@{name}")] {
        assert_eq!(get_as(&kring.url(&path), "text/html").await.0, 404, "{path}");
    }
}

async fn profile(kring: &Kring, name: &str) -> Value {
    get_as(&kring.url(&format!("/people/{name}")), ACTIVITY).await.1
}

async fn strangers(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let d = Peer::start("delta", "mastodon").await;
    let eve = d.person("eve");
    let anna = a.quiet_person("Anna").await;
    let closed = a.group(&anna, "Kring van tien", GroupKind::Private).await;
    let inside = a.post(&anna, &closed, PostKind::Message, "", "Inside").await;
    posts::react(a.ctx(), &anna, inside.id, ReactionKind::Thanks, true).await.unwrap();
    a.app.settle().await;
    is_unknown(&a, "anna", &d, &eve).await;
    // Nor is she found by asking to follow her, or by a message.
    let address = a.url("/people/anna");
    let follow = activity("Follow", &d.url("/f/1"), &eve, json!(address));
    let psst = note(&d.url("/notes/1"), &eve, "<p>Psst</p>", json!({"to": [address], "cc": []}));
    for sent in [follow, create(&psst)] {
        assert_eq!(d.send(&eve, &a.url("/inbox"), &sent).await, 202);
    }
    a.until_quiet().await;
    a_while().await;
    assert!(d.received().is_empty(), "no answer");
    is_unknown(&a, "anna", &d, &eve).await;
    // Nobody of that name is answered in the very same way.
    is_unknown(&a, "nobody", &d, &eve).await;

    // She writes something open: strangers may know a handle, keys and an inbox; who signs the rest.
    let open = PostForm { scope: Scope::Public, ..PostForm::new(PostKind::Message, "Outside") };
    a.publish(&anna, open).await;
    let bare = profile(&a, "anna").await;
    assert_eq!(bare["preferredUsername"], "anna");
    assert!(
        bare["publicKey"]["publicKeyPem"].is_string() && bare["assertionMethod"][0]["publicKeyMultibase"].is_string()
    );
    assert!(bare["inbox"].is_string() && bare["endpoints"]["sharedInbox"].is_string());
    for rest in ["name", "summary", "icon", "attachment", "published", "alsoKnownAs", "source"] {
        assert!(bare.get(rest).is_none(), "{rest} in {bare}");
    }
    let (status, whole) = d.get(&eve, &a.url("/people/anna")).await;
    assert_eq!((status, &whole["name"]), (200, &"Anna".into()));
    // What she wrote inside, and the group she is in, are in no count.
    let outbox = d.get(&eve, &a.url("/people/anna/outbox")).await.1;
    assert_eq!(outbox["totalItems"], 1);
    assert_eq!(d.get(&eve, &a.url("/people/anna/following")).await.1["totalItems"], 0);
    let account = get_as(&a.url("/api/v1/accounts/lookup?acct=anna"), "application/json").await.1;
    assert_eq!((&account["statuses_count"], &account["following_count"]), (&1.into(), &0.into()));

    // The group opens and closes again: what is counted goes along.
    let form = |kind| groups::GroupForm { kind, ..group_form("Kring van tien", kind) };
    groups::update(a.ctx(), &anna, closed.id, form(GroupKind::Public)).await.unwrap();
    let following = async || d.get(&eve, &a.url("/people/anna/following")).await.1["totalItems"].clone();
    assert_eq!(following().await, 1);
    let told = posts_count(&a, &anna).await;
    assert_eq!(told, 1, "what was written in it stays closed");
    let second = a.post(&anna, &closed, PostKind::Message, "", "Open now").await;
    assert_eq!(posts_count(&a, &anna).await, 2);
    groups::update(a.ctx(), &anna, closed.id, form(GroupKind::Private)).await.unwrap();
    assert_eq!((following().await, posts_count(&a, &anna).await), (0.into(), 1));
    posts::delete(a.ctx(), &anna, second.id).await.unwrap();
    assert_eq!(posts_count(&a, &anna).await, 1, "it was counted out once");

    // Somebody else chooses to be found, and not to be.
    let bea = a.quiet_person("Bea").await;
    is_unknown(&a, "bea", &d, &eve).await;
    people::set_contact_choices(a.ctx(), &bea, findable()).await.unwrap();
    assert_eq!(profile(&a, "bea").await["preferredUsername"], "bea");
    let hidden = people::ContactChoices { findable: false, ..findable() };
    people::set_contact_choices(a.ctx(), &bea, hidden).await.unwrap();
    is_unknown(&a, "bea", &d, &eve).await;
}

async fn posts_count(kring: &Kring, who: &Viewer) -> i64 {
    let mut conn = kring.ctx().db.read().await.unwrap();
    kring::store::actors::get(&mut conn, who.member_id().unwrap()).await.unwrap().posts_count
}

/// A group at A with Bob of B, who is known to no stranger. Cas of C is in it too, and sees who wrote; D does not get to know
/// him from anybody.
async fn elsewhere(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let c = Kring::start("gamma", kind).await;
    let d = Peer::start("delta", "kring").await;
    let eve = d.person("eve");
    let ada = a.quiet_person("Ada").await;
    let group = a.group(&ada, "Care team", GroupKind::Private).await;
    let bob = b.quiet_person("Bob").await;
    let cas = c.quiet_person("Cas").await;
    for (there, who) in [(&b, &bob), (&c, &cas)] {
        let known = there.resolve("care_team", &a.host).await;
        super::closed::admit(&a, &ada, &group, there, who, &known).await;
    }
    let at_b = b.resolve("care_team", &a.host).await;
    let post = b.post(&bob, &at_b, PostKind::Message, "", "From B").await;
    let at_c = c.until_published(&post.uri).await;
    let view = c.view(&cas, at_c.id).await.unwrap();
    assert_eq!(view.author.display_name, "Bob", "a reader sees who wrote");
    is_unknown(&b, "bob", &d, &eve).await;
    is_unknown(&c, "cas", &d, &eve).await;
    is_unknown(&a, "ada", &d, &eve).await;
    // Nor do servers of readers tell of him: what C knows is for its members.
    for path in [format!("/people/bob@{}", b.host), format!("/@bob@{}", b.host)] {
        assert_eq!(get_as(&c.url(&path), "text/html").await.0, 404, "{path}");
    }
    let id = c.quiet_person("Gast").await.member_id().unwrap();
    let guest = Viewer::Member { id, role: Role::Member, guest: true };
    assert!(people::person(c.ctx(), &guest, &format!("bob@{}", b.host)).await.is_err());
    assert!(people::person(c.ctx(), &cas, &format!("bob@{}", b.host)).await.is_ok());
}

async fn partners(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    b.quiet_person("Bob").await;
    let asked = async || a.ctx().remote().unwrap().resolve_handle("bob", &b.host).await;
    assert!(matches!(asked().await, Err(Error::NotFound)));
    a.agrees(&b.host, "public").await;
    b.agrees(&a.host, "public").await;
    assert_eq!(asked().await.unwrap().display_name, "Bob");
    // Who is not signed in is no partner.
    assert_eq!(get_as(&b.url("/people/bob"), "text/html").await.0, 404);
    // Nor does an agreement tell of guests.
    let guest = people::NewMember { name: "gast".into(), is_guest: true, ..people::NewMember::named("Gast") };
    people::create_member(b.ctx(), guest).await.unwrap();
    let asked = a.ctx().remote().unwrap().resolve_handle("gast", &b.host).await;
    assert!(matches!(asked, Err(Error::NotFound)));
}

async fn guessed(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    a.person("Anna").await;
    let url = |name: &str| a.url(&format!("/people/{name}"));
    for number in 0..50 {
        assert_eq!(get_as(&url(&format!("name{number}")), ACTIVITY).await.0, 404);
        let finger = format!("/.well-known/webfinger?resource=acct:other{number}@{}", a.host);
        assert_eq!(get_as(&a.url(&finger), ACTIVITY).await.0, 404);
    }
    // From then on nothing is told, neither of who is here nor of who is not, at any of these doors.
    for name in ["anna", "nobody"] {
        assert_eq!(get_as(&url(name), ACTIVITY).await.0, 429);
        assert_eq!(get_as(&url(name), "text/html").await.0, 429);
        for path in
            [format!("/@{name}"), format!("/people/{name}/outbox"), format!("/api/v1/accounts/lookup?acct={name}")]
        {
            assert_eq!(get_as(&a.url(&path), ACTIVITY).await.0, 429, "{path}");
        }
        let finger = format!("/.well-known/webfinger?resource=acct:{name}@{}", a.host);
        assert_eq!(get_as(&a.url(&finger), ACTIVITY).await.0, 429);
    }
    // Who signs is heard longer, and who is signed in always.
    let d = Peer::start("delta", "mastodon").await;
    let eve = d.person("eve");
    assert_eq!(d.get(&eve, &url("anna")).await.0, 200);
    assert_eq!(d.get(&eve, &url("nobody")).await.0, 404);
    let member = a.app.person("Lid").await;
    a.app.browser(&member).await.get("/people/anna").await.ok();
    // Groups are no secret, and the rest goes on.
    let anna = a.quiet_person("Zus").await;
    a.group(&anna, "Open", GroupKind::Public).await;
    assert_eq!(get_as(&a.url("/groups/open"), ACTIVITY).await.0, 200);
}

async fn acts(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let d = Peer::start("delta", "mastodon").await;
    let eve = d.person("eve");
    let person = async |name: &str| (a.quiet_person(name).await, name.to_lowercase());
    let (follower, follows_name) = person("Fenna").await;
    is_unknown(&a, &follows_name, &d, &eve).await;
    let at_a = a.ctx().remote().unwrap().resolve_handle("eve", &d.host).await.unwrap();
    follows::request(a.ctx(), &follower, at_a.id, "").await.unwrap();
    d.until_received("her follow", |doc| doc["type"] == "Follow").await;
    assert_eq!(profile(&a, "fenna").await["preferredUsername"], "fenna");
    // Who only thanks for something open is met by whoever gets the thanks.
    let (owner, _) = person("Olga").await;
    let group = a.group(&owner, "Tuin", GroupKind::Public).await;
    assert_eq!(profile(&a, "olga").await["preferredUsername"], "olga", "she keeps order in a public group");
    let post = a.post(&owner, &group, PostKind::Message, "", "Who helps?").await;
    let (thanks, _) = person("Tess").await;
    is_unknown(&a, "tess", &d, &eve).await;
    posts::react(a.ctx(), &thanks, post.id, ReactionKind::Thanks, true).await.unwrap();
    a.app.settle().await;
    assert_eq!(profile(&a, "tess").await["preferredUsername"], "tess");
}

/// Other software looks people up by an unsigned WebFinger before it believes what they send, also in a conversation.
async fn writes(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let d = Peer::start("delta", "mastodon").await;
    let eve = d.person("eve");
    let seen = a.resolve("eve", &d.host).await;
    let anna = a.quiet_person("Anna").await;
    is_unknown(&a, "anna", &d, &eve).await;
    let form = PostForm { recipients: vec![seen.id], ..PostForm::new(PostKind::Direct, "Psst") };
    a.publish(&anna, form).await;
    d.until_received("her message", |doc| doc["type"] == "Create").await;
    assert_eq!(profile(&a, "anna").await["preferredUsername"], "anna");
    // Who answers for the instance is told of where they may be known.
    let boss = a.quiet_person("Boss").await;
    let owner = format!("UPDATE members SET role = 'owner' WHERE actor_id = {}", boss.member_id().unwrap().0);
    a.app.execute(&owner).await;
    for path in ["/api/v1/instance", "/api/v2/instance"] {
        assert!(!get_as(&a.url(path), "application/json").await.1.to_string().contains("boss"), "{path}");
    }
}

async fn leaves(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let d = Peer::start("delta", "mastodon").await;
    let eve = d.person("eve");
    // The server is known here, and knows nothing of her.
    a.ctx().remote().unwrap().resolve_handle("eve", &d.host).await.unwrap();
    let anna = a.quiet_person("Anna").await;
    let bea = a.person("Bea").await;
    for who in [&anna, &bea] {
        kring::services::leaving::leave(a.ctx(), who).await.unwrap();
    }
    let gone = d.until_received("the farewell of who could be found", |doc| doc["type"] == "Delete").await;
    assert_eq!(gone["object"], a.url("/people/bea"));
    a.app.settle().await;
    assert!(!d.received().iter().any(|doc| doc.to_string().contains("/people/anna")));
    // Strangers are not told that she was here; of who could be found that they left.
    for accept in [ACTIVITY, "text/html"] {
        assert_eq!(get_as(&a.url("/people/anna"), accept).await.0, 404, "{accept}");
        assert_eq!(get_as(&a.url("/people/bea"), accept).await.0, 410, "{accept}");
    }
    assert_eq!(d.get(&eve, &a.url("/people/anna")).await.0, 404);
    // Who was in a closed group elsewhere and never wrote is forgotten there as well.
    let b = Kring::start("beta", kind).await;
    let (cas, dirk) = (a.quiet_person("Cas").await, b.quiet_person("Dirk").await);
    let group = b.group(&dirk, "Care team", GroupKind::Private).await;
    let known = a.resolve("care_team", &b.host).await;
    super::closed::admit(&b, &dirk, &group, &a, &cas, &known).await;
    kring::services::leaving::leave(a.ctx(), &cas).await.unwrap();
    let uri = a.url("/people/cas");
    until("cas gone at beta", async || {
        let mut conn = b.ctx().db.read().await.unwrap();
        let actor = kring::store::actors::find_by_uri(&mut conn, &uri).await.unwrap().unwrap();
        (actor.state == kring::domain::actors::ActorState::Deleted).then_some(())
    })
    .await;
}

/// An older database, with people in it who did this and that: the migration takes their columns away and makes them anew.
async fn upgrade(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let d = Peer::start("delta", "mastodon").await;
    d.person("eve");
    let eve = a.resolve("eve", &d.host).await;
    let (olga, quinn) = (a.quiet_person("Olga").await, a.quiet_person("Quinn").await);
    let (thea, fenna) = (a.quiet_person("Thea").await, a.quiet_person("Fenna").await);
    let tuin = a.group(&olga, "Tuin", GroupKind::Public).await;
    let team = a.group(&quinn, "Care team", GroupKind::Private).await;
    let open = a.post(&olga, &tuin, PostKind::Message, "", "Open").await;
    follows::invite(a.ctx(), &quinn, team.id, olga.member_id().unwrap()).await.unwrap();
    follows::request(a.ctx(), &olga, team.id, "").await.unwrap();
    a.post(&olga, &team, PostKind::Message, "", "Inside").await;
    let inside = a.post(&quinn, &team, PostKind::Message, "", "Inside too").await;
    posts::react(a.ctx(), &quinn, inside.id, ReactionKind::Thanks, true).await.unwrap();
    posts::react(a.ctx(), &thea, open.id, ReactionKind::Thanks, true).await.unwrap();
    follows::request(a.ctx(), &fenna, eve.id, "").await.unwrap();
    a.app.settle().await;
    for script in ["down", "up"] {
        let folder = if kind == Kind::Sqlite { "sqlite" } else { "postgres" };
        let path = format!("{}/migrations/{folder}/2026-12-01-000024_known/{script}.sql", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("--")).collect();
        for statement in lines.join("\n").split(';').filter(|statement| !statement.trim().is_empty()) {
            a.app.execute(statement).await;
        }
    }
    let told = async |who: &Viewer| {
        let mut conn = a.ctx().db.read().await.unwrap();
        let actor = kring::store::actors::get(&mut conn, who.member_id().unwrap()).await.unwrap();
        (actor.known_at.is_some(), actor.posts_count, actor.last_post_at, actor.following_count)
    };
    assert_eq!(told(&olga).await, (false, 1, Some(open.published_at), 1), "her open post tells of her, and Tuin");
    assert_eq!(told(&quinn).await, (false, 0, None, 0));
    assert_eq!(told(&thea).await, (true, 0, None, 0));
    assert_eq!(told(&fenna).await, (true, 0, None, 0));
    for (name, status) in [("olga", 200), ("thea", 200), ("fenna", 200), ("quinn", 404)] {
        assert_eq!(get_as(&a.url(&format!("/people/{name}")), ACTIVITY).await.0, status, "{name}");
    }
}
