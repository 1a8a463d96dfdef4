//! Room: the use cases. Each function asks `policy`, opens one transaction and says what follows from it.
//! May import: everything but the doors (web, api, federation), app and cli.

pub mod ctx;
pub mod follows;
pub mod groups;
pub mod media;
pub mod moderation;
pub mod notices;
pub mod posts;
pub mod timelines;

pub use ctx::{Ctx, Instance, Remote};
