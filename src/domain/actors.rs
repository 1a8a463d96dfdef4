//! Actors: people, groups and servers, ours and our peers'. One model for both.

use crate::base::{ActorId, HostId, MediaId, SafeHtml, Time, text_enum};

text_enum! {
    /// ActivityPub's actor types.
    pub enum ActorKind {
        /// Someone.
        Person = "person",
        /// A group (FEP-1b12).
        Group = "group",
        /// A bot.
        Service = "service",
        /// A server.
        Application = "application",
        /// An organisation.
        Organization = "organization",
    }

    /// Whether an actor takes part.
    pub enum ActorState {
        /// As usual.
        Active = "active",
        /// Asked to join this instance; not approved yet.
        Pending = "pending",
        /// Put out by moderators of this instance.
        Suspended = "suspended",
        /// Left; only the tombstone remains.
        Deleted = "deleted",
    }
}

/// An actor as stored.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Our id.
    pub id: ActorId,
    /// ActivityPub id, unique, stable for ever.
    pub uri: String,
    /// The server it lives on; [`HostId::LOCAL`] is ours.
    pub host_id: HostId,
    /// What it is.
    pub kind: ActorKind,
    /// `preferredUsername`.
    pub name: String,
    /// Shown name.
    pub display_name: String,
    /// "About", Markdown; empty for remote actors.
    pub summary_source: String,
    /// "About", clean HTML.
    pub summary_html: String,
    /// Page for people.
    pub url: String,
    /// Where activities for it go.
    pub inbox: String,
    /// One inbox for its whole server, if any.
    pub shared_inbox: Option<String>,
    /// Id of its followers collection.
    pub followers_uri: Option<String>,
    /// Picture kept here.
    pub icon_media_id: Option<MediaId>,
    /// Picture at a peer.
    pub icon_url: Option<String>,
    /// Whether it takes part.
    pub state: ActorState,
    /// Follows need approval.
    pub locked: bool,
    /// May be listed.
    pub discoverable: bool,
    /// Top-level posts (group) or posts open to everyone (person).
    pub posts_count: i64,
    /// Accepted followers or members.
    pub followers_count: i64,
    /// Whom it follows, groups that are not public left out.
    pub following_count: i64,
    /// When it last posted something that is counted.
    pub last_post_at: Option<Time>,
    /// First seen or made.
    pub created_at: Time,
    /// Last change of the profile.
    pub updated_at: Time,
    /// When a remote actor was last fetched.
    pub fetched_at: Option<Time>,
    /// ActivityPub id of where it went on.
    pub moved_to: Option<String>,
    /// Since when a person here showed themselves to other servers outside closed groups.
    pub known_at: Option<Time>,
}

impl Actor {
    /// Whether it lives on this instance.
    pub fn is_local(&self) -> bool {
        self.host_id == HostId::LOCAL
    }

    /// "About" as it may be shown: `text/` cleaned it before it was stored.
    pub fn about(&self) -> SafeHtml {
        SafeHtml::trusted(self.summary_html.clone())
    }

    /// Whether it is a group.
    pub fn is_group(&self) -> bool {
        self.kind == ActorKind::Group
    }

    /// Whether this is the actor of a Kring server itself, by the address that it has there (`urls::Urls::server_actor`): what
    /// an actor says of its kind can change.
    pub fn is_server(&self) -> bool {
        let path = self.uri.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        path.is_some_and(|(_, path)| path == "actor")
    }

    /// "About", as the store keeps it: clean.
    pub fn summary(&self) -> SafeHtml {
        SafeHtml::trusted(self.summary_html.clone())
    }
}

/// The little of an actor that stands beside a post or in a list.
#[derive(Clone, Debug)]
pub struct ActorCard {
    /// Our id.
    pub id: ActorId,
    /// ActivityPub id.
    pub uri: String,
    /// What it is.
    pub kind: ActorKind,
    /// `preferredUsername`.
    pub name: String,
    /// Host name of a remote actor.
    pub host: Option<String>,
    /// Shown name.
    pub display_name: String,
    /// Page for people.
    pub url: String,
    /// Picture kept here.
    pub icon_media_id: Option<MediaId>,
    /// Picture at a peer.
    pub icon_url: Option<String>,
    /// Whether it takes part.
    pub state: ActorState,
}

impl ActorCard {
    /// `name` for ours, `name@host` for others: Mastodon's `acct`.
    pub fn acct(&self) -> String {
        match &self.host {
            Some(host) => format!("{}@{host}", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether it lives on this instance.
    pub fn is_local(&self) -> bool {
        self.host.is_none()
    }

    /// Up to two letters to show where there is no picture.
    pub fn initials(&self) -> String {
        let mut words = self.display_name.split_whitespace().filter_map(|w| w.chars().find(|c| c.is_alphanumeric()));
        let first = words.next();
        let last = words.next_back();
        first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
    }
}
