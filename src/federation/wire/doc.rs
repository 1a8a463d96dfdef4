use serde_json::Value;

use super::ids::{is_public_id, web_url};
use super::kind::Kind;
use super::media::{MediaLink, links};
use crate::base::Time;

/// A document as read from JSON. Every reader here answers "nothing" for what is absent or malformed, and never panics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Doc<'a>(pub &'a Value);

impl<'a> Doc<'a> {
    /// A member that is there and not null.
    pub fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The id: of an object its `id`, of a string the string, of a link where it leads. Nothing if empty.
    pub fn id(self) -> Option<&'a str> {
        let id = match self.0 {
            Value::String(id) => id,
            Value::Object(_) => {
                let of = |name| self.get(name).and_then(Value::as_str);
                of("id").or_else(|| of("@id")).or_else(|| of("href"))?
            }
            _ => return None,
        };
        (!id.is_empty()).then_some(id)
    }

    /// All `type`s as written.
    pub fn types(self) -> Vec<&'a str> {
        let mut types = self.strings("type");
        types.extend(self.strings("@type"));
        types
    }

    /// The first type that we know.
    pub fn kind(self) -> Option<Kind> {
        self.types().into_iter().find_map(Kind::of_type)
    }

    /// A member as a list: nothing, one or several, nulls left out.
    pub fn items(self, name: &str) -> impl Iterator<Item = Doc<'a>> + use<'a> {
        let values = match self.get(name) {
            Some(Value::Array(values)) => values.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        values.iter().filter(|value| !value.is_null()).map(Doc)
    }

    /// All ids of a member that holds ids or objects.
    pub fn ids(self, name: &str) -> Vec<&'a str> {
        self.items(name).filter_map(Doc::id).collect()
    }

    /// The first id of a member.
    pub fn one_id(self, name: &str) -> Option<&'a str> {
        self.items(name).find_map(Doc::id)
    }

    /// The first object that stands inside a member, as opposed to its id.
    pub fn embedded(self, name: &str) -> Option<Doc<'a>> {
        self.items(name).find(|item| item.0.is_object())
    }

    /// All strings of a member.
    pub fn strings(self, name: &str) -> Vec<&'a str> {
        self.items(name).filter_map(|item| item.0.as_str()).collect()
    }

    /// A natural-language text: the member itself, or the first of its language map (`contentMap`). Nothing if empty.
    pub fn text(self, name: &str) -> Option<&'a str> {
        let plain = self.items(name).find_map(|item| match item.0 {
            Value::String(text) => Some(text.as_str()),
            Value::Object(_) => item.get("@value").and_then(Value::as_str).or_else(|| Some(item.languages().next()?.1)),
            _ => None,
        });
        let text = plain.or_else(|| self.text_map(name).into_iter().next().map(|(_, text)| text));
        text.filter(|text| !text.is_empty())
    }

    /// The language map of a text (`contentMap` for `content`): language tags and texts.
    pub fn text_map(self, name: &str) -> Vec<(&'a str, &'a str)> {
        self.get(&format!("{name}Map")).map(|map| Doc(map).languages().collect()).unwrap_or_default()
    }

    fn languages(self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let members = self.0.as_object().into_iter().flatten();
        members.filter_map(|(tag, text)| Some((tag.as_str(), text.as_str()?))).filter(|(tag, _)| !tag.starts_with('@'))
    }

    /// A text for readers of a language (`nl`): from its language map where that has several and this among them, else as
    /// [`Doc::text`] has it. Also returns the language it is in, where that is told: the key in the map that holds it, or the
    /// only key; else Lemmy's `language`.
    pub fn text_in(self, name: &str, language: &str) -> (Option<&'a str>, Option<&'a str>) {
        let map = self.text_map(name);
        let fits = |tag: &str| tag.split('-').next().is_some_and(|tag| tag.eq_ignore_ascii_case(language));
        let theirs = map.iter().find(|(tag, text)| map.len() > 1 && fits(tag) && !text.is_empty());
        let text = theirs.map(|(_, text)| *text).or_else(|| self.text(name));
        let holds = theirs.or_else(|| map.iter().find(|(_, value)| Some(*value) == text));
        let only = || map.first().filter(|_| map.len() == 1);
        let lemmys = || self.embedded("language")?.get("identifier")?.as_str();
        let tag = holds.or_else(only).map(|(tag, _)| *tag).or_else(lemmys);
        (text, tag.filter(|tag| !tag.is_empty() && *tag != "und"))
    }

    /// The language of a text, as [`Doc::text`] has it.
    pub fn language(self, name: &str) -> Option<&'a str> {
        self.text_in(name, "").1
    }

    /// The page for people: of several links the first HTML one, else the first.
    pub fn url(self) -> Option<&'a str> {
        let links = links(self.items("url"));
        let html = links.iter().find(|link| link.mime.is_some_and(|mime| mime.starts_with("text/html")));
        html.or(links.first()).map(|link| link.href)
    }

    /// Every link of `url`, for instance the files of a film.
    pub fn url_links(self) -> Vec<MediaLink<'a>> {
        links(self.items("url"))
    }

    /// A member that holds one address for people or of a file.
    pub fn web_url(self, name: &str) -> Option<&'a str> {
        self.items(name).filter_map(Doc::id).find_map(web_url)
    }

    /// A time: RFC 3339, or without a zone (Friendica's days), which is read as UTC. Years 0 to 9999.
    pub fn time(self, name: &str) -> Option<Time> {
        let text = self.items(name).find_map(|item| item.0.as_str())?.trim();
        let without_zone = || {
            let civil: jiff::civil::DateTime = text.parse().ok()?;
            let utc = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Some(Time::from_micros(utc.timestamp().as_microsecond()))
        };
        Time::parse_rfc3339(text).or_else(without_zone).filter(|time| time.seconds() >= YEAR_ZERO_SECONDS)
    }

    /// As [`Doc::time`], but nothing later than `latest`: peers' clocks run ahead, and some lie.
    pub fn time_until(self, name: &str, latest: Time) -> Option<Time> {
        self.time(name).map(|time| time.min(latest))
    }

    /// A truth value: also the words and the digits.
    pub fn bool(self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(value) => Some(*value),
            Value::String(text) if text.eq_ignore_ascii_case("true") || text == "1" => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") || text == "0" => Some(false),
            Value::Number(number) => Some(number.as_f64()? != 0.0),
            _ => None,
        }
    }

    /// A count: also written as a string or with a fraction of zero. Never more than `i64::MAX`.
    pub fn u64(self, name: &str) -> Option<u64> {
        let number = match self.get(name)? {
            Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|n| *n <= i64::MAX.unsigned_abs())
    }

    /// A number that is finite: also written as a string.
    pub fn f64(self, name: &str) -> Option<f64> {
        let number = match self.get(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|n| n.is_finite())
    }

    /// Whether a member (`to`, `cc`) names everyone.
    pub fn is_public(self, name: &str) -> bool {
        self.items(name).filter_map(Doc::id).any(is_public_id)
    }

    /// The post that this one quotes, from any of the members in use (INTEROP B.3.8).
    pub fn quoted_id(self) -> Option<&'a str> {
        let member = ["quote", "_misskey_quote", "quoteUrl", "quoteUri"].into_iter().find_map(|name| self.one_id(name));
        // FEP-e232: a link to an ActivityPub document.
        let document = |tag: &Doc<'a>| {
            let mime = tag.get("mediaType").and_then(Value::as_str).unwrap_or_default();
            tag.types().contains(&"Link")
                && (mime.starts_with("application/ld+json") || mime.starts_with("application/activity+json"))
        };
        member.or_else(|| self.items("tag").find(document).and_then(Doc::id))
    }

    /// The inbox shared by the actor's server: in `endpoints`, or on the actor itself (Discourse).
    pub fn shared_inbox(self) -> Option<&'a str> {
        let endpoints = self.embedded("endpoints").and_then(|e| e.one_id("sharedInbox"));
        endpoints.or_else(|| self.one_id("sharedInbox"))
    }
}

/// 0000-01-01T00:00:00Z.
const YEAR_ZERO_SECONDS: i64 = -62_167_219_200;

/// A number without a fraction that fits.
fn whole(number: f64) -> Option<u64> {
    // 2^53: above it a double no longer tells whole numbers apart.
    (number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number)).then_some(number as u64)
}
