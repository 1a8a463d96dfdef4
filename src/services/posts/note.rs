use super::texts::{Text, read_text};
use super::write::{self, Place};
use super::{PostForm, check};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::Actor;
use crate::domain::events::Event;
use crate::domain::groups::Group;
use crate::domain::posts::PostState;
use crate::live::Change;
use crate::services::Ctx;
use crate::services::ctx::emit;
use crate::store::{self, Conn};

/// A post by which a group of ours tells its members something: read and rendered, to be written in the transaction of what
/// it tells.
pub(in crate::services) struct Note {
    form: PostForm,
    text: Text,
}

impl Note {
    /// # Errors
    /// As [`check`].
    pub(in crate::services) async fn of(ctx: &Ctx, mut form: PostForm) -> Result<Self> {
        check(ctx, &form)?;
        let text = read_text(ctx, &Viewer::System, &form.title, &form.source, form.language.take()).await?;
        Ok(Self { form, text })
    }

    /// Writes it and pins it, whoever may write in the group: what it tells was allowed before.
    pub(in crate::services) async fn pin(
        &self,
        conn: &mut Conn,
        ctx: &Ctx,
        by: ActorId,
        (group, actor): (&Group, &Actor),
    ) -> Result<(PostId, Change)> {
        let place = Place {
            audience: group.audience_id,
            group: Some((group.clone(), actor.clone())),
            parent: None,
            root: None,
            kind: self.form.kind,
            state: PostState::Published,
        };
        let (published, change) = write::insert(conn, ctx, by, &self.form, &self.text, place).await?;
        store::posts::set_pinned(conn, published.id, Some(ctx.now())).await?;
        let event = Event::Pinned { post: published.id, moderator: by, pinned: true };
        emit(conn, &ctx.ids, ctx.now(), &event).await?;
        Ok((published.id, change))
    }
}
