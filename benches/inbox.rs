//! How fast signed activities come in: a real instance, its shared inbox, senders on several hosts.
//!
//! `cargo bench --bench inbox -- [--quick] [--database URL]`. The last line is `bench inbox key=value …`. Accepted is
//! verified, told apart from repeats and stored durably; processed is worked on to the end. Beside them what this machine
//! could do at most: verifying signatures on all cores, and the same database's durable inserts in batches.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use kring::app::App;
use kring::base::{ActivityId, Clock, Time};
use kring::config::{Config, ServiceUrl};
use kring::domain::Viewer;
use kring::domain::groups::{GroupKind, Posting};
use kring::domain::people::Role;
use kring::domain::posts::PostKind;
use kring::federation::sign::{self, Incoming, KeyPair, cavage};
use kring::services::groups::GroupForm;
use kring::services::people::NewMember;
use kring::services::posts::PostForm;
use kring::services::{Ctx, groups, people, posts};
use kring::store::federation::{self as rows, NewActivity};
use serde_json::{Value, json};
use url::Url;

/// How much is sent.
#[derive(Clone, Copy)]
struct Size {
    hosts: usize,
    activities: usize,
    at_once: usize,
}

const FULL: Size = Size { hosts: 50, activities: 20_000, at_once: 64 };
const QUICK: Size = Size { hosts: 10, activities: 600, at_once: 16 };
/// Rows in one transaction of the insert limit.
const BATCH: usize = 256;
const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

fn main() {
    let (mut size, mut database) = (FULL, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => size = QUICK,
            "--database" => database = Some(words.next().expect("--database URL")),
            // What cargo itself adds.
            "--bench" => {}
            other => panic!("no such argument: {other}"),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(bench(size, database));
}

/// The servers that send: one listener, a name for each, one key for all.
struct Senders {
    key: Arc<KeyPair>,
    port: u16,
}

impl Senders {
    async fn start() -> Self {
        let key = Arc::new(KeyPair::generate_rsa().expect("a key"));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let pem = key.public_pem().expect("its public half");
        let router = Router::new().route("/users/{name}", get(actor)).with_state((pem, port));
        tokio::spawn(async move { axum::serve(listener, router).await.expect("a server") });
        Self { key, port }
    }

    fn actor(&self, number: usize) -> String {
        format!("http://sender{number}.localhost:{}/users/sam", self.port)
    }

    /// An activity of one of them, signed for an inbox.
    fn signed(&self, number: usize, inbox: &Url, activity: &Value) -> Request {
        let body = activity.to_string().into_bytes();
        let key_id = format!("{}#main-key", self.actor(number));
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

async fn bench(size: Size, database: Option<String>) {
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
    let (group, post) = make(&app.ctx).await;
    let senders = Senders::start().await;
    let inbox: Url = app.ctx.urls.shared_inbox().parse().expect("the inbox");
    let client = Client::new(&inbox, address);
    // Everybody is known before: what a first key costs is another matter.
    for number in 0..size.hosts {
        let first = senders.signed(number, &inbox, &like(&senders, number, 0, &post));
        client.post(&first).await;
    }
    until_done(&app.ctx).await;

    let begun = Instant::now();
    let requests: Vec<Request> = (1..=size.activities)
        .map(|n| {
            let number = n % size.hosts;
            let activity =
                if n % 2 == 0 { create(&senders, number, n, &group) } else { like(&senders, number, n, &post) };
            senders.signed(number, &inbox, &activity)
        })
        .collect();
    println!("{} activities signed in {:.1} s", requests.len(), begun.elapsed().as_secs_f64());
    let verify_limit = verify_limit(&senders, &requests, &inbox);
    let insert_limit = insert_limit(&app.ctx, &requests).await;

    let start = Instant::now();
    client.post_all(Arc::new(requests), size.at_once).await;
    let accepted = per_second(size.activities, start.elapsed());
    until_done(&app.ctx).await;
    let processed = per_second(size.activities, start.elapsed());

    println!("{:<44}{:>12}", "accepted by the shared inbox, per second", format!("{accepted:.0}"));
    println!("{:<44}{:>12}", "processed to the end, per second", format!("{processed:.0}"));
    println!("{:<44}{:>12}", "signatures verified on all cores", format!("{verify_limit:.0}"));
    println!("{:<44}{:>12}", format!("durable inserts, {BATCH} in one transaction"), format!("{insert_limit:.0}"));
    println!("senders and server share this machine and this process");
    println!(
        "bench inbox accepted_per_s={accepted:.1} processed_per_s={processed:.1} verify_limit_per_s={verify_limit:.1} \
         insert_limit_per_s={insert_limit:.1} share_of_verify_limit={:.4} share_of_insert_limit={:.4}",
        accepted / verify_limit,
        accepted / insert_limit
    );
    app.stop().await;
}

/// A public group and a post in it: their ids.
async fn make(ctx: &Ctx) -> (String, String) {
    let mut new = NewMember::named("Ada");
    new.name = "ada".to_owned();
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
        rules: String::new(),
        card: String::new(),
        topics: String::new(),
        branch_id: None,
        spine: 0,
    };
    let group = groups::create(ctx, &ada, form).await.expect("a group");
    let mut form = PostForm::new(PostKind::Message, "Een bericht om op te reageren");
    form.group = Some(group.id);
    let post = posts::publish(ctx, &ada, form).await.expect("a post");
    (group.uri, ctx.urls.post(post.id))
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
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn per_second(count: usize, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    let count = count as f64;
    count / time.as_secs_f64()
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

/// Posts to the inbox.
struct Client {
    http: reqwest::Client,
    inbox: String,
}

impl Client {
    fn new(inbox: &Url, address: SocketAddr) -> Arc<Self> {
        // Another library may have chosen the same one before.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().resolve("bench.localhost", address);
        Arc::new(Self { http: client.build().expect("a client"), inbox: inbox.to_string() })
    }

    async fn post(&self, request: &Request) {
        let mut post = self.http.post(&self.inbox).header("content-type", "application/activity+json");
        for (name, value) in &request.headers {
            post = post.header(name, value);
        }
        let response = post.body(request.body.clone()).send().await.expect("an answer");
        assert_eq!(response.status(), 202);
    }

    async fn post_all(self: &Arc<Self>, requests: Arc<Vec<Request>>, at_once: usize) {
        let next = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..at_once)
            .map(|_| {
                let (client, requests, next) = (self.clone(), requests.clone(), next.clone());
                tokio::spawn(async move {
                    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                        client.post(request).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("a task");
        }
    }
}
