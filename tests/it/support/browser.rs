//! A browser without JavaScript: follows redirects, keeps cookies, sends the secret of forms.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, Once, PoisonError};

use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method};

/// One visitor.
pub struct Browser {
    client: Client,
    origin: String,
    language: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cookies: BTreeMap<String, String>,
    csrf: String,
}

/// What came back, after redirects.
#[derive(Debug)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Path and query of the last address.
    pub path: String,
    /// Headers of the last response.
    pub headers: HeaderMap,
    /// The body.
    pub html: String,
}

/// A file of a form.
pub struct Upload<'a> {
    /// Name of the field.
    pub field: &'a str,
    /// Name of the file.
    pub name: &'a str,
    /// MIME type.
    pub mime: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
}

impl Browser {
    /// Someone at `origin`, which is really at `address`.
    pub fn new(origin: &str, address: SocketAddr) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Another test may have chosen the same one before.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        });
        let url: url::Url = origin.parse().expect("an origin");
        let host = url.host_str().expect("a host");
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .resolve(host, address)
            .build()
            .expect("a client");
        Self { client, origin: origin.to_owned(), language: "nl".to_owned(), state: Mutex::default() }
    }

    /// Puts a cookie in, and the secret that forms of this session carry.
    pub fn signed_in(self, cookie: &str, value: &str, csrf: &str) -> Self {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.cookies.insert(cookie.to_owned(), value.to_owned());
            state.csrf = csrf.to_owned();
        }
        self
    }

    /// The cookies now held, as `name=value`.
    pub fn cookies(&self) -> String {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The secret that forms carry now.
    pub fn csrf(&self) -> String {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).csrf.clone()
    }

    /// Opens a page.
    pub async fn get(&self, path: &str) -> Page {
        self.go(Method::GET, path, None, "text/html").await
    }

    /// Asks for JSON (or an ActivityPub document: `application/activity+json`).
    pub async fn get_as(&self, path: &str, accept: &str) -> Page {
        self.go(Method::GET, path, None, accept).await
    }

    /// Sends a form; the secret is added.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.csrf();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        let body = serde_html_form::to_string(&all).expect("a form");
        let body = ("application/x-www-form-urlencoded".to_owned(), body.into_bytes());
        self.go(Method::POST, path, Some(body), "text/html").await
    }

    /// Sends a form with files; the secret is added.
    pub async fn upload(&self, path: &str, fields: &[(&str, &str)], files: &[Upload<'_>]) -> Page {
        let body = multipart(&self.csrf(), fields, files);
        self.go(Method::POST, path, Some(body), "text/html").await
    }

    /// As [`Browser::post`] without following: the status, or none when the server did not answer.
    pub async fn try_post(&self, path: &str, fields: &[(&str, &str)]) -> Option<u16> {
        let csrf = self.csrf();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        let body = serde_html_form::to_string(&all).expect("a form");
        let request = self.client.post(self.url(path)).header(COOKIE, self.cookies()).header(ORIGIN, &self.origin);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        // Acknowledged is what arrived whole.
        response.bytes().await.ok().map(|_| status)
    }

    /// One request without following redirects; `headers` besides the usual ones.
    pub async fn send(&self, method: Method, path: &str, headers: HeaderMap, body: Vec<u8>) -> Page {
        let url = self.url(path);
        let request =
            self.client.request(method, url.clone()).headers(headers).header(COOKIE, self.cookies()).body(body);
        let response = request.send().await.expect("an answer");
        self.read(&url, response).await
    }

    fn url(&self, path: &str) -> url::Url {
        url::Url::parse(&self.origin).and_then(|origin| origin.join(path)).expect("an address")
    }

    async fn go(&self, method: Method, path: &str, body: Option<(String, Vec<u8>)>, accept: &str) -> Page {
        let (mut method, mut url, mut body) = (method, self.url(path), body);
        for _ in 0..6 {
            let mut request = self.client.request(method.clone(), url.clone());
            request = request.header(ACCEPT, accept).header(ACCEPT_LANGUAGE, &self.language);
            request = request.header(COOKIE, self.cookies());
            if let Some((mime, bytes)) = body.take() {
                request = request.header(ORIGIN, &self.origin).header(CONTENT_TYPE, mime).body(bytes);
            }
            let response = request.send().await.expect("an answer");
            let status = response.status().as_u16();
            let location = response.headers().get(LOCATION).and_then(|l| l.to_str().ok()).map(str::to_owned);
            let page = self.read(&url, response).await;
            match location {
                Some(to) if matches!(status, 302 | 303) => {
                    url = url.join(&to).expect("a redirect to an address");
                    method = Method::GET;
                }
                _ => return page,
            }
        }
        panic!("{path} redirects in circles");
    }

    async fn read(&self, url: &url::Url, response: reqwest::Response) -> Page {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.bytes().await.expect("a body");
        let html = String::from_utf8_lossy(&bytes).into_owned();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for cookie in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            if value.is_empty() {
                state.cookies.remove(name.trim());
            } else {
                state.cookies.insert(name.trim().to_owned(), value.to_owned());
            }
        }
        if let Some(csrf) = value_of(&html, "csrf") {
            state.csrf = csrf;
        }
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Page { status, path: format!("{}{query}", url.path()), headers, html }
    }
}

/// A form with files, as (type, body).
fn multipart(csrf: &str, fields: &[(&str, &str)], files: &[Upload<'_>]) -> (String, Vec<u8>) {
    const LINE: &str = "kring-test-boundary-7d1f";
    let mut body = Vec::new();
    for (name, value) in std::iter::once(&("csrf", csrf)).chain(fields) {
        let part = format!("--{LINE}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    for Upload { field, name, mime, bytes } in files {
        let head = format!(
            "--{LINE}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
             content-type: {mime}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{LINE}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={LINE}"), body)
}

/// The value of the first field with this name.
fn value_of(html: &str, name: &str) -> Option<String> {
    let at = html.find(&format!("name=\"{name}\" value=\""))?;
    let rest = &html[at..].split_once("value=\"")?.1;
    Some(rest.split('"').next()?.to_owned())
}

impl Page {
    /// Fails unless the page was served.
    pub fn ok(self) -> Self {
        self.status(200)
    }

    /// Fails unless the status is this one.
    #[track_caller]
    pub fn status(self, expected: u16) -> Self {
        assert_eq!(self.status, expected, "{}: {}", self.path, self.html.chars().take(1500).collect::<String>());
        self
    }

    /// Fails unless this is in the page.
    #[track_caller]
    pub fn shows(self, what: &str) -> Self {
        assert!(self.html.contains(what), "{} does not show {what:?}: {}", self.path, self.html);
        self
    }

    /// Fails if this is in the page.
    #[track_caller]
    pub fn hides(self, what: &str) -> Self {
        assert!(!self.html.contains(what), "{} shows {what:?}", self.path);
        self
    }

    /// The value of the first field with this name.
    pub fn value(&self, name: &str) -> Option<String> {
        value_of(&self.html, name)
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.html).unwrap_or_else(|error| panic!("{}: {error}: {}", self.path, self.html))
    }
}
