//! What both databases promise.

mod durability;
mod migrations;
mod plans;
mod processes;
mod promises;
mod queues;
