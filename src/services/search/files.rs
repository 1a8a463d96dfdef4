//! Reads the text of files that came with posts, so that they are found by what they say.

use crate::base::*;
use crate::services::Ctx;
use crate::{media, store};

/// Files read between two looks at the database.
const BATCH: usize = 20;
/// Larger files are found by their names alone.
const LARGEST: usize = 40_000_000;

/// The job: every document whose text was not read yet. One that cannot be read is noted as empty, and not tried again.
pub async fn read(ctx: &Ctx) -> Result<()> {
    let mut after = 0;
    loop {
        let files = store::search::unread_files(&mut ctx.db.read().await?, after, BATCH).await?;
        let Some(last) = files.last() else { return Ok(()) };
        after = last.id;
        for file in files {
            let bytes = match ctx.media.read(&file.key).await {
                Ok(bytes) if bytes.len() <= LARGEST => bytes,
                Ok(_) => Default::default(),
                Err(error) => {
                    tracing::debug!(%error, "a file could not be read for search");
                    continue;
                }
            };
            let (mime, program) = (file.mime.clone(), ctx.config.program());
            let text = tokio::task::spawn_blocking(move || media::text_of(&bytes, &mime, &program)).await;
            let text = match text.map_err(Error::internal)? {
                Ok(text) => text.unwrap_or_default(),
                Err(error) => {
                    // Read the next time: it is not the file's fault.
                    tracing::warn!(%error, "a file could not be read for search");
                    continue;
                }
            };
            let (id, now) = (MediaId(file.id), ctx.now());
            let keep = ctx
                .db
                .write(move |conn| Box::pin(async move { store::search::keep_file_text(conn, id, &text, now).await }));
            keep.await?;
        }
    }
}
