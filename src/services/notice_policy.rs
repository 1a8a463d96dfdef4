//! From whom a member takes notices; those of others wait as a request, or are dropped.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::notices::{NoticeKind, NoticePolicy, Verdict};
use crate::domain::posts::PostKind;
use crate::services::Ctx;
use crate::store::notice_policy::Recipient;
use crate::store::{self, Conn};

/// An account is new for this long.
const NEW_FOR: i64 = 30 * Time::DAY;

/// Someone whose notices wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who; their id is the request's.
    pub actor: ActorId,
    /// How many notices wait.
    pub count: i64,
    /// The first of them.
    pub first: i64,
    /// The last of them.
    pub last: i64,
    /// The last post among them.
    pub post: Option<PostId>,
}

/// The viewer's policy.
pub async fn get(ctx: &Ctx, viewer: &Viewer) -> Result<NoticePolicy> {
    store::notice_policy::get(&mut ctx.db.read().await?, viewer.member_id()?).await
}

/// Sets the viewer's policy.
pub async fn set(ctx: &Ctx, viewer: &Viewer, policy: NoticePolicy) -> Result<()> {
    let me = viewer.member_id()?;
    ctx.db.write(move |conn| Box::pin(async move { store::notice_policy::save(conn, me, &policy).await })).await?;
    Ok(())
}

/// Whose notices wait for the viewer, last first.
pub async fn requests(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<Request>> {
    let rows = store::notice_policy::requests(&mut ctx.db.read().await?, viewer.member_id()?).await?;
    let request = |(actor, count, first, last, post): (Option<ActorId>, i64, Option<i64>, Option<i64>, Option<i64>)| {
        let actor = actor?;
        Some(Request { actor, count, first: first?, last: last?, post: post.map(PostId) })
    };
    Ok(rows.into_iter().filter_map(request).collect())
}

/// Takes the notices of some people, from now on too, or throws those that wait away.
pub async fn answer(ctx: &Ctx, viewer: &Viewer, who: Vec<ActorId>, yes: bool) -> Result<()> {
    let me = viewer.member_id()?;
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                for actor in who {
                    match yes {
                        true => store::notice_policy::permit(conn, me, actor).await?,
                        false => store::notice_policy::dismiss(conn, me, actor).await?,
                    };
                }
                Ok(())
            })
        })
        .await
}

/// Shows the viewer no notices of a thread, or shows them again.
pub async fn mute_thread(ctx: &Ctx, viewer: &Viewer, post: PostId, on: bool) -> Result<()> {
    let (me, sight) = (viewer.member_id()?, crate::policy::sight(viewer));
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let post = store::posts::find_visible(conn, post, &sight).await?.ok_or(Error::NotFound)?;
                store::notice_policy::set_thread_muted(conn, me, post.root_id, on).await
            })
        })
        .await?;
    Ok(())
}

/// What becomes of a notice, for those of several members whose policy has something to say of it. Only what other
/// people do to a member is looked at; word from moderators and groups passes.
pub(super) async fn verdicts(
    conn: &mut Conn,
    ctx: &Ctx,
    members: &[Recipient],
    kind: NoticeKind,
    actor: ActorId,
    post: Option<PostId>,
) -> Result<Vec<(ActorId, Verdict)>> {
    let looked_at = matches!(
        kind,
        NoticeKind::Mention
            | NoticeKind::Reply
            | NoticeKind::Direct
            | NoticeKind::Reaction
            | NoticeKind::Share
            | NoticeKind::Follow
    );
    if !looked_at {
        return Ok(Vec::new());
    }
    let set = |member: &&Recipient| member.policy != NoticePolicy::default();
    let policies: Vec<_> = members.iter().filter(set).map(|member| (member.id, member.policy)).collect();
    if policies.is_empty() {
        return Ok(Vec::new());
    }
    let who: Vec<ActorId> = policies.iter().map(|(member, _)| *member).collect();
    let permitting = store::notice_policy::permitting(conn, &who, actor).await?;
    let following = store::groups::followers_among(conn, &who, actor).await?;
    let followed = store::groups::followed_among(conn, actor, &who).await?;
    let new = ctx.now().since(store::actors::get(conn, actor).await?.created_at) < NEW_FOR;
    let began = if kind == NoticeKind::Direct { began(conn, post).await? } else { None };
    let verdict = |(member, policy): (ActorId, NoticePolicy)| {
        let follows = following.contains(&member);
        let unasked = kind == NoticeKind::Direct && !follows && began != Some(member);
        let says = [
            (!follows, policy.not_following),
            (!followed.contains(&member), policy.not_followers),
            (new, policy.new_accounts),
            (unasked, policy.private_mentions),
        ];
        let worst = says.into_iter().filter(|(holds, _)| *holds).map(|(_, verdict)| verdict).max();
        (member, worst.unwrap_or(Verdict::Accept))
    };
    Ok(policies.into_iter().filter(|(member, _)| !permitting.contains(member)).map(verdict).collect())
}

/// Who began the conversation that a message is in.
async fn began(conn: &mut Conn, post: Option<PostId>) -> Result<Option<ActorId>> {
    let Some(post) = post else { return Ok(None) };
    let root = store::posts::get(conn, post).await?.root_id;
    let root = store::posts::get(conn, root).await?;
    Ok((root.kind == PostKind::Direct).then_some(root.author_id))
}
