use serde_json::{Value, json};

use crate::base::{PostId, Time};
use crate::domain::filters::Filter;
use crate::domain::posts::PostView;

/// `Filter` as a status names it: without what it looks for.
pub fn filter(filter: &Filter) -> Value {
    json!({
        "id": filter.id.to_string(),
        "title": filter.title,
        "context": filter.contexts,
        "expires_at": filter.expires_at.map(Time::to_rfc3339),
        "filter_action": filter.action,
    })
}

/// Everything of a post that a filter looks at, in small letters.
pub fn looked_at(view: &PostView) -> String {
    let mut text = format!("{}\n{}\n{}", view.post.warning, view.post.title, crate::text::plain(&view.html()));
    for option in view.poll.iter().flat_map(|poll| &poll.options) {
        text.push('\n');
        text.push_str(&option.title);
    }
    for file in &view.media {
        text.push('\n');
        text.push_str(&file.description);
    }
    text.to_lowercase()
}

/// `FilterResult`s of a post, of which `text` is what filters look at.
pub fn filtered(filters: &[Filter], post: PostId, text: &str, now: Time) -> Value {
    let result = |one: &Filter| {
        let found = one.matches(post, text, now)?;
        let posts: Vec<String> = found.posts.iter().map(ToString::to_string).collect();
        Some(json!({ "filter": filter(one), "keyword_matches": found.keywords, "status_matches": posts }))
    };
    filters.iter().filter_map(result).collect()
}
