//! Keeps the index of this process up to date: follows the change feed, and builds the index anew when it is missing, of
//! another form, or too far behind. Searching goes on meanwhile.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::documents::{self, Keyed};
use crate::base::*;
use crate::domain::search::FeedPlace;
use crate::live::Interest;
use crate::services::Ctx;
use crate::store;
use crate::store::search::Indexed;
use kring_index::{Volume, Writer};

/// How often the feed is looked at when nothing in this process woke us.
const POLL: Duration = Duration::from_millis(400);
/// The least time between commits: each costs something, however little changed.
const PAUSE: Duration = Duration::from_millis(150);
/// The most, however long the last took.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);
/// Rows of the feed, and rows of tables, read at once.
const BATCH: usize = 1000;
const ROWS: usize = 250;
/// Documents between commits while an index is built.
const PART: usize = 20_000;
/// How often it is looked at whether the feed still reaches back to where we are.
const CHECK: Duration = Duration::from_secs(30);
/// The setting that tells up to where the feed was forgotten.
pub const PRUNED: &str = "changes_pruned";

/// Hears how far a new index is: documents so far, rows in all.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// An index in the making, or made.
type Built = (Writer, FeedPlace);

/// Follows until `stop`.
pub async fn run(ctx: Ctx, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let outcome = tokio::select! {
            outcome = follow(&ctx) => outcome,
            _ = stop.changed() => return,
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, "the index of search could not follow; it tries again");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
            _ = stop.changed() => return,
        }
    }
}

/// The folder of this process: several on one machine never share one.
pub struct Slot {
    folder: PathBuf,
    _lock: File,
}

impl Slot {
    /// The first folder that no other process holds.
    pub async fn take(ctx: &Ctx) -> Result<Self> {
        let base = ctx.config.search.folder.clone();
        blocking(move || {
            std::fs::create_dir_all(&base).map_err(Error::internal)?;
            for place in 0..64 {
                let lock = File::create(base.join(format!("{place}.lock"))).map_err(Error::internal)?;
                if lock.try_lock().is_ok() {
                    return Ok(Self { folder: base.join(place.to_string()), _lock: lock });
                }
            }
            Err(Error::Unavailable(format!("{}: every folder is taken", base.display())))
        })
        .await
    }

    /// The first folder, when no process on this machine holds it.
    pub async fn free(ctx: &Ctx) -> Result<Option<Self>> {
        let base = ctx.config.search.folder.clone();
        blocking(move || {
            std::fs::create_dir_all(&base).map_err(Error::internal)?;
            let lock = File::create(base.join("0.lock")).map_err(Error::internal)?;
            Ok(lock.try_lock().is_ok().then(|| Self { folder: base.join("0"), _lock: lock }))
        })
        .await
    }

    /// The newest whole index in it; what is left over of others is removed.
    async fn open(&self) -> Result<Option<(Volume, FeedPlace)>> {
        let folder = self.folder.clone();
        blocking(move || {
            let mut kept = None;
            for path in volumes(&folder).into_iter().rev() {
                match (&kept, Volume::open(&path)) {
                    (None, Some(volume)) => kept = Some(volume),
                    _ => remove(&path),
                }
            }
            Ok(kept)
        })
        .await
    }

    /// Where the next index goes.
    fn next(&self) -> PathBuf {
        let last = volumes(&self.folder).last().and_then(|path| number(path)).unwrap_or(0);
        self.folder.join((last + 1).to_string())
    }
}

fn number(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.parse().ok()
}

/// The folders of indexes, oldest first.
fn volumes(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| number(path).is_some()).collect();
    all.sort_by_key(|path| number(path));
    all
}

fn remove(folder: &Path) {
    if let Err(error) = std::fs::remove_dir_all(folder) {
        tracing::warn!(%error, folder = %folder.display(), "an old index could not be removed");
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

async fn follow(ctx: &Ctx) -> Result<()> {
    let slot = Slot::take(ctx).await?;
    let mut current: Option<Built> = None;
    if let Some((volume, place)) = slot.open().await? {
        let volume = Arc::new(volume);
        ctx.index.place(volume.clone());
        current = Some((volume.writer()?, place));
    }
    let mut building: Option<JoinHandle<Result<Built>>> = None;
    let mut checked: Option<Instant> = None;
    // The feed does not reach back to where the index is: it is searched until the new one is there, and read no further.
    let mut lost = false;
    let mut posts = ctx.hub.listen(Interest { posts: true, ..Interest::default() });
    loop {
        let place = current.as_ref().map(|(_, place)| *place);
        if building.is_none() && (place.is_none() || checked.is_none_or(|at| at.elapsed() > CHECK)) {
            checked = Some(Instant::now());
            lost = is_lost(ctx, place).await?;
            if let Some(volume) = ctx.index.volume() {
                blocking(move || Ok(volume.refresh()?)).await?;
            }
            if lost {
                building = Some(begin(ctx, &slot, current.is_none(), None));
            }
        }
        if let Some(built) = building.take_if(|task| task.is_finished()) {
            let built = built.await.map_err(Error::internal)??;
            lost = false;
            let old = ctx.index.place(built.0.volume().clone());
            drop(current.replace(built));
            if let Some(old) =
                old.filter(|old| current.as_ref().is_some_and(|(new, _)| new.volume().folder() != old.folder()))
            {
                remove(old.folder());
            }
        }
        let begun = Instant::now();
        let mut more = false;
        if let Some((writer, place)) = current.take_if(|_| !lost) {
            let step = step(ctx, writer, place).await?;
            more = step.more;
            if let (Some(seq), None) = (step.rebuild, &building) {
                building = Some(begin(ctx, &slot, false, Some(seq)));
            }
            current = Some((step.writer, step.place));
            ctx.finding.followed.send_replace(Some(step.place));
        }
        let (took, ended) = (begun.elapsed(), Instant::now());
        if !more {
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                _ = posts.next() => {}
                () = ctx.finding.wake.notified() => {}
            }
        }
        // A busy feed is read in larger parts, not more often: half of the time others have the machine.
        tokio::time::sleep(took.clamp(PAUSE, LONGEST_PAUSE).saturating_sub(ended.elapsed())).await;
    }
}

/// Whether an index that has read up to `place` cannot go on from there.
async fn is_lost(ctx: &Ctx, place: Option<FeedPlace>) -> Result<bool> {
    let Some(place) = place else { return Ok(true) };
    let mut conn = ctx.db.read().await?;
    let pruned = store::settings::get(&mut conn, PRUNED).await?.and_then(|text| serde_json::from_str(&text).ok());
    Ok(pruned.is_some_and(|pruned: FeedPlace| place < pruned) || place > store::search::feed_end(&mut conn).await?)
}

struct Step {
    writer: Writer,
    place: FeedPlace,
    more: bool,
    rebuild: Option<i64>,
}

/// Reads a part of the feed and puts what changed into the index.
async fn step(ctx: &Ctx, mut writer: Writer, place: FeedPlace) -> Result<Step> {
    let mut conn = ctx.db.read().await?;
    let changes = store::search::changes_after(&mut conn, place, BATCH).await?;
    let Some(last) = changes.last() else { return Ok(Step { writer, place, more: false, rebuild: None }) };
    let place = FeedPlace { xid: last.xid, seq: last.seq };
    let rebuild = changes.iter().filter(|change| change.kind == "rebuild").map(|change| change.seq).max();
    let of = |kind: &str| -> Vec<i64> {
        let ids: BTreeSet<i64> = changes.iter().filter(|c| c.kind == kind).map(|c| c.ref_id).collect();
        ids.into_iter().collect()
    };
    let mut keyed: Vec<Keyed> = Vec::new();
    for (table, ids) in [(Indexed::Actors, of("actor")), (Indexed::Posts, of("post")), (Indexed::Wiki, of("page"))] {
        for ids in ids.chunks(ROWS) {
            keyed.extend(documents::load(&mut conn, table, ids).await?);
        }
    }
    drop(conn);
    let more = changes.len() == BATCH;
    writer = blocking(move || {
        for (key, documents) in &keyed {
            writer.put(key, documents)?;
        }
        writer.commit(place, true)?;
        Ok(writer)
    })
    .await?;
    Ok(Step { writer, place, more, rebuild })
}

/// Begins a new index beside the old one. Without an old one it is searched while it grows. Who asked for it by a row of
/// the feed is told how far it is.
fn begin(ctx: &Ctx, slot: &Slot, first: bool, asked: Option<i64>) -> JoinHandle<Result<Built>> {
    let (ctx, folder) = (ctx.clone(), slot.next());
    tokio::spawn(async move {
        let (sender, mut told) = watch::channel((0, 0));
        let progress: Progress = Arc::new(move |done, all| {
            sender.send_replace((done, all));
        });
        let tell = asked.map(|seq| {
            let ctx = ctx.clone();
            tokio::spawn(async move {
                while told.changed().await.is_ok() {
                    let (done, all) = *told.borrow_and_update();
                    if let Err(error) = super::reindex::tell(&ctx, seq, done, all).await {
                        tracing::debug!(%error, "progress of the index");
                    }
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
            })
        });
        let built = build(&ctx, folder, first, progress).await;
        if let Some(tell) = tell {
            tell.await.map_err(Error::internal)?;
        }
        built
    })
}

/// Builds the index of a process that is not running: for the command line.
pub async fn build_alone(ctx: &Ctx, slot: &Slot, progress: Progress) -> Result<()> {
    let (writer, _) = build(ctx, slot.next(), false, progress).await?;
    let made = writer.volume().folder().to_owned();
    blocking(move || Ok(writer.finish()?)).await?;
    for old in volumes(&slot.folder).into_iter().filter(|path| *path != made) {
        remove(&old);
    }
    Ok(())
}

async fn build(ctx: &Ctx, folder: PathBuf, first: bool, progress: Progress) -> Result<Built> {
    let begun = Instant::now();
    let (place, all) = {
        let mut conn = ctx.db.read().await?;
        // What changes from here on is read from the feed afterwards.
        let place = store::search::feed_end(&mut conn).await?;
        (place, u64::try_from(store::search::count(&mut conn).await?).unwrap_or(0))
    };
    progress(0, all);
    let mut writer = blocking(move || Ok(Arc::new(Volume::create(&folder)?).writer()?)).await?;
    if first {
        ctx.index.place(writer.volume().clone());
    }
    let (mut rows, mut since) = (0, 0);
    for table in [Indexed::Actors, Indexed::Posts, Indexed::Wiki] {
        let mut after = 0;
        loop {
            let mut conn = ctx.db.read().await?;
            let ids = store::search::ids_after(&mut conn, table, after, ROWS).await?;
            let Some(last) = ids.last() else { break };
            after = *last;
            let keyed = documents::load(&mut conn, table, &ids).await?;
            drop(conn);
            rows += ids.len() as u64;
            since += ids.len();
            let part = since >= PART;
            since = if part { 0 } else { since };
            writer = blocking(move || {
                for (key, documents) in &keyed {
                    writer.add(key, documents)?;
                }
                if part {
                    writer.commit(place, false)?;
                }
                Ok(writer)
            })
            .await?;
            progress(rows, all.max(rows));
        }
    }
    let writer = blocking(move || {
        writer.commit(place, true)?;
        Ok(writer)
    })
    .await?;
    progress(rows, rows);
    tracing::info!(rows, seconds = begun.elapsed().as_secs_f32(), "an index of search was built");
    Ok((writer, place))
}
