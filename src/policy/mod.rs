//! Room: who may do what, and what a viewer may see. Pure: it is handed the facts.
//! May import: base, domain.

mod actions;
mod people;
mod sight;

pub use actions::*;
pub use people::*;
pub use sight::sight;
