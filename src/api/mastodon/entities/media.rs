use serde_json::{Value, json};

use crate::domain::media::{Media, MediaKind, MediaState};
use crate::services::Ctx;
use crate::services::secrets::fingerprint;

/// The part of an address by which a file of a closed post can be read without a cookie: apps load pictures without
/// their token. It is made from the random key under which the file is kept, so nobody can guess it.
pub fn capability(file: &Media) -> Option<String> {
    file.key.as_ref().map(|key| fingerprint(&format!("media:{}:{key}", file.id)))
}

/// `MediaAttachment`. `open` tells whether the post is public, so that its plain address will do.
pub fn media(ctx: &Ctx, file: &Media, open: bool) -> Value {
    let kind = match file.kind {
        MediaKind::Image => "image",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
        MediaKind::Document => "unknown",
    };
    let address = |thumb: bool| match capability(file).filter(|_| !open) {
        Some(secret) => {
            let small = if thumb { "/small" } else { "" };
            ctx.urls.absolute(&format!("/api/kring/media/{}/{secret}{small}", file.id))
        }
        None => ctx.urls.media(file.id, thumb),
    };
    let has_thumb = file.thumb_key.is_some();
    let ready = file.state != MediaState::Processing;
    let url = match file.state {
        MediaState::Processing => Value::Null,
        MediaState::Remote | MediaState::Ready | MediaState::Failed => json!(address(false)),
    };
    let description = (!file.description.is_empty()).then_some(&file.description);
    json!({
        "id": file.id.to_string(),
        "type": kind,
        "url": url,
        "preview_url": if ready && (kind == "image" || has_thumb) { json!(address(has_thumb)) } else { url.clone() },
        "remote_url": file.remote_url,
        "preview_remote_url": Value::Null,
        "text_url": Value::Null,
        "meta": meta(file),
        "description": description,
        "blurhash": file.blurhash,
    })
}

/// Sizes; where they are unknown they are told as 1 × 1, because clients divide by them.
fn meta(file: &Media) -> Value {
    let size = |width: i32, height: i32| {
        let (width, height) = (width.max(1), height.max(1));
        let aspect = f64::from(width) / f64::from(height);
        json!({ "width": width, "height": height, "size": format!("{width}x{height}"), "aspect": aspect })
    };
    let (width, height) = (file.width.unwrap_or(1), file.height.unwrap_or(1));
    let mut meta = json!({ "original": size(width, height), "small": size(width, height) });
    if let (Some(x), Some(y)) = (file.focus_x, file.focus_y) {
        meta["focus"] = json!({ "x": x, "y": y });
    }
    meta
}
