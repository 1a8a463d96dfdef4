//! Statuses are drawn once and kept. What changes shows at once all the same: to everyone, in every process.

use kring::app::App;
use kring::base::{Clock, PostId};
use kring::domain::groups::GroupKind;
use kring::domain::media::MediaPurpose;
use kring::domain::moderation::BlockKind;
use kring::domain::posts::{PostKind, ReactionKind};
use kring::services::posts::{self, NewPoll, PostForm};
use kring::services::{media, moderation, people};
use reqwest::Method;
use serde_json::{Value, json};

use super::Phone;
use crate::support::{Browser, Kind, PNG, Person, TestApp, both, databases, run};

const PUBLIC: &str = "/api/v1/timelines/public";

/// Who looks: two members with their apps, and somebody passing by.
struct Eyes {
    phones: Vec<Phone>,
    visitor: Browser,
}

impl Eyes {
    /// Looks at every page. Each status on it is as it is when it is asked for alone, which is drawn anew.
    async fn look(&self, after: &str) -> (Value, Value) {
        for phone in &self.phones {
            for path in ["/api/v1/timelines/home", PUBLIC] {
                for item in Phone::read(phone.get(path).await).as_array().unwrap() {
                    let id = item["id"].as_str().unwrap();
                    let alone = Phone::read(phone.get(&format!("/api/v1/statuses/{id}")).await);
                    assert_eq!(item, &alone, "{path} after {after}");
                }
            }
        }
        let open = self.visitor.get(PUBLIC).await.ok().json();
        for item in open.as_array().unwrap() {
            let id = item["id"].as_str().unwrap();
            let alone = self.visitor.get(&format!("/api/v1/statuses/{id}")).await.ok().json();
            assert_eq!(item, &alone, "the public timeline after {after}");
        }
        (Phone::read(self.phones[0].get("/api/v1/timelines/home").await), open)
    }

    /// What the first of them sees of one post.
    async fn of(&self, post: PostId, after: &str) -> Value {
        let (home, _) = self.look(after).await;
        let item = home.as_array().unwrap().iter().find(|item| item["reblog"]["id"] == post.to_string());
        item.unwrap_or_else(|| panic!("no such post after {after}"))["reblog"].clone()
    }
}

/// Changes everything that can be seen of a post, and looks after each change.
async fn change_everything(app: &TestApp, eyes: &Eyes, wim: &Person, fatima: &Person) {
    let ctx = app.ctx();
    let group = app.group(fatima, "Lezers", GroupKind::Public).await;
    app.join(wim, &group, fatima).await;
    let post = app.post(fatima, &group, "Wat lezen jullie? #lezen @wim").await;
    let mut vote = PostForm::new(PostKind::Poll, "Wanneer?");
    vote.group = Some(group.id);
    vote.poll =
        Some(NewPoll { options: vec!["Ma".into(), "Di".into()], multiple: false, hidden: false, closes_at: None });
    let poll = posts::publish(ctx, &fatima.viewer, vote).await.unwrap().id;
    app.settle().await;
    assert_eq!(eyes.of(post, "publishing").await["favourites_count"], 0);

    posts::react(ctx, &wim.viewer, post, ReactionKind::Thanks, true).await.unwrap();
    let seen = eyes.of(post, "thanking").await;
    assert_eq!((&seen["favourited"], &seen["favourites_count"]), (&json!(true), &json!(1)));
    posts::share(ctx, &wim.viewer, post, true).await.unwrap();
    let seen = eyes.of(post, "sharing").await;
    assert_eq!((&seen["reblogged"], &seen["reblogs_count"]), (&json!(true), &json!(1)));
    posts::bookmark(ctx, &wim.viewer, post, true).await.unwrap();
    assert_eq!(eyes.of(post, "keeping").await["bookmarked"], true);
    let answer = app.comment(wim, post, "Max Havelaar").await;
    assert_eq!(eyes.of(post, "an answer").await["replies_count"], 1);
    posts::lock(ctx, &fatima.viewer, post, true).await.unwrap();
    assert_eq!(eyes.of(post, "locking").await["kring"]["locked"], true);
    posts::pin(ctx, &fatima.viewer, post, true).await.unwrap();
    assert_eq!(eyes.of(post, "pinning").await["pinned"], true);

    let bytes = bytes::Bytes::from_static(PNG);
    let file =
        media::upload(ctx, &fatima.viewer, bytes, "image/png", "stip.png", "", MediaPurpose::Post).await.unwrap();
    let mut form = PostForm::new(PostKind::Message, "Wat lezen **jullie** nu? #boeken");
    form.media = vec![file.id];
    posts::edit(ctx, &fatima.viewer, post, form).await.unwrap();
    let seen = eyes.of(post, "an edit").await;
    assert!(seen["content"].as_str().unwrap().contains("<strong>jullie</strong>"));
    assert_eq!(
        (&seen["tags"][0]["name"], seen["media_attachments"].as_array().map(Vec::len)),
        (&json!("boeken"), Some(1))
    );
    media::describe(ctx, &fatima.viewer, file.id, "Een stip", None).await.unwrap();
    assert_eq!(eyes.of(post, "a description").await["media_attachments"][0]["description"], "Een stip");
    posts::edit(ctx, &fatima.viewer, post, PostForm::new(PostKind::Message, "Zonder plaatje")).await.unwrap();
    assert_eq!(eyes.of(post, "taking the file away").await["media_attachments"], json!([]));

    posts::vote(ctx, &wim.viewer, poll, vec![1]).await.unwrap();
    let seen = &eyes.of(poll, "a vote").await["poll"];
    assert_eq!((&seen["own_votes"], &seen["options"][1]["votes_count"]), (&json!([1]), &json!(1)));
    let now = ctx.now();
    let close =
        ctx.db.write(move |conn| Box::pin(async move { kring::store::posts::close_poll(conn, poll, now).await }));
    close.await.unwrap();
    assert_eq!(eyes.of(poll, "closing the vote").await["poll"]["expired"], true);

    let mut profile = profile_of(app, fatima).await;
    profile.display_name = "Fatima de Boer".to_owned();
    people::update_profile(ctx, &fatima.viewer, profile).await.unwrap();
    assert_eq!(eyes.of(post, "a new name").await["account"]["display_name"], "Fatima de Boer");

    let mut quoting = PostForm::new(PostKind::Message, "Kijk eens");
    quoting.group = Some(group.id);
    quoting.quote = Some(post);
    let quoting = posts::publish(ctx, &fatima.viewer, quoting).await.unwrap().id;
    app.settle().await;
    assert_eq!(eyes.of(quoting, "quoting").await["quote"]["quoted_status"]["id"], post.to_string());
    assert_eq!(eyes.of(post, "being quoted").await["quotes_count"], 1);
    posts::delete(ctx, &fatima.viewer, post).await.unwrap();
    assert_eq!(eyes.of(quoting, "deleting what is quoted").await["quote"]["state"], "deleted");
    let (home, open) = eyes.look("deleting").await;
    for list in [home, open] {
        let ids: Vec<&Value> = list.as_array().unwrap().iter().map(|item| &item["id"]).collect();
        assert!(!ids.contains(&&json!(post.to_string())) && !ids.contains(&&json!(answer.to_string())));
    }

    let words = json!({ "title": "Stil", "context": ["home"], "keywords_attributes": [{ "keyword": "kijk" }] });
    Phone::read(eyes.phones[0].post("/api/v2/filters", words).await);
    assert_eq!(eyes.of(quoting, "a filter").await["filtered"][0]["filter"]["title"], "Stil");
    moderation::set_block(ctx, &wim.viewer, fatima.id, BlockKind::Block, true, None).await.unwrap();
    let (home, open) = eyes.look("shutting out").await;
    assert_eq!(home, json!([]));
    assert_eq!(open.as_array().map(Vec::len), Some(2), "others go on seeing what is there");
}

async fn profile_of(app: &TestApp, person: &Person) -> people::Profile {
    let member = kring::services::api::member(app.ctx(), &person.viewer).await.unwrap();
    people::Profile {
        display_name: person.name.clone(),
        about: String::new(),
        details: kring::store::people::Details {
            job_title: member.job_title,
            pronunciation: member.pronunciation,
            branch_id: member.branch_id,
            languages: member.languages,
            contact: member.contact,
        },
    }
}

#[test]
fn what_changes_shows_at_once() {
    both(async |app| {
        let (wim, fatima) = (app.person("Wim").await, app.person("Fatima").await);
        let phones = vec![Phone::of(&app, &wim).await, Phone::of(&app, &fatima).await];
        let eyes = Eyes { phones, visitor: app.visitor() };
        change_everything(&app, &eyes, &wim, &fatima).await;
    });
}

#[test]
fn what_one_process_changes_shows_at_once_in_another() {
    if databases().len() < 2 {
        return;
    }
    run(async {
        let app = TestApp::start(Kind::Postgres).await;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let second = App::start_on(listener, (*app.ctx().config).clone(), Clock::system()).await.unwrap();
        let there = || Browser::new(&format!("http://linde.localhost:{}", second.address.port()), second.address);
        let (wim, fatima) = (app.person("Wim").await, app.person("Fatima").await);
        let mut phones = vec![Phone::of(&app, &wim).await, Phone::of(&app, &fatima).await];
        for phone in &mut phones {
            phone.browser = there();
        }
        let eyes = Eyes { phones, visitor: there() };
        // Everything is written through the first process, and read through the second.
        change_everything(&app, &eyes, &wim, &fatima).await;
        // A token that was taken back is good for nothing, at once.
        let gone = "DELETE FROM oauth_tokens";
        eyes.phones[0].get("/api/v1/timelines/home").await.ok();
        let removed = app.ctx().db.write(move |conn| {
            Box::pin(async move {
                use diesel_async::RunQueryDsl as _;
                match conn {
                    kring::store::Conn::Pg(c) => diesel::sql_query(gone).execute(c).await,
                    kring::store::Conn::Sqlite(c) => diesel::sql_query(gone).execute(c).await,
                }
                .map_err(kring::base::Error::from)
            })
        });
        assert!(removed.await.unwrap() > 0);
        eyes.phones[0].get("/api/v1/timelines/home").await.status(401);
        second.stop().await;
        app.stop().await;
    });
}

#[test]
fn what_was_drawn_is_not_drawn_again() {
    both(async |app| {
        let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
        let group = app.group(&fatima, "Lezers", GroupKind::Public).await;
        app.join(&wim, &group, &fatima).await;
        for n in 0..25 {
            app.post(&fatima, &group, &format!("Bericht {n} #lezen @wim")).await;
        }
        app.settle().await;
        let phone = Phone::of(&app, &wim).await;
        Phone::read(phone.get("/api/v1/timelines/home").await);
        app.settle().await;
        let (queries, home) = app.queries(async || phone.get("/api/v1/timelines/home").await).await;
        assert_eq!(queries, 2, "whose token, and which posts");
        let visitor = app.visitor();
        visitor.get(PUBLIC).await.ok();
        let (queries, open) = app.queries(async || visitor.get(PUBLIC).await).await;
        assert_eq!(queries, 1, "whether anything was written");
        // Who has it already is sent nothing.
        let tag = home.headers["etag"].to_str().unwrap().to_owned();
        let had = [("if-none-match", tag.as_str())];
        let again = phone.send(Method::GET, "/api/v1/timelines/home", "", "", &had).await;
        assert_eq!(again.status(304).html, "");
        posts::react(app.ctx(), &fatima.viewer, newest(&open), ReactionKind::Thanks, true).await.unwrap();
        phone.send(Method::GET, "/api/v1/timelines/home", "", "", &had).await.ok();
        let now = visitor.get(PUBLIC).await.ok();
        assert_ne!(now.headers["etag"], open.headers["etag"]);
    });
}

fn newest(page: &crate::support::Page) -> PostId {
    page.json()[0]["id"].as_str().unwrap().parse().unwrap()
}
