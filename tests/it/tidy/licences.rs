//! Licences, bans and sources of what Kring is built from: the rules of `deny.toml`, checked offline.

use std::process::Command;

use serde_json::Value;

use super::{none, root};

const ALLOWED: &[&str] = &[
    "AGPL-3.0-or-later",
    "AGPL-3.0",
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "BSL-1.0",
    "CC0-1.0",
    "Unicode-3.0",
    "Unlicense",
    "MPL-2.0",
    "CDLA-Permissive-2.0",
    "OpenSSL",
];
const BANNED: &[(&str, &str)] = &[
    ("openssl", "one TLS stack: rustls on aws-lc-rs"),
    ("openssl-sys", "one TLS stack: rustls on aws-lc-rs"),
    ("native-tls", "one TLS stack: rustls on aws-lc-rs"),
    ("ring", "one TLS stack: rustls on aws-lc-rs"),
    ("pq-sys", "needs libpq installed"),
    ("mysqlclient-sys", "not one of the two databases"),
];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn platform() -> String {
    let output = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into())).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

fn packages() -> Vec<Value> {
    let text = cargo(&["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", &platform()]);
    let mut metadata: Value = serde_json::from_str(&text).unwrap();
    let Value::Array(packages) = metadata["packages"].take() else { panic!("no packages") };
    packages
}

/// Whether an SPDX expression (or the old `A/B`) can be kept by following allowed licences only.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let result = either(&words, &mut at);
    result && at == words.len()
}

fn either(words: &[&str], at: &mut usize) -> bool {
    let mut result = all(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        result |= all(words, at);
    }
    result
}

fn all(words: &[&str], at: &mut usize) -> bool {
    let mut result = one(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        result &= one(words, at);
    }
    result
}

fn one(words: &[&str], at: &mut usize) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let result = either(words, at);
        *at += 1;
        return result;
    }
    if words.get(*at) == Some(&"WITH") {
        // Exceptions only add permissions.
        *at += 2;
    }
    ALLOWED.contains(word)
}

#[test]
fn expressions_of_licences_are_read_as_meant() {
    assert!(is_allowed("MIT OR GPL-2.0-only"));
    assert!(is_allowed("(Apache-2.0 WITH LLVM-exception OR GPL-2.0) AND ISC"));
    assert!(is_allowed("MIT/Apache-2.0"));
    assert!(!is_allowed("MIT AND GPL-2.0-only"));
    assert!(!is_allowed("EUPL-1.2"));
    assert!(!is_allowed(""));
}

#[test]
fn every_dependency_may_be_used_and_comes_from_the_registry() {
    let mut complaints = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or_default();
        if !is_allowed(licence) {
            complaints.push(format!("{name}: licence {licence:?}"));
        }
        match package["source"].as_str() {
            Some(source) if !source.starts_with("registry+") => complaints.push(format!("{name}: comes from {source}")),
            None if !["kring", "kring-index"].contains(&name) => {
                complaints.push(format!("{name}: comes from a folder"))
            }
            _ => {}
        }
    }
    none(complaints);
}

/// `1.92` or `1.92.0`, to be compared.
fn release(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap());
    (parts.next().unwrap(), parts.next().unwrap_or(0))
}

#[test]
fn the_rust_that_is_asked_for_builds_every_dependency() {
    let packages = packages();
    let asked = |package: &Value| package["rust_version"].as_str().map(release);
    let ours = packages.iter().find(|package| package["name"] == "kring").and_then(asked).expect("a version of ours");
    let newer = packages.iter().filter(|package| asked(package).is_some_and(|version| version > ours));
    none(newer.map(|package| format!("{} needs Rust {}", package["name"], package["rust_version"])).collect());
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let told = format!("needs Rust ({}.{} or newer)", ours.0, ours.1);
    assert!(readme.contains(&told), "README.md does not say: {told}");
}

#[test]
fn there_is_one_tls_stack_and_no_foreign_library() {
    let tree =
        cargo(&["tree", "--offline", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let mut complaints = Vec::new();
    for (banned, reason) in BANNED {
        if tree.lines().any(|line| line.split(' ').next() == Some(banned)) {
            complaints.push(format!("{banned}: {reason}"));
        }
    }
    assert!(tree.lines().any(|line| line.starts_with("aws-lc-rs ")), "the tree was not read: {tree}");
    none(complaints);
}
