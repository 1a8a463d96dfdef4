//! What both databases promise.

mod durability;
mod gathered;
mod jobs;
mod migrations;
mod plans;
mod processes;
mod promises;
mod queues;
