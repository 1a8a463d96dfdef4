//! Coming in, settings, people and administration, without script.

use kring::domain::groups::GroupKind;
use kring::domain::people::{PersonKind, Role};
use kring::services::sign_in;

use crate::support::{Browser, PNG, Page, TestApp, Upload, both, on_sqlite};

/// No text is missing, and nothing was left of the page's making.
#[track_caller]
fn whole(page: Page) -> Page {
    page.ok().hides("⟦").hides("{ $")
}

#[test]
fn someone_signs_in_three_ways_and_out() {
    both(async |app| {
        let person = app.member("Fatma", |new| new.password = Some("een lang wachtwoord".into())).await;
        let browser = app.visitor();
        whole(browser.get("/sign-in").await).shows("/sign-in/mail").shows("/sign-in/password");
        // A password. What was typed is there again, but for the password.
        let wrong = [("name", "fatma"), ("password", "fout!"), ("to", "/groups")];
        let page = browser.post("/sign-in/password", &wrong).await.status(422).shows("error-summary").hides("fout!");
        assert_eq!(page.value("to").as_deref(), Some("/groups"));
        page.shows("type=\"text\" value=\"fatma\"");
        let right = [("name", "fatma@example.org"), ("password", "een lang wachtwoord"), ("to", "/settings")];
        let page = whole(browser.post("/sign-in/password", &right).await);
        assert_eq!(page.path, "/settings");
        whole(browser.post("/sign-out", &[]).await).shows("Je bent uitgelogd");
        assert_eq!(browser.get("/settings").await.path, "/sign-in?to=%2Fsettings");
        // A link: looking is free, the button counts.
        let one = sign_in::one_time_link(app.ctx(), person.id, 600_000_000).await.unwrap();
        let path = one.url.strip_prefix(&app.origin()).unwrap();
        for _ in 0..2 {
            whole(browser.get(path).await).shows("Dag Fatma");
        }
        assert_eq!(whole(browser.post(path, &[("shared", "1")]).await).path, "/home");
        browser.post(path, &[]).await.status(410).shows("/sign-in");
        browser.post("/sign-out", &[]).await;
        // A code.
        let one = sign_in::one_time_link(app.ctx(), person.id, 600_000_000).await.unwrap();
        whole(browser.get("/sign-in/code").await);
        browser.post("/sign-in/code", &[("login", "fatma"), ("code", "12")]).await.status(422).shows("6 cijfers");
        let page = browser.post("/sign-in/code", &[("login", "fatma"), ("code", &one.code)]).await;
        assert_eq!(whole(page).path, "/home");
    });
}

#[test]
fn a_form_leads_to_no_other_site() {
    on_sqlite(async |app| {
        app.member("Fatma", |new| new.password = Some("een lang wachtwoord".into())).await;
        for to in ["https://elders.example/", "//elders.example/", "/\\elders.example", "/a\nb"] {
            let fields = [("name", "fatma"), ("password", "een lang wachtwoord"), ("to", to)];
            assert_eq!(app.visitor().post("/sign-in/password", &fields).await.path, "/home");
        }
    });
}

#[test]
fn a_mail_is_asked_for_and_tells_nothing() {
    both(async |app| {
        app.person("Fatma").await;
        let mut shown = Vec::new();
        for login in ["fatma@example.org", "niemand@example.org"] {
            let page = whole(app.visitor().post("/sign-in/mail", &[("login", login)]).await);
            assert_eq!(page.path, "/sign-in/mail", "the address is in no URL");
            shown.push(page.html.replace(login, "X"));
        }
        assert_eq!(shown[0], shown[1]);
        app.visitor().post("/sign-in/mail", &[("login", " ")]).await.status(422).shows("href=\"#login\"");
    });
}

#[test]
fn an_invitation_is_made_shown_and_accepted() {
    both(async |app| {
        let (maria, joris) = (app.member("Maria", |new| new.role = Role::Owner).await, app.person("Joris").await);
        let group = app.group(&maria, "Taalcafé", GroupKind::Private).await;
        let (hers, his) = (app.browser(&maria).await, app.browser(&joris).await);
        whole(hers.get("/invitations").await).shows("/invitations/new");
        whole(his.get("/invitations").await).hides("/invitations/new");
        whole(hers.get("/invitations/new").await).shows("Taalcafé");
        let id = group.id.to_string();
        let fields = [("kind", "volunteer"), ("group", &*id), ("max_uses", "x"), ("days", "14"), ("note", "")];
        hers.post("/invitations", &fields).await.status(422).shows("href=\"#max_uses\"");
        let fields =
            [("kind", "volunteer"), ("group", &*id), ("max_uses", "2"), ("days", "14"), ("note", "Kom <erbij>")];
        let sheet = whole(hers.post("/invitations", &fields).await).shows("Kom &#60;erbij&#62;").shows("<svg");
        let path = sheet.path.split("/sheet").next().unwrap().to_owned();
        his.get(&format!("{path}/sheet")).await.status(404);
        his.post(&format!("{path}/revoke"), &[]).await.status(404);
        // A stranger becomes a member.
        let stranger = app.visitor();
        whole(stranger.get(&path).await).shows("Maria").shows("Taalcafé");
        stranger.post(&path, &[("display_name", ""), ("email", "x")]).await.status(422).shows("href=\"#email\"");
        let fields = [("display_name", "Oksana"), ("email", "oksana@example.org")];
        assert_eq!(whole(stranger.post(&path, &fields).await).path, "/home?done=welcome");
        whole(stranger.get(&format!("/groups/{}", group.name)).await);
        // A member joins with the same sheet, and then it is used up.
        whole(his.get(&path).await).shows("Joris");
        assert_eq!(his.post(&path, &[]).await.path, "/groups?done=joined");
        app.visitor().get(&path).await.status(410);
        whole(hers.get("/invitations?all=1").await).shows("opgebruikt");
        app.visitor().get("/invitations/bestaatniet").await.status(410);
    });
}

#[test]
fn the_first_run_makes_an_owner() {
    both(async |app| {
        let link = kring::services::instance::first_run_link(app.ctx()).await.unwrap().unwrap();
        let path = link.strip_prefix(&app.origin()).unwrap();
        let browser = app.visitor();
        whole(browser.get(path).await);
        browser.post(path, &[("organisation", "")]).await.status(422).shows("href=\"#organisation\"");
        let fields = [
            ("organisation", "Boekerij"),
            ("locale", "nl"),
            ("branch", "Centrum"),
            ("display_name", "Maria"),
            ("email", "maria@example.org"),
        ];
        let page = whole(browser.post(path, &fields).await);
        assert_eq!(page.path, "/admin?done=first-run");
        app.visitor().get(path).await.status(410);
        whole(browser.get("/branches/centrum").await).shows("Centrum");
    });
}

#[test]
fn settings_are_kept() {
    both(async |app| {
        let person = app.person("Fatma").await;
        let browser = app.browser(&person).await;
        for path in ["", "/profile", "/notices", "/access", "/blocked", "/leave"] {
            whole(browser.get(&format!("/settings{path}")).await);
        }
        let look = [("theme", "dark"), ("text", "large"), ("contrast", "high"), ("locale", "en")];
        whole(browser.post("/settings/look", &look).await)
            .shows("data-theme=\"dark\"")
            .shows("data-text=\"large\"")
            .shows("data-contrast=\"high\"")
            .shows("lang=\"en\"");
        let profile = [("display_name", "Fatma Y."), ("about", "<b>Boeken</b>"), ("job_title", "voorlezer")];
        whole(browser.post("/settings/profile", &profile).await).shows("Saved");
        browser.post("/settings/profile", &[("display_name", "")]).await.status(422).shows("href=\"#display_name\"");
        whole(browser.get("/people/fatma").await).shows("Fatma Y.").shows("voorlezer").hides("<b>Boeken");
        let speaks = [("display_name", "Fatma Y."), ("languages", "dutch, Turkish,Klingon")];
        whole(browser.post("/settings/profile", &speaks).await).shows("Dutch, Turkish, Klingon");
        let other = app.person("Joris").await;
        whole(app.browser(&other).await.get("/people/fatma").await).shows("Nederlands, Turks, Klingon");
        let picture = [Upload { field: "file", name: "ik.png", mime: "image/png", bytes: PNG }];
        whole(browser.upload("/settings/avatar", &[], &picture).await).shows("/media/");
        browser.upload("/settings/avatar", &[], &[]).await.status(422).shows("href=\"#file\"");
        whole(browser.post("/settings/avatar/remove", &[]).await);
        whole(browser.post("/settings/notices", &[("direct_from", "nobody")]).await);
        whole(browser.get("/settings/notices").await).shows("value=\"nobody\" checked");
        whole(browser.post("/settings/password", &[("password", "een lang wachtwoord")]).await);
        browser.post("/settings/password", &[("password", "nog een wachtwoord")]).await.status(422);
        browser.post("/settings/email", &[("email", "nee")]).await.status(422).shows("href=\"#email\"");
        let export = browser.get("/settings/export").await.ok();
        assert_eq!(export.json()["profile"]["shown_name"], "Fatma Y.");
    });
}

#[test]
fn a_visitor_chooses_a_language_and_keeps_it() {
    on_sqlite(async |app| {
        let browser = app.visitor();
        whole(browser.get("/sign-in").await).shows("<html lang=\"nl\"");
        let page = browser.post("/preferences", &[("locale", "en"), ("to", "/sign-in")]).await;
        whole(page).shows("<html lang=\"en\"");
        whole(browser.get("/sign-in").await).shows("<html lang=\"en\"");
        assert_eq!(browser.cookies().split("; ").count(), 1, "no cookie but the session");
    });
}

#[test]
fn people_are_found_and_shown_as_far_as_one_may_see() {
    both(async |app| {
        let (fatma, guest) = (app.person("Fatma Yilmaz").await, app.guest("Els").await);
        let staff = app.member("Joris de Wit", |new| new.person_kind = PersonKind::Staff).await;
        let browser = app.browser(&fatma).await;
        let hers = "person-card__name\"><a href=\"/people/fatma";
        whole(browser.get("/people").await).shows(hers).shows("Joris");
        whole(browser.get("/people?q=wit").await).shows("Joris").hides(hers);
        whole(browser.get("/people?kind=staff").await).shows("/people/joris\"").hides(hers);
        whole(browser.get("/people?q=nietbestaand").await).shows("Niemand gevonden");
        whole(app.browser(&guest).await.get("/people").await).hides("Joris");
        assert!(app.visitor().get("/people").await.path.starts_with("/sign-in"));
        whole(app.visitor().get("/people/joris").await).hides("joris@example.org").hides("Medewerker");
        let page = whole(browser.get("/people/joris").await).shows("Medewerker").hides("joris@example.org");
        page.shows("/people/joris/follow");
        whole(browser.post("/people/joris/follow", &[]).await).shows("/people/joris/unfollow");
        whole(browser.post("/people/joris/unfollow", &[]).await);
        let block = [("kind", "block"), ("on", "1")];
        whole(browser.post("/people/joris/block", &block).await).hides("/people/joris/follow");
        whole(browser.get("/settings/blocked").await).shows("Joris");
        let host = [("domain", "zuid.example"), ("on", "1")];
        whole(browser.post("/settings/blocked/hosts", &host).await)
            .shows("zuid.example")
            .shows("niets meer van deze server");
        whole(browser.post("/settings/blocked/hosts", &host[..1]).await).hides("zuid.example");
        browser
            .post("/settings/blocked/hosts", &[("domain", "a b"), ("on", "1")])
            .await
            .status(422)
            .shows("error-summary");
        browser.get("/settings/blocked?host=zuid.example").await.ok().shows("value=\"zuid.example\"");
        let end = format!("/settings/blocked/{}/end", staff.id);
        whole(browser.post(&end, &[("kind", "block")]).await).hides("Joris");
        browser.get("/people/niemand").await.status(404);
    });
}

#[test]
fn administration_is_for_those_who_may() {
    both(async |app| {
        let (owner, member) = (app.member("Maria", |new| new.role = Role::Owner).await, app.person("Joris").await);
        let moderator = app.moderator("Anna").await;
        let asks = app.member("Oksana", |new| (new.pending, new.request_note) = (true, "Ik help graag".into())).await;
        let (hers, his) = (app.browser(&owner).await, app.browser(&member).await);
        let account = format!("/admin/people/{}", member.id);
        for path in ["/admin", "/admin/people", "/admin/organisation", "/admin/branches", &account] {
            whole(hers.get(path).await);
            his.get(path).await.status(403);
            assert!(app.visitor().get(path).await.path.starts_with("/sign-in"), "{path}");
        }
        let annas = app.browser(&moderator).await;
        annas.get("/admin/organisation").await.status(403);
        whole(annas.get("/admin/people?state=pending").await).shows("Ik help graag");
        annas.post(&format!("/admin/people/{}/role", owner.id), &[("role", "member")]).await.status(422);
        annas.post(&format!("/admin/people/{}/suspend", owner.id), &[]).await.status(422);
        whole(annas.post(&format!("/admin/people/{}/approve", asks.id), &[]).await);
        whole(hers.post(&format!("{account}/role"), &[("role", "moderator")]).await);
        whole(hers.post(&format!("{account}/kind"), &[("kind", "staff")]).await);
        let link = whole(hers.post(&format!("{account}/link"), &[]).await).shows("/sign-in/link/").shows("<svg");
        assert!(!link.path.contains("link/"), "the link is in no address");
        whole(hers.post(&format!("{account}/role"), &[("role", "member")]).await);
        whole(annas.post(&format!("{account}/suspend"), &[("reason", "reclame")]).await).shows("Geblokkeerd");
        assert!(his.get("/home").await.path.starts_with("/sign-in"), "sessions end at once");
        app.visitor().get("/people/joris").await.status(404);
        whole(annas.post(&format!("{account}/unsuspend"), &[]).await);
        organisation(&app, &hers).await;
    });
}

/// Name, colour, rules, logo and branches, as an owner sets them.
async fn organisation(app: &TestApp, hers: &Browser) {
    let settings = [
        ("name", "Boekerij"),
        ("locale", "nl"),
        ("accent_hue", "245"),
        ("registration", "request"),
        ("rules", "Wees aardig."),
        ("hold_newcomers", "1"),
    ];
    whole(hers.post("/admin/organisation", &settings).await).shows("Boekerij").shows("value=\"request\" checked");
    app.visitor().get_as("/brand.css", "text/css").await.ok().shows("245");
    whole(app.visitor().get("/join").await).shows("Boekerij");
    let asked = [("display_name", "Piet"), ("email", "piet@example.org"), ("note", "hoi")];
    whole(app.visitor().post("/join", &asked).await).shows("Kijk in je mail");
    let wrong = [("name", ""), ("locale", "nl"), ("accent_hue", "900")];
    hers.post("/admin/organisation", &wrong).await.status(422).shows("href=\"#accent_hue\"");
    let logo = [Upload { field: "file", name: "logo.png", mime: "image/png", bytes: PNG }];
    whole(hers.upload("/admin/logo", &[], &logo).await).shows("masthead__logo");
    whole(hers.upload("/admin/logo", &[("remove", "1")], &[]).await).hides("masthead__logo");
    whole(hers.post("/admin/branches", &[("name", "Noord"), ("address", "Dorpsstraat 1")]).await).shows("Noord");
    let page = whole(hers.get("/admin/branches").await);
    let id = page.html.split("/admin/branches/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    whole(hers.post(&format!("/admin/branches/{id}"), &[("name", "Noordwest"), ("address", "")]).await);
    whole(hers.get("/branches/noord").await).shows("Noordwest");
    whole(hers.get(&format!("/admin/branches/{id}/delete")).await).shows("data-confirm-body");
    whole(hers.post(&format!("/admin/branches/{id}/delete"), &[]).await).hides("Noordwest");
}

#[test]
fn who_looks_after_a_guest_hands_out_a_link() {
    both(async |app| {
        let joris = app.person("Joris").await;
        let group = app.group(&joris, "Zorg", GroupKind::Private).await;
        let his = app.browser(&joris).await;
        let id = group.id.to_string();
        let fields = [("kind", "guest"), ("group", &*id), ("max_uses", "1"), ("days", "7"), ("note", "")];
        let sheet = whole(his.post("/invitations", &fields).await);
        let path = sheet.path.split("/sheet").next().unwrap().to_owned();
        let els = app.visitor();
        whole(els.post(&path, &[("display_name", "Els"), ("email", "els@example.org")]).await);
        whole(els.get("/groups/zorg").await);
        let page = whole(his.get("/people/els").await).shows("Gast").shows("/people/els/guest-link");
        page.hides("els@example.org");
        let page = whole(his.post("/people/els/guest-link", &[]).await);
        let link = page.html.split("/sign-in/link/").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let link = format!("/sign-in/link/{link}");
        let other = app.visitor();
        whole(other.get(&link).await);
        for _ in 0..2 {
            assert_eq!(whole(other.post(&link, &[]).await).path, "/home");
        }
        whole(his.post("/people/els/guest-end", &[("link", "1")]).await);
        other.get(&link).await.status(410);
        let stranger = app.person("Anna").await;
        app.browser(&stranger).await.post("/people/els/guest-link", &[]).await.status(404);
        whole(his.post("/people/els/guest-end", &[]).await);
        assert!(els.get("/home").await.path.starts_with("/sign-in"));
    });
}

#[test]
fn leaving_takes_a_tick_and_ends_everything() {
    both(async |app| {
        let joris = app.person("Joris").await;
        let browser = app.browser(&joris).await;
        browser.post("/settings/leave", &[]).await.status(422).shows("href=\"#sure\"");
        whole(browser.post("/settings/leave", &[("sure", "1")]).await).shows("Je account is weg");
        app.visitor().get("/people/joris").await.status(410);
    });
}

#[test]
fn white_letters_can_be_read_on_every_accent_colour() {
    for hue in 0..360 {
        let contrast = kring::domain::colour::accent_contrast(hue);
        assert!((4.5..21.0).contains(&contrast), "{hue}: {contrast}");
    }
    // sRGB #004f2e is about the usual green; known from an independent calculator.
    let green = kring::domain::colour::accent_contrast(165);
    assert!((6.5..10.5).contains(&green), "{green}");
}
