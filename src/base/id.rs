use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::{Clock, Error, Rng, Time};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = Error;
            /// A decimal number, as written in URLs and JSON; anything else is `NotFound`.
            fn from_str(text: &str) -> Result<Self, Error> {
                text.parse().ok().filter(|n| *n >= 0).map($name).ok_or(Error::NotFound)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str>>::deserialize(d)?;
                text.parse().map($name).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A person, group or server, ours or a peer's.
    ActorId,
    /// A post or comment.
    PostId,
    /// Who may see a thing.
    AudienceId,
    /// A file that belongs to a post or profile.
    MediaId,
    /// An activity sent or received.
    ActivityId,
    /// A server; 0 is this one.
    HostId,
    /// A browser session.
    SessionId,
    /// An invitation to this instance.
    InvitationId,
    /// A notice for a member.
    NotificationId,
    /// A report to moderators.
    ReportId,
    /// A branch of the organisation.
    BranchId,
    /// One showing of a post in a timeline: by its author, a group or someone who shared it.
    EntryId,
    /// A relation of a follower to an actor; membership when that is a group.
    FollowId,
    /// A word of the vocabulary.
    TermId,
    /// What someone says they know, teach, want to learn, or whom they can reach.
    ExpertiseId,
    /// "Shall we add this?"
    OfferId,
    /// "Ask this colleague", or "may I write to you?"
    ReferralId,
    /// A page of a group's knowledge base.
    WikiId,
    /// A list of reading tips.
    TipListId,
    /// A thank-you card.
    ThanksId,
    /// A little picture of another server.
    EmojiId,
    /// Someone to meet this month.
    MeetingId,
}

impl HostId {
    /// This instance.
    pub const LOCAL: HostId = HostId(0);
}

/// Makes ids: milliseconds since 1970 shifted left by 16, then 6 bits of the process and 10 of a sequence.
#[derive(Clone, Debug)]
pub struct Ids {
    clock: Clock,
    process: i64,
    last: Arc<AtomicI64>,
    /// Ids made for things from elsewhere.
    placed: Arc<AtomicI64>,
}

impl Ids {
    /// Ids of this process; `rng` chooses the 6 bits that tell it from its siblings.
    pub fn new(clock: Clock, rng: &Rng) -> Self {
        let process = i64::from(rng.bytes::<1>()[0] & 0x3f) << 10;
        Self { clock, process, last: Arc::default(), placed: Arc::default() }
    }

    /// The next id; strictly rising within this process.
    pub fn next(&self) -> i64 {
        let now = self.clock.now().millis() << 10;
        let prev = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(now.max(last + 1)));
        let prev = prev.unwrap_or_else(|last| last);
        self.compose(now.max(prev + 1))
    }

    /// An id that sorts at `at`, for things that were made elsewhere; never in the future.
    pub fn at(&self, at: Time) -> i64 {
        let now = self.clock.now().millis();
        let count = self.placed.fetch_add(1, Ordering::Relaxed);
        // Many servers tell whole seconds: those are spread over their second, in order of arrival, or a busy second would
        // run out of ids. The upper half of the sequence keeps clear of what is made here in the same millisecond.
        let spread = if at.micros().rem_euclid(Time::SECOND) == 0 { (count >> 9) % 1000 } else { 0 };
        let ms = (at.millis() + spread).clamp(0, now);
        self.compose((ms << 10) | 0x200 | (count & 0x1ff))
    }

    fn compose(&self, ticks: i64) -> i64 {
        ((ticks >> 10) << 16) | self.process | (ticks & 0x3ff)
    }
}

/// The smallest id that can have been made at a moment.
pub fn first_id_at(at: Time) -> i64 {
    at.millis() << 16
}

/// The moment an id was made, to the millisecond.
pub fn time_of(id: i64) -> Time {
    Time::from_micros((id >> 16) * 1000)
}
