//! What the demo tells: people, groups and posts, as the files have them.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

use super::files;
use crate::base::{Error, Result};
use crate::domain::groups::{GroupKind, Posting};
use crate::domain::people::{PersonKind, Role};
use crate::domain::posts::PostKind;

/// Someone.
#[derive(Debug, Deserialize)]
pub struct Person {
    pub key: String,
    pub instance: String,
    pub name: String,
    pub email: String,
    pub kind: PersonKind,
    pub role: Role,
    pub title: String,
    pub branch: Option<String>,
    pub about: String,
    pub languages: Vec<String>,
    pub pronunciation: Option<String>,
}

/// A branch.
#[derive(Debug, Deserialize)]
pub struct Branch {
    pub key: String,
    pub instance: String,
    pub name: String,
    pub address: String,
}

/// A group.
#[derive(Debug, Deserialize)]
pub struct Group {
    pub key: String,
    pub instance: String,
    pub title: String,
    pub kind: GroupKind,
    pub hidden: bool,
    pub posting: Posting,
    pub description: String,
    pub rules: String,
    pub pinned: String,
    pub topics: Vec<String>,
    pub spine: i16,
    pub branch: Option<String>,
    pub owner: String,
    pub moderators: Vec<String>,
    pub members: Vec<String>,
    pub outside_members: bool,
    #[serde(skip)]
    pub posts: Vec<Post>,
}

impl Group {
    /// Everyone in it, the owner first, each once.
    pub fn everyone(&self) -> Vec<&str> {
        let mut all: Vec<&str> = vec![&self.owner];
        for key in self.moderators.iter().chain(&self.members) {
            if !all.contains(&key.as_str()) {
                all.push(key);
            }
        }
        all
    }
}

/// A post.
#[derive(Debug, Deserialize)]
pub struct Post {
    pub author: String,
    pub kind: PostKind,
    pub title: Option<String>,
    pub body: String,
    pub days_ago: f64,
    pub picture: Option<String>,
    pub alt: Option<String>,
    pub link: Option<String>,
    pub poll: Option<Poll>,
    #[serde(default)]
    pub comments: Vec<Comment>,
    #[serde(default)]
    pub thanks: Vec<String>,
}

/// A vote.
#[derive(Debug, Deserialize)]
pub struct Poll {
    pub options: Vec<String>,
    pub multiple: bool,
    pub closes_in_days: f64,
    pub votes: HashMap<String, Vec<i32>>,
}

/// A comment.
#[derive(Debug, Deserialize)]
pub struct Comment {
    pub author: String,
    pub body: String,
    pub hours_after: f64,
    #[serde(default)]
    pub accepted: bool,
    #[serde(default)]
    pub replies: Vec<Comment>,
}

/// Everything.
#[derive(Debug)]
pub struct Content {
    pub people: Vec<Person>,
    pub branches: Vec<Branch>,
    pub groups: Vec<Group>,
}

fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    serde_json::from_slice(text).map_err(Error::internal)
}

impl Content {
    /// Reads the files built into the binary.
    pub fn load() -> Result<Self> {
        let mut groups: Vec<Group> = read(files::GROUPS.as_bytes())?;
        for group in &mut groups {
            if let Some((_, posts)) = files::POSTS.iter().find(|(key, _)| *key == group.key) {
                group.posts = read(posts)?;
            }
            group.posts.sort_by(|a, b| b.days_ago.total_cmp(&a.days_ago));
        }
        Ok(Self { people: read(files::PEOPLE.as_bytes())?, branches: read(files::BRANCHES.as_bytes())?, groups })
    }
}
