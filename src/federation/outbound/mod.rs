//! Room: from what happened here to activities on their way: who must have it, in which form, in one transaction.
//! May import: everything below the doors, and the rest of federation.

mod bare;
mod batch;
mod deliver;
mod follows;
mod groups;
mod posts;
mod reactions;
mod requests;

use super::state::Federation;
use crate::base::{Error, Result};
use crate::domain::events::Event;

pub(super) use batch::{Batch, Followers, Sent, Target, announce_address, write_all};
pub(super) use deliver::CHUNK;
pub(super) use posts::Place;
pub(super) use reactions::reaction_of;

impl Federation {
    /// Does the job of one event: writes down what peers must hear, and wakes the deliverers. Done twice it sends nothing
    /// new that matters.
    pub(super) async fn handle_event(&self, payload: &str) -> Result<()> {
        if !self.is_on() {
            return Ok(());
        }
        let event: Event = serde_json::from_str(payload).map_err(Error::internal)?;
        match self.federate(&event).await {
            // What it was about is gone meanwhile: there is nothing left to tell.
            Err(Error::NotFound | Error::Gone) => {
                tracing::debug!(?event, "nothing to federate any more");
                Ok(())
            }
            other => other,
        }
    }

    async fn federate(&self, event: &Event) -> Result<()> {
        match event {
            Event::PostPublished { post, relay } => self.post_published(*post, *relay).await,
            Event::PostSubmitted { post } => self.post_submitted(*post).await,
            Event::PostEdited { post } | Event::AnswerAccepted { post, .. } => self.post_edited(*post).await,
            Event::PollClosed { post } => self.post_edited(*post).await,
            Event::PostDeleted { post } => self.post_deleted(*post).await,
            Event::PostRemoved { post, moderator, reason } => self.post_removed(*post, *moderator, reason).await,
            Event::PostRestored { post, moderator } => self.post_restored(*post, *moderator).await,
            Event::Reacted { relay: Some((activity, group)), .. }
            | Event::Unreacted { relay: Some((activity, group)), .. } => self.relay(*activity, *group).await,
            Event::Reacted { actor, post, kind, relay: None } => self.reacted(*actor, *post, *kind).await,
            Event::Unreacted { actor, post, kind, uri, relay: None } => self.unreacted(*actor, *post, *kind, uri).await,
            Event::Shared { actor, post } => self.shared(*actor, *post).await,
            Event::Unshared { actor, post, uri } => self.unshared(*actor, *post, uri).await,
            Event::Voted { actor, post, positions } => self.voted(*actor, *post, positions).await,
            Event::FollowRequested { follower, target } => self.follow_requested(*follower, *target).await,
            Event::FollowAccepted { follower, target } => self.follow_accepted(*follower, *target).await,
            Event::FollowRejected { follower, target, uri } => self.follow_rejected(*follower, *target, uri).await,
            Event::Unfollowed { follower, target, uri } => self.unfollowed(*follower, *target, uri).await,
            Event::Invited { actor, group, inviter } => self.invited(*actor, *group, *inviter).await,
            Event::JoinDecided { moderator, follower, group, uri, yes, reason } => {
                self.join_decided(*moderator, *follower, *group, uri, (*yes, reason)).await
            }
            Event::JoinSettled { follower, group, uri } => self.join_settled(*follower, *group, uri).await,
            Event::InviteWanted { actor, group, moderator } => self.invite_wanted(*actor, *group, *moderator).await,
            Event::ActorUpdated { actor } => self.actor_updated(*actor).await,
            Event::KeysWanted { actor } => self.renew_keys(*actor).await,
            Event::ActorDeleted { actor, met } => self.actor_deleted(*actor, met).await,
            Event::Moved { actor, to } => self.moved(*actor, *to).await,
            Event::Pinned { post, moderator, pinned } => self.pinned(*post, *moderator, *pinned).await,
            Event::Locked { post, moderator, locked } => self.locked(*post, *moderator, *locked).await,
            Event::Banned { actor, group, moderator, banned, reason } => {
                self.banned(*actor, *group, *moderator, *banned, reason).await
            }
            Event::ModeratorChanged { actor, group, by, added } => {
                self.moderator_changed(*actor, *group, *by, *added).await
            }
            Event::Reported { report } => self.reported(*report).await,
            Event::Relay { activity, group } => self.relay(*activity, *group).await,
            // A held post is known to nobody yet; who asks to become a member is our own affair.
            Event::PostHeld { .. } | Event::AccountRequested { .. } | Event::JoinOffered { .. } => Ok(()),
        }
    }
}
