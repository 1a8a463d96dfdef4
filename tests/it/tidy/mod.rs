//! The rules of the house, read off the sources: see `docs/ARCHITECTURE.md`.

mod checklist;
mod files;
mod licences;
mod rooms;

use std::path::{Path, PathBuf};

/// The folder of the package.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below `folder` with this ending, as (path from the root, text), in order.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, ending: &str, into: &mut Vec<PathBuf>) {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, ending, into);
            } else if path.to_string_lossy().ends_with(ending) {
                into.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(folder), ending, &mut paths);
    paths.sort();
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// What the program is made of.
fn sources() -> Vec<(String, String)> {
    [files("src", ".rs"), files("crates", ".rs")].concat()
}

/// The lines of a source without what follows `//`.
fn code(text: &str) -> String {
    let lines =
        text.lines().map(|line| line.split_once("//").filter(|(a, _)| !a.ends_with(':')).map_or(line, |(a, _)| a));
    lines.collect::<Vec<_>>().join("\n")
}

/// Fails with every complaint at once.
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
