//! Files: their length, what may not be left in them, and pairs that belong together.

use std::collections::BTreeSet;

use super::{code, files, none, root, sources};

/// Longer files are split: nobody reads them to the end.
const MAX_LINES: usize = 620;
/// Lists rather than code; they may be longer.
const LISTS: &[&str] = &["src/store/schema.rs", "src/store/posts.rs"];

#[test]
fn files_are_short() {
    let mut complaints = Vec::new();
    for (path, text) in [sources(), files("tests/it", ".rs"), files("benches", ".rs")].concat() {
        let lines = text.lines().count();
        if lines > MAX_LINES && !LISTS.contains(&path.as_str()) {
            complaints.push(format!("{path}: {lines} lines"));
        }
    }
    none(complaints);
}

#[test]
fn nothing_is_left_for_later() {
    let later = [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("d", "bg!("), concat!("FIX", "ME")];
    let mut complaints = Vec::new();
    for (path, text) in sources() {
        for word in later.iter().filter(|word| text.contains(**word)) {
            complaints.push(format!("{path}: {word}"));
        }
    }
    none(complaints);
}

#[test]
fn what_cannot_fail_says_why() {
    let mut complaints = Vec::new();
    for (path, text) in sources() {
        for (number, line) in code(&text).lines().enumerate() {
            let bare = line.contains(".unwrap()") || line.contains(".unwrap_err()");
            if bare || line.contains(".expect(\"") && !line.contains(".expect(\"invariant: ") {
                complaints.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none(complaints);
}

#[test]
fn time_comes_from_the_clock() {
    let mut complaints = Vec::new();
    for (path, text) in sources() {
        let reads =
            ["SystemTime::now", "Timestamp::now", "Zoned::now"].into_iter().any(|word| code(&text).contains(word));
        if reads && path != "src/base/clock.rs" {
            complaints.push(format!("{path}: reads the machine's clock"));
        }
    }
    none(complaints);
}

#[test]
fn migrations_are_made_for_both_databases() {
    let names = |kind: &str| -> BTreeSet<String> {
        let folder = root().join("migrations").join(kind);
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    let mut complaints = Vec::new();
    for kind in ["sqlite", "postgres"] {
        for name in names(kind) {
            for file in ["up.sql", "down.sql"] {
                let path = root().join("migrations").join(kind).join(&name).join(file);
                if !std::fs::read_to_string(&path).is_ok_and(|text| !text.trim().is_empty()) {
                    complaints.push(format!("{}: missing or empty", path.display()));
                }
            }
        }
    }
    none(complaints);
}

#[test]
fn the_documents_name_tests_and_files_that_exist() {
    let architecture = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let tests: String = files("tests/it", ".rs").into_iter().map(|(_, text)| text).collect();
    let mut complaints = Vec::new();
    for quoted in architecture.split('`').skip(1).step_by(2) {
        if let Some(name) = quoted.strip_prefix("test:") {
            if !tests.contains(&format!("fn {name}(")) {
                complaints.push(format!("docs/ARCHITECTURE.md names the test {name}, which is not there"));
            }
        } else if ["src/", "tests/", "docs/", "migrations/", "benches/"].iter().any(|start| quoted.starts_with(start))
            && !quoted.contains(['*', '<', ' '])
            && !root().join(quoted).exists()
        {
            complaints.push(format!("docs/ARCHITECTURE.md names {quoted}, which is not there"));
        }
    }
    none(complaints);
}
