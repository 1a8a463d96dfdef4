//! What a post is besides a text: a reading tip, or a card of the ask-and-offer board. The text says it too, for those
//! who know neither.

use crate::base::{ActorId, PostId, Time, TipListId, text_enum};

/// What a post is besides a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extra {
    /// A reading tip.
    Tip(Work),
    /// Something looked for or offered.
    Board(Card),
}

/// The work that a reading tip is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// ISBN-13, digits alone; empty when it has none.
    pub isbn: String,
    /// Its title.
    pub title: String,
    /// Who made it.
    pub maker: String,
    /// For whom it is.
    pub whom: String,
}

text_enum! {
    /// Which side of the board.
    pub enum Side {
        /// "I look for…"
        Seek = "seek",
        /// "I offer…"
        Offer = "offer",
    }
}

/// A card of the ask-and-offer board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// Which side.
    pub side: Side,
    /// When it leaves the board.
    pub until: Time,
    /// It was found, or is gone.
    pub done: bool,
}

/// A list of reading tips.
#[derive(Clone, Debug)]
pub struct TipList {
    /// Our id.
    pub id: TipListId,
    /// Who made it.
    pub owner_id: ActorId,
    /// Title.
    pub title: String,
    /// What for.
    pub about: String,
    /// Members of the organisation see it too.
    pub shared: bool,
    /// When it began.
    pub created_at: Time,
}

/// A tip on a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnList {
    /// The list.
    pub list: TipListId,
    /// The tip.
    pub post: PostId,
}

impl Work {
    /// The longest title, maker and target group, in characters.
    pub const LONGEST: usize = 200;
}

/// The ISBN-13 that a text means, digits alone: with any hyphens and spaces, and from an ISBN-10 too. None when the check
/// digit is wrong.
pub fn isbn13(text: &str) -> Option<String> {
    let sign = |c: &char| !matches!(c, '-' | ' ' | '\u{2010}'..='\u{2015}');
    let signs: String = text.trim().trim_start_matches("ISBN").chars().filter(sign).collect();
    let signs = signs.trim_start_matches(':').to_ascii_uppercase();
    let digits: Vec<u32> = signs.chars().filter_map(|c| c.to_digit(10)).collect();
    match (signs.len(), digits.len()) {
        (13, 13) => (check13(&digits[..12]) == digits[12] && signs.starts_with("97")).then_some(signs),
        (10, 9 | 10) => {
            let last = if signs.ends_with('X') { Some(10) } else { digits.get(9).copied() };
            let sum: u32 = (2..=10).rev().zip(&digits).take(9).map(|(weight, digit)| weight * digit).sum();
            if last.is_none_or(|last| !(sum + last).is_multiple_of(11)) {
                return None;
            }
            let mut whole = vec![9, 7, 8];
            whole.extend(&digits[..9]);
            whole.push(check13(&whole));
            Some(whole.iter().map(u32::to_string).collect())
        }
        _ => None,
    }
}

fn check13(digits: &[u32]) -> u32 {
    let sum: u32 = digits.iter().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    (10 - sum % 10) % 10
}
