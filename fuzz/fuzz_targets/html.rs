//! HTML of other servers: what comes out is stable, holds nothing outside the allow-list and stays within bounds.
#![no_main]

#[path = "../../tests/it/text/harm.rs"]
mod harm;

use kring::text::{about_page, clean, excerpt, first_link, plain_of_stored};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|html: &str| {
    let out = clean(html);
    assert_eq!(harm::harm(out.as_str()), None, "{html} gave {out:?}");
    assert_eq!(clean(out.as_str()).as_str(), out.as_str(), "not stable: {html}");
    let _ = (plain_of_stored(out.as_str()), excerpt(&out, 80), first_link(out.as_str()), about_page(html));
});
