//! The text inside PDF, office and plain text files, for search. Forgiving, and bounded in what it reads and gives.

use std::io::Read as _;
use std::path::Path;

use flate2::read::DeflateDecoder;

use super::pdf;
use super::sniff::zip_entries;
use crate::base::Result;

/// Bytes of one part of a document once unpacked, and of the text given.
const MAX_PART: u64 = 20_000_000;
const MAX_TEXT: usize = 400_000;

/// The text of a file, or `None` when this kind is not read. A broken file gives what could be read of it. `program` is this
/// one, which reads PDF files in a process of its own.
///
/// # Errors
/// `Internal` when that cannot be started.
pub fn text_of(bytes: &[u8], mime: &str, program: &Path) -> Result<Option<String>> {
    if mime == "application/pdf" {
        return Ok(Some(cut(pdf::process::read(program, bytes)?)));
    }
    Ok(text_in(bytes, mime))
}

fn text_in(bytes: &[u8], mime: &str) -> Option<String> {
    let parts: fn(&str) -> bool = match mime {
        "application/vnd.oasis.opendocument.text"
        | "application/vnd.oasis.opendocument.spreadsheet"
        | "application/vnd.oasis.opendocument.presentation" => |name| name == "content.xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => {
            |name| name == "word/document.xml" || name.starts_with("word/foot") || name.starts_with("word/head")
        }
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => |name| name == "xl/sharedStrings.xml",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => {
            |name| name.starts_with("ppt/slides/slide") && name.ends_with(".xml")
        }
        _ if mime.starts_with("text/") => return Some(cut(String::from_utf8_lossy(bytes).into_owned())),
        _ => return None,
    };
    let mut out = String::new();
    for (name, method, packed) in zip_entries(bytes).unwrap_or_default() {
        if !parts(&String::from_utf8_lossy(name)) || out.len() >= MAX_TEXT {
            continue;
        }
        let mut part = Vec::new();
        let read = match method {
            0 => packed.take(MAX_PART).read_to_end(&mut part),
            8 => DeflateDecoder::new(packed).take(MAX_PART).read_to_end(&mut part),
            _ => continue,
        };
        if let Err(error) = read {
            tracing::debug!(%error, "a part of a document ends early");
        }
        words_of_xml(&String::from_utf8_lossy(&part), &mut out);
    }
    Some(cut(out))
}

fn cut(mut text: String) -> String {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    // PostgreSQL keeps no such character.
    text.retain(|c| c != '\0');
    text
}

/// What stands between the tags. The end of a paragraph or cell is a line end, a tab or break a space.
fn words_of_xml(xml: &str, out: &mut String) {
    let mut rest = xml;
    while let Some(open) = rest.find('<') {
        unescape(&rest[..open], out);
        let Some(close) = rest[open..].find('>') else { return };
        let tag = &rest[open + 1..open + close];
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        let local = name.rsplit(':').next().unwrap_or_default();
        match local {
            "p" | "h" | "si" | "tr" | "table-row" if tag.starts_with('/') => out.push('\n'),
            "tab" | "br" | "s" | "line-break" | "tc" | "table-cell" => out.push(' '),
            _ => {}
        }
        if out.len() >= MAX_TEXT {
            return;
        }
        rest = &rest[open + close + 1..];
    }
}

fn unescape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let Some(end) = rest[at..].find(';').filter(|end| *end <= 10) else {
            out.push('&');
            rest = &rest[at + 1..];
            continue;
        };
        let name = &rest[at + 1..at + end];
        let number = name.strip_prefix("#x").map(|hex| u32::from_str_radix(hex, 16));
        let number = number.or_else(|| name.strip_prefix('#').map(str::parse));
        match (name, number) {
            ("amp", _) => out.push('&'),
            ("lt", _) => out.push('<'),
            ("gt", _) => out.push('>'),
            ("quot", _) => out.push('"'),
            ("apos", _) => out.push('\''),
            (_, Some(Ok(number))) => out.extend(char::from_u32(number)),
            _ => out.push(' '),
        }
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
}
