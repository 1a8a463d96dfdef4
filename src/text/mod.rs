//! Room: text: Markdown and foreign HTML into [`SafeHtml`](crate::base::SafeHtml); mentions, hashtags, language, plain
//! text, search keys. The only place where HTML becomes safe.
//! May import: base, domain, urls.

mod alternate;
mod clean;
mod cut;
mod diff;
mod emoji;
mod found;
mod inline;
mod language;
mod markdown;
mod names;
mod page;
mod plain;
mod terms;
mod tidy;
mod tokens;

pub use alternate::{alternate_in_header, alternate_in_page};
pub use clean::{MAX_FOREIGN_BYTES, clean};
pub use cut::first_paragraphs;
pub use diff::{Run, lines_of, word_diff};
pub use emoji::{bare_of_emoji, is_emoji_name, with_emoji, without_emoji};
pub use found::{Piece, found_in, is_found_in};
pub use inline::Handle;
pub use kring_index::fold;
pub use language::detect_language;
pub use markdown::{Found, Links, MentionLink, render, scan};
pub use names::{name_key, suggest_name};
pub use page::{PageAbout, about_page, first_link};
pub use plain::{excerpt, plain, plain_of_stored};
pub use terms::{term_key, term_keys};
