//! Meeting someone: each month, who wants it gets a colleague or volunteer to have a cup of coffee with.

pub mod pair;

use serde::{Deserialize, Serialize};

use crate::base::{ActorId, HostId, MeetingId, Time, text_enum};
use crate::domain::actors::ActorCard;
use crate::domain::knowledge::PeerTold;

text_enum! {
    /// Where it stands.
    pub enum MeetingState {
        /// A partner was asked for someone.
        Asked = "asked",
        /// These two are to meet.
        Proposed = "proposed",
        /// Not this month after all.
        Off = "off",
    }
}

/// Who wants to meet someone each month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meeter {
    /// Who.
    pub member_id: ActorId,
    /// Also someone at a partner organisation.
    pub peers: bool,
}

/// Why two people are to meet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The word in Dutch and in English that both stand to; none when nothing better was found than that they want it.
    pub word: Option<(String, String)>,
}

impl Reason {
    /// In the language of a page.
    pub fn label(&self, language: &str) -> Option<&str> {
        self.word.as_ref().map(|(nl, en)| if language == "nl" { nl.as_str() } else { en.as_str() })
    }
}

/// Whom a member here meets in a month.
#[derive(Clone, Debug)]
pub struct Meeting {
    /// Our id.
    pub id: MeetingId,
    /// The member here.
    pub member_id: ActorId,
    /// Year and month, as 202612.
    pub month: i32,
    /// The other one; none while a partner is asked.
    pub other: Option<ActorCard>,
    /// The partner that was asked.
    pub host_id: Option<HostId>,
    /// ActivityPub id of the activity that asked.
    pub uri: Option<String>,
    /// Why these two.
    pub reason: Reason,
    /// The time proposed.
    pub begins_at: Option<Time>,
    /// Where it stands.
    pub state: MeetingState,
    /// Made.
    pub created_at: Time,
}

/// What a partner is told of who wants to meet someone there, and tells back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Days present, `1` is Monday; empty when not told to partners.
    pub days: String,
    /// What they tell partners.
    pub told: Vec<PeerTold>,
}
