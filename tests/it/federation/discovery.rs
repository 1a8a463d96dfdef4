//! WebFinger, host-meta, NodeInfo.

use kring::domain::groups::GroupKind;
use kring::services::groups;

use super::support::*;
use crate::support::Kind;

on_sqlite! {
    d01_d02_d03_webfinger_leads_to_the_document => webfinger;
    d05_d06_unknown_names_and_host_meta => unknown;
    d07_d29_the_server_is_found_and_open_to_all => server;
    d08_d09_nodeinfo_is_what_peers_read => nodeinfo;
    closed_groups_are_not_found_by_strangers => closed_groups;
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
    assert!(asked > 100, "{asked}");
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
    a.person("Ada").await;
    for version in ["2.0", "2.1"] {
        let (status, info) = get_as(&a.url(&format!("/nodeinfo/{version}")), "application/json").await;
        assert_eq!((status, info["version"].as_str()), (200, Some(version)));
        assert_eq!(info["software"]["name"], "kring");
        assert_eq!(info["protocols"][0], "activitypub");
        assert_eq!(info["usage"]["users"]["total"], 1);
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
