//! What a page draws: the part of its language that is about text.

use std::sync::Arc;

use hayro_font::hayro_cmap::BfString;
use hayro_font::{CMapResolverFn, Font, FontCache, FontGlyph, FontQuery, FontResolverFn};
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::{Array, Dict, Name, Object, Stream, String as PdfString};
use hayro_syntax::page::{Page, Resources};

use super::lines::{Lines, Place};

/// Steps taken in one file, drawings inside drawings among them.
const MAX_STEPS: u64 = 30_000_000;
/// Bytes of drawings in one file, each as often as it is drawn.
const MAX_BYTES: usize = 512 << 20;
/// Drawings inside drawings, and how many in all: ten that each draw ten would be as many as one likes.
const MAX_DEPTH: usize = 12;
const MAX_FORMS: u32 = 20_000;
/// States put aside.
const MAX_SAVED: usize = 512;

/// What may still be spent on a file.
#[derive(Debug)]
pub(super) struct Budget {
    steps: u64,
    bytes: usize,
    forms: u32,
    letters: usize,
}

impl Budget {
    pub(super) fn new(letters: usize) -> Self {
        Self { steps: MAX_STEPS, bytes: MAX_BYTES, forms: MAX_FORMS, letters }
    }

    pub(super) fn is_spent(&self) -> bool {
        self.steps == 0 || self.letters == 0
    }
}

/// Fonts of a file.
pub(super) struct Fonts<'a> {
    cache: FontCache<'a>,
    fonts: FontResolverFn,
    cmaps: CMapResolverFn,
}

impl<'a> Fonts<'a> {
    pub(super) fn new() -> Self {
        let standard: FontResolverFn = Arc::new(|query| {
            Some(match query {
                FontQuery::Standard(font) => font.get_font_data(),
                FontQuery::Fallback(font) => font.pick_standard_font().get_font_data(),
            })
        });
        Self { cache: FontCache::new(), fonts: standard, cmaps: Arc::new(|_| None) }
    }

    fn get(&self, dict: &Dict<'a>) -> Option<Font<'a>> {
        self.cache.font(dict, &self.fonts, &self.cmaps)
    }
}

/// Reads a page, and what is filled in and noted on it.
pub(super) fn read_page<'a>(page: &Page<'a>, fonts: &Fonts<'a>, budget: &mut Budget, lines: &mut Lines) {
    let mut reader = Reader { fonts, budget, lines, instead: None };
    if let Some(content) = page.page_stream() {
        reader.content(content, page.resources(), State::default(), 0);
    }
    let notes = page.raw().get::<Array<'a>>(b"Annots");
    for note in notes.iter().flat_map(|notes| notes.iter::<Dict<'a>>()) {
        if let Some(look) = appearance(&note) {
            reader.lines.break_line();
            reader.form(&look, page.resources(), &State::default(), 0);
        }
    }
}

/// How a filled-in field or a note looks, unless it is hidden.
fn appearance<'a>(note: &Dict<'a>) -> Option<Stream<'a>> {
    let hidden = note.get::<i32>(b"F").unwrap_or(0) & 0b10 != 0;
    let kind = note.get::<Name<'_>>(b"Subtype");
    if hidden || !matches!(kind.as_deref(), Some(b"Widget" | b"FreeText" | b"Stamp")) {
        return None;
    }
    let looks = note.get::<Dict<'a>>(b"AP")?;
    looks.get::<Stream<'a>>(b"N").or_else(|| {
        let state = note.get::<Name<'_>>(b"AS")?;
        looks.get::<Dict<'a>>(b"N")?.get::<Stream<'a>>(&*state)
    })
}

/// Rows of a transformation: `x' = a x + c y + e`, `y' = b x + d y + f`.
#[derive(Clone, Copy, Debug)]
struct Matrix([f64; 6]);

impl Matrix {
    const ONE: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// First this one, then `next`.
    fn then(self, next: Self) -> Self {
        let ([a, b, c, d, e, f], [p, q, r, s, t, u]) = (self.0, next.0);
        Self([a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u])
    }

    fn shift(self, x: f64, y: f64) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y]).then(self)
    }

    fn point(self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }
}

#[derive(Clone)]
struct State<'a> {
    page: Matrix,
    font: Option<Font<'a>>,
    /// Codes of several bytes: one without a meaning is no letter.
    composite: bool,
    size: f64,
    letter_space: f64,
    word_space: f64,
    scale: f64,
    leading: f64,
    rise: f64,
    text: Matrix,
    line: Matrix,
}

impl Default for State<'_> {
    fn default() -> Self {
        Self {
            page: Matrix::ONE,
            font: None,
            composite: false,
            size: 1.0,
            letter_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
            text: Matrix::ONE,
            line: Matrix::ONE,
        }
    }
}

impl State<'_> {
    fn next_line(&mut self, x: f64, y: f64) {
        self.line = self.line.shift(x, y);
        self.text = self.line;
    }

    fn is_vertical(&self) -> bool {
        self.font.as_ref().is_some_and(|font| !font.is_horizontal())
    }

    /// Moves back by thousandths of the size.
    fn adjust(&mut self, thousandths: f64) {
        let by = -thousandths / 1000.0 * self.size;
        self.text = if self.is_vertical() { self.text.shift(0.0, by) } else { self.text.shift(by * self.scale, 0.0) };
    }

    /// Where something of this width stands, in units of the font, and how far it moves on.
    fn place(&self, (wide, high): (f64, f64), space: f64) -> (Place, (f64, f64)) {
        let vertical = self.is_vertical();
        let (dx, dy) = match vertical {
            true => (0.0, high / 1000.0 * self.size + space),
            false => ((wide / 1000.0 * self.size + space) * self.scale, 0.0),
        };
        let to_page = self.text.then(self.page);
        let start = to_page.point(0.0, self.rise);
        let up = to_page.point(0.0, self.rise + self.size);
        let on = if vertical { to_page.point(0.0, self.rise - 1.0) } else { to_page.point(1.0, self.rise) };
        let place = Place {
            start,
            end: to_page.point(dx, dy + self.rise),
            along: unit(start, on),
            size: (up.0 - start.0).hypot(up.1 - start.1),
        };
        (place, (dx, dy))
    }
}

fn unit(from: (f64, f64), to: (f64, f64)) -> (f64, f64) {
    let (x, y) = (to.0 - from.0, to.1 - from.1);
    let length = x.hypot(y);
    if length > 0.0 && length.is_finite() { (x / length, y / length) } else { (1.0, 0.0) }
}

/// A text that stands for what is drawn (`/ActualText`), and how deep inside marks it began.
struct Instead {
    text: Option<String>,
    depth: usize,
}

struct Reader<'r, 'a> {
    fonts: &'r Fonts<'a>,
    budget: &'r mut Budget,
    lines: &'r mut Lines,
    instead: Option<Instead>,
}

impl<'a> Reader<'_, 'a> {
    /// A drawing inside a drawing.
    fn form(&mut self, form: &Stream<'a>, outer: &Resources<'a>, state: &State<'a>, depth: usize) {
        if depth >= MAX_DEPTH || self.budget.forms == 0 || self.budget.bytes == 0 {
            return;
        }
        self.budget.forms -= 1;
        let Ok(content) = form.decoded() else { return };
        let mut state = state.clone();
        if let Some(matrix) = form.dict().get::<Array<'a>>(b"Matrix") {
            let matrix: Vec<f64> = matrix.iter::<f32>().map(f64::from).collect();
            if let Ok(matrix) = <[f64; 6]>::try_from(matrix) {
                state.page = Matrix(matrix).then(state.page);
            }
        }
        match form.dict().get::<Dict<'a>>(b"Resources") {
            Some(own) => self.content(&content, &Resources::new(own), state, depth + 1),
            None => self.content(&content, outer, state, depth + 1),
        }
    }

    fn content(&mut self, content: &[u8], resources: &Resources<'a>, mut state: State<'a>, depth: usize) {
        self.budget.bytes = self.budget.bytes.saturating_sub(content.len());
        let mut saved: Vec<State<'a>> = Vec::new();
        let mut marks = 0_usize;
        let mut steps = TypedIter::new(content);
        while let Some(step) = steps.next() {
            if self.budget.is_spent() {
                return;
            }
            self.budget.steps -= 1;
            match step {
                Op::SaveState(_) if saved.len() < MAX_SAVED => saved.push(state.clone()),
                Op::RestoreState(_) => state = saved.pop().unwrap_or(state),
                Op::XObject(name) => {
                    let is_form =
                        |form: &Stream<'a>| form.dict().get::<Name<'_>>(b"Subtype").as_deref() == Some(b"Form");
                    if let Some(form) = resources.get_x_object(name.0).filter(is_form) {
                        self.form(&form, resources, &state, depth);
                    }
                }
                Op::BeginMarkedContent(_) => marks += 1,
                Op::BeginMarkedContentWithProperties(mark) => {
                    marks += 1;
                    let text = match mark.1 {
                        Object::Dict(dict) => actual_text(dict),
                        Object::Name(name) => {
                            resources.properties.get::<Dict<'a>>(name).and_then(|dict| actual_text(&dict))
                        }
                        _ => None,
                    };
                    if text.is_some() && self.instead.is_none() {
                        self.instead = Some(Instead { text, depth: marks });
                    }
                }
                Op::EndMarkedContent(_) => {
                    if self.instead.as_ref().is_some_and(|instead| instead.depth == marks) {
                        self.instead = None;
                    }
                    marks = marks.saturating_sub(1);
                }
                Op::TextFont(font) => {
                    state.size = font.1.as_f64();
                    self.set_font(&mut state, resources.get_font(font.0));
                }
                Op::SetGraphicsState(name) => {
                    let settings = resources.get_ext_g_state(name.0);
                    if let Some(font) = settings.and_then(|settings| settings.get::<Array<'a>>(b"Font")) {
                        let mut parts = font.flex_iter();
                        self.set_font(&mut state, parts.next::<Dict<'a>>());
                        state.size = parts.next::<f32>().map_or(state.size, f64::from);
                    }
                }
                other => self.text(other, &mut state),
            }
        }
    }

    /// What sets, moves and shows text.
    fn text(&mut self, step: Op<'_, '_>, state: &mut State<'a>) {
        match step {
            Op::Transform(m) => {
                let matrix = [m.0, m.1, m.2, m.3, m.4, m.5].map(|number| number.as_f64());
                state.page = Matrix(matrix).then(state.page);
            }
            Op::BeginText(_) => (state.text, state.line) = (Matrix::ONE, Matrix::ONE),
            Op::CharacterSpacing(space) => state.letter_space = space.0.as_f64(),
            Op::WordSpacing(space) => state.word_space = space.0.as_f64(),
            Op::HorizontalScaling(scale) => state.scale = scale.0.as_f64() / 100.0,
            Op::TextLeading(leading) => state.leading = leading.0.as_f64(),
            Op::TextRise(rise) => state.rise = rise.0.as_f64(),
            Op::NextLine(by) => state.next_line(by.0.as_f64(), by.1.as_f64()),
            Op::NextLineAndSetLeading(by) => {
                state.leading = -by.1.as_f64();
                state.next_line(by.0.as_f64(), by.1.as_f64());
            }
            Op::NextLineUsingLeading(_) => state.next_line(0.0, -state.leading),
            Op::SetTextMatrix(m) => {
                state.line = Matrix([m.0, m.1, m.2, m.3, m.4, m.5].map(|number| number.as_f64()));
                state.text = state.line;
            }
            Op::ShowText(text) => self.show(text.0.as_bytes(), state),
            Op::NextLineAndShowText(text) => {
                state.next_line(0.0, -state.leading);
                self.show(text.0.as_bytes(), state);
            }
            Op::ShowTextWithParameters(text) => {
                state.word_space = text.0.as_f64();
                state.letter_space = text.1.as_f64();
                state.next_line(0.0, -state.leading);
                self.show(text.2.as_bytes(), state);
            }
            Op::ShowTexts(parts) => {
                for part in parts.0.iter::<Object<'_>>() {
                    match part {
                        Object::String(text) => self.show(text.as_bytes(), state),
                        Object::Number(number) => state.adjust(number.as_f64()),
                        _ => {}
                    }
                }
            }
            // Lines, colours and pictures say nothing.
            _ => {}
        }
    }

    fn set_font(&self, state: &mut State<'a>, dict: Option<Dict<'a>>) {
        let kind = dict.as_ref().and_then(|dict| dict.get::<Name<'_>>(b"Subtype"));
        state.composite = kind.as_deref() == Some(b"Type0");
        state.font = dict.and_then(|dict| self.fonts.get(&dict));
    }

    fn show(&mut self, bytes: &[u8], state: &mut State<'a>) {
        let mut at = 0;
        while at < bytes.len() && !self.budget.is_spent() {
            let (code, length) = match &state.font {
                Some(font) => font.read_code(bytes, at),
                None => (u32::from(bytes[at]), 1),
            };
            at += length.max(1);
            let (advance, glyph) = glyph(state, code);
            let space = if length == 1 && code == 32 { state.word_space } else { 0.0 };
            let (place, (dx, dy)) = state.place(advance, state.letter_space + space);
            let before = self.lines.len();
            match &mut self.instead {
                Some(instead) => self.lines.push(&instead.text.take().unwrap_or_default(), place),
                None => self.lines.push(&glyph, place),
            }
            self.budget.letters = self.budget.letters.saturating_sub(self.lines.len().saturating_sub(before));
            state.text = state.text.shift(dx, dy);
        }
    }
}

/// How far a code moves on, in units of the font, and what it means.
fn glyph(state: &State<'_>, code: u32) -> ((f64, f64), String) {
    let Some(font) = &state.font else { return ((500.0, 0.0), guess(state, code)) };
    let advance = font.code_advance(code);
    let found = match font.glyph(font.map_code(code), code) {
        FontGlyph::Outline(glyph) => glyph.as_unicode(),
        FontGlyph::Type3(glyph) => glyph.as_unicode(),
    };
    let glyph = match found {
        Some(BfString::Char(letter)) => letter.to_string(),
        Some(BfString::String(text)) => text,
        None => guess(state, code),
    };
    ((advance.x, advance.y), glyph)
}

/// A code that nothing gives a meaning to is most likely ASCII, if it is a single byte.
fn guess(state: &State<'_>, code: u32) -> String {
    let letter = char::from_u32(code).filter(|letter| !state.composite && (' '..='~').contains(letter));
    letter.map(String::from).unwrap_or_default()
}

fn actual_text(dict: &Dict<'_>) -> Option<String> {
    let text = dict.get::<PdfString<'_>>(b"ActualText")?;
    Some(match text.as_bytes() {
        [0xfe, 0xff, rest @ ..] => {
            let units = rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).map(|letter| letter.unwrap_or(' ')).collect()
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => bytes.iter().map(|byte| char::from(*byte)).collect(),
    })
}
