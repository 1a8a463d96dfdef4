//! Kring: a federated community server. `docs/ARCHITECTURE.md` is the map of these rooms.

pub mod api;
pub mod app;
pub mod base;
pub mod cli;
pub mod config;
pub mod domain;
pub mod federation;
pub mod i18n;
pub mod jobs;
pub mod live;
pub mod mail;
pub mod media;
pub mod net;
pub mod policy;
pub mod services;
pub mod store;
pub mod text;
pub mod urls;
pub mod web;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
