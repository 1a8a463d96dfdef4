//! Little pictures (custom emoji) of other servers in clean HTML: each an `img` of one form, made here and nowhere else.

use crate::base::{EmojiId, SafeHtml};

const START: &str = "<img class=\"emoji\" src=\"/emoji/";

/// Whether this is the short name of an emoji, without colons.
pub fn is_emoji_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// Puts pictures where their short names stand between colons: in text, not in tags, code or links' addresses.
pub fn with_emoji(html: &SafeHtml, known: &[(String, EmojiId)]) -> SafeHtml {
    let mut out = String::with_capacity(html.as_str().len());
    let (mut rest, mut code) = (html.as_str(), 0usize);
    while !rest.is_empty() {
        let (text, markup) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        if code == 0 {
            put(&mut out, text, known)
        } else {
            out.push_str(text)
        }
        let (tag, after) = markup.split_at(markup.find('>').map_or(markup.len(), |end| end + 1));
        if tag.starts_with("<code") || tag.starts_with("<pre") {
            code += 1;
        } else if tag.starts_with("</code") || tag.starts_with("</pre") {
            code = code.saturating_sub(1);
        }
        out.push_str(tag);
        rest = after;
    }
    SafeHtml::trusted(out)
}

fn put(out: &mut String, text: &str, known: &[(String, EmojiId)]) {
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let found = after.find(':').and_then(|end| {
            let (_, id) = known.iter().find(|(name, _)| name == &after[..end])?;
            Some((end, id))
        });
        match found {
            Some((end, id)) => {
                let name = &after[..end];
                out.push_str(&format!("{START}{id}\" alt=\":{name}:\" title=\":{name}:\">"));
                rest = &after[end + 1..];
            }
            None => {
                out.push(':');
                rest = after;
            }
        }
    }
    out.push_str(rest);
}

/// The short names again, for readers elsewhere, and which pictures they stand for, each once.
pub fn without_emoji(html: &str) -> (String, Vec<(String, EmojiId)>) {
    let (mut out, mut found) = (String::with_capacity(html.len()), Vec::new());
    let mut rest = html;
    while let Some(at) = rest.find(START) {
        out.push_str(&rest[..at]);
        let after = &rest[at + START.len()..];
        let end = after.find('>').map_or(after.len(), |end| end + 1);
        let id = after.split('"').next().and_then(|id| id.parse().ok());
        let name = after[..end].split("alt=\":").nth(1).and_then(|alt| alt.split(":\"").next());
        if let (Some(id), Some(name)) = (id, name) {
            out.push_str(&format!(":{name}:"));
            if !found.iter().any(|(_, known)| *known == id) {
                found.push((name.to_owned(), id));
            }
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    (out, found)
}

/// A name without the short names of pictures: `Anna :blobcat:` is called Anna.
pub fn bare_of_emoji(name: &str, known: &[&str]) -> String {
    let mut out = name.to_owned();
    for short in known {
        out = out.replace(&format!(":{short}:"), " ");
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}
