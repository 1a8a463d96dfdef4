//! Who wants into a group, and who decides about it: moderators may live elsewhere than the group does.

use super::super::state::Federation;
use super::super::wire::{Doc, Kind};
use super::Item;
use crate::base::*;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::domain::events::Event;
use crate::domain::groups::{Follow, FollowState, GroupRole, Notify};
use crate::services::ctx::emit;
use crate::services::follows::{self, Decision};
use crate::store::groups;

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
        let follower = match self.ours(follower).await? {
            Some(ours) => ours,
            None => self.actor(follower).await?,
        };
        if follower.state != ActorState::Active || follower.id == item.actor.id {
            return Err(Error::NotFound);
        }
        let (ctx, group) = (self.ctx.clone(), item.actor.id);
        let request = Follow {
            id: FollowId(ctx.ids.next()),
            follower_id: follower.id,
            target_id: group,
            state: FollowState::Requested,
            role: GroupRole::Member,
            may_post: false,
            uri: follow.id().map(str::to_owned),
            notify: Notify::None,
            muted: false,
            reason: note(item),
            until_at: None,
            seen_seq: 0,
            created_at: ctx.now(),
        };
        let write = self.ctx.db.write(move |conn| {
            Box::pin(async move {
                // One of ours who asked stands there already, by their own word.
                if groups::find_follow(conn, request.follower_id, group).await?.is_none() {
                    groups::upsert_follow(conn, &request).await?;
                }
                let offered = Event::JoinOffered { follower: request.follower_id, group };
                emit(conn, &ctx.ids, ctx.now(), &offered).await
            })
        });
        write.await?;
        self.ctx.wake.now();
        Ok(true)
    }

    /// Somebody else decided, or the one who asked asks no more.
    pub(super) async fn on_request_settled(&self, item: &Item<'_>) -> Result<bool> {
        let Some(follow) = item.doc.embedded("object").and_then(asked) else { return Ok(false) };
        let uri = follow.id().unwrap_or_default();
        let found = groups::find_follow_by_uri(&mut self.ctx.db.read().await?, uri).await?;
        let Some(held) = found.filter(|held| held.target_id == item.actor.id && held.state == FollowState::Requested)
        else {
            return Ok(true);
        };
        // One of ours hears it by the answer to their own Follow.
        if !self.get_actor(held.follower_id).await?.is_local() {
            follows::received_undo(&self.ctx, held.follower_id, held.target_id).await?;
        }
        Ok(true)
    }

    /// A moderator elsewhere decided about who asks into a group of ours, or is in it. Whether the answer is about such a group.
    pub(super) async fn on_request_decided(&self, item: &Item<'_>, yes: bool) -> Result<bool> {
        let follow = item.doc.embedded("object").filter(|follow| is_follow(*follow));
        let Some((follower, group)) = follow.and_then(|f| f.one_id("actor").zip(f.one_id("object"))) else {
            return Ok(false);
        };
        let Some(group) = self.ours(group).await?.filter(Actor::is_group) else { return Ok(false) };
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
        if !group.is_group() || item.via.is_some() || !self.keeps_order_in(&item.actor, &group).await? {
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

    /// Whether somebody elsewhere is a moderator of a group here, whose server may still take part in it.
    async fn keeps_order_in(&self, actor: &Actor, group: &Actor) -> Result<bool> {
        if actor.is_local() || self.is_shut_out(actor.host_id, Some(group.id)).await? {
            return Ok(false);
        }
        self.is_named_moderator(actor, group).await
    }

    pub(super) async fn has_moderator_here(&self, group: &Actor) -> Result<bool> {
        let mut conn = self.ctx.db.read().await?;
        let named = crate::store::federation::moderators(&mut conn, group.id).await?;
        Ok(named.iter().any(|(_, uri)| self.ctx.urls.is_ours(uri)))
    }
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
