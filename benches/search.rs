//! How fast search answers, over HTTP, on a real instance: many posts and people, generated, Dutch and English.
//!
//! `cargo bench --bench search -- [--quick] [--docs N] [--database URL]`. 1,000,000 posts and 50,000 people unless said
//! otherwise. Server and asker share this process and this machine's cores. The last line is `bench search key=value …`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kring::app::App;
use kring::base::{Clock, Time};
use kring::config::{Config, ServiceUrl};
use kring::domain::Viewer;
use kring::domain::groups::GroupKind;
use kring::domain::people::Role;
use kring::domain::posts::PostKind;
use kring::services::people::NewMember;
use kring::services::posts::PostForm;
use kring::services::search::{self, Wanted};
use kring::services::{Ctx, groups, people, posts, sessions};
use kring::store::Conn;

const ROWS: usize = 500;

fn main() {
    let (mut docs, mut database) = (1_000_000, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => docs = 20_000,
            "--docs" => docs = words.next().and_then(|n| n.parse().ok()).expect("--docs N"),
            "--database" => database = Some(words.next().expect("--database URL")),
            "--bench" => {}
            other => panic!("no such argument: {other}"),
        }
    }
    // The asking client knows of TLS, though it needs none here. Whoever set it before set the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(bench(docs, database));
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("small")
    }

    /// A place in a list in which the first occur most, as words do.
    fn rank(&mut self, n: usize) -> usize {
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        ((n as f64).powf(unit) - 1.0) as usize
    }
}

/// The words of the demo, by how often they occur, and compounds made of them.
fn vocabulary() -> Vec<String> {
    let mut counts = std::collections::HashMap::<String, usize>::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/demo/content/posts");
    for entry in std::fs::read_dir(folder).expect("the content") {
        let text = std::fs::read_to_string(entry.expect("a file").path()).expect("text");
        for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 1) {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    let english = "reading language volunteer library children question meeting garden computer printer password coffee \
                   schedule neighbour school parents letter doctor story lesson branch holiday summer winter ticket";
    counts.extend(english.split_whitespace().map(|word| (word.to_owned(), 30)));
    let mut words: Vec<(String, usize)> = counts.into_iter().collect();
    words.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut words: Vec<String> = words.into_iter().map(|(word, _)| word).collect();
    let long: Vec<String> = words.iter().filter(|word| word.len() >= 4).take(400).cloned().collect();
    let (mut dice, mut compounds) = (Dice(7), BTreeSet::new());
    while compounds.len() < 40_000 {
        compounds.insert(format!("{}{}", long[dice.below(long.len())], long[dice.below(long.len())]));
    }
    words.extend(compounds);
    words
}

fn sentence(dice: &mut Dice, words: &[String], count: usize) -> String {
    (0..count).map(|_| words[dice.rank(words.len())].as_str()).collect::<Vec<_>>().join(" ")
}

async fn execute(ctx: &Ctx, sql: String) {
    let work = ctx.db.write(move |conn| {
        Box::pin(async move {
            use diesel_async::RunQueryDsl as _;
            let query = diesel::sql_query(sql);
            match conn {
                Conn::Pg(conn) => query.execute(conn).await?,
                Conn::Sqlite(conn) => query.execute(conn).await?,
            };
            Ok(())
        })
    });
    work.await.expect("rows");
}

/// People and posts in groups of all kinds, written in bulk; the triggers fire as ever.
async fn fill(ctx: &Ctx, docs: usize, owner: &Viewer, words: &[String]) {
    let mut dice = Dice(42);
    let mut spaces = Vec::new();
    for place in 0..50 {
        let kind = GroupKind::ALL[place % GroupKind::ALL.len()];
        let title = format!("Groep {place} {}", sentence(&mut dice, words, 2));
        let form = groups::GroupForm {
            title,
            name: format!("groep{place}"),
            description: sentence(&mut dice, words, 12),
            kind,
            hidden: false,
            posting: kring::domain::groups::Posting::Members,
            approval: false,
            outside_members: false,
            bare_notices: false,
            rules: String::new(),
            card: String::new(),
            topics: String::new(),
            branch_id: None,
            spine: 0,
        };
        let actor = groups::create(ctx, owner, form).await.expect("a group");
        let group = kring::store::groups::find(&mut ctx.db.read().await.expect("a connection"), actor.id).await;
        spaces.push((actor.id.0, group.expect("a group").expect("a group").audience_id.0));
    }
    let now = ctx.now().millis();
    let id = |place: usize, of: usize, days: i64| {
        let back = days * 86_400_000 * (of - place) as i64 / of as i64;
        ((now - back) << 16) | 0x200 | (place as i64 & 0x1ff)
    };
    let people = docs / 20;
    let mut ids = BTreeSet::new();
    for start in (0..people).step_by(ROWS) {
        let (mut actors, mut members) = (Vec::new(), Vec::new());
        for place in start..(start + ROWS).min(people) {
            let (id, at) = (id(place, people, 4000), now * 1000);
            ids.insert(id);
            let name = format!("{} {}", words[300 + dice.below(3000)], words[300 + dice.below(3000)]);
            let about = sentence(&mut dice, words, 15);
            actors.push(format!(
                "({id}, 'http://x.example/p/{place}', 0, 'person', 'p{place}', 'p{place}', '{name}', '<p>{about}</p>', '', '', {at}, {at})"
            ));
            members.push(format!("({id}, '{}', 'nl, en', {at})", sentence(&mut dice, words, 2)));
        }
        let actors = actors.join(",");
        execute(ctx, format!("INSERT INTO actors (id, uri, host_id, kind, name, name_key, display_name, summary_html, url, inbox, created_at, updated_at) VALUES {actors}")).await;
        execute(
            ctx,
            format!("INSERT INTO members (actor_id, job_title, languages, created_at) VALUES {}", members.join(",")),
        )
        .await;
    }
    let authors: Vec<i64> = ids.into_iter().collect();
    for start in (0..docs).step_by(ROWS) {
        let mut rows = Vec::new();
        for place in start..(start + ROWS).min(docs) {
            let post = id(place, docs, 3000) + 1;
            let (group, audience) = spaces[dice.below(spaces.len())];
            let author = authors[dice.below(authors.len())];
            let kind = ["message", "message", "message", "question", "lesson", "comment"][dice.below(6)];
            let title = if kind == "lesson" { sentence(&mut dice, words, 5) } else { String::new() };
            let length = 10 + dice.below(50);
            let text = sentence(&mut dice, words, length);
            let at = (post >> 16) * 1000;
            rows.push(format!(
                "({post}, 'http://x.example/{place}', '', {author}, {group}, {audience}, '{kind}', {post}, '{title}', '<p>{text}</p>', 'nl', {at}, {place}, {place})"
            ));
        }
        let rows = rows.join(",");
        execute(ctx, format!("INSERT INTO posts (id, uri, url, author_id, group_id, audience_id, kind, root_id, title, html, language, published_at, received_seq, active_seq) VALUES {rows}")).await;
    }
}

fn rss_anon_mb() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find(|line| line.starts_with("RssAnon:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1000.0
}

fn folder_mb(folder: &Path) -> f64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes: u64 = entries.filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum();
    bytes as f64 / 1e6
}

/// Asks over HTTP for a while and returns the sorted times in milliseconds.
async fn load(origin: &str, cookie: &str, paths: Arc<Vec<String>>, at_once: usize, count: usize) -> Vec<f64> {
    let next = Arc::new(AtomicUsize::new(0));
    // One for all: making a client reads the certificates of the world, which takes as long as several answers.
    let client = reqwest::Client::builder().no_proxy().gzip(false).build().expect("a client");
    let tasks: Vec<_> = (0..at_once)
        .map(|_| {
            let (origin, cookie, paths, next) = (origin.to_owned(), cookie.to_owned(), paths.clone(), next.clone());
            let client = client.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= count {
                        return times;
                    }
                    let begun = Instant::now();
                    let request =
                        client.get(format!("{origin}{}", paths[place % paths.len()])).header("cookie", &cookie);
                    let answer = request.send().await.expect("an answer");
                    assert_eq!(answer.status(), 200);
                    drop(answer.bytes().await.expect("a page"));
                    times.push(begun.elapsed().as_secs_f64() * 1000.0);
                }
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.expect("times"));
    }
    times.sort_by(f64::total_cmp);
    times
}

fn at(times: &[f64], share: f64) -> f64 {
    times[((times.len() - 1) as f64 * share) as usize]
}

async fn bench(docs: usize, database: Option<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let mut config = Config::default_for("linde.localhost", address.port(), folder.path()).expect("a configuration");
    config.instance.name = Some("Bibliotheek".to_owned());
    if let Some(url) = database {
        config.database.url = ServiceUrl::new(&url);
    }
    let ctx = kring::app::open(config.clone(), Clock::system()).await.expect("a database");
    let member = |name: &str| {
        let mut new = NewMember::named(name);
        new.role = Role::Admin;
        new
    };
    let owner = people::create_member(&ctx, member("Eigenaar")).await.expect("a member");
    let viewer = Viewer::Member { id: owner, role: Role::Admin, guest: false };
    let words = vocabulary();
    let begun = Instant::now();
    fill(&ctx, docs, &viewer, &words).await;
    eprintln!("{docs} posts and {} people written in {:.0} s", docs / 20, begun.elapsed().as_secs_f64());
    drop(ctx);
    let before = rss_anon_mb();
    let begun = Instant::now();
    let app = App::start_on(listener, config, Clock::system()).await.expect("an instance");
    let mut most: f64 = 0.0;
    loop {
        most = most.max(rss_anon_mb());
        if search::catch_up(&app.ctx, Duration::from_millis(500)).await.is_ok() {
            break;
        }
    }
    let indexing = begun.elapsed().as_secs_f64();
    let volume = app.ctx.index.volume().expect("an index");
    // What indexing left to be merged takes a core for a while, and then never again.
    let begun = Instant::now();
    let (mut parts, mut since) = (volume.parts(), Instant::now());
    while since.elapsed() < Duration::from_secs(8) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        most = most.max(rss_anon_mb());
        if volume.parts() != parts {
            (parts, since) = (volume.parts(), Instant::now());
        }
    }
    // Search sees what was merged with the next thing that is written.
    posts::publish(&app.ctx, &viewer, PostForm::new(PostKind::Message, "Klaar")).await.expect("a post");
    search::catch_up(&app.ctx, Duration::from_secs(10)).await.expect("found");
    let merging = begun.elapsed().as_secs_f64() - 8.0;
    let parts = volume.parts();
    eprintln!("indexed in {indexing:.0} s, merged for {merging:.0} s more into {} parts; asking", parts.len());
    let total = volume.len() as f64;
    let session = sessions::create(&app.ctx, owner, sessions::Device::default()).await.expect("a session");
    let host: String = app.ctx.urls.host().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let cookie = format!("kring_{host}={}", session.token);
    let mut dice = Dice(99);
    // What people type: one to three words that are neither the most frequent nor unheard of; some half, some mistyped.
    let asked: Vec<String> = (0..400)
        .map(|place| {
            let count = 1 + place % 3;
            let mut words: Vec<String> = (0..count).map(|_| words[60 + dice.below(3000)].clone()).collect();
            match place % 10 {
                3 => drop(words[0].pop()),
                7 if words[0].len() > 6 => drop(words[0].remove(3)),
                _ => {}
            }
            words.join("+")
        })
        .collect();
    let pages: Arc<Vec<String>> = Arc::new(asked.iter().map(|words| format!("/search?q={words}")).collect());
    let typed = asked.iter().map(|words| {
        let half: String = words.chars().take(3 + words.len() / 3).collect();
        format!("/search/suggest?q={half}")
    });
    let typed: Arc<Vec<String>> = Arc::new(typed.collect());
    let origin = format!("http://{address}");
    let rounds = if docs > 100_000 { 1500 } else { 400 };
    drop(load(&origin, &cookie, pages.clone(), 4, 100).await);
    let one = load(&origin, &cookie, pages.clone(), 1, 300).await;
    let many = load(&origin, &cookie, pages, 32, rounds).await;
    let suggest_one = load(&origin, &cookie, typed.clone(), 1, 300).await;
    let suggest = load(&origin, &cookie, typed, 32, rounds).await;
    let mut alone = Vec::new();
    for words in &asked {
        let begun = Instant::now();
        let wanted = Wanted { text: words.replace('+', " "), ..Wanted::default() };
        search::search(&app.ctx, &viewer, &wanted).await.expect("an answer");
        alone.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    alone.sort_by(f64::total_cmp);
    let findable = findable(&app.ctx, &viewer).await;
    let index_mb = folder_mb(volume.folder());
    let after = rss_anon_mb();
    let line = |what: &str, value: String| println!("{what:<52}{value:>14}");
    line("documents", format!("{total:.0}"));
    line("indexed per second, from the database", format!("{:.0}", total / indexing));
    line("page of search, 1 connection, p50 / p99 ms", format!("{:.1} / {:.1}", at(&one, 0.5), at(&one, 0.99)));
    line("page of search, 32 connections, p50 / p99 ms", format!("{:.1} / {:.1}", at(&many, 0.5), at(&many, 0.99)));
    line(
        "while typing, 1 connection, p50 / p99 ms",
        format!("{:.1} / {:.1}", at(&suggest_one, 0.5), at(&suggest_one, 0.99)),
    );
    line("while typing, 32 connections, p50 / p99 ms", format!("{:.1} / {:.1}", at(&suggest, 0.5), at(&suggest, 0.99)));
    line("the service alone, one by one, p50 / p99 ms", format!("{:.1} / {:.1}", at(&alone, 0.5), at(&alone, 0.99)));
    line("a post is found after, median ms", format!("{findable:.0}"));
    line("index, MB", format!("{index_mb:.0}"));
    line("RssAnon before, most while indexing, after, MB", format!("{before:.0} / {most:.0} / {after:.0}"));
    println!(
        "bench search p50_ms_1={:.2} p99_ms_1={:.2} p50_ms_32={:.2} p99_ms_32={:.2} suggest_p50_ms_1={:.2} \
         suggest_p99_ms_32={:.2} service_p50_ms={:.2} service_p99_ms={:.2} findable_ms={findable:.0} docs={total:.0} \
         indexed_per_s={:.0} index_mb={index_mb:.1} rss_anon_mb={most:.1} \
         rss_anon_after_mb={after:.1}",
        at(&one, 0.5),
        at(&one, 0.99),
        at(&many, 0.5),
        at(&many, 0.99),
        at(&suggest_one, 0.5),
        at(&suggest, 0.99),
        at(&alone, 0.5),
        at(&alone, 0.99),
        total / indexing
    );
    app.stop().await;
}

/// How long from writing a post until it is found: the median of several.
async fn findable(ctx: &Ctx, viewer: &Viewer) -> f64 {
    let mut times = Vec::new();
    for round in 0..9 {
        let mark = format!("zeldzaamwoord{round}x");
        let begun = Instant::now();
        posts::publish(ctx, viewer, PostForm::new(PostKind::Message, format!("Een {mark}"))).await.expect("a post");
        let wanted = Wanted { text: mark, ..Wanted::default() };
        while search::search(ctx, viewer, &wanted).await.expect("an answer").items.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(60), "not found");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
        let pause = u64::try_from(Time::SECOND / 1000).unwrap_or(1000) / 2;
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    times.sort_by(f64::total_cmp);
    at(&times, 0.5)
}
