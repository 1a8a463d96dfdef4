//! What people know: consent, vocabulary, who is found, what is asked of them.

mod board;
mod demo;
mod expertise;
mod meetings;
mod questions;
mod suggestions;
mod thanks;
mod tips;
