//! Room: the ground under everything: ids, time, randomness, pages of a list, errors, clean HTML.
//! May import: nothing of ours.

mod clock;
mod error;
mod html;
mod id;
mod page;
mod rng;
mod text_enum;
mod time;

pub use clock::Clock;
pub use error::{Error, FieldError, Result};
pub use html::SafeHtml;
pub use id::*;
pub use page::{Cursor, Page, Paged};
pub use rng::Rng;
pub(crate) use text_enum::text_enum;
pub use time::Time;
