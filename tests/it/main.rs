//! Every test of Kring: one binary, so that the library is compiled once.

mod api;
mod config;
mod federation;
mod i18n;
mod mail;
mod media;
mod text;
mod fixtures;
mod net;
mod sign;
mod wire;
mod store;
mod support;
mod tidy;
mod people;
mod web;
