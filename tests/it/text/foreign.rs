use kring::text::{MAX_FOREIGN_BYTES, clean};

fn cleaned(html: &str) -> String {
    clean(html).into_string()
}

#[test]
fn posts_of_mastodon_keep_their_form() {
    let html = concat!(
        r#"<p class="quote-inline">RE: x</p><p lang="nl">Dag <span class="h-card" translate="no"><a href="https://m.example/@ada" "#,
        r#"class="u-url mention" rel="nofollow">@<span>ada</span></a></span> <a href="https://m.example/tags/x" class="mention hashtag" rel="tag">"#,
        r##"#<span>x</span></a><br>zie <a href="https://a.example/lang" target="_blank" rel="nofollow noopener" translate="no">"##,
        r#"<span class="invisible">https://</span><span class="ellipsis">a.example/la</span><span class="invisible">ng</span></a></p>"#,
    );
    let want = concat!(
        r#"<p class="quote-inline">RE: x</p><p lang="nl">Dag <span class="h-card"><a href="https://m.example/@ada" "#,
        r#"class="u-url mention" rel="nofollow noopener noreferrer">@<span>ada</span></a></span> <a href="https://m.example/tags/x" "#,
        r##"class="mention hashtag" rel="tag nofollow noopener noreferrer">#<span>x</span></a><br>zie <a href="https://a.example/lang" "##,
        r#"rel="nofollow noopener noreferrer"><span class="invisible">https://</span><span class="ellipsis">a.example/la</span>"#,
        r#"<span class="invisible">ng</span></a></p>"#,
    );
    assert_eq!(cleaned(html), want);
    assert_eq!(cleaned(want), want, "cleaning twice changes nothing");
}

#[test]
fn what_could_run_or_load_is_gone() {
    for (html, want) in [
        ("<script>alert(1)</script>a", "a"),
        ("<SCRIPT SRC=//x>alert(1)</SCRIPT >a", "a"),
        ("<style>p{}</style>a<style>", "a"),
        ("<img src=x onerror=alert(1)>a", "a"),
        ("<p onclick=alert(1) style='color:red' id=x>a</p>", "<p>a</p>"),
        ("<a href='javascript:alert(1)'>a</a>", "a"),
        ("<a href=' JaVaScRiPt:alert(1)'>a</a>", "a"),
        ("<a href='java&#115;cript:alert(1)'>a</a>", "a"),
        ("<a href='/x'>a</a><a href='//b.example'>b</a><a>c</a>", "abc"),
        ("<a href='https://'>a</a><a href='https://a b/'>c</a>", "ac"),
        ("<svg><script>x</script><a href='https://b.example'>q</a></svg>a", "a"),
        ("<svg/>a", "a"),
        ("<math><mi//xlink:href='data:x,<script>alert(4)</script>'></math>a", "a"),
        ("<iframe src=https://x.example>b</iframe><object data=x></object>a", "a"),
        ("<form action=x><input name=q><button>a</button></form>", "a"),
        ("<!-- <p>x --><p>a</p><!doctype html><?php x ?>", "<p>a</p>"),
        ("<noscript><p title='</noscript><img src=x onerror=alert(1)>'>a</noscript>", "'&gt;a"),
        ("a<b", "a"),
        ("a < b", "a &lt; b"),
        (
            "<span class='evil mention'>a</span><span class='evil'>b</span>",
            r#"<span class="mention">a</span><span>b</span>"#,
        ),
        (
            "<a href='https://a.example/\"onmouseover=\"alert(1)'>a</a>",
            r#"<a href="https://a.example/&quot;onmouseover=&quot;alert(1)" rel="nofollow noopener noreferrer">a</a>"#,
        ),
        ("<p>a\0b</p>", "<p>ab</p>"),
    ] {
        assert_eq!(cleaned(html), want, "{html}");
    }
}

#[test]
fn structure_is_mended() {
    for (html, want) in [
        ("<h1>a</h1><h2>b</h2><h5>c</h5>", "<h3>a</h3><h3>b</h3><h4>c</h4>"),
        ("<div><p>a</p><div>b</div></div>", "<p>a</p><p>b</p>"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<ul><li>a<li>b<ol><li>c</ol></ul>", "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>"),
        ("<ol start=3 reversed><li value=7>a</ol>", r#"<ol start="3" reversed=""><li value="7">a</li></ol>"#),
        ("<li>a</li>b", "<p>ab</p>"),
        ("<b>a<i>b</b>c</i>d", "<b>a<i>b</i></b>cd"),
        ("<p>a<ul><li>b</ul>c</p>", "<p>a</p><ul><li>b</li></ul>c"),
        (
            "<a href=https://a.example/>a<a href=https://b.example/>b</a>c</a>",
            concat!(
                r#"<a href="https://a.example/" rel="nofollow noopener noreferrer">a</a>"#,
                r#"<a href="https://b.example/" rel="nofollow noopener noreferrer">b</a>c"#
            ),
        ),
        (
            "<table>x<b>y</b><tr><td>a<td>b<tr><th>c</table>",
            "<table><tbody><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></tbody></table>",
        ),
        ("<td>a</td><tr>b", "ab"),
        ("</p></b></table>a</div>", "a"),
        ("<p></p><b></b><p>a</p>", "<p>a</p>"),
        ("<strike>a</strike><ins>b</ins><tt>c</tt>", "<del>a</del><u>b</u><code>c</code>"),
    ] {
        assert_eq!(cleaned(html), want, "{html}");
    }
}

#[test]
fn hostile_nesting_is_bounded() {
    let formatting: String = (0..20_000).map(|n| format!("<b x={n}>")).collect();
    let soup = "<p><a href=https://a.example/><table><td><blockquote><ul><li></b>x".repeat(2_000);
    for html in [
        "<div>".repeat(50_000),
        "<blockquote>x".repeat(20_000),
        formatting + &"<p>a".repeat(20_000),
        soup,
        "<".repeat(200_000),
    ] {
        let out = cleaned(&html);
        let (mut depth, mut deepest) = (0i64, 0);
        for tag in out.split('<').skip(1).filter(|tag| !tag.starts_with("br") && !tag.starts_with("hr")) {
            depth += if tag.starts_with('/') { -1 } else { 1 };
            deepest = deepest.max(depth);
        }
        assert!(depth == 0 && deepest <= 33, "depth {depth}, deepest {deepest}");
        assert!(out.len() < 4 * MAX_FOREIGN_BYTES);
    }
}

#[test]
fn longer_than_the_limit_is_cut() {
    let html = format!("<p>{}</p>", "é".repeat(MAX_FOREIGN_BYTES));
    let out = cleaned(&html);
    assert!(out.len() <= MAX_FOREIGN_BYTES + 7 && out.ends_with("é</p>"));
}

#[test]
fn a_link_to_what_is_no_address_is_only_its_text() {
    for href in ["https://a&lt;b/", "https://&colon;", "http://[::1", "https://a.example:port/"] {
        let out = cleaned(&format!("<p>a <a href=\"{href}\" class=\"mention\">b</a></p>"));
        assert_eq!(out, "<p>a b</p>", "{href}");
    }
}

/// Bounded mutations: whatever comes in, the output is stable, well-nested and holds nothing outside the allow-list.
#[test]
fn mutated_html_stays_safe() {
    let seeds = [
        r#"<p class="h-card">a <a href="https://a.example/?x=1&y=2" rel=tag class='mention'>b</a><br/>c</p><ul><li>d</ul>"#,
        r#"<table><tr><td>a</td></tr></table><pre><code class=x>b &lt; c</code></pre><blockquote><h1>q</h1></blockquote>"#,
        r#"<script>x</script><svg><a xlink:href="javascript:x">y</a></svg><img src=x onerror='y'><!-- c --><a href=javascript:z>"#,
    ];
    let parts: [&[u8]; 12] =
        [b"<", b">", b"\"", b"'", b"/", b"<p>", b"</", b"<!--", b"-->", b"<b a=", b"\0", b"<script"];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for round in 0..3000 {
        let mut bytes = seeds[round % seeds.len()].as_bytes().to_vec();
        for _ in 0..1 + next(6) {
            let at = next(bytes.len());
            match next(3) {
                0 => drop(bytes.remove(at)),
                1 => bytes[at] = 0x20 + next(95) as u8,
                _ => drop(bytes.splice(at..at, parts[next(parts.len())].iter().copied())),
            }
        }
        let html = String::from_utf8_lossy(&bytes);
        let out = cleaned(&html);
        let lower = out.to_lowercase();
        for bad in ["<script", "<img", "<svg", "<!--", "<a href=\"javascript", "<style"] {
            assert!(!lower.contains(bad), "{html} gave {out}");
        }
        assert_eq!(cleaned(&out), out, "not stable: {html}");
    }
}

/// Found by fuzzing: left as it is, it would be read as a new line the next time.
#[test]
fn a_carriage_return_written_as_an_entity_is_a_new_line() {
    assert_eq!(cleaned("one&#xd;two"), "one\ntwo");
    assert_eq!(cleaned("one&#13; two"), "one\n two");
}

/// Found by fuzzing: the sanitizer ends them there too, and would leave an empty paragraph at the list's end.
#[test]
fn an_item_ends_what_its_list_holds_beside_items() {
    for (html, want) in [
        ("<ol>1<p>2<span> <li>3</ol>", "<ol>1<p>2<span> </span></p><li>3</li></ol>"),
        ("<ul><b>1<li>2<ul><i>3<li>4</ul>5</ul>", "<ul><b>1</b><li>2<ul><i>3</i><li>4</li></ul>5</li></ul>"),
    ] {
        assert_eq!(cleaned(html), want);
        assert_eq!(cleaned(want), want, "cleaning twice changes nothing");
    }
}

/// Found by fuzzing: the first new line in preformatted text is left out by whoever reads it, each time.
#[test]
fn preformatted_text_begins_with_no_new_line() {
    for (html, want) in [
        ("<pre>\n\n one\n</pre>", "<pre> one\n</pre>"),
        ("<pre>&#10;&#13;\n&#xa;one</pre>", "<pre>one</pre>"),
        ("<pre>\n<code>\none</code></pre>", "<pre><code>\none</code></pre>"),
        ("a<blockquote><pre lang=nl>&#10;</pre></blockquote>b", "ab"),
        ("<p>one<pre>\n", "<p>one</p>"),
    ] {
        assert_eq!(cleaned(html), want, "{html}");
        assert_eq!(cleaned(want), want, "cleaning twice changes nothing");
    }
}
