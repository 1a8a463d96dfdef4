//! Where a page says that its ActivityPub document is: INTEROP A.3.

use super::page::{HeadTag, head_of};

/// What is read of a `Link` header, in bytes.
const MAX_HEADER: usize = 8 * 1024;

/// The address with which a `Link` header (RFC 8288) offers an ActivityPub document, as written: it may be relative.
pub fn alternate_in_header(value: &str) -> Option<String> {
    let mut rest = value.get(..MAX_HEADER).unwrap_or(value);
    loop {
        let (target, after) = rest.split_once('<')?.1.split_once('>')?;
        let end = end_of_link(after);
        let parameters = parameters(&after[..end]);
        let named = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        if leads_to_document(named("rel"), named("type")) {
            return Some(target.trim().to_owned());
        }
        rest = &after[end..];
    }
}

/// The same of the head of an HTML page.
pub fn alternate_in_page(html: &str) -> Option<String> {
    let leads = |tag: &HeadTag<'_>| tag.is("link") && leads_to_document(tag.value("rel"), tag.value("type"));
    head_of(html).find(leads)?.value("href").map(|href| href.trim().to_owned())
}

fn leads_to_document(rel: Option<&str>, mime: Option<&str>) -> bool {
    let rel = rel.unwrap_or_default();
    let mime = mime.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    rel.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("alternate"))
        && (mime.eq_ignore_ascii_case("application/activity+json") || mime.eq_ignore_ascii_case("application/ld+json"))
}

/// Where the parameters of a link end: at a comma that is not quoted.
fn end_of_link(text: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

/// Where a quoted value ends: at a quotation mark that is not escaped.
fn end_of_quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    text.len()
}

/// `; name=value; name="value"`: names in small letters, of two with one name the first.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(';') {
        let end = after.find(['=', ';']).unwrap_or(after.len());
        let name = after[..end].trim().to_ascii_lowercase();
        rest = &after[end..];
        let Some(value) = rest.strip_prefix('=') else { continue };
        let value = value.trim_start();
        let (value, next) = match value.strip_prefix('"') {
            Some(quoted) => {
                let end = end_of_quoted(quoted);
                (&quoted[..end], quoted.get(end + 1..).unwrap_or_default())
            }
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        found.push((name, value.trim().to_owned()));
        rest = next;
    }
    found
}
