//! Rewrites HTML into a small, well-nested form before the sanitizer sees it. The sanitizer alone decides what is safe;
//! this pass gives every element we show its canonical name, sets `rel`, and bounds the depth: a few kilobytes of
//! unclosed formatting elements make the standard's parsing algorithm build millions of nodes.

use url::Url;

use super::tokens::{Token, tokens};

/// Deepest nesting that is kept; deeper elements lose their tags, not their text.
const MAX_DEPTH: usize = 32;

/// Classes with a meaning for readers (INTEROP C.5).
pub(super) const CLASSES: &[&str] = &["mention", "hashtag", "u-url", "h-card", "invisible", "ellipsis", "quote-inline"];

/// Who wrote the HTML.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Our renderer: mention and hashtag anchors are genuine.
    Ours,
    /// Another server.
    Foreign,
}

/// Rewrites `html`.
pub(super) fn tidy(html: &str, origin: Origin) -> String {
    let mut tidy = Tidy { out: String::with_capacity(html.len()), open: Vec::new(), origin };
    for token in tokens(html) {
        match token {
            Token::Text(text) => tidy.text(text),
            Token::Open { name, attributes } => tidy.start(&name, &attributes),
            Token::Close(name) => tidy.end(&name),
        }
    }
    tidy.pop_to(0);
    tidy.out
}

struct Tidy {
    out: String,
    open: Vec<Open>,
    origin: Origin,
}

struct Open {
    name: &'static str,
    /// Where its start tag begins and ends in `out`.
    tag: usize,
    content: usize,
}

/// The element that stands for `name` in what we keep.
fn canonical(name: &str) -> Option<&'static str> {
    Some(match name {
        "p" | "div" | "section" | "article" | "header" | "footer" | "main" | "figure" | "figcaption" | "address"
        | "center" | "dl" | "dt" | "dd" | "details" | "summary" => "p",
        "h1" | "h2" | "h3" => "h3",
        "h4" | "h5" | "h6" => "h4",
        "del" | "s" | "strike" => "del",
        "u" | "ins" => "u",
        "code" | "tt" | "kbd" | "samp" => "code",
        "span" => "span",
        "br" => "br",
        "hr" => "hr",
        "a" => "a",
        "pre" => "pre",
        "em" => "em",
        "strong" => "strong",
        "b" => "b",
        "i" => "i",
        "ul" | "menu" => "ul",
        "ol" => "ol",
        "li" => "li",
        "blockquote" => "blockquote",
        "table" => "table",
        "thead" => "thead",
        "tbody" | "tfoot" => "tbody",
        "tr" => "tr",
        "th" => "th",
        "td" => "td",
        _ => return None,
    })
}

/// Blocks that hold running text and therefore end where another block begins.
fn holds_prose(name: &str) -> bool {
    matches!(name, "p" | "h3" | "h4" | "pre")
}

/// Elements an inner end tag cannot reach through.
fn is_container(name: &str) -> bool {
    matches!(name, "li" | "td" | "th" | "blockquote")
}

fn is_table_part(name: &str) -> bool {
    matches!(name, "thead" | "tbody" | "tr" | "th" | "td")
}

impl Tidy {
    fn text(&mut self, mut text: &str) {
        if self.open.last().is_some_and(|top| top.name == "pre" && top.content == self.out.len()) {
            // Whoever reads it leaves the first new line out, each time.
            text = text.trim_start_matches(['\n', '\r']);
        }
        let blank = text.bytes().all(|b| b.is_ascii_whitespace());
        if !blank && self.needs_structure() {
            return;
        }
        for c in text.chars() {
            match c {
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\0' => {}
                c => self.out.push(c),
            }
        }
    }

    /// Whether the innermost element takes only table parts.
    fn needs_structure(&self) -> bool {
        self.open.last().is_some_and(|top| matches!(top.name, "table" | "thead" | "tbody" | "tr"))
    }

    fn start(&mut self, name: &str, attributes: &[(String, &str)]) {
        let Some(mut name) = canonical(name) else { return };
        if is_table_part(name) {
            if !self.fit_table_part(name) {
                return;
            }
        } else if self.needs_structure() {
            return;
        }
        if name == "li" && !self.fit_item() {
            name = "p";
        }
        if matches!(name, "p" | "h3" | "h4" | "pre" | "ul" | "ol" | "blockquote" | "table" | "hr") {
            self.end_prose();
        }
        match name {
            "br" | "hr" => {
                self.out.push_str(if name == "br" { "<br>" } else { "<hr>" });
                return;
            }
            "a" => {
                if let Some(at) = self.open.iter().rposition(|open| open.name == "a") {
                    self.pop_to(at);
                }
            }
            _ => {}
        }
        let Some(written) = self.attributes(name, attributes) else { return };
        if self.open.len() >= MAX_DEPTH {
            return;
        }
        let tag = self.out.len();
        self.out.push('<');
        self.out.push_str(name);
        self.out.push_str(&written);
        self.out.push('>');
        self.open.push(Open { name, tag, content: self.out.len() });
    }

    /// Ends the paragraph or heading that a new block would otherwise stand in.
    fn end_prose(&mut self) {
        let from = self.open.iter().rposition(|open| is_container(open.name)).map_or(0, |at| at + 1);
        if let Some(at) = self.open[from..].iter().position(|open| holds_prose(open.name)) {
            self.pop_to(from + at);
        }
    }

    /// Ends the item before, and what else the list may hold; false if there is no list to be an item of.
    fn fit_item(&mut self) -> bool {
        let Some(list) = self.open.iter().rposition(|open| matches!(open.name, "ul" | "ol" | "td" | "th")) else {
            return false;
        };
        if !matches!(self.open[list].name, "ul" | "ol") {
            return false;
        }
        self.pop_to(list + 1);
        true
    }

    /// Ends the table parts that `name` cannot stand in; false if there is no place for it.
    fn fit_table_part(&mut self, name: &str) -> bool {
        let Some(table) = self.open.iter().rposition(|open| open.name == "table") else { return false };
        let parent: &[&str] = match name {
            "thead" | "tbody" => &["table"],
            "tr" => &["table", "thead", "tbody"],
            _ => &["tr"],
        };
        match self.open[table..].iter().rposition(|open| parent.contains(&open.name)) {
            Some(at) => {
                self.pop_to(table + at + 1);
                true
            }
            None => false,
        }
    }

    fn end(&mut self, name: &str) {
        let Some(name) = canonical(name) else { return };
        let stops = |open: &str| match name {
            "table" => false,
            "thead" | "tbody" | "tr" | "th" | "td" => open == "table",
            "ul" | "ol" | "blockquote" => matches!(open, "td" | "th"),
            "li" => matches!(open, "ul" | "ol" | "td" | "th"),
            _ => is_container(open),
        };
        for at in (0..self.open.len()).rev() {
            if self.open[at].name == name {
                return self.pop_to(at);
            }
            if stops(self.open[at].name) {
                return;
            }
        }
    }

    /// Closes the innermost elements until `keep` are left; what stayed empty is taken back.
    fn pop_to(&mut self, keep: usize) {
        while self.open.len() > keep {
            let Some(Open { name, tag, content }) = self.open.pop() else { return };
            if self.out.len() == content && !matches!(name, "td" | "th" | "tr") {
                self.out.truncate(tag);
            } else {
                self.out.push_str("</");
                self.out.push_str(name);
                self.out.push('>');
            }
        }
    }

    /// The attributes that are kept, in a fixed order; `None` for a link that leads nowhere we allow.
    fn attributes(&self, name: &str, attributes: &[(String, &str)]) -> Option<String> {
        let get = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.trim());
        let mut out = String::new();
        let mut add = |name: &str, value: &str| {
            let value = value.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
            out.push_str(&format!(" {name}=\"{value}\""));
        };
        let classes: Vec<_> =
            get("class").unwrap_or_default().split_ascii_whitespace().filter(|class| CLASSES.contains(class)).collect();
        if name == "a" {
            let href = get("href").filter(|href| leads_outside(href))?;
            add("href", href);
        }
        if matches!(name, "a" | "span" | "p") && !classes.is_empty() {
            add("class", &classes.join(" "));
        }
        if let Some(rel) = (name == "a").then(|| rel(&classes, self.origin)).flatten() {
            add("rel", rel);
        }
        let number = |key: &str| get(key).filter(|n| n.len() < 10 && n.parse::<i32>().is_ok());
        match name {
            "ol" => {
                if let Some(start) = number("start") {
                    add("start", start);
                }
                if get("reversed").is_some() {
                    add("reversed", "");
                }
            }
            "li" => {
                if let Some(value) = number("value") {
                    add("value", value);
                }
            }
            _ => {}
        }
        if let Some(lang) = get("lang").filter(|l| l.len() <= 35 && l.bytes().all(is_tag_byte) && !l.is_empty()) {
            add("lang", lang);
        }
        if let Some(dir) = get("dir").filter(|dir| ["ltr", "rtl", "auto"].contains(dir)) {
            add("dir", dir);
        }
        Some(out)
    }
}

fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

fn rel(classes: &[&str], origin: Origin) -> Option<&'static str> {
    match (origin, classes.contains(&"hashtag"), classes.contains(&"mention")) {
        (Origin::Ours, true, _) => Some("tag"),
        (Origin::Ours, false, true) => None,
        (Origin::Foreign, true, _) => Some("tag nofollow noopener noreferrer"),
        _ => Some("nofollow noopener noreferrer"),
    }
}

/// Whether it is an address the sanitizer will leave in place.
fn leads_outside(href: &str) -> bool {
    ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| href.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
        && !href.contains('\0')
        && Url::parse(href).is_ok()
}
