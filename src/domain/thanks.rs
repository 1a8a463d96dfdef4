//! Thank-you cards, and what someone did in a year.

use crate::base::{ThanksId, Time};
use crate::domain::actors::ActorCard;
use crate::domain::knowledge::Told;

/// A thank-you card.
#[derive(Clone, Debug)]
pub struct ThanksCard {
    /// Our id.
    pub id: ThanksId,
    /// Who sent it.
    pub from: ActorCard,
    /// What it says, plain text.
    pub body: String,
    /// Who sees it, besides the two.
    pub told: Told,
    /// When.
    pub created_at: Time,
}

/// What someone did in a year, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Year {
    /// Messages, questions and the like.
    pub posts: i64,
    /// Answers and comments.
    pub answers: i64,
    /// Answers that were accepted.
    pub accepted: i64,
    /// Lessons learned.
    pub lessons: i64,
    /// Versions of pages in knowledge bases.
    pub pages: i64,
    /// Reading tips.
    pub tips: i64,
    /// People helped because a colleague sent them.
    pub helped: i64,
    /// Thanks for what they wrote.
    pub thanks: i64,
    /// Thank-you cards.
    pub cards: i64,
}
