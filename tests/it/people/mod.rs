//! People and access, below the pages.

mod accounts;
mod guests;
mod invitations;
mod leaving;
mod newcomers;
mod sign_in;

use std::path::PathBuf;
use std::sync::Arc;

use kring::base::{ActorId, Clock, Time};
use kring::config::Config;
use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::{GroupKind, Posting};
use kring::domain::people::Role;
use kring::services::ctx::{Ctx, Parts};
use kring::services::groups::GroupForm;
use kring::services::people::NewMember;
use kring::services::sessions::Device;
use kring::services::{groups, letters, people};
use kring::store::Db;

use crate::support::{Database, Kind, databases, run};

/// An instance below its pages: services on a database of its own, with a clock that stands still.
pub struct Place {
    pub ctx: Ctx,
    pub clock: Clock,
    mail: PathBuf,
    _database: Database,
}

/// Runs a test on every database.
pub fn everywhere(test: impl AsyncFn(Place)) {
    for kind in databases() {
        run(async { test(Place::new(kind).await).await });
    }
}

impl Place {
    async fn new(kind: Kind) -> Self {
        let database = Database::fresh(kind).await;
        let mut config = Config::default_for("linde.localhost", 3000, database.dir.path()).unwrap();
        config.database.url = kring::config::ServiceUrl::new(&database.url);
        let clock = Clock::fixed(Time::parse_rfc3339("2026-11-22T10:00:00Z").unwrap());
        let db = Db::open(config.database.url.as_str()).await.unwrap();
        let mail = PathBuf::from(config.mail.url.after("file:").unwrap());
        let ctx = Ctx::new(Parts { db, config: Arc::new(config), clock: clock.clone() }).await.unwrap();
        Self { ctx, clock, mail, _database: database }
    }

    /// A member with an address, and no password.
    pub async fn member(&self, name: &str, role: Role) -> (ActorId, Viewer) {
        let new = NewMember {
            name: name.to_lowercase(),
            email: Some(format!("{}@linde.example", name.to_lowercase())),
            role,
            ..NewMember::named(name)
        };
        let id = people::create_member(&self.ctx, new).await.unwrap();
        (id, Viewer::Member { id, role, guest: false })
    }

    pub async fn group(&self, owner: &Viewer, title: &str, kind: GroupKind) -> Actor {
        groups::create(&self.ctx, owner, group_form(title, kind)).await.unwrap()
    }

    /// Runs the letters that wait, and returns what was sent since the last time: the bodies as text.
    pub async fn letters(&self) -> Vec<String> {
        let now = self.ctx.now();
        let claimed = self
            .ctx
            .db
            .write(move |conn| {
                Box::pin(
                    async move { kring::store::jobs::claim(conn, &[], now, now.plus(Time::MINUTE), 100, 100).await },
                )
            })
            .await
            .unwrap();
        for job in claimed {
            if job.kind == letters::JOB {
                letters::run(&self.ctx, &job.payload).await.unwrap();
            }
            let id = job.id;
            let done =
                self.ctx.db.write(move |conn| Box::pin(async move { kring::store::jobs::finish(conn, &[id]).await }));
            done.await.unwrap();
        }
        let mut out = Vec::new();
        let Ok(files) = std::fs::read_dir(&self.mail) else { return out };
        for file in files {
            let path = file.unwrap().path();
            out.push(decoded(&std::fs::read_to_string(&path).unwrap()));
            std::fs::remove_file(path).unwrap();
        }
        out
    }
}

/// A message without the soft line breaks and escapes of quoted-printable, or out of base64.
fn decoded(message: &str) -> String {
    let (head, body) = message.split_once("\r\n\r\n").unwrap();
    if head.to_lowercase().contains("base64") {
        use base64::Engine as _;
        let joined: String = body.split_whitespace().collect();
        let bytes = base64::engine::general_purpose::STANDARD.decode(joined).unwrap();
        return format!("{head}\n\n{}", String::from_utf8(bytes).unwrap());
    }
    format!("{head}\n\n{}", body.replace("=\r\n", "").replace("=3D", "="))
}

/// The part behind `marker` up to the end of the line.
pub fn after<'a>(text: &'a str, marker: &str) -> &'a str {
    let (_, rest) = text.split_once(marker).unwrap_or_else(|| panic!("no {marker} in {text}"));
    rest.split(['\r', '\n']).next().unwrap().trim()
}

pub fn group_form(title: &str, kind: GroupKind) -> GroupForm {
    GroupForm {
        title: title.into(),
        name: String::new(),
        description: String::new(),
        kind,
        hidden: false,
        posting: Posting::Members,
        approval: false,
        outside_members: false,
        bare_notices: false,
        rules: String::new(),
        card: String::new(),
        topics: String::new(),
        branch_id: None,
        spine: 0,
    }
}

pub fn phone() -> Device {
    Device { agent: "Mozilla/5.0 (Linux; Android 15) Chrome/140 Mobile".into(), address: None, shared: false }
}

/// The codes of the fields that are wrong.
pub fn codes<T: std::fmt::Debug>(result: Result<T, kring::base::Error>) -> Vec<(&'static str, &'static str)> {
    match result {
        Err(kring::base::Error::Invalid { fields }) => fields.iter().map(|f| (f.field, f.code)).collect(),
        other => panic!("not a field error: {other:?}"),
    }
}

/// The reason of a refusal or conflict.
pub fn reason<T: std::fmt::Debug>(result: Result<T, kring::base::Error>) -> &'static str {
    match result {
        Err(kring::base::Error::Forbidden { reason } | kring::base::Error::Conflict { reason }) => reason,
        other => panic!("not refused: {other:?}"),
    }
}
