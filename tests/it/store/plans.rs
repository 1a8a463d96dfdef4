//! How the databases answer what is asked often: by an index, never by going through a table that grows.

use std::fmt::Write as _;

use diesel::QueryableByName;
use diesel::sql_types::Text;
use kring::domain::actors::Actor;
use kring::domain::groups::GroupKind;
use kring::store::Conn;

use crate::api::Phone;
use crate::support::{Person, TestApp, both, on_sqlite};

#[path = "../../../benches/common/seed.rs"]
mod seed;

const GROUPS: usize = 10;
const PEOPLE: usize = 20;
const POSTS: usize = 3_000;

/// Tables with a row for each post, person, visit or message: what grows with the years.
const GROWING: &[&str] = &[
    "activities",
    "actors",
    "audiences",
    "blocks",
    "bookmarks",
    "changes",
    "deliveries",
    "entries",
    "follows",
    "home",
    "jobs",
    "media",
    "members",
    "mentions",
    "notifications",
    "posts",
    "post_tags",
    "reactions",
    "readers",
    "sessions",
];

#[derive(QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresStep {
    #[diesel(sql_type = Text)]
    #[diesel(column_name = "QUERY PLAN")]
    line: String,
}

#[derive(QueryableByName)]
struct CompileOption {
    #[diesel(sql_type = Text)]
    compile_options: String,
}

/// Without it each statement with a limit is planned anew each time it is run.
#[test]
fn sqlite_plans_without_looking_at_values() {
    on_sqlite(async |app| {
        use diesel_async::RunQueryDsl as _;
        let mut conn = app.ctx().db.read().await.expect("a connection");
        let Conn::Sqlite(sqlite) = &mut conn else { panic!("on SQLite") };
        let options = diesel::sql_query("PRAGMA compile_options").load::<CompileOption>(sqlite).await.unwrap();
        assert!(options.iter().any(|option| option.compile_options == "ENABLE_QPSG"), "see .cargo/config.toml");
    });
}

/// What goes through a whole table in the plan of a query; empty when nothing does.
async fn walked_through(conn: &mut Conn, sql: &str) -> Vec<String> {
    use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
    match conn {
        Conn::Sqlite(conn) => {
            let steps = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load::<SqliteStep>(conn).await;
            let steps = steps.unwrap_or_else(|error| panic!("{error}: {sql}"));
            let sorted = steps.iter().any(|step| step.detail.contains("TEMP B-TREE FOR ORDER BY"));
            steps.into_iter().map(|step| step.detail).filter(|step| is_walk_of_sqlite(step, sorted)).collect()
        }
        Conn::Pg(conn) => {
            let values = (1..).take_while(|number| sql.contains(&format!("${number}"))).count();
            let mut run = String::new();
            write!(run, "DEALLOCATE ALL; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; ")
                .unwrap();
            write!(run, "PREPARE asked AS {sql}").unwrap();
            conn.batch_execute(&run).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
            let values = vec!["NULL"; values].join(", ");
            let values = if values.is_empty() { values } else { format!("({values})") };
            let steps = diesel::sql_query(format!("EXPLAIN EXECUTE asked{values}")).load::<PostgresStep>(conn).await;
            let steps = steps.unwrap_or_else(|error| panic!("{error}: {sql}"));
            steps.into_iter().map(|step| step.line).filter(|step| is_walk_of_postgres(step)).collect()
        }
    }
}

/// A table from one end to the other; an index made for the one question; or all ids between two bounds, to be sorted
/// afterwards.
fn is_walk_of_sqlite(step: &str, sorted: bool) -> bool {
    let of_growing = |start: &str| {
        let table = step.strip_prefix(start).and_then(|rest| rest.split(' ').next());
        table.is_some_and(|table| GROWING.contains(&table))
    };
    let by_bounds = step.contains("PRIMARY KEY (rowid>") || step.contains("PRIMARY KEY (rowid<");
    (of_growing("SCAN ") && !step.contains("USING INDEX") && !step.contains("USING COVERING INDEX"))
        || (of_growing("SEARCH ") && (step.contains("AUTOMATIC") || (by_bounds && sorted)))
}

fn is_walk_of_postgres(step: &str) -> bool {
    let table = step.split("Seq Scan on ").nth(1).and_then(|rest| rest.split(' ').next());
    table.is_some_and(|table| GROWING.contains(&table))
}

/// A query as it may be explained: without its values, and only if it reads. What the tests themselves count is left out.
fn text_of(kept: &str) -> Option<&str> {
    let sql = kept.trim_end_matches(';');
    (sql.starts_with("SELECT") && !sql.starts_with("SELECT count(*) AS n ")).then_some(sql)
}

async fn visit(app: &TestApp, group: &Actor, post: i64, reader: &Person, author: &str) {
    let browser = app.browser(reader).await;
    let visitor = app.visitor();
    for path in [
        "/home".to_owned(),
        "/groups".to_owned(),
        format!("/groups/{}", group.name),
        format!("/groups/{}/people", group.name),
        format!("/posts/{post}"),
        "/notices".to_owned(),
        "/people".to_owned(),
        format!("/people/{author}"),
        "/messages".to_owned(),
        "/bookmarks".to_owned(),
        "/tags/meten".to_owned(),
        "/ideas".to_owned(),
        "/start".to_owned(),
        "/newcomers".to_owned(),
        "/meet".to_owned(),
    ] {
        browser.get(&path).await.ok();
    }
    for path in [format!("/groups/{}", group.name), format!("/posts/{post}")] {
        visitor.get(&path).await.ok();
        visitor.get_as(&path, "application/activity+json").await.ok();
    }
    visitor.get_as(&format!("/groups/{}/outbox?page=true", group.name), "application/activity+json").await;
    let phone = Phone::of(app, reader).await;
    let id = group.id;
    for path in [
        "/api/v1/timelines/home".to_owned(),
        "/api/v1/timelines/public".to_owned(),
        "/api/v1/timelines/tag/meten".to_owned(),
        "/api/v1/timelines/link?url=https://elders.example/".to_owned(),
        "/api/v1/trends/tags".to_owned(),
        "/api/v1/trends/statuses".to_owned(),
        "/api/v1/trends/links".to_owned(),
        format!("/api/v1/timelines/list/{id}"),
        format!("/api/v1/accounts/{id}/statuses"),
        format!("/api/v1/accounts/{id}/followers"),
        format!("/api/v1/statuses/{post}"),
        format!("/api/v1/statuses/{post}/context"),
        "/api/v1/notifications".to_owned(),
        "/api/v1/conversations".to_owned(),
        "/api/v1/bookmarks".to_owned(),
        "/api/v1/favourites".to_owned(),
        "/api/v2/search?q=bericht".to_owned(),
    ] {
        phone.get(&path).await.ok();
    }
}

#[test]
fn what_is_asked_often_is_answered_by_an_index() {
    both(async |app| {
        let owner = app.admin("Marieke").await;
        let mut groups = Vec::new();
        for number in 0..GROUPS {
            groups.push(app.group(&owner, &format!("Groep{number}"), GroupKind::Public).await);
        }
        let mut people = Vec::new();
        for number in 1..PEOPLE {
            people.push(app.person(&format!("Persoon{number}")).await);
        }
        seed::memberships(app.ctx(), GROUPS).await;
        let newest = app.ctx().ids.next();
        seed::posts(app.ctx(), newest, (0, POSTS), GROUPS, PEOPLE, PEOPLE).await;
        // As on an instance with peers: most people live elsewhere.
        seed::run(
            app.ctx(),
            format!(
                "INSERT INTO actors (id, uri, host_id, kind, name, name_key, display_name, summary_html, url, inbox, \
                 created_at, updated_at) \
                 WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {POSTS}) \
                 SELECT i, 'https://elsewhere.example/' || CAST(i AS TEXT), 0, 'person', 'elsewhere' || CAST(i AS TEXT), \
                 'elsewhere' || CAST(i AS TEXT), 'Iemand', '', '', '', 0, 0 FROM n"
            ),
        )
        .await;
        seed::run(
            app.ctx(),
            "INSERT INTO readers (audience_id, actor_id, host_id) SELECT p.audience_id, a.id, 0 FROM actors a \
             JOIN (SELECT MIN(audience_id) AS audience_id FROM posts) p ON 1 = 1 WHERE a.name LIKE 'elsewhere%'"
                .to_owned(),
        )
        .await;
        // So few that SQLite would rightly go through them all, there are not.
        let accounts = "INSERT INTO members (actor_id, created_at) SELECT id, 0 FROM actors WHERE name LIKE 'elsewhere%' AND id <= 500";
        seed::run(app.ctx(), accounts.to_owned()).await;
        let notices = "INSERT INTO notifications (id, member_id, kind, post_id, group_key, created_at) \
                       SELECT id, author_id, 'post', id, 'post-' || CAST(id AS TEXT), 0 FROM posts";
        seed::run(app.ctx(), notices.to_owned()).await;
        let post = app.post(&people[0], &groups[0], "Wie weet hier meer van?").await;
        app.comment(&people[1], post, "Ik!").await;
        for person in &people[2..6] {
            let told = kring::domain::knowledge::Told::Organisation;
            let knows = kring::domain::knowledge::Relation::Knows;
            kring::services::expertise::add(app.ctx(), &person.viewer, knows, "Turks", "", told).await.unwrap();
            kring::services::newcomers::start(app.ctx(), &owner.viewer, person.id).await.unwrap();
            kring::services::meetings::choose(app.ctx(), &person.viewer, Some(false)).await.unwrap();
        }
        app.searchable().await;
        seed::run(app.ctx(), "ANALYZE".to_owned()).await;

        app.ctx().db.keep_queries();
        visit(&app, &groups[0], post.0, &people[2], &people[0].name).await;
        let another = app.post(&people[3], &groups[1], "En wie weet dit?").await;
        app.comment(&people[4], another, "Misschien ik.").await;
        app.settle().await;
        kring::services::newcomers::look_after(app.ctx()).await.unwrap();
        kring::services::meetings::round(app.ctx(), 202_612, 9).await.unwrap();
        let kept = app.ctx().db.kept_queries();
        assert!(kept.len() > 60, "{} queries were kept", kept.len());

        // SQLite reads what ANALYZE found out when it opens a file.
        let looking = kring::store::Db::open(&app.database.url).await.expect("the database");
        let mut conn = looking.read().await.expect("a connection");
        let mut told = String::new();
        for sql in kept.keys().filter_map(|kept| text_of(kept)) {
            let walked = walked_through(&mut conn, sql).await;
            if !walked.is_empty() {
                writeln!(told, "{walked:?}\n    {sql}").unwrap();
            }
            if sql.contains("1=0") {
                writeln!(told, "this cannot find anything\n    {sql}").unwrap();
            }
        }
        assert!(told.is_empty(), "these go through a whole table:\n{told}");
    });
}
