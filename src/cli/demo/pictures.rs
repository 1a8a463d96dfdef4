//! Makes the pictures of the demo ready and puts them into the store of one side.

use std::collections::HashMap;

use super::files;
use super::plan::Plan;
use crate::base::{Error, Result};
use crate::media::{Storage, images};
use crate::services::Ctx;

/// A picture in the store of one side.
pub(super) struct Picture {
    pub key: String,
    pub thumb: Option<(String, &'static str)>,
    pub mime: &'static str,
    pub size: i64,
    pub width: i32,
    pub height: i32,
    pub blurhash: Option<String>,
}

/// Prepares what this side keeps: pictures of its members' posts, and their faces.
pub(super) async fn keep_pictures(ctx: &Ctx, plan: &Plan, side: &str) -> Result<HashMap<String, Picture>> {
    let mut kept = HashMap::new();
    for (name, bytes) in files::PICTURES {
        let ready = blocking(move || images::prepare(bytes, &images::Limits::default())).await?;
        let thumb = put(ctx, ready.thumb.bytes).await?;
        let size = i64::try_from(ready.main.bytes.len()).unwrap_or(0);
        let picture = Picture {
            mime: ready.main.mime,
            width: i32::try_from(ready.main.width).unwrap_or(0),
            height: i32::try_from(ready.main.height).unwrap_or(0),
            key: put(ctx, ready.main.bytes).await?,
            thumb: Some((thumb, ready.thumb.mime)),
            blurhash: Some(ready.blurhash),
            size,
        };
        kept.insert((*name).to_owned(), picture);
    }
    for (key, bytes) in files::AVATARS {
        if plan.person(key)?.instance != side {
            continue;
        }
        let face = blocking(move || images::avatar(bytes)).await?;
        let size = i64::try_from(face.bytes.len()).unwrap_or(0);
        let picture = Picture {
            mime: face.mime,
            width: i32::try_from(face.width).unwrap_or(0),
            height: i32::try_from(face.height).unwrap_or(0),
            key: put(ctx, face.bytes).await?,
            thumb: None,
            blurhash: None,
            size,
        };
        kept.insert((*key).to_owned(), picture);
    }
    Ok(kept)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

async fn put(ctx: &Ctx, bytes: Vec<u8>) -> Result<String> {
    let key = Storage::new_key(&ctx.rng);
    ctx.media.put(&key, bytes.into()).await?;
    Ok(key)
}
