//! Everything written in a group is looked for at every door by every reader, and found by nobody who may not read it.

use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::GroupKind;
use kring::domain::media::MediaPurpose;
use kring::domain::posts::PostKind;
use kring::services::posts::{self, PostForm};
use kring::services::wiki::{self, WikiForm};
use kring::services::{follows, media};

use crate::api::Phone;
use crate::federation::peer::Peer;
use crate::support::{Browser, PNG, Person, TestApp, both};

const KINDS: [GroupKind; 4] = [GroupKind::Public, GroupKind::Network, GroupKind::Organisation, GroupKind::Private];

/// A post with all that hangs on it. Its words hold no word of another's.
struct Item {
    kind: GroupKind,
    group: Actor,
    /// In the text of post and comment, in the title, the description of the picture: whoever reads it has read them.
    mark: String,
    post: i64,
    comment: i64,
    media: i64,
    page: i64,
}

/// Who looks, and with what.
struct Reader {
    who: &'static str,
    browser: Browser,
    phone: Option<Phone>,
    /// A server elsewhere that signs its requests, by this actor.
    server: Option<(Peer, String)>,
    reads: fn(GroupKind) -> bool,
}

/// What is searched for: the page says it again, so it is not the mark.
fn sought(kind: GroupKind) -> String {
    format!("zoekwoord{}", kind.as_str())
}

async fn item(app: &TestApp, owner: &Person, all: &[&Person], kind: GroupKind) -> Item {
    let mark = format!("zeehond{}", kind.as_str());
    let group = app.group(owner, &format!("Club{}", kind.as_str()), kind).await;
    let bytes = bytes::Bytes::from_static(PNG);
    let viewer = &owner.viewer;
    let file = media::upload(app.ctx(), viewer, bytes, "image/png", "x.png", &mark, MediaPurpose::Post).await.unwrap();
    // Everyone is named, so that each would have a notice.
    let names: Vec<String> = all.iter().map(|person| format!("@{}", person.name)).collect();
    let text = format!("{} {mark} #gezamenlijk {}", sought(kind), names.join(" "));
    let form = PostForm {
        group: Some(group.id),
        media: vec![file.id],
        title: format!("Vraag {mark}"),
        ..PostForm::new(PostKind::Question, text)
    };
    let post = posts::publish(app.ctx(), viewer, form).await.unwrap();
    let comment = app.comment(owner, post.id, &format!("Antwoord {} {mark}", sought(kind))).await;
    posts::pin(app.ctx(), viewer, post.id, true).await.unwrap();
    let words = |n: u8| WikiForm {
        title: format!("Kennis {mark}"),
        source: format!("Kennis {n} {} {mark}", sought(kind)),
        note: format!("Aangevuld {mark}"),
    };
    let page = wiki::create(app.ctx(), viewer, group.id, &words(1)).await.unwrap();
    wiki::save(app.ctx(), viewer, page, 1, &words(2)).await.unwrap();
    Item { kind, group, mark, post: post.id.0, comment: comment.0, media: file.id.0, page: page.0 }
}

/// Doors at which a reader must find what they may read; the others are only searched for leaks.
fn pages(item: &Item) -> (Vec<String>, Vec<String>) {
    let Item { group, post, comment, page, .. } = item;
    let name = &group.name;
    let direct = vec![
        format!("/posts/{post}"),
        format!("/groups/{name}"),
        format!("/search?q={}", sought(item.kind)),
        format!("/pages/{page}"),
        format!("/pages/{page}/history"),
        format!("/pages/{page}/compare?from=1&to=2"),
        format!("/pages/{page}/versions/1"),
        format!("/groups/{name}/pages"),
        format!("/search?q={}&kind=pages", sought(item.kind)),
    ];
    let others = vec![
        format!("/posts/{comment}"),
        format!("/posts/{post}/history"),
        format!("/groups/{name}/people"),
        format!("/groups/{name}/files"),
        format!("/groups/{name}/log"),
        format!("/pages/{page}/edit"),
        format!("/pages/{page}/delete"),
        "/search/suggest?q=kennis".to_owned(),
        "/".to_owned(),
        "/home".to_owned(),
        "/groups".to_owned(),
        "/notices".to_owned(),
        "/messages".to_owned(),
        "/bookmarks".to_owned(),
        "/people/fatima".to_owned(),
        "/tags/gezamenlijk".to_owned(),
        "/search?q=zoekwoord".to_owned(),
        "/search?q=zoekwoord&kind=questions".to_owned(),
        "/search?q=zeehond&kind=comments".to_owned(),
        "/search/suggest?q=vraag+zee".to_owned(),
        format!("/search/suggest?q={}", &item.mark[..9]),
        "/complete?q=zeehond".to_owned(),
    ];
    (direct, others)
}

fn calls(item: &Item) -> (Vec<String>, Vec<String>) {
    let Item { group, post, comment, .. } = item;
    let author = "fatima";
    let direct = vec![
        format!("/api/v1/statuses/{post}"),
        format!("/api/v1/statuses/{post}/context"),
        format!("/api/v1/accounts/{}/statuses", group.id),
        format!("/api/v2/search?q={}&type=statuses", sought(item.kind)),
    ];
    let others = vec![
        format!("/api/v1/statuses/{comment}"),
        format!("/api/v1/statuses/{post}/source"),
        format!("/api/v1/statuses/{post}/history"),
        format!("/api/v1/statuses?id[]={post}"),
        format!("/api/v1/timelines/list/{}", group.id),
        "/api/v1/timelines/home".to_owned(),
        "/api/v1/timelines/public".to_owned(),
        "/api/v1/timelines/public?local=true".to_owned(),
        "/api/v1/timelines/tag/gezamenlijk".to_owned(),
        "/api/v1/notifications".to_owned(),
        "/api/v2/notifications".to_owned(),
        "/api/v1/conversations".to_owned(),
        "/api/v1/trends/statuses".to_owned(),
        format!("/api/v1/accounts/lookup?acct={author}"),
    ];
    (direct, others)
}

fn documents(item: &Item) -> (Vec<String>, Vec<String>) {
    let Item { group, post, comment, .. } = item;
    let name = &group.name;
    let direct = vec![format!("/posts/{post}"), format!("/groups/{name}/outbox?page=1")];
    let others = vec![
        format!("/posts/{comment}"),
        format!("/posts/{post}/replies"),
        format!("/contexts/{post}"),
        format!("/activities/{post}"),
        format!("/groups/{name}/featured"),
        "/people/fatima/outbox?page=1".to_owned(),
        format!("/groups/{name}"),
        "/people/fatima".to_owned(),
    ];
    (direct, others)
}

impl Reader {
    /// What a door shows to this reader: pages, calls and documents alike.
    async fn see(&self, app: &TestApp, path: &str, accept: &str) -> String {
        if let (Some((peer, actor)), true) = (&self.server, accept.contains("activity")) {
            return peer.get(actor, &format!("{}{path}", app.origin())).await.1.to_string();
        }
        if let (Some(phone), true) = (&self.phone, path.starts_with("/api/")) {
            return phone.get(path).await.html;
        }
        self.browser.get_as(path, accept).await.html
    }

    async fn look(&self, app: &TestApp, item: &Item) {
        let reads = (self.reads)(item.kind);
        let html = "text/html";
        let json = "application/json";
        let activity = "application/activity+json";
        // Documents for servers are for what is open, or signed for: a member's own browser reads pages.
        let signed = self.phone.is_none();
        for (accept, (direct, others), is_reader) in
            [(html, pages(item), true), (json, calls(item), true), (activity, documents(item), signed)]
        {
            // Apps search for posts only when somebody is signed in.
            let closed = |path: &str| self.phone.is_none() && path.starts_with("/api/v2/search");
            let must = direct.iter().map(|path| (path, reads && is_reader && !closed(path)));
            for (path, must) in must.chain(others.iter().map(|path| (path, false))) {
                let seen = self.see(app, path, accept).await;
                let shown = seen.contains(&item.mark);
                let what = format!("{} at {path} ({accept}): {:?} group", self.who, item.kind);
                assert!(reads || !shown, "leaked to {what}\n{seen}");
                assert!(shown || !must, "not shown to {what}\n{seen}");
            }
        }
        for path in [format!("/media/{}", item.media), format!("/media/{}/small", item.media)] {
            let status = self.browser.get_as(&path, "image/*").await.status;
            assert_eq!(status == 200, reads, "{} at {path}: {status}, {:?} group", self.who, item.kind);
        }
    }
}

async fn reader(app: &TestApp, who: &'static str, person: Option<&Person>, reads: fn(GroupKind) -> bool) -> Reader {
    let (browser, phone) = match person {
        Some(person) => (app.browser(person).await, Some(Phone::of(app, person).await)),
        None => (app.visitor(), None),
    };
    Reader { who, browser, phone, server: None, reads }
}

#[test]
fn nothing_leaks_at_any_door() {
    both(async |app| {
        let fatima = app.person("Fatima").await;
        let (inside, outside, banned) = (app.person("Ina").await, app.person("Otto").await, app.person("Bas").await);
        let (guest, invited) = (app.guest("Gast").await, app.guest("Inge").await);
        let everyone = [&inside, &outside, &banned, &guest, &invited];
        let mut items = Vec::new();
        for kind in KINDS {
            let item = item(&app, &fatima, &everyone, kind).await;
            app.join(&inside, &item.group, &fatima).await;
            app.join(&banned, &item.group, &fatima).await;
            follows::ban(app.ctx(), &fatima.viewer, item.group.id, banned.id, true, None, "zomaar").await.unwrap();
            if kind == GroupKind::Private {
                app.join(&invited, &item.group, &fatima).await;
            }
            items.push(item);
        }
        app.searchable().await;
        let open: fn(GroupKind) -> bool = |kind| kind == GroupKind::Public;
        let not_private: fn(GroupKind) -> bool = |kind| kind != GroupKind::Private;
        let mut readers = vec![
            reader(&app, "a visitor", None, open).await,
            reader(&app, "a guest of nothing", Some(&guest), open).await,
            reader(&app, "a guest of the private group", Some(&invited), |kind| {
                matches!(kind, GroupKind::Public | GroupKind::Private)
            })
            .await,
            reader(&app, "a member of the organisation", Some(&outside), not_private).await,
            reader(&app, "someone kept out", Some(&banned), not_private).await,
            reader(&app, "a member of the groups", Some(&inside), |_| true).await,
        ];
        let peer = Peer::start("delta", "kring").await;
        let eve = peer.person("eve");
        let mut stranger = reader(&app, "a stranger's server", None, open).await;
        stranger.server = Some((peer, eve));
        readers.push(stranger);
        for reader in &readers {
            for item in &items {
                reader.look(&app, item).await;
            }
        }
    });
}

#[test]
fn a_hidden_group_is_not_even_named() {
    both(async |app| {
        let (fatima, inside) = (app.person("Fatima").await, app.person("Ina").await);
        let (outside, guest) = (app.person("Otto").await, app.guest("Gast").await);
        let group = app.group_with(&fatima, "Zeehondenclub", GroupKind::Private, |form| form.hidden = true).await;
        app.join(&inside, &group, &fatima).await;
        app.post(&fatima, &group, "Zeehondenclub komt vrijdag").await;
        app.searchable().await;
        let id = group.id;
        let paths = [
            "/groups".to_owned(),
            "/groups/zeehondenclub".to_owned(),
            "/groups/zeehondenclub/people".to_owned(),
            "/search?q=komt+vrijdag".to_owned(),
            "/search?q=zeeh".to_owned(),
            "/search/suggest?q=zeeh".to_owned(),
            "/people/fatima".to_owned(),
            "/people/ina".to_owned(),
            "/complete?q=zeeh".to_owned(),
            "/api/v1/accounts/lookup?acct=zeehondenclub".to_owned(),
            format!("/api/v1/accounts/{id}"),
            "/api/v1/accounts/search?q=zeeh".to_owned(),
            "/api/v2/search?q=zeeh&type=accounts".to_owned(),
            "/api/v1/directory".to_owned(),
            "/api/v1/lists".to_owned(),
            format!("/.well-known/webfinger?resource=acct:zeehondenclub@{}", app.ctx().urls.host()),
        ];
        let named = |html: &str| html.contains("Zeehondenclub") || html.contains("\"zeehondenclub\"");
        for (who, person) in [("a visitor", None), ("a member", Some(&outside)), ("a guest", Some(&guest))] {
            let reader = reader(&app, who, person, |_| false).await;
            for path in &paths {
                for accept in ["text/html", "application/activity+json"] {
                    let seen = reader.see(&app, path, accept).await;
                    assert!(!named(&seen), "{who} at {path}: {seen}");
                }
            }
        }
        let hers = reader(&app, "one inside", Some(&inside), |_| true).await;
        for path in ["/groups", "/groups/zeehondenclub", "/api/v1/lists"] {
            assert!(named(&hers.see(&app, path, "text/html").await), "{path}");
        }
        assert!(matches!(fatima.viewer, Viewer::Member { .. }));
    });
}
