//! What people know: consent, vocabulary, who is found, what is asked of them.

mod board;
mod demo;
mod expertise;
mod questions;
mod thanks;
mod tips;
