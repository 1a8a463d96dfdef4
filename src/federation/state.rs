//! What every part of federation shares.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use tokio::sync::{Notify, OnceCell, Semaphore, watch};
use url::Url;

use super::doors::Arrivals;
use super::fetch::{KeyTrouble, PeerKey};
use super::gathered::Gathered;
use super::keys::Keys;
use super::outbound::Followers;
use super::wire::IdRules;
use crate::base::*;
use crate::config::{FederationMode, Scheme};
use crate::domain::actors::{Actor, ActorKind};
use crate::domain::groups::Group;
use crate::jobs::{Handler, Lately};
use crate::net::Client;
use crate::services::ctx::FEDERATE;
use crate::services::seal::Seal;
use crate::services::{self, Ctx, outgoing};
use crate::store::actors::{self, NewActor};
use crate::store::with_short_reads;

/// Parsed keys of peers kept in memory.
const PEER_KEYS: u64 = 20_000;
/// How long a peer's key is used without looking at the store again, where blocks and suspensions are noted.
const PEER_KEY_LIFE: Duration = Duration::from_secs(60);
/// How often one key may be fetched anew because a signature failed (INTEROP A.4.3).
const REFETCH_PAUSE: Duration = Duration::from_secs(300);
/// How long a host counts as quick after a delivery.
const QUICK_LIFE: Duration = Duration::from_secs(3600);

/// How long it is believed what the host of a group says about a membership: yes or no, a minute at most is lost when
/// somebody is taken out.
const MEMBERSHIP_LIFE: Duration = Duration::from_secs(60);

/// How long it is believed where another server answers who knows about something.
const PEOPLE_DOOR_LIFE: Duration = Duration::from_secs(3600);

/// The door to other servers. Cheap to clone.
#[derive(Clone)]
pub struct Federation(Arc<State>);

/// The parts of a [`Federation`].
pub struct State {
    /// The instance.
    pub ctx: Ctx,
    /// Outgoing HTTP.
    pub(super) client: Client,
    /// Keys of our own actors.
    pub(super) keys: Keys,
    /// What may be an id.
    pub(super) rules: IdRules,
    /// What many ask or write at the same moment.
    pub(super) gathered: Gathered,
    /// Keys of peers' actors, as used lately.
    pub(super) peer_keys: Cache<String, Arc<PeerKey>>,
    /// Keys that were fetched anew lately.
    pub(super) refetched: Cache<String, Result<Arc<PeerKey>, KeyTrouble>>,
    /// Collections of moderators that were read lately, by group.
    pub(super) moderators_read: Cache<ActorId, ()>,
    /// Whether the host of a group elsewhere calls someone a member.
    pub(super) members_there: Cache<(ActorId, ActorId), bool>,
    /// Groups elsewhere that said lately that they go on as one of ours.
    pub(super) handed_over: Cache<(ActorId, ActorId), ()>,
    /// Hosts noted as alive lately.
    pub(super) seen: Cache<String, ()>,
    /// Hosts that took long to answer lately.
    pub(super) slow_hosts: Cache<String, ()>,
    /// Hosts that took a delivery lately, and less than [`super::seats::SLOW`] for it.
    pub(super) quick_hosts: Cache<String, ()>,
    /// Hosts that are being asked what they are.
    pub(super) asked_hosts: Cache<HostId, ()>,
    /// Where servers with an agreement about people are asked for them.
    pub(super) people_doors: Cache<HostId, Url>,
    /// Groups as read lately, for jobs.
    pub(super) groups: Lately<(Actor, Group)>,
    /// Where the members of groups of ours live, for jobs.
    pub(super) followers: Lately<Followers>,
    /// Stores what comes in.
    pub(super) arrivals: Arrivals,
    /// There is something to deliver.
    pub(super) outbound: Notify,
    /// Something came in.
    pub(super) inbound: Notify,
    server: OnceCell<Actor>,
    /// Who may sign now.
    signers: Semaphore,
}

impl std::ops::Deref for Federation {
    type Target = State;
    fn deref(&self) -> &State {
        &self.0
    }
}

impl Federation {
    /// How posts of others are read here.
    pub fn reading(&self) -> super::convert::Reading<'_> {
        super::convert::Reading { rules: self.rules, language: &self.ctx.config.instance.language, now: self.ctx.now() }
    }

    /// Opens the door of an instance: reads the sealing key, makes the client.
    ///
    /// # Errors
    /// `Unavailable` or `Internal` when the key file, the list of addresses or the certificates cannot be used.
    pub async fn new(ctx: Ctx) -> Result<Self> {
        let seal = Seal::open(&ctx.config.secrets.key_file, &ctx.rng).await?;
        let keys = Keys::new(ctx.db.clone(), ctx.ids.clone(), ctx.clock.clone(), seal);
        let client = outgoing::client(&ctx).await?;
        let lax = ctx.config.instance.scheme == Scheme::Http;
        let state = State {
            client,
            keys,
            rules: IdRules { lax },
            peer_keys: Cache::builder().max_capacity(PEER_KEYS).time_to_live(PEER_KEY_LIFE).build(),
            refetched: Cache::builder().max_capacity(PEER_KEYS).time_to_live(REFETCH_PAUSE).build(),
            moderators_read: Cache::builder().max_capacity(PEER_KEYS).time_to_live(REFETCH_PAUSE).build(),
            members_there: Cache::builder().max_capacity(PEER_KEYS).time_to_live(MEMBERSHIP_LIFE).build(),
            handed_over: Cache::builder().max_capacity(PEER_KEYS).time_to_live(MEMBERSHIP_LIFE).build(),
            seen: Cache::builder().max_capacity(PEER_KEYS).time_to_live(PEER_KEY_LIFE).build(),
            slow_hosts: Cache::builder().max_capacity(PEER_KEYS).time_to_live(REFETCH_PAUSE).build(),
            quick_hosts: Cache::builder().max_capacity(PEER_KEYS).time_to_live(QUICK_LIFE).build(),
            asked_hosts: Cache::builder().max_capacity(PEER_KEYS).time_to_live(MEMBERSHIP_LIFE).build(),
            people_doors: Cache::builder().max_capacity(1000).time_to_live(PEOPLE_DOOR_LIFE).build(),
            gathered: Gathered::new(&ctx.db, &ctx.ids, &ctx.clock),
            groups: Lately::default(),
            followers: Lately::default(),
            arrivals: Arrivals::start(ctx.db.clone(), ctx.clock.clone()),
            outbound: Notify::new(),
            inbound: Notify::new(),
            server: OnceCell::new(),
            signers: Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)),
            ctx,
        };
        Ok(Self(Arc::new(state)))
    }

    /// Whether anything is exchanged at all.
    pub fn is_on(&self) -> bool {
        self.ctx.config.federation.mode != FederationMode::Off
    }

    /// The jobs that federation does, by kind.
    pub fn handlers(&self) -> Vec<(&'static str, Handler)> {
        let federate = self.clone();
        let handler: Handler = Arc::new(move |payload| {
            let federation = federate.clone();
            Box::pin(async move { with_short_reads(federation.handle_event(&payload)).await })
        });
        let all = self.clone();
        let check_all: Handler = Arc::new(move |_| {
            let federation = all.clone();
            Box::pin(async move { federation.check_memberships().await })
        });
        let peer = self.clone();
        let peering: Handler = Arc::new(move |message| {
            let federation = peer.clone();
            Box::pin(async move { federation.send_peering(&message).await })
        });
        let asking = self.clone();
        let contact: Handler = Arc::new(move |message| {
            let federation = asking.clone();
            Box::pin(async move { federation.send_contact(&message).await })
        });
        let meeting = self.clone();
        let meet: Handler = Arc::new(move |message| {
            let federation = meeting.clone();
            Box::pin(async move { federation.send_meeting(&message).await })
        });
        let one = self.clone();
        let synchronize: Handler = Arc::new(move |group| {
            let federation = one.clone();
            Box::pin(async move { federation.synchronize(&group).await })
        });
        let partners = self.clone();
        let directory: Handler = Arc::new(move |host| {
            let federation = partners.clone();
            Box::pin(async move { federation.read_directories(&host).await })
        });
        let fill = self.clone();
        let backfill: Handler = Arc::new(move |what| {
            let federation = fill.clone();
            Box::pin(async move { federation.backfill(&what).await })
        });
        vec![
            (services::backfill::JOB, backfill),
            (FEDERATE, handler),
            ("memberships", check_all),
            ("synchronize", synchronize),
            ("peering", peering),
            (services::peers::DIRECTORY, directory),
            (services::contacts::JOB, contact),
            (services::meetings::JOB, meet),
        ]
    }

    /// Delivers and processes until `stop` turns true.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        if self.is_on() {
            tokio::join!(self.run_inbox(stop.clone()), self.run_deliveries(stop.clone()), self.know_people_doors(stop));
        }
    }

    /// Makes the rows of the server's actor and of the organisation, once, at start.
    pub async fn ensure_server_actors(&self) -> Result<()> {
        let name = self.ctx.instance().name.clone();
        let shown = if name.is_empty() { self.ctx.urls.host().to_owned() } else { name };
        let new = [
            self.own_actor(ActorKind::Application, server_name(self.ctx.urls.host()), shown.clone()),
            self.own_actor(ActorKind::Organization, "organisation".to_owned(), shown),
        ];
        self.check_origin(&new[1]).await?;
        let write = self.ctx.db.write(move |conn| {
            Box::pin(async move {
                for actor in &new {
                    actors::upsert(conn, actor).await?;
                }
                Ok(())
            })
        });
        write.await
    }

    /// That the instance still has the address that it was made with: other servers know everything here by it.
    async fn check_origin(&self, organisation: &NewActor) -> Result<()> {
        let known = actors::find_by_name(&mut self.ctx.db.read().await?, HostId::LOCAL, &organisation.name).await?;
        match known.filter(|known| known.uri != organisation.uri) {
            None => Ok(()),
            Some(known) => Err(Error::Unavailable(format!(
                "instance.domain and instance.scheme make this {}, but its database was made for {}; other servers know \
                 everything here by that address, so it cannot change: set them back",
                self.ctx.urls.origin(),
                known.uri.strip_suffix("/organisation").unwrap_or(&known.uri),
            ))),
        }
    }

    /// Signs apart from the threads that wait for others, as many at once as there are cores: more would be no faster, and
    /// each would keep a thread with its memory.
    pub(super) async fn signing<R: Send + 'static>(
        &self,
        sign: impl FnOnce() -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let _permit = self.signers.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(sign).await.map_err(Error::internal)?
    }

    /// The server's actor, which signs what nobody in particular asks for.
    ///
    /// # Errors
    /// `Unavailable` before [`Federation::ensure_server_actors`].
    pub async fn server_actor(&self) -> Result<Actor> {
        let load = || async {
            let uri = self.ctx.urls.server_actor();
            let found = actors::find_by_uri(&mut self.ctx.db.read().await?, &uri).await?;
            found.ok_or_else(|| Error::Unavailable("the server's actor was not made".to_owned()))
        };
        self.server.get_or_try_init(load).await.cloned()
    }

    fn own_actor(&self, kind: ActorKind, name: String, display_name: String) -> NewActor {
        let uri = self.ctx.urls.actor(kind, &name);
        let now = self.ctx.now();
        NewActor {
            id: ActorId(self.ctx.ids.next()),
            host_id: HostId::LOCAL,
            kind,
            search_text: crate::text::fold(&display_name),
            display_name,
            name,
            summary_source: String::new(),
            summary_html: SafeHtml::default(),
            url: uri.clone(),
            inbox: format!("{uri}/inbox"),
            shared_inbox: Some(self.ctx.urls.shared_inbox()),
            outbox: Some(format!("{uri}/outbox")),
            followers_uri: Some(format!("{uri}/followers")),
            featured_uri: None,
            moderators_uri: None,
            icon_url: None,
            header_url: None,
            locked: kind == ActorKind::Application,
            discoverable: kind == ActorKind::Organization,
            created_at: now,
            fetched_at: None,
            uri,
        }
    }
}

/// `preferredUsername` of the server's actor: its host name without port, so that `acct:HOST@HOST` finds it.
pub(super) fn server_name(host: &str) -> String {
    let name =
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(n, _)| n);
    let letter =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') { c.to_ascii_lowercase() } else { '_' };
    name.chars().map(letter).collect()
}
