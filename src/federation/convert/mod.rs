//! Between our types and ActivityStreams, both ways. Writing is strict and always in one form; reading is lenient.

mod activities;
mod actors;
mod context;
pub mod extras;
mod load;
mod posts;
mod read_actor;
mod read_post;

pub use activities::{Activity, tombstone};
pub use actors::{ActorParts, actor, handle};
pub use context::with_context;
pub use load::{PostParts, load, load_one};
pub use posts::{Address, addressing, note, notice, votes};
pub use read_actor::{ReadActor, ReadGroup, read_actor};
pub use read_post::{ReadPost, Reading, read_post};
