//! Notices: what a member should hear of.

use crate::base::{NotificationId, Time, text_enum};
use crate::domain::actors::ActorCard;
use crate::domain::posts::PostView;

text_enum! {
    /// What happened.
    pub enum NoticeKind {
        /// Someone mentioned you.
        Mention = "mention",
        /// Someone answered your post or comment.
        Reply = "reply",
        /// A new post in a group you follow closely.
        Post = "post",
        /// Someone reacted to your post.
        Reaction = "reaction",
        /// Someone shared your post.
        Share = "share",
        /// Someone quoted your post.
        Quote = "quote",
        /// Your answer was accepted.
        Accepted = "accepted",
        /// Someone follows you.
        Follow = "follow",
        /// Someone asks to join a group you moderate.
        JoinRequest = "join_request",
        /// You were invited to a group.
        Invited = "invited",
        /// You were let into a group.
        Admitted = "admitted",
        /// Your request was refused or you were taken out.
        Refused = "refused",
        /// A report waits for you.
        Report = "report",
        /// A moderator took your post away.
        Removed = "removed",
        /// A post waits for your approval.
        Held = "held",
        /// A direct message.
        Direct = "direct",
        /// A poll you voted in or started has closed.
        Poll = "poll",
        /// Someone asks to become a member of this instance.
        AccountRequest = "account_request",
        /// Someone wants to start a group, which waits for you.
        GroupRequest = "group_request",
        /// Your group was not approved.
        GroupRefused = "group_refused",
        /// Your scheduled post could not be put up and is a draft now.
        Unpublished = "unpublished",
        /// A question about something you said you know.
        MayKnow = "may_know",
        /// A colleague thinks that you can help someone.
        Referral = "referral",
        /// Someone will help, as you or another proposed.
        ReferralAccepted = "referral_accepted",
        /// Someone at another organisation asks whether they may write.
        ContactRequest = "contact_request",
        /// Someone at another organisation says that you may write.
        ContactAccepted = "contact_accepted",
        /// Someone sent a thank-you card.
        ThanksCard = "thanks_card",
        /// You help someone who begins here.
        Buddy = "buddy",
        /// Someone whom you help to begin has not moved on for a while.
        NewcomerStuck = "newcomer_stuck",
        /// Someone did one of your first steps for you.
        StepDone = "step_done",
        /// Whom you meet this month.
        Meeting = "meeting",
        /// Who was to meet you this month cannot.
        MeetingOff = "meeting_off",
    }
}

text_enum! {
    /// What becomes of a notice, the mildest first.
    pub enum Verdict {
        /// It is told.
        Accept = "accept",
        /// It waits as a request.
        Filter = "filter",
        /// It is not kept.
        Drop = "drop",
    }
}

/// From whom a member takes notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticePolicy {
    /// From people they do not follow.
    pub not_following: Verdict,
    /// From people who do not follow them.
    pub not_followers: Verdict,
    /// From accounts made in the last 30 days.
    pub new_accounts: Verdict,
    /// Direct messages nobody asked for.
    pub private_mentions: Verdict,
    /// From accounts that moderators limited; there are none of these here yet.
    pub limited_accounts: Verdict,
}

impl Default for NoticePolicy {
    /// Everything is taken.
    fn default() -> Self {
        Self {
            not_following: Verdict::Accept,
            not_followers: Verdict::Accept,
            new_accounts: Verdict::Accept,
            private_mentions: Verdict::Accept,
            limited_accounts: Verdict::Accept,
        }
    }
}

impl NoticeKind {
    /// The type under which apps know a notice; `None` for those they are not shown: these have pages.
    pub fn client_type(self) -> Option<&'static str> {
        match self {
            Self::Mention | Self::Reply | Self::Direct => Some("mention"),
            Self::Post | Self::Accepted => Some("status"),
            Self::Reaction => Some("favourite"),
            Self::Share => Some("reblog"),
            Self::Follow | Self::Admitted => Some("follow"),
            Self::JoinRequest | Self::Invited => Some("follow_request"),
            Self::Poll => Some("poll"),
            Self::Quote => Some("quote"),
            Self::Refused
            | Self::Report
            | Self::Removed
            | Self::Held
            | Self::AccountRequest
            | Self::GroupRequest
            | Self::GroupRefused
            | Self::Unpublished
            | Self::MayKnow
            | Self::Referral
            | Self::ReferralAccepted
            | Self::ContactRequest
            | Self::ContactAccepted
            | Self::ThanksCard
            | Self::Buddy
            | Self::NewcomerStuck
            | Self::StepDone
            | Self::Meeting
            | Self::MeetingOff => None,
        }
    }
}

/// A notice with what it is about.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Our id.
    pub id: NotificationId,
    /// What happened.
    pub kind: NoticeKind,
    /// Who did it.
    pub actor: Option<ActorCard>,
    /// The post it is about, as far as the member may see it.
    pub post: Option<PostView>,
    /// The group it is about.
    pub group: Option<ActorCard>,
    /// More words: a reason, a reaction.
    pub detail: String,
    /// Notices with one key are shown together.
    pub group_key: String,
    /// When.
    pub created_at: Time,
    /// When it was read.
    pub read_at: Option<Time>,
}
