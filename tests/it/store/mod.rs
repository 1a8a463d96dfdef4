//! What both databases promise.

mod durability;
mod jobs;
mod migrations;
mod plans;
mod processes;
mod promises;
mod queues;
