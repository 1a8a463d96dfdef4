//! What pages say of themselves.

use kring::text::{about_page, alternate_in_header, alternate_in_page};

#[test]
fn a_link_header_names_the_document() {
    let found = |value: &str| alternate_in_header(value);
    let right = Some("https://a.example/1".to_owned());
    for value in [
        "<https://a.example/1>; rel=\"alternate\"; type=\"application/activity+json\"",
        "<https://a.example/1>;type=application/activity+json;rel=alternate",
        "<https://a.example/x>; rel=next, <https://a.example/1>; title=\"a, <b>; c\"; REL=\"nofollow Alternate\"; \
            type='x'; type=\"application/activity+json\"",
        "< https://a.example/1 >; rel = \"alternate\" ; type = \"application/ld+json; profile=x\"",
    ] {
        let wanted = if value.contains("type='x'") { None } else { right.clone() };
        assert_eq!(found(value), wanted, "{value}");
    }
    for value in [
        "",
        "<",
        "<>",
        "<a",
        "<a>;",
        "<a>; rel",
        "<a>; rel=alternate",
        "a; rel=alternate; type=application/activity+json",
        "<a>; rel=\"alternate; type=application/activity+json",
        "<a>; rel=alternate; type=text/html",
    ] {
        assert_eq!(found(value), None, "{value}");
    }
}

#[test]
fn a_page_names_its_document() {
    let head = "<!doctype html><html><head><title>A > b</title><link rel=stylesheet href=/x.css>\
        <LINK href='/notes/1?a=1&amp;b=2' TYPE='application/activity+json' rel='alternate'></head><body>";
    assert_eq!(alternate_in_page(head).as_deref(), Some("/notes/1?a=1&b=2"));
    let body = "<body><link rel=alternate type=application/activity+json href=/x>";
    assert_eq!(alternate_in_page(body), None, "only the head counts");
    assert_eq!(about_page(head).title, "A > b");
}

/// Each byte is read once, whatever is left open: a page that repeats one of these is read in no time, where reading on to the
/// end from each would take minutes.
#[test]
fn pages_of_open_tags_are_read_once() {
    for open in ["<meta,", "<link ", "<title", "<meta a='", "<link a=", "<title>", "<", "<meta a=\"b' ", "</", "<link/"]
    {
        let page = open.repeat(4_000_000 / open.len());
        assert_eq!(alternate_in_page(&page), None);
        assert!(about_page(&page).description.is_empty());
        let header = format!("<a>{}", open.repeat(1_000_000 / open.len()));
        assert_eq!(alternate_in_header(&header), None);
    }
}
