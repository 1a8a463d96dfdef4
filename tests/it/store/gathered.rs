//! What is asked or written for several at once is what it would be one by one.

use std::collections::HashSet;
use std::fmt::Debug;

use kring::base::{ActorId, FollowId, HostId, PostId, Result};
use kring::domain::groups::{Follow, FollowState, GroupKind, GroupRole, Notify};
use kring::domain::moderation::BlockKind;
use kring::domain::notices::{NoticePolicy, Verdict};
use kring::domain::posts::{Post, ReactionKind};
use kring::services::{moderation, notice_policy, posts as service};
use kring::store::notice_policy::Asked;
use kring::store::posts::{self, NewPost, Reacting};
use kring::store::{Conn, followers, follows, groups};

use crate::support::{Person, TestApp, both};

/// Texts that mean something to JSON, to arrays or to SQL.
const ODD: &[&str] = &[
    "",
    "NULL",
    "null",
    "{a,b}",
    "\"quoted\", and 'so'",
    "C:\\new\\{\"table\"}",
    "two\nlines\tand\r\nmore",
    "één café, 漢字 🫖 \u{200d}",
    "?; $1 -- DROP",
];

/// Asks for all together, and for each alone.
async fn same<T: Clone, R: Debug>(
    conn: &mut Conn,
    items: &[T],
    ask: impl for<'a> AsyncFn(&'a mut Conn, &'a [T]) -> Result<Vec<R>>,
) -> Vec<R> {
    let together = ask(conn, items).await.unwrap();
    let mut alone = Vec::new();
    for item in items {
        alone.extend(ask(conn, std::slice::from_ref(item)).await.unwrap());
    }
    assert_eq!(format!("{together:#?}"), format!("{alone:#?}"));
    assert!(ask(conn, &[]).await.unwrap().is_empty());
    together
}

#[test]
fn what_is_asked_for_several_is_what_each_would_be_told() {
    both(asked);
}

async fn asked(app: TestApp) {
    let [ada, ben] = [app.person("Ada").await, app.person("Ben").await];
    let [cem, dik] = [app.person("Cem").await, app.person("Dik").await];
    let group = app.group(&ada, "Local history", GroupKind::Public).await;
    let other = app.group(&ben, "Boat repair", GroupKind::Private).await;
    app.join(&ben, &group, &ada).await;
    app.join(&cem, &group, &ada).await;
    let first = app.post(&ada, &group, "Who knows this house, @cem? #street #old").await;
    let second = app.post(&ben, &other, "A plank.").await;
    let answer = app.comment(&ben, first, "I do, @ada.").await;
    let further = app.comment(&cem, answer, "And I.").await;
    app.settle().await;
    let block = async |who: &Person, target, kind| {
        moderation::set_block(app.ctx(), &who.viewer, target, kind, true, None).await.unwrap();
    };
    block(&ada, cem.id, BlockKind::Block).await;
    block(&ada, dik.id, BlockKind::Mute).await;
    app.execute(&format!("INSERT INTO host_blocks (member_id, host_id) VALUES ({}, 0)", dik.id)).await;
    let mine = |id: ActorId| format!("https://elsewhere.example/{id}");
    let taken_back =
        "INSERT INTO activities (id, uri, kind, actor_uri, direction, state, body, received_at) VALUES (7,";
    let undone = mine(ben.id);
    app.execute(&format!("{taken_back} 'https://elsewhere.example/undone', 'Undo', '{undone}', 'in', 'done', '', 0)"))
        .await;
    notice_policy::mute_thread(app.ctx(), &ben.viewer, first, true).await.unwrap();
    let policy = NoticePolicy { not_following: Verdict::Filter, ..NoticePolicy::default() };
    notice_policy::set(app.ctx(), &cem.viewer, policy).await.unwrap();
    service::react(app.ctx(), &ben.viewer, first, ReactionKind::Thanks, true).await.unwrap();

    let mut conn = app.ctx().db.read().await.unwrap();
    let conn = &mut conn;
    let all = [further, first, second, first, answer, PostId(1)];
    same(conn, &all, async |conn, ids| posts::find_several(conn, ids).await).await;
    let named = same(conn, &all, async |conn, ids| posts::named_and_shown(conn, ids).await).await;
    assert_eq!((named[1].0.tags.len(), named[1].0.mentioned.as_slice(), named[1].1.len()), (2, &[cem.id][..], 2));
    assert_eq!((named[0].0.answered, named[5].1.len()), (Some(ben.id), 0));

    let targets = [ada.id, group.id, other.id, group.id, ActorId(1)];
    let ask = async |conn: &mut Conn, ids: &[ActorId]| followers::local_followers_of(conn, ids, 2).await;
    let found = same(conn, &targets, ask).await;
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [0, 2, 1, 2, 0]);

    let to = |who: &[ActorId], actor, post| Asked { who: who.to_vec(), actor, post };
    let everybody = [ada.id, ben.id, cem.id, group.id];
    let questions = [
        to(&everybody, Some(cem.id), Some(first)),
        to(&everybody[..2], Some(ada.id), Some(second)),
        to(&everybody, None, None),
        to(&[group.id], Some(ada.id), Some(answer)),
        to(&everybody, Some(ben.id), Some(PostId(1))),
        to(&[ada.id, dik.id], Some(dik.id), Some(first)),
    ];
    let ask = async |conn: &mut Conn, asked: &[Asked]| {
        let mut found = kring::store::notice_policy::recipients(conn, asked).await?;
        found.iter_mut().for_each(|(people, _)| people.sort_by_key(|person| person.id));
        Ok(found)
    };
    let found = same(conn, &questions, ask).await;
    let shut = |n: usize| found[n].0.iter().map(|person| person.shut).collect::<Vec<_>>();
    assert_eq!((shut(0), shut(1), shut(2)), (vec![true, true, false], vec![false; 2], vec![false; 3]));
    assert_eq!((found[0].0[2].policy, found[3].0.len(), found[4].1), (policy, 0, None));
    assert_eq!(shut(5), [true, true], "who is muted, and whose server is");
    assert!(found[1].1.unwrap().0 != found[0].1.unwrap().0);

    let uri = async |conn: &mut Conn, id| posts::get(conn, id).await.unwrap().uri;
    let (here, there) = (uri(conn, first).await, uri(conn, second).await);
    let reacting = |post: &str, actor: ActorId| Reacting {
        post: post.to_owned(),
        actor,
        actor_uri: mine(actor),
        undone: "https://elsewhere.example/undone".to_owned(),
    };
    let all = [
        reacting(&here, cem.id),
        reacting(&there, cem.id),
        reacting("https://no.example/1", ben.id),
        reacting(&here, ben.id),
        reacting(&here, dik.id),
    ];
    let met = same(conn, &all, async |conn, all| posts::meet_reactions(conn, all).await).await;
    let blocked: Vec<_> = met.iter().map(|met| met.as_ref().map(|met| (met.blocked, met.undone))).collect();
    assert_eq!(blocked, [Some((true, false)), Some((false, false)), None, Some((false, true)), Some((false, false))]);

    let home = posts::get(conn, first).await.unwrap();
    let host = kring::base::HostId::LOCAL;
    let from = [(host, there.as_str()), (host, "https://no.example/1"), (host, home.uri.as_str())];
    let found = same(conn, &from, async |conn, from| posts::find_from_all(conn, from).await).await;
    assert_eq!(found.iter().map(|(_, post)| post.is_some()).collect::<Vec<_>>(), [true, false, true]);

    let pairs = [(group.id, ben.id), (other.id, ada.id), (other.id, ben.id), (ActorId(1), ben.id)];
    let together = groups::find_with_all(conn, &pairs).await.unwrap();
    assert_eq!(together.len(), 3);
    for pair in pairs {
        let alone = groups::find_with(conn, pair.0, Some(pair.1)).await.unwrap();
        assert_eq!(format!("{:?}", together.get(&pair)), format!("{:?}", alone.as_ref()));
    }
}

#[test]
fn posts_stored_together_are_stored_as_they_are() {
    both(stored);
}

async fn stored(app: TestApp) {
    let ada = app.person("Ada").await;
    let group = app.group(&ada, "Local history", GroupKind::Public).await;
    let parent = app.post(&ada, &group, "Odd texts").await;
    let like = posts::get(&mut app.ctx().db.read().await.unwrap(), parent).await.unwrap();
    let odd = |number: usize, text: &str| {
        let id = PostId(app.ctx().ids.next());
        let (even, text) = (number.is_multiple_of(2), text.to_owned());
        let post = Post {
            id,
            uri: format!("https://elsewhere.example/{number}?{text}"),
            url: text.clone(),
            group_id: like.group_id.filter(|_| even),
            parent_id: even.then_some(parent),
            root_id: if even { parent } else { id },
            title: text.clone(),
            source: text.clone(),
            html: text.clone(),
            language: even.then(|| text.clone()),
            sensitive: even,
            warning: text.clone(),
            link_url: even.then(|| text.clone()),
            edited_at: even.then_some(like.published_at),
            received_seq: id.0,
            locked: !even,
            ..like.clone()
        };
        NewPost { post, parent_uri: even.then(|| text.clone()), search_text: text }
    };
    let new: Vec<NewPost> = ODD.iter().enumerate().map(|(number, text)| odd(number, text)).collect();
    // One is here already, with the same id of its own server.
    let again = NewPost { post: Post { id: PostId(app.ctx().ids.next()), ..new[3].post.clone() }, ..new[3].clone() };
    let (one, all) = (new[3].clone(), [new.clone(), vec![again]].concat());
    let write = app.ctx().db.write(move |conn| Box::pin(async move { posts::insert_all(conn, &[one]).await }));
    assert_eq!(write.await.unwrap().into_iter().collect::<Vec<_>>(), [new[3].post.id]);
    let write = app.ctx().db.write(move |conn| Box::pin(async move { posts::insert_all(conn, &all).await }));
    let added = write.await.unwrap();
    assert_eq!(added.len(), ODD.len() - 1);
    let mut conn = app.ctx().db.read().await.unwrap();
    for NewPost { post, parent_uri, search_text } in new {
        let hidden = "active_seq = received_seq AND parent_uri IS NOT DISTINCT FROM";
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let parent = parent_uri.as_deref().map_or("NULL".to_owned(), quoted);
        let all = format!("{hidden} {parent} AND search_text = {}", quoted(&search_text));
        let found = app.count(&format!("SELECT count(*) AS n FROM posts WHERE id = {} AND {all}", post.id)).await;
        assert_eq!(found, 1, "{search_text:?}");

        assert_eq!(added.contains(&post.id), post.title != ODD[3], "{}", post.title);
        assert_eq!(format!("{:?}", posts::get(&mut conn, post.id).await.unwrap()), format!("{post:?}"));
    }
}

#[test]
fn follows_stored_together_are_stored_as_they_are() {
    both(followed);
}

async fn followed(app: TestApp) {
    let (ada, ben) = (app.person("Ada").await, app.person("Ben").await);
    let group = app.group(&ada, "Local history", GroupKind::Public).await;
    app.join(&ben, &group, &ada).await;
    let mut conn = app.ctx().db.read().await.unwrap();
    let like = groups::find_follow(&mut conn, ben.id, group.id).await.unwrap().unwrap();
    let audience = groups::find(&mut conn, group.id).await.unwrap().unwrap().audience_id;
    drop(conn);
    let mut all = Vec::new();
    for (number, text) in ODD.iter().enumerate() {
        let (person, even) = (app.person(&format!("Sam{number}")).await, number.is_multiple_of(2));
        all.push(Follow {
            id: FollowId(app.ctx().ids.next()),
            follower_id: person.id,
            state: if even { FollowState::Accepted } else { FollowState::Banned },
            role: if even { GroupRole::Moderator } else { GroupRole::Member },
            may_post: even,
            uri: even.then(|| format!("https://elsewhere.example/{number}?{text}")),
            notify: if even { Notify::All } else { Notify::None },
            muted: even,
            reason: (*text).to_owned(),
            until_at: (!even).then_some(like.created_at),
            ..like.clone()
        });
    }
    // One that is here already keeps its id.
    let (held, mut expected) =
        (Follow { id: FollowId(app.ctx().ids.next()), muted: true, ..like.clone() }, all.clone());
    all.push(held.clone());
    expected.push(Follow { id: like.id, ..held });
    let readers: HashSet<_> = all.iter().map(|follow| (audience, follow.follower_id, HostId::LOCAL)).collect();
    let pairs: Vec<_> =
        all.iter().map(|follow| (follow.follower_id, follow.target_id)).chain([(ada.id, ben.id)]).collect();
    let write = app.ctx().db.write(move |conn| {
        Box::pin(async move {
            follows::upsert(conn, &all.iter().collect::<Vec<_>>()).await?;
            follows::add_readers(conn, &readers).await?;
            // Again changes nothing.
            follows::add_readers(conn, &readers).await
        })
    });
    write.await.unwrap();
    let mut conn = app.ctx().db.read().await.unwrap();
    let mut found = follows::between(&mut conn, &pairs).await.unwrap();
    found.sort_by_key(|follow| follow.follower_id);
    expected.sort_by_key(|follow| follow.follower_id);
    assert_eq!(format!("{found:#?}"), format!("{expected:#?}"));
    let count = format!("SELECT count(*) AS n FROM readers WHERE audience_id = {}", audience);
    assert_eq!(app.count(&count).await, 2 + i64::try_from(ODD.len()).unwrap());
}
