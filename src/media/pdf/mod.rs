//! The text of PDF files, for search: words matter, layout does not. Reading the file, its fonts and its codes is hayro's;
//! here is where what is drawn stands on the page, which decides what is a word and what a line.
//!
//! A file can ask for more memory and time than there is, so this runs in a process of its own: see [`process`].

mod content;
mod lines;
pub mod process;

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_syntax::Pdf;

use self::content::{Budget, Fonts};
use self::lines::Lines;

/// Calls `sink` with the text of each page that has any, until `most` characters are told. A file that cannot be read, or
/// wants a password, has no pages.
fn each_page(bytes: Vec<u8>, most: usize, mut sink: impl FnMut(&str)) {
    let loaded = catch_unwind(|| Pdf::new(bytes));
    let Ok(Ok(pdf)) = loaded else { return };
    let mut budget = Budget::new(most);
    let mut fonts = Fonts::new();
    for page in pdf.pages().iter() {
        if budget.is_spent() {
            return;
        }
        let mut lines = Lines::default();
        let read = catch_unwind(AssertUnwindSafe(|| content::read_page(page, &fonts, &mut budget, &mut lines)));
        if read.is_err() {
            // A fault in a page costs the rest of that page.
            fonts = Fonts::new();
        }
        let text = lines.finish();
        if !text.is_empty() {
            sink(&text);
        }
    }
}
