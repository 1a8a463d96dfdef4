//! How good the answers of search are, beside those of SQLite FTS5 and PostgreSQL's full-text search on the same set.
//!
//! `cargo bench --bench relevance -- [--all]`. The judged questions are in `tests/relevance/queries.toml`; `--all` prints
//! each that does not do well. PostgreSQL is asked when `KRING_TEST_POSTGRES` (or `--postgres URL`) says where it is. The
//! last line is `bench relevance key=value …`.

#[path = "../tests/relevance/judge.rs"]
mod judge;

use std::collections::HashSet;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use kring::app::App;
use kring::base::{Clock, SafeHtml};
use kring::domain::Viewer;
use kring::services::{Ctx, search};
use kring::store::search::{Indexed, actors, ids_after, posts};
use kring::text;

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    key: String,
}

/// What the other engines are given: the same things, with the same text, that the asker may read.
struct Plain {
    key: String,
    title: String,
    body: String,
}

fn main() {
    let (mut all, mut postgres) = (false, std::env::var("KRING_TEST_POSTGRES").ok());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--all" => all = true,
            "--postgres" => postgres = Some(words.next().expect("--postgres URL")),
            // The set is small as it is.
            "--quick" | "--bench" => {}
            "--database" => drop(words.next()),
            other => panic!("no such argument: {other}"),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(bench(all, postgres));
}

async fn bench(all: bool, postgres: Option<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let config = judge::demo(folder.path(), port).await;
    let app = App::start_on(listener, config, Clock::system()).await.expect("an instance");
    search::catch_up(&app.ctx, Duration::from_secs(120)).await.expect("an index");
    let viewer = judge::asker(&app.ctx).await;
    let (keys, plain) = things(&app.ctx, &viewer).await;
    let queries = judge::queries();
    assert!(keys.unknown(&queries).is_empty(), "{:?}", keys.unknown(&queries));
    let mut fts5 = fts5(&plain);
    let pg = match &postgres {
        Some(url) => Some(full_text(url, &plain).await),
        None => None,
    };
    let mut sums = [(0.0, 0.0); 3];
    let mut wins = 0;
    for query in &queries {
        let ours = judge::answers(&app.ctx, &viewer, &keys, &query.q).await;
        let theirs = [ours, ask_fts5(&mut fts5, &query.q), ask_postgres(pg.as_ref(), &query.q).await];
        for (sum, answers) in sums.iter_mut().zip(&theirs) {
            let (recall, ndcg) = judge::score(query, answers);
            *sum = (sum.0 + recall, sum.1 + ndcg);
        }
        let (recall, ndcg) = judge::score(query, &theirs[0]);
        if all && (recall < 0.999 || ndcg < 0.999) {
            println!(
                "{recall:.2} {ndcg:.2} {:?} ({}): {}",
                query.q,
                query.why,
                theirs[0][..theirs[0].len().min(6)].join(" ")
            );
        }
        wins += usize::from(theirs[0].iter().take(5).any(|answer| query.never.contains(answer)));
    }
    let count = queries.len() as f64;
    println!("{:<34}{:>10}{:>10}", format!("{} questions", queries.len()), "recall@5", "nDCG@10");
    for (name, (recall, ndcg)) in ["Kring", "SQLite FTS5", "PostgreSQL full text"].iter().zip(sums) {
        if *name == "PostgreSQL full text" && pg.is_none() {
            println!("{name:<34}{:>10}{:>10}", "not asked", "");
        } else {
            println!("{name:<34}{:>10.3}{:>10.3}", recall / count, ndcg / count);
        }
    }
    println!("near misses among the first five: {wins}");
    let (recall, ndcg) = (sums[0].0 / count, sums[0].1 / count);
    println!(
        "bench relevance queries={} recall_at_5={recall:.4} ndcg_at_10={ndcg:.4} fts5_recall_at_5={:.4} \
         fts5_ndcg_at_10={:.4} postgres_recall_at_5={:.4} postgres_ndcg_at_10={:.4}",
        queries.len(),
        sums[1].0 / count,
        sums[1].1 / count,
        sums[2].0 / count,
        sums[2].1 / count
    );
    app.stop().await;
}

async fn things(ctx: &Ctx, viewer: &Viewer) -> (judge::Keys, Vec<Plain>) {
    let mut conn = ctx.db.read().await.expect("a connection");
    let ids = ids_after(&mut conn, Indexed::Posts, 0, 1_000_000).await.expect("posts");
    let texts = posts(&mut conn, &ids).await.expect("posts");
    let ids = ids_after(&mut conn, Indexed::Actors, 0, 1_000_000).await.expect("actors");
    let actors = actors(&mut conn, &ids).await.expect("actors");
    let keys = judge::Keys::of(&texts, &actors);
    let sight = kring::policy::sight(viewer);
    let ids: Vec<_> = texts.iter().map(|post| kring::base::PostId(post.id)).collect();
    let views = kring::store::posts::found(&mut conn, &ids, &sight).await.expect("posts");
    let bare = |html: &str| text::plain(&SafeHtml::trusted(html.to_owned()));
    let mut plain: Vec<Plain> = views
        .into_iter()
        .map(|view| Plain { key: keys.post(view.post.root_id.0), body: bare(&view.post.html), title: view.post.title })
        .collect();
    plain.extend(actors.into_iter().map(|actor| Plain {
        key: keys.actor(actor.id),
        title: format!("{} {} {}", actor.display_name, actor.name, actor.job_title),
        body: format!("{} {} {} {}", bare(&actor.summary_html), actor.branch, spoken(&actor.languages), actor.topics),
    }));
    (keys, plain)
}

/// Languages by their names, as Kring indexes them.
fn spoken(stored: &str) -> String {
    use kring::i18n::{Locale, has, t};
    let keys = stored.split(',').map(|part| format!("language-{}", part.trim()));
    let names =
        keys.flat_map(|key| Locale::all().iter().filter(|l| has(**l, &key)).map(|l| t(*l, &key)).collect::<Vec<_>>());
    names.collect::<Vec<_>>().join(" ")
}

/// The words of a question, without those that say nothing.
fn words(text: &str) -> Vec<String> {
    kring_index::asked(text).words
}

fn distinct(keys: Vec<Key>) -> Vec<String> {
    let mut seen = HashSet::new();
    keys.into_iter().map(|row| row.key).filter(|key| seen.insert(key.clone())).collect()
}

fn fts5(plain: &[Plain]) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(":memory:").expect("SQLite");
    conn.batch_execute(
        "CREATE VIRTUAL TABLE things USING fts5(key UNINDEXED, title, body, tokenize = \"unicode61 remove_diacritics 2\", \
         prefix = '3 4')",
    )
    .expect("FTS5");
    for thing in plain {
        diesel::sql_query("INSERT INTO things VALUES (?, ?, ?)")
            .bind::<Text, _>(&thing.key)
            .bind::<Text, _>(&thing.title)
            .bind::<Text, _>(&thing.body)
            .execute(&mut conn)
            .expect("a row");
    }
    conn
}

/// All words, each as a beginning; then some of them. As an application would ask FTS5.
fn ask_fts5(conn: &mut SqliteConnection, text: &str) -> Vec<String> {
    let words: Vec<String> = words(text).iter().map(|word| format!("\"{word}\"*")).collect();
    let mut keys = Vec::new();
    for joint in [" AND ", " OR "] {
        let rows = diesel::sql_query(
            "SELECT key FROM things WHERE things MATCH ? ORDER BY bm25(things, 0, 2.2, 1.0) LIMIT 60",
        )
        .bind::<Text, _>(words.join(joint))
        .load::<Key>(conn);
        keys.extend(rows.expect("an answer"));
    }
    distinct(keys)
}

struct FullText(tokio_postgres::Client);

async fn full_text(url: &str, plain: &[Plain]) -> FullText {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("PostgreSQL");
    tokio::spawn(connection);
    client
        .batch_execute(
            "CREATE TEMPORARY TABLE things (key TEXT, title TEXT, body TEXT); \
             CREATE FUNCTION pg_temp.bare(TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS \
             $$ SELECT translate(lower($1), 'áàäâãéèëêíìïîóòöôõúùüûçñış', 'aaaaaeeeeiiiiooooouuuucnis') $$",
        )
        .await
        .expect("a table");
    for thing in plain {
        let row = "INSERT INTO things VALUES ($1, pg_temp.bare($2), pg_temp.bare($3))";
        client.execute(row, &[&thing.key, &thing.title, &thing.body]).await.expect("a row");
    }
    FullText(client)
}

/// All words by their Dutch stems, or as beginnings; then some of them.
async fn ask_postgres(database: Option<&FullText>, text: &str) -> Vec<String> {
    let Some(FullText(client)) = database else { return Vec::new() };
    let words: Vec<String> = words(text).iter().map(|word| format!("{word}:*")).collect();
    let sql = "SELECT key FROM (SELECT key, setweight(to_tsvector('dutch', title), 'A') || to_tsvector('dutch', body) AS v \
               FROM things) t WHERE v @@ to_tsquery('dutch', $1) ORDER BY ts_rank(v, to_tsquery('dutch', $1), 1) DESC LIMIT 60";
    let mut keys = Vec::new();
    for joint in [" & ", " | "] {
        let rows = client.query(sql, &[&words.join(joint)]).await.expect("an answer");
        keys.extend(rows.iter().map(|row| Key { key: row.get(0) }));
    }
    distinct(keys)
}
