//! Room: the hub: what changed, by id, to whoever listens in this process.
//! May import: base, domain.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::Stream;
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc};

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

/// Which changes a listener hears of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// What concerns this member alone: their home, their notices, their filters.
    pub member: Option<ActorId>,
    /// Posts that came, changed or went, whoever may see them.
    pub posts: bool,
    /// New posts are shown as they are drawn for all: whoever goes ahead makes them ready first.
    pub drawn: bool,
}

/// Tells listeners in this process what changed, here or in another process. Only those whom a change may concern are
/// woken: thousands may be listening.
#[derive(Clone, Debug)]
pub struct Hub {
    listening: Arc<Mutex<Listening>>,
    ahead: Arc<OnceLock<mpsc::Sender<Arc<Change>>>>,
    local: broadcast::Sender<Arc<Change>>,
}

#[derive(Debug, Default)]
struct Listening {
    last: u64,
    posts: HashMap<u64, mpsc::Sender<Arc<Change>>>,
    /// How many wait for posts to be drawn.
    drawn: usize,
    members: HashMap<ActorId, HashMap<u64, mpsc::Sender<Arc<Change>>>>,
}

/// Hears of changes from when it was made. Who is slower than [`ROOM`] changes misses some.
#[derive(Debug)]
pub struct Listener {
    listening: Arc<Mutex<Listening>>,
    number: u64,
    interest: Interest,
    heard: mpsc::Receiver<Arc<Change>>,
}

/// Changes that wait for a listener.
const ROOM: usize = 1024;
/// Changes that wait for the way to other processes.
const LOCAL_ROOM: usize = 4096;

impl Default for Hub {
    fn default() -> Self {
        Self { listening: Arc::default(), ahead: Arc::default(), local: broadcast::channel(LOCAL_ROOM).0 }
    }
}

impl Hub {
    /// Tells everyone whom it may concern; nobody listening is fine.
    pub fn publish(&self, change: Change) {
        let change = Arc::new(change);
        // An error means that nobody listens.
        let _ = self.local.send(change.clone());
        self.tell(change);
    }

    /// Passes on what another process said: to the listeners here, not back to the others.
    pub fn relay(&self, change: Change) {
        self.tell(Arc::new(change));
    }

    fn tell(&self, change: Arc<Change>) {
        let ahead = self.ahead.get().filter(|_| lock(&self.listening).drawn > 0);
        if ahead.is_none_or(|ahead| ahead.try_send(change.clone()).is_err()) {
            self.pass_on(&change);
        }
    }

    /// Hears of every change before the others, while there are some for whom posts are drawn; they hear of it by
    /// [`Hub::pass_on`]: what they all need is then made once, and not by the first of thousands who were woken while the others
    /// wait. `None` when somebody does already.
    pub fn go_ahead(&self) -> Option<mpsc::Receiver<Arc<Change>>> {
        let (sender, heard) = mpsc::channel(LOCAL_ROOM);
        self.ahead.set(sender).ok().map(|()| heard)
    }

    /// Tells listeners of a change that whoever goes ahead is ready with.
    pub fn pass_on(&self, change: &Arc<Change>) {
        lock(&self.listening).tell(change);
    }

    /// Listens from now on.
    pub fn listen(&self, interest: Interest) -> Listener {
        let (sender, heard) = mpsc::channel(ROOM);
        let mut listening = lock(&self.listening);
        listening.last += 1;
        let number = listening.last;
        listening.drawn += usize::from(interest.drawn);
        if interest.posts {
            listening.posts.insert(number, sender.clone());
        }
        if let Some(member) = interest.member {
            listening.members.entry(member).or_default().insert(number, sender);
        }
        Listener { listening: self.listening.clone(), number, interest, heard }
    }

    /// Listens to what happens in this process alone.
    pub fn listen_local(&self) -> broadcast::Receiver<Arc<Change>> {
        self.local.subscribe()
    }
}

impl Listening {
    fn tell(&self, change: &Arc<Change>) {
        // No room means that the listener lags and misses this; closed, that it is leaving.
        let send = |sender: &mpsc::Sender<Arc<Change>>| drop(sender.try_send(change.clone()));
        let member = |id| self.members.get(id).into_iter().flat_map(HashMap::values).for_each(send);
        match &**change {
            Change::Post { .. } | Change::Edited { .. } | Change::Deleted { .. } => self.posts.values().for_each(send),
            Change::Home { members, .. } => members.iter().for_each(member),
            Change::Notice { member: id, .. } | Change::Filters { member: id } => member(id),
        }
    }
}

impl Listener {
    /// The next change, once there is one.
    pub async fn next(&mut self) -> Arc<Change> {
        match self.heard.recv().await {
            Some(change) => change,
            // Senders stay until the listener goes; one that listens to nothing waits for ever.
            None => std::future::pending().await,
        }
    }

    /// The changes one by one.
    pub fn stream(self) -> impl Stream<Item = Arc<Change>> {
        futures_util::stream::unfold(self, async |mut listener| Some((listener.next().await, listener)))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listening = lock(&self.listening);
        listening.posts.remove(&self.number);
        listening.drawn -= usize::from(self.interest.drawn);
        if let Some(member) = self.interest.member
            && let Some(known) = listening.members.get_mut(&member)
        {
            known.remove(&self.number);
            if known.is_empty() {
                listening.members.remove(&member);
            }
        }
    }
}

/// A list of senders is whole whenever it can be locked.
fn lock(listening: &Mutex<Listening>) -> MutexGuard<'_, Listening> {
    listening.lock().unwrap_or_else(PoisonError::into_inner)
}
