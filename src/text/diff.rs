use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

/// A run of words in the difference of two texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// In both.
    Same(String),
    /// Only in the text before.
    Gone(String),
    /// Only in the text after.
    Added(String),
}

/// How long a difference is looked for; after that it is coarser.
const PATIENCE: Duration = Duration::from_millis(200);

/// The difference of two plain texts by words.
pub fn word_diff(before: &str, after: &str) -> Vec<Run> {
    let (old, new) = (words(before), words(after));
    let mut out = Vec::new();
    for op in capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Instant::now().checked_add(PATIENCE)) {
        let (gone, added) = (&old[op.old_range()], &new[op.new_range()]);
        match op {
            DiffOp::Equal { .. } => push(&mut out, Run::Same, gone),
            DiffOp::Delete { .. } => push(&mut out, Run::Gone, gone),
            DiffOp::Insert { .. } => push(&mut out, Run::Added, added),
            DiffOp::Replace { .. } => {
                push(&mut out, Run::Gone, gone);
                push(&mut out, Run::Added, added);
            }
        }
    }
    out
}

/// Words with the space that follows them, and ends of lines by themselves: a word is the same word when a paragraph
/// comes to stand after it.
fn words(text: &str) -> Vec<&str> {
    let lines = text.split_inclusive('\n').flat_map(|line| {
        let bare = line.strip_suffix('\n').unwrap_or(line);
        bare.split_inclusive(char::is_whitespace).chain((bare.len() < line.len()).then_some("\n"))
    });
    lines.collect()
}

fn push(out: &mut Vec<Run>, sort: fn(String) -> Run, words: &[&str]) {
    if !words.is_empty() {
        out.push(sort(words.concat()));
    }
}

/// Runs of words cut at the ends of lines; lines without words are left out.
pub fn lines_of(runs: Vec<Run>) -> Vec<Vec<Run>> {
    let mut out = vec![Vec::new()];
    for run in runs {
        let (text, sort): (_, fn(String) -> Run) = match run {
            Run::Same(text) => (text, Run::Same),
            Run::Gone(text) => (text, Run::Gone),
            Run::Added(text) => (text, Run::Added),
        };
        for line in text.split_inclusive('\n') {
            if let Some(last) = out.last_mut().filter(|_| !line.trim().is_empty()) {
                last.push(sort(line.trim_end_matches('\n').to_owned()));
            }
            if line.ends_with('\n') {
                out.push(Vec::new());
            }
        }
    }
    out.retain(|line| !line.is_empty());
    out
}
