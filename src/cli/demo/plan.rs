//! The demo as rows: ids, addresses and moments, the same on both sides, so that each knows the other's things as it
//! would after years of federation.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::content::{self, Content};
use crate::base::*;
use crate::domain::actors::ActorKind;
use crate::urls::Urls;

/// Ids of people and groups by key, and where each lives.
pub struct Plan {
    pub content: Content,
    pub now: Time,
    pub urls: HashMap<&'static str, Urls>,
    pub actors: HashMap<String, ActorId>,
    pub avatars: HashMap<String, MediaId>,
    ids: Ids,
    given: Mutex<HashSet<i64>>,
    follows: Mutex<HashMap<(ActorId, ActorId), FollowId>>,
    /// The ids of posts: decided once, so that both sides call a thing by the same address.
    post_ids: OnceLock<Vec<PostIds>>,
}

/// Of a post: its own, that of its first post, of what it answers, of the accepted answer, of its picture.
type PostIds = (PostId, PostId, Option<PostId>, Option<PostId>, Option<MediaId>);

/// A post or comment with everything decided.
pub struct Planned<'a> {
    pub id: PostId,
    pub root: PostId,
    pub parent: Option<PostId>,
    pub author: &'a str,
    pub group: &'a content::Group,
    pub at: Time,
    pub body: &'a str,
    pub top: Option<&'a content::Post>,
    pub accepted: Option<PostId>,
    pub media: Option<MediaId>,
}

const MICROS_PER_DAY: f64 = 86_400_000_000.0;

impl Plan {
    /// Gives every person and group an id, older ones first.
    pub fn new(content: Content, urls: HashMap<&'static str, Urls>, now: Time) -> Self {
        let ids = Ids::new(Clock::fixed(now), &Rng);
        let founded = now.plus(-400 * Time::DAY);
        let keys = content.people.iter().map(|p| &p.key).chain(content.groups.iter().map(|g| &g.key));
        let actors = keys.enumerate().map(|(n, key)| {
            let step = i64::try_from(n).unwrap_or(0) * Time::HOUR;
            (key.clone(), ActorId(ids.at(founded.plus(step))))
        });
        let actors = actors.collect();
        let avatars = super::files::AVATARS.iter().map(|(key, _)| ((*key).to_owned(), MediaId(ids.at(founded))));
        let avatars = avatars.collect();
        let (given, follows, post_ids) = (Mutex::default(), Mutex::default(), OnceLock::new());
        Self { content, now, urls, actors, avatars, ids, given, follows, post_ids }
    }

    /// A fresh id that sorts at `at`; the one after it is nobody else's either.
    pub fn id_at(&self, at: Time) -> i64 {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        // Ids at one moment repeat after 512, and much of the demo happens at one moment: then a millisecond later will do.
        let mut moment = at;
        let mut tries = 0;
        loop {
            let id = self.ids.at(moment);
            if !given.contains(&id) && !given.contains(&(id + 1)) {
                given.extend([id, id + 1]);
                return id;
            }
            tries += 1;
            if tries % 256 == 0 {
                moment = moment.plus(1000);
            }
        }
    }

    /// The id of a membership: the same on both sides, so that an `Undo` can name it.
    pub fn follow(&self, follower: ActorId, target: ActorId) -> FollowId {
        let mut follows = self.follows.lock().unwrap_or_else(PoisonError::into_inner);
        *follows.entry((follower, target)).or_insert_with(|| FollowId(self.id_at(time_of(target.0))))
    }

    /// A moment `days` ago.
    pub fn ago(&self, days: f64) -> Time {
        self.now.plus(-micros(days * MICROS_PER_DAY))
    }

    /// Someone.
    pub fn person(&self, key: &str) -> Result<&content::Person> {
        let found = self.content.people.iter().find(|p| p.key == key);
        found.ok_or_else(|| Error::internal(format!("the demo names {key}, who is not in it")))
    }

    /// The id of a person or group.
    pub fn actor(&self, key: &str) -> Result<ActorId> {
        self.actors.get(key).copied().ok_or_else(|| Error::internal(format!("the demo names {key}, who is not in it")))
    }

    /// Addresses of the instance a thing lives on.
    pub fn home(&self, instance: &str) -> Result<&Urls> {
        self.urls.get(instance).ok_or_else(|| Error::internal(format!("the demo has no instance {instance}")))
    }

    /// ActivityPub id of a person.
    pub fn person_uri(&self, key: &str) -> Result<String> {
        Ok(self.home(&self.person(key)?.instance)?.actor(ActorKind::Person, key))
    }

    /// Whether a group is known on a side: it lives there, or has members from there.
    pub fn knows(&self, side: &str, group: &content::Group) -> bool {
        group.instance == side
            || group.everyone().iter().any(|key| self.person(key).is_ok_and(|person| person.instance == side))
    }

    /// Every post and comment, oldest first, with ids that sort like their moments.
    pub fn posts(&self) -> Vec<Planned<'_>> {
        let mut all = Vec::new();
        for group in &self.content.groups {
            for post in &group.posts {
                self.plan_post(group, post, &mut all);
            }
        }
        let decided = |p: &Planned<'_>| (p.id, p.root, p.parent, p.accepted, p.media);
        let ids = self.post_ids.get_or_init(|| all.iter().map(decided).collect());
        for (planned, ids) in all.iter_mut().zip(ids) {
            (planned.id, planned.root, planned.parent, planned.accepted, planned.media) = *ids;
        }
        all.sort_by_key(|p| p.id);
        all
    }

    fn plan_post<'a>(&'a self, group: &'a content::Group, post: &'a content::Post, all: &mut Vec<Planned<'a>>) {
        let at = self.ago(post.days_ago);
        let id = PostId(self.id_at(at));
        let media = post.picture.as_ref().map(|_| MediaId(self.id_at(at)));
        let index = all.len();
        let (body, author) = (post.body.as_str(), post.author.as_str());
        let top = Some(post);
        all.push(Planned { id, root: id, parent: None, author, group, at, body, top, accepted: None, media });
        let mut accepted = None;
        for comment in &post.comments {
            let comment_id = self.plan_comment(group, id, id, at, comment, all);
            if comment.accepted {
                accepted = Some(comment_id);
            }
        }
        if let Some(planned) = all.get_mut(index) {
            planned.accepted = accepted;
        }
    }

    fn plan_comment<'a>(
        &'a self,
        group: &'a content::Group,
        root: PostId,
        parent: PostId,
        after: Time,
        comment: &'a content::Comment,
        all: &mut Vec<Planned<'a>>,
    ) -> PostId {
        let at = after.plus(micros(comment.hours_after * MICROS_PER_DAY / 24.0)).min(self.now.plus(-Time::MINUTE));
        let id = match self.id_at(at) {
            id if id > parent.0 => PostId(id),
            _ => PostId(self.id_at(time_of(parent.0).plus(2_000))),
        };
        let (author, body) = (comment.author.as_str(), comment.body.as_str());
        let parent = Some(parent);
        all.push(Planned { id, root, parent, author, group, at, body, top: None, accepted: None, media: None });
        for reply in &comment.replies {
            self.plan_comment(group, root, id, at, reply, all);
        }
        id
    }
}

/// Whole microseconds of a float that is known to be small.
fn micros(value: f64) -> i64 {
    format!("{value:.0}").parse().unwrap_or(0)
}
