//! "Who knows about this?" on the wire: the question that one server's actor signs, and the people that are answered.
//! Nothing of an answer is stored; what does not fit is left out.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::watch;
use url::Url;

use super::convert::with_context;
use super::fetch::signed_headers;
use super::sign::Form;
use super::state::{Federation, server_name};
use super::wire::{self, Doc, same_origin};
use crate::base::*;
use crate::domain::actors::ActorKind;
use crate::domain::knowledge::{PeerPerson, PeerTold, PeopleQuestion, Relation};
use crate::domain::peers::{Host, PeerScope};
use crate::net::{Expect, Post, Response};
use crate::store::lookups;
use crate::urls::host_of;

/// How long after the start partners are looked up.
const AFTER_START: Duration = Duration::from_secs(5);
/// The type of a question.
const QUESTION: &str = "kring:PeopleQuestion";
/// Most bytes of an answer.
const MOST_BYTES: u64 = 128 * 1024;
/// The longest name, word and note that are taken over, in characters.
const LONGEST: (usize, usize, usize) = (100, 60, 200);

/// A question as it travels.
fn write_question(actor: &str, question: &PeopleQuestion) -> Value {
    let relations: Vec<&str> = question.relations.iter().map(|relation| relation.as_str()).collect();
    with_context(json!({
        "type": QUESTION, "actor": actor, "kring:words": question.words, "kring:relation": relations
    }))
}

/// A question as it came, and whose it says it is.
pub(super) fn read_question(doc: Doc<'_>) -> Option<(&str, PeopleQuestion)> {
    if !doc.types().contains(&QUESTION) {
        return None;
    }
    let words = clean(doc.text("kring:words")?, PeopleQuestion::LONGEST);
    let named = doc.strings("kring:relation");
    let relations = Relation::ALL.iter().copied().filter(|relation| named.contains(&relation.as_str())).collect();
    let question = PeopleQuestion { words, relations };
    (question.words.chars().count() > 1).then_some((doc.one_id("actor")?, question))
}

/// People as they travel.
pub(super) fn write_people(people: &[PeerPerson]) -> Value {
    let person = |person: &PeerPerson| {
        let told: Vec<Value> = person.told.iter().map(write_told).collect();
        let mut shown = json!({
            "type": "Person", "id": person.uri, "preferredUsername": person.name, "name": person.display_name,
            "kring:expertise": told
        });
        for (name, value) in
            [("kring:languages", &person.languages), ("kring:branch", &person.branch), ("kring:days", &person.days)]
        {
            if !value.is_empty() {
                shown[name] = json!(value);
            }
        }
        shown
    };
    let items: Vec<Value> = people.iter().map(person).collect();
    with_context(json!({"type": "Collection", "totalItems": items.len(), "items": items}))
}

/// Something that someone tells, as it travels.
pub(super) fn write_told(told: &PeerTold) -> Value {
    json!({
        "kring:relation": told.relation, "name": told.label_nl,
        "nameMap": {"nl": told.label_nl, "en": told.label_en}, "summary": told.note
    })
}

/// People as they came from the server whose actor is `from`: only its own, and no more than we ask for.
fn read_people(doc: Doc<'_>, from: &str) -> Vec<PeerPerson> {
    let mut people: Vec<PeerPerson> = Vec::new();
    for item in doc.items("items").take(PeopleQuestion::MOST) {
        if let Some(person) = read_person(item, from).filter(|new| people.iter().all(|known| known.uri != new.uri)) {
            people.push(person);
        }
    }
    people
}

fn read_person(doc: Doc<'_>, from: &str) -> Option<PeerPerson> {
    let uri = doc.id().filter(|uri| uri.len() <= 500 && same_origin(uri, from))?;
    let name = doc.text("preferredUsername").filter(|name| is_name(name))?.to_lowercase();
    let told: Vec<PeerTold> =
        doc.items("kring:expertise").take(PeopleQuestion::MOST_TOLD).filter_map(read_told).collect();
    if doc.kind() != Some(wire::Kind::Person) || told.is_empty() {
        return None;
    }
    let text = |field: &str, most: usize| clean(doc.text(field).unwrap_or_default(), most);
    let display_name = match text("name", LONGEST.0) {
        empty if empty.is_empty() => name.clone(),
        shown => shown,
    };
    let days = text("kring:days", 20).chars().filter(|day| ('1'..='7').contains(day)).take(7).collect();
    Some(PeerPerson {
        uri: uri.to_owned(),
        name,
        display_name,
        languages: text("kring:languages", LONGEST.2),
        branch: text("kring:branch", LONGEST.0),
        days,
        told,
    })
}

/// Something that someone tells, as it came.
pub(super) fn read_told(doc: Doc<'_>) -> Option<PeerTold> {
    let relation = Relation::parse(doc.text("kring:relation")?)?;
    let name = clean(doc.text("name")?, LONGEST.1);
    let labels = doc.text_map("name");
    let label = |language: &str| {
        let named = labels.iter().find(|(tag, _)| *tag == language).map(|(_, label)| clean(label, LONGEST.1));
        named.filter(|label| !label.is_empty()).unwrap_or_else(|| name.clone())
    };
    let note = clean(doc.text("summary").unwrap_or_default(), LONGEST.2);
    (!name.is_empty()).then(|| PeerTold { relation, label_nl: label("nl"), label_en: label("en"), note })
}

/// A name that an address of ours can carry.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// One line of plain text: templates escape it, so that markup shows as what it is.
fn clean(text: &str, most: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(most).collect()
}

impl Federation {
    /// Looks up, a while after the start, where partners are asked for people: the first question need not wait for it.
    pub(super) async fn know_people_doors(&self, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            () = tokio::time::sleep(AFTER_START) => {}
            _ = stop.changed() => return,
        }
        let look = async {
            let partners = lookups::partners(&mut self.ctx.db.read().await?).await?;
            for (host, _) in partners {
                if host.shares(PeerScope::People)
                    && let Err(error) = self.people_door(&host).await
                {
                    tracing::debug!(host = %host.name, %error, "a partner cannot be asked for people now");
                }
            }
            Ok::<(), Error>(())
        };
        tokio::select! {
            done = look => if let Err(error) = done {
                tracing::debug!(%error, "partners could not be looked up");
            },
            _ = stop.changed() => {}
        }
    }

    /// Asks another server who knows about something.
    pub(super) async fn people_at(&self, host: &Host, question: &PeopleQuestion) -> Result<Vec<PeerPerson>> {
        self.check_host(host)?;
        if !host.shares(PeerScope::People) {
            return Err(Error::forbidden("error-host-blocked"));
        }
        let door = self.people_door(host).await?;
        let us = self.server_actor().await?;
        let body = Bytes::from(write_question(&us.uri, question).to_string());
        let response = self.signed_question(&door, body).await?;
        if matches!(response.status, 404 | 405 | 410) {
            self.people_doors.invalidate(&host.id).await;
        }
        let answer = response.clone().success()?;
        let document = wire::read(&answer.body).map_err(|e| Error::NotAuthentic(format!("{door}: {e}")))?;
        let kind = Doc(&document).kind();
        if !kind.is_some_and(wire::Kind::is_collection) {
            return Err(Error::NotAuthentic(format!("{door} answered no collection")));
        }
        Ok(read_people(Doc(&document), door.as_str()))
    }

    /// Where a server is asked for people: its actor says so, at its own origin.
    async fn people_door(&self, host: &Host) -> Result<Url> {
        if let Some(known) = self.people_doors.get(&host.id).await {
            return Ok(known);
        }
        let actor = self.handle(&server_name(&host.name), &host.name).await?;
        if actor.kind != ActorKind::Application || actor.host_id != host.id {
            return Err(Error::NotFound);
        }
        let document = self.document(&actor.uri, None).await?;
        let named = Doc(&document).embedded("endpoints").and_then(|endpoints| endpoints.one_id("kring:people"));
        let door = named.filter(|door| same_origin(door, &actor.uri)).and_then(|door| self.rules.fetchable(door));
        let door = door.ok_or(Error::NotFound)?;
        self.people_doors.insert(host.id, door.clone()).await;
        Ok(door)
    }

    /// Signed by the server's actor, in the form its host was seen to take; in the other once when that is refused.
    async fn signed_question(&self, door: &Url, body: Bytes) -> Result<Response> {
        let host = host_of(door.as_str()).unwrap_or_default();
        let first = self.form_of(&host).await?;
        let response = self.question_in_form(door, body.clone(), first).await?;
        if response.status != 401 {
            return Ok(response);
        }
        let second = match first {
            Form::Cavage => Form::Rfc9421,
            Form::Rfc9421 => Form::Cavage,
        };
        let again = self.question_in_form(door, body, second).await?;
        if again.is_success() {
            self.remember_form(&host, second).await?;
        }
        Ok(again)
    }

    async fn question_in_form(&self, door: &Url, body: Bytes, form: Form) -> Result<Response> {
        let keys = self.keys.of(&self.server_actor().await?).await?;
        let (url, signed, now) = (door.clone(), body.clone(), self.ctx.now());
        let sign = move || signed_headers(&keys, form, "POST", &url, Some(&signed), now);
        let signed = self.signing(sign).await?;
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/activity+json");
        headers.insert(CONTENT_TYPE, json.clone());
        headers.insert(ACCEPT, json);
        headers.extend(signed);
        self.client.ask(Post { url: door, headers, body }, Expect::Activity, MOST_BYTES).await
    }
}
