//! Follows, joins and invitations, and the answers to them.

use super::super::state::Federation;
use super::super::wire::{Doc, Kind, same_origin};
use super::Item;
use crate::base::*;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::domain::events::Event;
use crate::domain::groups::{Follow, FollowState, GroupKind, GroupRole, Notify};
use crate::domain::peers::{Form, PeerScope};
use crate::services::ctx::emit;
use crate::services::follows;
use crate::store::federation as rows;
use crate::store::{actors, groups, moderation, notice_followers};

impl Federation {
    /// One of our actors by its id.
    pub(in crate::federation) async fn ours(&self, uri: &str) -> Result<Option<Actor>> {
        if !self.ctx.urls.is_ours(uri) {
            return Ok(None);
        }
        Ok(self.known_actor(uri).await?.filter(|actor| actor.is_local()))
    }

    /// Someone elsewhere wants to follow one of us or to join a group of ours.
    pub(super) async fn on_follow(&self, item: &Item<'_>) -> Result<()> {
        if item.via.is_some() {
            return Err(Error::forbidden("error-not-wrapped"));
        }
        let target = item.envelope.object().unwrap_or_default();
        let Some(target) = self.ours(target).await?.filter(|a| a.state == ActorState::Active) else {
            // Friendica follows posts, to hear of answers: nothing to do.
            return Err(Error::NotFound);
        };
        if matches!(target.kind, ActorKind::Application) {
            return self.on_peering_offer(item).await;
        }
        if self.is_unfollowed(item).await? {
            return Ok(());
        }
        if !self.known_to(&target, &self.sender(item)).await? {
            // Who is unknown to them is not found by asking either.
            return Err(Error::NotFound);
        }
        // What the server is decides in which form it gets things, so it must be known before it gets any.
        let host = self.probed(&item.actor.uri, item.actor.host_id).await?;
        self.check_host(&host)?;
        let uri = item.envelope.id.clone().unwrap_or_else(|| format!("{}#follows/{}", item.actor.uri, target.id));
        let facts = self.gathered.kinds.one(target.id).await?;
        let closed = facts.is_some_and(|(kind, ..)| kind != GroupKind::Public);
        let outcome = if closed && host.form() == Form::Plain {
            // Its server would show members' posts to strangers, or lose the group in the answers: they hear no more than that
            // something was written, where the group lets them.
            match follows::received_bare_follow(&self.ctx, item.actor.id, target.id, &uri).await {
                Ok(()) => return self.answer_follow("Accept", &uri, &item.actor, &target).await,
                refused => refused.map(|()| FollowState::Accepted),
            }
        } else {
            let along = facts.is_some() && self.comes_along(&item.actor, &target).await?;
            let peer = host.shares(PeerScope::Network);
            follows::received_request(&self.ctx, &item.actor, &target, &uri, peer, along).await
        };
        match outcome {
            Ok(_) => Ok(()),
            Err(Error::NotFound | Error::Forbidden { .. }) => {
                if facts.is_some() && !self.may_know(&target, &item.actor).await? {
                    // A refusal would tell that there is such a group.
                    return Err(Error::NotFound);
                }
                self.answer_follow("Reject", &uri, &item.actor, &target).await
            }
            Err(other) => Err(other),
        }
    }

    async fn may_know(&self, group: &Actor, who: &Actor) -> Result<bool> {
        if self.is_announced(group).await? {
            return Ok(true);
        }
        let states = [FollowState::Accepted, FollowState::Requested, FollowState::Invited];
        rows::host_has_follow(&mut self.ctx.db.read().await?, group.id, who.host_id, &states).await
    }

    /// The follow of one of ours that an answer is about: by the id of the Follow, or by who follows whom.
    async fn answered(&self, item: &Item<'_>) -> Result<Option<Follow>> {
        let mut conn = self.ctx.db.read().await?;
        let by_uri = match item.envelope.object() {
            Some(uri) => groups::find_follow_by_uri(&mut conn, uri).await?,
            None => None,
        };
        let found = match by_uri.filter(|follow| follow.target_id == item.actor.id) {
            Some(found) => Some(found),
            None => match item.doc.embedded("object").and_then(|follow| follow.one_id("actor")) {
                Some(follower) => {
                    let follower = actors::find_by_uri(&mut conn, follower).await?.filter(|a| a.is_local());
                    match follower {
                        Some(follower) => groups::find_follow(&mut conn, follower.id, item.actor.id).await?,
                        None => None,
                    }
                }
                None => None,
            },
        };
        // Only the one who is followed can answer.
        Ok(found.filter(|follow| follow.target_id == item.actor.id))
    }

    pub(super) async fn on_accept(&self, item: &Item<'_>) -> Result<()> {
        if self.on_peering_answer(item, true).await?
            || self.on_quote_answer(item, true).await?
            || self.on_meeting_accepted(item).await?
            || self.on_contact_accepted(item).await?
            || self.on_request_decided(item, true).await?
        {
            return Ok(());
        }
        let Some(follow) = self.answered(item).await?.filter(|_| item.via.is_none()) else {
            return Err(Error::NotFound);
        };
        follows::received_accept(&self.ctx, follow.follower_id, follow.target_id).await
    }

    /// A refusal, or the end of a membership.
    pub(super) async fn on_reject(&self, item: &Item<'_>) -> Result<()> {
        if self.on_peering_answer(item, false).await?
            || self.on_quote_answer(item, false).await?
            || self.on_meeting_off(item).await?
            || self.on_request_decided(item, false).await?
        {
            return Ok(());
        }
        let Some(follow) = self.answered(item).await?.filter(|_| item.via.is_none()) else {
            return Err(Error::NotFound);
        };
        if follow.follower_id == self.server_actor().await?.id {
            // It may be another kind of group now, which we read of nowhere else; or not for us to know.
            if let Err(error) = self.refresh_actor(&item.actor.uri).await {
                tracing::debug!(%error, group = %item.actor.uri, "a group that our server was in");
            }
        }
        follows::received_reject(&self.ctx, follow.follower_id, follow.target_id).await
    }

    /// Someone elsewhere stopped following one of us.
    pub(super) async fn on_leave(&self, item: &Item<'_>) -> Result<()> {
        let target = item.envelope.object().unwrap_or_default();
        let Some(target) = self.ours(target).await? else { return Err(Error::NotFound) };
        follows::received_undo(&self.ctx, item.actor.id, target.id).await
    }

    /// Undoing a Follow, by its id or by what stands in it.
    pub(super) async fn undo_follow(&self, item: &Item<'_>, follow: Option<Doc<'_>>) -> Result<bool> {
        if self.on_peering_end(item).await? {
            return Ok(true);
        }
        let mut conn = self.ctx.db.read().await?;
        let by_uri = match item.envelope.object() {
            Some(uri) => groups::find_follow_by_uri(&mut conn, uri).await?,
            None => None,
        };
        let barely = match (&by_uri, item.envelope.object()) {
            (None, Some(uri)) => notice_followers::find_by_uri(&mut conn, item.actor.id, uri).await?,
            _ => None,
        };
        drop(conn);
        if let Some(group) = barely {
            follows::received_undo(&self.ctx, item.actor.id, group).await?;
            return Ok(true);
        }
        if let Some(found) = by_uri.filter(|f| f.follower_id == item.actor.id) {
            follows::received_undo(&self.ctx, found.follower_id, found.target_id).await?;
            return Ok(true);
        }
        let Some(target) = follow.filter(|f| matches!(f.kind(), Some(Kind::Follow | Kind::Join))) else {
            return Ok(false);
        };
        let Some(target) = self.ours(target.one_id("object").unwrap_or_default()).await? else { return Ok(true) };
        follows::received_undo(&self.ctx, item.actor.id, target.id).await?;
        Ok(true)
    }

    /// A member here is asked into a group elsewhere, by someone who answers for it.
    pub(super) async fn on_invite(&self, item: &Item<'_>) -> Result<()> {
        if self.on_invite_wanted(item).await? {
            return Ok(());
        }
        let invited =
            item.doc.one_id("target").or_else(|| item.doc.ids("to").into_iter().find(|id| self.ctx.urls.is_ours(id)));
        let Some(invited) = self.ours(invited.unwrap_or_default()).await? else { return Err(Error::NotFound) };
        let usual = invited.kind == ActorKind::Person && invited.state == ActorState::Active && item.via.is_none();
        if !usual || !self.known_to(&invited, &self.sender(item)).await? {
            return Err(Error::NotFound);
        }
        let group = self.actor(item.envelope.object().unwrap_or_default()).await?;
        let entitled = same_origin(&group.uri, &item.actor.uri) || self.moderates(&item.actor, &group).await?;
        if !group.is_group() || group.is_local() || !entitled {
            return Err(Error::forbidden("error-not-moderator"));
        }
        let (ctx, inviter) = (self.ctx.clone(), item.actor.id);
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move {
                    if moderation::is_blocked(conn, invited.id, inviter).await? {
                        return Err(Error::NotFound);
                    }
                    if groups::find_follow(conn, invited.id, group.id).await?.is_some() {
                        return Ok(());
                    }
                    let id = FollowId(ctx.ids.next());
                    let follow = Follow {
                        id,
                        follower_id: invited.id,
                        target_id: group.id,
                        state: FollowState::Invited,
                        role: GroupRole::Member,
                        may_post: false,
                        uri: Some(ctx.urls.follow(id)),
                        notify: Notify::Mentions,
                        muted: false,
                        reason: String::new(),
                        until_at: None,
                        seen_seq: 0,
                        created_at: ctx.now(),
                    };
                    groups::upsert_follow(conn, &follow).await?;
                    emit(conn, &ctx.ids, ctx.now(), &Event::Invited { actor: invited.id, group: group.id, inviter })
                        .await
                })
            })
            .await?;
        self.ctx.wake.now();
        Ok(())
    }
}
