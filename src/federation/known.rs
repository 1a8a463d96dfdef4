//! Which servers may know somebody here, and when somebody showed themselves to all of them.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use super::inbound::Item;
use super::outbound::{Place, Target};
use super::state::Federation;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorKind};
use crate::domain::groups::GroupKind;
use crate::services::known;
use crate::services::throttle::Quota;
use crate::store::{actors, groups, known as rows};

/// Closed groups elsewhere whose hosts are asked about one server.
const ASKED: i64 = 50;
/// How long their answers are waited for, and how often one server may have them asked.
const PATIENCE: Duration = Duration::from_secs(5);
const ASKING: Quota = Quota { burst: 300, every: Time::SECOND };

impl Federation {
    /// Whether a server, or nobody in particular, may know an actor here. Who shares a closed group elsewhere with somebody is
    /// known to the host of that group alone: it is asked.
    pub(super) fn known_to<'a>(&'a self, actor: &'a Actor, viewer: &'a Viewer) -> BoxFuture<'a, Result<bool>> {
        // On the heap: it is large, and asked deep inside what processes an activity.
        Box::pin(self.look_for(actor, viewer))
    }

    async fn look_for(&self, actor: &Actor, viewer: &Viewer) -> Result<bool> {
        let mut conn = self.ctx.db.read().await?;
        if known::knows(&mut conn, viewer, actor).await? {
            return Ok(true);
        }
        let Viewer::Peer { signer, .. } = *viewer else { return Ok(false) };
        let shared = rows::closed_groups_elsewhere(&mut conn, actor.id, ASKED).await?;
        let signer = actors::get(&mut conn, signer).await?;
        drop(conn);
        if shared.is_empty() || !self.may_have_asked(signer.host_id) {
            return Ok(false);
        }
        let mut asked: FuturesUnordered<_> =
            shared.iter().map(|group| self.is_member_there(group, &signer, actor)).collect();
        let any = async {
            while let Some(yes) = asked.next().await {
                if yes {
                    return true;
                }
            }
            false
        };
        // Who asked waits for us no longer than that either; what is answered later is known the next time.
        Ok(tokio::time::timeout(PATIENCE, any).await.unwrap_or(false))
    }

    /// One server has others asked only so often.
    fn may_have_asked(&self, host: HostId) -> bool {
        self.ctx.throttle.take(&[(format!("has asked {host}"), ASKING)], self.ctx.now()).is_ok()
    }

    /// Who sent an activity, as one who looks.
    pub(super) fn sender(&self, item: &Item<'_>) -> Viewer {
        Viewer::Peer { host: item.actor.host_id, signer: item.actor.id }
    }

    /// Notes that somebody here shows themselves to other servers: from now on each may learn their handle and their keys, or
    /// it could not believe what it gets.
    pub(super) async fn make_known(&self, person: &Actor) -> Result<()> {
        if !person.is_local() || person.kind != ActorKind::Person || person.known_at.is_some() {
            return Ok(());
        }
        let (id, now) = (person.id, self.ctx.now());
        let write = self.ctx.db.write(move |conn| Box::pin(async move { rows::show(conn, &[id], now).await }));
        write.await.map(|_| ())
    }

    /// The same where what somebody does in a place is seen outside closed groups and conversations.
    pub(super) async fn make_known_in(
        &self,
        person: &Actor,
        place: &Place,
        audience: AudienceId,
        direct: &[Target],
    ) -> Result<()> {
        if person.known_at.is_some() {
            return Ok(());
        }
        let open = match place {
            Place::Ours(group) | Place::Theirs(group) => group.1.kind == GroupKind::Public,
            Place::Nowhere => {
                let scope = groups::get_audience(&mut self.ctx.db.read().await?, audience).await?.scope;
                scope.is_open() || self.leaves_kring(direct).await?
            }
        };
        if open { self.make_known(person).await } else { Ok(()) }
    }

    /// Whether something goes to other software too: it looks people up by WebFinger before it believes them, and says not who asks.
    async fn leaves_kring(&self, targets: &[Target]) -> Result<bool> {
        for target in targets {
            if !self.known_host(&target.host).await?.is_some_and(|host| host.is_kring()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The same where somebody here asks someone elsewhere into a group of ours.
    pub(super) async fn make_known_to_invited(&self, inviter: &Actor, group: ActorId, invited: &Actor) -> Result<()> {
        if inviter.known_at.is_some() {
            return Ok(());
        }
        let mut conn = self.ctx.db.read().await?;
        let closed = groups::find(&mut conn, group).await?.is_some_and(|group| group.kind != GroupKind::Public);
        let inside = groups::find_follow(&mut conn, inviter.id, group).await?.is_some_and(|follow| follow.is_member());
        drop(conn);
        // Its server knows them by the group, if by anything.
        let quiet = closed && inside && self.probed(&invited.uri, invited.host_id).await?.is_kring();
        if quiet { Ok(()) } else { self.make_known(inviter).await }
    }

    /// The same where somebody asks to follow or to join: only Kring signs whatever it asks, so that a closed group of another
    /// server gets to know who asks like anything else does.
    pub(super) async fn make_known_to(&self, person: &Actor, target: &Actor) -> Result<()> {
        if person.known_at.is_some() {
            return Ok(());
        }
        let group = groups::find(&mut self.ctx.db.read().await?, target.id).await?;
        let closed = group.is_some_and(|group| group.kind != GroupKind::Public);
        if closed && self.probed(&target.uri, target.host_id).await?.is_kring() {
            Ok(())
        } else {
            self.make_known(person).await
        }
    }
}
