//! Reading a text: whom it mentions, which tags it has, and how it looks.

use std::collections::HashMap;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::Actor;
use crate::services::{Ctx, follows, known};
use crate::store::{self, Conn};
use crate::text::{self, Handle};

/// How many people one text may mention.
const MAX_MENTIONS: usize = 30;

/// A text, read and rendered before the transaction.
pub(super) struct Text {
    pub html: SafeHtml,
    pub hashtags: Vec<String>,
    pub mentioned: Vec<Actor>,
    pub language: Option<String>,
    pub search: String,
}

/// Reads Markdown: whom it mentions of those the viewer may know, which tags, and the HTML.
pub(super) async fn read_text(
    ctx: &Ctx,
    viewer: &Viewer,
    title: &str,
    source: &str,
    language: Option<String>,
) -> Result<Text> {
    let found = text::scan(source);
    let mut mentions = HashMap::new();
    let mut mentioned: Vec<Actor> = Vec::new();
    for handle in found.mentions.into_iter().take(MAX_MENTIONS) {
        let Some(actor) = find_mentioned(ctx, viewer, &handle).await? else { continue };
        let shown = actor.name.clone();
        mentions.insert(handle, text::MentionLink { href: actor.url.clone(), handle: shown });
        if mentioned.iter().all(|known| known.id != actor.id) {
            mentioned.push(actor);
        }
    }
    let html = text::render(source, &text::Links { mentions, tag_base: ctx.urls.tag_base() });
    let plain = text::plain(&html);
    let language = language.or_else(|| text::detect_language(&plain).map(str::to_owned));
    let search = text::fold(&format!("{title} {plain}"));
    Ok(Text { html, hashtags: found.hashtags, mentioned, language, search })
}

/// Someone mentioned: by name here, known from elsewhere, or looked up now. Writing a name is no way to find out who is here.
async fn find_mentioned(ctx: &Ctx, viewer: &Viewer, handle: &Handle) -> Result<Option<Actor>> {
    let mut conn = ctx.db.read().await?;
    let Some(host) = handle.host.as_deref().filter(|host| *host != ctx.urls.host()) else {
        let found = store::actors::find_by_name(&mut conn, HostId::LOCAL, &handle.name).await?;
        return match found {
            Some(actor) if may_name(&mut conn, ctx, viewer, &actor).await? => Ok(Some(actor)),
            _ => Ok(None),
        };
    };
    if let Some(actor) = store::actors::find_by_handle(&mut conn, &handle.name, host).await? {
        // People elsewhere are named by whoever knows their address; groups may be there for their members alone.
        let shown = !actor.is_group() || may_name(&mut conn, ctx, viewer, &actor).await?;
        return Ok(Some(actor).filter(|_| shown));
    }
    drop(conn);
    let Ok(remote) = ctx.remote() else { return Ok(None) };
    match remote.resolve_handle(&handle.name, host).await {
        Ok(actor) => Ok(Some(actor)),
        Err(error) => {
            // The text stays as written; a handle that leads nowhere is no reason to refuse a post.
            tracing::debug!(%handle, %error, "mention not resolved");
            Ok(None)
        }
    }
}

async fn may_name(conn: &mut Conn, ctx: &Ctx, viewer: &Viewer, actor: &Actor) -> Result<bool> {
    if !actor.is_group() {
        return known::knows(conn, viewer, actor).await;
    }
    match follows::group_facts(conn, ctx, viewer, actor.id).await {
        Ok(_) => Ok(true),
        Err(Error::NotFound) => Ok(false),
        Err(other) => Err(other),
    }
}

/// The HTML of a text as it would be shown, for the preview.
pub async fn render_preview(ctx: &Ctx, viewer: &Viewer, source: &str) -> Result<SafeHtml> {
    viewer.member_id()?;
    check_length(ctx, source)?;
    Ok(read_text(ctx, viewer, "", source, None).await?.html)
}

/// The HTML of a text that members wrote.
pub async fn render_text(ctx: &Ctx, source: &str) -> Result<SafeHtml> {
    Ok(read_text(ctx, &Viewer::System, "", source, None).await?.html)
}

fn check_length(ctx: &Ctx, source: &str) -> Result<()> {
    if source.chars().count() > ctx.config.limits.max_post_chars {
        return Err(Error::invalid("body", "error-text-long"));
    }
    Ok(())
}
