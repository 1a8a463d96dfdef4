//! What clients read: accounts, statuses and all around them, with every key of INTEROP C.5.

mod account;
mod filter;
mod media;
mod notice;
mod sheet;
mod status;

pub use account::{account, credentials, relation, tag};
pub use filter::filter;
pub use media::{capability, media};
pub use notice::{kinds_of, notice, type_of};
pub use sheet::Sheet;
pub use status::{Draw, Outer, card, history, poll, statuses};
