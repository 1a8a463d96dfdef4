//! Other servers: what we know of them, and in which form they read us.

use crate::base::{HostId, Time, text_enum};

text_enum! {
    /// What this instance's administrators decided about a server.
    pub enum HostState {
        /// Nothing special.
        Known = "known",
        /// Its posts reach only those who follow its people.
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

    /// Whether network groups may travel there.
    pub fn is_peer(&self) -> bool {
        self.state != HostState::Blocked && self.peer_state == PeerState::Accepted
    }
}
