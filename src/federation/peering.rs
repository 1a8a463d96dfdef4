//! Agreements between servers on the wire: a Follow between the servers' actors that carries what is offered, and the
//! Accept, Reject or Undo of it. Other software sees a follow, and can answer it.

use serde_json::{Value, json};

use super::convert::{Activity, Address};
use super::inbound::Item;
use super::state::{Federation, server_name};
use super::wire::Doc;
use crate::base::*;
use crate::domain::actors::{Actor, ActorKind};
use crate::domain::peers::{PeerScope, Peering, Terms};
use crate::services::peers::{self as service, Message, Said};
use crate::store::{federation as rows, peers};

/// The member that carries the terms.
const TERMS: &str = "kring:peering";
/// The longest text that is taken over, in characters.
const LONGEST: usize = 500;

/// Terms as they travel.
fn write(scope: &[PeerScope], purpose: &str, contact: &str, retention: &str) -> Value {
    let scope: Vec<&str> = scope.iter().map(|s| s.as_str()).collect();
    json!({
        "kring:scope": scope, "kring:purpose": purpose, "kring:contact": contact, "kring:retention": retention
    })
}

/// Terms as they came, if there are any; words that we do not know are left out.
fn read(doc: Doc<'_>) -> Option<Terms> {
    let terms = doc.embedded(TERMS)?;
    let text = |name: &str| terms.text(name).unwrap_or_default().chars().take(LONGEST).collect::<String>();
    let named = terms.strings("kring:scope");
    Some(Terms {
        scope: PeerScope::ALL.iter().copied().filter(|scope| named.contains(&scope.as_str())).collect(),
        purpose: text("kring:purpose"),
        contact: text("kring:contact"),
        retention: text("kring:retention"),
    })
}

impl Federation {
    /// Tells another server what was decided about an agreement (the job `peering`).
    pub(super) async fn send_peering(&self, payload: &str) -> Result<()> {
        if !self.is_on() {
            return Ok(());
        }
        let message: Message = serde_json::from_str(payload).map_err(Error::internal)?;
        let mut conn = self.ctx.db.read().await?;
        let host = rows::get_host(&mut conn, message.host).await?;
        let found = peers::find(&mut conn, message.host).await?;
        drop(conn);
        // What was replaced meanwhile needs no words any more.
        let Some(peering) = found.filter(|p| p.follow_uri == message.follow) else { return Ok(()) };
        let them = match self.handle(&server_name(&host.name), &host.name).await {
            Ok(them) if them.kind == ActorKind::Application => them,
            Ok(_) => return Ok(()),
            // It may only be away: the job is tried again.
            Err(Error::NotFound) => return Err(Error::Unavailable(format!("{} has no server actor", host.name))),
            Err(error) => return Err(error),
        };
        let activity = self.peering_activity(&peering, &them, message.what).await?;
        self.send_to(&self.server_actor().await?, &them, &activity).await
    }

    async fn peering_activity(&self, peering: &Peering, them: &Actor, what: Said) -> Result<Activity> {
        let us = self.server_actor().await?;
        let (uri, now) = (&peering.follow_uri, self.ctx.now());
        let address = Address { to: vec![them.uri.clone()], cc: Vec::new() };
        let scope = peering.scopes();
        let offer = || write(&scope, &peering.purpose, &peering.contact, &peering.retention);
        let theirs = || self.follow(uri, them, &us).bare();
        let new = |kind, object| Activity::new(self.fresh_id(), kind, &us.uri, object, address.clone(), now);
        Ok(match what {
            Said::Offer => self.follow(uri, &us, them).with(TERMS, offer()),
            Said::Accept => new("Accept", theirs())
                .with(TERMS, write(&scope, "", &peering.answer_contact, &peering.answer_retention)),
            Said::Reject => new("Reject", theirs()).with("summary", json!(peering.reason)),
            Said::Undo => new("Undo", self.follow(uri, &us, them).bare()).with("summary", json!(peering.reason)),
        })
    }

    /// The server actor of another server offers an agreement to ours. A follow without terms means nothing to us.
    pub(super) async fn on_peering_offer(&self, item: &Item<'_>) -> Result<()> {
        let ours = self.server_actor().await?;
        let to_us = item.envelope.object() == Some(ours.uri.as_str());
        let from_server = item.actor.kind == ActorKind::Application && item.via.is_none();
        let (Some(terms), Some(uri)) = (read(item.doc), item.envelope.id.clone()) else { return Err(Error::NotFound) };
        if !to_us || !from_server || terms.scope.is_empty() {
            return Err(Error::NotFound);
        }
        service::received_offer(&self.ctx, item.actor.host_id, &uri, terms).await
    }

    /// The agreement that an activity of another server's actor is about, if it is about one.
    async fn peering_of(&self, item: &Item<'_>) -> Result<Option<Peering>> {
        if item.actor.kind != ActorKind::Application || item.via.is_some() {
            return Ok(None);
        }
        let Some(follow) = item.envelope.object() else { return Ok(None) };
        let found = peers::find(&mut self.ctx.db.read().await?, item.actor.host_id).await?;
        Ok(found.filter(|peering| peering.follow_uri == follow))
    }

    /// An answer to our offer; whether it was one. A refusal after an agreement ends it.
    pub(super) async fn on_peering_answer(&self, item: &Item<'_>, accepted: bool) -> Result<bool> {
        let Some(peering) = self.peering_of(item).await?.filter(|p| p.ours) else { return Ok(false) };
        if accepted {
            let terms = read(item.doc).unwrap_or_default();
            service::received_accept(&self.ctx, peering.host_id, &peering.follow_uri, terms).await?;
        } else {
            self.peering_ended(item, &peering).await?;
        }
        Ok(true)
    }

    /// Another server takes its offer back, or ends what it once offered; whether it was that.
    pub(super) async fn on_peering_end(&self, item: &Item<'_>) -> Result<bool> {
        let Some(peering) = self.peering_of(item).await?.filter(|p| !p.ours) else { return Ok(false) };
        self.peering_ended(item, &peering).await?;
        Ok(true)
    }

    async fn peering_ended(&self, item: &Item<'_>, peering: &Peering) -> Result<()> {
        let reason: String = item.doc.text("summary").unwrap_or_default().chars().take(LONGEST).collect();
        service::received_end(&self.ctx, peering.host_id, &peering.follow_uri, &reason).await
    }
}
