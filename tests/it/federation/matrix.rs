//! A private group over four servers, seen through every door of each: members see what is written in it, and nobody else
//! sees a word of it, nor the picture, whichever server they ask and whether they are signed in.

use std::time::Duration;

use kring::base::*;
use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::GroupKind;
use kring::domain::media::MediaPurpose;
use kring::domain::posts::{Post, PostKind};
use kring::services::posts::PostForm;
use kring::services::{follows, media};

use super::closed::admit;
use super::support::*;
use crate::api::{Phone, streams};
use crate::support::{Browser, Kind, PNG};

on_each_database! {
    d97_a_private_group_is_seen_by_its_members_at_every_door_and_by_nobody_at_any => matrix;
}

/// For each side a word to search for, and one to look for in what is found: pages repeat what they were asked.
const WORDS: [(&str, &str); 3] =
    [("kwikstaart", "zwartkopmeesje"), ("roodborst", "geelgorsjes"), ("ijsvogel", "appelvinkjes")];
/// What is in the picture.
const PICTURED: &str = "wielewaaltje";
/// What somebody says under the first post.
const COMMENTED: &str = "boomkruipertje";

/// A server with a member and somebody who is none.
struct Home {
    kring: Kring,
    member: Viewer,
    other: Viewer,
    group: Actor,
}

impl Home {
    async fn write(&self, (word, mark): (&str, &str)) -> Post {
        let (ctx, bytes) = (self.kring.ctx(), bytes::Bytes::from_static(PNG));
        let told = format!("een {PICTURED}");
        let file = media::upload(ctx, &self.member, bytes, "image/png", "x.png", &told, MediaPurpose::Post).await;
        // It names somebody who is not in the group.
        let text = format!("De {word} zag een {mark}, @nora #{word}");
        let form = PostForm {
            group: Some(self.group.id),
            media: vec![file.unwrap().id],
            ..PostForm::new(PostKind::Message, &text)
        };
        self.kring.publish(&self.member, form).await
    }

    /// The name of the group in addresses here.
    fn acct(&self, host: &str) -> String {
        if self.kring.host == host { "care_team".to_owned() } else { format!("care_team@{host}") }
    }
}

/// A post as it is known at a server.
struct Known {
    uri: String,
    id: PostId,
    author: ActorId,
    author_acct: String,
    media: Vec<MediaId>,
    word: &'static str,
    mark: &'static str,
}

async fn known(home: &Kring, reader: &Viewer, post: &Post, words: (&'static str, &'static str)) -> Known {
    let here = home.until_published(&post.uri).await;
    let view = home.view(reader, here.id).await.unwrap();
    let author_acct = match &view.author.host {
        Some(host) => format!("{}@{host}", view.author.name),
        None => view.author.name.clone(),
    };
    let media = view.media.iter().map(|file| file.id).collect();
    Known {
        uri: post.uri.clone(),
        id: here.id,
        author: here.author_id,
        author_acct,
        media,
        word: words.0,
        mark: words.1,
    }
}

fn coded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Pages on which what a member may see could stand.
fn pages(group: &str, post: &Known) -> Vec<String> {
    let Known { id, word, author_acct, .. } = post;
    let mut all = vec![
        format!("/posts/{id}"),
        format!("/groups/{group}"),
        "/home".to_owned(),
        format!("/search?q={word}"),
        format!("/search?q={}", coded(&post.uri)),
        format!("/posts/{id}/history"),
        format!("/people/{author_acct}"),
        format!("/tags/{word}"),
        "/".to_owned(),
        format!("/posts/{id}/preview"),
        format!("/groups/{group}/files"),
        format!("/groups/{group}/people"),
        format!("/groups/{group}/pages"),
        format!("/groups/{group}/log"),
        format!("/search/suggest?q={word}"),
        format!("/interact?uri={}", coded(&post.uri)),
    ];
    let others =
        ["/", "/groups", "/notices", "/messages", "/bookmarks", "/knowledge", "/knowledge/questions", "/board"];
    all.extend(others.map(str::to_owned));
    all
}

/// The same of the client API.
fn calls(group: ActorId, post: &Known) -> Vec<String> {
    let Known { id, word, author, .. } = post;
    let mut all = vec![
        format!("/api/v1/statuses/{id}"),
        "/api/v1/timelines/home".to_owned(),
        format!("/api/v1/timelines/list/{group}"),
        format!("/api/v1/accounts/{group}/statuses"),
        format!("/api/v2/search?q={word}"),
        format!("/api/v2/search?q={}&resolve=true", coded(&post.uri)),
        format!("/api/v1/statuses/{id}/history"),
        format!("/api/v1/accounts/{author}/statuses"),
        format!("/api/v1/accounts/{author}/statuses?only_media=true"),
        format!("/api/v1/timelines/tag/{word}"),
        format!("/api/v1/statuses/{id}/context"),
        format!("/api/v1/statuses/{id}/source"),
        format!("/api/v1/tags/{word}"),
        format!("/api/oembed?url={}", coded(&post.uri)),
    ];
    all.extend(post.media.iter().map(|file| format!("/api/v1/media/{file}")));
    let others = [
        "/api/v1/timelines/public",
        "/api/v1/timelines/public?local=true",
        "/api/v1/timelines/public?remote=true",
        "/api/v1/timelines/public?only_media=true",
        "/api/v1/timelines/direct",
        "/api/v1/notifications",
        "/api/v2/notifications",
        "/api/v1/conversations",
        "/api/v1/trends/tags",
        "/api/v1/trends/statuses",
        "/api/v2/suggestions",
        "/api/v1/bookmarks",
        "/api/v1/favourites",
    ];
    all.extend(others.map(str::to_owned));
    all
}

/// How many of the pages, and of the calls, show a post to members: those that come first.
const SHOWN: (usize, usize) = (9, 10);

/// Asks at a door in somebody's name, or in nobody's.
struct Eyes {
    browser: Browser,
    phone: Option<Phone>,
}

impl Eyes {
    async fn of(home: &Kring, who: Option<&Viewer>) -> Self {
        match who {
            Some(who) => Self { browser: home.browser(who).await, phone: Some(home.phone(who).await) },
            None => Self { browser: home.app.visitor(), phone: None },
        }
    }

    async fn call(&self, path: &str) -> (u16, String) {
        let page = match &self.phone {
            Some(phone) => phone.get(path).await,
            None => self.browser.get_as(path, "application/json").await,
        };
        (page.status, page.html)
    }

    async fn see_it(&self, home: &Home, host: &str, post: &Known) {
        for path in pages(&home.acct(host), post).into_iter().take(SHOWN.0) {
            let page = self.browser.get(&path).await.ok();
            assert!(page.html.contains(post.mark), "a member at {path} of {}", home.kring.host);
        }
        for path in calls(home.group.id, post).into_iter().take(SHOWN.1) {
            let (status, answer) = self.call(&path).await;
            assert!(status == 200 && answer.contains(post.mark), "a member at {path} of {}: {answer}", home.kring.host);
        }
        if post.word == WORDS[0].0 {
            let (_, thread) = self.call(&format!("/api/v1/statuses/{}/context", post.id)).await;
            assert!(thread.contains(COMMENTED), "{thread}");
        }
        for file in &post.media {
            for path in [format!("/media/{file}"), format!("/media/{file}/small")] {
                let kind = self.browser.get(&path).await.ok().headers["content-type"].clone();
                assert!(kind.to_str().unwrap().starts_with("image/"), "{path}: {kind:?}");
            }
        }
    }

    async fn see_nothing(&self, home: &Kring, group: (&str, ActorId), post: &Known) {
        let who = if self.phone.is_some() { "somebody" } else { "nobody" };
        let silent = |path: &str, answer: &str| {
            for word in [post.mark, PICTURED, COMMENTED] {
                assert!(!answer.contains(word), "{who} at {path} of {} is shown {word}: {answer}", home.host);
            }
        };
        for path in pages(group.0, post) {
            silent(&path, &self.browser.get(&path).await.html);
        }
        assert_ne!(self.browser.get(&format!("/posts/{}", post.id)).await.status, 200, "{who}");
        for path in calls(group.1, post) {
            silent(&path, &self.call(&path).await.1);
        }
        for path in ["", "/context", "/source", "/history"] {
            let path = format!("/api/v1/statuses/{}{path}", post.id);
            assert!(matches!(self.call(&path).await.0, 401 | 404), "{who} at {path} of {}", home.host);
        }
        for file in &post.media {
            for path in [format!("/media/{file}"), format!("/media/{file}/small")] {
                assert_ne!(self.browser.get(&path).await.status, 200, "{who} at {path} of {}", home.host);
            }
        }
        for path in ["posts/ID", "posts/ID/replies", "posts/ID/quote", "contexts/ID", "activities/ID"] {
            let path = format!("/{}", path.replace("ID", &post.id.to_string()));
            let page = self.browser.get_as(&path, "application/activity+json").await;
            silent(&path, &page.html);
            assert_ne!(page.headers["content-type"], "application/activity+json", "{who} at {path} of {}", home.host);
        }
    }
}

/// Everything that a stream carries until it carries `last`; when it should not come, for a moment.
async fn heard(stream: &mut reqwest::Response, last: Option<&str>) -> String {
    let mut heard = String::new();
    let wait = if last.is_some() { Duration::from_secs(15) } else { Duration::from_millis(300) };
    let listen = async {
        while let Some(piece) = stream.chunk().await.unwrap() {
            heard.push_str(&String::from_utf8_lossy(&piece));
            if last.is_some_and(|last| heard.contains(last)) {
                break;
            }
        }
    };
    let ended = tokio::time::timeout(wait, listen).await;
    assert!(last.is_none() || ended.is_ok(), "{last:?} was not heard: {heard}");
    heard
}

/// Streams that somebody listens to: with the word that comes last in each, if any does.
async fn streams_of(home: &Home) -> Vec<(Option<&'static str>, reqwest::Response)> {
    let token = home.kring.phone(&home.other).await.token().to_owned();
    let mut open = Vec::new();
    for (last, path) in [
        (Some("slotwoord"), "user?".to_owned()),
        (Some("slotwoord"), "public?".to_owned()),
        (Some("slotwoord"), "public/local?".to_owned()),
        (Some("slotwoord"), format!("hashtag?tag={}&", WORDS[0].0)),
        (None, format!("hashtag?tag={}&", WORDS[1].0)),
        (None, format!("list?list={}&", home.group.id)),
        (None, "direct?".to_owned()),
    ] {
        let path = format!("/api/v1/streaming/{path}access_token={token}");
        open.push((last, streams::open(&home.kring.app, &path).await));
    }
    open
}

async fn matrix(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let (b, c) = (Kring::start("beta", kind).await, Kring::start("gamma", kind).await);
    let d = Kring::start("delta", kind).await;
    let (ada, bob, cas) = (a.quiet_person("Ada").await, b.quiet_person("Bob").await, c.quiet_person("Cas").await);
    let group = a.group(&ada, "Care team", GroupKind::Private).await;
    let (at_b, at_c) = (b.resolve("care_team", &a.host).await, c.resolve("care_team", &a.host).await);
    admit(&a, &ada, &group, &b, &bob, &at_b).await;
    admit(&a, &ada, &group, &c, &cas, &at_c).await;
    let host = a.host.clone();
    let mut homes = Vec::new();
    for (kring, member, group) in [(a, ada, group), (b, bob, at_b), (c, cas, at_c)] {
        let other = kring.person("Nora").await;
        homes.push(Home { kring, member, other, group });
    }
    // Somebody at the fourth asked, and was let in by nobody.
    let dora = d.person("Dora").await;
    let at_d = d.resolve("care_team", &host).await;
    follows::request(d.ctx(), &dora, at_d.id, "").await.unwrap();
    d.until_quiet().await;

    let (mut open, mut members) = (Vec::new(), Vec::new());
    for home in &homes {
        open.push(streams_of(home).await);
        let token = home.kring.phone(&home.member).await.token().to_owned();
        let path = format!("/api/v1/streaming/user?access_token={token}");
        members.push(streams::open(&home.kring.app, &path).await);
    }
    super::logs::keep();
    let mut written = Vec::new();
    for (home, words) in homes.iter().zip(WORDS) {
        written.push((home.write(words).await, words));
    }
    let mut all = Vec::new();
    for home in &homes {
        let mut here = Vec::new();
        for (post, words) in &written {
            here.push(known(&home.kring, &home.member, post, *words).await);
        }
        all.push(here);
    }
    let under = all[2][0].id;
    let comment = homes[2].kring.comment(&homes[2].member, under, &format!("Of een {COMMENTED}?")).await;
    for home in &homes {
        home.kring.until_published(&comment.uri).await;
        home.kring.until_quiet().await;
    }
    // Streams: members hear of what others wrote, and the others of what is said in the open.
    for (at, (home, streams)) in homes.iter().zip(open).enumerate() {
        heard(&mut members[at], Some(WORDS[(at + 1) % 3].1)).await;
        let last = format!("slotwoord #{}", WORDS[0].0);
        home.kring.publish(&home.other, PostForm::new(PostKind::Message, &last)).await;
        for (last, mut stream) in streams {
            let heard = heard(&mut stream, last).await;
            for word in WORDS.map(|(_, mark)| mark).into_iter().chain([PICTURED, COMMENTED]) {
                assert!(!heard.contains(word), "{word}: {heard}");
            }
        }
    }
    for (home, posts) in homes.iter().zip(&all) {
        home.kring.app.searchable().await;
        let member = Eyes::of(&home.kring, Some(&home.member)).await;
        let others = [Eyes::of(&home.kring, Some(&home.other)).await, Eyes::of(&home.kring, None).await];
        for post in posts {
            member.see_it(home, &host, post).await;
            for eyes in &others {
                eyes.see_nothing(&home.kring, (&home.acct(&host), home.group.id), post).await;
            }
        }
    }
    // The fourth has nothing of it, and gets nothing when it asks.
    d.app.searchable().await;
    for who in [Some(&dora), None] {
        let eyes = Eyes::of(&d, who).await;
        for post in all.iter().flatten() {
            eyes.see_nothing(&d, (&format!("care_team@{host}"), at_d.id), post).await;
            assert!(d.ctx().remote().unwrap().resolve_url(&post.uri).await.is_err());
        }
    }
    assert_eq!(d.app.count("SELECT count(*) AS n FROM posts").await, 0);
    assert_eq!(d.app.count("SELECT count(*) AS n FROM media").await, 0);
    tracing::info!("and here it ends");
    let logged = super::logs::kept();
    assert!(logged.contains("and here it ends"), "what is logged is kept");
    // The other words were searched for.
    for word in WORDS.map(|(_, mark)| mark).into_iter().chain([PICTURED, COMMENTED]) {
        let lines: Vec<&str> = logged.lines().filter(|line| line.contains(word)).collect();
        assert!(lines.is_empty(), "{word} is in the log: {lines:?}");
    }
}
