//! Every test of Kring: one binary, so that the library is compiled once.

mod fixtures;
mod net;
mod sign;
mod wire;
