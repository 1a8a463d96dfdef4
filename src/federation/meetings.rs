//! "Is there someone to meet?" on the wire: an Offer of a Relationship to a partner's server, for whom it chooses; the Accept
//! comes from whom it chose, with a time. When there is nobody, nothing is sent.

use serde_json::{Value, json};

use super::convert::{Activity, Address};
use super::inbound::Item;
use super::people::{read_told, write_told};
use super::state::{Federation, server_name};
use super::wire::Doc;
use crate::base::*;
use crate::domain::actors::{Actor, ActorKind};
use crate::domain::knowledge::PeopleQuestion;
use crate::domain::meetings::{Meeting, MeetingState, Reason, Wish};
use crate::services::meetings::{self as service, Message};
use crate::store::{actors, meetings};

/// What kind of relationship is offered.
const MEETING: &str = "https://joinkring.org/ns#meeting";
/// As written inside our documents.
const SHORT: &str = "kring:meeting";
/// An offer that was on its way for so long is answered no more.
const LATE: i64 = 18 * Time::HOUR;
/// How far ahead a time is believed.
const SOON: i64 = 62 * Time::DAY;

impl Federation {
    /// Asks a partner, answers it, or calls it off (the job `meeting`).
    pub(super) async fn send_meeting(&self, payload: &str) -> Result<()> {
        if !self.is_on() {
            return Ok(());
        }
        match serde_json::from_str(payload).map_err(Error::internal)? {
            Message::Ask { meeting } => self.ask_for_meeting(meeting).await,
            Message::Yes { meeting } => self.answer_meeting(meeting).await,
            Message::Off { member, other, uri, ours } => self.call_meeting_off(member, other, &uri, ours).await,
        }
    }

    /// One as it is now; none when it was forgotten meanwhile.
    async fn meeting(&self, id: MeetingId, state: MeetingState) -> Result<Option<Meeting>> {
        match meetings::get(&mut self.ctx.db.read().await?, id).await {
            Err(Error::NotFound) => Ok(None),
            found => found.map(|found| Some(found).filter(|found| found.state == state)),
        }
    }

    async fn ask_for_meeting(&self, id: MeetingId) -> Result<()> {
        let Some(meeting) = self.meeting(id, MeetingState::Asked).await? else { return Ok(()) };
        let (Some(host), Some(uri)) = (meeting.host_id, meeting.uri) else { return Ok(()) };
        let host = crate::store::federation::get_host(&mut self.ctx.db.read().await?, host).await?;
        if !service::may_ask(&mut self.ctx.db.read().await?, meeting.member_id, host.id).await? {
            return Ok(());
        }
        let server = self.handle(&server_name(&host.name), &host.name).await?;
        let member = self.get_actor(meeting.member_id).await?;
        let wish = service::wish(&self.ctx, member.id).await?;
        let told: Vec<Value> = wish.told.iter().map(write_told).collect();
        let mut offer = self.meeting_offer(&uri, &member, &server.uri).with("kring:expertise", json!(told));
        if !wish.days.is_empty() {
            offer = offer.with("kring:days", json!(wish.days));
        }
        self.send_to(&member, &server, &offer).await
    }

    async fn answer_meeting(&self, id: MeetingId) -> Result<()> {
        let Some(meeting) = self.meeting(id, MeetingState::Proposed).await? else { return Ok(()) };
        let (Some(other), Some(uri)) = (meeting.other, meeting.uri) else { return Ok(()) };
        let (member, other) = (self.get_actor(meeting.member_id).await?, self.get_actor(other.id).await?);
        let server = self.server_actor().await?;
        let offer = self.meeting_offer(&uri, &other, &server.uri).bare();
        let to = Address { to: vec![other.uri.clone()], cc: Vec::new() };
        let mut accept = Activity::new(self.fresh_id(), "Accept", &member.uri, offer, to, self.ctx.now());
        if let Some(at) = meeting.begins_at {
            accept = accept.with("startTime", json!(at.to_rfc3339_seconds()));
        }
        if let Some((nl, en)) = meeting.reason.word {
            accept = accept.with("nameMap", json!({"nl": nl, "en": en}));
        }
        self.send_to(&member, &other, &accept).await
    }

    /// Who offered takes it back, who was chosen refuses.
    async fn call_meeting_off(&self, member: ActorId, other: ActorId, uri: &str, ours: bool) -> Result<()> {
        let (member, other) = (self.get_actor(member).await?, self.get_actor(other).await?);
        let to = Address { to: vec![other.uri.clone()], cc: Vec::new() };
        let (kind, offerer) = if ours { ("Undo", &member) } else { ("Reject", &other) };
        let offer = json!({"type": "Offer", "id": uri, "actor": offerer.uri});
        let activity = Activity::new(self.fresh_id(), kind, &member.uri, offer, to, self.ctx.now());
        self.send_to(&member, &other, &activity).await
    }

    fn meeting_offer(&self, uri: &str, from: &Actor, server: &str) -> Activity {
        let relationship =
            json!({"type": "Relationship", "subject": from.uri, "relationship": MEETING, "object": server});
        let address = Address { to: vec![server.to_owned()], cc: Vec::new() };
        Activity::new(uri.to_owned(), "Offer", &from.uri, relationship, address, self.ctx.now())
    }

    /// Someone at a partner wants to meet somebody here; whether that is what was offered.
    pub(super) async fn on_meeting_asked(&self, item: &Item<'_>) -> Result<bool> {
        let Some(offered) = item.doc.embedded("object").filter(|object| object.types().contains(&"Relationship"))
        else {
            return Ok(false);
        };
        if !offered.one_id("relationship").is_some_and(|kind| kind == MEETING || kind == SHORT) {
            return Ok(false);
        }
        let own = offered.one_id("subject") == Some(item.actor.uri.as_str()) && item.via.is_none();
        let to_us = offered.one_id("object") == Some(self.ctx.urls.server_actor().as_str());
        let uri = item.envelope.id.as_deref().filter(|_| own && to_us && item.actor.kind == ActorKind::Person);
        let uri = uri.ok_or(Error::NotFound)?;
        let now = self.ctx.now();
        let sent = item.doc.text("published").and_then(Time::parse_rfc3339).unwrap_or(now);
        if now.since(sent) > LATE {
            // Its server has given up on it.
            return Ok(true);
        }
        let days = item.doc.text("kring:days").unwrap_or_default();
        let days = days.chars().filter(|day| ('1'..='7').contains(day)).take(7).collect();
        let told = item.doc.items("kring:expertise").take(PeopleQuestion::MOST_TOLD).filter_map(read_told).collect();
        service::received_wish(&self.ctx, &item.actor, uri, Wish { days, told }).await.map(|()| true)
    }

    /// Someone was found for one of ours; whether that is what was accepted.
    pub(super) async fn on_meeting_accepted(&self, item: &Item<'_>) -> Result<bool> {
        let Some(uri) = item.envelope.object().filter(|_| item.via.is_none()) else { return Ok(false) };
        let offer = item.doc.embedded("object");
        let kind = offer.and_then(|offer| offer.embedded("object")).and_then(|kind| kind.one_id("relationship"));
        if !kind.is_some_and(|kind| kind == MEETING || kind == SHORT) {
            return Ok(false);
        }
        let asker = match offer.and_then(|offer| offer.one_id("actor")) {
            Some(asker) => actors::find_by_uri(&mut self.ctx.db.read().await?, asker).await?,
            None => None,
        };
        let now = self.ctx.now();
        let at = item.doc.text("startTime").and_then(Time::parse_rfc3339);
        let at = at.filter(|at| *at > now && *at < now.plus(SOON));
        let names = item.doc.text_map("name");
        let name = |tag: &str| names.iter().find(|(known, _)| *known == tag).map(|(_, name)| (*name).to_owned());
        let word = name("nl").zip(name("en")).filter(|(nl, en)| nl.chars().count() <= 60 && en.chars().count() <= 60);
        service::received_yes(&self.ctx, &item.actor, uri, asker.as_ref(), Reason { word }, at).await
    }

    /// The other side calls a meeting off; whether it was one.
    pub(super) async fn on_meeting_off(&self, item: &Item<'_>) -> Result<bool> {
        let offer = item.doc.embedded("object").filter(|object| object.kind() == Some(super::wire::Kind::Offer));
        match offer.and_then(Doc::id).filter(|_| item.via.is_none()) {
            Some(uri) => service::received_off(&self.ctx, &item.actor, uri).await,
            None => Ok(false),
        }
    }
}
