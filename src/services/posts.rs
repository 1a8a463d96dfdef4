//! Writing, answering, editing and deleting. Posts from here and from peers go through the same rules.

mod around;
mod arriving;
mod change;
mod incoming;
mod lists;
mod moderate;
mod note;
mod quotes;
mod reactions;
mod texts;
mod write;

pub use around::*;
pub use arriving::receive;
pub(in crate::services) use arriving::{Arriving, Taken, take_in_all};
pub use change::{delete, edit};
pub use incoming::{Incoming, IncomingMedia, receive_delete, receive_update};
pub use lists::*;
pub use moderate::*;
pub(in crate::services) use note::Note;
pub use quotes::{answered as quote_answered, may_quote};
pub use reactions::*;
pub use texts::{render_preview, render_text};
pub use write::{NewPoll, PostForm, Published, check, publish};
