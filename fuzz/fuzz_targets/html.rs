//! HTML of other servers: what comes out is stable, holds nothing outside the allow-list and stays within bounds.
#![no_main]

use kring::text::{about_page, clean, excerpt, first_link, plain_of_stored};
use libfuzzer_sys::fuzz_target;

const NAMES: &[&str] = &[
    "p", "span", "br", "a", "del", "pre", "code", "em", "strong", "b", "i", "u", "ul", "ol", "li", "blockquote", "h3", "h4",
    "hr", "table", "thead", "tbody", "tr", "th", "td",
];
const ATTRIBUTES: &[&str] = &["", "href", "rel", "class", "lang", "dir", "start", "reversed", "value", "target", "translate"];

/// The tags of what came out, with their attributes: text is escaped, so each `<` begins one.
fn tags(html: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), html);
    while let Some((_, tag)) = rest.split_once('<') {
        let (mut end, mut quoted) = (tag.len(), false);
        for (at, byte) in tag.bytes().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b'>' if !quoted => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        found.push(&tag[..end]);
        rest = &tag[end..];
    }
    found
}

fuzz_target!(|html: &str| {
    let out = clean(html);
    for tag in tags(out.as_str()) {
        let tag = tag.trim_start_matches('/');
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        assert!(NAMES.contains(&name), "{html} gave {out:?}");
        // Names outside of quotes, values inside.
        for (place, part) in tag[name.len()..].split('"').enumerate() {
            let fits = match place % 2 {
                0 => ATTRIBUTES.contains(&part.trim_matches(['=', ' ', '/'])),
                _ => !part.trim_start().to_lowercase().starts_with("javascript:"),
            };
            assert!(fits, "{part} in {html} gave {out:?}");
        }
    }
    assert_eq!(clean(out.as_str()).as_str(), out.as_str(), "not stable: {html}");
    let _ = (plain_of_stored(out.as_str()), excerpt(&out, 80), first_link(out.as_str()), about_page(html));
});
