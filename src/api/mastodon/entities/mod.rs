//! What clients read: accounts, statuses and all around them, with every key of INTEROP C.5.

mod account;
mod media;
mod notice;
mod status;

pub use account::{account, credentials, relation, tag};
pub use media::{capability, media};
pub use notice::{KINDS, kinds_of, notice, type_of};
pub use status::{Draw, Outer, history, poll, statuses};
