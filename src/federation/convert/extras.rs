//! What a post is besides a text, on the wire: reading tips (also BookWyrm's) and cards of the ask-and-offer board.

use serde_json::{Value, json};

use super::super::wire::Doc;
use super::posts::escape;
use crate::base::*;
use crate::domain::extras::{Card, Extra, Side, Work, isbn13};
use crate::text;

/// The longest that a card of another server hangs here.
const MOST: i64 = 365 * Time::DAY;

/// As members of a post's document.
pub fn write(extra: &Extra, set: &mut impl FnMut(&str, Value)) {
    match extra {
        Extra::Tip(work) => set(
            "kring:tip",
            json!({
                "kring:work": work.title, "kring:maker": work.maker, "kring:isbn": work.isbn, "kring:whom": work.whom
            }),
        ),
        Extra::Board(card) => {
            set("kring:board", json!({"kring:side": card.side, "kring:done": card.done}));
            set("endTime", json!(card.until.to_rfc3339_seconds()));
        }
    }
}

/// From a post's document.
pub fn read(doc: Doc<'_>, now: Time) -> Option<Extra> {
    if let Some(tip) = doc.embedded("kring:tip") {
        let text = |name: &str| line(tip.text(name).unwrap_or_default());
        let title = text("kring:work");
        let isbn = isbn13(tip.text("kring:isbn").unwrap_or_default()).unwrap_or_default();
        return (!title.is_empty())
            .then(|| Extra::Tip(Work { isbn, title, maker: text("kring:maker"), whom: text("kring:whom") }));
    }
    if let Some(board) = doc.embedded("kring:board") {
        let side = Side::parse(board.text("kring:side")?)?;
        let until = doc.time("endTime")?.min(now.plus(MOST));
        return Some(Extra::Board(Card { side, until, done: board.bool("kring:done").unwrap_or(false) }));
    }
    bookwyrm(doc).map(Extra::Tip)
}

/// The address of the book that a review, a remark or a quotation of BookWyrm is about. Its title stands there.
pub fn book_of(doc: Doc<'_>) -> Option<String> {
    let about = doc.types().into_iter().any(|kind| matches!(kind, "Review" | "Comment" | "Quotation"));
    doc.one_id("inReplyToBook").filter(|_| about).map(str::to_owned)
}

/// What the document of a book says.
pub fn read_book(doc: Doc<'_>) -> Option<Work> {
    let isbn = ["isbn13", "isbn10"].iter().find_map(|name| isbn13(doc.text(name)?)).unwrap_or_default();
    let title = line(&text::plain(&text::clean(doc.text("title")?)));
    (!title.is_empty()).then(|| Work { isbn, title, ..Work::default() })
}

/// The work in what BookWyrm writes for servers that know no books: a Note or Article that names it in a link to the book,
/// after words of its own. What it says of shelves and goals is none.
fn bookwyrm(doc: Doc<'_>) -> Option<Work> {
    let content = doc.text("content")?;
    let (at, rest) = content.rmatch_indices("<a href=\"").map(|(at, link)| (at, &content[at + link.len()..])).find(
        |(_, rest)| {
            rest.split('"')
                .next()
                .and_then(|url| url::Url::parse(url).ok())
                .is_some_and(|url| url.path().starts_with("/book/"))
        },
    )?;
    let shown = rest.split_once('>')?.1.split_once("</a>")?.0;
    let title = line(&text::plain(&text::clean(shown)));
    let title = title.trim_matches(|c: char| matches!(c, '"' | '\u{201c}' | '\u{201d}')).to_owned();
    let before = content[..at].rsplit('>').next().unwrap_or_default().trim();
    let cited = before.strip_prefix('\u{2014}').or_else(|| before.strip_prefix("--"));
    let review = doc.text("name").is_some_and(|name| name.starts_with("Review of "));
    let about = before.ends_with("(comment on") || cited.is_some() || review;
    let maker = cited.and_then(|cited| cited.trim().strip_suffix(':')).map(line).unwrap_or_default();
    (about && !title.is_empty()).then(|| Work { title, maker, ..Work::default() })
}

/// The words out of a book that a quotation shows, as the beginning of its text.
pub fn quoted(doc: Doc<'_>) -> String {
    let quote = doc.types().contains(&"Quotation").then(|| doc.text("quote")).flatten();
    quote.map(|quote| format!("<blockquote>{}</blockquote>", html(quote))).unwrap_or_default()
}

/// BookWyrm's quotes are HTML; those of others may be plain. Either is cleaned with the text around it.
fn html(text: &str) -> String {
    if text.trim_start().starts_with('<') { text.to_owned() } else { escape(text) }
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(Work::LONGEST).collect()
}
