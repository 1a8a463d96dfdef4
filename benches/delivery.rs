//! How fast activities go out: a real instance with 1,000 followers on 1,000 hosts, over TLS, into one sink.
//!
//! `cargo bench --bench delivery -- [--quick] [--database URL]`. The last line is `bench delivery key=value …`. The sink is
//! a process of its own, so that the CPU that is counted is Kring's; names are led there by `[federation] resolve`, and its
//! certificate is by the authority of the tests.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use kring::app::App;
use kring::base::{ActivityId, ActorId, Clock, FollowId, HostId, SafeHtml, Time};
use kring::config::{Config, ServiceUrl};
use kring::domain::Viewer;
use kring::domain::actors::{Actor, ActorKind};
use kring::domain::groups::{Follow, FollowState, GroupKind, GroupRole, Notify, Posting};
use kring::domain::people::Role;
use kring::domain::posts::PostKind;
use kring::federation::sign::KeyPair;
use kring::services::groups::GroupForm;
use kring::services::people::NewMember;
use kring::services::posts::PostForm;
use kring::services::{Ctx, groups, people, posts};
use kring::store::actors::{self, NewActor};
use kring::store::deliveries::{self, NewDelivery};
use kring::store::federation::{self as rows, NewActivity};
use kring::store::groups as group_rows;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How much is sent.
#[derive(Clone, Copy)]
struct Size {
    hosts: usize,
    posts: usize,
    waiting: usize,
}

const FULL: Size = Size { hosts: 1_000, posts: 10, waiting: 100_000 };
const QUICK: Size = Size { hosts: 40, posts: 2, waiting: 1_000 };

fn main() {
    let (mut size, mut database, mut sink) = (FULL, None, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => size = QUICK,
            "--database" => database = Some(words.next().expect("--database URL")),
            "--sink" => sink = true,
            // What cargo itself adds.
            "--bench" => {}
            other => panic!("no such argument: {other}"),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if sink {
        runtime.block_on(run_sink());
    } else {
        runtime.block_on(bench(size, database));
    }
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

// ---- the sink ---------------------------------------------------------------------------------------------------

/// Takes TLS connections.
struct Tls {
    listener: tokio::net::TcpListener,
    acceptor: tokio_rustls::TlsAcceptor,
}

impl axum::serve::Listener for Tls {
    type Io = tokio_rustls::server::TlsStream<tokio::net::TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.listener.accept().await else { continue };
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Answers 202 to everything, and says on its first line where; what it took it tells at the address of its second line.
/// Names decide: `slow…` answers after five seconds, `dead…` never.
async fn run_sink() {
    let taken = Arc::new(AtomicUsize::new(0));
    let plain = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let told = plain.local_addr().expect("its address");
    let count = taken.clone();
    let tell = Router::new().fallback(move || async move { count.load(Ordering::Relaxed).to_string() });
    tokio::spawn(async move { axum::serve(plain, tell).await.expect("a server") });
    let certificates = CertificateDer::pem_file_iter(fixture("server.pem")).expect("certificates");
    let certificates = certificates.map(|c| c.expect("a certificate")).collect();
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .expect("a certificate with its key");
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    println!("{}\n{told}", listener.local_addr().expect("its address"));
    let tls = Tls { listener, acceptor: tokio_rustls::TlsAcceptor::from(Arc::new(config)) };
    let router = Router::new().fallback(move |headers: http::HeaderMap, body: axum::body::Bytes| async move {
        drop(body);
        let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
        if host.starts_with("slow") {
            tokio::time::sleep(Duration::from_secs(5)).await;
        } else if host.starts_with("dead") {
            std::future::pending::<()>().await;
        } else {
            taken.fetch_add(1, Ordering::Relaxed);
        }
        http::StatusCode::ACCEPTED
    });
    axum::serve(tls, router).await.expect("a server");
}

/// The sink's process; it ends with this.
struct Sink {
    process: Child,
    address: SocketAddr,
    told: String,
    client: reqwest::Client,
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Sink {
    fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut process = Command::new(program).arg("--sink").stdout(Stdio::piped()).spawn().expect("the sink");
        let mut output = BufReader::new(process.stdout.take().expect("its output")).lines();
        let mut line = || output.next().expect("a line").expect("text");
        let address = line().trim().parse().expect("an address");
        let told = format!("http://{}/", line().trim());
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { process, address, told, client }
    }

    /// How many deliveries it took, those for slow and dead names left out.
    async fn taken(&self) -> usize {
        let answer = self.client.get(&self.told).send().await.expect("an answer");
        answer.text().await.expect("text").parse().expect("a number")
    }

    /// Waits until it took so many.
    async fn until(&self, count: usize) {
        while self.taken().await < count {
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
    }
}

// ---- the instance -----------------------------------------------------------------------------------------------

async fn bench(size: Size, database: Option<String>) {
    let dir = tempfile::tempdir().expect("a folder");
    let sink = Sink::start();
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    listener.set_nonblocking(true).expect("a listener");
    let mut config = Config::default_for("bench.localhost", port, dir.path()).expect("a configuration");
    if let Some(url) = &database {
        config.database.url = ServiceUrl::new(url);
    }
    config.instance.name = Some("Bench".to_owned());
    config.federation.extra_ca = Some(fixture("ca.pem"));
    config.federation.resolve.insert("*.peer.test".to_owned(), sink.address);
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let app = App::start_on(listener, config, Clock::system()).await.expect("an instance");
    let ctx = &app.ctx;
    let (ada, group, other) = make(ctx, size.hosts).await;
    let sign_limit = sign_limit();

    // The first post opens the connections, as a first post does; it is not counted.
    publish(ctx, &ada, &group, "Het eerste bericht").await;
    until_empty(ctx).await;
    let (start, cpu) = (Instant::now(), cpu_seconds());
    for number in 0..size.posts {
        publish(ctx, &ada, &group, &format!("Bericht {number}: wie weet **meer** van de molen?")).await;
    }
    until_empty(ctx).await;
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let sent = count(size.hosts * size.posts);
    let per_s = sent / seconds;
    let over_sign = cpu / sent * sign_limit.one_core;

    let one_post = one_post(ctx, &sink, &ada, &group, size.hosts).await;
    let (well, among_sick) = with_sick_hosts(ctx, &sink, &ada, size.hosts).await;
    let rss_before = rss_anon_mb();
    fill(ctx, &group, size, Time::HOUR).await;
    let rss = rss_anon_mb();
    let wait = public_post_wait(ctx, &ada, &other).await;

    println!("{:<52}{:>12}", format!("deliveries per second to {} hosts", size.hosts), format!("{per_s:.0}"));
    println!("{:<52}{:>12}", "RSA-2048 signatures per second, all cores", format!("{:.0}", sign_limit.all_cores));
    println!("{:<52}{:>12}", "CPU of Kring per delivery, in signatures", format!("{over_sign:.2}"));
    println!("{:<52}{:>12}", format!("one post at all of {} inboxes, ms", size.hosts), format!("{one_post:.0}"));
    println!("{:<52}{:>12}", "healthy hosts have a post, alone, ms", format!("{well:.0}"));
    println!("{:<52}{:>12}", "… with a third slow and a tenth dead, ms", format!("{among_sick:.0}"));
    println!("{:<52}{:>12}", "RssAnon before, MB", format!("{rss_before:.1}"));
    println!("{:<52}{:>12}", format!("RssAnon with {} waiting, MB", size.waiting), format!("{rss:.1}"));
    println!("{:<52}{:>12}", format!("a post behind {} deliveries, ms", size.waiting), format!("{wait:.0}"));
    println!("the sink is another process on this machine");
    println!(
        "bench delivery per_s={per_s:.1} sign_limit_per_s={:.1} cpu_per_delivery_over_sign={over_sign:.3} \
         rss_anon_mb_100k_waiting={rss:.1} public_post_wait_ms={wait:.1} one_post_ms={one_post:.1} \
         healthy_alone_ms={well:.1} healthy_among_sick_ms={among_sick:.1} rss_anon_mb_before={rss_before:.1}",
        sign_limit.all_cores
    );
    app.stop().await;
}

fn count(n: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    let n = n as f64;
    n
}

/// How long it takes until one post is at all inboxes, in milliseconds: the middle of three.
async fn one_post(ctx: &Ctx, sink: &Sink, ada: &Viewer, group: &Actor, hosts: usize) -> f64 {
    let mut times = Vec::new();
    for number in 0..3 {
        let (before, start) = (sink.taken().await, Instant::now());
        publish(ctx, ada, group, &format!("Nog een bericht {number}")).await;
        sink.until(before + hosts).await;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
        until_empty(ctx).await;
    }
    times.sort_by(f64::total_cmp);
    times[1]
}

/// How long it takes until the healthy hosts have a post, in milliseconds: of a group with followers on those alone, and of
/// one with followers on as many hosts that a third more are slow and a tenth dead of all.
async fn with_sick_hosts(ctx: &Ctx, sink: &Sink, ada: &Viewer, hosts: usize) -> (f64, f64) {
    let (slow, dead) = (hosts / 3, hosts / 10);
    let healthy = hosts - slow - dead;
    let alone = groups::create(ctx, ada, form("gezond")).await.expect("a group");
    let mixed = groups::create(ctx, ada, form("ziek")).await.expect("a group");
    for number in 0..healthy {
        add_follower(ctx, &format!("host{number}.peer.test"), alone.id).await;
    }
    // In no order, as hosts are.
    for number in 0..hosts {
        let kind = match number * 7 % hosts {
            n if n < slow => "slow",
            n if n < slow + dead => "dead",
            _ => "host",
        };
        add_follower(ctx, &format!("{kind}{number}.peer.test"), mixed.id).await;
    }
    let mut times = Vec::new();
    for group in [&alone, &mixed] {
        let (before, start) = (sink.taken().await, Instant::now());
        publish(ctx, ada, group, "Hoe gaat het met iedereen?").await;
        sink.until(before + healthy).await;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    (times[0], times[1])
}

/// A member, a group with a follower on each host, and one with a single follower.
async fn make(ctx: &Ctx, hosts: usize) -> (Viewer, Actor, Actor) {
    let mut new = NewMember::named("Ada");
    new.name = "ada".to_owned();
    let id = people::create_member(ctx, new).await.expect("a member");
    let ada = Viewer::Member { id, role: Role::Member, guest: false };
    let group = groups::create(ctx, &ada, form("groep")).await.expect("a group");
    let other = groups::create(ctx, &ada, form("stil")).await.expect("a group");
    for number in 0..hosts {
        add_follower(ctx, &format!("host{number}.peer.test"), group.id).await;
    }
    add_follower(ctx, "quiet.peer.test", other.id).await;
    (ada, group, other)
}

fn form(name: &str) -> GroupForm {
    GroupForm {
        title: name.to_owned(),
        name: name.to_owned(),
        description: "Om te meten.".to_owned(),
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
    }
}

/// A follower elsewhere, at a server that reads groups.
async fn add_follower(ctx: &Ctx, host: &str, group: ActorId) {
    let (c, host) = (ctx.clone(), host.to_owned());
    let write = ctx.db.write(move |conn| {
        Box::pin(async move {
            let (now, ids) = (c.now(), c.ids.clone());
            let host_id = actors::ensure_host(conn, HostId(ids.next()), &host).await?;
            rows::set_software(conn, host_id, Some("lemmy"), Some("1.0"), now).await?;
            let actor = actors::upsert(conn, &somebody(ActorId(ids.next()), host_id, &host, now)).await?;
            let id = FollowId(ids.next());
            let follow = Follow {
                id,
                follower_id: actor.id,
                target_id: group,
                state: FollowState::Accepted,
                role: GroupRole::Member,
                may_post: false,
                uri: Some(format!("https://{host}/follows/{id}")),
                notify: Notify::Mentions,
                muted: false,
                reason: String::new(),
                until_at: None,
                seen_seq: 0,
                created_at: now,
            };
            group_rows::upsert_follow(conn, &follow).await.map(|_| ())
        })
    });
    write.await.expect("a follower");
}

fn somebody(id: ActorId, host_id: HostId, host: &str, now: Time) -> NewActor {
    let uri = format!("https://{host}/users/sam");
    NewActor {
        id,
        host_id,
        kind: ActorKind::Person,
        name: "sam".to_owned(),
        display_name: "Sam".to_owned(),
        summary_source: String::new(),
        summary_html: SafeHtml::default(),
        url: uri.clone(),
        inbox: format!("{uri}/inbox"),
        shared_inbox: Some(inbox_of(host)),
        outbox: None,
        followers_uri: None,
        featured_uri: None,
        moderators_uri: None,
        icon_url: None,
        header_url: None,
        locked: false,
        discoverable: false,
        search_text: "sam".to_owned(),
        created_at: now,
        fetched_at: Some(now),
        uri,
    }
}

fn inbox_of(host: &str) -> String {
    format!("https://{host}/inbox")
}

async fn publish(ctx: &Ctx, author: &Viewer, group: &Actor, text: &str) -> ActivityId {
    let mut form = PostForm::new(PostKind::Message, text);
    form.group = Some(group.id);
    ActivityId(posts::publish(ctx, author, form).await.expect("a post").id.0)
}

/// Waits until nothing is to be sent any more.
async fn until_empty(ctx: &Ctx) {
    loop {
        let mut conn = ctx.db.read().await.expect("a connection");
        let jobs = kring::store::jobs::count_waiting(&mut conn).await.expect("a count");
        let waiting = deliveries::count(&mut conn).await.expect("a count");
        if jobs == 0 && waiting == 0 {
            return;
        }
        drop(conn);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Puts deliveries in the lanes of all hosts, due after `pause`.
async fn fill(ctx: &Ctx, group: &Actor, size: Size, pause: i64) {
    let each = size.waiting / size.hosts;
    for _ in 0..each {
        let (c, signer, hosts) = (ctx.clone(), group.clone(), size.hosts);
        let write = ctx.db.write(move |conn| {
            Box::pin(async move {
                let (id, now) = (ActivityId(c.ids.next()), c.now());
                let uri = c.urls.activity(id);
                let new = NewActivity {
                    id,
                    kind: "Announce".to_owned(),
                    actor_id: Some(signer.id),
                    actor_uri: signer.uri.clone(),
                    audience_id: None,
                    incoming: false,
                    body: serde_json::json!({"id": uri, "type": "Announce", "actor": signer.uri, "object": uri})
                        .to_string(),
                    received_at: now,
                    uri,
                };
                rows::insert_activity(conn, &new).await?;
                for number in 0..hosts {
                    let host = format!("host{number}.peer.test");
                    let (signer_id, inbox) = (signer.id, inbox_of(&host));
                    let new = NewDelivery { id: c.ids.next(), signer_id, activity_id: id, inbox, host, quick: false };
                    deliveries::enqueue(conn, &new, now.plus(pause)).await?;
                }
                Ok(())
            })
        });
        write.await.expect("deliveries");
    }
}

/// How long a post for one follower takes while everything else that waits is due as well, in milliseconds.
async fn public_post_wait(ctx: &Ctx, ada: &Viewer, other: &Actor) -> f64 {
    let now = ctx.now();
    let wake = ctx.db.write(move |conn| Box::pin(async move { deliveries::wake_all(conn, now).await }));
    wake.await.expect("all lanes");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let start = Instant::now();
    let post = publish(ctx, ada, other, "Een bericht achteraan").await;
    // The group's Announce of it: the id of the Create with the mark of wrapping.
    let announced = ActivityId(post.0 | 1 << 58);
    let lane = format!("{} {}", other.id, inbox_of("quiet.peer.test"));
    loop {
        let mut conn = ctx.db.read().await.expect("a connection");
        let written = rows::find_activity(&mut conn, announced).await.expect("a look").is_some();
        let waiting = deliveries::in_lanes(&mut conn, std::slice::from_ref(&lane), 1).await.expect("a look").concat();
        drop(conn);
        if written && waiting.is_empty() {
            return start.elapsed().as_secs_f64() * 1000.0;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

// ---- limits and figures -----------------------------------------------------------------------------------------

struct SignLimit {
    one_core: f64,
    all_cores: f64,
}

/// RSA-2048 signatures per second.
fn sign_limit() -> SignLimit {
    let key = KeyPair::generate_rsa().expect("a key");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let run = |threads: usize| {
        let start = Instant::now();
        let done: usize = std::thread::scope(|scope| {
            let signers: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut done = 0;
                        while start.elapsed() < Duration::from_secs(1) {
                            key.sign(b"(request-target): post /inbox").expect("a signature");
                            done += 1;
                        }
                        done
                    })
                })
                .collect();
            signers.into_iter().map(|s| s.join().expect("a thread")).sum()
        });
        count(done) / start.elapsed().as_secs_f64()
    };
    SignLimit { one_core: run(1), all_cores: run(cores) }
}

/// CPU that this process has used. The kernel counts in hundredths of a second (`getconf CLK_TCK`).
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: usize = after.split_whitespace().skip(11).take(2).map(|n| n.parse::<usize>().expect("ticks")).sum();
    count(ticks) / 100.0
}

/// Memory of this process that no file stands behind, in megabytes.
fn rss_anon_mb() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find(|line| line.starts_with("RssAnon:")).unwrap_or_default();
    let kilobytes: usize = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    count(kilobytes) / 1000.0
}
