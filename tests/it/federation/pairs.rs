//! Two and three instances over real HTTP.

use kring::base::ActorId;
use kring::domain::Viewer;
use kring::domain::actors::ActorKind;
use kring::domain::groups::{FollowState, GroupKind, GroupRole};
use kring::domain::moderation::ModAction;
use kring::domain::posts::{Post, PostKind, PostState, ReactionKind};
use kring::services::ctx::Resolved;
use kring::services::posts as service;
use kring::services::{follows, moderation};
use kring::store;

use super::support::*;
use crate::support::Kind;

on_each_database! {
    a_public_group_works_between_two_instances => public_group;
    a_moderator_elsewhere_keeps_order_and_the_log_tells => order;
    who_leaves_there_leaves_nothing_behind_here => left;
}

async fn public_group(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let (ada, bob) = (a.person("Ada").await, b.person("Bob").await);
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let there = b.resolve("local_history", &a.host).await;
    assert_eq!(there.uri, group.uri);
    b.join(&bob, &there).await;

    // From the group's server to the other.
    let started = std::time::Instant::now();
    let post = a.post(&ada, &group, PostKind::Question, "Who has a map?", "Of **1892**, please.").await;
    let arrived = b.until_published(&post.uri).await;
    assert!(started.elapsed().as_secs() < 20, "arrived after {:?}", started.elapsed());
    assert_eq!(arrived.title, "Who has a map?");
    assert_eq!(arrived.kind, PostKind::Question);
    assert_eq!(arrived.html, post.html);
    assert_eq!(arrived.group_id, Some(there.id));

    // And back: a comment and a post from the other server wait until the group has them.
    let comment = b.comment(&bob, arrived.id, "I do.").await;
    assert_eq!(comment.state, PostState::Waiting);
    let taken = a.until_published(&comment.uri).await;
    assert_eq!(taken.parent_id, Some(post.id));
    b.until_published(&comment.uri).await;
    let story = b.post(&bob, &there, PostKind::Story, "The mill", "It burned down in 1910.").await;
    let shown = a.until_published(&story.uri).await;
    assert_eq!((shown.kind, shown.title.as_str()), (PostKind::Story, "The mill"));
    assert!(!shown.html.contains("<strong>The mill"), "{}", shown.html);
    b.until_published(&story.uri).await;

    // A reaction, and its end.
    service::react(b.ctx(), &bob, arrived.id, ReactionKind::Helpful, true).await.unwrap();
    a.until_post(&post.uri, |p| p.reactions_count == 1).await;
    let view = a.view(&ada, post.id).await.unwrap();
    assert_eq!(view.reaction(ReactionKind::Helpful).count, 1);
    service::react(b.ctx(), &bob, arrived.id, ReactionKind::Helpful, false).await.unwrap();
    a.until_post(&post.uri, |p| p.reactions_count == 0).await;

    // The accepted answer, an edit, a deletion.
    service::accept_answer(a.ctx(), &ada, post.id, Some(taken.id)).await.unwrap();
    b.until_post(&post.uri, |p| p.accepted_id == Some(comment.id)).await;
    let mut form = service::PostForm::new(PostKind::Question, "Of *1893*.");
    form.title = "Who has this map?".into();
    service::edit(a.ctx(), &ada, post.id, form).await.unwrap();
    let edited = b.until_post(&post.uri, |p| p.title == "Who has this map?").await;
    assert!(edited.html.contains("1893"));
    service::delete(b.ctx(), &bob, story.id).await.unwrap();
    a.until_post(&story.uri, |p| p.state == PostState::Deleted).await;
    service::remove(a.ctx(), &ada, taken.id, "off topic").await.unwrap();
    b.until_post(&comment.uri, |p| p.state == PostState::Removed).await;

    // Nothing is left to do, and nothing failed.
    a.until_quiet().await;
    b.until_quiet().await;
}

/// A moderator lives on another server: what they do counts everywhere, and the log of the group tells of it everywhere.
async fn order(kind: Kind) {
    let (a, b, c) =
        (Kring::start("alpha", kind).await, Kring::start("beta", kind).await, Kring::start("gamma", kind).await);
    let (ada, bob, cas) = (a.person("Ada").await, b.person("Bob").await, c.person("Cas").await);
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let (at_b, at_c) = (b.resolve("local_history", &a.host).await, c.resolve("local_history", &a.host).await);
    b.join(&bob, &at_b).await;
    c.join(&cas, &at_c).await;
    let known = async |at: &Kring, who: &Viewer, home: &Kring| {
        let uri = home.ctx().urls.actor(ActorKind::Person, &home.name_of(who).await);
        store::actors::find_by_uri(&mut at.ctx().db.read().await.unwrap(), &uri).await.unwrap().unwrap().id
    };
    let (bob_at_a, cas_at_a) = (known(&a, &bob, &b).await, known(&a, &cas, &c).await);
    follows::set_role(a.ctx(), &ada, group.id, bob_at_a, GroupRole::Moderator).await.unwrap();
    let member = bob.member_id().unwrap();
    until("the role at home", async || {
        let mut conn = b.ctx().db.read().await.unwrap();
        let follow = store::groups::find_follow(&mut conn, member, at_b.id).await.unwrap()?;
        (follow.role == GroupRole::Moderator).then_some(())
    })
    .await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Who has a map?").await;
    let (here, there) = (b.until_published(&post.uri).await, c.until_published(&post.uri).await);
    // The same things on all three servers, one after the other.
    let everywhere = async |fits: &dyn Fn(&Post) -> bool| {
        for kring in [&a, &b, &c] {
            kring.until_post(&post.uri, |found| fits(found)).await;
        }
    };
    service::pin(b.ctx(), &bob, here.id, true).await.unwrap();
    everywhere(&|found| found.pinned_at.is_some()).await;
    service::lock(b.ctx(), &bob, here.id, true).await.unwrap();
    everywhere(&|found| found.locked).await;
    service::remove(b.ctx(), &bob, here.id, "off topic").await.unwrap();
    everywhere(&|found| found.state == PostState::Removed && found.removed_reason == "off topic").await;
    service::restore(b.ctx(), &bob, here.id).await.unwrap();
    everywhere(&|found| found.state == PostState::Published).await;
    let counted = async |kring: &Kring, group: ActorId| {
        let mut conn = kring.ctx().db.read().await.unwrap();
        store::actors::get(&mut conn, group).await.unwrap().posts_count
    };
    assert_eq!((counted(&a, group.id).await, counted(&c, at_c.id).await), (1, 1), "{kind:?}: it is back");
    let log = async |kring: &Kring, who: &Viewer, group: ActorId| {
        let lines = moderation::log_lines(kring.ctx(), who, Some(group), None).await.unwrap();
        let by_bob = lines.into_iter().filter(|line| line.moderator.as_ref().is_some_and(|who| who.name == "bob"));
        let mut told: Vec<_> = by_bob.map(|line| (line.line.action, line.line.reason)).collect();
        told.reverse();
        told
    };
    let mut expected = vec![
        (ModAction::Pin, String::new()),
        (ModAction::Lock, String::new()),
        (ModAction::RemovePost, "off topic".to_owned()),
        (ModAction::RestorePost, String::new()),
    ];
    assert_eq!(log(&c, &cas, at_c.id).await, expected, "{kind:?}");
    let cas_at_b = until("Cas at beta", async || {
        let uri = c.ctx().urls.actor(ActorKind::Person, "cas");
        b.ctx().remote().unwrap().resolve_url(&uri).await.ok()
    })
    .await;
    let Resolved::Actor(cas_at_b) = cas_at_b else { panic!("Cas is no actor") };
    follows::ban(b.ctx(), &bob, at_b.id, cas_at_b.id, true, None, "spam").await.unwrap();
    until("the ban", async || {
        let mut conn = a.ctx().db.read().await.unwrap();
        let follow = store::groups::find_follow(&mut conn, cas_at_a, group.id).await.unwrap()?;
        (follow.state == FollowState::Banned && follow.reason == "spam").then_some(())
    })
    .await;
    expected.push((ModAction::Ban, "spam".to_owned()));
    assert_eq!(log(&a, &ada, group.id).await, expected, "{kind:?}");
    assert_eq!(log(&b, &bob, at_b.id).await, expected, "{kind:?}");
    assert!(service::lock(c.ctx(), &cas, there.id, false).await.is_err(), "{kind:?}: Cas never kept order");
}

/// A member elsewhere leaves for good: what they wrote is gone here too, open and closed, and so is what they told of themselves.
async fn left(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let (ada, bob) = (a.person("Ada").await, b.person("Bob").await);
    let open = a.group(&ada, "Local history", GroupKind::Public).await;
    let closed = a.group(&ada, "Care team", GroupKind::Private).await;
    let at_b = b.resolve("local_history", &a.host).await;
    b.join(&bob, &at_b).await;
    let closed_at_b = b.resolve("care_team", &a.host).await;
    super::closed::admit(&a, &ada, &closed, &b, &bob, &closed_at_b).await;
    let post = a.post(&ada, &open, PostKind::Message, "", "Who has a map?").await;
    let arrived = b.until_published(&post.uri).await;
    let comment = b.comment(&bob, arrived.id, "I do.").await;
    let said = b.post(&bob, &at_b, PostKind::Message, "", "Here it is").await;
    let whispered = b.post(&bob, &closed_at_b, PostKind::Message, "", "Among us").await;
    let mut author = None;
    for written in [&comment, &said, &whispered] {
        author = Some(a.until_published(&written.uri).await.author_id);
    }
    let author = author.unwrap();
    let read = async || store::actors::get(&mut a.ctx().db.read().await.unwrap(), author).await.unwrap();
    assert_eq!(read().await.display_name, "Bob");
    kring::services::leaving::leave(b.ctx(), &bob).await.unwrap();
    for written in [&comment, &said, &whispered] {
        let gone = a.until_post(&written.uri, |post| post.state == PostState::Deleted).await;
        assert_eq!((gone.html.as_str(), gone.title.as_str()), ("", ""));
    }
    let known = until("his end", async || {
        Some(read().await).filter(|actor| actor.state == kring::domain::actors::ActorState::Deleted)
    })
    .await;
    assert_eq!(known.display_name, known.name);
    for group in [&open, &closed] {
        let mut conn = a.ctx().db.read().await.unwrap();
        assert!(store::groups::find_follow(&mut conn, author, group.id).await.unwrap().is_none());
    }
    // What others wrote stays.
    a.until_published(&post.uri).await;
}
