//! The vocabulary: a list of words that comes with Kring, and that administrators make their own.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Ctx;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::knowledge::{Facet, Term};
use crate::store::terms::NewTerm;
use crate::store::{self, Conn};
use crate::{policy, text};

/// The words that an instance begins with.
const STARTER: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/vocabulary/library.toml"));
/// Longest word, in characters.
const MAX_LABEL: usize = 60;
/// Most words in one file.
const MAX_TERMS: usize = 5_000;

/// A vocabulary as a file has it: per side lines of Dutch, English, other spellings.
type File = BTreeMap<String, Vec<Vec<String>>>;

/// A word with all around it, for administrators.
#[derive(Clone, Debug)]
pub struct TermLine {
    /// The word.
    pub term: Term,
    /// Other ways to write it.
    pub spellings: Vec<String>,
    /// How often people said something about it.
    pub uses: i64,
}

/// What a form says of a word.
#[derive(Clone, Debug, Default)]
pub struct TermForm {
    /// From which side; the word's own when empty.
    pub facet: String,
    /// In Dutch.
    pub nl: String,
    /// In English; the Dutch when empty.
    pub en: String,
    /// Other spellings, comma separated.
    pub also: String,
}

/// Gives an instance that has no vocabulary yet the one that comes with Kring; once, so that what was taken out stays out.
pub async fn ensure_starter(ctx: &Ctx) -> Result<()> {
    if store::settings::get(&mut ctx.db.read().await?, "vocabulary").await?.is_some() {
        return Ok(());
    }
    let terms = read(ctx, STARTER)?;
    let now = ctx.now();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                // Several processes may start at once.
                if store::settings::get(conn, "vocabulary").await?.is_none() {
                    store::settings::set(conn, "vocabulary", "1").await?;
                    store::terms::insert_many(conn, &terms, now).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Reads a file; spellings that an earlier line has are left out.
fn read(ctx: &Ctx, file: &str) -> Result<Vec<NewTerm>> {
    let bad = || Error::invalid("file", "error-vocabulary-file");
    let file: File = toml::from_str(file).map_err(|error| {
        tracing::debug!(%error, "a vocabulary could not be read");
        bad()
    })?;
    let mut taken = HashSet::new();
    let mut out = Vec::new();
    for facet in Facet::ALL {
        for line in file.get(facet.as_str()).into_iter().flatten() {
            let mut line = line.iter().map(|text| clean(text)).filter(|text| !text.is_empty());
            let nl = line.next().ok_or_else(bad)?;
            let en = line.next().unwrap_or_else(|| nl.clone());
            if taken.contains(&text::term_key(&nl)) {
                continue;
            }
            let term = Term { id: TermId(ctx.ids.next()), facet: *facet, label_nl: nl, label_en: en };
            let mut spellings = spellings(&term, line);
            spellings.retain(|(key, _)| taken.insert(key.clone()));
            out.push(NewTerm { term, spellings });
        }
    }
    if out.is_empty() || out.len() > MAX_TERMS || file.keys().any(|key| Facet::parse(key).is_none()) {
        return Err(bad());
    }
    Ok(out)
}

fn clean(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().filter(|c| !c.is_control()).take(MAX_LABEL).collect()
}

/// Keys and shown forms: both labels, then the others, each key once.
fn spellings(term: &Term, others: impl IntoIterator<Item = String>) -> Vec<(String, String)> {
    let mut seen = HashSet::new();
    let labels = [term.label_nl.clone(), term.label_en.clone()];
    let all = labels.into_iter().chain(others).map(|shown| (text::term_key(&shown), shown));
    all.filter(|(key, _)| !key.is_empty() && seen.insert(key.clone())).collect()
}

/// Every word, by its label in a language: for completion.
pub async fn all(ctx: &Ctx, language: &str) -> Result<Vec<Term>> {
    let mut all = store::terms::all(&mut ctx.db.read().await?).await?;
    if language != "nl" {
        all.sort_by_key(|term| text::fold(&term.label_en));
    }
    Ok(all)
}

/// A word.
pub async fn get(ctx: &Ctx, id: TermId) -> Result<Term> {
    store::terms::get(&mut ctx.db.read().await?, id).await
}

/// The words of the vocabulary that are in a text, each once.
pub async fn found_in(conn: &mut Conn, text: &str) -> Result<Vec<Term>> {
    let keys = text::term_keys(text);
    let found: HashMap<String, Term> = store::terms::by_keys(conn, &keys).await?.into_iter().collect();
    let mut ids = HashSet::new();
    let mut terms: Vec<Term> = keys.iter().filter_map(|key| found.get(key)).cloned().collect();
    terms.retain(|term| ids.insert(term.id));
    Ok(terms)
}

/// What is typed as one word: the term it means, or a new free one.
///
/// # Errors
/// `Invalid` for `term` when it is empty.
pub(super) async fn meant(conn: &mut Conn, ctx: &Ctx, typed: &str) -> Result<Term> {
    let label = clean(typed);
    let key = text::term_key(&label);
    if key.chars().count() < 2 {
        return Err(Error::invalid("term", "error-term-empty"));
    }
    if let Some((_, term)) = store::terms::by_keys(conn, std::slice::from_ref(&key)).await?.pop() {
        return Ok(term);
    }
    let term =
        Term { id: TermId(ctx.ids.next()), facet: Facet::Free, label_en: label.clone(), label_nl: label.clone() };
    store::terms::insert(conn, &NewTerm { term: term.clone(), spellings: vec![(key, label)] }, ctx.now()).await?;
    Ok(term)
}

/// The whole vocabulary for its administrators.
///
/// # Errors
/// `Forbidden`.
pub async fn lines(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<TermLine>> {
    policy::check_admin(viewer)?;
    let mut conn = ctx.db.read().await?;
    let uses: HashMap<TermId, i64> = store::terms::uses(&mut conn).await?.into_iter().collect();
    let mut spelled: HashMap<TermId, Vec<(String, String)>> = HashMap::new();
    for (id, key, shown) in store::terms::spellings(&mut conn).await? {
        spelled.entry(id).or_default().push((key, shown));
    }
    let line = |term: Term| {
        let own = [text::term_key(&term.label_nl), text::term_key(&term.label_en)];
        let others = spelled.remove(&term.id).unwrap_or_default().into_iter();
        let spellings = others.filter(|(key, _)| !own.contains(key)).map(|(_, shown)| shown).collect();
        TermLine { uses: uses.get(&term.id).copied().unwrap_or(0), spellings, term }
    };
    Ok(store::terms::all(&mut conn).await?.into_iter().map(line).collect())
}

/// The vocabulary as a file that [`import`] reads.
pub async fn export(ctx: &Ctx, viewer: &Viewer) -> Result<String> {
    let lines = lines(ctx, viewer).await?;
    let mut out = String::from("# Per line: in Dutch, in English, then other ways to write it.\n");
    for facet in Facet::ALL {
        out.push_str(&format!("\n{facet} = [\n"));
        for line in lines.iter().filter(|line| line.term.facet == *facet) {
            let mut words = vec![line.term.label_nl.clone(), line.term.label_en.clone()];
            words.extend(line.spellings.iter().cloned());
            let words: Vec<String> = words.into_iter().map(|word| toml::Value::String(word).to_string()).collect();
            out.push_str(&format!("  [{}],\n", words.join(", ")));
        }
        out.push_str("]\n");
    }
    Ok(out)
}

/// Reads a file in. A word that is known by its Dutch label gets the file's side, English label and spellings; others are
/// added. With `replace`, words that the file does not have are taken out, unless people use them.
///
/// # Errors
/// `Forbidden`, `Invalid` for `file`.
pub async fn import(ctx: &Ctx, viewer: &Viewer, file: &str, replace: bool) -> Result<usize> {
    policy::check_admin(viewer)?;
    let new = read(ctx, file)?;
    let now = ctx.now();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let known = store::terms::all(conn).await?;
                let by_key: HashMap<String, TermId> =
                    known.iter().map(|term| (text::term_key(&term.label_nl), term.id)).collect();
                let mut kept = HashSet::new();
                for mut new in new {
                    match by_key.get(&text::term_key(&new.term.label_nl)) {
                        Some(id) => {
                            new.term.id = *id;
                            kept.insert(*id);
                            rewrite(conn, &new).await?;
                        }
                        None => store::terms::insert(conn, &new, now).await?,
                    }
                }
                if replace {
                    let used: HashSet<TermId> = store::terms::uses(conn).await?.into_iter().map(|(id, _)| id).collect();
                    for term in known.iter().filter(|term| !kept.contains(&term.id) && !used.contains(&term.id)) {
                        store::terms::delete(conn, term.id).await?;
                    }
                }
                Ok(kept.len())
            })
        })
        .await
}

/// Labels and spellings of a known word, as `new` has them.
async fn rewrite(conn: &mut Conn, new: &NewTerm) -> Result<()> {
    store::terms::update(conn, &new.term).await?;
    store::terms::clear_spellings(conn, new.term.id).await?;
    for (key, shown) in &new.spellings {
        store::terms::insert_spelling(conn, new.term.id, key, shown).await?;
    }
    Ok(())
}

/// Adds a word, or changes the one given.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` for `nl` (empty, or means another word already), `facet`.
pub async fn save(ctx: &Ctx, viewer: &Viewer, id: Option<TermId>, form: TermForm) -> Result<TermId> {
    policy::check_admin(viewer)?;
    let nl = clean(&form.nl);
    if text::term_key(&nl).chars().count() < 2 {
        return Err(Error::invalid("nl", "error-term-empty"));
    }
    let en = Some(clean(&form.en)).filter(|en| !en.is_empty()).unwrap_or_else(|| nl.clone());
    let facet = Facet::parse(&form.facet).ok_or_else(|| Error::invalid("facet", "error-choice"))?;
    let term = Term { id: id.unwrap_or_else(|| TermId(ctx.ids.next())), facet, label_nl: nl, label_en: en };
    let spellings = spellings(&term, form.also.split(',').map(clean).filter(|word| !word.is_empty()));
    let now = ctx.now();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let key = text::term_key(&term.label_nl);
                let other = store::terms::by_keys(conn, &[key]).await?.pop().filter(|(_, known)| known.id != term.id);
                if other.is_some() {
                    return Err(Error::invalid("nl", "error-term-taken"));
                }
                let new = NewTerm { term, spellings };
                match id {
                    Some(id) => {
                        store::terms::get(conn, id).await?;
                        rewrite(conn, &new).await?;
                    }
                    None => store::terms::insert(conn, &new, now).await?,
                }
                Ok(new.term.id)
            })
        })
        .await
}

/// Makes one word of two: what people said of `from` counts for `to`, and its spellings mean `to`.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` for `to`: no such word, or the same.
pub async fn merge(ctx: &Ctx, viewer: &Viewer, from: TermId, to: &str) -> Result<TermId> {
    policy::check_admin(viewer)?;
    let key = text::term_key(to);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::terms::get(conn, from).await?;
                let found = store::terms::by_keys(conn, &[key]).await?.pop().filter(|(_, term)| term.id != from);
                let (_, to) = found.ok_or_else(|| Error::invalid("to", "error-term-unknown"))?;
                store::terms::merge(conn, from, to.id).await?;
                Ok(to.id)
            })
        })
        .await
}

/// Takes a word out, and with it what people said of it.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub async fn delete(ctx: &Ctx, viewer: &Viewer, id: TermId) -> Result<()> {
    policy::check_admin(viewer)?;
    let gone = ctx.db.write(move |conn| Box::pin(async move { store::terms::delete(conn, id).await })).await?;
    if gone == 0 { Err(Error::NotFound) } else { Ok(()) }
}
