//! What both databases promise.

mod durability;
mod migrations;
mod processes;
mod promises;
mod queues;
