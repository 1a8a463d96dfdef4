//! Hashtags that members follow or show on their profile.

use crate::base::*;
use crate::domain::Viewer;
use crate::services::Ctx;
use crate::store;
use crate::store::posts::AtHome;

/// Posts that come home when someone begins to follow a hashtag.
const FIRST: i64 = 20;
/// Hashtags one may follow, and show.
const MOST: (i64, usize) = (200, 10);

/// A hashtag on a profile: id, name, how often it was used in open posts, and when last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Featured {
    /// Our id.
    pub id: i64,
    /// Its name, in small letters.
    pub tag: String,
    /// In how many open posts.
    pub uses: i64,
    /// When last.
    pub last: Option<Time>,
}

/// A name as it is kept: no `#`, small letters.
///
/// # Errors
/// `Invalid` when it is no hashtag.
pub fn name_of(text: &str) -> Result<String> {
    let name = text.trim().trim_start_matches('#').to_lowercase();
    let fits = !name.is_empty() && name.chars().count() <= 100 && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if fits { Ok(name) } else { Err(Error::invalid("name", "error-tag")) }
}

/// Follows a hashtag or ends that. Its newest public posts come home with it, and go when it goes.
pub async fn set_followed(ctx: &Ctx, viewer: &Viewer, name: &str, on: bool) -> Result<()> {
    let (me, tag, c) = (viewer.member_id()?, name_of(name)?, ctx.clone());
    if on && store::tags::count_followed(&mut ctx.db.read().await?, me).await? >= MOST.0 {
        return Err(Error::invalid("name", "error-too-many"));
    }
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                if !on {
                    store::tags::unfollow(conn, me, &tag).await?;
                    store::tags::clear_home(conn, me, &tag).await?;
                    return Ok(());
                }
                if store::tags::follow(conn, c.ids.next(), me, &tag).await? {
                    let latest = store::tags::latest_entries(conn, &tag, FIRST).await?;
                    let put = |(entry, post)| AtHome { members: vec![me], entry, post };
                    store::posts::insert_home(conn, &latest.into_iter().map(put).collect::<Vec<_>>()).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Hashtags the viewer follows, with the cursor of each.
pub async fn followed(ctx: &Ctx, viewer: &Viewer, page: Page) -> Result<Vec<(i64, String)>> {
    store::tags::followed(&mut ctx.db.read().await?, viewer.member_id()?, page).await
}

/// Which of some hashtags the viewer follows, and which they show.
pub async fn marked(ctx: &Ctx, viewer: &Viewer, tags: &[String]) -> Result<(Vec<String>, Vec<String>)> {
    let Some(me) = viewer.actor_id() else { return Ok(Default::default()) };
    let mut conn = ctx.db.read().await?;
    let followed = store::tags::followed_among(&mut conn, me, tags).await?;
    let featured = store::tags::featured(&mut conn, me).await?.into_iter().map(|(_, tag)| tag).collect();
    Ok((followed, featured))
}

/// Shows a hashtag on the viewer's profile, or no longer.
pub async fn set_featured(ctx: &Ctx, viewer: &Viewer, name: &str, on: bool) -> Result<()> {
    let (me, tag, c) = (viewer.member_id()?, name_of(name)?, ctx.clone());
    if on && store::tags::featured(&mut ctx.db.read().await?, me).await?.len() >= MOST.1 {
        return Err(Error::invalid("name", "error-too-many"));
    }
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                match on {
                    true => store::tags::feature(conn, c.ids.next(), me, &tag).await.map(|_| ()),
                    false => store::tags::unfeature(conn, me, &tag).await.map(|_| ()),
                }
            })
        })
        .await
}

/// Hashtags on someone's profile.
pub async fn featured(ctx: &Ctx, who: ActorId) -> Result<Vec<Featured>> {
    let mut conn = ctx.db.read().await?;
    let tags = store::tags::featured(&mut conn, who).await?;
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let used = store::tags::used_by(&mut conn, who, 1000).await?;
    let one = |(id, tag): (i64, String)| {
        let found = used.iter().find(|row| row.0 == tag);
        let last = found.and_then(|row| row.2).map(|post| time_of(post.0));
        Featured { id, uses: found.map_or(0, |row| row.1), last, tag }
    };
    Ok(tags.into_iter().map(one).collect())
}

/// Hashtags the viewer uses most and does not show yet, with how often.
pub async fn to_feature(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<(String, i64)>> {
    let me = viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let shown: Vec<String> = store::tags::featured(&mut conn, me).await?.into_iter().map(|(_, tag)| tag).collect();
    let used = store::tags::used_by(&mut conn, me, 20).await?;
    Ok(used.into_iter().filter(|row| !shown.contains(&row.0)).take(10).map(|(tag, uses, _)| (tag, uses)).collect())
}
