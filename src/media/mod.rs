//! Room: media: files of posts and profiles: kept in a folder, told apart by content, pictures made ready to show.
//! May import: base, config.

mod app_icon;
mod gif;
pub mod images;
pub mod pdf;
mod sniff;
mod storage;
mod texts;

pub use app_icon::app_icon;
pub use sniff::{Kind, Sniffed, sniff};
pub use storage::Storage;
pub use texts::text_of;
