//! Room: reading ActivityStreams as peers really write it: any member may be missing, null, a string, an object or a list.
//! May import: base.

mod collections;
mod doc;
mod envelope;
mod events;
mod ids;
mod keys;
mod kind;
mod media;
mod tags;

pub use collections::Collection;
pub use doc::Doc;
pub use envelope::{Envelope, MAX_BYTES, MAX_DEPTH, WireError, read};
pub use events::{Place, Poll, PollOption};
pub use ids::{IdRules, PUBLIC, is_public_id, same_origin, web_url};
pub use keys::{ActorKey, KeyMaterial};
pub use kind::Kind;
pub use media::{Attachment, AttachmentKind, MediaLink};
pub use tags::{Emoji, Hashtag, Mention, Tags};
