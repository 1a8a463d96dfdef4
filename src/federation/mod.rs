//! Room: the door to other servers: reading and writing ActivityPub, signatures, discovery.
//! May import: everything below the doors.

mod backfill;
mod contacts;
mod convert;
mod described;
mod directory;
mod doors;
mod fetch;
mod gathered;
mod handover;
mod history;
mod inbound;
mod keys;
mod known;
mod meetings;
mod memberships;
mod outbound;
mod peering;
mod peers;
mod people;
mod quotes;
mod resolve;
mod seats;
pub mod sign;
mod state;
pub mod wire;

pub use doors::{guessing, negotiate, negotiation, router};
pub use state::Federation;
