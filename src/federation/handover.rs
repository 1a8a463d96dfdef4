//! Groups that go on at another server: who was in them comes in at the new home without being asked again.

use super::state::Federation;
use super::wire::Doc;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::groups::{Group, GroupKind};
use crate::domain::peers::PeerScope;
use crate::store::{Conn, actors, aliases, groups};

impl Federation {
    /// Whether someone elsewhere who asks to join a group of ours is, by the word of its host, in the group that goes on as this
    /// one. No answer is no: then they ask like everybody.
    pub(super) async fn comes_along(&self, who: &Actor, group: &Actor) -> Result<bool> {
        if !self.gathered.had_former.one(group.id).await? {
            return Ok(false);
        }
        let mut conn = self.ctx.db.read().await?;
        let former = aliases::of(&mut conn, group.id).await?;
        let follow = groups::find_follow(&mut conn, who.id, group.id).await?;
        let facts = groups::find(&mut conn, group.id).await?.ok_or(Error::NotFound)?;
        let asks = facts.approval || facts.kind == GroupKind::Private;
        let known = follow.as_ref().is_some_and(|follow| follow.is_member() || follow.is_banned(self.ctx.now()));
        if !asks || known || facts.archived_at.is_some() {
            return Ok(false);
        }
        drop(conn);
        let server = self.server_actor().await?;
        for (id, _) in former {
            let former = actors::get(&mut self.ctx.db.read().await?, id).await?;
            let there = former.is_group() && !former.is_local() && former.state == ActorState::Active;
            if there && self.goes_on_as(&former, group).await && self.is_member_there(&former, who, &server).await {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a group elsewhere says that it goes on as one of ours. It is asked, for it may have been taken back; a yes is
    /// believed for a minute, so that many who come along do not ask each.
    async fn goes_on_as(&self, former: &Actor, group: &Actor) -> bool {
        if self.handed_over.contains_key(&(former.id, group.id)) {
            return true;
        }
        match self.document(&former.uri, None).await {
            Ok(document) if Doc(&document).one_id("movedTo") == Some(group.uri.as_str()) => {
                self.handed_over.insert((former.id, group.id), ()).await;
                true
            }
            Ok(_) => false,
            Err(error) => {
                tracing::debug!(%error, former = %former.uri, "a former group could not be asked");
                false
            }
        }
    }

    /// Whether who asks is the server where a group of ours goes on: it may know who was in it.
    pub(super) async fn is_new_home(&self, conn: &mut Conn, group: &Actor, viewer: &Viewer) -> Result<bool> {
        let (Viewer::Peer { host, .. }, Some(to)) = (viewer, &group.moved_to) else { return Ok(false) };
        let is_there = actors::find_by_uri(conn, to).await?.is_some_and(|to| to.host_id == *host);
        let closed = groups::find(conn, group.id).await?.is_some_and(|facts| facts.kind != GroupKind::Public);
        // Who was in a closed one is told as long as the agreement holds.
        Ok(is_there && (!closed || crate::store::federation::get_host(conn, *host).await?.is_peer()))
    }

    /// Whether members here go along with a group by themselves. Out of a closed one they are not told to a server with which
    /// nothing was agreed; they read where it went, and choose.
    pub(super) async fn leads_members(&self, from: &Actor, to: &Actor) -> Result<bool> {
        let mut conn = self.ctx.db.read().await?;
        let Some(group) = groups::find(&mut conn, from.id).await? else { return Ok(true) };
        if group.kind == GroupKind::Public || to.is_local() {
            return Ok(true);
        }
        let host = crate::store::federation::get_host(&mut conn, to.host_id).await?;
        let agreed = if group.kind == GroupKind::Network { host.shares(PeerScope::Network) } else { host.is_peer() };
        Ok(agreed && host.is_kring())
    }

    /// That a group does not become one that more people read: what its members wrote there was for fewer.
    pub(super) async fn check_no_wider(&self, from: &Actor, to: &Actor) -> Result<()> {
        let mut conn = self.ctx.db.read().await?;
        let from: Option<Group> = groups::find(&mut conn, from.id).await?;
        match (from, groups::find(&mut conn, to.id).await?) {
            (Some(from), Some(to)) if from.kind.is_narrower_than(to.kind) => {
                Err(Error::forbidden("error-handover-open"))
            }
            _ => Ok(()),
        }
    }
}
