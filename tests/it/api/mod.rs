//! The client API, over HTTP, as apps use it.

mod checklist;
mod drawn;
pub mod entities;
mod filters;
mod kept;
mod listed;
mod media;
mod oauth;
mod openapi;
mod push;
mod requests;
mod rules;
pub mod streams;
mod trends;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;

use crate::support::{Browser, Page, Person, TestApp};

/// An app on someone's phone.
pub struct Phone {
    browser: Browser,
    token: String,
}

impl Phone {
    /// With every right of this person.
    pub async fn of(app: &TestApp, person: &Person) -> Self {
        Self::with(app, person, "read write follow push").await
    }

    pub async fn with(app: &TestApp, person: &Person, scopes: &str) -> Self {
        let token = kring::services::sessions::api_token(app.ctx(), person.id, scopes).await.expect("a token");
        Self { browser: app.visitor(), token }
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        kind: &'static str,
        body: &str,
        more: &[(&'static str, &str)],
    ) -> Page {
        let mut headers = HeaderMap::new();
        let bearer = format!("bearer {}", self.token);
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&bearer).expect("a token"));
        if !kind.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in more {
            headers.insert(*name, HeaderValue::from_str(value).expect("a header"));
        }
        self.browser.send(method, path, headers, body.as_bytes().to_vec()).await
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(Method::GET, path, "", "", &[]).await
    }

    #[track_caller]
    pub fn read(page: Page) -> Value {
        page.ok().json()
    }

    pub async fn post(&self, path: &str, body: Value) -> Page {
        self.send(Method::POST, path, "application/json", &body.to_string(), &[]).await
    }
}
