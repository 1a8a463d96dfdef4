//! What stands on the card of a link.

use crate::base::{PostId, Time};

/// What the page behind a post's link says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPreview {
    /// The post with the link.
    pub post_id: PostId,
    /// Where it leads.
    pub url: String,
    /// Title of the page; empty when nothing was found.
    pub title: String,
    /// One or two sentences.
    pub description: String,
    /// Key of the picture, among the files.
    pub picture_key: Option<String>,
    /// Type of the picture.
    pub picture_mime: String,
    /// Pixels across.
    pub width: i32,
    /// Pixels down.
    pub height: i32,
    /// When the page was asked.
    pub fetched_at: Time,
}
