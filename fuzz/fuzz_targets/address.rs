//! What WebFinger is asked for, handles and addresses: nothing panics, and only what is ours is found to be ours.
#![no_main]

use kring::federation::wire::{IdRules, same_origin};
use kring::urls::{Urls, host_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let urls = Urls::new("https", "kring.example").unwrap();
    if urls.parse(text).is_some() {
        assert!(urls.is_ours(text) && host_of(text).as_deref() == Some("kring.example"), "{text}");
        assert!(same_origin(text, urls.origin()), "{text}");
    }
    let rules = IdRules::default();
    if let Some(id) = rules.any(text) {
        assert!(id.scheme() == "https" && id.username().is_empty() && id.password().is_none(), "{text}");
    }
});
