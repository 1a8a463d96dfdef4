//! `Link` headers and the heads of pages: nothing panics, and nothing takes long.
#![no_main]

use kring::text::{alternate_in_header, alternate_in_page};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(found) = alternate_in_header(text) {
        assert!(text.contains('<') && text.contains(&found));
    }
    let _ = alternate_in_page(text);
});
