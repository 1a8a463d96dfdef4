//! Room: the hub: what changed, by id, to whoever listens in this process.
//! May import: base, domain.

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::base::{ActorId, NotificationId, PostId};

/// Something changed. Only ids: each door fetches what its viewer may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// A new post or comment.
    Post {
        /// Which.
        post: PostId,
        /// Its thread.
        root: PostId,
        /// Its group.
        group: Option<ActorId>,
        /// Who wrote it.
        author: ActorId,
    },
    /// A post changed.
    Edited {
        /// Which.
        post: PostId,
        /// Its group.
        group: Option<ActorId>,
    },
    /// A post went away.
    Deleted {
        /// Which.
        post: PostId,
        /// Its group.
        group: Option<ActorId>,
    },
    /// A post was put on members' homes; done in chunks.
    Home {
        /// Which.
        post: PostId,
        /// Whose.
        members: Vec<ActorId>,
    },
    /// A member has a new notice.
    Notice {
        /// Who.
        member: ActorId,
        /// Which.
        notice: NotificationId,
    },
    /// A member changed their filters.
    Filters {
        /// Who.
        member: ActorId,
    },
}

/// Tells listeners in this process what changed, here or in another process.
#[derive(Clone, Debug)]
pub struct Hub {
    everything: broadcast::Sender<Change>,
    local: broadcast::Sender<Change>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { everything: broadcast::channel(4096).0, local: broadcast::channel(4096).0 }
    }
}

impl Hub {
    /// Tells everyone who listens; nobody listening is fine.
    pub fn publish(&self, change: Change) {
        // An error means that nobody listens.
        let _ = self.local.send(change.clone());
        self.relay(change);
    }

    /// Passes on what another process said: to the listeners here, not back to the others.
    pub fn relay(&self, change: Change) {
        let _ = self.everything.send(change);
    }

    /// Listens from now on. A listener that lags is told how many it missed and should reload.
    pub fn listen(&self) -> broadcast::Receiver<Change> {
        self.everything.subscribe()
    }

    /// Listens to what happens in this process alone.
    pub fn listen_local(&self) -> broadcast::Receiver<Change> {
        self.local.subscribe()
    }
}
