//! Real instances on loopback ports, and what tests do with them.

use std::time::{Duration, Instant};

use kring::base::*;
use kring::config::Config;
use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::{FollowState, GroupKind, Posting};
use kring::domain::peers::PeerState;
use kring::domain::people::Role;
use kring::domain::posts::{Post, PostKind, PostState, PostView};
use kring::policy;
use kring::services::groups::GroupForm;
use kring::services::people::{self, NewMember};
use kring::services::posts::{self, PostForm};
use kring::services::{follows, groups};
use kring::store;
use serde_json::Value;

use crate::api::Phone;
use crate::support::people::findable;
use crate::support::{Browser, Kind, Person, TestApp};

/// Runs a test on each database there is.
macro_rules! on_each_database {
    ($($name:ident => $body:path;)*) => {$(
        #[test]
        fn $name() {
            for kind in $crate::support::databases() {
                $crate::support::run($body(kind));
            }
        }
    )*};
}
pub(crate) use on_each_database;

/// Runs tests on SQLite alone: what they look at has nothing to do with the database.
macro_rules! on_sqlite {
    ($($name:ident => $body:path;)*) => {$(
        #[test]
        fn $name() {
            $crate::support::run($body($crate::support::Kind::Sqlite));
        }
    )*};
}
pub(crate) use on_sqlite;

/// One instance.
pub struct Kring {
    pub app: TestApp,
    pub host: String,
}

impl Kring {
    /// Starts an instance that answers at `NAME.localhost:PORT`.
    pub async fn start(name: &str, kind: Kind) -> Self {
        Self::with(name, kind, |_| {}).await
    }

    pub async fn with(name: &str, kind: Kind, change: impl FnOnce(&mut Config)) -> Self {
        super::logs::start();
        let app = TestApp::named(&format!("{name}.localhost"), kind, change).await;
        let host = app.ctx().urls.host().to_owned();
        Self { app, host }
    }

    /// The same by another clock.
    pub async fn at(clock: &Clock, name: &str, kind: Kind) -> Self {
        super::logs::start();
        let app = TestApp::at(clock.clone(), &format!("{name}.localhost"), kind, |_| {}).await;
        let host = app.ctx().urls.host().to_owned();
        Self { app, host }
    }

    /// Two instances that accepted each other as peers.
    pub async fn peers(names: [&str; 2], kind: Kind) -> (Self, Self) {
        let (a, b) = (Self::start(names[0], kind).await, Self::start(names[1], kind).await);
        a.app.federation().set_peer(&b.host, PeerState::Accepted).await.unwrap();
        b.app.federation().set_peer(&a.host, PeerState::Accepted).await.unwrap();
        (a, b)
    }

    /// Notes that an agreement with another server covers this.
    pub async fn agrees(&self, host: &str, scope: &'static str) {
        let (ctx, host) = (self.ctx().clone(), host.to_owned());
        let work = self.ctx().db.write(move |conn| {
            Box::pin(async move {
                let id = store::actors::ensure_host(conn, HostId(ctx.ids.next()), &host).await?;
                kring::services::peers::set_state(conn, id, PeerState::Accepted, Some(scope)).await
            })
        });
        work.await.unwrap();
    }

    /// An organisation with a name of its own.
    pub async fn organisation(name: &str, shown: &str, kind: Kind) -> Self {
        Self::with(name, kind, |config| config.instance.name = Some(shown.to_owned())).await
    }

    pub fn ctx(&self) -> &kring::services::Ctx {
        self.app.ctx()
    }

    pub fn url(&self, path: &str) -> String {
        self.ctx().urls.absolute(path)
    }

    /// Somebody whom everyone may find.
    pub async fn person(&self, name: &str) -> Viewer {
        let viewer = self.quiet_person(name).await;
        people::set_contact_choices(self.ctx(), &viewer, findable()).await.unwrap();
        viewer
    }

    /// Somebody who did not choose to be found.
    pub async fn quiet_person(&self, name: &str) -> Viewer {
        let new = NewMember { name: name.to_lowercase(), ..NewMember::named(name) };
        let id = people::create_member(self.ctx(), new).await.unwrap();
        Viewer::Member { id, role: Role::Member, guest: false }
    }

    /// The app of somebody here.
    pub async fn phone(&self, who: &Viewer) -> Phone {
        Phone::of(&self.app, &self.known(who).await).await
    }

    /// The browser of somebody here.
    pub async fn browser(&self, who: &Viewer) -> Browser {
        self.app.browser(&self.known(who).await).await
    }

    async fn known(&self, who: &Viewer) -> Person {
        Person { id: who.member_id().unwrap(), name: self.name_of(who).await, viewer: *who }
    }

    pub async fn group(&self, owner: &Viewer, title: &str, kind: GroupKind) -> Actor {
        groups::create(self.ctx(), owner, group_form(title, kind)).await.unwrap()
    }

    /// The account name of somebody here.
    pub async fn name_of(&self, who: &Viewer) -> String {
        let id = who.member_id().unwrap();
        store::actors::get(&mut self.ctx().db.read().await.unwrap(), id).await.unwrap().name
    }

    /// A group elsewhere as it is known here, looked up when it is not.
    pub async fn resolve(&self, name: &str, host: &str) -> Actor {
        self.ctx().remote().unwrap().resolve_handle(name, host).await.unwrap()
    }

    /// Joins a group elsewhere and waits for the answer.
    pub async fn join(&self, who: &Viewer, group: &Actor) {
        follows::request(self.ctx(), who, group.id, "").await.unwrap();
        self.until_state(who, group, Some(FollowState::Accepted)).await;
    }

    pub async fn until_state(&self, who: &Viewer, group: &Actor, wanted: Option<FollowState>) {
        let me = who.member_id().unwrap();
        until(&format!("{wanted:?} of {} at {}", group.uri, self.host), async || {
            let mut conn = self.ctx().db.read().await.unwrap();
            let follow = store::groups::find_follow(&mut conn, me, group.id).await.unwrap();
            (follow.map(|f| f.state) == wanted).then_some(())
        })
        .await;
    }

    pub async fn post(&self, who: &Viewer, group: &Actor, kind: PostKind, title: &str, text: &str) -> Post {
        let form = PostForm { group: Some(group.id), title: title.into(), ..PostForm::new(kind, text) };
        self.publish(who, form).await
    }

    pub async fn comment(&self, who: &Viewer, parent: PostId, text: &str) -> Post {
        let form = PostForm { parent: Some(parent), ..PostForm::new(PostKind::Comment, text) };
        self.publish(who, form).await
    }

    pub async fn publish(&self, who: &Viewer, form: PostForm) -> Post {
        let id = posts::publish(self.ctx(), who, form).await.unwrap().id;
        store::posts::get(&mut self.ctx().db.read().await.unwrap(), id).await.unwrap()
    }

    pub async fn find(&self, uri: &str) -> Option<Post> {
        store::posts::find_by_uri(&mut self.ctx().db.read().await.unwrap(), uri).await.unwrap()
    }

    /// Waits until a post is here and fits.
    pub async fn until_post(&self, uri: &str, fits: impl Fn(&Post) -> bool) -> Post {
        until(&format!("{uri} at {}", self.host), async || self.find(uri).await.filter(|post| fits(post))).await
    }

    pub async fn until_published(&self, uri: &str) -> Post {
        self.until_post(uri, |post| post.state == PostState::Published).await
    }

    /// A post as somebody here sees it.
    pub async fn view(&self, who: &Viewer, id: PostId) -> Result<PostView> {
        let sight = policy::sight(who);
        store::posts::view(&mut self.ctx().db.read().await?, id, &sight).await
    }

    /// Waits until nothing waits: neither jobs nor deliveries.
    pub async fn until_quiet(&self) {
        until(&format!("quiet at {}", self.host), async || {
            let mut conn = self.ctx().db.read().await.unwrap();
            let jobs = store::jobs::count_waiting(&mut conn).await.unwrap();
            let waiting = store::deliveries::count(&mut conn).await.unwrap();
            let unread = store::federation::count_waiting(&mut conn).await.unwrap();
            (jobs == 0 && waiting == 0 && unread == 0).then_some(())
        })
        .await;
    }

    /// The document of a post, whoever may read it: from its stored Create.
    pub async fn document_of(&self, post: &Post) -> Value {
        until(&format!("the Create of {}", post.uri), async || {
            let mut conn = self.ctx().db.read().await.unwrap();
            let stored = store::federation::find_activity(&mut conn, ActivityId(post.id.0)).await.unwrap()?;
            Some(serde_json::from_str::<Value>(&stored.body).unwrap()["object"].clone())
        })
        .await
    }

    /// An unsigned GET, as ActivityPub.
    pub async fn get(&self, url: &str) -> (u16, Value) {
        get_as(url, "application/activity+json").await
    }
}

pub async fn get_as(url: &str, accept: &str) -> (u16, Value) {
    let url = url::Url::parse(url).unwrap();
    let options = kring::net::Options {
        allow_addresses: vec!["127.0.0.0/8".parse().unwrap()],
        allow_http: true,
        ..kring::net::Options::default()
    };
    let client = kring::net::Client::new(&options).unwrap();
    let get = kring::net::Get { accept, ..kring::net::Get::new(&url) };
    let response = client.get(get).await.unwrap();
    (response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null))
}

pub fn group_form(title: &str, kind: GroupKind) -> GroupForm {
    GroupForm {
        title: title.into(),
        name: String::new(),
        description: format!("About {title}"),
        kind,
        hidden: false,
        posting: Posting::Members,
        approval: false,
        outside_members: kind == GroupKind::Private,
        bare_notices: false,
        rules: String::new(),
        card: String::new(),
        topics: String::new(),
        branch_id: None,
        spine: 0,
    }
}

/// Waits until something is there; fails after ten seconds.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Time enough for what should not happen.
pub async fn a_while() {
    tokio::time::sleep(Duration::from_millis(400)).await;
}
