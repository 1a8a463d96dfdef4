//! How long pages take, and how many queries: a real instance, asked over HTTP.
//!
//! `cargo bench --bench http -- [--quick] [--database URL]`. Without an address it makes a SQLite file in a folder that
//! goes away. The last line is `bench http key=value …`; times are milliseconds, medians unless a name says otherwise.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kring::app::App;
use kring::base::{ActorId, Clock};
use kring::config::{Config, ServiceUrl};
use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::{GroupKind, Posting};
use kring::domain::people::Role;
use kring::domain::posts::PostKind;
use kring::services::groups::GroupForm;
use kring::services::people::NewMember;
use kring::services::posts::PostForm;
use kring::services::sessions::{self, Device};
use kring::services::{Ctx, follows, groups, people, posts};

/// How much is made and asked.
#[derive(Clone, Copy)]
struct Size {
    people: usize,
    groups: usize,
    posts: usize,
    asks: usize,
    seconds: u64,
}

const FULL: Size = Size { people: 40, groups: 12, posts: 2_000, asks: 300, seconds: 10 };
const QUICK: Size = Size { people: 10, groups: 4, posts: 200, asks: 60, seconds: 2 };

struct Arguments {
    size: Size,
    database: Option<String>,
}

fn arguments() -> Arguments {
    let mut result = Arguments { size: FULL, database: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => result.size = QUICK,
            "--database" => result.database = Some(words.next().expect("--database URL")),
            // What cargo itself adds.
            "--bench" => {}
            other => panic!("no such argument: {other}"),
        }
    }
    result
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(bench(arguments()));
}

/// What was made.
struct Made {
    people: Vec<Viewer>,
    groups: Vec<Actor>,
}

async fn bench(arguments: Arguments) {
    let dir = tempfile::tempdir().expect("a folder");
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("its address");
    listener.set_nonblocking(true).expect("a listener");
    let mut config = Config::default_for("bench.localhost", address.port(), dir.path()).expect("a configuration");
    if let Some(url) = &arguments.database {
        config.database.url = ServiceUrl::new(url);
    }
    config.instance.name = Some("Bench".to_owned());
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let app = App::start_on(listener, config, Clock::system()).await.expect("an instance");
    let size = arguments.size;
    let begun = Instant::now();
    let made = make(&app.ctx, size).await;
    println!(
        "{} people, {} groups, {} posts in {:.1} s",
        size.people,
        size.groups,
        size.posts,
        begun.elapsed().as_secs_f64()
    );
    tokio::time::sleep(Duration::from_secs(1)).await;

    let asker = Asker::new(&app.ctx, address, made.people[1].actor_id().expect("a member")).await;
    let group = format!("/groups/{}", made.groups[0].name);
    let home = asker.page(&app.ctx, "/home", size.asks).await;
    let group = asker.page(&app.ctx, &group, size.asks).await;
    let bare = asker.page(&app.ctx, "/healthz", size.asks).await;
    let written = write(&app.ctx, &made, size.asks).await;
    let home_rps = asker.load("/home", 32, size.seconds).await;
    let bare_rps = asker.load("/healthz", 32, size.seconds).await;
    println!("{:<24}{:>12}{:>12}{:>10}", "page", "median ms", "p99 ms", "queries");
    for (name, page) in [("home", &home), ("group", &group), ("bare handler", &bare)] {
        println!("{name:<24}{:>12.2}{:>12.2}{:>10.1}", page.median, page.p99, page.queries);
    }
    println!("{:<24}{:>12.2}{:>12.2}", "write a post (service)", written.0, written.1);
    println!(
        "32 connections: home {home_rps:.0}/s, bare handler {bare_rps:.0}/s (asker and server share this machine)"
    );
    println!(
        "bench http home_page_ms={:.3} home_page_p99_ms={:.3} home_page_queries={:.1} group_page_ms={:.3} \
         group_page_queries={:.1} write_post_ms={:.3} home_page_rps_32={home_rps:.0} bare_handler_rps_32={bare_rps:.0}",
        home.median, home.p99, home.queries, group.median, group.queries, written.0
    );
    app.stop().await;
}

async fn make(ctx: &Ctx, size: Size) -> Made {
    let mut members = Vec::new();
    for number in 0..size.people {
        let mut new = NewMember::named(format!("Persoon {number}"));
        new.name = format!("persoon{number}");
        let id = people::create_member(ctx, new).await.expect("a member");
        members.push(Viewer::Member { id, role: Role::Member, guest: false });
    }
    let mut made = Vec::new();
    for number in 0..size.groups {
        let form = GroupForm {
            title: format!("Groep {number}"),
            name: format!("groep{number}"),
            description: "Een groep om te meten.".to_owned(),
            kind: GroupKind::Public,
            hidden: false,
            posting: Posting::Members,
            approval: false,
            outside_members: false,
            rules: String::new(),
            card: String::new(),
            topics: String::new(),
            branch_id: None,
            spine: 0,
        };
        let group = groups::create(ctx, &members[0], form).await.expect("a group");
        for member in &members[1..] {
            follows::request(ctx, member, group.id, "").await.expect("a membership");
        }
        made.push(group);
    }
    for number in 0..size.posts {
        let text = format!("Bericht {number}: **wie** weet hier meer van? Zie ook #meten.");
        let mut form = PostForm::new(PostKind::Message, text);
        form.group = Some(made[number % made.len()].id);
        posts::publish(ctx, &members[number % members.len()], form).await.expect("a post");
    }
    Made { people: members, groups: made }
}

/// Writes posts one after the other; median and 99th percentile in milliseconds.
async fn write(ctx: &Ctx, made: &Made, times: usize) -> (f64, f64) {
    let mut all = Vec::new();
    for number in 0..times {
        let mut form = PostForm::new(PostKind::Message, format!("Gemeten bericht {number}"));
        form.group = Some(made.groups[0].id);
        let start = Instant::now();
        posts::publish(ctx, &made.people[0], form).await.expect("a post");
        all.push(start.elapsed());
    }
    (at(&mut all, 0.5), at(&mut all, 0.99))
}

struct Measured {
    median: f64,
    p99: f64,
    queries: f64,
}

/// Someone who asks for pages, signed in.
struct Asker {
    client: reqwest::Client,
    origin: String,
    cookie: String,
}

impl Asker {
    async fn new(ctx: &Ctx, address: SocketAddr, member: ActorId) -> Arc<Self> {
        // Another library may have chosen the same one before.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let begun = sessions::create(ctx, member, Device::default()).await.expect("a session");
        let host: String = ctx.urls.host().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let client = reqwest::Client::builder().no_proxy().resolve("bench.localhost", address);
        let client = client.redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Arc::new(Self { client, origin: ctx.urls.origin().to_owned(), cookie: format!("kring_{host}={}", begun.token) })
    }

    async fn ask(&self, path: &str) -> Duration {
        let start = Instant::now();
        let url = format!("{}{path}", self.origin);
        let response = self.client.get(url).header("cookie", &self.cookie).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.expect("a body");
        start.elapsed()
    }

    /// One request at a time.
    async fn page(&self, ctx: &Ctx, path: &str, times: usize) -> Measured {
        for _ in 0..10 {
            self.ask(path).await;
        }
        let before = ctx.db.queries();
        let mut all = Vec::new();
        for _ in 0..times {
            all.push(self.ask(path).await);
        }
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        let queries = (ctx.db.queries() - before) as f64 / times as f64;
        Measured { median: at(&mut all, 0.5), p99: at(&mut all, 0.99), queries }
    }

    /// Requests per second with so many at once.
    async fn load(self: &Arc<Self>, path: &'static str, at_once: usize, seconds: u64) -> f64 {
        let end = Instant::now() + Duration::from_secs(seconds);
        let tasks: Vec<_> = (0..at_once)
            .map(|_| {
                let asker = self.clone();
                tokio::spawn(async move {
                    let mut count = 0_u32;
                    while Instant::now() < end {
                        asker.ask(path).await;
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let mut total = 0.0;
        for task in tasks {
            total += f64::from(task.await.expect("a task"));
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds are few")]
        let seconds = seconds as f64;
        total / seconds
    }
}

/// The value at this share of the sorted list, in milliseconds.
fn at(all: &mut [Duration], share: f64) -> f64 {
    all.sort();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = ((all.len() - 1) as f64 * share) as usize;
    all[index].as_secs_f64() * 1000.0
}
