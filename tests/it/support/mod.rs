//! What tests share: real instances on either database, people who use them, and browsers without JavaScript.
//!
//! ```ignore
//! #[test]
//! fn a_member_reads_what_another_wrote() {
//!     both(async |app| {
//!         let fatima = app.person("Fatima").await;
//!         let group = app.group(&fatima, "Leeskring", GroupKind::Public).await;
//!         app.post(&fatima, &group, "Wie leest er mee?").await;
//!         app.visitor().get("/groups/leeskring").await.ok().shows("Wie leest er mee?");
//!     });
//! }
//! ```
//!
//! [`both`] runs the test on SQLite and on PostgreSQL. PostgreSQL comes from `KRING_TEST_POSTGRES`, which `./test` sets;
//! without it tests fail, unless `KRING_TEST_SQLITE_ONLY=1` says that it is left out on purpose.

mod app;
mod browser;
mod database;
pub mod people;
mod smoke;

pub use app::{TestApp, both, count, eventually, on_sqlite, run};
pub use browser::{Browser, Page, Upload};
pub use database::{Database, Kind, databases};
pub use people::{PNG, Person};
