//! How long pages and calls take, and how many queries: a real instance, asked over HTTP.
//!
//! `cargo bench --bench http -- [--quick] [--database URL] [--posts N]`. Without an address it makes a SQLite file in a
//! folder that goes away. Loads are put on a server in a process of its own, on one core; who asks has another. The last
//! line is `bench http key=value …`; times are milliseconds, medians unless a name says otherwise.

use std::net::{Ipv4Addr, SocketAddr};
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

/// How much is made and asked. Posts are made tenfold later on.
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
/// Connections of a load.
const AT_ONCE: usize = 32;

struct Arguments {
    size: Size,
    database: Option<String>,
    /// In the process that is asked: its configuration, and what the bare handler sends.
    serve: Option<(String, String)>,
}

fn arguments() -> Arguments {
    let mut result = Arguments { size: FULL, database: None, serve: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => result.size = QUICK,
            "--database" => result.database = Some(words.next().expect("--database URL")),
            "--posts" => result.size.posts = words.next().and_then(|n| n.parse().ok()).expect("--posts NUMBER"),
            "--serve" => result.serve = words.next().zip(words.next()),
            // What cargo itself adds.
            "--bench" => {}
            other => panic!("no such argument: {other}"),
        }
    }
    result
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let arguments = arguments();
    match arguments.serve {
        Some((config, bytes)) => runtime.block_on(serve(&config, &bytes)),
        None => runtime.block_on(bench(arguments)),
    }
}

/// The process that is asked: an instance, and on the next port a handler that sends the same bytes and does nothing.
async fn serve(config: &str, bytes: &str) {
    let config = Config::load(Some(config.as_ref())).expect("a configuration");
    let bare = SocketAddr::from((Ipv4Addr::LOCALHOST, config.server.listen.port() + 1));
    let body = bytes::Bytes::from(std::fs::read(bytes).expect("the bytes"));
    let router = axum::Router::new().fallback(move || std::future::ready(body.clone()));
    let listener = tokio::net::TcpListener::bind(bare).await.expect("the next port");
    let app = App::start(config, Clock::system()).await.expect("an instance");
    println!("ready");
    axum::serve(listener, router).await.expect("the bare handler");
    app.stop().await;
}

/// What was made.
struct Made {
    people: Vec<Viewer>,
    groups: Vec<Actor>,
}

async fn bench(arguments: Arguments) {
    let dir = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let mut config = Config::default_for("bench.localhost", port, dir.path()).expect("a configuration");
    config.server.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if let Some(url) = &arguments.database {
        config.database.url = ServiceUrl::new(url);
    }
    config.instance.name = Some("Bench".to_owned());
    let file = dir.path().join("kring.toml");
    std::fs::write(&file, config.to_toml().expect("a configuration")).expect("its file");
    let app = App::start(config.clone(), Clock::system()).await.expect("an instance");
    let size = arguments.size;
    let made = make(&app.ctx, size).await;
    let asker = Asker::new(&app.ctx, app.address, made.people[1].actor_id().expect("a member")).await;
    let group = format!("/groups/{}", made.groups[0].name);
    let home_page = asker.page(&app.ctx, "/home", size.asks).await;
    let group_page = asker.page(&app.ctx, &group, size.asks).await;
    let timeline = asker.page(&app.ctx, HOME, size.asks).await;
    let written = write(&app.ctx, &made, size.asks).await;
    println!("{:<28}{:>12}{:>12}{:>10}", "one at a time", "median ms", "p99 ms", "queries");
    for (name, page) in [("home page", &home_page), ("group page", &group_page), ("home timeline", &timeline)] {
        println!("{name:<28}{:>12.2}{:>12.2}{:>10.1}", page.median, page.p99, page.queries);
    }
    println!("{:<28}{:>12.2}{:>12.2}", "write a post (service)", written.0, written.1);

    more_posts(&app.ctx, &made, size.posts * 9).await;
    let grown = asker.page(&app.ctx, HOME, size.asks).await;
    let growth = grown.median / timeline.median;
    println!("home timeline with ten times the posts: {growth:.2} times as long");

    let bytes = dir.path().join("bytes");
    std::fs::write(&bytes, asker.body(HOME).await).expect("the bytes");
    app.stop().await;
    let server = Server::start(&file, &bytes);
    pin(std::process::id(), 1);
    let activity = "application/activity+json";
    let bare = asker.at(port + 1);
    let loads = [
        ("home timeline", asker.load(HOME, "application/json", size.seconds).await),
        ("public timeline", asker.load("/api/v1/timelines/public?limit=20", "application/json", size.seconds).await),
        ("group for servers", asker.load(&group, activity, size.seconds).await),
        ("home page", asker.load("/home", "text/html", size.seconds).await),
        ("bare handler", bare.load("/", "application/json", size.seconds).await),
    ];
    drop(server);
    println!("{:<28}{:>12}{:>12}{:>12}", format!("{AT_ONCE} connections"), "per second", "median ms", "p99 ms");
    for (name, load) in &loads {
        println!("{name:<28}{:>12.0}{:>12.2}{:>12.2}", load.per_second, load.median, load.p99);
    }
    let [home, public, actor, page, bare] = loads.map(|(_, load)| load);
    println!(
        "bench http home_timeline_rps_32={:.0} home_timeline_p99_ms_32={:.3} home_timeline_queries={:.1} \
         group_actor_rps_32={:.0} public_timeline_rps_32={:.0} home_page_ms={:.3} home_page_p99_ms={:.3} \
         home_page_queries={:.1} home_page_rps_32={:.0} group_page_ms={:.3} group_page_queries={:.1} write_post_ms={:.3} \
         bare_handler_rps_32={:.0} growth_10x={growth:.3}",
        home.per_second,
        home.p99,
        timeline.queries,
        actor.per_second,
        public.per_second,
        home_page.median,
        home_page.p99,
        home_page.queries,
        page.per_second,
        group_page.median,
        group_page.queries,
        written.0,
        bare.per_second
    );
}

const HOME: &str = "/api/v1/timelines/home?limit=20";

/// A port that is free, and the next one too.
fn free_port() -> u16 {
    loop {
        let first = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = first.local_addr().expect("its address").port();
        if std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port + 1)).is_ok() {
            return port;
        }
    }
}

/// Keeps a process on one core, where `taskset` and two cores are there.
fn pin(process: u32, core: usize) {
    let done = std::process::Command::new("taskset").args(["-acp", &core.to_string(), &process.to_string()]).output();
    if !done.is_ok_and(|output| output.status.success()) {
        println!("not kept on a core of its own: no taskset, or only one core");
    }
}

/// The process that is asked; it ends with this.
struct Server(std::process::Child);

impl Server {
    fn start(config: &std::path::Path, bytes: &std::path::Path) -> Self {
        use std::io::BufRead as _;
        let program = std::env::current_exe().expect("this program");
        let mut command = std::process::Command::new(program);
        command.arg("--serve").arg(config).arg(bytes).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().expect("the server");
        pin(child.id(), 0);
        let mut lines = std::io::BufReader::new(child.stdout.take().expect("its output")).lines();
        let ready = lines.find(|line| line.as_ref().is_ok_and(|line| line == "ready"));
        assert!(ready.is_some(), "the server did not start");
        Self(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().expect("the server to end");
        self.0.wait().expect("its end");
    }
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
    let made = Made { people: members, groups: made };
    more_posts(ctx, &made, size.posts).await;
    made
}

/// Writes so many posts, and waits until they stand in every timeline.
async fn more_posts(ctx: &Ctx, made: &Made, posts: usize) {
    let begun = Instant::now();
    for number in 0..posts {
        let text = format!("Bericht {number}: **wie** weet hier meer van? Zie ook #meten.");
        let mut form = PostForm::new(PostKind::Message, text);
        form.group = Some(made.groups[number % made.groups.len()].id);
        posts::publish(ctx, &made.people[number % made.people.len()], form).await.expect("a post");
    }
    let written = begun.elapsed().as_secs_f64();
    while kring::store::jobs::count_open(&mut ctx.db.read().await.expect("a connection")).await.expect("a count") > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("{posts} posts written in {written:.1} s, in every timeline after {:.1} s", begun.elapsed().as_secs_f64());
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

/// What a load came to.
struct Load {
    per_second: f64,
    median: f64,
    p99: f64,
}

/// Someone who asks, signed in on the pages and in an app.
#[derive(Clone)]
struct Asker {
    client: reqwest::Client,
    origin: String,
    cookie: String,
    token: String,
}

impl Asker {
    async fn new(ctx: &Ctx, address: SocketAddr, member: ActorId) -> Self {
        // Another library may have chosen the same one before.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let begun = sessions::create(ctx, member, Device::default()).await.expect("a session");
        let token = sessions::api_token(ctx, member, "read").await.expect("a token");
        let host: String = ctx.urls.host().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let client = reqwest::Client::builder().no_proxy().resolve("bench.localhost", loopback);
        let client = client.redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let origin = format!("http://bench.localhost:{}", address.port());
        Self { client, origin, cookie: format!("kring_{host}={}", begun.token), token: format!("Bearer {token}") }
    }

    /// The same one at another port.
    fn at(&self, port: u16) -> Self {
        Self { origin: format!("http://bench.localhost:{port}"), ..self.clone() }
    }

    async fn get(&self, path: &str, accept: &str) -> bytes::Bytes {
        let request = self.client.get(format!("{}{path}", self.origin)).header("accept", accept);
        let request = match path.starts_with("/api/") {
            true => request.header("authorization", &self.token),
            false => request.header("cookie", &self.cookie),
        };
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.expect("a body")
    }

    async fn body(&self, path: &str) -> bytes::Bytes {
        self.get(path, "*/*").await
    }

    /// One request at a time.
    async fn page(&self, ctx: &Ctx, path: &str, times: usize) -> Measured {
        for _ in 0..10 {
            self.body(path).await;
        }
        let before = ctx.db.queries();
        let mut all = Vec::new();
        for _ in 0..times {
            let start = Instant::now();
            self.body(path).await;
            all.push(start.elapsed());
        }
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        let queries = (ctx.db.queries() - before) as f64 / times as f64;
        Measured { median: at(&mut all, 0.5), p99: at(&mut all, 0.99), queries }
    }

    /// Many at once for some seconds.
    async fn load(&self, path: &str, accept: &'static str, seconds: u64) -> Load {
        let end = Instant::now() + Duration::from_secs(seconds);
        let tasks: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (asker, path) = (self.clone(), path.to_owned());
                tokio::spawn(async move {
                    let mut times = Vec::new();
                    while Instant::now() < end {
                        let start = Instant::now();
                        asker.get(&path, accept).await;
                        times.push(start.elapsed());
                    }
                    times
                })
            })
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.expect("a task"));
        }
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        let per_second = all.len() as f64 / seconds as f64;
        Load { per_second, median: at(&mut all, 0.5), p99: at(&mut all, 0.99) }
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
