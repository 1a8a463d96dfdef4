//! Federation: documents, doors, and instances that meet over real HTTP. Names bear the number of the checklist in
//! FEDERATION.md.

mod closed;
mod discovery;
mod documents;
mod doors;
mod hostile;
mod microblog;
mod pairs;
pub mod peer;
mod queue;
mod support;
mod threadiverse;
