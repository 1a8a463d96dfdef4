//! Finding people, groups, posts and files, each as far as the viewer may see it: for the page, the client API, and what is
//! shown while typing. The index answers with ids, from what the viewer may read; the store loads them under the same
//! Sight again.

mod access;
mod address;
mod documents;
pub mod files;
pub mod follow;
mod load;
pub mod reindex;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kring_index::{self as index, Answer, Filters, Question, STARTER, Synonyms};
use tokio::sync::{Notify, Semaphore, watch};

pub use address::{Place, follow_address, is_address};
pub use load::{FileHit, GroupCount, Item, PersonHit, PostHit, WikiHit};

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::posts::PostView;
use crate::domain::search::{FeedPlace, FoundKind};
use crate::services::Ctx;
use crate::store;

/// Things on one page, and the last page there is.
const PER_PAGE: usize = 20;
const LAST_PAGE: usize = 10;
/// How often the file of synonyms is looked at.
const SYNONYMS_FOR: i64 = 20 * Time::SECOND;

/// What search remembers in this process.
#[derive(Debug)]
pub struct Finding {
    open: access::Open,
    synonyms: Mutex<Option<(Time, Arc<Synonyms>)>>,
    /// Questions answered at once: more than there are cores would only make all of them wait.
    permits: Semaphore,
    /// Up to where the index of this process has read the feed.
    followed: watch::Sender<Option<FeedPlace>>,
    /// Wakes the follower.
    wake: Notify,
    /// Names this process.
    process: String,
}

impl Finding {
    /// Nothing is remembered.
    pub fn new(rng: &Rng) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            open: Default::default(),
            synonyms: Default::default(),
            permits: Semaphore::new(cores),
            followed: watch::channel(None).0,
            wake: Notify::new(),
            process: rng.code(8),
        }
    }
}

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The words.
    pub text: String,
    /// Of this kind.
    pub kind: Option<FoundKind>,
    /// In this group.
    pub group: Option<ActorId>,
    /// At most this many days old.
    pub days: Option<i64>,
    /// In this language.
    pub language: Option<String>,
    /// Which page, from 0.
    pub page: usize,
    /// Only what is found, not how much there is of each kind: that costs a look at everything.
    pub uncounted: bool,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// A page of it, the best first.
    pub items: Vec<Item>,
    /// How much there is of each kind.
    pub kinds: Vec<(FoundKind, usize)>,
    /// In which groups, the most first.
    pub groups: Vec<GroupCount>,
    /// Of the last week, month and year.
    pub ages: [(i64, usize); 3],
    /// In which languages.
    pub languages: Vec<(String, usize)>,
    /// There is a page after this.
    pub more: bool,
    /// The index is not there yet.
    pub building: bool,
}

/// A name or title that fits what is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What it is.
    pub kind: FoundKind,
    /// Path of its page.
    pub path: String,
    /// The name or title.
    pub title: String,
    /// What else tells it apart.
    pub about: String,
}

/// Looks for people, groups, posts and files.
pub async fn search(ctx: &Ctx, viewer: &Viewer, wanted: &Wanted) -> Result<Found> {
    let asked = index::asked(&wanted.text);
    let page = wanted.page.min(LAST_PAGE - 1);
    let limit = (page + 1) * PER_PAGE + 1;
    let Some((answer, synonyms)) = answer(ctx, viewer, wanted, &asked, limit, false).await? else {
        return Ok(Found { building: true, ..Found::default() });
    };
    let more = answer.hits.len() >= limit && page + 1 < LAST_PAGE;
    let hits: Vec<index::Hit> = answer.hits.into_iter().skip(page * PER_PAGE).take(PER_PAGE).collect();
    let marks = index::marks(&asked, &synonyms);
    let mut conn = ctx.db.read().await?;
    let items = load::items(ctx, &mut conn, viewer, &hits, &marks).await?;
    let counts = answer.counts;
    let count = |kind: FoundKind| counts.kinds.get(&kind.number()).copied().unwrap_or(0);
    let kinds = FoundKind::ALL.iter().map(|kind| (*kind, count(*kind))).filter(|(_, count)| *count > 0).collect();
    let mut languages: Vec<(String, usize)> = counts
        .languages
        .into_iter()
        .filter_map(|(number, count)| Some((index::language_tag(number)?, count)))
        .collect();
    languages.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    languages.truncate(6);
    let groups = load::groups(&mut conn, viewer, counts.groups).await?;
    let ages = [(7, counts.ages[0]), (31, counts.ages[1]), (365, counts.ages[2])];
    Ok(Found { items, kinds, groups, ages, languages, more, building: false })
}

/// Posts and comments that are found, the best first, for the client API.
pub async fn statuses(ctx: &Ctx, viewer: &Viewer, wanted: &Wanted, limit: usize) -> Result<Vec<PostView>> {
    let asked = index::asked(&wanted.text);
    // People, groups and files are among the hits as well.
    let Some((answer, _)) = answer(ctx, viewer, wanted, &asked, limit * 3, false).await? else { return Ok(Vec::new()) };
    let mut items = load::posts(&mut ctx.db.read().await?, viewer, &answer.hits).await?;
    items.truncate(limit);
    Ok(items)
}

/// Names and titles that fit what is typed so far.
pub async fn suggest(ctx: &Ctx, viewer: &Viewer, text: &str, limit: usize) -> Result<Vec<Suggestion>> {
    let asked = index::asked(text);
    let wanted = Wanted { text: text.to_owned(), ..Wanted::default() };
    let Some((answer, _)) = answer(ctx, viewer, &wanted, &asked, limit, true).await? else { return Ok(Vec::new()) };
    if answer.hits.is_empty() {
        return Ok(Vec::new());
    }
    load::suggestions(&mut ctx.db.read().await?, viewer, &answer.hits).await
}

/// What the index answers; `None` while there is none.
async fn answer(
    ctx: &Ctx,
    viewer: &Viewer,
    wanted: &Wanted,
    asked: &index::Asked,
    limit: usize,
    typing: bool,
) -> Result<Option<(Answer, Arc<Synonyms>)>> {
    let synonyms = synonyms(ctx).await;
    if asked.words.iter().map(|word| word.chars().count()).max().unwrap_or(0) < 2 {
        return Ok(Some((Answer::default(), synonyms)));
    }
    let Some(volume) = ctx.index.volume() else { return Ok(None) };
    let filters = Filters {
        kind: wanted.kind,
        group: wanted.group.map(|group| group.0),
        days: wanted.days.and_then(|days| u64::try_from(days).ok()),
        language: None,
    };
    let question = Question {
        asked: asked.clone(),
        synonyms: synonyms.clone(),
        readable: access::readable(ctx, viewer).await?,
        filters: filters.in_language(wanted.language.as_deref()),
        limit,
        typing,
        counting: !typing && !wanted.uncounted,
        now: ctx.now().micros(),
    };
    let permit = ctx.finding.permits.acquire().await.map_err(Error::internal)?;
    let work = tokio::task::spawn_blocking(move || volume.find(&question));
    let answer = work.await.map_err(Error::internal)??;
    drop(permit);
    Ok(Some((answer, synonyms)))
}

/// The synonyms of this instance: from its file, or the starter.
async fn synonyms(ctx: &Ctx) -> Arc<Synonyms> {
    let now = ctx.now();
    if let Ok(known) = ctx.finding.synonyms.lock()
        && let Some((at, synonyms)) = &*known
        && now.micros() - at.micros() < SYNONYMS_FOR
    {
        return synonyms.clone();
    }
    let path = &ctx.config.search.synonyms;
    let text = match tokio::fs::read_to_string(path).await {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => STARTER.to_owned(),
        Err(error) => {
            tracing::warn!(%error, file = %path.display(), "the synonyms could not be read");
            STARTER.to_owned()
        }
    };
    let synonyms = Arc::new(Synonyms::read(&text));
    if let Ok(mut known) = ctx.finding.synonyms.lock() {
        *known = Some((now, synonyms.clone()));
    }
    synonyms
}

/// Waits until the index of this process holds everything that was committed before, at most `patience`.
///
/// # Errors
/// `Unavailable` when it takes longer.
pub async fn catch_up(ctx: &Ctx, patience: Duration) -> Result<()> {
    let newest = store::search::newest_change(&mut ctx.db.read().await?).await?.unwrap_or_default();
    let mut followed = ctx.finding.followed.subscribe();
    let wait = async {
        while followed.borrow_and_update().is_none_or(|place| place < newest) {
            ctx.finding.wake.notify_one();
            // Nobody telling any more means that the instance stops.
            if tokio::time::timeout(Duration::from_millis(200), followed.changed())
                .await
                .is_ok_and(|told| told.is_err())
            {
                break;
            }
        }
    };
    let late = |_| Error::Unavailable("the index of search lags".to_owned());
    tokio::time::timeout(patience, wait).await.map_err(late)
}

/// Forgets the part of the feed that every index has long read: what was the newest at the last call.
pub async fn prune(ctx: &Ctx) -> Result<()> {
    const NEXT: &str = "changes_next_pruned";
    ctx.db
        .write(|conn| {
            Box::pin(async move {
                if let Some(text) = store::settings::get(conn, NEXT).await?
                    && let Ok(place) = serde_json::from_str::<FeedPlace>(&text)
                {
                    store::search::prune_changes(conn, place).await?;
                    store::settings::set(conn, follow::PRUNED, &text).await?;
                }
                if let Some(newest) = store::search::newest_change(conn).await? {
                    let text = serde_json::to_string(&newest).map_err(Error::internal)?;
                    store::settings::set(conn, NEXT, &text).await?;
                }
                Ok(())
            })
        })
        .await
}
