use super::fold;

/// One piece of a text: whether it is what was looked for, and the piece.
pub type Piece = (bool, String);

/// The part of a plain text round the first place where `words` occurs, about `chars` characters long, in pieces that
/// tell what was found. Compares as [`fold`] does. The start of the text when the words are not in it.
pub fn found_in(text: &str, words: &str, chars: usize) -> Vec<Piece> {
    let text: Vec<char> = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let needle = fold(words);
    let hits = hits(&text, &needle);
    let first = hits.first().map_or(0, |(start, _)| *start);
    let mut start = first.saturating_sub(chars / 3);
    if start > 0 {
        start = (start..first).find(|i| text[*i] == ' ').map_or(first, |i| i + 1);
    }
    let mut end = text.len().min(start + chars);
    if end < text.len() {
        end = (start + chars / 2..end).rev().find(|i| text[*i] == ' ').unwrap_or(end);
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut push = |hit: bool, part: &[char]| {
        if !part.is_empty() {
            pieces.push((hit, part.iter().collect()));
        }
    };
    if start > 0 {
        push(false, &['…', ' ']);
    }
    let mut at = start;
    for (from, to) in hits.into_iter().filter(|(from, to)| *from >= start && *to <= end) {
        push(false, &text[at..from]);
        push(true, &text[from..to]);
        at = to;
    }
    push(false, &text[at..end]);
    if end < text.len() {
        push(false, &[' ', '…']);
    }
    pieces
}

/// Where `needle` (folded) occurs, as ranges of characters.
fn hits(text: &[char], needle: &str) -> Vec<(usize, usize)> {
    if needle.is_empty() {
        return Vec::new();
    }
    let mut folded = String::with_capacity(text.len());
    let mut from: Vec<usize> = Vec::with_capacity(text.len());
    for (at, c) in text.iter().enumerate() {
        let before = folded.len();
        match c {
            ' ' if folded.ends_with(' ') => {}
            ' ' => folded.push(' '),
            c => folded.push_str(&fold(&c.to_string())),
        }
        from.extend(std::iter::repeat_n(at, folded.len() - before));
    }
    folded.match_indices(needle).map(|(at, hit)| (from[at], from[at + hit.len() - 1] + 1)).collect()
}
