//! WebFinger, host-meta, NodeInfo.

use kring::domain::groups::GroupKind;
use kring::domain::posts::PostKind;
use kring::services::groups;
use serde_json::json;

use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_sqlite! {
    d01_d02_d03_webfinger_leads_to_the_document => webfinger;
    d05_d06_unknown_names_and_host_meta => unknown;
    d07_d29_the_server_is_found_and_open_to_all => server;
    d08_d09_nodeinfo_is_what_peers_read => nodeinfo;
    closed_groups_are_not_found_by_strangers => closed_groups;
    bent_resources_lead_to_nobody_else => bent;
    who_has_an_account_elsewhere_goes_on_there => interaction;
}

async fn finger(a: &Kring, resource: &str) -> (u16, serde_json::Value) {
    let mut url = url::Url::parse(&a.url("/.well-known/webfinger")).unwrap();
    url.query_pairs_mut().append_pair("resource", resource);
    get_as(url.as_str(), "application/jrd+json").await
}

async fn webfinger(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let person = a.url("/people/ada");
    for (resource, href) in [
        (format!("acct:ada@{}", a.host), &person),
        (format!("acct:@Ada@{}", a.host.to_uppercase()), &person),
        (format!("ada@{}", a.host), &person),
        (person.clone(), &person),
        (format!("acct:local_history@{}", a.host), &group.uri),
        (format!("!local_history@{}", a.host), &group.uri),
        (a.url("/organisation"), &a.url("/organisation")),
        (format!("acct:organisation@{}", a.host), &a.url("/organisation")),
    ] {
        let (status, found) = finger(&a, &resource).await;
        assert_eq!(status, 200, "{resource}");
        assert!(found["subject"].as_str().unwrap().starts_with("acct:"), "{resource}");
        let links = found["links"].as_array().unwrap();
        let own: Vec<_> = links.iter().filter(|l| l["rel"] == "self").collect();
        assert_eq!(own.len(), 1, "exactly one self link");
        assert_eq!(own[0]["type"], "application/activity+json");
        assert_eq!(own[0]["href"].as_str(), Some(href.as_str()));
        let (status, document) = a.get(href).await;
        assert_eq!((status, document["id"].as_str()), (200, Some(href.as_str())));
    }
}

async fn unknown(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    for resource in ["acct:nobody@".to_owned() + &a.host, "acct:ada@elsewhere.example".into(), "nonsense".into()] {
        assert_eq!(finger(&a, &resource).await.0, 404, "{resource}");
    }
    let (status, _) = get_as(&a.url("/.well-known/webfinger"), "*/*").await;
    assert_eq!(status, 400);
    let page = a.app.visitor().get("/.well-known/host-meta").await.ok();
    assert!(page.html.contains("rel=\"lrdd\"") && page.html.contains("resource={uri}"));
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("application/xrd+xml"));
    // Someone who goes through a list of names is told to wait.
    let mut asked = 0;
    while finger(&a, &format!("acct:guess{asked}@{}", a.host)).await.0 != 429 {
        asked += 1;
        assert!(asked < 1000, "never limited");
    }
    assert!(asked > 50, "{asked}");
}

async fn server(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    for resource in [format!("acct:alpha.localhost@{}", a.host), format!("{}/", a.url("")), a.url("/actor")] {
        let (status, found) = finger(&a, &resource).await;
        assert_eq!(status, 200, "{resource}");
        let link = found["links"].as_array().unwrap().iter().find(|l| l["rel"] == "self").unwrap();
        assert_eq!(link["href"].as_str(), Some(a.url("/actor").as_str()));
    }
    for path in ["/actor", "/"] {
        let (status, document) = a.get(&a.url(path)).await;
        assert_eq!((status, document["type"].as_str()), (200, Some("Application")), "{path}");
        assert_eq!(document["preferredUsername"], "alpha.localhost");
        assert!(document["publicKey"]["id"].as_str().unwrap().contains('#'));
    }
}

async fn nodeinfo(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let (open, closed) = (
        a.group(&ada, "Local history", GroupKind::Public).await,
        a.group(&ada, "Staff", GroupKind::Organisation).await,
    );
    let post = a.post(&ada, &open, PostKind::Message, "", "Everybody").await;
    a.comment(&ada, post.id, "Everybody, too").await;
    let post = a.post(&ada, &closed, PostKind::Message, "", "Among ourselves").await;
    a.comment(&ada, post.id, "Ourselves, too").await;
    let (_, numbers) = get_as(&a.url("/api/v1/instance"), "application/json").await;
    assert_eq!(numbers["stats"]["status_count"], 2, "what is closed is not counted");
    for version in ["2.0", "2.1"] {
        let (status, info) = get_as(&a.url(&format!("/nodeinfo/{version}")), "application/json").await;
        assert_eq!((status, info["version"].as_str()), (200, Some(version)));
        assert_eq!(info["software"]["name"], "kring");
        assert_eq!(info["protocols"][0], "activitypub");
        assert_eq!(info["usage"]["users"]["total"], 1);
        assert_eq!((&info["usage"]["localPosts"], &info["usage"]["localComments"]), (&json!(1), &json!(1)));
        assert!(info["services"]["inbound"].is_array() && info["services"]["outbound"].is_array());
        assert!(info["metadata"].as_object().unwrap().values().all(serde_json::Value::is_string));
    }
    let page = a.app.visitor().get("/.well-known/nodeinfo").await.ok();
    assert_eq!(page.headers["access-control-allow-origin"], "*");
    assert!(page.html.contains("schema/2.0") && page.html.contains("schema/2.1"));
}

async fn closed_groups(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    a.group(&ada, "Staff", GroupKind::Organisation).await;
    let mut form = group_form("Board", GroupKind::Private);
    form.outside_members = false;
    groups::create(a.ctx(), &ada, form).await.unwrap();
    let mut form = group_form("Secret", GroupKind::Private);
    form.hidden = true;
    groups::create(a.ctx(), &ada, form).await.unwrap();
    a.group(&ada, "Open doors", GroupKind::Private).await;
    for name in ["staff", "board", "secret", "never_was"] {
        let (status, body) = finger(&a, &format!("acct:{name}@{}", a.host)).await;
        assert_eq!((status, body["error"].as_str()), (404, Some("not found")), "{name}");
        for part in ["", "/outbox", "/followers", "/moderators", "/featured"] {
            let (status, body) = a.get(&a.url(&format!("/groups/{name}{part}"))).await;
            assert_eq!((status, body["error"].as_str()), (404, Some("not found")), "{name}{part}");
        }
    }
    // Where strangers may ask to join, the group itself is known, and nothing in it.
    assert_eq!(finger(&a, &format!("acct:open_doors@{}", a.host)).await.0, 200);
    let (status, group) = a.get(&a.url("/groups/open_doors")).await;
    assert_eq!((status, group["manuallyApprovesFollowers"].as_bool()), (200, Some(true)));
    assert_eq!(a.get(&a.url("/groups/open_doors/outbox")).await.0, 404);
    let (_, moderators) = a.get(&a.url("/groups/open_doors/moderators")).await;
    assert_eq!(moderators["orderedItems"].as_array().unwrap().len(), 0);
}

/// From the page of a group, person or post to one's own server, and there to its page for the same thing.
async fn interaction(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    a.group(&ada, "Care team", GroupKind::Private).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Who knows this house?").await;
    let bob = b.app.person("Bob").await;
    let (visitor, browser) = (a.app.visitor(), b.app.browser(&bob).await);
    let (post_here, account) = (format!("/posts/{}", post.id), format!("@bob@{}", b.host));
    let ask = |of: &str, account: &str| {
        let asked = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("of", of)
            .append_pair("account", account)
            .finish();
        format!("/interact?{asked}")
    };
    for (of, there) in [("/groups/local_history", "/groups/local_history@"), ("/people/ada", "/people/ada@")] {
        let link = format!("/interact?of={of}");
        visitor.get(of).await.ok().shows(&link);
        visitor.get(&link).await.ok().shows("name=\"account\"");
        let way = to(&visitor.get(&ask(of, &account)).await.ok().html, &b);
        assert_eq!(browser.get(&way).await.ok().path, format!("{there}{}", a.host));
    }
    // Back leads to the page itself, however it was spelled.
    let spelled = visitor.get("/interact?of=%2F%2Fevil.example%2F..%2Fgroups%2Flocal_history").await;
    spelled.ok().hides("href=\"//").shows("href=\"/groups/local_history\"");
    visitor.get(&post_here).await.ok().shows(&format!("/interact?of={post_here}"));
    let way = to(&visitor.get(&ask(&post_here, &account)).await.ok().html, &b);
    // Who is not signed in does that first, and comes back.
    let sign_in = b.app.visitor().get(&way).await.ok().path;
    assert!(sign_in.starts_with("/sign-in?to=%2Fauthorize%5Finteraction%3Furi%3D"), "{sign_in}");
    let found = browser.get(&way).await.ok().path;
    assert_eq!(found, format!("/posts/{}", b.find(&post.uri).await.unwrap().id));
    browser.get("/authorize_interaction?uri=https%3A%2F%2Fnowhere.invalid%2Fx").await.ok().shows("antwoordt nu niet");
    browser.get(&format!("/authorize_interaction?uri={}", a.url("/groups/none"))).await.ok().shows("vinden we niets");
    // What is closed to the public has no such page.
    for of in ["/groups/care_team", "/posts/1", "/organisation", "https://elsewhere.example/groups/x", "nonsense"] {
        visitor.get(&ask(of, &account)).await.status(404);
    }
    let of = "/groups/local_history";
    for (account, says) in [
        ("bob".to_owned(), "het hele adres"),
        (format!("@ada@{}", a.host), "op deze Kring"),
        (format!("@nobody@{}", b.host), "kent dit account niet"),
        ("@bob@nowhere.localhost:1".to_owned(), "antwoordt nu niet"),
    ] {
        visitor.get(&ask(of, &account)).await.ok().shows(says);
    }
    // A server without such a page: its people look for the address themselves.
    let peer = Peer::start("gamma", "lemmy").await;
    peer.person("lou");
    visitor.get(&ask(of, &format!("@lou@{}", peer.host))).await.ok().shows(&group.uri).hides("href=\"http://gamma");
}

/// The path of the link to another server on a page.
fn to(html: &str, other: &Kring) -> String {
    let start = format!("href=\"{}", other.url(""));
    let at = html.find(&start).unwrap_or_else(|| panic!("no link to {}: {html}", other.host)) + start.len();
    html[at..].split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")
}

/// Whatever is asked for, the answer is about somebody who may be found under that name, or there is none.
async fn bent(kind: Kind) {
    let clock = kring::base::Clock::fixed(kring::base::Clock::system().now());
    let a = Kring::at(&clock, "alpha", kind).await;
    let (ada, quiet) = (a.person("Ada").await, a.quiet_person("Quiet").await);
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let mut hidden = group_form("Care team", GroupKind::Private);
    hidden.hidden = true;
    let hidden = groups::create(a.ctx(), &quiet, hidden).await.unwrap();
    let known = [a.url("/people/ada"), group.uri.clone(), a.url("/actor"), a.url("/organisation")];
    let seeds = [
        format!("acct:ada@{}", a.host),
        format!("acct:@ada@{}", a.host),
        format!("group:local_history@{}", a.host),
        format!("!local_history@{}", a.host),
        format!("acct:quiet@{}", a.host),
        format!("acct:care_team@{}", a.host),
        format!("acct:alpha.localhost@{}", a.host),
        a.url("/people/ada"),
        a.url("/@ada"),
        a.url("/people/quiet"),
        hidden.uri.clone(),
        a.url("/organisation"),
        a.url("/"),
    ];
    const SPICE: &[&str] =
        &["@", "@@", "acct:", "%00", "%40", "/", "..", "?", "#", "%2F", " ", "\u{0}", "\u{212a}", "ADA", ":", "*"];
    let mut dice = crate::sign::Dice(8);
    let (mut found, mut missed) = (0, 0);
    for round in 0..1500 {
        if round % 100 == 0 {
            // Who asks for so many names is told to wait.
            clock.advance(kring::base::Time::HOUR);
        }
        let mut bytes = seeds[round % seeds.len()].clone().into_bytes();
        for _ in 0..dice.roll(3) {
            let to = dice.roll(bytes.len() + 1);
            bytes.splice(to..to, SPICE[dice.roll(SPICE.len())].bytes());
        }
        if dice.roll(3) == 0 {
            dice.mutate(&mut bytes);
        }
        let resource = String::from_utf8_lossy(&bytes);
        let (status, answer) = finger(&a, &resource).await;
        assert!(matches!(status, 200 | 400 | 404), "{status} for {resource:?}");
        if status != 200 {
            missed += 1;
            assert!(answer.get("subject").is_none(), "{resource:?}: {answer}");
            continue;
        }
        found += 1;
        let links = answer["links"].as_array().unwrap();
        let own: Vec<_> = links.iter().filter(|link| link["rel"] == "self").collect();
        assert_eq!(own.len(), 1, "{resource:?}: {answer}");
        let href = own[0]["href"].as_str().unwrap();
        assert!(known.iter().any(|url| url == href), "{resource:?}: {answer}");
        // The name that was asked for is the name that is told.
        let name = href.rsplit('/').next().unwrap();
        let said = resource.to_lowercase();
        assert!(said.contains(name) || said.contains("alpha.localhost"), "{resource:?}: {answer}");
    }
    assert!(found > 200 && missed > 500, "{found} found, {missed} not");
}
