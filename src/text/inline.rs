use std::fmt;

use url::{Host, Url};

/// Longest name, host label part or hashtag taken from prose, in characters.
const MAX_NAME: usize = 100;

/// Whom a text mentions: `@name`, `@name@host`, `!name` or `!name@host`, lower-cased. Whether it is a person or a group
/// is for the reader of the handle to find out: both share one namespace per host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    /// The name before the host.
    pub name: String,
    /// The host with its port if there is one, ASCII (punycode) form; `None` when the text names none.
    pub host: Option<String>,
}

impl Handle {
    /// Reads a whole text as a handle; the sigil (`@` or `!`, also after `acct:`) may be missing.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("acct:").unwrap_or(text);
        let text = text.strip_prefix(['@', '!']).unwrap_or(text);
        let (handle, len) = Self::take(text)?;
        (len == text.len()).then_some(handle)
    }

    /// Reads a handle at the start of `text`, which stands just behind the sigil, and tells how many bytes it takes.
    fn take(text: &str) -> Option<(Self, usize)> {
        let run = take_while(text, |c| is_word(c) || matches!(c, '.' | '-'));
        let name = run.trim_end_matches(['.', '-']);
        if !name.starts_with(is_word) || name.chars().count() > MAX_NAME {
            return None;
        }
        let lower = name.to_lowercase();
        let rest = &text[name.len()..];
        let Some(after) = rest.strip_prefix('@').filter(|after| after.starts_with(char::is_alphanumeric)) else {
            return Some((Self { name: lower, host: None }, name.len()));
        };
        let (host, len) = take_host(after)?;
        Some((Self { name: lower, host: Some(host) }, name.len() + 1 + len))
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) => write!(f, "{}@{host}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A host with an optional port at the start of `text`, in ASCII form, and the bytes it takes.
fn take_host(text: &str) -> Option<(String, usize)> {
    let run = take_while(text, |c| c.is_alphanumeric() || matches!(c, '.' | '-'));
    let name = run.trim_end_matches(['.', '-']);
    let digits = match text[name.len()..].strip_prefix(':') {
        Some(after) => take_while(after, |c| c.is_ascii_digit()),
        None => "",
    };
    let port = digits.parse::<u16>().ok().filter(|port| *port > 0);
    if name.len() > 253 || !(name.contains('.') || name == "localhost" || port.is_some()) {
        return None;
    }
    let host = Host::parse(name).ok()?;
    Some(match port {
        Some(port) => (format!("{host}:{port}"), name.len() + 1 + digits.len()),
        None => (host.to_string(), name.len()),
    })
}

/// A part of prose (text outside code and links).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Mention {
        handle: Handle,
        raw: &'a str,
    },
    /// Without `#`, as written.
    Tag(&'a str),
    Url {
        href: String,
        shown: &'a str,
    },
}

/// Cuts prose into mentions, hashtags, bare URLs and the text between. `escaped` lists the byte positions of characters
/// that were written behind a backslash and therefore start nothing.
pub(super) fn pieces<'a>(text: &'a str, escaped: &[usize]) -> Vec<Piece<'a>> {
    let mut out = Vec::new();
    let (mut done, mut at) = (0, 0);
    let mut before = None;
    while let Some(c) = text[at..].chars().next() {
        let found = if may_start_after(before) && !escaped.contains(&at) { piece_at(&text[at..], c) } else { None };
        let len = match found {
            Some((piece, len)) => {
                if done < at {
                    out.push(Piece::Text(&text[done..at]));
                }
                out.push(piece);
                done = at + len;
                len
            }
            None => c.len_utf8(),
        };
        before = text[at..at + len].chars().next_back();
        at += len;
    }
    if done < text.len() {
        out.push(Piece::Text(&text[done..]));
    }
    out
}

fn piece_at(text: &str, first: char) -> Option<(Piece<'_>, usize)> {
    match first {
        '@' | '!' => {
            let (handle, len) = Handle::take(&text[1..])?;
            Some((Piece::Mention { handle, raw: &text[..len + 1] }, len + 1))
        }
        '#' => {
            let tag = take_while(&text[1..], is_word);
            let good = tag.chars().any(char::is_alphabetic) && tag.chars().count() <= MAX_NAME;
            good.then_some((Piece::Tag(tag), tag.len() + 1))
        }
        'h' | 'H' | 'w' | 'W' => {
            let shown = take_url(text)?;
            let bare = shown.as_bytes()[0].eq_ignore_ascii_case(&b'w');
            let url = Url::parse(&if bare { format!("https://{shown}") } else { shown.to_owned() }).ok()?;
            url.host_str()?;
            Some((Piece::Url { href: url.into(), shown }, shown.len()))
        }
        _ => None,
    }
}

/// A bare URL at the start of `text`, without the punctuation that belongs to the sentence around it.
fn take_url(text: &str) -> Option<&str> {
    let scheme = ["https://", "http://", "www."]
        .into_iter()
        .find(|s| text.get(..s.len()).is_some_and(|start| start.eq_ignore_ascii_case(s)))?;
    let mut url = take_while(text, |c| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | '"' | '`'));
    loop {
        let last = url.chars().next_back()?;
        let opener = match last {
            ')' => Some('('),
            ']' => Some('['),
            '}' => Some('{'),
            _ => None,
        };
        let cut = match opener {
            Some(opener) => url.matches(last).count() > url.matches(opener).count(),
            None => "?!.,:;*_~'\\’”»…".contains(last),
        };
        if !cut {
            break;
        }
        url = &url[..url.len() - last.len_utf8()];
    }
    (url.len() > scheme.len()).then_some(url)
}

/// Whether a mention, hashtag or URL may start behind this character: not inside a word, an address or a path.
fn may_start_after(before: Option<char>) -> bool {
    before.is_none_or(|c| !is_word(c) && !matches!(c, '.' | '-' | '/' | '@' | '#' | '&' | '=' | '+' | '%' | '~' | '\\'))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn take_while(text: &str, mut keep: impl FnMut(char) -> bool) -> &str {
    let end = text.find(|c| !keep(c)).unwrap_or(text.len());
    &text[..end]
}
