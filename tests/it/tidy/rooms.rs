//! Rooms import only downwards, and each says what it is for.

use super::{code, files, none};

const GROUND: &[&str] = &["base", "config", "domain", "urls", "policy", "text", "i18n"];
const FIRST: &[&str] = &["store", "media", "net", "mail", "jobs", "live"];
const DOORS: &[&str] = &["web", "api", "federation"];
const ROOF: &[&str] = &["app", "cli"];

/// What a room may import, besides itself. `None` for a name that is no room.
fn may_import(room: &str) -> Option<Vec<&'static str>> {
    Some(match room {
        "base" => vec![],
        "config" | "domain" | "i18n" => vec!["base"],
        "urls" | "policy" => vec!["base", "domain"],
        "text" => vec!["base", "domain", "urls"],
        "jobs" => [GROUND, &["store"]].concat(),
        // Changes that come from another process through the database are told to who listens in this one.
        "store" => [GROUND, &["live"]].concat(),
        room if FIRST.contains(&room) => GROUND.to_vec(),
        "services" => [GROUND, FIRST].concat(),
        room if DOORS.contains(&room) => [GROUND, FIRST, &["services"]].concat(),
        room if ROOF.contains(&room) => [GROUND, FIRST, &["services"], DOORS, ROOF].concat(),
        _ => return None,
    })
}

/// `src/store/posts.rs` -> `store`
fn room_of(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap();
    inside.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The first names after `crate::`, groups in braces included.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_heads(group)),
            None => found.push(word(rest)),
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// `a::b, c::{d, e}, f}` -> a, c, f
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                heads.push(word(group[start..at].trim_start()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                heads.push(word(group[start..at].trim_start()));
                start = at + 1;
            }
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

#[test]
fn the_reader_of_imports_sees_groups() {
    let text = "use crate::{base::Id, store::{self, Conn}, web};\nuse crate::text;\nlet x = crate::urls::path();";
    assert_eq!(imports(text), ["base", "store", "web", "text", "urls"]);
}

#[test]
fn rooms_import_only_downwards() {
    let mut complaints = Vec::new();
    for (path, text) in files("src", ".rs") {
        let room = room_of(&path);
        if matches!(room, "lib" | "main") {
            continue;
        }
        let Some(allowed) = may_import(room) else {
            complaints.push(format!("{path}: {room} is no room of docs/ARCHITECTURE.md"));
            continue;
        };
        for import in imports(&code(&text)) {
            // Macros of the crate are found at its root.
            let is_room = may_import(&import).is_some() || import == "services";
            if is_room && import != room && !allowed.contains(&import.as_str()) {
                complaints.push(format!("{path}: {room} may not import {import}"));
            }
        }
    }
    none(complaints);
}

#[test]
fn every_room_says_what_it_is_and_what_it_imports() {
    let mut complaints = Vec::new();
    for (path, text) in files("src", ".rs") {
        let parts = path.split('/').count();
        let is_room = (parts == 3 && path.ends_with("/mod.rs"))
            || (parts == 2 && !path.ends_with("lib.rs") && !path.ends_with("main.rs"));
        let begins =
            |with: &str| text.lines().take_while(|line| line.starts_with("//!")).any(|line| line.starts_with(with));
        if is_room && !(begins("//! Room:") && begins("//! May import:")) {
            complaints.push(format!("{path}: begins without `//! Room:` and `//! May import:`"));
        }
    }
    none(complaints);
}

#[test]
fn only_the_store_knows_sql() {
    let mut complaints = Vec::new();
    for (path, text) in files("src", ".rs") {
        let code = code(&text);
        let sql = ["diesel", "tokio_postgres", "sql_query", "schema::"].into_iter().find(|word| code.contains(word));
        if let Some(word) = sql.filter(|_| room_of(&path) != "store") {
            complaints.push(format!("{path}: {word} belongs in store"));
        }
    }
    none(complaints);
}

#[test]
fn only_net_reaches_out() {
    let mut complaints = Vec::new();
    for (path, text) in files("src", ".rs") {
        if room_of(&path) != "net" && code(&text).contains("reqwest") {
            complaints.push(format!("{path}: reqwest belongs in net"));
        }
    }
    none(complaints);
}

/// Where HTML is declared safe: where it is cleaned, and where what the store kept after that is shown again.
const TRUSTED: &[&str] = &["src/base/html.rs", "src/text/", "src/store/", "src/domain/", "src/web/history.rs"];

#[test]
fn html_is_declared_safe_only_by_text_and_store() {
    let mut complaints = Vec::new();
    for (path, text) in files("src", ".rs") {
        if code(&text).contains("SafeHtml::trusted") && !TRUSTED.iter().any(|allowed| path.starts_with(allowed)) {
            complaints.push(format!("{path}: SafeHtml::trusted"));
        }
    }
    for (path, text) in files("src", ".html") {
        // The component that writes attributes takes them from templates, as literals.
        let allowed = usize::from(path.ends_with("_components/ui.html"));
        let safe = text.matches("|safe").count() + text.matches("| safe").count();
        if safe > allowed {
            complaints.push(format!("{path}: |safe"));
        }
    }
    none(complaints);
}
