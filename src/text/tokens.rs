//! A forgiving HTML tokenizer: it never fails, runs in linear time, and leaves out comments, declarations and the
//! content of elements whose content is not text for people.

/// Elements that go together with everything in them.
const DROPPED: &[&str] = &[
    "script",
    "style",
    "svg",
    "math",
    "template",
    "iframe",
    "object",
    "noscript",
    "noembed",
    "noframes",
    "textarea",
    "title",
    "xmp",
    "plaintext",
    "select",
    "head",
    "video",
    "audio",
    "canvas",
];

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Name lower-cased; attributes with lower-cased names and values as written (entities not decoded).
    Open { name: String, attributes: Vec<(String, &'a str)> },
    /// Name lower-cased.
    Close(String),
    /// As written: entities not decoded, and a `<` may stand alone.
    Text(&'a str),
}

/// The tokens of `html`.
pub(super) fn tokens(html: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        let start = rest.find('<').unwrap_or(rest.len());
        let (text, markup) = rest.split_at(start);
        if !text.is_empty() {
            out.push(Token::Text(text));
        }
        rest = if markup.is_empty() { "" } else { take_markup(markup, &mut out) };
    }
    out
}

/// Reads what starts with `<` and returns what follows it.
fn take_markup<'a>(markup: &'a str, out: &mut Vec<Token<'a>>) -> &'a str {
    let after = &markup[1..];
    if after.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return take_tag(after, out);
    }
    if let Some(comment) = after.strip_prefix("!--") {
        return comment.find("-->").map_or("", |end| &comment[end + 3..]);
    }
    if let Some(close) = after.strip_prefix('/').filter(|c| c.starts_with(|c: char| c.is_ascii_alphabetic())) {
        let Some(end) = close.find('>') else { return "" };
        let name = close[..end].split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or_default();
        out.push(Token::Close(name.to_ascii_lowercase()));
        return &close[end + 1..];
    }
    if after.starts_with(['!', '?', '/']) {
        return after.find('>').map_or("", |end| &after[end + 1..]);
    }
    out.push(Token::Text(&markup[..1]));
    after
}

/// Reads a start tag (from its name on) and returns what follows it; a tag cut off by the end of the text is nothing.
fn take_tag<'a>(text: &'a str, out: &mut Vec<Token<'a>>) -> &'a str {
    let ends_name = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>');
    let Some(end) = text.find(ends_name) else { return "" };
    let name = text[..end].to_ascii_lowercase();
    let Some((attributes, closed, rest)) = take_attributes(&text[end..]) else { return "" };
    if !DROPPED.contains(&name.as_str()) {
        out.push(Token::Open { name, attributes });
        return rest;
    }
    if closed && matches!(name.as_str(), "svg" | "math") {
        return rest;
    }
    skip_element(rest, &name)
}

/// Attributes of a start tag, whether the tag closes itself, and what follows it.
type Attributes<'a> = (Vec<(String, &'a str)>, bool, &'a str);

fn take_attributes(mut rest: &str) -> Option<Attributes<'_>> {
    let mut attributes: Vec<(String, &str)> = Vec::new();
    let mut closed = false;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
        match rest.chars().next()? {
            '>' => return Some((attributes, closed, &rest[1..])),
            '/' => {
                closed = true;
                rest = &rest[1..];
                continue;
            }
            _ => closed = false,
        }
        // The first character belongs to the name even if it is `=`, as the HTML standard has it.
        let first = rest.chars().next()?.len_utf8();
        let end = rest[first..].find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '='))? + first;
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start_matches(|c: char| c.is_ascii_whitespace());
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            (value, rest) = take_value(after.trim_start_matches(|c: char| c.is_ascii_whitespace()))?;
        }
        if !attributes.iter().any(|(known, _)| *known == name) {
            attributes.push((name, value));
        }
    }
}

fn take_value(text: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            let end = quoted.find(quote)?;
            return Some((&quoted[..end], &quoted[end + 1..]));
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>')?;
    Some((&text[..end], &text[end..]))
}

/// What follows the end tag of the element `name`; nothing if it has none.
fn skip_element<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        if rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return rest.find('>').map_or("", |end| &rest[end + 1..]);
        }
    }
    ""
}
