//! Room: the two databases. The only place that knows diesel and SQL; one file per noun.
//! May import: base, config, domain, urls, policy, text, i18n, live.
//!
//! Functions take `&mut Conn` and never open a transaction: services do, with [`Db::write`].

mod among;
mod columns;
mod conn;
mod fixed;
mod query;
mod rows;
pub mod schema;
mod sight;
mod stamp;
mod together;
pub mod transfer;
mod types;

pub mod activities;
pub mod actors;
pub mod aliases;
pub mod api;
pub mod branches;
pub mod contacts;
pub mod deliveries;
pub mod emoji;
pub mod expertise;
pub mod extras;
pub mod federation;
pub mod filters;
pub mod followers;
pub mod follows;
pub mod group_requests;
pub mod groups;
pub mod invitations;
pub mod jobs;
pub mod known;
pub mod leaving;
pub mod lists;
pub mod live;
pub mod lookups;
pub mod marks;
pub mod media;
pub mod meetings;
pub mod members;
pub mod memberships;
pub mod moderation;
pub mod newcomers;
pub mod notice_followers;
pub mod notice_policy;
pub mod notices;
pub mod oauth;
pub mod peers;
pub mod people;
pub mod posts;
pub mod previews;
pub mod push;
pub mod questions;
pub mod referrals;
pub mod regards;
pub mod scheduled;
pub mod search;
pub mod sessions;
pub mod settings;
pub mod sign_in;
pub mod suggestions;
pub mod tags;
pub mod terms;
pub mod thanks;
pub mod trends;
pub mod wiki;

pub(crate) use conn::db_fn;
use conn::paged;
pub use conn::{Conn, Db, Sq, counting_queries, is_postgres, with_short_reads};
pub use sight::{who_reads, who_sees};
pub use together::Together;
