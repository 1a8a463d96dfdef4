//! Every line of the checklist has a test whose name bears its number, or a word why not; and the tables name what there is.

use std::collections::BTreeSet;

use super::{files, none, root};

/// How many lines it has.
const LINES: u32 = 116;

/// The names of all tests, with the module path behind `tests/it`.
fn tests() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, text) in files("tests/it", ".rs") {
        let module =
            path.trim_start_matches("tests/it/").trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            // A function marked as a test, or a line of the macros that make such a function of a body.
            let marked = at > 0 && lines[at - 1].ends_with("test]");
            let function = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn ")).filter(|_| marked);
            let name = match (function.and_then(|rest| rest.split_once('(')), line.split_once(" => ")) {
                (Some((name, _)), _) => name,
                (None, Some((name, body))) if body.ends_with(';') && !body.contains(' ') => name,
                _ => continue,
            };
            if !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
                found.push((module.clone(), name.to_owned()));
            }
        }
    }
    found
}

/// The numbers a name bears: `d05_d06_unknown_names` bears two.
fn numbers(name: &str) -> impl Iterator<Item = u32> {
    name.split('_').filter_map(|part| part.strip_prefix('d')?.parse().ok())
}

/// The rows of the table: the numbers, and the rest of the row.
fn rows() -> Vec<(Vec<u32>, String)> {
    let text = std::fs::read_to_string(root().join("FEDERATION.md")).unwrap();
    let (_, table) = text.split_once("\n## The checklist\n").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut rows = Vec::new();
    for line in table.lines().filter(|line| line.starts_with("| ")) {
        let mut cells = line.trim_matches('|').splitn(2, '|');
        let Ok(numbers) = cells.next().unwrap().split(',').map(|n| n.trim().parse()).collect() else { continue };
        rows.push((numbers, cells.next().unwrap().trim().to_owned()));
    }
    rows
}

/// Whether a test is there that a document names, as `folder::file::name`, with `…` or `*` where it leaves off.
fn is_there(named: &str, all: &[(String, String)]) -> bool {
    let (module, name) = named.rsplit_once("::").unwrap_or(("", named));
    all.iter().any(|(place, test)| {
        let inside = module.is_empty()
            || place == module
            || place.ends_with(&format!("::{module}"))
            || place.starts_with(&format!("{module}::"));
        inside && (name.strip_suffix(['…', '*']).map_or(test == name, |start| test.starts_with(start)))
    })
}

#[test]
fn every_line_of_the_checklist_has_a_test_or_a_word_why_not() {
    let (tests, rows) = (tests(), rows());
    let borne: BTreeSet<u32> = tests.iter().flat_map(|(_, name)| numbers(name)).collect();
    let mut complaints = Vec::new();
    for line in 1..=LINES {
        let of: Vec<&String> = rows.iter().filter(|(all, _)| all.contains(&line)).map(|(_, rest)| rest).collect();
        let [row] = of[..] else {
            complaints.push(format!("line {line} stands in {} rows of FEDERATION.md", of.len()));
            continue;
        };
        if row.contains("no test") == borne.contains(&line) {
            complaints
                .push(format!("line {line}: a test bears its number, or FEDERATION.md says why there is \"no test\""));
        }
        // The row leads to one of them.
        let leads = row
            .split('`')
            .skip(1)
            .step_by(2)
            .any(|named| numbers(named.rsplit("::").next().unwrap()).any(|n| n == line));
        if borne.contains(&line) && !leads {
            complaints.push(format!("line {line}: its row names no test that bears its number"));
        }
    }
    for number in borne.iter().filter(|n| !(1..=LINES).contains(*n)) {
        complaints.push(format!("there is no line {number}"));
    }
    none(complaints);
}

#[test]
fn the_tables_of_tests_name_tests_that_exist() {
    let tests = tests();
    assert!(tests.len() > 300, "{}", tests.len());
    let api = std::fs::read_to_string(root().join("docs/mastodon-api.md")).unwrap();
    let (_, api) = api.split_once("\n## Endpoints\n").unwrap();
    let of_api =
        api.lines().filter_map(|line| line.trim_end_matches('|').rsplit_once('|')).map(|(_, cell)| cell.to_owned());
    let named: Vec<(&str, String)> = rows()
        .into_iter()
        .map(|(_, rest)| ("FEDERATION.md", rest))
        .chain(of_api.map(|cell| ("docs/mastodon-api.md", cell)))
        .collect();
    let (mut complaints, mut looked) = (Vec::new(), 0);
    for (document, text) in &named {
        for name in text.split('`').skip(1).step_by(2).filter(|name| name.contains("::")) {
            looked += 1;
            if !is_there(name, &tests) {
                complaints.push(format!("{document} names the test {name}, which is not there"));
            }
        }
    }
    assert!(looked > 100, "{looked}");
    none(complaints);
}
