//! Who meets whom, and when.

use std::collections::HashSet;

use jiff::ToSpan as _;
use jiff::tz::TimeZone;

use crate::base::*;
use crate::domain::knowledge::Relation;
use crate::domain::meetings::Reason;

/// How many days ahead a time is proposed, so that there is time to say something.
const AHEAD: i8 = 7;
/// At half past ten: most are there, and it is not yet lunch.
const AT: (i8, i8) = (10, 30);
/// Days on which people are there who do not say.
const USUAL: &str = "12345";

/// Someone who wants to meet somebody.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Who.
    pub id: ActorId,
    /// Where they work, when they tell.
    pub branch: Option<String>,
    /// Days present, `1` is Monday; empty when not told.
    pub days: String,
    /// What they tell: how they stand to which word, with the word in Dutch and English.
    pub told: Vec<(Relation, TermId, (String, String))>,
}

/// How well two fit: what they share weighs most, then that they do not see each other anyway, then that there is a day.
fn fit(one: &Candidate, other: &Candidate) -> (i32, Reason) {
    let mut best: (i32, Reason) = (0, Reason::default());
    for (relation, term, word) in &one.told {
        for (theirs, _, _) in other.told.iter().filter(|(_, same, _)| same == term) {
            let weight = match (*relation == Relation::Learns, *theirs == Relation::Learns) {
                // One can learn it from the other.
                (true, false) | (false, true) => 6,
                _ => 4,
            };
            if weight > best.0 {
                best = (weight, Reason { word: Some(word.clone()) });
            }
        }
    }
    let apart = one.branch.is_none() || one.branch != other.branch;
    let together = one.days.chars().any(|day| other.days.contains(day));
    (best.0 + i32::from(apart) * 2 + i32::from(together), best.1)
}

/// Puts people together two by two, who fit best first. `before` are pairs that met lately: only when nothing else is left.
/// `never` are pairs between whom something stands. In both the smaller id comes first.
pub fn pairs(
    people: &[Candidate],
    before: &HashSet<(ActorId, ActorId)>,
    never: &HashSet<(ActorId, ActorId)>,
) -> Vec<(ActorId, ActorId, Reason)> {
    let mut all = Vec::new();
    for (at, one) in people.iter().enumerate() {
        for other in &people[at + 1..] {
            let key = ordered(one.id, other.id);
            if one.id == other.id || never.contains(&key) {
                continue;
            }
            let (weight, reason) = fit(one, other);
            let again = if before.contains(&key) { 100 } else { 0 };
            all.push((weight - again, one.id, other.id, reason));
        }
    }
    // Stable: among those that fit as well, the order in which people came decides.
    all.sort_by_key(|(weight, ..)| std::cmp::Reverse(*weight));
    let (mut taken, mut found) = (HashSet::new(), Vec::new());
    for (_, one, other, reason) in all {
        if !taken.contains(&one) && !taken.contains(&other) {
            taken.extend([one, other]);
            found.push((one, other, reason));
        }
    }
    found
}

/// A pair as it is compared.
pub fn ordered(one: ActorId, other: ActorId) -> (ActorId, ActorId) {
    if one < other { (one, other) } else { (other, one) }
}

/// The one of several who fits someone best, and why.
pub fn best<'a>(one: &Candidate, among: &'a [Candidate]) -> Option<(&'a Candidate, Reason)> {
    // Backwards: of several that fit as well `max_by_key` takes the last.
    let fits = among.iter().rev().map(|other| (fit(one, other), other));
    let ((_, reason), other) = fits.max_by_key(|((weight, _), _)| *weight)?;
    Some((other, reason))
}

/// A time to propose: a week ahead at the earliest, on a day on which both are there; when there is none, on one of the
/// first's.
pub fn time(now: Time, zone: &TimeZone, one: &str, other: &str) -> Option<Time> {
    let both: String = one.chars().filter(|day| other.contains(*day)).collect();
    let days = [both.as_str(), one, other, USUAL].into_iter().find(|days| !days.is_empty())?;
    let today = now.timestamp().to_zoned(zone.clone()).date();
    let on = |ahead: i8| {
        let date = today.checked_add(i64::from(ahead).days()).ok()?;
        let day = date.weekday().to_monday_one_offset().to_string();
        let at = date.at(AT.0, AT.1, 0, 0).to_zoned(zone.clone()).ok()?;
        days.contains(&day).then(|| Time::from_micros(at.timestamp().as_microsecond()))
    };
    (AHEAD..AHEAD + 7).find_map(on)
}
