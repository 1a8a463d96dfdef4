//! The inbox: cheap refusals first, then the signature, then the activity is kept as it came and answered (INTEROP A.11).
//! What it says is worked on later, in the order of its sender.

use axum::body::{Body, to_bytes};
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::super::fetch::PeerKey;
use super::super::inbound::REFETCH;
use super::super::sign::proof;
use super::super::state::Federation;
use super::super::wire::{self, Envelope, Kind, WireError};
use super::answer::refusal;
use super::arrivals::Arrival;
use super::viewer::{Asked, Refused};
use crate::base::*;
use crate::store::federation::NewActivity;
use crate::store::{actors, with_short_reads};

/// Takes an activity in.
pub async fn post(
    State(federation): State<Federation>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let path = uri.path_and_query().map_or(uri.path(), |p| p.as_str());
    match with_short_reads(federation.receive(method.as_str(), path, &headers, body)).await {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(Refusal(status, why)) => {
            tracing::debug!(status, %why, "inbox refused");
            refusal(status)
        }
    }
}

/// What to answer, and why, for the log.
struct Refusal(u16, String);

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self(refused.status(), refused.to_string())
    }
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Self {
        Self(error.status(), error.to_string())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Unavailable(_) | Error::Internal(_) => 503,
            Error::Forbidden { .. } => 403,
            other => other.status(),
        };
        Self(status, error.to_string())
    }
}

impl Federation {
    async fn receive(&self, method: &str, path: &str, headers: &HeaderMap, body: Body) -> Result<(), Refusal> {
        if !self.is_on() {
            return Err(Refusal(404, "federation is off".to_owned()));
        }
        if !is_activity_type(headers) {
            return Err(Refusal(415, "not an ActivityPub type".to_owned()));
        }
        let bytes = to_bytes(body, wire::MAX_BYTES).await.map_err(|_| Refusal(413, "too large".to_owned()))?;
        let document = wire::read(&bytes)?;
        let envelope = match Envelope::read(&document, self.rules) {
            // An id of another server is no id: the activity is told apart by its bytes.
            Err(WireError::Origin) => Envelope::read(&without_id(&document), self.rules)?,
            read => read?,
        };
        if self.is_unknown_farewell(&envelope).await? {
            return Ok(());
        }
        self.check_host_of(&envelope.actor).await?;
        if self.ctx.urls.is_ours(&envelope.actor) {
            return Err(Refusal(401, "claims to come from us".to_owned()));
        }
        let asked = Asked { method, path_and_query: path, headers, body: &bytes };
        let signer = match self.signer(asked).await {
            Ok(signer) => signer,
            // The key is gone with its owner, and that is what the activity says.
            Err(Refused::Gone) if is_farewell(&envelope) => return self.bury_actor(&envelope.actor).await,
            Err(refused) => return Err(refused.into()),
        };
        let new = self.to_keep(&signer, &envelope, &document, &bytes).await?;
        self.keep(new, &signer).await?;
        self.compare_members(&signer.actor, headers).await.map_err(Refusal::from)
    }

    /// A farewell of somebody we never heard of: nothing to do, and above all nothing to fetch.
    async fn is_unknown_farewell(&self, envelope: &Envelope) -> Result<bool> {
        if !is_farewell(envelope) {
            return Ok(false);
        }
        Ok(actors::find_by_uri(&mut self.ctx.db.read().await?, &envelope.actor).await?.is_none())
    }

    async fn bury_actor(&self, uri: &str) -> Result<(), Refusal> {
        let Some(actor) = actors::find_by_uri(&mut self.ctx.db.read().await?, uri).await? else { return Ok(()) };
        Ok(self.actor_gone(&actor).await?)
    }

    /// The row of an activity. Signed by its actor, or proven by its actor (FEP-8b32), it counts as it is; else only the
    /// ids in it are kept, to be asked of their own servers.
    async fn to_keep(
        &self,
        signer: &PeerKey,
        envelope: &Envelope,
        document: &Value,
        bytes: &[u8],
    ) -> Result<NewActivity, Refusal> {
        let id = ActivityId(self.ctx.ids.next());
        let kind = envelope.kind_name();
        let now = self.ctx.now();
        let own = signer.actor.uri == envelope.actor;
        if own || self.is_proven(document, &envelope.actor).await {
            let body = std::str::from_utf8(bytes).map_err(|_| Refusal(400, "not UTF-8".to_owned()))?.to_owned();
            let uri = envelope.id.clone().unwrap_or_else(|| name_by_content(bytes));
            let actor_id = own.then_some(signer.actor.id);
            let actor_uri = envelope.actor.clone();
            return Ok(NewActivity {
                id,
                uri,
                kind,
                actor_id,
                actor_uri,
                audience_id: None,
                incoming: true,
                body,
                received_at: now,
            });
        }
        let named = envelope.id.iter().chain(&envelope.objects).cloned().collect::<Vec<_>>();
        let body = serde_json::json!({"type": REFETCH, "actor": envelope.actor, "object": named}).to_string();
        Ok(NewActivity {
            id,
            uri: name_by_content(bytes),
            kind: REFETCH.to_owned(),
            actor_id: Some(signer.actor.id),
            actor_uri: signer.actor.uri.clone(),
            audience_id: None,
            incoming: true,
            body,
            received_at: now,
        })
    }

    /// Whether a document carries a valid proof of an actor.
    pub(in crate::federation) async fn is_proven(&self, document: &Value, actor: &str) -> bool {
        let Some(claim) = proof::find(document) else { return false };
        if claim.verification_method.split('#').next() != Some(actor) {
            return false;
        }
        for refetch in [false, true] {
            let key = match self.peer_key(&claim.verification_method, refetch).await {
                Ok(key) if key.actor.uri == actor => key,
                Ok(_) => return false,
                Err(trouble) => {
                    tracing::debug!(?trouble, actor, "no key for a proof");
                    return false;
                }
            };
            match proof::verify(document, &key.key, self.ctx.now()) {
                Ok(()) => return true,
                Err(error) => tracing::debug!(%error, actor, "proof does not hold"),
            }
        }
        false
    }

    async fn keep(&self, activity: NewActivity, signer: &PeerKey) -> Result<(), Refusal> {
        let first_sign = !self.seen.contains_key(&signer.host.name);
        let seen = first_sign.then(|| (signer.host.id, signer.host.name.clone()));
        if self.arrivals.keep(Arrival { activity, seen }).await?.fresh {
            self.inbound.notify_one();
        }
        if first_sign {
            self.seen.insert(signer.host.name.clone(), ()).await;
            self.outbound.notify_one();
        }
        Ok(())
    }
}

/// A name for an activity that brings none of its own: the same bytes have the same name.
fn name_by_content(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let hex: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("urn:sha256:{hex}")
}

/// An actor that deletes itself.
fn is_farewell(envelope: &Envelope) -> bool {
    envelope.kind == Some(Kind::Delete) && envelope.object() == Some(envelope.actor.as_str())
}

fn without_id(document: &Value) -> Value {
    let mut copy = document.clone();
    if let Some(members) = copy.as_object_mut() {
        members.shift_remove("id");
    }
    copy
}

/// `application/activity+json`, or `application/ld+json` with or without profile, with any parameters.
pub(super) fn is_activity_type(headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    ["application/activity+json", "application/ld+json"].iter().any(|t| essence.eq_ignore_ascii_case(t))
}
