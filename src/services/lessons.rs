//! Lessons learned, together by subject.

use std::collections::HashMap;

use super::Ctx;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::knowledge::Term;
use crate::domain::posts::PostView;
use crate::{policy, store};

/// Lessons about a word (all without one) that the viewer may see, newest first, before one.
pub async fn list(
    ctx: &Ctx,
    viewer: &Viewer,
    about: Option<TermId>,
    before: Option<PostId>,
    limit: i64,
) -> Result<Vec<PostView>> {
    viewer.member_id()?;
    let sight = policy::sight(viewer);
    let mut conn = ctx.db.read().await?;
    let before = before.unwrap_or(PostId(i64::MAX));
    let ids = store::questions::lessons(&mut conn, about, &sight, before, limit).await?;
    let mut views = store::posts::views(&mut conn, &ids, &sight).await?;
    views.sort_by_key(|view| std::cmp::Reverse(view.post.id));
    Ok(views)
}

/// The words that lessons are about, with how many the viewer may see; most first.
pub async fn subjects(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<(Term, i64)>> {
    viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let counts: HashMap<TermId, i64> =
        store::questions::lesson_counts(&mut conn, &policy::sight(viewer)).await?.into_iter().collect();
    let all = store::terms::all(&mut conn).await?;
    let mut found: Vec<(Term, i64)> =
        all.into_iter().filter_map(|term| counts.get(&term.id).map(|n| (term.clone(), *n))).collect();
    found.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    Ok(found)
}
