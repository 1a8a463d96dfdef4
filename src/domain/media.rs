//! Files that belong to posts and profiles.

use crate::base::{ActorId, MediaId, PostId, text_enum};

text_enum! {
    /// What a file is, by its content.
    pub enum MediaKind {
        /// JPEG, PNG, WebP, GIF.
        Image = "image",
        /// PDF, office, text.
        Document = "document",
        /// Sound.
        Audio = "audio",
        /// Film.
        Video = "video",
    }

    /// Whether the file can be shown.
    pub enum MediaState {
        /// Kept at a peer; fetched when asked for.
        Remote = "remote",
        /// Thumbnail in the making.
        Processing = "processing",
        /// Ready.
        Ready = "ready",
        /// Could not be read.
        Failed = "failed",
    }

    /// What a file is for.
    pub enum MediaPurpose {
        /// Part of a post.
        Post = "post",
        /// Someone's picture.
        Avatar = "avatar",
        /// The organisation's logo.
        Logo = "logo",
    }
}

/// A file. It is as private as its post; a profile's picture is public.
#[derive(Clone, Debug)]
pub struct Media {
    /// Our id; part of its address.
    pub id: MediaId,
    /// Who put it there.
    pub owner_id: ActorId,
    /// The post it belongs to; none while composing.
    pub post_id: Option<PostId>,
    /// What for.
    pub purpose: MediaPurpose,
    /// Place within the post, from 0.
    pub position: i32,
    /// What it is.
    pub kind: MediaKind,
    /// MIME type.
    pub mime: String,
    /// Name it came with.
    pub file_name: String,
    /// Bytes.
    pub size: i64,
    /// Pixels.
    pub width: Option<i32>,
    /// Pixels.
    pub height: Option<i32>,
    /// A blur to show while loading.
    pub blurhash: Option<String>,
    /// Alternative text.
    pub description: String,
    /// Focal point, −1 to 1.
    pub focus_x: Option<f64>,
    /// Focal point, −1 to 1.
    pub focus_y: Option<f64>,
    /// Key in the media store.
    pub key: Option<String>,
    /// Key of the thumbnail.
    pub thumb_key: Option<String>,
    /// MIME type of the thumbnail.
    pub thumb_mime: Option<String>,
    /// Where a peer keeps it.
    pub remote_url: Option<String>,
    /// Whether it can be shown.
    pub state: MediaState,
}
