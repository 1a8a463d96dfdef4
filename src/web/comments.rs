//! Answering a post or a comment.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::Deserialize;

use super::forms::{CheckedForm, Fields};
use super::posts::{Asked, Id, Typed, render};
use super::visit::{PageResult, Visit};
use super::{drafts, see};
use crate::domain::posts::{PostKind, PostState};
use crate::services::Ctx;
use crate::services::posts::{self, PostForm, Published};
use crate::urls::post_path;

/// `POST /posts/ID/comments`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/posts/{id}/comments", post(answer))
}

#[derive(Debug, Deserialize)]
struct Comment {
    #[serde(default)]
    body: String,
}

async fn answer(
    State(ctx): State<Ctx>,
    visit: Visit,
    Id(id): Id,
    CheckedForm(form): CheckedForm<Comment>,
) -> PageResult {
    visit.member()?;
    let parent = posts::view(&ctx, &visit.viewer, id).await?.post;
    let comment = PostForm { parent: Some(id), ..PostForm::new(PostKind::Comment, form.body.as_str()) };
    match posts::publish(&ctx, &visit.viewer, comment).await {
        Ok(published) => {
            drafts::forget(&ctx, &visit, &format!("comment:{id}")).await?;
            let (root, done) = (post_path(parent.root_id), outcome(&published, "commented"));
            see(&format!("{root}?done={done}#comment-{}", published.id))
        }
        Err(error) => {
            let typed = Typed { body: form.body, fields: Fields::of(error)? };
            let reply = (parent.root_id != id).then_some(id);
            render(&ctx, &visit, parent.root_id, Asked { reply, ..Asked::default() }, typed).await
        }
    }
}

/// The word that tells what became of a new post.
pub(super) fn outcome(published: &Published, usual: &'static str) -> &'static str {
    match published.state {
        PostState::Held => "held",
        PostState::Waiting => "waiting",
        _ if !published.not_told.is_empty() => "not-told",
        _ => usual,
    }
}
