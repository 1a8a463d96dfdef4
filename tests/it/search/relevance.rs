//! The level that `cargo bench --bench relevance` measures is kept.

#[path = "../../relevance/judge.rs"]
mod judge;

use kring::app::App;
use kring::base::Clock;
use kring::store::search::{Indexed, actors, ids_after, posts};

use crate::support::run;

#[test]
fn good_answers_come_first() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = judge::demo(folder.path(), port).await;
        let app = App::start_on(listener, config, Clock::system()).await.unwrap();
        let ctx = &app.ctx;
        kring::services::search::catch_up(ctx, std::time::Duration::from_secs(60)).await.unwrap();
        let mut conn = ctx.db.read().await.unwrap();
        let ids = ids_after(&mut conn, Indexed::Posts, 0, 100_000).await.unwrap();
        let texts = posts(&mut conn, &ids).await.unwrap();
        let ids = ids_after(&mut conn, Indexed::Actors, 0, 100_000).await.unwrap();
        let keys = judge::Keys::of(&texts, &actors(&mut conn, &ids).await.unwrap());
        drop(conn);
        let queries = judge::queries();
        assert!(queries.len() >= 120);
        assert_eq!(keys.unknown(&queries), Vec::<String>::new());
        let viewer = judge::asker(ctx).await;
        let (mut recall, mut ndcg, mut report) = (0.0, 0.0, String::new());
        for query in &queries {
            let answers = judge::answers(ctx, &viewer, &keys, &query.q).await;
            let (r, n) = judge::score(query, &answers);
            if n < 0.99 || r < 0.99 {
                let first = answers.iter().take(6).cloned().collect::<Vec<_>>().join(" ");
                report.push_str(&format!(
                    "{r:.2} {n:.2} {:?} [{}] wanted {:?} {:?}: {first}\n",
                    query.q, query.why, query.b, query.g
                ));
            }
            recall += r;
            ndcg += n;
            let bad = answers.iter().take(5).find(|answer| query.never.contains(answer));
            assert_eq!(bad, None, "{}: a near miss wins: {answers:?}", query.q);
        }
        let count = queries.len() as f64;
        let (recall, ndcg) = (recall / count, ndcg / count);
        println!("{report}recall@5 {recall:.3}, nDCG@10 {ndcg:.3}");
        assert!(recall >= 0.92 && ndcg >= 0.90, "recall@5 {recall:.3}, nDCG@10 {ndcg:.3}\n{report}");
        app.stop().await;
    });
}
