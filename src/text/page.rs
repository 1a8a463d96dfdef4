//! What a page on the web says of itself, for the card of a link; and which link of a text the card is for.

use super::tokens::{Token, tokens};

/// Longest title kept, in characters.
const TITLE: usize = 200;
/// Longest description kept, in characters.
const DESCRIPTION: usize = 300;

/// What a page says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageAbout {
    /// Its title.
    pub title: String,
    /// One or two sentences.
    pub description: String,
    /// Address of its picture as written: it may be relative.
    pub picture: Option<String>,
}

/// Reads the head of a page: Open Graph first, then what HTML itself knows. Everything returned is plain text.
pub fn about_page(html: &str) -> PageAbout {
    let mut best = Best::default();
    for tag in head_of(html) {
        if tag.is("meta") {
            let name = tag.value("property").or_else(|| tag.value("name")).unwrap_or_default().to_ascii_lowercase();
            if let Some(content) = tag.value("content") {
                best.hear(&name, content);
            }
        } else if tag.is("title") && best.heading.is_empty() {
            best.heading = decode(tag.rest.strip_prefix('>').unwrap_or_default().split('<').next().unwrap_or_default());
        }
    }
    PageAbout {
        title: shorten(&first(&[&best.og_title, &best.heading]), TITLE),
        description: shorten(&first(&[&best.og_description, &best.description]), DESCRIPTION),
        picture: Some(first(&[&best.og_image, &best.image])).filter(|address| !address.is_empty()),
    }
}

/// The first link of a clean text that leads to another page: not a mention, not a hashtag.
pub fn first_link(html: &str) -> Option<String> {
    tokens(html).into_iter().find_map(|token| match token {
        Token::Open { name, attributes } if name == "a" => {
            let value = |wanted: &str| attributes.iter().find(|(known, _)| known == wanted).map(|(_, value)| *value);
            let special = value("class").is_some_and(|class| class.contains("mention") || class.contains("hashtag"));
            let special = special || value("rel").is_some_and(|rel| rel.split(' ').any(|word| word == "tag"));
            value("href").filter(|href| !special && href.starts_with("http")).map(decode)
        }
        _ => None,
    })
}

/// What was heard of a page so far.
#[derive(Default)]
struct Best {
    og_title: String,
    heading: String,
    og_description: String,
    description: String,
    og_image: String,
    image: String,
}

impl Best {
    fn hear(&mut self, name: &str, content: &str) {
        let slot = match name {
            "og:title" => &mut self.og_title,
            "og:description" => &mut self.og_description,
            "description" => &mut self.description,
            "og:image" | "og:image:url" | "og:image:secure_url" => &mut self.og_image,
            "twitter:image" | "twitter:image:src" => &mut self.image,
            _ => return,
        };
        if slot.is_empty() {
            *slot = decode(content);
        }
    }
}

fn first(of: &[&String]) -> String {
    of.iter().find(|text| !text.trim().is_empty()).map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn shorten(text: &str, chars: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= chars {
        return text;
    }
    let kept: String = text.chars().take(chars - 1).collect();
    format!("{}…", kept.rsplit_once(' ').map_or(kept.as_str(), |(kept, _)| kept))
}

/// A tag in the head of a page.
pub(super) struct HeadTag<'a> {
    name: &'a str,
    /// Names in small letters, values decoded.
    attributes: Vec<(String, String)>,
    /// The page from the end of its attributes on.
    rest: &'a str,
}

impl HeadTag<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The tags up to `<body`. Each byte is read once, however many tags are left open.
pub(super) fn head_of(html: &str) -> impl Iterator<Item = HeadTag<'_>> {
    let mut rest = html;
    std::iter::from_fn(move || {
        let (_, tag) = rest.split_once('<')?;
        let (name, after) = tag.split_at(tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len()));
        if name.eq_ignore_ascii_case("body") {
            return None;
        }
        let (attributes, after) = if name.is_empty() { (Vec::new(), after) } else { attributes(after) };
        rest = after;
        Some(HeadTag { name, attributes, rest })
    })
}

/// The attributes of a tag behind its name, and what follows them.
fn attributes(tag: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/' | '<')).unwrap_or(rest.len());
        if end == 0 || found.len() > 20 {
            return (found, rest);
        }
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let Some(after) = rest.strip_prefix('=') else {
            found.push((name, String::new()));
            continue;
        };
        let after = after.trim_start();
        let (value, next) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            _ => after.split_at(after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len())),
        };
        found.push((name, decode(value)));
        rest = next;
    }
}

/// Decodes the entities that pages use in titles.
fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let end = after.find(';').filter(|end| *end <= 8);
        match end.and_then(|end| entity(&after[..end])) {
            Some(c) => {
                out.push(c);
                rest = &after[end.unwrap_or(0) + 1..];
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32).filter(|c| !c.is_control());
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "eacute" => 'é',
        "egrave" => 'è',
        "euml" => 'ë',
        "iuml" => 'ï',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        _ => return None,
    })
}
