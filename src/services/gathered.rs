//! What many ask or write at the same moment, gathered: see [`Together`].

use super::follows::{Requested, receive_all};
use super::posts::{Arriving, Taken, set_reactions, take_in_all};
use crate::base::*;
use crate::domain::groups::FollowState;
use crate::domain::posts::{Entry, Post};
use crate::store::followers::LocalFollower;
use crate::store::notice_policy::{Asked, Recipients};
use crate::store::notices::Told;
use crate::store::posts::{AtHome, Named, NewReaction};
use crate::store::{self, Db, Together};

/// Followers here who are read in one go; see [`super::timelines`].
pub(super) const FOLLOWERS: i64 = 200;

/// Everything that is gathered.
pub struct Gathered {
    /// Posts.
    pub posts: Together<PostId, Option<Post>>,
    /// Whom and what posts name, and their showings.
    pub(super) named: Together<PostId, (Named, Vec<Entry>)>,
    /// Those here who follow somebody, the first [`FOLLOWERS`] of them.
    pub(super) followers: Together<ActorId, Vec<LocalFollower>>,
    /// Who may be told something.
    pub(super) recipients: Together<Asked, Recipients>,
    /// Puts entries on homes.
    pub(super) homes: Together<AtHome, ()>,
    /// Keeps notices.
    pub(super) notices: Together<Told, Vec<(ActorId, NotificationId)>>,
    /// Takes posts of peers in.
    pub(super) incoming: Together<Arriving, Result<Taken>>,
    /// Takes requests of actors elsewhere to follow someone or to join.
    pub(super) requests: Together<Requested, Result<FollowState>>,
    /// Stores reactions of peers' actors.
    pub(super) reactions: Together<NewReaction, ()>,
}

impl Gathered {
    /// For one database.
    pub fn new(db: &Db, ids: &Ids, clock: &Clock) -> Self {
        Self {
            posts: Together::reading(db, |conn, ids| {
                Box::pin(async move { store::posts::find_several(conn, &ids).await })
            }),
            named: Together::reading(db, |conn, posts| {
                Box::pin(async move { store::posts::named_and_shown(conn, &posts).await })
            }),
            followers: Together::reading(db, |conn, targets| {
                Box::pin(async move { store::followers::local_followers_of(conn, &targets, FOLLOWERS).await })
            }),
            recipients: Together::reading(db, |conn, asked| {
                Box::pin(async move { store::notice_policy::recipients(conn, &asked).await })
            }),
            homes: Together::writing(db, |conn, put| {
                Box::pin(async move {
                    store::posts::insert_home(conn, &put).await?;
                    Ok(vec![(); put.len()])
                })
            }),
            notices: Together::writing(db, |conn, told| {
                Box::pin(async move { store::notices::insert(conn, &told).await })
            }),
            incoming: Together::in_transaction(db, |conn, all| Box::pin(take_in_all(conn, all))),
            requests: Together::in_transaction(db, |conn, all| Box::pin(receive_all(conn, all))),
            reactions: Together::in_transaction_at(db, ids, clock, |conn, ids, now, all: Vec<NewReaction>| {
                Box::pin(async move {
                    set_reactions(conn, &ids, now, &all).await?;
                    Ok(vec![(); all.len()])
                })
            }),
        }
    }
}
