//! Thousands of bent texts of other servers: nothing panics, and what comes out is what the parsers promise.

use kring::text::{about_page, alternate_in_header, alternate_in_page, clean, excerpt, first_link, plain_of_stored};
use serde_json::Value;

use super::harm::harm;
use crate::fixtures::exchanges;
use crate::sign::Dice;
use crate::wire::lookalikes;

/// What a hostile server puts between what a kind one wrote.
const HTML_SPICE: &[&str] = &[
    "<script>x()</script>",
    "<scr<script>ipt>",
    "</p>",
    "<a href=\"javascript:alert(1)\">",
    "<a href=\"&#106;ava&Tab;script&colon;alert(1)\">",
    "<a href='data:text/html,<script>x()</script>'>",
    "<a href=\"//evil.example\" onclick=x()>",
    " onerror=x()",
    "\" onmouseover=\"x()",
    "<img src=x onerror=x()>",
    "<svg/onload=x()>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=x()&gt;\">",
    "<noscript><p title=\"</noscript><img src=x onerror=x()>\">",
    "<template><p>",
    "<plaintext>",
    "<!--",
    "<![CDATA[",
    "<?php",
    "&lt;script&gt;",
    "&#60;",
    "&",
    "<",
    ">",
    "\u{0}",
    "\u{202e}",
    "<ol start=\"1e9\"><li value=x>",
    "<table><td><table>",
    "<style>@import 'x'</style>",
    "<span class=\"mention evil\" style=\"position:fixed\">",
    "<iframe srcdoc=\"<script>x()</script>\">",
];

/// Every text in the documents we have that looks like HTML.
fn html_seeds() -> Vec<String> {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text.contains('<') && text.contains('>') => found.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Object(members) => members.values().for_each(|member| collect(member, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for (_, exchange) in exchanges() {
        collect(&exchange["request_body"], &mut found);
        collect(&exchange["response_body"], &mut found);
    }
    for (_, bytes) in lookalikes() {
        collect(&serde_json::from_slice(&bytes).unwrap(), &mut found);
    }
    found.extend(HTML_SPICE.iter().map(|text| (*text).to_owned()));
    found.sort();
    found.dedup();
    found
}

#[test]
fn bent_html_comes_out_harmless_and_the_same_a_second_time() {
    let (seeds, mut dice) = (html_seeds(), Dice(6));
    assert!(seeds.len() > 50, "{}", seeds.len());
    // Uncleaned, most of it would do harm.
    let harmful = HTML_SPICE.iter().filter(|text| harm(text).is_some()).count();
    assert!(harmful > 15, "{harmful}");
    assert!(harm("<a href=\"javascript:x()\">x</a>").is_some() && harm("<p onclick=\"x()\">x</p>").is_some());
    let mut kept = 0;
    for round in 0..3000 {
        let mut bytes = seeds[round % seeds.len()].clone().into_bytes();
        for _ in 0..dice.roll(4) {
            let to = dice.roll(bytes.len() + 1);
            bytes.splice(to..to, HTML_SPICE[dice.roll(HTML_SPICE.len())].bytes());
        }
        if dice.roll(2) == 0 {
            dice.mutate(&mut bytes);
        }
        let html = String::from_utf8_lossy(&bytes);
        let out = clean(&html);
        assert_eq!(harm(out.as_str()), None, "{html:?} gave {out:?}");
        assert_eq!(clean(out.as_str()).as_str(), out.as_str(), "not stable: {html:?}");
        kept += usize::from(out.as_str().contains('<'));
        // What is made of it is read elsewhere; it must not panic either.
        let _ = (plain_of_stored(out.as_str()), excerpt(&out, 80), first_link(out.as_str()), about_page(&html));
    }
    assert!(kept > 1000, "most of it is still a text with tags: {kept}");
}

const LINKS: &[&str] = &[
    "<https://a.example/users/ann>; rel=\"alternate\"; type=\"application/activity+json\"",
    "<https://a.example/x>; rel=next, </users/ann> ; type=application/activity+json; rel=\"me alternate\"",
    "<https://a.example/x,y>; title=\"a, \\\"b\\\"; rel=alternate\"; rel=author, \
     <https://a.example/u>;rel=alternate;type=\"application/ld+json; profile=\\\"https://www.w3.org/ns/activitystreams\\\"\"",
    "< https://a.example/u >; rel=\"alternate\"; type=\"application/activity+json\"",
    "<https://a.example/feed>; rel=\"alternate\"; type=\"application/rss+xml\"",
];

/// What a `Link` header leads to stands in it between brackets, and the header says what it is.
#[test]
fn bent_link_headers_lead_nowhere_that_they_do_not_name() {
    let mut dice = Dice(7);
    let mut found = 0;
    for round in 0..6000 {
        let mut bytes = LINKS[round % LINKS.len()].as_bytes().to_vec();
        for _ in 0..=dice.roll(2) {
            dice.mutate(&mut bytes);
        }
        let header = String::from_utf8_lossy(&bytes);
        let page = format!("<head><link {}></head>", header.replace(';', " "));
        let _ = alternate_in_page(&page);
        let Some(target) = alternate_in_header(&header) else { continue };
        found += 1;
        assert!(!target.contains('>') && target == target.trim(), "{target:?} of {header:?}");
        let (before, after) = header.split_once(target.as_str()).unwrap_or_else(|| panic!("{target:?} of {header:?}"));
        assert!(before.contains('<') && after.contains('>'), "{target:?} of {header:?}");
        let said = header.to_lowercase();
        assert!(said.contains("alternate") && said.contains("json"), "{target:?} of {header:?}");
    }
    assert!(found > 500, "{found}");
    // What a quoted value says is no parameter, whatever marks it has inside.
    let told = r#"<https://a.example/x>; title="a\"; rel=alternate; type=application/activity+json; b=\"c""#;
    assert_eq!(alternate_in_header(told), None);
    // A header without end takes no time.
    for letter in ["<", ">", ";", "\"", "\\", ",", "<>;rel=", "<>; rel=\"", "="] {
        assert_eq!(alternate_in_header(&letter.repeat(100_000)), None, "{letter}");
    }
}
