//! Documents, actors and keys of other servers. What is fetched is believed only of its own origin (INTEROP A.9).

use std::cell::Cell;
use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use super::keys::OwnKeys;
use super::sign::{Form, PublicKey, cavage, rfc9421};
use super::state::Federation;
use super::wire::{self, Doc, KeyMaterial, same_origin};
use crate::base::*;
use crate::config::FederationMode;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::peers::{Host, HostState, KeyKind, PeerState};
use crate::net::{Get, Response, Signer};
use crate::store::federation::{self as rows, StoredKey};
use crate::urls::host_of;

/// After this long a peer's actor is fetched again when it is used.
const STALE: i64 = Time::DAY;

/// A peer's key with its owner.
#[derive(Debug)]
pub struct PeerKey {
    /// Whose.
    pub actor: Actor,
    /// Where that actor lives.
    pub host: Host,
    /// The key.
    pub key: PublicKey,
    /// The same as it is stored.
    pem: String,
}

/// Why a key cannot be had. Each has its own answer (INTEROP A.4.5).
#[derive(Clone, Debug)]
pub(super) enum KeyTrouble {
    /// Its host, or its owner, is not welcome.
    Unwelcome,
    /// Its owner is gone (410).
    Gone,
    /// It could not be fetched now.
    Unreachable(String),
    /// There is no such key, or it proves nothing.
    Unusable(String),
}

impl From<Error> for KeyTrouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Gone => Self::Gone,
            Error::Forbidden { .. } => Self::Unwelcome,
            Error::RemoteFailed { retryable: true, .. } | Error::Unavailable(_) | Error::Internal(_) => {
                Self::Unreachable(error.to_string())
            }
            other => Self::Unusable(other.to_string()),
        }
    }
}

/// The headers that sign a request of ours.
pub(super) fn signed_headers(
    keys: &OwnKeys,
    form: Form,
    method: &str,
    url: &Url,
    body: Option<&[u8]>,
    now: Time,
) -> Result<Vec<(HeaderName, HeaderValue)>> {
    match form {
        // Lemmy asks for a digest on signed reading too.
        Form::Cavage => cavage::sign(&keys.rsa, &keys.key_id, method, url, body, now, body.is_none()),
        Form::Rfc9421 => rfc9421::sign(&keys.rsa, &keys.key_id, method, url, body, now),
    }
}

/// Documents that one incoming activity may make us ask for.
const FETCHES: u32 = 50;

tokio::task_local! {
    static FETCHES_LEFT: Cell<u32>;
}

/// Works on something that came in: what it makes us ask of others is limited, however its objects hang together.
pub(super) async fn limited<F: Future>(work: F) -> F::Output {
    FETCHES_LEFT.scope(Cell::new(FETCHES), work).await
}

/// Counts a document that is asked for.
///
/// # Errors
/// `RemoteFailed`, not to be tried again, when it is one too many.
pub(super) fn count_fetch(url: &Url) -> Result<()> {
    let left = FETCHES_LEFT.try_with(|left| left.replace(left.get().saturating_sub(1)));
    match left {
        Ok(0) => {
            let host = url.host_str().unwrap_or_default().to_owned();
            Err(Error::RemoteFailed { host, retryable: false, detail: format!("{url}: one too many for one activity") })
        }
        // Not for an activity that came in, or not too many.
        _ => Ok(()),
    }
}

impl Federation {
    /// Whether a host is welcome: not blocked, and a peer where only peers are.
    ///
    /// # Errors
    /// `Forbidden` if not.
    pub(super) fn check_host(&self, host: &Host) -> Result<()> {
        let welcome = host.state != HostState::Blocked
            && match self.ctx.config.federation.mode {
                FederationMode::Open => true,
                // To whom we offered, we listen for the answer.
                FederationMode::Peers => host.is_peer() || host.peer_state == PeerState::Offered,
                FederationMode::Off => false,
            };
        if welcome { Ok(()) } else { Err(Error::forbidden("error-host-blocked")) }
    }

    /// As [`Federation::check_host`], of the host of an address that may never have been seen.
    pub(super) async fn check_host_of(&self, address: &str) -> Result<()> {
        let name = host_of(address).ok_or(Error::NotFound)?;
        self.welcome_host(&name).await.map(|_| ())
    }

    /// A host by name, if it is known, and welcome in any case.
    pub(super) async fn welcome_host(&self, name: &str) -> Result<Option<Host>> {
        let known = self.known_host(name).await?;
        match (&known, self.ctx.config.federation.mode) {
            (Some(host), _) => self.check_host(host)?,
            (None, FederationMode::Open) => {}
            (None, _) => return Err(Error::forbidden("error-host-blocked")),
        }
        Ok(known)
    }

    /// A host by name, if it is known.
    pub(super) async fn known_host(&self, name: &str) -> Result<Option<Host>> {
        Ok(self.gathered.hosts.one(vec![name.to_lowercase()]).await?.pop())
    }

    /// An actor by its id, ours or another, if it is known.
    pub(super) async fn known_actor(&self, uri: &str) -> Result<Option<Actor>> {
        Ok(self.gathered.named.one(vec![uri.to_owned()]).await?.pop())
    }

    /// An ActivityPub document by its id, signed for by `reader` (an actor of ours) or else by the server's actor.
    ///
    /// # Errors
    /// `NotFound`, `Gone`, `RemoteFailed`; `Forbidden` when its host is not welcome; `NotAuthentic` when what came does
    /// not bear this id, or bears one of ours.
    pub(super) async fn document(&self, id: &str, reader: Option<&Actor>) -> Result<Value> {
        let found = self.fetch_document(id, reader).await?;
        let named = Doc(&found).id().unwrap_or_default().to_owned();
        if named == id {
            return Ok(found);
        }
        // A page's address, or another spelling: what it names itself is asked once, at the same origin.
        if !same_origin(&named, id) {
            return Err(Error::NotAuthentic(format!("{id} calls itself {named}")));
        }
        let again = self.fetch_document(&named, reader).await?;
        if Doc(&again).id() == Some(&named) {
            Ok(again)
        } else {
            Err(Error::NotAuthentic(format!("{named} has no firm id")))
        }
    }

    /// A document by any address, whatever it calls itself: collections, pages, key stubs.
    pub(super) async fn fetch_document(&self, address: &str, reader: Option<&Actor>) -> Result<Value> {
        let mut url = self.rules.any(address).ok_or_else(|| Error::NotAuthentic(format!("'{address}' is no id")))?;
        url.set_fragment(None);
        if self.ctx.urls.is_ours(address) {
            return Err(Error::NotAuthentic(format!("{address} is ours")));
        }
        self.check_host_of(address).await?;
        let server;
        let reader = match reader {
            Some(actor) => actor,
            None => {
                server = self.server_actor().await?;
                &server
            }
        };
        let keys = self.keys.of(reader).await?;
        let response = self.signed_get(&url, &keys).await?;
        let answer = match response.status {
            200..300 => Ok(()),
            404 => Err(Error::NotFound),
            410 => Err(Error::Gone),
            status => {
                let host = url.host_str().unwrap_or_default().to_owned();
                let retryable = matches!(status, 408 | 425 | 429 | 500 | 502..=599);
                Err(Error::RemoteFailed { host, retryable, detail: format!("{url} answered {status}") })
            }
        };
        answer?;
        wire::read(&response.body).map_err(|e| Error::NotAuthentic(format!("{url}: {e}")))
    }

    /// Draft-cavage first, unless this host was seen to want RFC 9421; the other way once when that is refused.
    async fn signed_get(&self, url: &Url, keys: &OwnKeys) -> Result<Arc<Response>> {
        let host = host_of(url.as_str()).unwrap_or_default();
        let first = self.form_of(&host).await?;
        let response = self.get_in_form(url, keys, first).await?;
        if response.status != 401 {
            return Ok(response);
        }
        let second = match first {
            Form::Cavage => Form::Rfc9421,
            Form::Rfc9421 => Form::Cavage,
        };
        let again = self.get_in_form(url, keys, second).await?;
        if again.is_success() {
            self.remember_form(&host, second).await?;
        }
        Ok(again)
    }

    async fn get_in_form(&self, url: &Url, keys: &OwnKeys, form: Form) -> Result<Arc<Response>> {
        count_fetch(url)?;
        let now = self.ctx.now();
        let sign = |hop: &Url| signed_headers(keys, form, "GET", hop, None, now);
        let identity = format!("{} {form:?}", keys.key_id);
        let signer = Signer { identity: &identity, sign: &sign };
        self.client.get_document(Get::activity(url).signed(signer)).await
    }

    /// How a host wants requests signed, as far as we know.
    pub(super) async fn form_of(&self, host: &str) -> Result<Form> {
        Ok(form_of_host(self.known_host(host).await?.as_ref()))
    }

    /// Remembers how a host wants requests signed.
    pub(super) async fn remember_form(&self, host: &str, form: Form) -> Result<()> {
        let host = host.to_owned();
        let word = match form {
            Form::Cavage => "cavage",
            Form::Rfc9421 => "rfc9421",
        };
        self.ctx
            .db
            .write(move |conn| Box::pin(async move { rows::set_signature_form(conn, &host, Some(word)).await }))
            .await
            .map(|_| ())
    }

    /// An actor by its id: ours, one that is stored, or fetched now.
    ///
    /// # Errors
    /// As [`Federation::document`]; `NotFound` when it is no actor.
    pub(super) async fn actor(&self, uri: &str) -> Result<Actor> {
        let stored = self.known_actor(uri).await?;
        let now = self.ctx.now();
        match stored {
            Some(actor) if actor.is_local() || actor.fetched_at.is_some_and(|at| now.since(at) < STALE) => Ok(actor),
            // An old copy is better than none.
            Some(actor) => Ok(self.refresh_actor(uri).await.unwrap_or(actor)),
            None => self.refresh_actor(uri).await,
        }
    }

    /// Fetches an actor and stores it, known or not. A 410 or a Tombstone marks a known one as deleted.
    pub(super) async fn refresh_actor(&self, uri: &str) -> Result<Actor> {
        match self.document(uri, None).await {
            Ok(document) => self.store_actor(&document).await,
            Err(error) => Err(error),
        }
    }

    /// The key with this id: from memory, the store, or its host, which is asked once by all who need it now. `refetch` asks
    /// the host even if we have it, at most once in five minutes.
    pub(super) async fn peer_key(&self, key_id: &str, refetch: bool) -> Result<Arc<PeerKey>, KeyTrouble> {
        if self.rules.any(key_id).is_none() {
            return Err(KeyTrouble::Unusable("the id of its key is none".to_owned()));
        }
        if !refetch {
            let find = async {
                match self.stored_key(key_id).await? {
                    Some(stored) => Ok(stored),
                    None => self.fetch_key(key_id).await,
                }
            };
            return self.peer_keys.try_get_with_by_ref(key_id, find).await.map_err(Arc::unwrap_or_clone);
        }
        if let Some(renewed) = self.renewed_key(key_id).await? {
            return Ok(renewed);
        }
        let fetch = async {
            let fetched = self.fetch_key(key_id).await?;
            self.peer_keys.insert(key_id.to_owned(), fetched.clone()).await;
            Ok(fetched)
        };
        self.refetched.get_with_by_ref(key_id, fetch).await
    }

    /// The key as it is stored, when memory has another: an `Update` brought it, perhaps to another process.
    async fn renewed_key(&self, key_id: &str) -> Result<Option<Arc<PeerKey>>> {
        let (known, stored) = (self.peer_keys.get(key_id).await, self.stored_key(key_id).await?);
        let renewed = stored.filter(|stored| known.is_some_and(|known| known.pem != stored.pem));
        if let Some(renewed) = &renewed {
            self.peer_keys.insert(key_id.to_owned(), renewed.clone()).await;
        }
        Ok(renewed)
    }

    async fn stored_key(&self, key_id: &str) -> Result<Option<Arc<PeerKey>>> {
        let Some((pem, actor, host)) = self.gathered.keys.one(key_id.to_owned()).await? else { return Ok(None) };
        if actor.is_local() {
            return Err(Error::NotAuthentic(format!("{key_id} is ours")));
        }
        self.check_host(&host)?;
        if actor.state == ActorState::Suspended {
            return Err(Error::forbidden("error-host-blocked"));
        }
        let key = PublicKey::from_pem(&pem).ok_or_else(|| Error::internal(format!("stored key {key_id}")))?;
        Ok(Some(Arc::new(PeerKey { actor, host, key, pem })))
    }

    async fn fetch_key(&self, key_id: &str) -> Result<Arc<PeerKey>, KeyTrouble> {
        self.fetch_owner_of(key_id).await?;
        let stored = self.stored_key(key_id).await?;
        stored.ok_or_else(|| KeyTrouble::Unusable(format!("{key_id} is not named by its owner")))
    }

    /// Fetches a key and its owner, requires that each names the other, and stores both.
    async fn fetch_owner_of(&self, key_id: &str) -> Result<(), KeyTrouble> {
        let address = key_id.split('#').next().unwrap_or(key_id);
        let found = self.fetch_document(address, None).await?;
        let doc = Doc(&found);
        if doc.kind().is_some_and(|kind| kind.is_actor()) {
            // From its own address, or that of the key (GoToSocial): the actor is asked under its own id.
            let id = doc.id().unwrap_or_default();
            let actor = if id == address { found.clone() } else { self.same_origin_document(id, address).await? };
            self.store_actor(&actor).await?;
            return Ok(());
        }
        let key = doc.embedded("publicKey").and_then(Doc::as_key).or_else(|| doc.as_key());
        let key = key.filter(|key| key.id == key_id);
        let key = key.ok_or_else(|| KeyTrouble::Unusable(format!("{address} holds no such key")))?;
        let owner = key.owner.ok_or_else(|| KeyTrouble::Unusable(format!("{key_id} names no owner")))?;
        let owner_doc = self.same_origin_document(owner, key_id).await?;
        let named = Doc(&owner_doc).keys().into_iter().any(|k| k.id == key_id);
        if !named {
            return Err(KeyTrouble::Unusable(format!("{owner} does not name {key_id}")));
        }
        let actor = self.store_actor(&owner_doc).await?;
        if let Some(stored) = stored_key(&self.ctx.ids, actor.id, key_id, key.material) {
            let now = self.ctx.now();
            self.ctx
                .db
                .write(move |conn| Box::pin(async move { rows::upsert_keys(conn, &[stored], now).await }))
                .await?;
        }
        Ok(())
    }

    async fn same_origin_document(&self, id: &str, of: &str) -> Result<Value, KeyTrouble> {
        if !same_origin(id, of) {
            return Err(KeyTrouble::Unusable(format!("{id} is of another origin than {of}")));
        }
        Ok(self.document(id, None).await?)
    }
}

/// How a host wants requests signed, as far as we know.
pub(super) fn form_of_host(host: Option<&Host>) -> Form {
    let rfc = host.and_then(|h| h.signature_form.as_deref()) == Some("rfc9421");
    if rfc { Form::Rfc9421 } else { Form::Cavage }
}

fn stored_key(ids: &Ids, actor_id: ActorId, uri: &str, material: KeyMaterial<'_>) -> Option<StoredKey> {
    let key = match material {
        KeyMaterial::Pem(pem) => PublicKey::from_pem(pem),
        KeyMaterial::Multibase(text) => PublicKey::from_multibase(text),
        KeyMaterial::Elsewhere => None,
    }?;
    let kind = if key.is_ed25519() { KeyKind::Ed25519 } else { KeyKind::Rsa };
    let public_pem = key.to_pem().ok()?;
    Some(StoredKey {
        id: ids.next(),
        actor_id,
        key_uri: uri.to_owned(),
        kind,
        public_pem,
        private_sealed: None,
        former: None,
    })
}
