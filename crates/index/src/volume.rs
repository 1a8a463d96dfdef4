//! An index in a folder, what goes into it, and the shelf on which the one in use stands.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::index::SegmentMeta;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, MergeCandidate, MergePolicy};
use tantivy::schema::{Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};

use super::class::Class;
use super::collect::hour;
use super::{FeedPlace, FoundKind, Result, engine, words};

/// Raised whenever documents would be made otherwise: an index of another form is made anew.
const FORM: u32 = 6;
/// What the writer gathers in memory before it writes a segment.
const WRITER_BYTES: usize = 20_000_000;

/// One thing that can be found.
#[derive(Clone, Debug)]
pub struct Document {
    /// What.
    pub kind: FoundKind,
    /// Its id.
    pub id: i64,
    /// Which part of it this document is: people have one document per field. 0 is the whole.
    pub field: i64,
    /// Who may find it: any of these.
    pub audiences: Vec<i64>,
    /// Its author.
    pub author: i64,
    /// The author's server.
    pub host: i64,
    /// Its group; 0 for none.
    pub group: i64,
    /// When, in microseconds.
    pub at: i64,
    /// `nl`, `en`, …
    pub language: Option<String>,
    /// Name or title.
    pub head: String,
    /// Text.
    pub body: String,
}

/// The fields of every index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    key: Field,
    pub head: Field,
    pub body: Field,
    pub tails: Field,
    id: Field,
    field: Field,
    /// The first of the audiences is in it; the others are in `more_audiences`: almost everything has but one.
    class: Field,
    hour: Field,
    more_audiences: Field,
    author: Field,
    host: Field,
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let text = |tokenizer: &str, option, norms| {
        let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(option);
        TextOptions::default().set_indexing_options(indexing.set_fieldnorms(norms))
    };
    let fast = || NumericOptions::default().set_fast();
    let fields = Fields {
        key: schema.add_text_field("key", text("raw", IndexRecordOption::Basic, false)),
        head: schema.add_text_field("head", text("whitespace", IndexRecordOption::WithFreqs, true)),
        body: schema.add_text_field("body", text("whitespace", IndexRecordOption::WithFreqs, true)),
        tails: schema.add_text_field("tails", text("whitespace", IndexRecordOption::Basic, false)),
        id: schema.add_i64_field("id", fast()),
        field: schema.add_i64_field("field", fast()),
        class: schema.add_text_field("class", TextOptions::default().set_fast("raw")),
        hour: schema.add_u64_field("hour", fast()),
        more_audiences: schema.add_i64_field("more_audiences", fast()),
        author: schema.add_i64_field("author", fast()),
        host: schema.add_i64_field("host", fast()),
    };
    (schema.build(), fields)
}

/// Two letters as a number; 0 for none.
pub(super) fn language_number(tag: Option<&str>) -> u64 {
    match tag.unwrap_or_default().as_bytes() {
        [a, b, ..] => u64::from(*a) << 8 | u64::from(*b),
        _ => 0,
    }
}

/// The other way round.
pub fn language_tag(number: u64) -> Option<String> {
    let letters = [u8::try_from(number >> 8).ok()?, u8::try_from(number & 0xff).ok()?];
    letters.iter().all(u8::is_ascii_lowercase).then(|| letters.iter().map(|letter| char::from(*letter)).collect())
}

/// What is written beside each commit.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    form: u32,
    complete: bool,
    place: FeedPlace,
}

/// An index in a folder.
pub struct Volume {
    folder: PathBuf,
    pub(super) index: Index,
    pub(super) reader: IndexReader,
    pub(super) fields: Fields,
    pub(super) opened: super::collect::Opened,
    pub(super) slates: super::scan::Slates,
}

impl std::fmt::Debug for Volume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Volume").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Volume {
    /// An empty one; the folder is made.
    pub fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(engine)?;
        let directory = MmapDirectory::open(folder).map_err(engine)?;
        Self::with(folder, Index::create(directory, schema().0, Default::default()).map_err(engine)?)
    }

    /// The one in a folder, with how far it had read the feed. `None` when it is not whole or of another form.
    pub fn open(folder: &Path) -> Option<(Self, FeedPlace)> {
        let index = Index::open_in_dir(folder).ok()?;
        let note: Note = serde_json::from_str(&index.load_metas().ok()?.payload?).ok()?;
        if note.form != FORM || !note.complete || index.schema() != schema().0 {
            return None;
        }
        Some((Self::with(folder, index).ok()?, note.place))
    }

    fn with(folder: &Path, index: Index) -> Result<Self> {
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(engine)?;
        let (opened, slates) = Default::default();
        Ok(Self { folder: folder.to_owned(), index, reader, fields: schema().1, opened, slates })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many documents can be found.
    pub fn len(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// The segments it is made of, as they are on disk: they are merged behind its back.
    pub fn parts(&self) -> Vec<String> {
        let ids = self.index.searchable_segment_ids().unwrap_or_default();
        ids.iter().map(|id| id.uuid_string()).collect()
    }

    /// Looks into what was merged since the last commit, and lets go of what it was merged from.
    pub fn refresh(&self) -> Result<()> {
        let searcher = self.reader.searcher();
        let seen: HashSet<String> = searcher.segment_readers().iter().map(|s| s.segment_id().uuid_string()).collect();
        if self.parts().into_iter().collect::<HashSet<_>>() == seen {
            return Ok(());
        }
        self.reader.reload().map_err(engine)
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its one writer.
    pub fn writer(self: &Arc<Self>) -> Result<Writer> {
        // One merge at a time: several would take the memory of several.
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .memory_budget_per_thread(WRITER_BYTES)
            .num_merge_threads(1)
            .build();
        let inner = behind(|| self.index.writer_with_options(options)).map_err(engine)?;
        inner.set_merge_policy(Box::new(Few::default()));
        Ok(Writer { volume: self.clone(), inner })
    }
}

/// Which segments become one. Each is asked for each word: few are faster to ask, and cost more to merge.
#[derive(Debug)]
struct Few(LogMergePolicy);

impl Few {
    /// Segments with more documents stay as they are.
    const LARGE: u32 = 400_000;
    /// Fewer are no segment to speak of: a day of writing makes many such.
    const SMALL: u32 = 10_000;
}

impl Default for Few {
    fn default() -> Self {
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(3);
        policy.set_level_log_size(2.0);
        policy.set_max_docs_before_merge(Self::LARGE as usize);
        policy.set_min_layer_size(Self::SMALL);
        Self(policy)
    }
}

impl MergePolicy for Few {
    /// Three or more small ones of about one size; else two larger ones of which neither is four times the other.
    fn compute_merge_candidates(&self, segments: &[SegmentMeta]) -> Vec<MergeCandidate> {
        let found = self.0.compute_merge_candidates(segments);
        if !found.is_empty() {
            return found;
        }
        let mut larger: Vec<&SegmentMeta> =
            segments.iter().filter(|segment| (Self::SMALL..Self::LARGE).contains(&segment.num_docs())).collect();
        larger.sort_by_key(|segment| segment.num_docs());
        let alike = larger.windows(2).find(|pair| pair[0].num_docs() * 4 > pair[1].num_docs());
        alike.map(|pair| MergeCandidate(pair.iter().map(|segment| segment.id()).collect())).into_iter().collect()
    }
}

/// How much requests go before the index, as `nice` counts it.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// Does work on a thread that lets requests go first, as do the threads that tantivy starts from it: where there is one core,
/// who listens hears of a new post before the index has sorted it.
fn behind<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let politely = || {
        // On Linux this is the priority of the thread alone. Where it cannot be had, all are equal.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::setpriority_process(None, NICE);
        work()
    };
    let done = std::thread::scope(|scope| scope.spawn(politely).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Adds to an index and takes away. What it did is found after [`Writer::commit`].
pub struct Writer {
    volume: Arc<Volume>,
    inner: IndexWriter,
}

impl Writer {
    /// The index it writes to.
    pub fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }

    /// Replaces all documents under a key by these.
    pub fn put(&mut self, key: &str, documents: &[Document]) -> Result<()> {
        self.inner.delete_term(Term::from_field_text(self.volume.fields.key, key));
        self.add(key, documents)
    }

    /// Adds documents under a key that holds none yet.
    pub fn add(&mut self, key: &str, documents: &[Document]) -> Result<()> {
        for document in documents {
            self.inner.add_document(prepare(&self.volume.fields, key, document)).map_err(engine)?;
        }
        Ok(())
    }

    /// Makes everything so far findable, and notes how far the feed was read. `complete` is false while it is filled
    /// for the first time.
    pub fn commit(&mut self, place: FeedPlace, complete: bool) -> Result<()> {
        let note = Note { form: FORM, complete, place };
        let note = serde_json::to_string(&note).map_err(engine)?;
        let inner = &mut self.inner;
        let committed = behind(|| {
            let mut commit = inner.prepare_commit()?;
            commit.set_payload(&note);
            commit.commit()
        });
        committed.map_err(engine)?;
        self.volume.reader.reload().map_err(engine)
    }

    /// Ends it, once running merges are done.
    pub fn finish(self) -> Result<()> {
        self.inner.wait_merging_threads().map_err(engine)
    }
}

fn prepare(fields: &Fields, key: &str, document: &Document) -> TantivyDocument {
    let mut out = TantivyDocument::default();
    let language = document.language.as_deref();
    let mut tails = HashSet::new();
    out.add_text(fields.key, key);
    out.add_text(fields.head, words::terms(&document.head, language, true, &mut tails));
    out.add_text(fields.body, words::terms(&document.body, language, false, &mut tails));
    out.add_text(fields.tails, tails.into_iter().collect::<Vec<_>>().join(" "));
    out.add_i64(fields.id, document.id);
    out.add_i64(fields.field, document.field);
    out.add_text(fields.class, Class::of(document).written());
    out.add_u64(fields.hour, hour(document.at));
    for audience in document.audiences.iter().skip(1) {
        out.add_i64(fields.more_audiences, *audience);
    }
    out.add_i64(fields.author, document.author);
    out.add_i64(fields.host, document.host);
    out
}

/// Holds the index in use; another can take its place while questions are answered.
#[derive(Clone, Debug, Default)]
pub struct Shelf(Arc<RwLock<Option<Arc<Volume>>>>);

impl Shelf {
    /// The index in use.
    pub fn volume(&self) -> Option<Arc<Volume>> {
        match self.0.read() {
            Ok(volume) => volume.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }

    /// Puts one in use, and returns the one that was.
    pub fn place(&self, volume: Arc<Volume>) -> Option<Arc<Volume>> {
        match self.0.write() {
            Ok(mut slot) => slot.replace(volume),
            Err(poisoned) => poisoned.into_inner().replace(volume),
        }
    }
}
