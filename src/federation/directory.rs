//! What partners tell each other of their groups: a list that a server asks for once a day, so that its members find them in the
//! same search as their own; and the server's own place in network groups, for its members.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::state::{Federation, server_name};
use super::wire::{Doc, Kind, same_origin};
use crate::base::*;
use crate::domain::groups::GroupKind;
use crate::domain::peers::{Host, PeerScope};
use crate::services::{follows, groups_elsewhere as service};
use crate::store::{federation as rows, groups, peers};

/// Where a server's actor says that its list is, below `endpoints`.
pub(super) const ENDPOINT: &str = "kring:groups";
/// Pages of one list that are read, and groups in all.
const MOST: (usize, usize) = (50, 1_000);

/// Which groups an agreement tells of.
pub(super) fn kinds_told(host: &Host) -> Vec<GroupKind> {
    let told = [(PeerScope::Public, GroupKind::Public), (PeerScope::Network, GroupKind::Network)];
    told.into_iter().filter(|(scope, _)| host.shares(*scope)).map(|(_, kind)| kind).collect()
}

impl Federation {
    /// Reads the lists of partners: of one (the job `directory`, after an agreement), or of all, once a day.
    pub async fn read_directories(&self, payload: &str) -> Result<()> {
        #[derive(Deserialize)]
        struct Asked {
            host: HostId,
        }
        if !self.is_on() {
            return Ok(());
        }
        if !payload.is_empty() {
            let asked: Asked = serde_json::from_str(payload).map_err(Error::internal)?;
            let host = rows::get_host(&mut self.ctx.db.read().await?, asked.host).await?;
            return self.read_directory(&host).await;
        }
        let all = peers::partners(&mut self.ctx.db.read().await?).await?;
        for host in all {
            // One that is away is asked again tomorrow; what is known of it stays until then.
            if let Err(error) = self.read_directory(&host).await {
                tracing::info!(%error, host = host.name, "the list of groups of a partner could not be read");
            }
        }
        Ok(())
    }

    async fn read_directory(&self, host: &Host) -> Result<()> {
        let kinds = kinds_told(host);
        if kinds.is_empty() {
            return Ok(());
        }
        let server = self.handle(&server_name(&host.name), &host.name).await?;
        let about = self.fetch_document(&server.uri, None).await?;
        let list =
            Doc(&about).embedded("endpoints").and_then(|endpoints| endpoints.one_id(ENDPOINT).map(str::to_owned));
        // Other software has none.
        let Some(list) = list.filter(|list| same_origin(list, &server.uri)) else { return Ok(()) };
        let mut listed = HashSet::new();
        for document in self.listed_at(&list).await? {
            let group = match self.store_actor(&document).await {
                Ok(group) => group,
                Err(error) => {
                    tracing::debug!(%error, "a group in a partner's list");
                    continue;
                }
            };
            let kind = rows::group_kind(&mut self.ctx.db.read().await?, group.id).await?.map(|(kind, ..)| kind);
            if group.host_id == host.id && kind.is_some_and(|kind| kinds.contains(&kind)) {
                listed.insert(group.id);
            }
        }
        let listed: Vec<ActorId> = listed.into_iter().collect();
        service::list_elsewhere(&self.ctx, host.id, &listed).await?;
        if host.shares(PeerScope::Network) {
            self.follow_for_members(&listed).await?;
        }
        Ok(())
    }

    /// The documents of the groups in a list, page by page.
    async fn listed_at(&self, list: &str) -> Result<Vec<Value>> {
        let mut found = Vec::new();
        let mut page = self.fetch_document(list, None).await?;
        let mut read = HashSet::from([list.to_owned()]);
        for _ in 0..MOST.0 {
            let ours =
                |doc: &Doc<'_>| doc.kind() == Some(Kind::Group) && doc.id().is_some_and(|id| same_origin(id, list));
            found.extend(Doc(&page).items("orderedItems").filter(ours).map(|doc| doc.0.clone()));
            let next = Doc(&page).one_id("next").or_else(|| Doc(&page).one_id("first")).map(str::to_owned);
            let Some(next) = next.filter(|next| same_origin(next, list) && read.insert(next.clone())) else { break };
            if found.len() >= MOST.1 {
                break;
            }
            page = self.fetch_document(&next, None).await?;
        }
        found.truncate(MOST.1);
        Ok(found)
    }

    /// Our server follows network groups of a partner and stands for its members, so that they can read what was written before
    /// the first of them joined.
    async fn follow_for_members(&self, listed: &[ActorId]) -> Result<()> {
        let server = self.server_actor().await?;
        let known = groups::list(&mut self.ctx.db.read().await?, listed).await?;
        for group in known.into_iter().filter(|group| group.kind == GroupKind::Network) {
            follows::request_for_members(&self.ctx, server.id, group.actor_id).await?;
        }
        Ok(())
    }
}
