//! What other servers are, and what we agreed with them.

use serde_json::Value;
use url::Url;

use super::fetch::{count_fetch, signed_headers};
use super::state::Federation;
use super::wire::Doc;
use crate::base::*;
use crate::domain::peers::{Host, PeerState};
use crate::net::{Get, Response, Signer};
use crate::services;
use crate::store::actors;
use crate::store::federation as rows;
use crate::urls::host_of;

/// How long what NodeInfo said is believed, and how soon it is asked again after silence.
const BELIEVED: (i64, i64) = (7 * Time::DAY, Time::HOUR);

impl Federation {
    /// A host by name, with its software looked up where that is not known or long ago. A host that will not say what it
    /// is stays unknown, which is no error.
    pub(super) async fn probed(&self, origin: &str, id: HostId) -> Result<Host> {
        let host = self.host_at(origin, id).await?;
        if self.knows(&host) {
            return Ok(host);
        }
        // Once by all who need it now; whoever comes later finds it noted.
        let asked = self.asked_hosts.try_get_with(id, self.probe(origin, id)).await;
        self.asked_hosts.invalidate(&id).await;
        asked.map_err(|error| Error::Unavailable(error.to_string()))?;
        self.host_at(origin, id).await
    }

    async fn host_at(&self, origin: &str, id: HostId) -> Result<Host> {
        match self.known_host(&host_of(origin).unwrap_or_default()).await? {
            Some(host) if host.id == id => Ok(host),
            _ => rows::get_host(&mut self.ctx.db.read().await?, id).await,
        }
    }

    /// Whether what a host is was noted not long ago.
    fn knows(&self, host: &Host) -> bool {
        let believed = if host.software.is_some() { BELIEVED.0 } else { BELIEVED.1 };
        host.checked_at.is_some_and(|at| self.ctx.now().since(at) < believed)
    }

    async fn probe(&self, origin: &str, id: HostId) -> Result<()> {
        // Another may just have asked.
        if self.knows(&self.host_at(origin, id).await?) {
            return Ok(());
        }
        let found = match self.nodeinfo_of(origin).await {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(origin, %error, "no NodeInfo");
                None
            }
        };
        let now = self.ctx.now();
        let note = self.ctx.db.write_one(move |conn| {
            Box::pin(async move {
                let (name, version) = found.unzip();
                rows::set_software(conn, id, name.as_deref(), version.as_deref(), now).await
            })
        });
        note.await.map(|_| ())
    }

    /// Name and version of a server's software.
    async fn nodeinfo_of(&self, origin: &str) -> Result<Option<(String, String)>> {
        let base = Url::parse(origin).map_err(|_| Error::NotFound)?;
        let well_known = base.join("/.well-known/nodeinfo").map_err(Error::internal)?;
        let links = self.json(&well_known).await?;
        let schema = |doc: Doc<'_>| {
            let rel = doc.get("rel").and_then(Value::as_str).unwrap_or_default().to_owned();
            rel.starts_with("http://nodeinfo.diaspora.software/ns/schema/2.")
                .then(|| doc.id().map(str::to_owned))
                .flatten()
        };
        let href = Doc(&links).items("links").find_map(schema).ok_or(Error::NotFound)?;
        let address = Url::parse(&href).ok().filter(|url| url.origin() == base.origin()).ok_or(Error::NotFound)?;
        let info = self.json(&address).await?;
        let Some(software) = Doc(&info).embedded("software") else { return Ok(None) };
        let text = |name: &str| software.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = text("name").to_lowercase();
        Ok((!name.is_empty() && name.len() <= 64).then(|| (name, text("version").chars().take(64).collect())))
    }

    /// Plain JSON, unsigned: discovery is open to all.
    pub(super) async fn json(&self, url: &Url) -> Result<Value> {
        count_fetch(url)?;
        read_json(url, &*self.client.get_document(Get::json(url)).await?)
    }

    /// The same in the name of this server: who has an agreement with another may find more people there than strangers.
    pub(super) async fn json_as_server(&self, url: &Url) -> Result<Value> {
        count_fetch(url)?;
        let keys = self.keys.of(&self.server_actor().await?).await?;
        let (now, form) = (self.ctx.now(), self.form_of(url.host_str().unwrap_or_default()).await?);
        let sign = |hop: &Url| signed_headers(&keys, form, "GET", hop, None, now);
        let signer = Signer { identity: &keys.key_id, sign: &sign };
        read_json(url, &*self.client.get_document(Get::json(url).signed(signer)).await?)
    }

    /// Notes that an administrator agreed with another server to share network groups (or ended that).
    ///
    /// # Errors
    /// `Invalid` when `name` is no host name.
    pub async fn set_peer(&self, name: &str, state: PeerState) -> Result<Host> {
        let name = name.trim().trim_end_matches('/').to_lowercase();
        let usable =
            Url::parse(&format!("https://{name}/")).is_ok_and(|url| url.path() == "/" && url.username().is_empty());
        if name.is_empty() || !usable || name == self.ctx.urls.host() {
            return Err(Error::invalid("host", "error-host-name"));
        }
        let ids = self.ctx.ids.clone();
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move {
                    let id = actors::ensure_host(conn, HostId(ids.next()), &name).await?;
                    services::peers::set_state(conn, id, state, Some("public,network")).await?;
                    rows::get_host(conn, id).await
                })
            })
            .await
    }

    /// Servers we agreed something with, or that asked, by name.
    pub async fn peers(&self) -> Result<Vec<Host>> {
        rows::peers(&mut self.ctx.db.read().await?).await
    }
}

fn read_json(url: &Url, response: &Response) -> Result<Value> {
    match response.status {
        200..300 => serde_json::from_slice(&response.body).map_err(|_| Error::NotFound),
        404 => Err(Error::NotFound),
        410 => Err(Error::Gone),
        status => {
            let host = url.host_str().unwrap_or_default().to_owned();
            Err(Error::RemoteFailed { host, retryable: status >= 500, detail: format!("{url} answered {status}") })
        }
    }
}
