//! Large pictures from apps are made ready after the answer.

use std::io::Cursor;
use std::time::Duration;

use image::{ImageFormat, RgbImage};
use kring::domain::groups::GroupKind;
use kring::domain::media::MediaPurpose;
use kring::domain::posts::PostKind;
use kring::services::posts::PostForm;
use kring::services::{media, posts};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;

use super::Phone;
use crate::support::{Page, both};

/// A picture without pattern, which PNG cannot make small.
fn noise(side: u32) -> Vec<u8> {
    let mut dice = crate::sign::Dice(3);
    let mut picture = RgbImage::new(side, side);
    for pixel in picture.pixels_mut() {
        let roll = dice.roll(1 << 24);
        pixel.0 = [roll as u8, (roll >> 8) as u8, (roll >> 16) as u8];
    }
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}

async fn put_up(phone: &Phone, path: &str, bytes: &[u8]) -> Page {
    let head = "--line\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\nNoise\r\n--line\r\n\
                Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n";
    let body = [head.as_bytes(), bytes, b"\r\n--line--\r\n"].concat();
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", phone.token())).unwrap());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=line"));
    phone.browser.send(Method::POST, path, headers, body).await
}

/// Until it is not 206 any more.
async fn ready(phone: &Phone, path: &str) -> Page {
    for _ in 0..600 {
        let page = phone.get(path).await;
        if page.status != 206 {
            return page;
        }
        assert!(page.json()["url"].is_null(), "{}", page.html);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never ready");
}

#[test]
fn d107_d113_a_large_picture_is_made_ready_afterwards() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let phone = Phone::of(&app, &wim).await;
        let large = noise(700);
        assert!(large.len() > 1_000_000);
        let taken = put_up(&phone, "/api/v2/media", &large).await;
        assert_eq!(taken.status, 202);
        let file = taken.json();
        assert!(file["url"].is_null() && file["preview_url"].is_null(), "{file}");
        assert_eq!(file["description"], "Noise");
        let path = format!("/api/v1/media/{}", file["id"].as_str().unwrap());
        let shown = Phone::read(ready(&phone, &path).await);
        assert!(shown["url"].is_string() && shown["blurhash"].is_string(), "{shown}");
        for size in ["original", "small"] {
            assert_eq!((&shown["meta"][size]["width"], &shown["meta"][size]["height"]), (&json!(700), &json!(700)));
        }
        let with = json!({ "status": "Kijk", "media_ids": [file["id"]] });
        assert_eq!(Phone::read(phone.post("/api/v1/statuses", with).await)["media_attachments"][0]["id"], file["id"]);
        // A small one, and any by the older address, is ready at once.
        let small = noise(20);
        let ready_at_once = Phone::read(put_up(&phone, "/api/v2/media", &small).await);
        assert!(ready_at_once["url"].is_string());
        // As a form names it.
        let form = format!("status=Kijk&media_ids[]={}", ready_at_once["id"].as_str().unwrap());
        let kind = "application/x-www-form-urlencoded";
        let said = Phone::read(phone.send(Method::POST, "/api/v1/statuses", kind, &form, &[]).await);
        assert_eq!(said["media_attachments"][0]["id"], ready_at_once["id"]);
        assert!(Phone::read(put_up(&phone, "/api/v1/media", &large).await)["url"].is_string());
        // What turns out to be no picture says so, and no status takes it.
        let broken = put_up(&phone, "/api/v2/media", &large[..1_100_000]).await;
        assert_eq!(broken.status, 202);
        let id = broken.json()["id"].clone();
        assert_eq!(ready(&phone, &format!("/api/v1/media/{}", id.as_str().unwrap())).await.status, 422);
        assert_eq!(phone.post("/api/v1/statuses", json!({ "status": "Kijk", "media_ids": [id] })).await.status, 422);
    });
}

#[test]
fn the_description_is_a_page_too() {
    both(async |app| {
        let page = app.visitor().get("/api/kring").await.ok();
        let page =
            page.shows("<h1>Client API</h1>").shows("GET /api/v2/instance").shows("id=\"Status\"").shows("list of ");
        assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    });
}

/// What another server might take for a document of ours, were it served as one.
#[test]
fn d45_a_document_that_is_put_up_as_a_file_is_not_served_as_one() {
    both(async |app| {
        let wim = app.person("Wim").await;
        let group = app.group(&wim, "Lezers", GroupKind::Public).await;
        let phone = Phone::of(&app, &wim).await;
        let id = format!("{}/people/wim", app.origin());
        let document =
            json!({"@context": "https://www.w3.org/ns/activitystreams", "id": id, "type": "Person"}).to_string();
        let put = async |bytes: Vec<u8>, mime: &str, name: &str| {
            media::upload(app.ctx(), &wim.viewer, bytes.into(), mime, name, "", MediaPurpose::Post).await
        };
        assert_eq!(put_up(&phone, "/api/v2/media", document.as_bytes()).await.status, 422);
        for (mime, name) in [
            ("application/activity+json", "a.json"),
            ("application/json", "a"),
            ("text/plain", "a.txt"),
            ("image/png", "a.png"),
            ("text/csv", "a.csv"),
        ] {
            assert!(put(document.clone().into_bytes(), mime, name).await.is_err(), "{mime} {name}");
        }
        // Where it stands inside something else, that is what it is.
        let inside = [noise(8), document.clone().into_bytes()].concat();
        let quoted = format!("Zo ziet dat eruit: {document}").into_bytes();
        for (bytes, name, kind) in [(inside, "a.png", "image/png"), (quoted, "a.txt", "text/plain")] {
            let file = put(bytes, "application/activity+json", name).await.unwrap();
            let form =
                PostForm { group: Some(group.id), media: vec![file.id], ..PostForm::new(PostKind::Message, "Zie") };
            posts::publish(app.ctx(), &wim.viewer, form).await.unwrap();
            let path = app.ctx().urls.media(file.id, false).replace(&app.origin(), "");
            let page = app.visitor().get_as(&path, "application/activity+json").await.ok();
            assert!(page.headers["content-type"].to_str().unwrap().starts_with(kind), "{:?}", page.headers);
            assert_eq!(page.headers["x-content-type-options"], "nosniff");
        }
    });
}
