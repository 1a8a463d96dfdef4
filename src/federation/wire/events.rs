use serde_json::Value;

use super::doc::Doc;
use crate::base::Time;

/// No more options, places or addresses are read.
const MAX_OPTIONS: usize = 500;

/// One answer of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollOption<'a> {
    /// The answer, exactly as a vote must name it.
    pub name: &'a str,
    /// How many chose it, if told.
    pub votes: Option<u64>,
}

/// A `Question`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll<'a> {
    /// The answers.
    pub options: Vec<PollOption<'a>>,
    /// Whether one may choose several (`anyOf`).
    pub multiple: bool,
    /// Until when one may choose.
    pub ends: Option<Time>,
    /// Whether it has been closed: `closed` is a date or a truth value.
    pub closed: bool,
    /// How many took part, if told.
    pub voters: Option<u64>,
}

/// Where an event is.
#[derive(Clone, Debug, PartialEq)]
pub struct Place<'a> {
    /// The place's name.
    pub name: Option<&'a str>,
    /// The address in one line.
    pub address: Option<String>,
    /// Where to go online (`VirtualLocation`).
    pub url: Option<&'a str>,
    /// Degrees north and east.
    pub position: Option<(f64, f64)>,
}

impl<'a> Doc<'a> {
    /// The poll of a `Question`; nothing without answers.
    pub fn poll(self) -> Option<Poll<'a>> {
        let multiple = self.get("anyOf").is_some();
        let options = self.items(if multiple { "anyOf" } else { "oneOf" }).take(MAX_OPTIONS);
        let options: Vec<PollOption<'a>> = options
            .filter_map(|option| {
                let votes = option.embedded("replies").and_then(|replies| replies.u64("totalItems"));
                Some(PollOption { name: option.text("name")?, votes })
            })
            .collect();
        let closed_at = self.time("closed");
        Some(Poll {
            multiple,
            ends: self.time("endTime").or(closed_at),
            closed: closed_at.is_some() || self.bool("closed") == Some(true),
            voters: self.u64("votersCount"),
            options,
        })
        .filter(|poll| !poll.options.is_empty())
    }

    /// The places of an event, on the ground and online.
    pub fn places(self) -> Vec<Place<'a>> {
        let read = |place: Doc<'a>| match place.0 {
            Value::String(name) if !name.is_empty() => {
                Some(Place { name: Some(name), address: None, url: None, position: None })
            }
            Value::Object(_) => {
                let position = place.f64("latitude").zip(place.f64("longitude"));
                let position = position.filter(|(lat, lon)| lat.abs() <= 90.0 && lon.abs() <= 180.0);
                Some(Place { name: place.text("name"), address: place.address(), url: place.url(), position })
            }
            _ => None,
        };
        self.items("location").take(MAX_OPTIONS).filter_map(read).collect()
    }

    /// A text, or the parts of a schema.org `PostalAddress`.
    fn address(self) -> Option<String> {
        let address = match self.get("address")? {
            Value::String(line) => line.trim().to_owned(),
            parts => {
                let names = ["streetAddress", "postalCode", "addressLocality", "addressRegion", "addressCountry"];
                let parts = names.iter().filter_map(|name| Doc(parts).text(name)).map(str::trim);
                parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
            }
        };
        (!address.is_empty()).then_some(address)
    }
}
