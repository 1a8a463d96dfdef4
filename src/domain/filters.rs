//! Filters: what someone would rather not see, and whether a text holds it.

use crate::base::{PostId, Time, text_enum};

text_enum! {
    /// What an app does with what matches.
    pub enum FilterAction {
        /// Shows a warning first.
        Warn = "warn",
        /// Leaves it out.
        Hide = "hide",
        /// Blurs pictures.
        Blur = "blur",
    }

    /// Where a filter counts.
    pub enum FilterContext {
        /// Home and lists.
        Home = "home",
        /// Notices.
        Notifications = "notifications",
        /// Public timelines.
        Public = "public",
        /// Threads.
        Thread = "thread",
        /// Profiles.
        Account = "account",
    }
}

/// A word or a post that a filter looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterTerm {
    /// Our id.
    pub id: i64,
    /// The word or words.
    pub keyword: Option<String>,
    /// Only as whole words.
    pub whole_word: bool,
    /// The post.
    pub post: Option<PostId>,
}

/// A filter of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Our id.
    pub id: i64,
    /// What its owner calls it.
    pub title: String,
    /// Where it counts.
    pub contexts: Vec<FilterContext>,
    /// What apps do.
    pub action: FilterAction,
    /// Until when it counts.
    pub expires_at: Option<Time>,
    /// What it looks for.
    pub terms: Vec<FilterTerm>,
}

/// What of a filter was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterMatch {
    /// Words.
    pub keywords: Vec<String>,
    /// Posts.
    pub posts: Vec<PostId>,
}

impl Filter {
    /// What of this filter a post and its text (in small letters) hold; `None` when nothing, or when its time is over.
    pub fn matches(&self, post: PostId, text: &str, now: Time) -> Option<FilterMatch> {
        if self.expires_at.is_some_and(|at| at <= now) {
            return None;
        }
        let mut found = FilterMatch::default();
        for term in &self.terms {
            if term.post == Some(post) {
                found.posts.push(post);
            }
            if let Some(keyword) = term.keyword.as_deref().filter(|word| holds(text, word, term.whole_word)) {
                found.keywords.push(keyword.to_owned());
            }
        }
        (!found.keywords.is_empty() || !found.posts.is_empty()).then_some(found)
    }
}

/// Whether a text in small letters holds a word. A boundary counts only beside a letter or digit of the word itself, so
/// that `#lezen` is found behind anything.
fn holds(text: &str, keyword: &str, whole_word: bool) -> bool {
    let word = keyword.trim().to_lowercase();
    if word.is_empty() {
        return false;
    }
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (starts, ends) = (letter(word.chars().next()), letter(word.chars().next_back()));
    text.match_indices(&word).any(|(at, _)| {
        let before = letter(text[..at].chars().next_back());
        let after = letter(text[at + word.len()..].chars().next());
        !whole_word || !((starts && before) || (ends && after))
    })
}
