use serde_json::{Map, Value, json};

use super::context::with_context;
use super::posts::Address;
use crate::base::Time;

/// An activity of ours, to be written down once and sent as it is.
#[derive(Clone, Debug)]
pub struct Activity {
    /// Its id.
    pub id: String,
    /// Its type.
    pub kind: &'static str,
    /// Who acts.
    pub actor: String,
    /// With what: an id or a whole document.
    pub object: Value,
    /// To whom.
    pub address: Address,
    /// The group it happens in.
    pub audience: Option<String>,
    /// When.
    pub published: Time,
    /// More members: `target`, `summary`, `content`, `endTime`.
    pub more: Vec<(&'static str, Value)>,
}

impl Activity {
    /// An activity without more members.
    pub fn new(id: String, kind: &'static str, actor: &str, object: Value, address: Address, published: Time) -> Self {
        Self { id, kind, actor: actor.to_owned(), object, address, audience: None, published, more: Vec::new() }
    }

    /// In a group.
    #[must_use]
    pub fn within(mut self, group: Option<&str>) -> Self {
        self.audience = group.map(str::to_owned);
        self
    }

    /// With one more member.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.more.push((name, value));
        self
    }

    /// The JSON, without `@context`: to stand inside another activity of ours.
    pub fn bare(&self) -> Value {
        let mut doc = Map::new();
        doc.insert("id".to_owned(), json!(self.id));
        doc.insert("type".to_owned(), json!(self.kind));
        doc.insert("actor".to_owned(), json!(self.actor));
        doc.insert("published".to_owned(), json!(self.published.to_rfc3339_seconds()));
        doc.insert("to".to_owned(), json!(self.address.to));
        doc.insert("cc".to_owned(), json!(self.address.cc));
        if let Some(group) = &self.audience {
            doc.insert("audience".to_owned(), json!(group));
        }
        doc.insert("object".to_owned(), self.object.clone());
        for (name, value) in &self.more {
            doc.insert((*name).to_owned(), value.clone());
        }
        Value::Object(doc)
    }

    /// The JSON, with `@context`: to be sent or served.
    pub fn document(&self) -> Value {
        with_context(self.bare())
    }
}

/// What is left of a deleted post or actor (INTEROP B.3.9), without `@context`.
pub fn tombstone(id: &str, former: &str, deleted: Option<Time>) -> Value {
    let mut doc = json!({"id": id, "type": "Tombstone", "formerType": former});
    if let Some(at) = deleted {
        doc["deleted"] = json!(at.to_rfc3339_seconds());
    }
    doc
}
