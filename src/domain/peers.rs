//! Other servers: what we know of them, and in which form they read us.

use crate::base::{HostId, Time, text_enum};

text_enum! {
    /// What this instance's administrators decided about a server.
    pub enum HostState {
        /// Nothing special.
        Known = "known",
        /// Its posts wait for a moderator in groups here.
        Silenced = "silenced",
        /// Nothing in, nothing out.
        Blocked = "blocked",
    }

    /// Whether two servers agreed to share more than what is public.
    pub enum PeerState {
        /// Nothing was agreed.
        None = "none",
        /// We offered; they have not answered.
        Offered = "offered",
        /// They asked; an administrator here has not answered.
        Asked = "asked",
        /// Both agreed: network groups travel.
        Accepted = "accepted",
        /// One of the two ended it.
        Ended = "ended",
    }

    /// What two servers may share besides what is public anyway.
    pub enum PeerScope {
        /// Public groups alone: they know and list each other.
        Public = "public",
        /// Network groups: members of both read and write in them.
        Network = "network",
        /// Finding each other's people by what these tell partners, and asking them whether one may write.
        People = "people",
        /// Rooms and their times.
        Rooms = "rooms",
        /// Shifts of volunteers.
        Shifts = "shifts",
    }

    /// Where an activity of ours or a peer's stands.
    pub enum ActivityState {
        /// Received and stored, not processed yet.
        Waiting = "waiting",
        /// Processed, or sent by us.
        Done = "done",
        /// Given up; the reason is kept.
        Failed = "failed",
    }

    /// What a key can do.
    pub enum KeyKind {
        /// Signs requests.
        Rsa = "rsa",
        /// Signs objects (FEP-8b32).
        Ed25519 = "ed25519",
    }
}

/// Another server.
#[derive(Clone, Debug)]
pub struct Host {
    /// Our id; 0 is this instance.
    pub id: HostId,
    /// Host name, with the port where unusual.
    pub name: String,
    /// `software.name` of its NodeInfo, lower case.
    pub software: Option<String>,
    /// `software.version` of its NodeInfo.
    pub version: Option<String>,
    /// What our administrators decided.
    pub state: HostState,
    /// What was agreed.
    pub peer_state: PeerState,
    /// What the agreement covers, comma separated.
    pub peer_scope: Option<String>,
    /// How it wants requests signed: `cavage` or `rfc9421`; none while unknown.
    pub signature_form: Option<String>,
    /// When it last showed sign of life.
    pub seen_at: Option<Time>,
    /// When its NodeInfo was last asked.
    pub checked_at: Option<Time>,
    /// Seen to read activities wrapped in an Announce.
    pub wraps: bool,
    /// Why our administrators decided so.
    pub reason: String,
    /// When they did.
    pub decided_at: Option<Time>,
    /// Its pictures and files are left out.
    pub reject_media: bool,
}

/// What one side proposes: what is shared, what for, whom to ask, how long things are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What is shared.
    pub scope: Vec<PeerScope>,
    /// What for, in plain words.
    pub purpose: String,
    /// Whom to ask: an address of people.
    pub contact: String,
    /// How long what was shared is kept.
    pub retention: String,
}

/// What was agreed with another server, or offered: the record of sharing data with it.
#[derive(Clone, Debug)]
pub struct Peering {
    /// The other server.
    pub host_id: HostId,
    /// The ActivityPub id of the Follow that carried the offer.
    pub follow_uri: String,
    /// We offered it.
    pub ours: bool,
    /// What was offered, and once answered what is shared: words of [`PeerScope`] with commas.
    pub scope: String,
    /// What for, by who offered.
    pub purpose: String,
    /// Whom to ask at the side that offered.
    pub contact: String,
    /// How long the side that offered keeps things.
    pub retention: String,
    /// Whom to ask at the side that answered.
    pub answer_contact: String,
    /// How long the side that answered keeps things.
    pub answer_retention: String,
    /// Why it was refused or ended.
    pub reason: String,
    /// When it was offered.
    pub offered_at: Time,
    /// When it was answered.
    pub answered_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
}

impl Peering {
    /// What it covers.
    pub fn scopes(&self) -> Vec<PeerScope> {
        read_scopes(&self.scope)
    }
}

/// Scopes from words with commas; what is no word of ours is left out.
pub fn read_scopes(text: &str) -> Vec<PeerScope> {
    let named: Vec<PeerScope> = text.split(',').filter_map(|word| PeerScope::parse(word.trim())).collect();
    PeerScope::ALL.iter().copied().filter(|scope| named.contains(scope)).collect()
}

/// Scopes as words with commas.
pub fn write_scopes(scopes: &[PeerScope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")
}

/// In which form a server reads what happens in a group (INTEROP B.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `Announce{activity}`: every activity, wrapped by the group (FEP-1b12).
    Wrapped,
    /// `Announce: "<object id>"` of new top-level posts alone.
    Plain,
}

/// Software that reads a group's activities wrapped in an Announce.
const THREADIVERSE: &[&str] = &[
    "kring",
    "lemmy",
    "piefed",
    "mbin",
    "kbin",
    "nodebb",
    "friendica",
    "wordpress",
    "peertube",
    "discourse",
    "lotide",
];

impl Host {
    /// Which form this server gets: by what it is, and by what it was seen to do. The one place that decides it.
    pub fn form(&self) -> Form {
        let known = self.software.as_deref().is_some_and(|name| THREADIVERSE.contains(&name));
        if known || self.wraps { Form::Wrapped } else { Form::Plain }
    }

    /// Whether this is Kring too, so that our own extensions are understood.
    pub fn is_kring(&self) -> bool {
        self.software.as_deref() == Some("kring")
    }

    /// Whether an agreement with it holds.
    pub fn is_peer(&self) -> bool {
        self.state != HostState::Blocked && self.peer_state == PeerState::Accepted
    }

    /// Whether an agreement with it holds that covers this.
    pub fn shares(&self, scope: PeerScope) -> bool {
        self.is_peer() && self.agreed(scope)
    }

    /// As [`Host::shares`], also while it is blocked: that is a matter of its own, and passes.
    pub fn agreed(&self, scope: PeerScope) -> bool {
        self.peer_state == PeerState::Accepted
            && read_scopes(self.peer_scope.as_deref().unwrap_or_default()).contains(&scope)
    }
}
