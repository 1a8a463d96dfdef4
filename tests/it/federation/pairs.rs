//! Two and three instances over real HTTP.

use kring::domain::groups::GroupKind;
use kring::domain::posts::{PostKind, PostState, ReactionKind};
use kring::services::posts as service;

use super::support::*;
use crate::support::Kind;

on_each_database! {
    a_public_group_works_between_two_instances => public_group;
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
