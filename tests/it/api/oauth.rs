use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;

use crate::support::{Browser, Page, TestApp, on_sqlite};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "com.tapbots.Ivory.10217:/request_token";

async fn form(app: &TestApp, path: &str, body: &str) -> Page {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    app.visitor().send(Method::POST, path, headers, body.as_bytes().to_vec()).await
}

async fn registered(app: &TestApp) -> (String, String) {
    let back: String = url::form_urlencoded::byte_serialize(BACK.as_bytes()).collect();
    let body = format!("client_name=Ivory&redirect_uris={back}&scopes=read+write+follow+push");
    let made = form(app, "/api/v1/apps", &body).await.ok().json();
    let text = |name: &str| made[name].as_str().expect(name).to_owned();
    (text("client_id"), text("client_secret"))
}

/// Says yes on the page of an app; where that leads.
async fn consent(browser: &Browser, ask: &str) -> String {
    let page = browser.get(ask).await.ok();
    let names =
        ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"];
    let fields: Vec<(&str, String)> = names.iter().filter_map(|name| Some((*name, page.value(name)?))).collect();
    let csrf = browser.csrf();
    let mut body: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    body.extend([("csrf", csrf.as_str()), ("answer", "allow")]);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let sent = serde_html_form::to_string(&body).unwrap();
    let sent = browser.send(Method::POST, "/oauth/authorize", headers, sent.into_bytes()).await.status(302);
    sent.headers["location"].to_str().unwrap().to_owned()
}

#[test]
fn d101_d102_d103_someone_lets_an_app_in_with_pkce() {
    on_sqlite(async |app| {
        let wim = app.person("Wim").await;
        let (id, secret) = registered(&app).await;
        let back: String = url::form_urlencoded::byte_serialize(BACK.as_bytes()).collect();
        let ask = format!(
            "/oauth/authorize/?client_id={id}&redirect_uri={back}&response_type=code&scope=read+write&state=xyz\
             &code_challenge={CHALLENGE}&code_challenge_method=S256"
        );
        let signed_out = app.visitor().send(Method::GET, &ask, HeaderMap::new(), Vec::new()).await.status(303);
        assert!(signed_out.headers["location"].to_str().unwrap().starts_with("/sign-in?to=%2Foauth"));
        let browser = app.browser(&wim).await;
        let page = browser.get(&ask).await.ok().shows("Ivory").shows("Wim");
        assert!(page.headers.get("cross-origin-opener-policy").is_none());
        let to = consent(&browser, &ask).await;
        let query = to.strip_prefix(BACK).expect("the app's address, unchanged");
        assert!(query.ends_with("&state=xyz"), "{query}");
        let code = query.trim_start_matches("?code=").split('&').next().unwrap();
        let ask = |verifier: &str| {
            format!(
                "grant_type=authorization_code&client_id={id}&client_secret={secret}&redirect_uri={back}&code={code}\
                 &code_verifier={verifier}"
            )
        };
        let token = form(&app, "/oauth/token", &ask(VERIFIER)).await.ok().json();
        assert!(token["access_token"].is_string());
        assert_eq!(token["token_type"], "Bearer");
        assert_eq!(token["scope"], "read write");
        assert!(token["created_at"].is_i64());
        let again = form(&app, "/oauth/token", &ask(VERIFIER)).await.status(400).json();
        assert_eq!(again["error"], "invalid_grant");
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_str(&bearer).unwrap());
        let me =
            app.visitor().send(Method::GET, "/api/v1/accounts/verify_credentials", headers.clone(), Vec::new()).await;
        assert_eq!(me.ok().json()["acct"], "wim");
        let end = format!("client_id={id}&client_secret={secret}&token={}", token["access_token"].as_str().unwrap());
        form(&app, "/oauth/revoke", &end).await.ok();
        app.visitor().send(Method::GET, "/api/v1/accounts/verify_credentials", headers, Vec::new()).await.status(401);
    });
}

#[test]
fn what_is_not_right_is_refused() {
    on_sqlite(async |app| {
        let (id, _) = registered(&app).await;
        let wrong = format!("grant_type=client_credentials&client_id={id}&client_secret=guess");
        assert_eq!(form(&app, "/oauth/token", &wrong).await.status(401).json()["error"], "invalid_client");
        let ask = format!("/oauth/authorize?client_id={id}&redirect_uri=https%3A%2F%2Fevil.example&response_type=code");
        app.visitor().send(Method::GET, &ask, HeaderMap::new(), Vec::new()).await.status(400);
        let bad = form(&app, "/api/v1/apps", "client_name=X&redirect_uris=javascript:alert(1)").await.status(422);
        assert!(bad.json()["error"].as_str().unwrap().starts_with("Validation failed"));
        form(&app, "/api/v1/apps", "client_name=X&redirect_uris=urn:ietf:wg:oauth:2.0:oob&scopes=everything")
            .await
            .status(422);
    });
}

#[test]
fn d100_apps_register_in_every_form() {
    on_sqlite(async |app| {
        let query = "/api/v1/apps?client_name=IceCubes&redirect_uris=icecubesapp%3A%2F%2F&scopes=read";
        app.visitor().send(Method::POST, query, HeaderMap::new(), Vec::new()).await.ok();
        let json = serde_json::json!({ "client_name": "toot", "redirect_uris": ["urn:ietf:wg:oauth:2.0:oob"], "scopes": "read write follow" });
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let made =
            app.visitor().send(Method::POST, "/api/v1/apps", headers, json.to_string().into_bytes()).await.ok().json();
        for key in [
            "id",
            "name",
            "scopes",
            "redirect_uri",
            "redirect_uris",
            "client_id",
            "client_secret",
            "client_secret_expires_at",
        ] {
            assert!(!made[key].is_null(), "{key}");
        }
        let boundary = "x";
        let part = |name: &str, value: &str| {
            format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body = format!(
            "{}{}--{boundary}--\r\n",
            part("client_name", "M"),
            part("redirect_uris", "urn:ietf:wg:oauth:2.0:oob")
        );
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=x"));
        app.visitor().send(Method::POST, "/api/v1/apps", headers, body.into_bytes()).await.ok();
        let meta: Value = app.visitor().get("/.well-known/oauth-authorization-server").await.ok().json();
        assert_eq!(meta["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    });
}

#[test]
fn d101_addresses_of_apps_fit_exactly_or_not_at_all() {
    on_sqlite(async |app| {
        let wim = app.person("Wim").await;
        let browser = app.browser(&wim).await;
        for back in [BACK, "urn:ietf:wg:oauth:2.0:oob", "icecubesapp://", "com.example.app:/back"] {
            let coded: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
            let body = format!("client_name=App&redirect_uris={coded}&scopes=read");
            let id = form(&app, "/api/v1/apps", &body).await.ok().json()["client_id"].as_str().unwrap().to_owned();
            for path in ["/oauth/authorize", "/oauth/authorize/"] {
                let ask = |back: &str| {
                    let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
                    format!("{path}?client_id={id}&redirect_uri={back}&response_type=code&scope=read")
                };
                browser.get(&ask(back)).await.ok().shows("App");
                for other in
                    [format!("{back}/"), format!("{back}x"), back.to_uppercase(), back[..back.len() - 1].into()]
                {
                    browser.send(Method::GET, &ask(&other), HeaderMap::new(), Vec::new()).await.status(400);
                }
            }
        }
    });
}

#[test]
fn d102_a_challenge_is_answered_by_its_verifier_alone() {
    on_sqlite(async |app| {
        let wim = app.person("Wim").await;
        let browser = app.browser(&wim).await;
        let (id, secret) = registered(&app).await;
        let back: String = url::form_urlencoded::byte_serialize(BACK.as_bytes()).collect();
        let ask = |more: &str| {
            format!("/oauth/authorize?client_id={id}&redirect_uri={back}&response_type=code&scope=read{more}")
        };
        let with = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
        // (what was asked with, what is shown for the code, what comes of it)
        for (asked, shown, status) in [
            (with.as_str(), format!("&code_verifier={VERIFIER}"), 200),
            (&with, format!("&code_verifier={}", VERIFIER.to_lowercase()), 400),
            (&with, format!("&code_verifier={CHALLENGE}"), 400),
            (&with, String::new(), 400),
            ("", String::new(), 200),
        ] {
            let to = consent(&browser, &ask(asked)).await;
            let code = to.strip_prefix(BACK).unwrap().trim_start_matches("?code=").split('&').next().unwrap();
            let body = format!(
                "grant_type=authorization_code&client_id={id}&client_secret={secret}&redirect_uri={back}&code={code}{shown}"
            );
            let answer = form(&app, "/oauth/token", &body).await.status(status).json();
            assert_eq!(answer["error"].as_str(), (status == 400).then_some("invalid_grant"), "{shown}");
        }
        // A challenge that is its own verifier is none; without a method it would be that.
        for method in ["&code_challenge_method=plain", ""] {
            let ask = ask(&format!("&code_challenge={VERIFIER}{method}"));
            let page = browser.send(Method::GET, &ask, HeaderMap::new(), Vec::new()).await;
            let to = page.headers["location"].to_str().unwrap();
            assert!(to.starts_with(BACK) && to.contains("error=invalid_request") && !to.contains("code="), "{to}");
        }
    });
}
