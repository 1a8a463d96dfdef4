use std::collections::HashMap;

use kring::text::{Handle, Links, MentionLink, excerpt, plain, render, scan};

fn handle(text: &str) -> Handle {
    Handle::parse(text).unwrap()
}

fn mentions(source: &str) -> Vec<String> {
    scan(source).mentions.iter().map(Handle::to_string).collect()
}

fn html(source: &str) -> String {
    let link = |href: &str, shown: &str| MentionLink { href: href.into(), handle: shown.into() };
    let links = Links {
        mentions: HashMap::from([
            (handle("ada"), link("https://kring.example/people/ada", "ada")),
            (handle("noord@zuid.example"), link("https://zuid.example/groups/noord?a=1&b=2", "noord@zuid.example")),
        ]),
        tag_base: "https://kring.example/tags/".into(),
    };
    render(source, &links).into_string()
}

#[test]
fn mentions_of_people_and_groups_are_found() {
    assert_eq!(mentions("@Ada en !Taalcafe_Noord, en @ada nog eens."), ["ada", "taalcafe_noord"]);
    assert_eq!(mentions("(@ada@Kring.Example) \"!noord@zuid.example\"."), ["ada@kring.example", "noord@zuid.example"]);
    assert_eq!(
        mentions("@jan.de-vries. @zoë! @ada@linde.localhost:3000."),
        ["jan.de-vries", "zoë", "ada@linde.localhost:3000"]
    );
    assert_eq!(mentions("@ada@münchen.example"), ["ada@xn--mnchen-3ya.example"]);
    assert_eq!(mentions("# @ada\n\n- **@bob**\n- _!groep_"), ["ada", "bob", "groep"]);
}

#[test]
fn what_only_looks_like_a_mention_is_none() {
    for source in [
        "ada@kring.example",
        "jan.de.vries@kring.example",
        "`@ada`",
        "```\n@ada\n```",
        "    @ada",
        "[@ada](https://a.example)",
        "https://a.example/@ada en http://a.example/x#@ada",
        "<ada@kring.example>",
        "@ @. @- ! !!! Hoi!Dag",
        r"\@ada \!groep",
        "![@ada](https://a.example/p.png)",
        "@ada@nergens",
        "<div title=@ada>@ada</div>",
    ] {
        assert_eq!(mentions(source), [] as [&str; 0], "{source}");
    }
}

#[test]
fn hashtags_are_found() {
    let tags = |source: &str| scan(source).hashtags;
    assert_eq!(
        tags("#Taalcafé #taalcafé, #nt2! (#café_noord) #2026 #_ #ouderenzorg2026"),
        ["taalcafé", "nt2", "café_noord", "ouderenzorg2026"]
    );
    assert_eq!(tags("C# a#b ##c /#d &#e `#f` [#g](http://a.example) http://a.example/#h \\#i"), [] as [&str; 0]);
    assert_eq!(tags("# Kop\n#geenkop"), ["geenkop"]);
    assert_eq!(tags("#мова #لغة"), ["мова", "لغة"]);
}

#[test]
fn anchors_have_the_form_that_clients_match() {
    assert_eq!(
        html("Dag @Ada!"),
        r#"<p>Dag <span class="h-card"><a href="https://kring.example/people/ada" class="u-url mention">@<span>ada</span></a></span>!</p>"#
    );
    assert_eq!(
        html("!noord@zuid.example"),
        r#"<p><span class="h-card"><a href="https://zuid.example/groups/noord?a=1&amp;b=2" class="u-url mention">@<span>noord@zuid.example</span></a></span></p>"#
    );
    assert_eq!(
        html("#Café_Noord"),
        r##"<p><a href="https://kring.example/tags/caf%C3%A9_noord" class="mention hashtag" rel="tag">#<span>Café_Noord</span></a></p>"##
    );
    assert_eq!(html("@onbekend en ada@kring.example"), "<p>@onbekend en ada@kring.example</p>");
}

#[test]
fn bare_addresses_become_links_without_the_punctuation_around_them() {
    let link = |href: &str, shown: &str| format!(r#"<a href="{href}" rel="nofollow noopener noreferrer">{shown}</a>"#);
    let a = link("https://a.example/x_(y)?q=1&amp;r=2", "https://a.example/x_(y)?q=1&amp;r=2");
    assert_eq!(html("Zie (https://a.example/x_(y)?q=1&r=2)."), format!("<p>Zie ({a}).</p>"));
    assert_eq!(html("www.linde.nl!"), format!("<p>{}!</p>", link("https://www.linde.nl/", "www.linde.nl")));
    assert_eq!(html("<https://a.example/>"), format!("<p>{}</p>", link("https://a.example/", "https://a.example/")));
    assert_eq!(html("[x](https://a.example/ \"t\")"), format!("<p>{}</p>", link("https://a.example/", "x")));
    assert_eq!(html("xhttps://a.example https:// http://"), "<p>xhttps://a.example https:// http://</p>");
    assert_eq!(html("[x](javascript:alert(1)) [y](/groups/z) [z](data:text/html,x)"), "<p>x y z</p>");
}

#[test]
fn raw_html_is_shown_as_text() {
    assert_eq!(html("a <b>c</b> <script>x</script>"), "<p>a &lt;b&gt;c&lt;/b&gt; &lt;script&gt;x&lt;/script&gt;</p>");
    assert_eq!(html("<div>\n@ada <i>\n</div>"), "<p>&lt;div&gt;<br>\n@ada &lt;i&gt;<br>\n&lt;/div&gt;</p>");
    assert_eq!(html("1 < 2 & 3 > 2 &amp; &lt;b&gt;"), "<p>1 &lt; 2 &amp; 3 &gt; 2 &amp; &lt;b&gt;</p>");
}

#[test]
fn markdown_is_rendered() {
    assert_eq!(html("# A\n\n### B\n\n###### C"), "<h3>A</h3>\n<h4>B</h4>\n<h4>C</h4>");
    assert_eq!(html("## B\n\ntekst"), "<h3>B</h3>\n<p>tekst</p>");
    assert_eq!(html("een\ntwee  \ndrie"), "<p>een<br>\ntwee<br>\ndrie</p>");
    assert_eq!(
        html("~~weg~~ **vet** *schuin* `a<b`"),
        "<p><del>weg</del> <strong>vet</strong> <em>schuin</em> <code>a&lt;b</code></p>"
    );
    assert_eq!(html("3. a\n4. b"), "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>");
    assert_eq!(
        html("> a\n\n---\n\n```rust\nlet a = 1;\n```"),
        "<blockquote>\n<p>a</p>\n</blockquote>\n<hr>\n<pre><code>let a = 1;\n</code></pre>"
    );
    let table = html("|a|b|\n|-|-:|\n|1|@ada|");
    assert!(table.starts_with("<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>"), "{table}");
    assert!(table.contains("<td>1</td><td><span class=\"h-card\">"), "{table}");
}

#[test]
fn images_become_links() {
    let a = r#"<a href="https://a.example/p.png" rel="nofollow noopener noreferrer">"#;
    assert_eq!(html("![kaart](https://a.example/p.png)"), format!("<p>{a}kaart</a></p>"));
    assert_eq!(html("![](https://a.example/p.png)"), format!("<p>{a}https://a.example/p.png</a></p>"));
    let b = r#"<a href="https://b.example/" rel="nofollow noopener noreferrer">"#;
    assert_eq!(html("[![kaart](https://a.example/p.png)](https://b.example/)"), format!("<p>{b}kaart</a></p>"));
}

#[test]
fn deep_or_long_texts_end_soon_and_stay_flat() {
    for source in
        [">".repeat(50_000), "- ".repeat(20_000), "*a ".repeat(30_000), "[".repeat(50_000), "@a".repeat(40_000)]
    {
        let html = html(&source);
        assert!(html.matches("<blockquote>").count() <= 32 && html.matches("<ul>").count() <= 32);
    }
}

#[test]
fn plain_text_and_excerpts() {
    let links = Links { tag_base: "https://kring.example/tags/".into(), ..Links::default() };
    let safe = render("# Kop & zo\n\nEen *regel*\nen nog een.\n\n- a\n- b\n\n|x|y|\n|-|-|\n|1|2|", &links);
    assert_eq!(plain(&safe), "Kop & zo\n\nEen regel\nen nog een.\n\n- a\n- b\n\nx y\n1 2");
    assert_eq!(excerpt(&safe, 1000), "Kop & zo Een regel en nog een. - a - b x y 1 2");
    assert_eq!(excerpt(&safe, 18), "Kop & zo Een…");
    assert_eq!(excerpt(&safe, 19), "Kop & zo Een regel…");
    assert_eq!(excerpt(&render(&"é".repeat(50), &links), 10), format!("{}…", "é".repeat(9)));
    assert_eq!(excerpt(&render("", &links), 10), "");
    let code = render("```\na  b\n  c &lt;\n```", &links);
    assert_eq!(plain(&code), "a  b\n  c &lt;");
}
