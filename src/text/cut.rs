use crate::base::SafeHtml;

/// The first whole blocks (paragraphs, lists, …) of clean HTML that together hold at most about `chars` characters of
/// text; at least one block. What it cuts from is well formed, so the parts are.
pub fn first_paragraphs(html: &SafeHtml, chars: usize) -> SafeHtml {
    let (mut depth, mut shown, mut end) = (0usize, 0usize, 0usize);
    let mut rest = html.as_str();
    while let Some(open) = rest.find('<') {
        shown += rest.get(..open).map_or(0, |text| text.chars().count());
        let Some(tag) = rest.get(open..).and_then(|tail| tail.find('>').and_then(|close| tail.get(..=close))) else {
            break;
        };
        let void = tag.starts_with("<br") || tag.starts_with("<hr") || tag.starts_with("<img");
        if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
        } else if !void {
            depth += 1;
        }
        let Some(after) = rest.get(open + tag.len()..) else { break };
        rest = after;
        if depth == 0 {
            if shown > chars && end > 0 {
                break;
            }
            end = html.as_str().len() - rest.len();
        }
    }
    let kept = html.as_str().get(..end).filter(|kept| !kept.is_empty()).unwrap_or(html.as_str());
    SafeHtml::trusted(kept.to_owned())
}
