//! Room: the door to other servers: reading and writing ActivityPub, signatures, discovery.
//! May import: everything below the doors.

pub mod sign;
pub mod wire;
