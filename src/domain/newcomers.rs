//! Beginning here: five small steps, with someone who helps.

use crate::base::{ActorId, Time, text_enum};

text_enum! {
    /// One of the first steps.
    pub enum Step {
        /// Says who they are: a picture, or a few words.
        Profile = "profile",
        /// Told something that they know or want to learn.
        Knowledge = "knowledge",
        /// Is in a group.
        Group = "group",
        /// Wrote a first post or comment.
        Hello = "hello",
        /// Met the one who helps them.
        Buddy = "buddy",
    }
}

/// Someone who begins here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// Who.
    pub member_id: ActorId,
    /// Who helps them.
    pub buddy_id: Option<ActorId>,
    /// Steps that were done when it was last looked at.
    pub done: usize,
    /// Since when it is that many.
    pub moved_at: Time,
    /// When those who help were last told that it stands still.
    pub nudged_at: Option<Time>,
    /// Began.
    pub created_at: Time,
    /// Found their way, or does without.
    pub ended_at: Option<Time>,
}

/// A step that someone says was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Whose.
    pub member_id: ActorId,
    /// Which.
    pub step: Step,
    /// Who says so; none when their account is gone.
    pub by_id: Option<ActorId>,
    /// What they did.
    pub note: String,
    /// When.
    pub created_at: Time,
}
