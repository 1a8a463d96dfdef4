//! What follows from a write: stored as jobs in its transaction, handled after it.

use serde::{Deserialize, Serialize};

use crate::base::{ActivityId, ActorId, PostId, ReportId};
use crate::domain::posts::ReactionKind;

/// Something happened here that timelines, notices and peers must hear of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A post became visible (written, received, approved).
    PostPublished {
        /// Which.
        post: PostId,
        /// The activity it came in, for the followers of a group of ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        relay: Option<ActivityId>,
    },
    /// A post by a member here waits for the group's server.
    PostSubmitted {
        /// Which.
        post: PostId,
    },
    /// A post's text changed.
    PostEdited {
        /// Which.
        post: PostId,
    },
    /// Its author deleted it.
    PostDeleted {
        /// Which.
        post: PostId,
    },
    /// A moderator took it away.
    PostRemoved {
        /// Which.
        post: PostId,
        /// Who.
        moderator: ActorId,
        /// Why.
        reason: String,
    },
    /// A moderator put it back.
    PostRestored {
        /// Which.
        post: PostId,
        /// Who.
        moderator: ActorId,
    },
    /// A post waits for a moderator.
    PostHeld {
        /// Which.
        post: PostId,
    },
    /// Someone reacted.
    Reacted {
        /// Who.
        actor: ActorId,
        /// To what.
        post: PostId,
        /// How.
        kind: ReactionKind,
        /// The activity it came in, and the group of ours whose followers get it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        relay: Option<(ActivityId, ActorId)>,
    },
    /// Someone took a reaction back.
    Unreacted {
        /// Who.
        actor: ActorId,
        /// From what.
        post: PostId,
        /// Which.
        kind: ReactionKind,
        /// ActivityPub id of the reaction.
        uri: String,
        /// As of [`Event::Reacted`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        relay: Option<(ActivityId, ActorId)>,
    },
    /// Someone shared a post with their followers.
    Shared {
        /// Who.
        actor: ActorId,
        /// What.
        post: PostId,
    },
    /// Someone took a share back.
    Unshared {
        /// Who.
        actor: ActorId,
        /// What.
        post: PostId,
        /// ActivityPub id of the Announce.
        uri: String,
    },
    /// The author of a question accepted an answer (or none any more).
    AnswerAccepted {
        /// The question.
        post: PostId,
        /// The answer.
        answer: Option<PostId>,
    },
    /// Someone voted.
    Voted {
        /// Who.
        actor: ActorId,
        /// In which poll.
        post: PostId,
        /// For which options.
        positions: Vec<i32>,
    },
    /// A poll closed.
    PollClosed {
        /// Which.
        post: PostId,
    },
    /// Someone asks to follow or join.
    FollowRequested {
        /// Who.
        follower: ActorId,
        /// What.
        target: ActorId,
    },
    /// A follow was accepted (at once or by a moderator).
    FollowAccepted {
        /// Who.
        follower: ActorId,
        /// What.
        target: ActorId,
    },
    /// A follow was refused or ended by the target.
    FollowRejected {
        /// Who.
        follower: ActorId,
        /// What.
        target: ActorId,
        /// ActivityPub id of the Follow.
        uri: String,
    },
    /// The follower left.
    Unfollowed {
        /// Who.
        follower: ActorId,
        /// What.
        target: ActorId,
        /// ActivityPub id of the Follow.
        uri: String,
    },
    /// Someone goes on elsewhere.
    Moved {
        /// Who.
        actor: ActorId,
        /// As whom.
        to: ActorId,
    },
    /// A moderator invited someone to a group.
    Invited {
        /// Who is invited.
        actor: ActorId,
        /// To which group.
        group: ActorId,
        /// By whom.
        inviter: ActorId,
    },
    /// A moderator here decided about somebody who asks into a group elsewhere, or is in it.
    JoinDecided {
        /// Who decided.
        moderator: ActorId,
        /// About whom.
        follower: ActorId,
        /// Which group.
        group: ActorId,
        /// ActivityPub id of the Follow.
        uri: String,
        /// Let in.
        yes: bool,
        /// Why not.
        reason: String,
    },
    /// The host of a group elsewhere asks its moderators here about somebody.
    JoinOffered {
        /// Who wants in.
        follower: ActorId,
        /// Which group.
        group: ActorId,
    },
    /// Nobody needs to decide any more about somebody who asked into a group here.
    JoinSettled {
        /// Who asked.
        follower: ActorId,
        /// Which group.
        group: ActorId,
        /// ActivityPub id of the Follow.
        uri: String,
    },
    /// A moderator here asks the host of a group elsewhere to invite somebody.
    InviteWanted {
        /// Who is to be invited.
        actor: ActorId,
        /// To which group.
        group: ActorId,
        /// By whom.
        moderator: ActorId,
    },
    /// An administrator wants one of our actors to have new keys.
    KeysWanted {
        /// Which.
        actor: ActorId,
    },
    /// A profile or group changed.
    ActorUpdated {
        /// Which.
        actor: ActorId,
    },
    /// A person left or a group was deleted.
    ActorDeleted {
        /// Which.
        actor: ActorId,
        /// Servers that had to do with a person, by name: of who was unknown to others they alone hear.
        #[serde(default)]
        met: Vec<String>,
    },
    /// A post was pinned or unpinned.
    Pinned {
        /// Which.
        post: PostId,
        /// By whom.
        moderator: ActorId,
        /// Pinned now.
        pinned: bool,
    },
    /// A thread was closed or opened.
    Locked {
        /// Which.
        post: PostId,
        /// By whom.
        moderator: ActorId,
        /// Closed now.
        locked: bool,
    },
    /// Someone was kept out of a group, or let in again.
    Banned {
        /// Whom.
        actor: ActorId,
        /// Which group.
        group: ActorId,
        /// By whom.
        moderator: ActorId,
        /// Kept out now.
        banned: bool,
        /// Why.
        reason: String,
    },
    /// Someone became moderator of a group, or no longer is.
    ModeratorChanged {
        /// Whom.
        actor: ActorId,
        /// Which group.
        group: ActorId,
        /// By whom.
        by: ActorId,
        /// Is one now.
        added: bool,
    },
    /// Someone reported something.
    Reported {
        /// The report.
        report: ReportId,
    },
    /// Someone asks to become a member here.
    AccountRequested {
        /// Who.
        actor: ActorId,
    },
    /// A received activity in one of our groups that its followers must get, wrapped in an Announce.
    Relay {
        /// The activity as received.
        activity: ActivityId,
        /// The group.
        group: ActorId,
    },
}
