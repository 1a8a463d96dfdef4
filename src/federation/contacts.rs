//! "May I write to you?" on the wire: an Offer of a Relationship (ActivityStreams vocabulary, 5.2), and the Accept of it.
//! A no is not sent.

use serde_json::{Value, json};

use super::convert::{Activity, Address};
use super::inbound::Item;
use super::state::Federation;
use crate::base::*;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::services::contacts::{self as service, Message};
use crate::store::{actors, contacts};

/// What kind of relationship is offered.
const CONTACT: &str = "https://joinkring.org/ns#contact";
/// As written inside our documents.
const SHORT: &str = "kring:contact";

impl Federation {
    /// Asks someone elsewhere, or says yes to them (the job `contact`).
    pub(super) async fn send_contact(&self, payload: &str) -> Result<()> {
        if !self.is_on() {
            return Ok(());
        }
        let message: Message = serde_json::from_str(payload).map_err(Error::internal)?;
        let mut conn = self.ctx.db.read().await?;
        // What was replaced or forgotten meanwhile needs no words any more.
        let contact = match contacts::get(&mut conn, message.contact).await {
            Err(Error::NotFound) => return Ok(()),
            found => found?,
        };
        let member = actors::get(&mut conn, contact.member_id).await?;
        let other = actors::get(&mut conn, contact.other.id).await?;
        drop(conn);
        let to = Address { to: vec![other.uri.clone()], cc: Vec::new() };
        let activity = match message.answers {
            None => self
                .contact_offer(&contact.uri, &member, &other)
                .with("content", json!(contact.reason))
                .with("mediaType", json!("text/plain")),
            Some(uri) => {
                let offer = self.contact_offer(&uri, &other, &member).bare();
                Activity::new(self.fresh_id(), "Accept", &member.uri, offer, to, self.ctx.now())
            }
        };
        self.send_to(&member, &other, &activity).await
    }

    fn contact_offer(&self, uri: &str, from: &Actor, to: &Actor) -> Activity {
        let relationship = json!({
            "type": "Relationship", "subject": from.uri, "relationship": CONTACT, "object": to.uri
        });
        let address = Address { to: vec![to.uri.clone()], cc: Vec::new() };
        Activity::new(uri.to_owned(), "Offer", &from.uri, relationship, address, self.ctx.now())
    }

    /// Someone elsewhere asks to be in contact with one of us. Other things that are offered are left alone.
    pub(super) async fn on_contact_asked(&self, item: &Item<'_>) -> Result<()> {
        let Some(offered) = item.doc.embedded("object").filter(|object| object.types().contains(&"Relationship"))
        else {
            return Ok(());
        };
        let of_contact = offered.one_id("relationship").is_some_and(|kind| kind == CONTACT || kind == SHORT);
        let own = offered.one_id("subject") == Some(item.actor.uri.as_str());
        let Some(uri) = item.envelope.id.as_deref().filter(|_| of_contact && own && item.via.is_none()) else {
            return Err(Error::NotFound);
        };
        let asked = self.ours(offered.one_id("object").unwrap_or_default()).await?;
        let asked = asked.filter(|actor| actor.kind == ActorKind::Person && actor.state == ActorState::Active);
        let asked = asked.filter(|_| item.actor.kind == ActorKind::Person).ok_or(Error::NotFound)?;
        let reason = item.doc.get("content").and_then(Value::as_str).unwrap_or_default();
        service::received_ask(&self.ctx, &item.actor, &asked, uri, reason).await
    }

    /// An answer to such an offer of one of us; whether it was one.
    pub(super) async fn on_contact_accepted(&self, item: &Item<'_>) -> Result<bool> {
        match item.envelope.object().filter(|_| item.via.is_none()) {
            Some(uri) => service::received_yes(&self.ctx, &item.actor, uri).await,
            None => Ok(false),
        }
    }
}
