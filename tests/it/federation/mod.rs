//! Federation: documents, doors, and instances that meet over real HTTP.

mod documents;
mod pairs;
mod peer;
mod support;
