//! What is drawn one by one becomes words and lines, by where it stands.

/// A gap of this part of the size of letters is a space.
const SPACE: f64 = 0.15;

/// Where something drawn stands on the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Where it begins.
    pub(super) start: (f64, f64),
    /// Where it ends.
    pub(super) end: (f64, f64),
    /// Unit vector of the direction of writing.
    pub(super) along: (f64, f64),
    /// Height of letters.
    pub(super) size: f64,
}

/// The text so far.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    last: Option<Place>,
}

impl Lines {
    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// All of it, with words that were broken over two lines put together.
    pub(super) fn finish(self) -> String {
        join(self.text.trim())
    }

    /// What follows stands elsewhere.
    pub(super) fn break_line(&mut self) {
        self.last = None;
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        if self.text.ends_with('\u{ad}') {
            self.text.pop();
        } else if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(' ');
        }
    }

    /// Something more is drawn.
    pub(super) fn push(&mut self, glyph: &str, at: Place) {
        let overlaps = match self.last {
            Some(last) => self.step(glyph, last, at),
            None => false,
        };
        self.last = Some(at);
        for letter in glyph.chars() {
            self.put(letter, overlaps);
        }
    }

    /// What lies between the last and this one: nothing, a space, a new line; whether they overlap.
    fn step(&mut self, glyph: &str, last: Place, at: Place) -> bool {
        let (x, y) = (at.start.0 - last.end.0, at.start.1 - last.end.1);
        let gap = x * last.along.0 + y * last.along.1;
        let raised = y * last.along.0 - x * last.along.1;
        let size = last.size.max(at.size);
        // A soft hyphen that takes no room was not to be seen (Chromium).
        let width = (last.end.0 - last.start.0).hypot(last.end.1 - last.start.1);
        if gap + width < 0.05 * size && raised.abs() < 0.1 * size && self.text.ends_with('\u{ad}') {
            self.text.pop();
        }
        let turned = at.along.0 * last.along.0 + at.along.1 * last.along.1 < 0.9;
        let is_small = at.size < 0.87 * last.size && raised > 0.2 * last.size;
        if turned || raised.abs() > 0.6 * size || gap < -2.0 * size {
            self.break_line();
        } else if gap > SPACE * last.size.min(at.size).max(0.3 * size) || (is_small && self.is_note(glyph)) {
            self.space();
        }
        gap < -SPACE * size
    }

    /// "aanbevelingen¹": the number of a footnote is not part of the word.
    fn is_note(&self, glyph: &str) -> bool {
        let word = self.text.chars().rev().take(3).filter(|letter| letter.is_lowercase()).count() == 3;
        word && glyph.starts_with(|letter: char| letter.is_ascii_digit())
    }

    fn put(&mut self, letter: char, overlaps: bool) {
        match letter {
            '\u{fb00}' => self.text.push_str("ff"),
            '\u{fb01}' => self.text.push_str("fi"),
            '\u{fb02}' => self.text.push_str("fl"),
            '\u{fb03}' => self.text.push_str("ffi"),
            '\u{fb04}' => self.text.push_str("ffl"),
            '\u{fb05}' | '\u{fb06}' => self.text.push_str("st"),
            '\u{132}' => self.text.push_str("IJ"),
            '\u{133}' => self.text.push_str("ij"),
            // Symbol fonts have ASCII in the private use area.
            '\u{f020}'..='\u{f07e}' => self.text.extend(char::from_u32(u32::from(letter) - 0xf000)),
            '\u{e000}'..='\u{f8ff}' | '\u{fffd}' | '\u{feff}' | '\u{200b}'..='\u{200f}' => {}
            _ if letter.is_whitespace() || letter.is_control() => self.space(),
            _ => self.put_letter(letter, overlaps),
        }
    }

    fn put_letter(&mut self, letter: char, overlaps: bool) {
        // A soft hyphen inside a line is a hyphen (old Word).
        if self.text.ends_with('\u{ad}') {
            self.text.pop();
            self.text.push('-');
        }
        // TeX of old draws an accent, and then the letter under it.
        let accent = self.text.chars().next_back().filter(|_| overlaps);
        let composed = accent.and_then(|accent| compose(accent, letter));
        if composed.is_some() {
            self.text.pop();
        }
        self.text.push(composed.unwrap_or(letter));
    }
}

/// A letter under an accent that stands alone, as one letter.
fn compose(accent: char, letter: char) -> Option<char> {
    const LETTERS: &str = "aeiıouyncAEIOUYNC";
    let composed = match accent {
        '\u{b4}' | '\u{301}' => "áéííóúýńćÁÉÍÓÚÝŃĆ",
        '`' | '\u{300}' => "àèììòù   ÀÈÌÒÙ   ",
        '\u{a8}' | '\u{308}' => "äëïïöüÿ  ÄËÏÖÜŸ  ",
        '^' | '\u{2c6}' | '\u{302}' => "âêîîôûŷ ĉÂÊÎÔÛŶ Ĉ",
        '~' | '\u{2dc}' | '\u{303}' => "ã   õ  ñ Ã  Õ  Ñ ",
        '\u{b8}' | '\u{327}' => "        ç       Ç",
        _ => return None,
    };
    let at = LETTERS.chars().position(|known| known == letter)?;
    composed.chars().nth(at).filter(|letter| *letter != ' ')
}

/// Puts together what was broken over two lines ("water-" and "schap"), but not "in- en uitvoer".
fn join(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['-', '\u{2010}']) {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let hyphen = tail.chars().next().map_or(1, char::len_utf8);
        let after = &tail[hyphen..];
        let next = after.strip_prefix('\n').unwrap_or("");
        let word = next.split(|letter: char| !letter.is_alphabetic()).next().unwrap_or("");
        let is_pair = matches!(word, "en" | "of" | "and" | "or" | "tot" | "naar" | "to");
        if out.ends_with(char::is_lowercase) && word.starts_with(char::is_lowercase) && !is_pair {
            rest = next;
        } else {
            out.push_str(&tail[..hyphen]);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64, width: f64) -> Place {
        Place { start: (x, y), end: (x + width, y), along: (1.0, 0.0), size: 10.0 }
    }

    fn told(drawn: &[(&str, Place)]) -> String {
        let mut lines = Lines::default();
        for (glyph, place) in drawn {
            lines.push(glyph, *place);
        }
        lines.finish()
    }

    #[test]
    fn what_stands_apart_is_apart() {
        let drawn = [("ri", at(0.0, 90.0, 10.0)), ("t", at(10.5, 90.0, 5.0)), ("in", at(19.0, 90.0, 9.0))];
        assert_eq!(told(&drawn), "rit in");
        assert_eq!(told(&[("boven", at(0.0, 90.0, 30.0)), ("onder", at(0.0, 70.0, 30.0))]), "boven\nonder");
        assert_eq!(told(&[("\u{a8}", at(0.0, 9.0, 5.0)), ("ı", at(0.0, 9.0, 5.0))]), "ï");
        assert_eq!(told(&[("o\u{fb03}ce \u{133}s", at(0.0, 9.0, 40.0))]), "office ijs");
        let note = Place { size: 6.0, ..at(30.0, 94.0, 3.0) };
        assert_eq!(told(&[("bron", at(0.0, 90.0, 30.0)), ("1", note)]), "bron 1");
    }

    #[test]
    fn broken_words_are_whole_again() {
        assert_eq!(join("water-\nschap"), "waterschap");
        assert_eq!(join("in-\nen uitvoer"), "in-\nen uitvoer");
        assert_eq!(join("E-\nmail, Noord-\nHolland"), "E-\nmail, Noord-\nHolland");
        assert_eq!(join("-"), "-");
    }
}
