//! Activities and deliveries of one event, written in one transaction; and the rule of who gets what of a group.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::super::convert::{Activity, Address};
use super::super::sign::proof;
use super::super::state::Federation;
use super::super::wire::PUBLIC;
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::audiences::Scope;
use crate::domain::groups::{Group, GroupKind};
use crate::domain::peers::{Form, Host, PeerScope};
use crate::store::deliveries::{self, NewDelivery};
use crate::store::federation::{self as rows, NewActivity};
use crate::store::{Conn, groups};

/// An inbox and the host it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::federation) struct Target {
    pub host: String,
    pub inbox: String,
}

/// Inboxes of a group's members elsewhere, by the form their server reads.
#[derive(Debug, Default)]
pub(in crate::federation) struct Followers {
    /// `Announce{activity}`.
    pub wrapped: Vec<Target>,
    /// `Announce: "<object id>"`.
    pub plain: Vec<Target>,
}

impl Followers {
    /// Nobody elsewhere reads along.
    pub fn is_empty(&self) -> bool {
        self.wrapped.is_empty() && self.plain.is_empty()
    }
}

/// What is to be sent. Written down at once by [`Federation::send`].
#[derive(Debug, Default)]
pub(in crate::federation) struct Batch {
    out: Vec<Outgoing>,
}

#[derive(Debug)]
struct Outgoing {
    signer: ActorId,
    activity: NewActivity,
    targets: Vec<Target>,
}

/// An activity with its deliveries.
#[derive(Clone, Debug)]
pub(in crate::federation) struct Sent {
    activity: NewActivity,
    deliveries: Vec<NewDelivery>,
}

/// What concerns more than so many is read or written by itself: others do not wait for it.
const ALONE: usize = 100;

/// Writes batches down; how many deliveries each made.
pub(in crate::federation) async fn write_all(conn: &mut Conn, now: Time, all: Vec<Vec<Sent>>) -> Result<Vec<usize>> {
    let mut made = vec![0; all.len()];
    let mut sent: Vec<(usize, Sent)> = Vec::new();
    for (place, batch) in all.into_iter().enumerate() {
        sent.extend(batch.into_iter().map(|one| (place, one)));
    }
    // Two that write the same activities do so in one order, or each could wait for the other.
    sent.sort_by(|one, other| one.1.activity.uri.cmp(&other.1.activity.uri));
    let activities: Vec<NewActivity> = sent.iter().map(|(_, one)| one.activity.clone()).collect();
    let fresh = rows::insert_activities(conn, &activities).await?;
    let mut deliveries = Vec::new();
    for ((place, one), _) in sent.into_iter().zip(fresh).filter(|(_, fresh)| *fresh) {
        made[place] += one.deliveries.len();
        deliveries.extend(one.deliveries);
    }
    deliveries.sort_unstable_by_key(|delivery| delivery.id);
    deliveries::enqueue_all(conn, &deliveries, now).await?;
    Ok(made)
}

/// The id of an activity that follows from another thing here, the same each time it is made: the thing's id with a mark
/// above its 57 bits.
pub(super) fn derived(id: i64, mark: Mark) -> ActivityId {
    ActivityId(id | (mark as i64) << 58)
}

/// What a derived activity does with the thing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    /// A group passes an activity on.
    Wrap = 1,
    /// A group shows a post.
    Show = 2,
}

/// To whom a group announces.
pub(in crate::federation) fn announce_address(group: &Actor, scope: Scope) -> Address {
    let followers = format!("{}/followers", group.uri);
    if scope.is_open() {
        Address { to: vec![PUBLIC.to_owned()], cc: vec![followers] }
    } else {
        Address { to: vec![followers], cc: Vec::new() }
    }
}

impl Batch {
    /// Adds an activity of one of our actors with where it goes; no targets means that it is only kept, to be fetched.
    pub fn add(
        &mut self,
        signer: &Actor,
        activity: &Activity,
        document: &Value,
        audience: Option<AudienceId>,
        targets: Vec<Target>,
        now: Time,
    ) {
        let id = activity.id.rsplit('/').next().and_then(|id| id.parse().ok());
        let new = NewActivity {
            id: id.unwrap_or(ActivityId(now.micros())),
            uri: activity.id.clone(),
            kind: activity.kind.to_owned(),
            actor_id: Some(signer.id),
            actor_uri: signer.uri.clone(),
            audience_id: audience,
            incoming: false,
            body: document.to_string(),
            received_at: now,
        };
        self.out.push(Outgoing { signer: signer.id, activity: new, targets });
    }
}

/// One inbox for each server where there is a shared one, else each actor's own; each once.
pub(super) fn targets(rows: Vec<(ActorId, String, String, Option<String>)>) -> Vec<Target> {
    let mut seen = HashSet::new();
    let all = rows.into_iter().map(|(_, host, inbox, shared)| Target { host, inbox: shared.unwrap_or(inbox) });
    all.filter(|target| seen.insert(target.clone())).collect()
}

impl Federation {
    /// Writes a batch down, in one transaction, and wakes the deliverers. An activity that was written down before is not
    /// sent again.
    pub(in crate::federation) async fn send(&self, batch: Batch) -> Result<()> {
        if batch.out.is_empty() {
            return Ok(());
        }
        let sent: Vec<Sent> = batch.out.into_iter().map(|out| self.to_send(out)).collect();
        let many = sent.iter().map(|one| one.deliveries.len()).sum::<usize>() > ALONE;
        let made = if many {
            let now = self.ctx.now();
            let write = self.ctx.db.write(move |conn| Box::pin(write_all(conn, now, vec![sent])));
            write.await?.into_iter().sum()
        } else {
            self.gathered.sent.one(sent).await?
        };
        if made > 0 {
            self.outbound.notify_one();
        }
        Ok(())
    }

    fn to_send(&self, out: Outgoing) -> Sent {
        let (signer_id, activity_id) = (out.signer, out.activity.id);
        let elsewhere = out.targets.into_iter().filter(|target| target.host != self.ctx.urls.host());
        let delivery = |Target { host, inbox }| {
            let (id, quick) = (self.ctx.ids.next(), self.quick_hosts.contains_key(&host));
            NewDelivery { id, signer_id, activity_id, inbox, host, quick }
        };
        Sent { deliveries: elsewhere.map(delivery).collect(), activity: out.activity }
    }

    /// A new id for an activity that nothing here stands for.
    pub(in crate::federation) fn fresh_id(&self) -> String {
        self.ctx.urls.activity(ActivityId(self.ctx.ids.next()))
    }

    /// The JSON of an activity with its author's proof, so that whoever gets it through a group needs to ask nobody.
    pub(super) async fn proven(&self, activity: &Activity, author: &Actor) -> Result<Value> {
        let keys = self.keys.of(author).await?;
        proof::sign(activity.document(), &keys.ed25519, &keys.proof_key_id, self.ctx.now())
    }

    /// Where the members of one of our groups live, as far as the group's things may go there at all: the table of who
    /// gets what (INTEROP B.2.3, B.6).
    pub(super) async fn followers_of(&self, group: &Actor, facts: &Group) -> Result<Arc<Followers>> {
        self.followers.get(group.id, self.read_followers(group, facts)).await
    }

    async fn read_followers(&self, group: &Actor, facts: &Group) -> Result<Followers> {
        let mut found = Followers::default();
        if facts.kind == GroupKind::Organisation {
            return Ok(found);
        }
        let mut conn = self.ctx.db.read().await?;
        let all = groups::remote_followers(&mut conn, group.id).await?;
        drop(conn);
        let hosts = self.hosts(all.iter().map(|row| row.1.clone())).await?;
        for target in targets(all) {
            let Some(host) = hosts.get(&target.host) else { continue };
            if self.check_host(host).is_err() {
                continue;
            }
            match (facts.kind, host.form()) {
                (GroupKind::Network, _) if !host.shares(PeerScope::Network) => {}
                (_, Form::Wrapped) => found.wrapped.push(target),
                // Microblogs show to strangers what they get; they have no form for closed things.
                (GroupKind::Public, Form::Plain) => found.plain.push(target),
                (_, Form::Plain) => {}
            }
        }
        Ok(found)
    }

    /// Hosts by name.
    async fn hosts(&self, names: impl Iterator<Item = String>) -> Result<HashMap<String, Host>> {
        let names: Vec<String> = names.collect::<HashSet<_>>().into_iter().collect();
        let found = match names.len() {
            ..=ALONE => self.gathered.hosts.one(names).await?,
            _ => rows::hosts_by_name(&mut self.ctx.db.read().await?, &names).await?,
        };
        Ok(found.into_iter().map(|host| (host.name.clone(), host)).collect())
    }

    /// Inboxes of single actors elsewhere, those of unwelcome hosts left out.
    pub(in crate::federation) async fn inboxes(&self, ids: &[ActorId]) -> Result<Vec<Target>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.welcome(targets(self.gathered.inboxes.one(ids.to_vec()).await?)).await
    }

    /// Inboxes of someone's followers elsewhere.
    pub(super) async fn follower_inboxes(&self, actor: ActorId) -> Result<Vec<Target>> {
        let found = groups::remote_followers(&mut self.ctx.db.read().await?, actor).await?;
        self.welcome(targets(found)).await
    }

    /// Inboxes of actors named by id, as far as they are known here.
    pub(super) async fn inboxes_named(&self, uris: &[String]) -> Result<Vec<Target>> {
        let known = self.gathered.named.one(uris.to_vec()).await?;
        self.inboxes(&known.iter().map(|actor| actor.id).collect::<Vec<_>>()).await
    }

    pub(super) async fn welcome(&self, all: Vec<Target>) -> Result<Vec<Target>> {
        let hosts = self.hosts(all.iter().map(|t| t.host.clone())).await?;
        let welcome = |t: &Target| hosts.get(&t.host).is_some_and(|host| self.check_host(host).is_ok());
        Ok(all.into_iter().filter(welcome).collect())
    }
}

/// Each inbox once.
pub(super) fn merge(lists: Vec<Vec<Target>>) -> Vec<Target> {
    let mut seen = BTreeMap::new();
    for target in lists.into_iter().flatten() {
        seen.insert(target.inbox.clone(), target);
    }
    seen.into_values().collect()
}
