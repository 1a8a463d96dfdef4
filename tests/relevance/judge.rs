//! Judged questions and how well answers meet them. Shared by the ordinary tests and `benches/relevance.rs`.

use std::collections::HashMap;
use std::path::Path;

use kring::config::Config;
use kring::domain::Viewer;
use kring::services::search::{self, Item, Wanted};
use kring::services::{Ctx, accounts};
use kring::store::search::{ActorText, PostText};
use serde::Deserialize;

/// A question with its answers.
#[derive(Debug, Deserialize)]
pub struct Query {
    /// What is typed.
    pub q: String,
    /// What one would want first.
    pub b: Vec<String>,
    /// Good too.
    #[serde(default)]
    pub g: Vec<String>,
    /// May not be among the first five.
    #[serde(default)]
    pub never: Vec<String>,
    /// What is tried.
    pub why: String,
}

/// All of them.
pub fn queries() -> Vec<Query> {
    #[derive(Deserialize)]
    struct File {
        queries: Vec<Query>,
    }
    toml::from_str::<File>(include_str!("queries.toml")).expect("queries.toml").queries
}

/// Recall among the first five, and nDCG among the first ten.
pub fn score(query: &Query, answers: &[String]) -> (f64, f64) {
    let worth = |answer: &String| -> f64 {
        if query.b.contains(answer) {
            3.0
        } else if query.g.contains(answer) {
            1.0
        } else {
            0.0
        }
    };
    let wanted = (query.b.len() + query.g.len()).min(5);
    let found = answers.iter().take(5).filter(|answer| worth(answer) > 0.0).count();
    let gain = |place: usize, worth: f64| (worth.exp2() - 1.0) / (place as f64 + 2.0).log2();
    let got: f64 = answers.iter().take(10).enumerate().map(|(place, answer)| gain(place, worth(answer))).sum();
    let best = std::iter::repeat_n(3.0, query.b.len()).chain(std::iter::repeat_n(1.0, query.g.len()));
    let ideal: f64 = best.take(10).enumerate().map(|(place, worth)| gain(place, worth)).sum();
    (found as f64 / wanted.max(1) as f64, got / ideal)
}

/// The demo in a folder: the library, with what it knows of its partner.
pub async fn demo(folder: &Path, port: u16) -> Config {
    let side = |domain: &str, port, name: &str| {
        let folder = folder.join(domain);
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut config = Config::default_for(domain, port, &folder).expect("a configuration");
        config.instance.name = Some(name.to_owned());
        config
    };
    let library = side("linde.localhost", port, "Bibliotheek De Linde");
    // Nobody listens there: whoever took the next port would be asked about memberships, know of none, and end them.
    let partner = side("zuid.localhost", 1, "Buurtzorg Zuid");
    kring::cli::demo::fill(library.clone(), partner).await.expect("the demo");
    library
}

/// What answers are called in `queries.toml`.
pub struct Keys {
    posts: HashMap<i64, String>,
    actors: HashMap<i64, String>,
}

impl Keys {
    /// Of the demo.
    pub fn of(posts: &[PostText], actors: &[ActorText]) -> Self {
        let letters = |text: &str| -> String {
            let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            plain.to_lowercase()
        };
        let plain = |post: &PostText| kring::text::plain(&kring::base::SafeHtml::trusted(post.html.clone()));
        let texts: Vec<(i64, String, String)> =
            posts.iter().map(|post| (post.id, post.title.clone(), letters(&plain(post)))).collect();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/demo/content/posts");
        let mut keys = HashMap::new();
        for entry in std::fs::read_dir(folder).expect("the content").map(|entry| entry.expect("a file").path()) {
            let group = entry.file_stem().expect("a name").to_string_lossy().into_owned();
            let file: Vec<serde_json::Value> =
                serde_json::from_slice(&std::fs::read(&entry).expect("a file")).expect("posts");
            for (place, post) in file.iter().enumerate() {
                let title = post["title"].as_str().unwrap_or_default();
                let start: String = letters(post["body"].as_str().unwrap_or_default()).chars().take(30).collect();
                let found = texts.iter().find(|(_, other, text)| other == title && text.starts_with(&start));
                if let Some((id, ..)) = found {
                    keys.insert(*id, format!("{group}/{place}"));
                }
            }
        }
        let kind = |actor: &ActorText| if actor.kind == "group" { "group" } else { "person" };
        let actors = actors.iter().map(|actor| (actor.id, format!("{}/{}", kind(actor), actor.name))).collect();
        Self { posts: keys, actors }
    }

    /// Of an actor.
    pub fn actor(&self, id: i64) -> String {
        self.actors.get(&id).cloned().unwrap_or_default()
    }

    /// Of a thread, by its first post.
    pub fn post(&self, root: i64) -> String {
        self.posts.get(&root).cloned().unwrap_or_else(|| format!("post/{root}"))
    }

    /// Answers that are meant but not in the demo: a mistake in the file.
    pub fn unknown(&self, queries: &[Query]) -> Vec<String> {
        let all = queries.iter().flat_map(|query| query.b.iter().chain(&query.g).chain(&query.never));
        let known = |key: &&String| self.posts.values().chain(self.actors.values()).any(|one| one == *key);
        all.filter(|key| !known(key)).cloned().collect()
    }
}

/// Who asks.
pub async fn asker(ctx: &Ctx) -> Viewer {
    let (member, _) = accounts::find(ctx, "marieke").await.expect("someone of the demo");
    Viewer::Member { id: member.actor_id, role: member.role, guest: false }
}

/// What Kring answers: each thread once.
pub async fn answers(ctx: &Ctx, viewer: &Viewer, keys: &Keys, text: &str) -> Vec<String> {
    let found =
        search::search(ctx, viewer, &Wanted { text: text.to_owned(), ..Wanted::default() }).await.expect("found");
    let mut answers = Vec::new();
    for item in found.items {
        let key = match item {
            Item::Person(hit) => keys.actor(hit.actor.id.0),
            Item::Group(line, _) => keys.actor(line.actor.id.0),
            Item::Post(hit) => keys.post(hit.line.post.root_id.0),
            Item::File(hit) => keys.post(hit.line.post.root_id.0),
            // The judgements are about people, groups and threads.
            Item::Page(_) => continue,
        };
        if !answers.contains(&key) {
            answers.push(key);
        }
    }
    answers
}
