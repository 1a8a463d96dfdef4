//! Room: keys and signatures: HTTP signatures of both kinds, object proofs. Pure: no store, no network, no clock.
//! May import: base.

mod base58;
pub mod cavage;
mod digest;
mod incoming;
pub mod jcs;
mod keys;
mod pem;
pub mod proof;
pub mod rfc9421;
mod structured;
mod window;

pub use digest::{content_digest, digest_header, sha256};
pub use incoming::{Form, Incoming, Parsed, SignError, check, parse, verify};
pub use keys::{KeyPair, PublicKey};
