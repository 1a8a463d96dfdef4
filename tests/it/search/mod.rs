//! Search: what is found, by whom, and how the index keeps up.

mod files;
mod follow;
mod leaks;
mod many;
mod relevance;
mod words;

use kring::domain::Viewer;
use kring::services::search::{self, Found, Item, Wanted};

use crate::support::TestApp;

/// Everything a viewer finds.
async fn found(app: &TestApp, viewer: &Viewer, text: &str) -> Found {
    search::search(app.ctx(), viewer, &Wanted { text: text.to_owned(), ..Wanted::default() }).await.unwrap()
}

/// What it is called: names of people and groups, texts of posts.
async fn names(app: &TestApp, viewer: &Viewer, text: &str) -> Vec<String> {
    let name = |item: Item| match item {
        Item::Person(hit) => hit.actor.display_name,
        Item::Group(line, _) => line.actor.display_name,
        Item::Post(hit) => kring::text::plain(&hit.line.html()),
        Item::File(hit) => hit.name,
        Item::Page(hit) => hit.page.title,
    };
    found(app, viewer, text).await.items.into_iter().map(name).collect()
}
