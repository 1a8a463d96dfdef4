//! `kill -9` while eight clients write: whatever was acknowledged is there afterwards, and the instance starts again.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kring::domain::groups::GroupKind;
use kring::store::Db;

use serde_json::json;

use crate::federation::peer::{Peer, create, note};
use crate::support::{Browser, TestApp, count, databases, run};

const CLIENTS: usize = 8;
const WRITES: usize = 1_000;
/// After how many acknowledged writes the server is killed.
const KILLS: [usize; 3] = [90, 420, 760];

/// The real binary, serving; killed without warning when dropped.
struct Server(Child);

impl Server {
    fn start(config: &std::path::Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kring"));
        command.arg("--config").arg(config).arg("serve").stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("the kring binary"))
    }

    /// SIGKILL: nothing is finished or flushed.
    fn kill(&mut self) {
        self.0.kill().expect("a server to kill");
        self.0.wait().expect("its end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn answers(address: SocketAddr) {
    let start = Instant::now();
    while tokio::net::TcpStream::connect(address).await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(60), "the server does not start again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Writes until enough was acknowledged; failures are the kills, and are tried again as new posts.
async fn write(
    number: usize,
    origin: String,
    address: SocketAddr,
    cookie: (String, String, String),
    shared: Arc<Shared>,
) {
    let browser = Browser::new(&origin, address).signed_in(&cookie.0, &cookie.1, &cookie.2);
    let mut turn = 0;
    while shared.acknowledged.load(Ordering::SeqCst) < WRITES {
        turn += 1;
        let text = format!("write {number}.{turn} end");
        // A comment is a post like any other, on the shortest way in.
        match browser.try_post(&shared.path, &[("body", text.as_str())]).await {
            Some(303) => {
                shared.texts.lock().unwrap().push(text);
                shared.acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            Some(status) if status < 500 => panic!("a post was refused: {status}"),
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

struct Shared {
    acknowledged: AtomicUsize,
    texts: Mutex<Vec<String>>,
    path: String,
}

#[test]
fn kill_9_loses_no_acknowledged_post() {
    for kind in databases() {
        run(async {
            let app = TestApp::start(kind).await;
            let owner = app.person("Fatima").await;
            let group = app.group(&owner, "Schrijfkring", GroupKind::Public).await;
            let mut cookies = Vec::new();
            for number in 0..CLIENTS {
                let person = app.person(&format!("Schrijver{number}")).await;
                app.join(&person, &group, &owner).await;
                cookies.push(app.session(&person).await);
            }
            let post = app.post(&owner, &group, "Schrijf mee!").await;
            let mut config = (*app.ctx().config).clone();
            let origin = app.origin();
            // The port is part of the addresses; the binary takes it over.
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, app.address().port()));
            config.server.listen = address;
            let database = app.stop().await;
            let file = database.dir.path().join("kring.toml");
            std::fs::write(&file, config.to_toml().unwrap()).unwrap();

            let mut server = Server::start(&file);
            answers(address).await;
            let shared = Arc::new(Shared {
                acknowledged: AtomicUsize::new(0),
                texts: Mutex::default(),
                path: format!("/posts/{post}/comments"),
            });
            let writers: Vec<_> = cookies
                .into_iter()
                .enumerate()
                .map(|(n, cookie)| tokio::spawn(write(n, origin.clone(), address, cookie, shared.clone())))
                .collect();
            for at in KILLS {
                let start = Instant::now();
                while shared.acknowledged.load(Ordering::SeqCst) < at {
                    assert!(start.elapsed() < Duration::from_secs(300), "writes are too slow or fail");
                    assert!(!writers.iter().any(|writer| writer.is_finished()), "a writer gave up");
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                server.kill();
                server = Server::start(&file);
                answers(address).await;
            }
            for writer in writers {
                writer.await.unwrap();
            }
            server.kill();

            let db = Db::open(&database.url).await.unwrap();
            let texts = std::mem::take(&mut *shared.texts.lock().unwrap());
            assert!(texts.len() >= WRITES);
            for text in texts {
                let sql = format!("SELECT count(*) AS n FROM posts WHERE source = '{text}'");
                assert_eq!(count(&db, &sql).await, 1, "{kind:?}: {text} was acknowledged");
            }
        });
    }
}

/// What the inbox answered 202 is there after `kill -9`, once, though it was killed before it was looked at.
#[test]
fn kill_9_loses_nothing_that_the_inbox_took() {
    for kind in databases() {
        run(async {
            let app = TestApp::named("linde.localhost", kind, |_| {}).await;
            let owner = app.person("Fatima").await;
            let group = app.group(&owner, "Schrijfkring", GroupKind::Public).await;
            let peer = Peer::start("gamma", "mastodon").await;
            let mia = peer.person("mia");
            let inbox = app.ctx().urls.shared_inbox();
            let mut config = (*app.ctx().config).clone();
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, app.address().port()));
            config.server.listen = address;
            let database = app.stop().await;
            let file = database.dir.path().join("kring.toml");
            std::fs::write(&file, config.to_toml().unwrap()).unwrap();
            let mut server = Server::start(&file);
            answers(address).await;
            let mut taken = Vec::new();
            for number in 0..240 {
                let id = peer.url(&format!("/notes/{number}"));
                let more = json!({"cc": [group.uri], "tag": [{"type": "Mention", "href": group.uri}]});
                let sent = create(&note(&id, &mia, &format!("<p>Number {number}</p>"), more));
                if peer.try_send(&mia, &inbox, &sent).await == Some(202) {
                    taken.push(id);
                }
                if [60, 120, 180].contains(&number) {
                    server.kill();
                    server = Server::start(&file);
                    answers(address).await;
                }
            }
            assert!(taken.len() > 200, "{kind:?}: {} were taken", taken.len());
            let db = Db::open(&database.url).await.unwrap();
            let start = Instant::now();
            let waiting = "SELECT count(*) AS n FROM activities WHERE state = 'waiting'";
            while count(&db, waiting).await > 0 {
                assert!(start.elapsed() < Duration::from_secs(120), "{kind:?}: what waits is not done");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            server.kill();
            for id in taken {
                let sql = format!("SELECT count(*) AS n FROM posts WHERE uri = '{id}' AND state = 'published'");
                assert_eq!(count(&db, &sql).await, 1, "{kind:?}: {id} was taken");
            }
        });
    }
}
