//! Kring: a federated community server. `docs/ARCHITECTURE.md` is the map of these rooms.

pub mod base;
pub mod config;
pub mod i18n;
pub mod mail;
pub mod media;
pub mod text;
