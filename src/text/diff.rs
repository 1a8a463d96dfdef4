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

/// Longest texts compared word by word, in words; the table grows with the product of both.
const MAX_WORDS: usize = 2000;

/// The difference of two plain texts by words (longest common subsequence). Texts that are too long count as replaced.
pub fn word_diff(before: &str, after: &str) -> Vec<Run> {
    let (old, new) = (words(before), words(after));
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let (old_mid, new_mid) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut out = Vec::new();
    old[..head].iter().for_each(|word| push(&mut out, Run::Same, word));
    if old_mid.len() > MAX_WORDS || new_mid.len() > MAX_WORDS {
        old_mid.iter().for_each(|word| push(&mut out, Run::Gone, word));
        new_mid.iter().for_each(|word| push(&mut out, Run::Added, word));
    } else {
        middle(&mut out, old_mid, new_mid);
    }
    old[old.len() - tail..].iter().for_each(|word| push(&mut out, Run::Same, word));
    out
}

/// Words with the space that follows them.
fn words(text: &str) -> Vec<&str> {
    text.split_inclusive(char::is_whitespace).collect()
}

fn middle(out: &mut Vec<Run>, old: &[&str], new: &[&str]) {
    let wide = new.len() + 1;
    // common[i * wide + j]: longest common subsequence of what follows old[i] and new[j].
    let mut common = vec![0u16; (old.len() + 1) * wide];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * wide + j] = if old[i] == new[j] {
                common[(i + 1) * wide + j + 1] + 1
            } else {
                common[(i + 1) * wide + j].max(common[i * wide + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            push(out, Run::Same, old[i]);
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[(i + 1) * wide + j] >= common[i * wide + j + 1]) {
            push(out, Run::Gone, old[i]);
            i += 1;
        } else {
            push(out, Run::Added, new[j]);
            j += 1;
        }
    }
}

/// Adds a word, to the last run if it is of the same sort.
fn push(out: &mut Vec<Run>, sort: fn(String) -> Run, word: &str) {
    match (out.last_mut(), sort(String::new())) {
        (Some(Run::Same(run)), Run::Same(_))
        | (Some(Run::Gone(run)), Run::Gone(_))
        | (Some(Run::Added(run)), Run::Added(_)) => run.push_str(word),
        _ => out.push(sort(word.to_owned())),
    }
}
