//! What people know: consent, vocabulary, who is found, what is asked of them.

mod expertise;
mod questions;
