//! What every use case needs, and the trait through which it reaches other servers.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, RwLock};

use futures_util::future::BoxFuture;

use crate::base::*;
use crate::config::Config;
use crate::domain::actors::Actor;
use crate::domain::events::Event;
use crate::domain::knowledge::{PeerPerson, PeopleQuestion};
use crate::domain::peers::Host;
use crate::domain::posts::Post;
use crate::jobs::{Lately, Wake};
use crate::live::Hub;
use crate::services::gathered::Gathered;
use crate::store::followers::LocalFollower;
use crate::store::jobs::NewJob;
use crate::store::{self, Conn, Db};
use crate::urls::Urls;

/// The instance, as handed to use cases and doors. Cheap to clone.
#[derive(Clone)]
pub struct Ctx(Arc<Inner>);

/// The parts of a [`Ctx`].
pub struct Inner {
    /// The database.
    pub db: Db,
    /// Settings from file and environment.
    pub config: Arc<Config>,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub rng: Rng,
    /// New ids.
    pub ids: Ids,
    /// Addresses.
    pub urls: Urls,
    /// Who listens to changes.
    pub hub: Hub,
    /// Wakes the runner of jobs.
    pub wake: Wake,
    /// The index of search, kept up to date by [`super::search::follow`].
    pub index: kring_index::Shelf,
    /// What search remembers in this process.
    pub finding: super::search::Finding,
    /// Files.
    pub media: crate::media::Storage,
    /// Mail out.
    pub mailer: crate::mail::Mailer,
    /// How often things were tried in this process.
    pub throttle: super::throttle::Throttle,
    /// What was drawn for clients.
    pub kept: super::api::Kept,
    /// What partners answered a moment ago.
    pub answers: super::lookups::Answers,
    /// What many ask or write at the same moment.
    pub gathered: Gathered,
    /// The first chunk of those here who follow an actor, for jobs; see [`super::timelines`].
    pub(super) followers: Lately<Vec<LocalFollower>>,
    /// Ideas for members.
    pub ideas: super::suggestions::Remembered,
    /// The instance's time zone.
    pub zone: jiff::tz::TimeZone,
    /// Reaches other sites; see [`super::outgoing`].
    pub(super) client: tokio::sync::OnceCell<crate::net::Client>,
    /// Opens and seals secrets; see [`super::push`].
    pub(super) push: tokio::sync::OnceCell<Arc<super::push::Keys>>,
    remote: OnceLock<Arc<dyn Remote>>,
    instance: RwLock<Arc<Instance>>,
}

/// What people set from the pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// Name of the organisation; empty before the first run.
    pub name: String,
    /// One sentence about it.
    pub description: String,
    /// Language of pages for people who chose none.
    pub locale: String,
    /// Logo.
    pub logo: Option<MediaId>,
    /// Accent colour, hue in degrees.
    pub accent_hue: Option<u16>,
    /// House rules, Markdown.
    pub rules: String,
    /// Address for questions.
    pub contact: String,
    /// How people become members; overrides the configuration.
    pub registration: Option<String>,
    /// New groups wait for approval.
    pub groups_need_approval: bool,
    /// First posts of newcomers wait for a moderator.
    pub hold_newcomers: bool,
    /// Pages that closed groups link to are asked for a card as well.
    pub previews_closed: bool,
}

/// What use cases ask of other servers. `federation` implements it; everything it returns is stored already, but for people who
/// were asked for.
pub trait Remote: Send + Sync {
    /// An actor by handle, looked up with WebFinger when not known. `NotFound` when there is none.
    fn resolve_handle<'a>(&'a self, name: &'a str, host: &'a str) -> BoxFuture<'a, Result<Actor>>;
    /// Whether an actor elsewhere says, asked now, that it was `former` (an ActivityPub id) before.
    fn names_former<'a>(&'a self, actor: &'a Actor, former: &'a str) -> BoxFuture<'a, Result<bool>>;
    /// The page on which somebody who has an account elsewhere may follow or answer something (an ActivityPub id) from there; none
    /// when their server has no such page.
    fn interaction_page<'a>(
        &'a self,
        name: &'a str,
        host: &'a str,
        uri: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>>>;
    /// An actor or post by the address of its page or its id.
    fn resolve_url<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Resolved>>;
    /// The bytes and MIME type of a page on the web, or of a picture; asked in nobody's name.
    fn fetch_page<'a>(&'a self, url: &'a str, picture: bool) -> BoxFuture<'a, Result<(bytes::Bytes, String)>>;
    /// The bytes and MIME type of a file kept at a peer, of a post or none.
    fn fetch_media<'a>(
        &'a self,
        url: &'a str,
        viewer: Option<ActorId>,
        within: Option<PostId>,
    ) -> BoxFuture<'a, Result<(bytes::Bytes, String)>>;
    /// Who knows, at a server with an agreement about people. The one thing that is not stored.
    fn ask_people<'a>(&'a self, host: &'a Host, question: &'a PeopleQuestion)
    -> BoxFuture<'a, Result<Vec<PeerPerson>>>;
}

/// What an address turned out to be.
#[derive(Clone, Debug)]
pub enum Resolved {
    /// A person or group.
    Actor(Box<Actor>),
    /// A post.
    Post(Box<Post>),
}

impl std::ops::Deref for Ctx {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Everything needed to make a [`Ctx`].
pub struct Parts {
    /// The database.
    pub db: Db,
    /// Settings.
    pub config: Arc<Config>,
    /// Time.
    pub clock: Clock,
}

impl Ctx {
    /// Puts the instance together and reads its settings.
    pub async fn new(parts: Parts) -> Result<Self> {
        let Parts { db, config, clock } = parts;
        let rng = Rng;
        let urls = Urls::new(config.instance.scheme.as_str(), &config.instance.domain)?;
        let zone = jiff::tz::TimeZone::get(&config.instance.timezone).map_err(Error::internal)?;
        let ids = Ids::new(clock.clone(), &rng);
        let inner = Inner {
            media: crate::media::Storage::new(&config.media)?,
            mailer: crate::mail::Mailer::new(&config.mail)?.with_clock(clock.clone()),
            gathered: Gathered::new(&db, &ids, &clock),
            ids,
            hub: Hub::default(),
            index: Default::default(),
            finding: super::search::Finding::new(&rng),
            wake: Wake::default(),
            throttle: Default::default(),
            kept: Default::default(),
            answers: Default::default(),
            followers: Lately::default(),
            ideas: Default::default(),
            client: Default::default(),
            push: Default::default(),
            remote: OnceLock::new(),
            instance: RwLock::new(Arc::new(Instance::default())),
            db,
            config,
            clock,
            rng,
            urls,
            zone,
        };
        let ctx = Self(Arc::new(inner));
        ctx.reload_instance().await?;
        Ok(ctx)
    }

    /// Sets who reaches other servers; once, at start.
    pub fn set_remote(&self, remote: Arc<dyn Remote>) {
        if self.0.remote.set(remote).is_err() {
            tracing::error!("the way to other servers was set twice");
        }
    }

    /// The way to other servers.
    ///
    /// # Errors
    /// `Unavailable` when federation is off.
    pub fn remote(&self) -> Result<Arc<dyn Remote>> {
        self.0.remote.get().cloned().ok_or_else(|| Error::Unavailable("federation is off".to_owned()))
    }

    /// Whether it is a time at which people may be told what can wait, in the instance's zone.
    pub fn is_daytime(&self) -> bool {
        (9..18).contains(&self.now().timestamp().to_zoned(self.zone.clone()).hour())
    }

    /// What people set from the pages.
    pub fn instance(&self) -> Arc<Instance> {
        match self.0.instance.read() {
            Ok(instance) => instance.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }

    /// Reads the settings again, after a change here or in another process.
    pub async fn reload_instance(&self) -> Result<()> {
        let all: HashMap<String, String> =
            store::settings::all(&mut self.db.read().await?).await?.into_iter().collect();
        let text = |key: &str| all.get(key).cloned().unwrap_or_default();
        let config = &self.config.instance;
        let instance = Instance {
            name: all.get("name").cloned().or_else(|| config.name.clone()).unwrap_or_default(),
            description: text("description"),
            locale: all.get("locale").cloned().unwrap_or_else(|| config.language.clone()),
            logo: all.get("logo").and_then(|id| id.parse().ok()),
            accent_hue: all.get("accent_hue").and_then(|hue| hue.parse().ok()),
            rules: text("rules"),
            contact: text("contact"),
            registration: all.get("registration").cloned(),
            groups_need_approval: text("groups_need_approval") == "true",
            hold_newcomers: text("hold_newcomers") == "true",
            previews_closed: text("previews_closed") == "true",
        };
        match self.0.instance.write() {
            Ok(mut slot) => *slot = Arc::new(instance),
            Err(poisoned) => *poisoned.into_inner() = Arc::new(instance),
        }
        Ok(())
    }

    /// Now.
    pub fn now(&self) -> Time {
        self.clock.now()
    }
}

/// The kind of jobs that put things on homes and tell of them here.
pub const FANOUT: &str = "fanout";
/// The kind of jobs that tell peers, and the lane of these: two posts leave in the order they were written.
pub const FEDERATE: &str = "federate";
/// Whether a job concerns nothing that others next to it in its lane do: that a follow holds concerns one follower.
pub fn stands_alone(kind: &str, payload: &str) -> bool {
    kind == FEDERATE && matches!(serde_json::from_str(payload), Ok(Event::FollowAccepted { .. }))
}

/// Enqueues what follows from an event, in the transaction that makes it happen. Call [`Wake::now`] after the commit.
pub async fn emit(conn: &mut Conn, ids: &Ids, now: Time, event: &Event) -> Result<()> {
    for job in Following::of(event)?.jobs(ids, now) {
        store::jobs::enqueue(conn, job).await?;
    }
    Ok(())
}

/// What follows from an event, for who enqueues it along with more.
pub struct Following {
    payload: String,
    /// Kinds of jobs, with their lane.
    kinds: Vec<(&'static str, Option<&'static str>)>,
}

impl Following {
    /// Here, and at other servers.
    pub fn of(event: &Event) -> Result<Self> {
        Self::at(event, is_told_here(event), true)
    }

    /// Here alone: of what somebody elsewhere did and no other server hears from us.
    pub fn here(event: &Event) -> Result<Self> {
        Self::at(event, is_told_here(event), false)
    }

    /// At other servers alone: of what is no news to anybody here.
    pub fn elsewhere(event: &Event) -> Result<Self> {
        Self::at(event, false, true)
    }

    fn at(event: &Event, here: bool, elsewhere: bool) -> Result<Self> {
        let here = here.then_some((FANOUT, None));
        let kinds = here.into_iter().chain(elsewhere.then_some((FEDERATE, Some(FEDERATE)))).collect();
        Ok(Self { payload: serde_json::to_string(event).map_err(Error::internal)?, kinds })
    }

    /// As jobs.
    pub fn jobs(&self, ids: &Ids, now: Time) -> Vec<NewJob<'_>> {
        let job = |&(kind, lane): &(&'static str, Option<&'static str>)| NewJob {
            id: ids.next(),
            kind,
            payload: &self.payload,
            dedup_key: None,
            lane,
            run_at: now,
        };
        self.kinds.iter().map(job).collect()
    }
}

/// Whether homes or notices follow from an event. Of the others the pages read the new state, and that is all.
fn is_told_here(event: &Event) -> bool {
    match event {
        Event::PostPublished { .. }
        | Event::PostHeld { .. }
        | Event::PostRemoved { .. }
        | Event::Reacted { .. }
        | Event::PostEdited { .. }
        | Event::PostDeleted { .. }
        | Event::Shared { .. }
        | Event::AnswerAccepted { answer: Some(_), .. }
        | Event::PollClosed { .. }
        | Event::FollowRequested { .. }
        | Event::FollowAccepted { .. }
        | Event::FollowRejected { .. }
        | Event::Invited { .. }
        | Event::JoinOffered { .. }
        | Event::Moved { .. }
        | Event::Reported { .. }
        | Event::AccountRequested { .. } => true,
        Event::PostSubmitted { .. }
        | Event::PostRestored { .. }
        | Event::Unreacted { .. }
        | Event::Unshared { .. }
        | Event::AnswerAccepted { answer: None, .. }
        | Event::Voted { .. }
        | Event::Unfollowed { .. }
        | Event::JoinDecided { .. }
        | Event::JoinSettled { .. }
        | Event::InviteWanted { .. }
        | Event::KeysWanted { .. }
        | Event::ActorUpdated { .. }
        | Event::ActorDeleted { .. }
        | Event::Pinned { .. }
        | Event::Locked { .. }
        | Event::Banned { .. }
        | Event::ModeratorChanged { .. }
        | Event::Relay { .. } => false,
    }
}
