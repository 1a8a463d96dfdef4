//! Room: outgoing HTTP. The only client; every address is vetted before a connection is made, every answer is bounded.
//! May import: base.

mod client;
mod failure;
mod flight;
mod guard;
mod request;
mod tls;

pub use client::{Client, Options};
pub use guard::{Cidr, is_public};
pub use request::{Expect, Get, Post, PostOutcome, Response, SignedHeaders, Signer};
