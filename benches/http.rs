//! How long pages and calls take, and how many queries: a real instance, asked over HTTP.
//!
//! `cargo bench --bench http -- [--quick] [--database URL] [--posts N] [--streams N]`. Without an address it makes a SQLite
//! file in a folder that goes away. Loads are put on a server in a process of its own, on one core; who asks has another.
//! The last line is `bench http key=value …`; times are milliseconds, medians unless a name says otherwise.

mod common;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use common::http::{Connection, Load, Request, load};
use common::{Arguments, at, free_port, pin, rss_anon_mb, seed, until_idle};
use futures_util::StreamExt as _;
use kring::app::App;
use kring::base::{Clock, PostId};
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
use kring::services::{Ctx, groups, people, posts};

/// How much is made and asked.
#[derive(Clone, Copy)]
struct Size {
    people: usize,
    groups: usize,
    /// At the end; a tenth of them at first.
    posts: usize,
    asks: usize,
    seconds: f64,
    streams: usize,
}

const FULL: Size = Size { people: 2_000, groups: 100, posts: 200_000, asks: 200, seconds: 4.0, streams: 5_000 };
const QUICK: Size = Size { people: 30, groups: 10, posts: 2_000, asks: 40, seconds: 1.0, streams: 100 };
/// Members who read: each has a home.
const READERS: usize = 20;
/// Answers in the thread that is read.
const ANSWERS: usize = 100;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let arguments = Arguments::read(&["--posts", "--streams", "--serve", "--bytes"]);
    match (arguments.value("--serve"), arguments.value("--bytes")) {
        (Some(config), Some(bytes)) => runtime.block_on(serve(config, bytes)),
        _ => runtime.block_on(bench(&arguments)),
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
    thread: PostId,
}

async fn bench(arguments: &Arguments) {
    let mut size = if arguments.quick { QUICK } else { FULL };
    let number = |word| arguments.value(word).map(|n| n.parse::<usize>().expect("a number"));
    size.posts = number("--posts").unwrap_or(size.posts);
    size.streams = number("--streams").unwrap_or(size.streams);
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
    let begun = Instant::now();
    let newest = (app.ctx.now().micros() / 1000 - 60_000) << 16;
    let made = make(&app.ctx, size).await;
    seed::posts(&app.ctx, newest, (0, size.posts / 10), size.groups, size.people, READERS).await;
    println!("made in {:.1} s: {} posts, {} groups", begun.elapsed().as_secs_f64(), size.posts / 10, size.groups);
    let asks = Asks::new(&app.ctx, &made).await;
    let small = asks.one_by_one(&app.ctx, port, size.asks, "with a tenth of the posts").await;
    let begun = Instant::now();
    seed::posts(&app.ctx, newest, (size.posts / 10, size.posts), size.groups, size.people, READERS).await;
    println!("{} posts more in {:.1} s", size.posts - size.posts / 10, begun.elapsed().as_secs_f64());
    let large = asks.one_by_one(&app.ctx, port, size.asks, "with all posts").await;
    let growth = |name: &str| large[name].median / small[name].median;
    let written = write(&app.ctx, &made, size.asks).await;
    println!("{:<28}{:>12.2}{:>12.2}", "write a post (service)", written.0, written.1);
    let bytes = dir.path().join("bytes");
    std::fs::write(&bytes, Connection::open(port).await.ask(&asks.homes[0]).await).expect("the bytes");
    app.stop().await;

    let server = Server::start(&file, &bytes);
    pin(std::process::id(), 1);
    println!("{:<28}{:>12}{:>12}{:>12}", "connections", "per second", "median ms", "p99 ms");
    let home = asks.loads(port, "home timeline", &asks.homes, size.seconds).await;
    let gzip = load(port, &asks.gzip, 32, size.seconds).await;
    row("home timeline, gzip, 32", &gzip);
    let public = asks.loads(port, "public timeline", &asks.public, size.seconds).await;
    let group = asks.loads(port, "group timeline", &asks.group, size.seconds).await;
    asks.loads(port, "group's statuses, anonymous", &asks.open_group, size.seconds).await;
    let context = asks.loads(port, "context of 100 answers", &asks.context, size.seconds).await;
    let notices = asks.loads(port, "notifications", &asks.notices, size.seconds).await;
    let search = asks.loads(port, "search", &asks.search, size.seconds).await;
    let actor = asks.loads(port, "group for servers", &asks.actor, size.seconds).await;
    let page = asks.loads(port, "home page", &asks.page, size.seconds).await;
    let posting = asks.loads(port, "posting", &asks.posting, size.seconds).await;
    let bare = load(port + 1, &asks.homes, 32, size.seconds).await;
    row("bare handler, 32", &bare);
    // Idle streams, and not what a server keeps of a busy hour.
    drop(server);
    let server = Server::start(&file, &bytes);
    // Nor one that has every query to prepare yet.
    for request in asks.posting.iter().take(30) {
        Connection::open(port).await.ask(request).await;
    }
    until_idle(server.0.id()).await;
    let (rss, told) = streams(port, &asks, &server, size.streams).await;
    println!("{} idle streams: {rss:.0} MB; half of them have a new status after {told:.1} ms", size.streams);
    drop(server);
    println!(
        "bench http home_timeline_rps_32={:.0} home_timeline_p99_ms_32={:.3} home_timeline_rps_1={:.0} \
         home_timeline_gzip_rps_32={:.0} home_timeline_queries={:.1} group_actor_rps_32={:.0} public_timeline_rps_32={:.0} \
         public_timeline_p99_ms_32={:.3} group_timeline_rps_32={:.0} context_rps_32={:.0} context_queries={:.1} \
         notifications_rps_32={:.0} search_rps_32={:.0} posting_rps_32={:.0} posting_p99_ms_32={:.3} home_page_ms={:.3} \
         home_page_p99_ms={:.3} home_page_queries={:.1} home_page_rps_32={:.0} group_page_ms={:.3} group_page_queries={:.1} \
         write_post_ms={:.3} streams={} streams_rss_anon_mb={rss:.0} streams_half_ms={told:.1} bare_handler_rps_32={:.0} \
         growth_10x={:.3} growth_public_10x={:.3} growth_group_10x={:.3} growth_context_10x={:.3}",
        home.1.per_second,
        home.1.p99,
        home.0.per_second,
        gzip.per_second,
        large["home timeline"].queries,
        actor.1.per_second,
        public.1.per_second,
        public.1.p99,
        group.1.per_second,
        context.1.per_second,
        large["context"].queries,
        notices.1.per_second,
        search.1.per_second,
        posting.1.per_second,
        posting.1.p99,
        large["home page"].median,
        large["home page"].p99,
        large["home page"].queries,
        page.1.per_second,
        large["group page"].median,
        large["group page"].queries,
        written.0,
        size.streams,
        bare.per_second,
        growth("home timeline"),
        growth("public timeline"),
        growth("group timeline"),
        growth("context"),
    );
}

fn row(name: &str, load: &Load) {
    println!("{name:<28}{:>12.0}{:>12.2}{:>12.2}", load.per_second, load.median, load.p99);
}

/// The process that is asked; it ends with this.
struct Server(std::process::Child);

impl Server {
    fn start(config: &std::path::Path, bytes: &std::path::Path) -> Self {
        use std::io::BufRead as _;
        let program = std::env::current_exe().expect("this program");
        let mut command = std::process::Command::new(program);
        command.arg("--serve").arg(config).arg("--bytes").arg(bytes).stdout(std::process::Stdio::piped());
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

/// Members and groups by the services, memberships at once, a thread with its answers, and notices.
async fn make(ctx: &Ctx, size: Size) -> Made {
    let member = |number: usize| async move {
        let mut new = NewMember::named(format!("Persoon {number}"));
        new.name = format!("persoon{number}");
        let id = people::create_member(ctx, new).await.expect("a member");
        Viewer::Member { id, role: Role::Member, guest: false }
    };
    let mut members: Vec<Viewer> =
        futures_util::stream::iter(0..size.people).map(member).buffer_unordered(16).collect().await;
    members.sort_unstable_by_key(Viewer::actor_id);
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
            bare_notices: false,
            rules: String::new(),
            card: String::new(),
            topics: String::new(),
            branch_id: None,
            spine: 0,
        };
        made.push(groups::create(ctx, &members[0], form).await.expect("a group"));
    }
    seed::memberships(ctx, size.groups).await;
    let mut form = PostForm::new(PostKind::Message, "Wie kent een goed boek over water?");
    form.group = Some(made[0].id);
    let thread = posts::publish(ctx, &members[0], form).await.expect("a post").id;
    for number in 0..ANSWERS {
        let mut form = PostForm::new(PostKind::Comment, format!("Antwoord {number}: **Dit** boek, @persoon0"));
        form.parent = Some(thread);
        posts::publish(ctx, &members[number % READERS], form).await.expect("an answer");
    }
    settle(ctx).await;
    Made { people: members, groups: made, thread }
}

/// Waits until everything stands in every timeline.
async fn settle(ctx: &Ctx) {
    while kring::store::jobs::count_waiting(&mut ctx.db.read().await.expect("a connection")).await.expect("a count") > 0
    {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
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
    settle(ctx).await;
    (at(&mut all, 0.5), at(&mut all, 0.99))
}

struct Measured {
    median: f64,
    p99: f64,
    queries: f64,
}

/// What is asked, by members in turn where somebody has to be signed in.
struct Asks {
    tokens: Vec<String>,
    homes: Vec<Request>,
    gzip: Vec<Request>,
    public: Vec<Request>,
    known_public: Vec<Request>,
    group: Vec<Request>,
    open_group: Vec<Request>,
    context: Vec<Request>,
    notices: Vec<Request>,
    search: Vec<Request>,
    actor: Vec<Request>,
    page: Vec<Request>,
    group_page: Vec<Request>,
    posting: Vec<Request>,
}

impl Asks {
    async fn new(ctx: &Ctx, made: &Made) -> Self {
        let mut tokens = Vec::new();
        for viewer in made.people.iter().take(READERS) {
            let id = viewer.actor_id().expect("a member");
            tokens.push(sessions::api_token(ctx, id, "read write").await.expect("a token"));
        }
        let begun = sessions::create(ctx, made.people[1].actor_id().expect("a member"), Device::default()).await;
        let host: String = ctx.urls.host().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let cookie = format!("Cookie: kring_{host}={}", begun.expect("a session").token);
        let all = |path: &str, more: &[&str]| {
            let with = |token: &String| {
                let mut lines = vec![format!("Authorization: Bearer {token}")];
                lines.extend(more.iter().map(|line| (*line).to_owned()));
                Request::get(path, &lines)
            };
            tokens.iter().map(with).collect::<Vec<_>>()
        };
        let home = "/api/v1/timelines/home?limit=20";
        let public = "/api/v1/timelines/public?limit=20";
        let group = &made.groups[0];
        let posting = |(number, token): (usize, &String)| {
            let body = format!(
                "{{\"status\":\"Gemeten bericht {number} in !{}\"}}",
                made.groups[number % made.groups.len()].name
            );
            Request::with("POST", "/api/v1/statuses", &[format!("Authorization: Bearer {token}")], &body)
        };
        let activity = ["Accept: application/activity+json".to_owned()];
        let html = ["Accept: text/html".to_owned(), cookie];
        Self {
            homes: all(home, &[]),
            gzip: all(home, &["Accept-Encoding: gzip"]),
            public: vec![Request::get(public, &[])],
            known_public: all(public, &[]),
            group: all(&format!("/api/v1/timelines/list/{}?limit=20", group.id), &[]),
            open_group: vec![Request::get(&format!("/api/v1/accounts/{}/statuses?limit=20", group.id), &[])],
            context: all(&format!("/api/v1/statuses/{}/context", made.thread), &[]),
            notices: all("/api/v1/notifications?limit=20", &[]),
            search: all("/api/v2/search?q=koffie&limit=20", &[]),
            actor: vec![Request::get(&format!("/groups/{}", group.name), &activity)],
            page: vec![Request::get("/home", &html)],
            group_page: vec![Request::get(&format!("/groups/{}", group.name), &html)],
            posting: tokens.iter().enumerate().map(posting).collect(),
            tokens,
        }
    }

    /// One at a time, of an instance in this process: queries can be counted.
    async fn one_by_one(&self, ctx: &Ctx, port: u16, times: usize, when: &str) -> Answers {
        println!("{:<28}{:>12}{:>12}{:>10}", format!("one at a time, {when}"), "median ms", "p99 ms", "queries");
        let mut answers = Answers(Vec::new());
        for (name, requests) in [
            ("home timeline", &self.homes),
            ("public timeline", &self.known_public),
            ("group timeline", &self.group),
            ("context", &self.context),
            ("notifications", &self.notices),
            ("search", &self.search),
            ("home page", &self.page),
            ("group page", &self.group_page),
        ] {
            let mut connection = Connection::open(port).await;
            for request in requests {
                connection.ask(request).await;
            }
            let before = ctx.db.queries();
            let mut all = Vec::new();
            for number in 0..times {
                let start = Instant::now();
                connection.ask(&requests[number % requests.len()]).await;
                all.push(start.elapsed());
            }
            #[expect(clippy::cast_precision_loss, reason = "counts are small")]
            let queries = (ctx.db.queries() - before) as f64 / times as f64;
            let one = Measured { median: at(&mut all, 0.5), p99: at(&mut all, 0.99), queries };
            println!("{name:<28}{:>12.2}{:>12.2}{:>10.1}", one.median, one.p99, one.queries);
            answers.0.push((name, one));
        }
        answers
    }

    /// With one connection, and with 32.
    async fn loads(&self, port: u16, name: &str, requests: &[Request], seconds: f64) -> (Load, Load) {
        load(port, requests, 4, 0.3).await;
        let one = load(port, requests, 1, seconds / 2.0).await;
        row(&format!("{name}, 1"), &one);
        let many = load(port, requests, 32, seconds).await;
        row(&format!("{name}, 32"), &many);
        (one, many)
    }
}

struct Answers(Vec<(&'static str, Measured)>);

impl std::ops::Index<&str> for Answers {
    type Output = Measured;
    fn index(&self, name: &str) -> &Measured {
        &self.0.iter().find(|(known, _)| *known == name).expect("it was asked").1
    }
}

/// So many open streams, half of which a new status belongs to: memory of the server, and how long until half of them (all
/// it belongs to) have it.
async fn streams(port: u16, asks: &Asks, server: &Server, count: usize) -> (f64, f64) {
    let before = rss_anon_mb(server.0.id());
    let mut open = Vec::new();
    for number in 0..count {
        let name = if number % 2 == 0 { "public" } else { "user/notification" };
        let token = &asks.tokens[number % asks.tokens.len()];
        let request = Request::get(&format!("/api/v1/streaming/{name}"), &[format!("Authorization: Bearer {token}")]);
        let mut connection = Connection::open(port).await;
        connection.begin(&request).await;
        open.push((number % 2 == 0, connection));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let memory = rss_anon_mb(server.0.id());
    let mut hearing = Vec::new();
    let mut quiet = Vec::new();
    for (public, mut connection) in open {
        if public {
            hearing.push(tokio::spawn(async move {
                connection.hear("event: update").await;
                // Closing is not part of it.
                (Instant::now(), connection)
            }));
        } else {
            quiet.push(connection);
        }
    }
    let written = "{\"status\":\"Nieuw voor iedereen die luistert\"}";
    let token = format!("Authorization: Bearer {}", asks.tokens[0]);
    let start = Instant::now();
    Connection::open(port).await.ask(&Request::with("POST", "/api/v1/statuses", &[token], written)).await;
    let (mut times, mut heard) = (Vec::new(), Vec::new());
    for task in hearing {
        let (at, connection) = task.await.expect("a stream");
        times.push(at.duration_since(start));
        heard.push(connection);
    }
    drop((quiet, heard));
    println!(
        "streams: {before:.0} MB without them; first {:.1} ms, middle {:.1} ms",
        at(&mut times, 0.0),
        at(&mut times, 0.5)
    );
    (memory, at(&mut times, 1.0))
}
