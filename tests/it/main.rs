//! Every test of Kring: one binary, so that the library is compiled once.

mod i18n;
mod text;
