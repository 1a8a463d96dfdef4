use super::tokens::{Token, tokens};
use crate::base::SafeHtml;

/// As [`plain`], of HTML that the store keeps: it was cleaned before it came there.
pub fn plain_of_stored(html: &str) -> String {
    plain(&SafeHtml::trusted(html.to_owned()))
}

/// The text without markup: paragraphs an empty line apart, list items behind a dash.
pub fn plain(html: &SafeHtml) -> String {
    let mut out = String::with_capacity(html.as_str().len());
    let mut preformatted = false;
    for token in tokens(html.as_str()) {
        match token {
            Token::Text(text) => push_text(&mut out, &decode(text), preformatted),
            Token::Open { name, .. } => match name.as_str() {
                "br" => out.push('\n'),
                "li" => {
                    end_line(&mut out, 1);
                    out.push_str("- ");
                }
                "p" if out.ends_with("- ") => {}
                "pre" => {
                    preformatted = true;
                    end_line(&mut out, 2);
                }
                "p" | "h3" | "h4" | "blockquote" | "table" | "hr" => end_line(&mut out, 2),
                "ul" | "ol" | "tr" => end_line(&mut out, 1),
                _ => {}
            },
            Token::Close(name) => match name.as_str() {
                "pre" => {
                    preformatted = false;
                    end_line(&mut out, 2);
                }
                "p" | "h3" | "h4" | "blockquote" | "ul" | "ol" | "table" => end_line(&mut out, 2),
                "li" | "tr" => end_line(&mut out, 1),
                "td" | "th" => out.push(' '),
                _ => {}
            },
        }
    }
    out.trim().to_owned()
}

/// The start of the text on one line, at most `chars` characters, cut between words and then ended with `…`.
pub fn excerpt(html: &SafeHtml, chars: usize) -> String {
    let text = plain(html);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= chars {
        return text;
    }
    let end = text.char_indices().nth(chars.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    // One character more tells whether the cut falls behind a whole word.
    let cut = if text[end..].starts_with(' ') { end } else { text[..end].rfind(' ').unwrap_or(end) };
    let kept = text[..cut].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '.'));
    format!("{kept}…")
}

/// Makes the text end with `lines` line ends, unless it is empty.
fn end_line(out: &mut String, lines: usize) {
    let kept = out.trim_end_matches([' ', '\t']).len();
    out.truncate(kept);
    if out.is_empty() {
        return;
    }
    let have = out.len() - out.trim_end_matches('\n').len();
    out.extend(std::iter::repeat_n('\n', lines.saturating_sub(have)));
}

fn push_text(out: &mut String, text: &str, preformatted: bool) {
    if preformatted {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        if !matches!(c, ' ' | '\t' | '\n' | '\r') {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with([' ', '\n']) {
            out.push(' ');
        }
    }
}

/// Decodes the entities that the sanitizer writes.
fn decode(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
}
