//! Groups and membership.

use crate::base::{ActorId, AudienceId, BranchId, FollowId, SafeHtml, Time, text_enum};
use crate::domain::audiences::Scope;

text_enum! {
    /// Who can read and join a group, in one word.
    pub enum GroupKind {
        /// Everyone reads, the web too; anyone joins at once.
        Public = "public",
        /// Members of this instance and of trusted peers.
        Network = "network",
        /// Members of this instance.
        Organisation = "organisation",
        /// Its members only.
        Private = "private",
    }

    /// Who may write in a group.
    pub enum Posting {
        /// Every member.
        Members = "members",
        /// Members whom a moderator gave leave.
        Approved = "approved",
        /// Moderators.
        Moderators = "moderators",
    }

    /// Where a follow or membership stands.
    pub enum FollowState {
        /// Asked; waits for a moderator or another server.
        Requested = "requested",
        /// Invited by a moderator; not answered yet.
        Invited = "invited",
        /// In force.
        Accepted = "accepted",
        /// Kept out, perhaps until a moment.
        Banned = "banned",
    }

    /// What a member may do in one group.
    pub enum GroupRole {
        /// Answers for the group.
        Owner = "owner",
        /// Keeps order in it.
        Moderator = "moderator",
        /// Takes part.
        Member = "member",
    }

    /// What of a group one hears at once.
    pub enum Notify {
        /// Every new post.
        All = "all",
        /// When mentioned or answered.
        Mentions = "mentions",
        /// Nothing.
        None = "none",
    }
}

impl GroupKind {
    /// The scope of posts in such a group.
    pub fn scope(self) -> Scope {
        match self {
            GroupKind::Public => Scope::Public,
            GroupKind::Network => Scope::Network,
            GroupKind::Organisation => Scope::Organisation,
            GroupKind::Private => Scope::Readers,
        }
    }

    /// Whether `self` is read by fewer people than `other`.
    pub fn is_narrower_than(self, other: GroupKind) -> bool {
        self.scope() > other.scope()
    }
}

impl GroupRole {
    /// May keep order.
    pub fn is_moderator(self) -> bool {
        self != GroupRole::Member
    }
}

/// The group side of a group's actor.
#[derive(Clone, Debug)]
pub struct Group {
    /// The actor.
    pub actor_id: ActorId,
    /// Who reads and joins.
    pub kind: GroupKind,
    /// A private group whose name is not told either.
    pub hidden: bool,
    /// Who may write.
    pub posting: Posting,
    /// Joining goes by request.
    pub approval: bool,
    /// A private group that takes members from other servers.
    pub outside_members: bool,
    /// A private group that people of other software may follow to hear that something was written, and nothing else.
    pub bare_notices: bool,
    /// Who reads new posts.
    pub audience_id: AudienceId,
    /// Colour of its spine, 1 to 6.
    pub spine: i16,
    /// Topics, comma separated.
    pub topics: String,
    /// Branch it belongs to.
    pub branch_id: Option<BranchId>,
    /// Rules, Markdown.
    pub rules_source: String,
    /// Rules, clean HTML.
    pub rules_html: String,
    /// "What holds now", Markdown.
    pub card_source: String,
    /// "What holds now", clean HTML.
    pub card_html: String,
    /// Accepted members.
    pub members_count: i64,
    /// Founder.
    pub created_by: Option<ActorId>,
    /// Closed for writing since.
    pub archived_at: Option<Time>,
}

impl Group {
    /// Whether it may be followed by those who hear only that something was written.
    pub fn takes_bare_followers(&self) -> bool {
        self.bare_notices && self.kind == GroupKind::Private && self.outside_members && !self.hidden
    }

    /// Rules, as the store keeps them: clean.
    pub fn rules(&self) -> SafeHtml {
        SafeHtml::trusted(self.rules_html.clone())
    }

    /// "What holds now", as the store keeps it: clean.
    pub fn card(&self) -> SafeHtml {
        SafeHtml::trusted(self.card_html.clone())
    }
}

/// A follow; membership when the target is a group.
#[derive(Clone, Debug)]
pub struct Follow {
    /// Our id.
    pub id: FollowId,
    /// Who follows.
    pub follower_id: ActorId,
    /// Whom or what.
    pub target_id: ActorId,
    /// Where it stands.
    pub state: FollowState,
    /// Role in the group.
    pub role: GroupRole,
    /// Leave to write where posting is `approved`.
    pub may_post: bool,
    /// ActivityPub id of the Follow.
    pub uri: Option<String>,
    /// What is told at once.
    pub notify: Notify,
    /// Not shown on home.
    pub muted: bool,
    /// Why asked or banned.
    pub reason: String,
    /// Until when a ban holds.
    pub until_at: Option<Time>,
    /// `received_seq` up to which the group was read.
    pub seen_seq: i64,
    /// When it began.
    pub created_at: Time,
}

impl Follow {
    /// Whether somebody elsewhere never joined, and is there because they were named a moderator.
    pub fn is_in_name_only(&self) -> bool {
        self.is_member() && self.uri.is_none()
    }

    /// Takes part now.
    pub fn is_member(&self) -> bool {
        self.state == FollowState::Accepted
    }

    /// Keeps order in the group.
    pub fn is_moderator(&self) -> bool {
        self.is_member() && self.role.is_moderator()
    }

    /// Kept out at `now`.
    pub fn is_banned(&self, now: Time) -> bool {
        self.state == FollowState::Banned && self.until_at.is_none_or(|until| until > now)
    }
}
