//! Federation: documents, doors, and instances that meet over real HTTP. Names bear the number of the checklist in
//! FEDERATION.md.

mod apps;
mod as_sent;
mod backfill;
mod captured;
mod closed;
mod contacts;
mod directory;
mod discovery;
mod documents;
mod door;
mod doors;
mod extras;
mod handover;
mod hostile;
mod keys;
mod known;
mod meetings;
mod memberships;
mod microblog;
mod moving;
mod orders;
mod pairs;
pub mod peer;
mod peering;
mod people;
mod proofs;
mod queue;
mod quotes;
mod reports;
mod requests;
mod shapes;
mod signed;
mod support;
mod threadiverse;
