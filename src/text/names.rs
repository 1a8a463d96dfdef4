use super::fold;

/// The form in which names of actors are compared.
pub fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A name for an actor with this title, `[a-z0-9_]`, at most 30 characters: `taalcafe_noord` for "Taalcafé Noord".
/// Empty when the title has no letter or digit that fits.
pub fn suggest_name(title: &str) -> String {
    let mut out = String::new();
    for c in fold(title).chars() {
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            '\'' | '’' => {}
            _ if !out.is_empty() && !out.ends_with('_') => out.push('_'),
            _ => {}
        }
    }
    if out.len() > 30 {
        let cut = out[..31].rfind('_').filter(|at| *at >= 12).unwrap_or(30);
        out.truncate(cut);
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}
