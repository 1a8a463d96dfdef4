//! Writing, answering and reading, without script.

use kring::domain::groups::GroupKind;
use kring::domain::notices::NoticeKind;
use kring::domain::posts::PostKind;
use kring::services::notices;
use kring::services::posts::{self, PostForm};

use crate::support::{PNG, Upload, both, on_sqlite};

/// Text that would be a script if a page forgot to escape it.
const EVIL: &str = "\"><script>alert(1)</script>";

#[test]
fn a_post_is_written_answered_changed_and_deleted() {
    both(async |app| {
        let (fatma, joris) = (app.person("Fatma").await, app.person("Joris").await);
        let group = app.group(&fatma, "Taalcafé", GroupKind::Private).await;
        app.join(&joris, &group, &fatma).await;
        let (hers, his) = (app.browser(&fatma).await, app.browser(&joris).await);
        let form = hers.get(&format!("/posts/new?group={}&kind=question", group.id)).await.ok();
        form.shows("selected").shows("Taalcafé");
        let where_to = group.id.to_string();
        let fields = [
            ("kind", "question"),
            ("group", &where_to),
            ("title", "Wie leest mee?"),
            ("body", "Een jongen van **zes**."),
        ];
        let page = hers.upload("/posts", &fields, &[]).await.ok().shows("Wie leest mee?").shows("<strong>zes</strong>");
        let path = page.path.split('?').next().unwrap().to_owned();
        // Who is not in the group finds nothing.
        app.visitor().get(&path).await.status(404);
        let page = his.post(&format!("{path}/comments"), &[("body", "Ik doe het graag.")]).await.ok();
        let page = page.shows("Ik doe het graag.").shows("Je reactie staat erop").hides("⟦");
        let answer = page.html.split("id=\"comment-").nth(1).unwrap().split('"').next().unwrap().to_owned();
        his.post(&format!("{path}/comments"), &[("body", "  ")]).await.status(422).shows("error-summary");
        hers.get(&format!("{path}?reply={answer}")).await.ok().shows(&format!("/posts/{answer}/comments"));
        hers.post(&format!("/posts/{answer}/comments"), &[("body", "Fijn!")]).await.ok().shows("Fijn!");
        hers.post(&format!("{path}/accept"), &[("answer", &answer)]).await.ok().shows("data-state=\"accepted\"");
        his.post(&format!("{path}/accept"), &[("answer", "")]).await.status(403);
        hers.post(&format!("{path}/react"), &[("kind", "thanks"), ("on", "1")])
            .await
            .ok()
            .shows("aria-pressed=\"true\"");
        his.get(&format!("{path}/edit")).await.status(403);
        hers.get(&format!("{path}/edit")).await.ok().shows("Een jongen van **zes**.");
        let fields = [("title", "Wie leest mee?"), ("body", "Een jongen van **zeven**."), ("kind", "question")];
        hers.upload(&format!("{path}/edit"), &fields, &[]).await.ok().shows("<strong>zeven</strong>");
        let history = his.get(&format!("{path}/history")).await.ok();
        assert!(history.html.contains("<del>") && history.html.contains("<ins>"), "{}", history.html);
        his.get(&format!("{path}/delete")).await.status(403);
        hers.get(&format!("{path}/delete")).await.ok().shows("data-confirm-body");
        his.post(&format!("{path}/delete"), &[]).await.status(403);
        hers.post(&format!("{path}/delete"), &[]).await.ok();
        his.get(&path).await.ok().hides("zeven").shows("Ik doe het graag.");
    });
}

#[test]
fn a_poll_is_made_and_voted_in() {
    both(async |app| {
        let fatma = app.person("Fatma").await;
        let group = app.group(&fatma, "Taalcafé", GroupKind::Organisation).await;
        let hers = app.browser(&fatma).await;
        let where_to = group.id.to_string();
        let fields =
            [("kind", "poll"), ("group", &where_to), ("body", "Wanneer?"), ("option", "Dinsdag"), ("closes", "3")];
        hers.upload("/posts", &fields, &[]).await.status(422).shows("href=\"#options\"");
        let fields = [&fields[..], &[("option", "Donderdag"), ("option", "")]].concat();
        let page = hers.upload("/posts", &fields, &[]).await.ok().shows("Dinsdag").shows("name=\"choices\"");
        let path = page.path.split('?').next().unwrap().to_owned();
        hers.post(&format!("{path}/vote"), &[("choices", "1")])
            .await
            .ok()
            .shows("data-state=\"mine\"")
            .shows("1 · 100 %");
        hers.post(&format!("{path}/vote"), &[("choices", "0")]).await.status(409);
    });
}

#[test]
fn alt_texts_are_asked_without_script() {
    on_sqlite(async |app| {
        let fatma = app.person("Fatma").await;
        let group = app.group(&fatma, "Taalcafé", GroupKind::Public).await;
        let hers = app.browser(&fatma).await;
        let where_to = group.id.to_string();
        let fields = [("kind", "message"), ("group", where_to.as_str()), ("body", "Kijk!")];
        let file = Upload { field: "files", name: "foto.png", mime: "image/png", bytes: PNG };
        let step = hers.upload("/posts", &fields, &[file]).await.ok().shows("name=\"media_alt\"").shows("Kijk!");
        let media = step.value("media").unwrap();
        let fields = [&fields[..], &[("media", media.as_str()), ("media_alt", EVIL)]].concat();
        let page = hers.upload("/posts", &fields, &[]).await.ok();
        page.shows("class=\"pictures\"").hides(EVIL).shows("&#62;&#60;script&#62;");
    });
}

#[test]
fn what_people_type_is_never_markup() {
    on_sqlite(async |app| {
        let fatma = app.member("Fatma", |new| new.display_name = format!("Fatma {EVIL}")).await;
        let group = app.group(&fatma, "Taalcafé", GroupKind::Public).await;
        let mut form = PostForm::new(PostKind::Story, EVIL);
        form.group = Some(group.id);
        form.title = EVIL.to_owned();
        form.warning = EVIL.to_owned();
        let post = posts::publish(app.ctx(), &fatma.viewer, form).await.unwrap().id;
        app.comment(&fatma, post, EVIL).await;
        app.settle().await;
        let hers = app.browser(&fatma).await;
        for path in
            ["/home".to_owned(), format!("/posts/{post}"), format!("/posts/{post}/history"), "/notices".to_owned()]
        {
            hers.get(&path).await.ok().hides("<script>alert");
        }
        let typed =
            [("kind", "story"), ("title", EVIL), ("body", EVIL), ("group", ""), ("warning", EVIL), ("option", EVIL)];
        hers.upload("/posts", &typed, &[]).await.status(422).hides("<script>alert");
        hers.upload("/posts", &[&typed[..], &[("preview", "1")]].concat(), &[]).await.ok().hides("<script>alert");
        hers.post("/preview", &[("body", EVIL)]).await.ok().hides("<script>alert");
    });
}

#[test]
fn home_takes_at_most_eight_queries() {
    both(async |app| {
        let (fatma, joris) = (app.person("Fatma").await, app.person("Joris").await);
        let group = app.group(&fatma, "Taalcafé", GroupKind::Private).await;
        app.join(&joris, &group, &fatma).await;
        for n in 0..12 {
            app.post(&fatma, &group, &format!("Bericht {n}")).await;
        }
        app.settle().await;
        let his = app.browser(&joris).await;
        his.get("/home").await.ok().shows("Bericht 11").hides("⟦");
        app.settle().await;
        let (count, _) = app.queries(async || his.get("/home").await).await;
        assert!(count <= 8, "{count} queries");
        // Something new is told on top, once.
        app.post(&fatma, &group, "Vers van de pers").await;
        app.settle().await;
        his.get("/home").await.ok().shows("class=\"since\"").shows("Vers van de pers");
        his.get("/home").await.ok().hides("class=\"since\"");
    });
}

#[test]
fn drafts_conversations_bookmarks_and_notices() {
    both(async |app| {
        let (fatma, joris) = (app.person("Fatma").await, app.person("Joris").await);
        let (hers, his) = (app.browser(&fatma).await, app.browser(&joris).await);
        hers.post("/drafts", &[("draft", "new:"), ("kind", "message"), ("body", "Nog niet af")]).await.status(204);
        hers.get("/posts/new").await.ok().shows("Nog niet af");
        let names = hers.get_as("/complete?q=jo", "application/json").await.ok().json();
        assert_eq!(names[0]["handle"], "joris");
        assert_eq!(names[0]["about"], "@joris");
        hers.upload("/messages", &[("to", "niemand"), ("body", "Hallo")], &[]).await.status(422).shows("Hallo");
        let page = hers.upload("/messages", &[("to", "@joris"), ("body", "Hallo Joris")], &[]).await.ok();
        let path = page.shows("Hallo Joris").path.split('?').next().unwrap().to_owned();
        app.settle().await;
        his.get("/messages").await.ok().shows("Fatma").shows(&path);
        let page = his.get("/notices").await.ok().shows("data-state=\"new\"").hides("⟦");
        let upto = page.value("upto").unwrap();
        his.post("/notices/read", &[("upto", &upto)]).await.ok().hides("data-state=\"new\"");
        his.post("/notices/dismiss", &[]).await.ok().shows("class=\"empty\"");
        his.post(&format!("{path}/bookmark"), &[("on", "1"), ("to", "/bookmarks")]).await.ok().shows("Hallo Joris");
        app.visitor().get(&path).await.status(404);
        his.get("/tags/leeg").await.ok().shows("class=\"empty\"");
    });
}

#[test]
fn completion_offers_readers_first_and_says_who_does_not_read() {
    both(async |app| {
        let (fatma, joris, jolanda) =
            (app.person("Fatma").await, app.person("Joris").await, app.person("Jolanda").await);
        let group = app.group(&fatma, "Jonge lezers", GroupKind::Private).await;
        app.join(&joris, &group, &fatma).await;
        let hers = app.browser(&fatma).await;
        let complete = async |asked: &str| {
            hers.get_as(&format!("/complete?q=jo&group={asked}"), "application/json").await.ok().json()
        };
        let names = complete(&group.id.to_string()).await;
        let said = |at: usize| names[at]["about"].as_str().unwrap_or_default().to_owned();
        assert_eq!(names[0]["handle"], "joris");
        assert!(!said(0).contains("leest"), "{names}");
        let other = names.as_array().unwrap().iter().find(|name| name["handle"] == "jolanda").unwrap();
        assert!(other["about"].as_str().unwrap().contains("leest hier niet mee"), "{names}");
        // A conversation is with people.
        let people = complete("to").await;
        assert_eq!(people.as_array().map(Vec::len), Some(2), "{people}");
        assert!(people.as_array().unwrap().iter().all(|name| name["kind"] == "person"), "{people}");
        // Who is not a member learns nothing of who is.
        let outside = app.browser(&jolanda).await;
        let path = format!("/complete?q=jo&group={}", group.id);
        let names = outside.get_as(&path, "application/json").await.ok().json();
        assert!(
            names.as_array().unwrap().iter().all(|name| !name["about"].as_str().unwrap().contains("leest")),
            "{names}"
        );
    });
}

#[test]
fn a_group_has_a_picture_that_only_those_who_may_know_of_it_see() {
    both(async |app| {
        let (fatma, joris) = (app.person("Fatma").await, app.person("Joris").await);
        let open = app.group(&fatma, "Taalcafé", GroupKind::Public).await;
        let hidden = app.group_with(&fatma, "Geheim", GroupKind::Private, |form| form.hidden = true).await;
        let (hers, his) = (app.browser(&fatma).await, app.browser(&joris).await);
        let file = || [Upload { field: "file", name: "foto.png", mime: "image/png", bytes: PNG }];
        let mut seen = Vec::new();
        for group in [&open, &hidden] {
            let path = format!("/groups/{}", group.name);
            hers.upload(&format!("{path}/picture"), &[], &[]).await.status(422).shows("Kies eerst een foto");
            hers.upload(&format!("{path}/picture"), &[], &file()).await.ok().shows("Haal de foto weg");
            let page = hers.get(&path).await.ok().shows("class=\"cover__picture\"");
            let src = page.html.split("class=\"cover__picture\" src=\"").nth(1).unwrap();
            seen.push(src.split('"').next().unwrap().to_owned());
        }
        his.upload("/groups/taalcaf/picture", &[], &file()).await.status(403);
        his.upload("/groups/geheim/picture", &[], &file()).await.status(404);
        app.visitor().get(&seen[0]).await.ok();
        hers.get(&seen[1]).await.ok();
        his.get(&seen[1]).await.status(404);
        app.visitor().get(&seen[1]).await.status(404);
        hers.upload("/groups/geheim/picture", &[("remove", "1")], &[]).await.ok().hides("Haal de foto weg");
        hers.get("/groups/geheim").await.ok().hides("cover__picture");
    });
}

#[test]
fn telling_many_asks_no_more_than_telling_few() {
    both(async |app| {
        let fatma = app.person("Fatma").await;
        let group = app.group(&fatma, "Taalcafé", GroupKind::Private).await;
        let mut members = Vec::new();
        for n in 1..=6 {
            let person = app.person(&format!("Lid{n}")).await;
            app.join(&person, &group, &fatma).await;
            members.push(person.id);
        }
        let outside = app.person("Buiten").await;
        let id = app.post(&fatma, &group, "Wie komt er?").await;
        app.settle().await;
        let post = posts::view(app.ctx(), &fatma.viewer, id).await.unwrap().post;
        let tell = async |who: &[kring::base::ActorId]| {
            let telling = notices::about_post(NoticeKind::Post, &post);
            notices::tell(app.ctx(), who, telling).await.unwrap();
        };
        members.push(outside.id);
        tell(&members).await;
        let told = "SELECT COUNT(*) AS n FROM notifications WHERE kind = 'post'";
        // Each member once; who may not read the post is not told.
        assert_eq!(app.count(told).await, 6);
        tell(&members).await;
        assert_eq!(app.count(told).await, 6, "the same waits unread already");
        let (few, ()) = kring::store::counting_queries(tell(&members[..1])).await;
        let (many, ()) = kring::store::counting_queries(tell(&members)).await;
        assert!(few > 0 && few == many, "{few} and {many}");
    });
}

#[test]
fn who_was_signed_out_comes_back_to_what_they_wrote() {
    on_sqlite(async |app| {
        let visitor = app.visitor();
        let page = visitor.post("/drafts", &[("draft", "new:"), ("body", "Nog niet af")]).await.ok();
        assert!(page.path.starts_with("/sign-in?to="), "{}", page.path);
        page.shows("Je was niet meer ingelogd");
        let hers = app.browser(&app.person("Fatma").await).await;
        assert_eq!(hers.get("/posts").await.ok().path, "/posts/new");
    });
}

#[test]
fn a_moderator_takes_a_post_away_and_puts_it_back() {
    on_sqlite(async |app| {
        let (fatma, joris) = (app.person("Fatma").await, app.person("Joris").await);
        let group = app.group(&fatma, "Taalcafé", GroupKind::Organisation).await;
        app.join(&joris, &group, &fatma).await;
        let post = app.post(&joris, &group, "Te koop: een fiets").await;
        let (hers, his) = (app.browser(&fatma).await, app.browser(&joris).await);
        let path = format!("/posts/{post}");
        his.post(&format!("{path}/remove"), &[("reason", "zomaar")]).await.status(403);
        his.post(&format!("{path}/report"), &[("reason", "")]).await.status(422);
        hers.post(&format!("{path}/report"), &[("reason", "Reclame")]).await.ok();
        hers.post(&format!("{path}/pin"), &[("on", "1")]).await.ok();
        hers.post(&format!("{path}/lock"), &[("on", "1")]).await.ok();
        his.post(&format!("{path}/comments"), &[("body", "Nog te koop")]).await.status(422);
        hers.post(&format!("{path}/remove"), &[("reason", "")]).await.status(422);
        hers.post(&format!("{path}/remove"), &[("reason", "Geen reclame")])
            .await
            .ok()
            .hides("fiets")
            .shows("Geen reclame");
        app.settle().await;
        his.get("/notices").await.ok().shows("Geen reclame");
        hers.post(&format!("{path}/restore"), &[]).await.ok().shows("fiets");
    });
}
