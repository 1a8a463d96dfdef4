use super::fold;

/// One piece of a text: whether it is what was looked for, and the piece.
pub type Piece = (bool, String);

/// The part of a plain text where most of `words` (folded) occur, about `chars` characters long, in pieces that tell what
/// was found. Compares as [`fold`] does. The start of the text when none is in it.
pub fn found_in(text: &str, words: &[String], chars: usize) -> Vec<Piece> {
    let text: Vec<char> = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let hits = hits(&text, words);
    let first = densest(&hits, chars * 2 / 3);
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
    for (from, to, _) in hits.into_iter().filter(|(from, to, _)| *from >= start && *to <= end) {
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

/// Whether any of `words` (folded) occurs in a text.
pub fn is_found_in(text: &str, words: &[String]) -> bool {
    let text: Vec<char> = text.chars().collect();
    !hits(&text, words).is_empty()
}

/// Where the hits begin that bring most different words within `width`.
fn densest(hits: &[(usize, usize, usize)], width: usize) -> usize {
    let mut best = (0, 0);
    for (place, (from, _, _)) in hits.iter().enumerate() {
        let mut words: Vec<usize> =
            hits[place..].iter().take_while(|(at, _, _)| at - from <= width).map(|(_, _, word)| *word).collect();
        words.sort_unstable();
        words.dedup();
        if words.len() > best.0 {
            best = (words.len(), *from);
        }
    }
    best.1
}

/// Where words occur, as ranges of characters that do not overlap, with the place of the word. A word of up to three
/// letters must stand at the start of a word; a hit at the start of a word is the whole word.
fn hits(text: &[char], words: &[String]) -> Vec<(usize, usize, usize)> {
    let mut folded = String::with_capacity(text.len());
    let mut from: Vec<usize> = Vec::with_capacity(text.len());
    for (at, c) in text.iter().enumerate() {
        let before = folded.len();
        match c {
            ' ' if folded.ends_with(' ') => {}
            ' ' => folded.push(' '),
            // Most of every text: what `fold` makes of it is known.
            c if c.is_ascii_graphic() => folded.push(c.to_ascii_lowercase()),
            c => folded.push_str(&fold(&c.to_string())),
        }
        from.extend(std::iter::repeat_n(at, folded.len() - before));
    }
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for (place, word) in words.iter().enumerate().filter(|(_, word)| !word.is_empty()) {
        for (at, hit) in folded.match_indices(word.as_str()) {
            let begins = !folded[..at].ends_with(char::is_alphanumeric);
            if !begins && word.len() <= 3 {
                continue;
            }
            let mut end = at + hit.len();
            if begins {
                end += folded[end..].find(|c: char| !c.is_alphanumeric()).unwrap_or(folded.len() - end);
            }
            found.push((from[at], from[end - 1] + 1, place));
        }
    }
    found.sort_unstable_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
    let mut last = 0;
    found.retain(|(start, end, _)| {
        let keep = *start >= last;
        if keep {
            last = *end;
        }
        keep
    });
    found
}
