//! Moderators on other servers: they are asked about who wants into a group of ours, and ours decide about groups elsewhere.

use serde_json::{Value, json};

use super::super::convert::{Activity, Address};
use super::super::state::Federation;
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::groups::{FollowState, GroupRole};
use crate::store::{federation as rows, groups, memberships};

/// How many who wait a new moderator is told of.
const WAITING: i64 = 80;

impl Federation {
    /// Asks the moderators of a group of ours who live elsewhere about somebody who wants in.
    pub(super) async fn ask_moderators(&self, follower: &Actor, group: &Actor) -> Result<()> {
        let mut conn = self.ctx.db.read().await?;
        let found = groups::find_follow(&mut conn, follower.id, group.id).await?;
        drop(conn);
        let Some(follow) = found.filter(|follow| follow.state == FollowState::Requested) else { return Ok(()) };
        let asked = self.follow(&follow.uri.unwrap_or_default(), follower, group).bare();
        for moderator in self.moderators_elsewhere(group).await? {
            let offer = self.offer(group, &moderator, &asked, &follow.reason);
            self.send_to(group, &moderator, &offer).await?;
        }
        Ok(())
    }

    /// Tells who has become a moderator elsewhere who is waiting.
    pub(super) async fn tell_waiting(&self, moderator: &Actor, group: &Actor) -> Result<()> {
        if !self.moderators_elsewhere(group).await?.iter().any(|one| one.id == moderator.id) {
            return Ok(());
        }
        let mut conn = self.ctx.db.read().await?;
        let states = [FollowState::Requested];
        let waiting = groups::members(&mut conn, group.id, &states, GroupRole::ALL, 0, WAITING).await?;
        drop(conn);
        for line in waiting {
            let follower = self.get_actor(line.follow.follower_id).await?;
            let asked = self.follow(&line.follow.uri.unwrap_or_default(), &follower, group).bare();
            let offer = self.offer(group, moderator, &asked, &line.follow.reason);
            self.send_to(group, moderator, &offer).await?;
        }
        Ok(())
    }

    fn offer(&self, group: &Actor, moderator: &Actor, follow: &Value, note: &str) -> Activity {
        let address = Address { to: vec![moderator.uri.clone()], cc: Vec::new() };
        let offer = Activity::new(self.fresh_id(), "Offer", &group.uri, follow.clone(), address, self.ctx.now());
        offer.with("summary", json!(note))
    }

    /// Nobody elsewhere needs to decide about it any more.
    pub(super) async fn join_settled(&self, follower: ActorId, group: ActorId, uri: &str) -> Result<()> {
        let (follower, group) = (self.get_actor(follower).await?, self.get_actor(group).await?);
        if !group.is_local() {
            return Ok(());
        }
        let asked = self.follow(uri, &follower, &group).bare();
        for moderator in self.moderators_elsewhere(&group).await? {
            let offer = self.offer(&group, &moderator, &asked, "").bare();
            let address = Address { to: vec![moderator.uri.clone()], cc: Vec::new() };
            let undo = Activity::new(self.fresh_id(), "Undo", &group.uri, offer, address, self.ctx.now());
            self.send_to(&group, &moderator, &undo).await?;
        }
        Ok(())
    }

    /// Those who decide and live on another Kring: other software has no use for who asks.
    pub(super) async fn moderators_elsewhere(&self, group: &Actor) -> Result<Vec<Actor>> {
        let deciding = memberships::deciding(&mut self.ctx.db.read().await?, group.id).await?;
        let mut elsewhere = Vec::new();
        for id in deciding {
            let moderator = self.get_actor(id).await?;
            if self.known_host_of(&moderator).await? {
                elsewhere.push(moderator);
            }
        }
        Ok(elsewhere)
    }

    async fn known_host_of(&self, actor: &Actor) -> Result<bool> {
        let host = rows::get_host(&mut self.ctx.db.read().await?, actor.host_id).await?;
        Ok(!actor.is_local() && host.is_kring() && self.check_host(&host).is_ok())
    }

    /// What a moderator here decided about a group elsewhere, told to its host: the answer to the Follow.
    pub(super) async fn join_decided(
        &self,
        moderator: ActorId,
        follower: ActorId,
        group: ActorId,
        uri: &str,
        (yes, reason): (bool, &str),
    ) -> Result<()> {
        let (moderator, group) = (self.get_actor(moderator).await?, self.get_actor(group).await?);
        let follower = self.get_actor(follower).await?;
        if !moderator.is_local() || group.is_local() {
            return Ok(());
        }
        let address = Address { to: vec![group.uri.clone()], cc: Vec::new() };
        let follow = self.follow(uri, &follower, &group).bare();
        let kind = if yes { "Accept" } else { "Reject" };
        let mut answer = Activity::new(self.fresh_id(), kind, &moderator.uri, follow, address, self.ctx.now());
        if !reason.is_empty() {
            answer = answer.with("summary", json!(reason));
        }
        self.send_to(&moderator, &group, &answer).await
    }

    /// Asks the host of a group elsewhere to invite somebody.
    pub(super) async fn invite_wanted(&self, invited: ActorId, group: ActorId, moderator: ActorId) -> Result<()> {
        let (moderator, group) = (self.get_actor(moderator).await?, self.get_actor(group).await?);
        let invited = self.get_actor(invited).await?;
        if !moderator.is_local() || group.is_local() {
            return Ok(());
        }
        let address = Address { to: vec![group.uri.clone()], cc: Vec::new() };
        let invite =
            Activity::new(self.fresh_id(), "Invite", &moderator.uri, json!(group.uri), address, self.ctx.now())
                .with("target", json!(invited.uri));
        self.send_to(&moderator, &group, &invite).await
    }
}
