//! Follows, answers to them and invitations on their way out.

use serde_json::json;

use super::super::convert::{Activity, Address};
use super::super::state::Federation;
use super::batch::Batch;
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::groups::FollowState;

impl Federation {
    pub(in crate::federation) fn follow(&self, uri: &str, follower: &Actor, target: &Actor) -> Activity {
        let address = Address { to: vec![target.uri.clone()], cc: Vec::new() };
        Activity::new(uri.to_owned(), "Follow", &follower.uri, json!(target.uri), address, self.ctx.now())
    }

    /// Sends an activity of `from` to the inbox of `to` alone.
    pub(in crate::federation) async fn send_to(&self, from: &Actor, to: &Actor, activity: &Activity) -> Result<()> {
        // Its own inbox: a follow concerns this actor, and small servers have no shared one.
        let targets = self.inboxes(&[to.id]).await?;
        let mut batch = Batch::default();
        batch.add(from, activity, &activity.document(), None, targets, self.ctx.now());
        self.send(batch).await
    }

    pub(super) async fn follow_requested(&self, follower: ActorId, target: ActorId) -> Result<()> {
        let (follower, target) = (self.get_actor(follower).await?, self.get_actor(target).await?);
        if target.is_local() && target.is_group() {
            return self.ask_moderators(&follower, &target).await;
        }
        if !follower.is_local() || target.is_local() {
            return Ok(());
        }
        let found = self.gathered.follows.one((follower.id, target.id)).await?;
        let Some(uri) = found.filter(|f| f.state == FollowState::Requested).and_then(|f| f.uri) else { return Ok(()) };
        self.make_known_to(&follower, &target).await?;
        self.send_to(&follower, &target, &self.follow(&uri, &follower, &target)).await
    }

    /// The answer embeds the Follow, and is sent again whenever the Follow is repeated.
    pub(super) async fn follow_accepted(&self, follower: ActorId, target: ActorId) -> Result<()> {
        let (follower, target) = (self.get_actor(follower).await?, self.get_actor(target).await?);
        if follower.is_local() || !target.is_local() {
            return Ok(());
        }
        let found = self.gathered.follows.one((follower.id, target.id)).await?;
        let Some(uri) = found.filter(|f| f.is_member()).and_then(|f| f.uri) else { return Ok(()) };
        self.answer_follow("Accept", &uri, &follower, &target).await
    }

    pub(super) async fn follow_rejected(&self, follower: ActorId, target: ActorId, uri: &str) -> Result<()> {
        let (follower, target) = (self.get_actor(follower).await?, self.get_actor(target).await?);
        if follower.is_local() || !target.is_local() {
            return Ok(());
        }
        self.answer_follow("Reject", uri, &follower, &target).await
    }

    /// Accepts or rejects a Follow of an actor elsewhere.
    pub(in crate::federation) async fn answer_follow(
        &self,
        answer: &'static str,
        uri: &str,
        follower: &Actor,
        target: &Actor,
    ) -> Result<()> {
        let address = Address { to: vec![follower.uri.clone()], cc: Vec::new() };
        let object = self.follow(uri, follower, target).bare();
        let activity = Activity::new(self.fresh_id(), answer, &target.uri, object, address, self.ctx.now());
        self.send_to(target, follower, &activity).await
    }

    pub(super) async fn unfollowed(&self, follower: ActorId, target: ActorId, uri: &str) -> Result<()> {
        let (follower, target) = (self.get_actor(follower).await?, self.get_actor(target).await?);
        if !follower.is_local() || target.is_local() {
            return Ok(());
        }
        let address = Address { to: vec![target.uri.clone()], cc: Vec::new() };
        let object = self.follow(uri, &follower, &target).bare();
        let undo = Activity::new(self.fresh_id(), "Undo", &follower.uri, object, address, self.ctx.now());
        self.send_to(&follower, &target, &undo).await
    }

    /// Someone elsewhere is asked into a group of ours; joining is then a Follow that is let in at once.
    pub(super) async fn invited(&self, invited: ActorId, group: ActorId, inviter: ActorId) -> Result<()> {
        let (invited, group) = (self.get_actor(invited).await?, self.get_actor(group).await?);
        let inviter = self.get_actor(inviter).await?;
        if invited.is_local() || !group.is_local() {
            return Ok(());
        }
        let found = self.gathered.follows.one((invited.id, group.id)).await?;
        let Some(uri) = found.filter(|f| f.state == FollowState::Invited).and_then(|f| f.uri) else { return Ok(()) };
        let address = Address { to: vec![invited.uri.clone()], cc: vec![group.uri.clone()] };
        // For a moderator elsewhere the group itself asks.
        let by = if inviter.is_local() { &inviter } else { &group };
        let invite = Activity::new(uri, "Invite", &by.uri, json!(group.uri), address, self.ctx.now())
            .with("target", json!(invited.uri));
        self.make_known_to_invited(by, group.id, &invited).await?;
        self.send_to(by, &invited, &invite).await
    }
}
