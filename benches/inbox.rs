//! How fast signed activities come in: a real instance, its shared inbox, senders on several hosts.
//!
//! `cargo bench --bench inbox -- [--quick] [--queries] [--database URL]`; `--queries` tells them, and how often each is asked
//! for an activity and for a follow, in place of measuring. The last line is `bench inbox key=value …`. Accepted is
//! verified, told apart from repeats and stored durably; processed is worked on to the end. Beside them what this machine
//! could do at most: verifying signatures on all cores, and the same database's durable inserts in batches.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use kring::app::App;
use kring::base::{ActivityId, ActorId, AudienceId, Clock, EntryId, PostId, Time};
use kring::config::{Config, ServiceUrl};
use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::{GroupKind, Posting};
use kring::domain::people::Role;
use kring::domain::posts::{Entry, EntryKind, Post, PostKind, PostState};
use kring::federation::sign::{self, Incoming, KeyPair, cavage};
use kring::services::groups::GroupForm;
use kring::services::people::NewMember;
use kring::services::{Ctx, groups, people, search};
use kring::store::federation::{self as rows, NewActivity};
use kring::store::posts::{self as post_rows, NewPost};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// How much is sent.
#[derive(Clone, Copy)]
struct Size {
    hosts: usize,
    activities: usize,
    at_once: usize,
    /// Follows, and the hosts never seen before that they come from.
    follows: (usize, usize),
    /// Posts stored for the first and the second measurement of growth.
    stored: (usize, usize),
}

const FULL: Size =
    Size { hosts: 50, activities: 20_000, at_once: 256, follows: (1_000, 200), stored: (10_000, 1_000_000) };
const QUICK: Size = Size { hosts: 10, activities: 600, at_once: 16, follows: (50, 10), stored: (500, 5_000) };
/// Rows in one transaction of the insert limit.
const BATCH: usize = 256;
const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

fn main() {
    let (mut size, mut database, mut queries) = (FULL, None, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => size = QUICK,
            "--queries" => queries = true,
            "--database" => database = Some(words.next().expect("--database URL")),
            // What cargo itself adds.
            "--bench" => {}
            other => panic!("no such argument: {other}"),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(bench(size, database, queries));
}

/// The servers that send: one listener, a name for each, one key.
struct Senders {
    key: Arc<KeyPair>,
    port: u16,
    /// The followers whose follow was accepted.
    accepted: Arc<Mutex<HashSet<String>>>,
}

impl Senders {
    async fn start() -> Self {
        let key = Arc::new(KeyPair::generate_rsa().expect("a key"));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let pem = key.public_pem().expect("its public half");
        let accepted: Arc<Mutex<HashSet<String>>> = Arc::default();
        let seen = accepted.clone();
        let inbox = move |body: axum::body::Bytes| async move {
            let activity: Value = serde_json::from_slice(&body).expect("JSON");
            if activity["type"] == "Accept"
                && let Some(follower) = activity["object"]["actor"].as_str()
            {
                seen.lock().expect("no panic").insert(follower.to_owned());
            }
            http::StatusCode::ACCEPTED
        };
        let router = Router::new()
            .route("/users/{name}", get(actor))
            .route("/users/{name}/inbox", axum::routing::post(inbox.clone()))
            .route("/inbox", axum::routing::post(inbox))
            .with_state((pem, port));
        tokio::spawn(async move { axum::serve(listener, router).await.expect("a server") });
        Self { key, port, accepted }
    }

    fn actor(&self, number: usize) -> String {
        format!("http://sender{number}.localhost:{}/users/sam", self.port)
    }

    /// An activity of one of them, signed for an inbox.
    fn signed(&self, inbox: &Url, activity: &Value) -> Request {
        let body = activity.to_string().into_bytes();
        let key_id = format!("{}#main-key", activity["actor"].as_str().expect("an actor"));
        let now = Clock::system().now();
        let headers = cavage::sign(&self.key, &key_id, "POST", inbox, Some(&body), now, false).expect("a signature");
        Request { headers, body }
    }
}

async fn actor(
    State((pem, port)): State<(String, u16)>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> ([(HeaderName, &'static str); 1], String) {
    let host = headers.get("host").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    debug_assert!(host.ends_with(&port.to_string()));
    let id = format!("http://{host}/users/{name}");
    let document = json!({
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
        "id": id, "type": "Person", "preferredUsername": name, "name": name, "inbox": format!("{id}/inbox"),
        "outbox": format!("{id}/outbox"), "endpoints": {"sharedInbox": format!("http://{host}/inbox")},
        "publicKey": {"id": format!("{id}#main-key"), "owner": id, "publicKeyPem": pem}
    });
    ([(http::header::CONTENT_TYPE, "application/activity+json")], document.to_string())
}

#[derive(Clone)]
struct Request {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

async fn bench(size: Size, database: Option<String>, tell_queries: bool) {
    let dir = tempfile::tempdir().expect("a folder");
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("its address");
    listener.set_nonblocking(true).expect("a listener");
    let mut config = Config::default_for("bench.localhost", address.port(), dir.path()).expect("a configuration");
    if let Some(url) = &database {
        config.database.url = ServiceUrl::new(url);
    }
    config.instance.name = Some("Bench".to_owned());
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let app = App::start_on(listener, config, Clock::system()).await.expect("an instance");
    let (ada, group) = make(&app.ctx).await;
    // As many that each like is a new one.
    let liked = store_posts(&app.ctx, &ada, &group, 1 + size.activities / size.hosts).await;
    let senders = Senders::start().await;
    let inbox: Url = app.ctx.urls.shared_inbox().parse().expect("the inbox");
    let client = Client::new(&inbox, address);
    // Everybody is known before: what a first key costs is another matter.
    for number in 0..size.hosts {
        let first = senders.signed(&inbox, &like(&senders, number, 0, &liked[0]));
        client.post(&first).await;
    }
    until_done(&app.ctx).await;

    let begun = Instant::now();
    let requests: Vec<Request> = (1..=size.activities)
        .map(|n| {
            let number = n % size.hosts;
            let activity = match n % 2 {
                0 => create(&senders, number, n, &group.uri),
                _ => like(&senders, number, n, &liked[1 + n / size.hosts]),
            };
            senders.signed(&inbox, &activity)
        })
        .collect();
    println!("{} activities signed in {:.1} s", requests.len(), begun.elapsed().as_secs_f64());
    if tell_queries {
        app.ctx.db.keep_queries();
        let streams = client.connect_all(size.at_once).await;
        client.post_all(Arc::new(requests), streams).await;
        until_done(&app.ctx).await;
        until_quiet(&app.ctx).await;
        tell_queries_of(&app.ctx, "an activity", size.activities);
        follows(&app.ctx, &senders, &client, &inbox, &group.uri, size).await;
        tell_queries_of(&app.ctx, "a follow", size.follows.0);
        return app.stop().await;
    }
    let verify_limit = verify_limit(&senders, &requests, &inbox);
    let insert_limit = insert_limit(&app.ctx, &requests).await;
    let read_limit = read_limit(&inbox, requests.clone(), size).await;

    let streams = client.connect_all(size.at_once).await;
    let (start, asked) = (Instant::now(), app.ctx.db.queries());
    client.post_all(Arc::new(requests), streams).await;
    let accepted = per_second(size.activities, start.elapsed());
    until_done(&app.ctx).await;
    let processed = per_second(size.activities, start.elapsed());
    until_quiet(&app.ctx).await;
    let followed = per_second(size.activities, start.elapsed());
    let queries = share(app.ctx.db.queries() - asked, size.activities);

    tell("accepted by the shared inbox, per second", accepted, 0);
    tell("processed to the end, per second", processed, 0);
    tell("and homes, notices and followers told", followed, 0);
    tell("queries for each, with what follows from it", queries, 1);
    tell("signatures verified on all cores", verify_limit, 0);
    tell(&format!("durable inserts, {BATCH} in one transaction"), insert_limit, 0);
    tell("requests only read and answered", read_limit, 0);

    // Before anybody follows from elsewhere: else each post goes on to all of them, and that would be measured.
    let growth = growth(&app.ctx, &senders, &client, &inbox, &ada, &group, size).await;
    let (follows, answered, follow_queries) = follows(&app.ctx, &senders, &client, &inbox, &group.uri, size).await;

    tell(&format!("{} follows answered ({answered}), s", size.follows.0), follows, 2);
    tell("queries for each follow", follow_queries, 1);
    tell(&format!("time with {} posts over {}", size.stored.1, size.stored.0), growth, 2);
    println!(
        "senders and server share this machine and this process\nbench inbox accepted_per_s={accepted:.1} processed_per_s={processed:.1} followed_per_s={followed:.1} \
         verify_limit_per_s={verify_limit:.1} insert_limit_per_s={insert_limit:.1} read_limit_per_s={read_limit:.1} share_of_verify_limit={:.4} \
         share_of_insert_limit={:.4} share_of_read_limit={:.4} \
         follows_s={follows:.2} follows_answered={answered} follow_queries={follow_queries:.1} growth_100x={growth:.3}",
        accepted / verify_limit,
        accepted / insert_limit,
        accepted / read_limit
    );
    app.stop().await;
}

fn tell(what: &str, value: f64, digits: usize) {
    println!("{what:<44}{value:>12.digits$}");
}

/// Each query since the last time, and how often it was asked for one of `count`.
fn tell_queries_of(ctx: &Ctx, what: &str, count: usize) {
    let mut kept: Vec<(String, u64)> = ctx.db.kept_queries().into_iter().collect();
    kept.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    println!("for {what}:");
    for (text, asked) in kept {
        println!("{:>8.3}  {text}", share(asked, count));
    }
    ctx.db.keep_queries();
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn share(asked: u64, count: usize) -> f64 {
    asked as f64 / count as f64
}

/// How long it takes until all follows from hosts never seen before have their Accept, how many have it, and the queries for each.
async fn follows(
    ctx: &Ctx,
    senders: &Senders,
    client: &Arc<Client>,
    inbox: &Url,
    group: &str,
    size: Size,
) -> (f64, usize, f64) {
    let (count, hosts) = size.follows;
    let follow = |n: usize| {
        let actor = format!("http://unseen{}.localhost:{}/users/sam{n}", n % hosts, senders.port);
        let follow = json!({"@context": "https://www.w3.org/ns/activitystreams", "id": format!("{actor}#follow"),
            "type": "Follow", "actor": actor, "object": group});
        senders.signed(inbox, &follow)
    };
    let requests: Vec<Request> = (0..count).map(follow).collect();
    let streams = client.connect_all(size.at_once).await;
    let (start, asked) = (Instant::now(), ctx.db.queries());
    client.post_all(requests.into(), streams).await;
    loop {
        let answered = senders.accepted.lock().expect("no panic").len();
        if answered >= count || start.elapsed() > Duration::from_secs(60) {
            let queries = share(ctx.db.queries() - asked, count);
            return (start.elapsed().as_secs_f64(), answered, queries);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Time for an activity with many posts stored over that with few.
async fn growth(
    ctx: &Ctx,
    senders: &Senders,
    client: &Arc<Client>,
    inbox: &Url,
    ada: &Viewer,
    group: &Actor,
    size: Size,
) -> f64 {
    let sent = size.activities.min(4_000);
    let (mut stored, mut times) = (0, Vec::new());
    for (round, wanted) in [size.stored.0, size.stored.1].into_iter().enumerate() {
        store_posts(ctx, ada, group, wanted - stored).await;
        stored = wanted;
        until_quiet(ctx).await;
        // What was stored is to be found by now: how long that takes, `search` measures.
        search::catch_up(ctx, Duration::from_secs(1_200)).await.expect("found");
        let mut best = f64::MAX;
        for turn in 0..3 {
            let first = 1_000_000 * (1 + round * 3 + turn);
            let activity = |n: usize| create(senders, n % size.hosts, first + n, &group.uri);
            let requests: Vec<Request> = (0..sent).map(|n| senders.signed(inbox, &activity(n))).collect();
            let streams = client.connect_all(size.at_once).await;
            let start = Instant::now();
            client.post_all(Arc::new(requests), streams).await;
            until_done(ctx).await;
            best = best.min(start.elapsed().as_secs_f64());
            until_quiet(ctx).await;
            search::catch_up(ctx, Duration::from_secs(60)).await.expect("found");
        }
        times.push(best);
    }
    times[1] / times[0]
}

/// Waits until no job is left either.
async fn until_quiet(ctx: &Ctx) {
    loop {
        let open = kring::store::jobs::count_waiting(&mut ctx.db.read().await.expect("a connection")).await;
        let open = open.expect("a count");
        if open == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_micros(u64::try_from(open).unwrap_or(0).clamp(100, 10_000) * 100)).await;
    }
}

/// Posts in a group, as the store keeps them, without what follows from them; their ids.
async fn store_posts(ctx: &Ctx, ada: &Viewer, group: &Actor, count: usize) -> Vec<String> {
    let mut made = Vec::with_capacity(count);
    let Viewer::Member { id: author, .. } = *ada else { return made };
    let facts = kring::store::groups::find(&mut ctx.db.read().await.expect("a connection"), group.id).await;
    let audience = facts.expect("a look").expect("the group").audience_id;
    let mut left = count;
    while left > 0 {
        let some = left.min(1_000);
        left -= some;
        let (c, group) = (ctx.clone(), group.id);
        let write = ctx.db.write(move |conn| {
            Box::pin(async move {
                let mut uris = Vec::with_capacity(some);
                for _ in 0..some {
                    let row = stored_post(&c, author, group, audience);
                    let (id, post_id) = (EntryId(row.post.id.0), row.post.id);
                    post_rows::insert(conn, &row).await?;
                    let entry = Entry { id, source_id: group, post_id, how: EntryKind::Group };
                    post_rows::insert_entry(conn, &entry, None).await?;
                    uris.push(row.post.uri);
                }
                Ok(uris)
            })
        });
        made.extend(write.await.expect("posts"));
    }
    made
}

fn stored_post(ctx: &Ctx, author: ActorId, group: ActorId, audience: AudienceId) -> NewPost {
    let id = PostId(ctx.ids.next());
    let uri = ctx.urls.post(id);
    let post = Post {
        id,
        url: uri.clone(),
        uri,
        author_id: author,
        group_id: Some(group),
        audience_id: audience,
        kind: PostKind::Message,
        parent_id: None,
        root_id: id,
        title: String::new(),
        source: String::new(),
        html: "<p>Een van vele berichten over de molen aan het eind van de straat.</p>".to_owned(),
        language: None,
        sensitive: false,
        warning: String::new(),
        link_url: None,
        state: PostState::Published,
        accepted_id: None,
        pinned_at: None,
        locked: false,
        replies_count: 0,
        reactions_count: 0,
        shares_count: 0,
        published_at: ctx.now(),
        edited_at: None,
        removed_by: None,
        removed_reason: String::new(),
        received_seq: ctx.ids.next(),
    };
    NewPost { post, parent_uri: None, search_text: "een van vele berichten".to_owned() }
}

/// A member and a public group.
async fn make(ctx: &Ctx) -> (Viewer, Actor) {
    let new = NewMember { name: "ada".to_owned(), ..NewMember::named("Ada") };
    let id = people::create_member(ctx, new).await.expect("a member");
    let ada = Viewer::Member { id, role: Role::Member, guest: false };
    let form = GroupForm {
        title: "Groep".to_owned(),
        name: "groep".to_owned(),
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
    };
    let group = groups::create(ctx, &ada, form).await.expect("a group");
    (ada, group)
}

fn like(senders: &Senders, number: usize, n: usize, post: &str) -> Value {
    let actor = senders.actor(number);
    // Each with an id of its own, so that none is told apart as a repeat.
    json!({"@context": "https://www.w3.org/ns/activitystreams", "id": format!("{actor}#likes/{n}"), "type": "Like",
        "actor": actor, "object": post})
}

fn create(senders: &Senders, number: usize, n: usize, group: &str) -> Value {
    let actor = senders.actor(number);
    let id = format!("{actor}/notes/{n}");
    let now = Clock::system().now().to_rfc3339_seconds();
    let note = json!({
        "id": id, "type": "Note", "attributedTo": actor, "to": [group, PUBLIC], "cc": [], "published": now,
        "content": format!("<p>Bericht {n}: wie weet <strong>meer</strong> van de molen aan het eind van de straat?</p>"),
        "tag": [{"type": "Mention", "href": group, "name": "@groep"}], "attachment": []
    });
    json!({"@context": "https://www.w3.org/ns/activitystreams", "id": format!("{id}/activity"), "type": "Create",
        "actor": actor, "to": [group, PUBLIC], "cc": [], "object": note})
}

/// Waits until everything received is worked on.
async fn until_done(ctx: &Ctx) {
    loop {
        let waiting = rows::count_waiting(&mut ctx.db.read().await.expect("a connection")).await.expect("a count");
        if waiting == 0 {
            return;
        }
        // The more is left the seldomer: counting costs, and is not what is measured.
        tokio::time::sleep(Duration::from_micros(u64::try_from(waiting).unwrap_or(0).clamp(100, 10_000) * 100)).await;
    }
}

fn per_second(count: usize, time: Duration) -> f64 {
    share(u64::try_from(count).unwrap_or(0), 1) / time.as_secs_f64()
}

/// Signatures verified per second by all cores together.
fn verify_limit(senders: &Senders, requests: &[Request], inbox: &Url) -> f64 {
    let key = senders.key.public().expect("a public key");
    let host = inbox.port().map_or_else(String::new, |port| format!("{}:{port}", inbox.host_str().unwrap_or_default()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (done, start) = (AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while start.elapsed() < Duration::from_secs(1) {
                    for request in requests.iter().take(64) {
                        let mut headers: HeaderMap = request.headers.iter().cloned().collect();
                        headers.insert("host", HeaderValue::from_str(&host).expect("a host"));
                        let asked = Incoming {
                            method: "POST",
                            path_and_query: inbox.path(),
                            host: &host,
                            scheme: inbox.scheme(),
                            headers: &headers,
                            body: &request.body,
                        };
                        let now = Clock::system().now();
                        let parsed = sign::parse(&asked).expect("a signature");
                        sign::check(&parsed, &asked, now).expect("a good request");
                        sign::verify(&parsed, &asked, &key, now).expect("a good signature");
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    per_second(done.load(Ordering::Relaxed), start.elapsed())
}

/// The same requests per second from the same client, to a handler that reads them and does nothing else: what HTTP and the
/// sender leave of this machine.
async fn read_limit(inbox: &Url, requests: Vec<Request>, size: Size) -> f64 {
    let read = async |body: axum::body::Bytes| {
        assert!(!body.is_empty(), "an activity");
        http::StatusCode::ACCEPTED
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let client = Client::new(inbox, listener.local_addr().expect("its address"));
    let router = Router::new().route(inbox.path(), axum::routing::post(read));
    let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("a server") });
    let streams = client.connect_all(size.at_once).await;
    let (count, start) = (requests.len(), Instant::now());
    client.post_all(Arc::new(requests), streams).await;
    server.abort();
    per_second(count, start.elapsed())
}

/// Rows stored durably per second in batches, by the same database and the same statement.
async fn insert_limit(ctx: &Ctx, requests: &[Request]) -> f64 {
    let bodies: Vec<String> = requests.iter().map(|r| String::from_utf8(r.body.clone()).expect("text")).collect();
    let now: Time = ctx.now();
    let start = Instant::now();
    for (number, chunk) in bodies.chunks(BATCH).enumerate() {
        let ids = ctx.ids.clone();
        let new: Vec<NewActivity> = chunk
            .iter()
            .enumerate()
            .map(|(n, body)| NewActivity {
                id: ActivityId(ids.next()),
                uri: format!("http://limit.localhost/{number}/{n}"),
                kind: "Create".to_owned(),
                actor_id: None,
                actor_uri: "http://limit.localhost/".to_owned(),
                audience_id: None,
                incoming: false,
                body: body.clone(),
                received_at: now,
            })
            .collect();
        let write = ctx.db.write(move |conn| {
            Box::pin(async move {
                for activity in &new {
                    rows::insert_activity(conn, activity).await?;
                }
                Ok(())
            })
        });
        write.await.expect("a batch");
    }
    per_second(bodies.len(), start.elapsed())
}

/// Posts to the inbox over connections that stay open. It reads no more of an answer than it must, so that the machine's
/// time is the server's.
struct Client {
    address: SocketAddr,
    head: String,
}

impl Client {
    fn new(inbox: &Url, address: SocketAddr) -> Arc<Self> {
        let port = inbox.port().map_or_else(String::new, |port| format!(":{port}"));
        let host = inbox.host_str().unwrap_or_default();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {host}{port}\r\ncontent-type: application/activity+json\r\n",
            inbox.path()
        );
        Arc::new(Self { address, head })
    }

    async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).await.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        stream
    }

    async fn post(&self, request: &Request) {
        self.post_on(&mut self.connect().await, request).await;
    }

    async fn post_on(&self, stream: &mut TcpStream, request: &Request) {
        let mut bytes = self.head.clone().into_bytes();
        for (name, value) in request.headers.iter().filter(|(name, _)| name != "host") {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", request.body.len()).as_bytes());
        bytes.extend_from_slice(&request.body);
        stream.write_all(&bytes).await.expect("sent");
        let (mut answer, mut end) = (Vec::with_capacity(512), None);
        while end.is_none() {
            assert!(stream.read_buf(&mut answer).await.expect("an answer") > 0, "the server hung up");
            end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        }
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with("HTTP/1.1 202"), "{text}");
        assert!(text.contains("content-length: 0"), "nothing follows: {text}");
    }

    /// Connections, one after the other: where many come at the same moment the system lets some wait for a second.
    async fn connect_all(&self, count: usize) -> Vec<TcpStream> {
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            streams.push(self.connect().await);
        }
        streams
    }

    async fn post_all(self: &Arc<Self>, requests: Arc<Vec<Request>>, streams: Vec<TcpStream>) {
        let next = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = streams
            .into_iter()
            .map(|mut stream| {
                let (client, requests, next) = (self.clone(), requests.clone(), next.clone());
                tokio::spawn(async move {
                    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                        client.post_on(&mut stream, request).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("a task");
        }
    }
}
