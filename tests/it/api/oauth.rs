use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;

use crate::support::{Page, TestApp, on_sqlite};

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

#[test]
fn someone_lets_an_app_in_with_pkce() {
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
        let fields: Vec<(String, String)> =
            ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"]
                .iter()
                .map(|name| ((*name).to_owned(), page.value(name).expect(name)))
                .collect();
        let csrf = browser.csrf();
        let mut body: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        body.extend([("csrf", csrf.as_str()), ("answer", "allow")]);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let sent = serde_html_form::to_string(&body).unwrap();
        let sent = browser.send(Method::POST, "/oauth/authorize", headers, sent.into_bytes()).await.status(302);
        let to = sent.headers["location"].to_str().unwrap();
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
fn apps_register_in_every_form() {
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
