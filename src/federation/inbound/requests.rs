//! Who wants into a group, and who decides about it: moderators may live elsewhere than the group does.

use super::super::state::Federation;
use super::super::wire::{Doc, Kind, same_origin};
use super::Item;
use super::undo::undone_id;
use crate::base::*;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::domain::groups::FollowState;
use crate::services::follows::{self, Decision};
use crate::store::{federation as rows, groups, memberships};

/// Longest note of somebody who asks, characters.
const NOTE: usize = 500;

impl Federation {
    /// A group elsewhere asks its moderators here about somebody. Whether this is such a question.
    pub(super) async fn on_request_offered(&self, item: &Item<'_>) -> Result<bool> {
        let Some(follow) = asked(item.doc) else { return Ok(false) };
        let Some((follower, group)) = follow.one_id("actor").zip(follow.one_id("object")) else { return Ok(false) };
        if !item.actor.is_group() || item.actor.is_local() || group != item.actor.uri || item.via.is_some() {
            return Err(Error::forbidden("error-origin"));
        }
        if !self.has_moderator_here(&item.actor).await? {
            return Err(Error::NotFound);
        }
        let over = undone_id(&self.question(item, follow));
        if rows::find_activity_by_uri(&mut self.ctx.db.read().await?, &over).await?.is_some() {
            return Ok(true);
        }
        let follower = match self.ours(follower).await? {
            Some(ours) => ours,
            None => self.asker(follower).await?,
        };
        if follower.state != ActorState::Active || follower.kind != ActorKind::Person {
            return Err(Error::NotFound);
        }
        let uri = follow.id().filter(|id| same_origin(id, &follower.uri));
        follows::received_offer(&self.ctx, &follower, item.actor.id, uri, note(item)).await?;
        Ok(true)
    }

    /// Somebody else decided, or the one who asked asks no more.
    pub(super) async fn on_request_settled(&self, item: &Item<'_>) -> Result<bool> {
        let Some(follow) = item.doc.embedded("object").and_then(asked) else { return Ok(false) };
        if item.via.is_some() {
            return Err(Error::forbidden("error-origin"));
        }
        self.remember_undone(item, Some(&self.question(item, follow))).await?;
        let follower = self.known_actor(follow.one_id("actor").unwrap_or_default()).await?;
        // One of ours hears it by the answer to their own Follow.
        let Some(follower) = follower.filter(|follower| !follower.is_local()) else { return Ok(true) };
        let held = groups::find_follow(&mut self.ctx.db.read().await?, follower.id, item.actor.id).await?;
        if held.is_some_and(|held| held.state == FollowState::Requested) {
            follows::received_undo(&self.ctx, follower.id, item.actor.id).await?;
        }
        Ok(true)
    }

    /// Under which id it is remembered that a question was taken back, which may still be tried again.
    fn question(&self, item: &Item<'_>, follow: Doc<'_>) -> String {
        format!("{}#asks/{}", item.actor.uri, follow.id().unwrap_or_default())
    }

    /// Who asks, from their own server. That one may have to ask the group's host about us first: it knows the next time.
    async fn asker(&self, uri: &str) -> Result<Actor> {
        match self.actor(uri).await {
            Err(Error::NotFound) => {
                let host = crate::urls::host_of(uri).unwrap_or_default();
                Err(Error::RemoteFailed { host, retryable: true, detail: format!("{uri} is not known yet") })
            }
            found => found,
        }
    }

    /// A moderator elsewhere decided about who asks into a group of ours, or is in it. Whether the answer is about such a group.
    pub(super) async fn on_request_decided(&self, item: &Item<'_>, yes: bool) -> Result<bool> {
        let follow = item.doc.embedded("object").filter(|follow| is_follow(*follow));
        let Some((follower, group)) = follow.and_then(|f| f.one_id("actor").zip(f.one_id("object"))) else {
            return Ok(false);
        };
        let Some(group) = self.ours(group).await?.filter(is_active_group) else { return Ok(false) };
        if item.via.is_some() || !self.keeps_order_in(&item.actor, &group).await? {
            return Err(Error::forbidden("error-not-moderator"));
        }
        let follower = self.known_actor(follower).await?.ok_or(Error::NotFound)?;
        let decision = Decision { group: group.id, follower: follower.id, yes, reason: note(item) };
        follows::received_decision(&self.ctx, &group, item.actor.id, decision).await?;
        Ok(true)
    }

    /// A moderator elsewhere wants somebody invited into a group of ours. Whether the Invite is about such a group.
    pub(super) async fn on_invite_wanted(&self, item: &Item<'_>) -> Result<bool> {
        let Some(group) = self.ours(item.envelope.object().unwrap_or_default()).await? else { return Ok(false) };
        if !is_active_group(&group) || item.via.is_some() || !self.keeps_order_in(&item.actor, &group).await? {
            return Err(Error::forbidden("error-not-moderator"));
        }
        let invited = item.doc.one_id("target").ok_or(Error::NotFound)?;
        let invited = match self.ours(invited).await? {
            Some(ours) => ours,
            None => self.actor(invited).await?,
        };
        // Who may not know somebody here does not find them by inviting either.
        let known = !invited.is_local() || self.known_to(&invited, &self.sender(item)).await?;
        if !known || invited.kind != ActorKind::Person || invited.state != ActorState::Active {
            return Err(Error::NotFound);
        }
        follows::received_invite(&self.ctx, &group, item.actor.id, &invited).await?;
        Ok(true)
    }

    /// Whether somebody elsewhere decides about who comes into a group here: a moderator who is in it, and still reads it.
    async fn keeps_order_in(&self, actor: &Actor, group: &Actor) -> Result<bool> {
        let deciding = memberships::deciding(&mut self.ctx.db.read().await?, group.id).await?;
        Ok(!actor.is_local() && deciding.contains(&actor.id))
    }

    pub(super) async fn has_moderator_here(&self, group: &Actor) -> Result<bool> {
        memberships::host_decides(&mut self.ctx.db.read().await?, group.id, HostId::LOCAL).await
    }
}

fn is_active_group(actor: &Actor) -> bool {
    actor.is_group() && actor.state == ActorState::Active
}

/// The Follow that an Offer is about.
fn asked(offer: Doc<'_>) -> Option<Doc<'_>> {
    offer.embedded("object").filter(|follow| is_follow(*follow))
}

/// What is said with it, as text.
fn note(item: &Item<'_>) -> String {
    item.doc.text("summary").unwrap_or_default().chars().take(NOTE).collect()
}

fn is_follow(doc: Doc<'_>) -> bool {
    matches!(doc.kind(), Some(Kind::Follow | Kind::Join))
}
