//! Room: plain types and pure rules of what Kring is about. No input, no output.
//! May import: base.

pub mod actors;
pub mod audiences;
pub mod colour;
pub mod events;
pub mod extras;
pub mod filters;
pub mod groups;
pub mod knowledge;
pub mod media;
pub mod meetings;
pub mod moderation;
pub mod names;
pub mod newcomers;
pub mod notices;
pub mod peers;
pub mod people;
pub mod posts;
pub mod previews;
pub mod search;
pub mod thanks;
pub mod viewer;
pub mod wiki;

pub use viewer::{Sight, Viewer};
