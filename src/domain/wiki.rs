//! The knowledge base of a group: pages that are written together.

use crate::base::{ActorId, AudienceId, SafeHtml, Time, WikiId};
use crate::domain::actors::ActorCard;

/// A page as it is now.
#[derive(Clone, Debug)]
pub struct WikiPage {
    /// Our id.
    pub id: WikiId,
    /// Whose.
    pub group_id: ActorId,
    /// Who reads it.
    pub audience_id: AudienceId,
    /// Title.
    pub title: String,
    /// Markdown.
    pub source: String,
    /// What is shown.
    pub html: SafeHtml,
    /// Number of this version, from 1.
    pub version: i64,
    /// Who wrote it.
    pub updated_by: ActorId,
    /// When the page began.
    pub created_at: Time,
    /// When this version was written.
    pub updated_at: Time,
}

/// A version of a page.
#[derive(Clone, Debug)]
pub struct WikiVersion {
    /// Its number, from 1.
    pub number: i64,
    /// Title.
    pub title: String,
    /// Markdown.
    pub source: String,
    /// What was changed, in the writer's words.
    pub note: String,
    /// Who wrote it.
    pub author: ActorCard,
    /// When.
    pub created_at: Time,
}
