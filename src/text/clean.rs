use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::tidy::{CLASSES, Origin, tidy};
use crate::base::SafeHtml;

/// Longest foreign HTML that is read, in bytes; the rest is cut off.
pub const MAX_FOREIGN_BYTES: usize = 256 * 1024;

/// The one allow-list: what Mastodon shows (INTEROP B.3.1), and headings, tables and rules for our own pages.
const TAGS: &[&str] = &[
    "p",
    "span",
    "br",
    "a",
    "del",
    "pre",
    "code",
    "em",
    "strong",
    "b",
    "i",
    "u",
    "ul",
    "ol",
    "li",
    "blockquote",
    "h3",
    "h4",
    "hr",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
];

static SANITIZER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = ammonia::Builder::empty();
    let classes: HashSet<&str> = CLASSES.iter().copied().collect();
    builder
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(["script", "style"].into())
        .generic_attributes(["lang", "dir"].into())
        .tag_attributes(HashMap::from([
            ("a", ["href", "rel"].into()),
            ("ol", ["start", "reversed"].into()),
            ("li", ["value"].into()),
        ]))
        .allowed_classes(HashMap::from([("a", classes.clone()), ("span", classes.clone()), ("p", classes)]))
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(None)
        .strip_comments(true);
    builder
});

/// Makes HTML from another server safe: the allow-list, links to `http`, `https` and `mailto` only, no images, bounded
/// in size ([`MAX_FOREIGN_BYTES`]) and depth.
pub fn clean(html: &str) -> SafeHtml {
    let mut end = html.len().min(MAX_FOREIGN_BYTES);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    finish(&html[..end], Origin::Foreign)
}

/// The last step of every way to [`SafeHtml`].
pub(super) fn finish(html: &str, origin: Origin) -> SafeHtml {
    let mut html = sanitized(html, origin);
    if is_other_once_read(&html) {
        html = sanitized(&html, origin);
    }
    SafeHtml::trusted(html.trim().to_owned())
}

fn sanitized(html: &str, origin: Origin) -> String {
    // A carriage return that was written as an entity would be read as a new line the next time.
    SANITIZER.clean(&tidy(html, origin)).to_string().replace('\r', "\n")
}

/// What only shows once entities are read: an address that is none leaves a link to nowhere, and the new line at the beginning of
/// preformatted text counts for nothing, perhaps with all of that text.
fn is_other_once_read(html: &str) -> bool {
    let content = |tag: &'static str| html.split(tag).skip(1);
    content("<a ").any(|rest| !rest.starts_with("href="))
        || content("<pre")
            .filter_map(|rest| rest.split_once('>'))
            .any(|(_, text)| text.starts_with('\n') || text.starts_with("</pre>"))
}
