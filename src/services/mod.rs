//! Room: the use cases. Each function asks `policy`, opens one transaction and says what follows from it.
//! May import: everything but the doors (web, api, federation), app and cli.

pub mod accounts;
pub mod api;
pub mod branches;
pub mod ctx;
pub mod expertise;
pub mod filters;
pub mod follows;
pub mod group_pages;
pub mod group_requests;
pub mod groups;
pub mod guests;
pub mod instance;
pub mod invitations;
pub mod leaving;
pub mod letters;
pub mod lists;
pub mod media;
pub mod memberships;
pub mod moderation;
pub mod notice_policy;
pub mod notices;
pub mod oauth;
pub mod outgoing;
pub mod passwords;
pub mod peers;
pub mod people;
pub mod pictures;
pub mod posts;
pub mod previews;
pub mod push;
pub mod regards;
pub mod registration;
pub mod retention;
pub mod scheduled;
pub mod seal;
pub mod search;
pub mod secrets;
pub mod sessions;
pub mod sign_in;
pub mod tags;
pub mod terms;
pub mod throttle;
pub mod timelines;
pub mod visitor;

pub use ctx::{Ctx, Instance, Remote};
