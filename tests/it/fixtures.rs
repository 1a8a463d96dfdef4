//! Files under `tests/fixtures`.

use std::path::{Path, PathBuf};

/// A file below `tests/fixtures`.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

/// Every exchange captured between real servers (`tests/fixtures/peers`), by path, in order.
pub fn exchanges() -> Vec<(String, serde_json::Value)> {
    let mut found = Vec::new();
    for peer in ["gotosocial", "lemmy", "nodebb"] {
        for entry in std::fs::read_dir(fixture("peers").join(peer)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            found.push((path.display().to_string(), serde_json::from_slice(&bytes).unwrap()));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert_eq!(found.len(), 197);
    found
}
