//! Room: who may do what, and what a viewer may see. Pure: it is handed the facts.
//! May import: base, domain.

mod actions;
mod handover;
mod knowledge;
mod people;
mod sight;

pub use actions::*;
pub use handover::*;
pub use knowledge::{TOLD_HERE, TOLD_PARTNERS, sees_told, told_to};
pub use people::*;
pub use sight::sight;
