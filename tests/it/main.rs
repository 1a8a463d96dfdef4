//! Every test of Kring: one binary, so that the library is compiled once.

mod api;
mod cli;
mod config;
mod federation;
mod fixtures;
mod i18n;
mod knowledge;
mod live;
mod mail;
mod media;
mod metrics;
mod net;
mod people;
mod policy;
mod search;
mod sign;
mod store;
mod support;
mod text;
mod tidy;
mod web;
mod wire;
