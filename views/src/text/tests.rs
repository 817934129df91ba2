use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::find::is_plain;
use super::*;

const LINK: &str = "rel=\"noopener noreferrer nofollow ugc\" target=\"_blank\" tabindex=\"-1\">";

fn html(body: &str) -> String {
    text(body, &[]).into_string()
}

fn ada() -> Vec<Mention<'static>> {
    vec![
        Mention {
            id: "u1".into(),
            name: "Ada".into(),
            username: Some("ada_l".into()),
        },
        Mention {
            id: "u2".into(),
            name: "Ada Lovelace".into(),
            username: None,
        },
    ]
}

#[test]
fn emphasis_and_code_are_shown_and_their_delimiters_are_not() {
    for (body, expected) in [
        (
            "**b** *i* _i_ ~~s~~ `c`",
            "<strong>b</strong> <em>i</em> <em>i</em> <s>s</s> <code>c</code>",
        ),
        ("***a***", "<em><strong>a</strong></em>"),
        ("``a ` b``", "<code>a ` b</code>"),
        ("`*a* :tada:`", "<code>*a* :tada:</code>"),
        ("重**要**的", "重<strong>要</strong>的"),
        (r"\*a\* \`b\` \[c\]", "*a* `b` [c]"),
    ] {
        assert_eq!(html(body), expected, "{body}");
    }
}

#[test]
fn what_is_not_rendered_stays_as_it_was_typed() {
    for body in [
        "# head",
        "head\n---\nx",
        "***",
        "| a | b |\n|---|---|\n| c | d |",
        "    indented *code*",
        "[foo]: /url 'title'\n[foo] [^1]",
        "__init__ ~a~ 2*3*4 2 * 3 * 4",
        "snake_case_name *",
        r"C:\dir\\share \n \a",
        "-",
        "- \n- ",
        "+ 1",
        ">_< and >:(",
        ">>> import this",
        "```",
        "```rust",
        "10:30:20 5:100:3 :nothing_like_it: a:tada:b",
        "![a](b.png) [a][b] [a] [](https:x) [ ](b)",
        "[x](javascript:alert(1)) [x](data:a) [x](/c/1)",
        "javascript:alert(1) file:///etc ftp://example.com data:text",
        "  spaces \n\n\n  and\tlines \n",
        "a\\\nb  \nc",
    ] {
        assert_eq!(html(body), body.replace('<', "&lt;").replace('>', "&gt;"));
        assert!(!shown(body, &[]).differs, "{body}");
        assert_eq!(excerpt(body), body);
    }
    assert_eq!(
        html("&amp; <b>*x*</b>"),
        "&amp;amp; &lt;b&gt;<em>x</em>&lt;/b&gt;"
    );
}

#[test]
fn blocks_are_shown_without_what_marks_their_lines() {
    for (body, expected) in [
        (
            "a\n\n- b\n  - c\n    d\n- e\n\nf",
            "a\n<ul><li>b\n<ul><li>c\nd\n</li></ul></li><li>e\n</li></ul>f",
        ),
        (
            "3. a\n4. b",
            "<ol start=\"3\"><li>a\n</li><li>b\n</li></ol>",
        ),
        ("1. a\n1. b", "<ol><li>a\n</li><li>b\n</li></ol>"),
        (
            "1) a\n3) b\n4) c",
            "<ol><li>a\n</li><li value=\"3\">b\n</li><li>c\n</li></ol>",
        ),
        (
            "> a\n> > b\n> - c\n>   d\nlazy\n\ne",
            "<blockquote>a\n<blockquote>b\n</blockquote><ul><li>c\nd\nlazy\n</li></ul></blockquote>e",
        ),
        (
            "x\n```rust\nlet a = 1;\n\n  b\n```\ny",
            "x\n<pre><code>let a = 1;\n\n  b\n</code></pre>y",
        ),
        ("```\na```", "<pre><code>a\n</code></pre>"),
        (
            "```two words\na\n```",
            "<pre><code>two words\na\n</code></pre>",
        ),
        ("```a\n  b```", "<pre><code>a\n  b\n</code></pre>"),
        (
            "- a\n  ```\n  x\n   y\n  ```\n- b",
            "<ul><li>a\n<pre><code>x\n y\n</code></pre></li><li>b\n</li></ul>",
        ),
    ] {
        assert_eq!(html(body), expected, "{body}");
    }
}

#[test]
fn addresses_of_the_web_and_of_mail_are_links_and_no_others() {
    let link = |address: &str, words: &str| format!("<a href=\"{address}\" {LINK}{words}</a>");
    for (body, expected) in [
        ("http://x/_a_b_", link("http://x/_a_b_", "http://x/_a_b_")),
        (
            "*https://example.com/c*",
            format!(
                "<em>{}</em>",
                link("https://example.com/c", "https://example.com/c")
            ),
        ),
        (
            "(WWW.example.com/a_(b)_c).",
            format!(
                "({}).",
                link("https://WWW.example.com/a_(b)_c", "WWW.example.com/a_(b)_c")
            ),
        ),
        (
            "*me@example.com*",
            format!(
                "<em>{}</em>",
                link("mailto:me@example.com", "me@example.com")
            ),
        ),
        (
            "[**w** `c`](https://example.com/_a_?b&c)",
            link(
                "https://example.com/_a_?b&amp;c",
                "<strong>w</strong> <code>c</code>",
            ),
        ),
        ("[w](mailto:a@b.example)", link("mailto:a@b.example", "w")),
        (
            "`https://example.com`",
            "<code>https://example.com</code>".into(),
        ),
    ] {
        assert_eq!(html(body), expected, "{body}");
    }
    // Words that name another place than they lead to.
    for words in [
        "google.com",
        "https://google.com",
        "a@google.com",
        "*www.google.com*",
        "google.**com**",
        "goo\u{200b}gle.\u{200d}com",
        "google。com",
        "\u{202e}moc elgoog",
    ] {
        let html = html(&format!("[{words}](https://evil.example)"));
        assert!(html.contains(">https://evil.example</a>)"), "{html}");
    }
    assert!(!html("https://example.com/\u{202e}moc").contains("\u{202e}moc</a>"));
    assert!(
        !html("[a](https://example.com/\u{202e}moc)")
            .contains("<a href=\"https://example.com/\u{202e}")
    );
}

#[test]
fn who_is_mentioned_is_picked_out_by_any_of_their_names() {
    let people = ada();
    let b = |id: &str, words: &str| format!("<b class=\"mention\" data-user=\"{id}\">{words}</b>");
    for (body, expected) in [
        ("@Ada hi", format!("{} hi", b("u1", "@Ada"))),
        ("@ada lovelace!", format!("{}!", b("u2", "@ada lovelace"))),
        ("*@ADA_L*", format!("<em>{}</em>", b("u1", "@ADA_L"))),
        ("@adam @ada_x a@Ada @@", "@adam @ada_x a@Ada @@".to_owned()),
        ("`@Ada`", "<code>@Ada</code>".to_owned()),
    ] {
        assert_eq!(text(body, &people).into_string(), expected, "{body}");
    }
    let hostile = [Mention {
        id: "\"><script>".into(),
        name: "<b>_x_".into(),
        username: None,
    }];
    assert_eq!(
        text("@<b>_x_", &hostile).into_string(),
        b("&quot;&gt;&lt;script&gt;", "@&lt;b&gt;_x_")
    );
}

#[test]
fn shortcodes_become_emoji_and_a_few_alone_are_large() {
    assert_eq!(html("Yes :tada::+1:, :White_Check_Mark:"), "Yes 🎉👍, ✅");
    for big in ["🎉", "👩‍👩‍👧🇩🇪", "❤️", "👍🏽👍👍", "1️⃣"] {
        assert!(is_big_emoji(big), "{big}");
    }
    for small in ["", "a", "42", "🎉🎉🎉🎉", "🎉 ", "🎉a", "*", "…"] {
        assert!(!is_big_emoji(small), "{small}");
    }
}

#[test]
fn an_excerpt_is_the_words_without_their_markup() {
    assert_eq!(
        excerpt("**Hi** [you](https://example.com) :tada:\n- a\n- `b`"),
        "Hi you 🎉\na\nb"
    );
    assert!(matches!(excerpt("plain: words. 1 > 0"), Cow::Borrowed(_)));
}

#[test]
fn deep_nesting_stays_shallow_and_takes_no_long() {
    for unit in [
        "[",
        "*",
        "**a ",
        "_a ",
        "> ",
        ">",
        "`",
        "`a",
        "``` ",
        "~~",
        "~~a",
        "[a](",
        "![",
        "](",
        "<",
        "<a ",
        "&",
        "\\",
        "- ",
        "1. ",
        "@",
        ":",
        ":a",
        "http://",
        "a@",
        "www.",
        "www.a.b ",
        "a.",
        "*a_",
        "**a*",
        "> - ",
        "[x](https://a.b) ",
        "\n> ",
        "\n- a",
        "@Ada ",
        ":tada:",
        "*a **b ",
        "<!--",
        "[a]: b\n",
        "(",
        "http://a.b/(",
    ] {
        let body: String = unit.chars().cycle().take(4_000).collect();
        let began = Instant::now();
        let html = text(&body, &ada()).into_string();
        let took = began.elapsed();
        println!("{took:?} {unit:?}");
        // Unoptimized, on a busy machine; squares would be far beyond.
        assert!(took < Duration::from_secs(1), "{unit:?} took {took:?}");
        let mut depth = 0_usize;
        for tag in html.split('<').skip(1) {
            depth = if tag.starts_with('/') {
                depth - 1
            } else {
                depth + 1
            };
            assert!(depth <= 2 * DEPTH_MAX, "{unit:?}");
        }
        assert_eq!(depth, 0, "{unit:?}");
    }
}

/// Markup with its tags taken out, each of which must be one of ours.
fn without_tags(html: &str) -> String {
    let mut words = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        words.push_str(before);
        let (tag, after) = after.split_once('>').unwrap();
        let is_known = matches!(
            tag,
            "strong" | "em" | "s" | "code" | "pre" | "ul" | "ol" | "li" | "blockquote"
        ) || matches!(
            tag.strip_prefix('/'),
            Some(
                "strong"
                    | "em"
                    | "s"
                    | "code"
                    | "pre"
                    | "ul"
                    | "ol"
                    | "li"
                    | "blockquote"
                    | "a"
                    | "b"
            )
        ) || ["ol start=\"", "li value=\""].iter().any(|begins| {
            tag.strip_prefix(begins)
                .and_then(|number| number.strip_suffix('"'))
                .is_some_and(|number| number.parse::<u64>().is_ok())
        }) || tag
            .strip_prefix("b class=\"mention\" data-user=\"u")
            .is_some_and(|id| matches!(id, "1\"" | "2\""))
            || tag.strip_prefix("a href=\"").is_some_and(|rest| {
                let (address, rest) = rest.split_once('"').unwrap();
                let scheme = address.split_once(':').unwrap().0.to_ascii_lowercase();
                matches!(scheme.as_str(), "http" | "https" | "mailto")
                    && format!("{rest}>") == format!(" {LINK}")
            });
        assert!(is_known, "<{tag}> in {html}");
        rest = after;
    }
    assert!(!rest.contains('>') && !words.contains('>'), "{html}");
    words.push_str(rest);
    words
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// Bodies made of what means something somewhere, and of anything.
fn wild() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        8 => proptest::sample::select(vec![
            "*", "**", "_", "~~", "`", "```", "```rust\n", "[", "](", ")", "](https://example.com)", "> ", ">", "- ", "\n- ", "\n  - ", "1. ", "\n2) ",
            "\n", "\n\n", "\n    ", " ", "    ", "\t", "\\", "&amp;", "<b>", "<script>", "<!--", "\"", "'", "http://", "https://example.com/_a_(b)*",
            "www.example.com", "a@example.com", "javascript:", "@Ada", "@ada lovelace", ":tada:", ":", "#", "# ", "---", "|", "===", "![", "[a]: b",
            "\r\n", "\u{202e}", "\u{0}", "👩‍👩‍👧", "é", "重", "\u{300}", "a", "word", "7",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    proptest::collection::vec(pieces, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_is_typed_no_other_tag_or_attribute_comes_of_it(body in wild()) {
        let shown = shown(&body, &ada());
        let words = without_tags(&shown.markup.into_string());
        if !shown.differs {
            prop_assert_eq!(&words, &body);
            prop_assert_eq!(excerpt(&body), body.as_str());
        }
        // Nothing is lost but delimiters and spaces, and nothing is added.
        let mut typed = body.chars();
        if !body.contains(':') {
            for letter in words.chars().filter(|letter| !letter.is_whitespace()) {
                prop_assert!(typed.any(|other| other == letter), "{:?} of {:?}", letter, body);
            }
        }
        let letters = |text: &str| text.chars().filter(|letter| matches!(letter, '重' | 'é' | '|' | '#' | '<')).count();
        if !["](", "```", "~~~"].iter().any(|mark| body.contains(mark)) {
            prop_assert_eq!(letters(&words), letters(&body), "{:?} of {:?}", words, body);
        }
    }

    #[test]
    fn what_is_plain_at_a_look_is_shown_as_it_was_typed(body in wild()) {
        let (markup, differs) = write(&body, &[], Form::Markup);
        if is_plain(&body) {
            prop_assert!(!differs);
            let mut escaped = String::new();
            body.render_to(&mut escaped);
            prop_assert_eq!(markup, escaped);
        }
    }
}
