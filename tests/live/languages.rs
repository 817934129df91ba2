//! Which language a page speaks, and that what is rendered for many speaks none of one reader's.

use std::collections::BTreeMap;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::asking::{ask, header};
use crate::cast::Cast;
use crate::support::{Person, Socket, run};

/// A text as the German catalog has it.
fn german(key: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/views/languages/de.json");
    let catalog: BTreeMap<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let said = catalog[key].as_str().unwrap().to_owned();
    assert_ne!(said, key);
    said
}

/// What a request says about languages.
#[derive(Clone, Copy, Default)]
struct Wish<'a> {
    /// With its question mark.
    query: &'a str,
    look: &'a str,
    accept: &'a str,
}

async fn get(cast: &Cast, person: Option<&Person>, path: &str, wish: Wish<'_>) -> Response {
    let session = person.map_or_else(String::new, |person| {
        format!("webchat_session={}; ", person.token)
    });
    let cookie = format!("{session}webchat_look={}", wish.look);
    let mut headers = vec![("accept", "text/html"), ("cookie", cookie.as_str())];
    if !wish.accept.is_empty() {
        headers.push(("accept-language", wish.accept));
    }
    let path = format!("{path}{}", wish.query);
    ask(cast.server.address, Method::GET, &path, &headers, "").await
}

async fn html(cast: &Cast, person: Option<&Person>, path: &str, wish: Wish<'_>) -> String {
    get(cast, person, path, wish).await.text().await.unwrap()
}

/// Language and direction of a document.
fn root(html: &str) -> (&str, &str) {
    let (_, root) = html.split_once("<html").unwrap();
    let (root, _) = root.split_once('>').unwrap();
    let value = |name: &str| {
        let (_, rest) = root.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0
    };
    (value("lang"), value("dir"))
}

#[tokio::test]
async fn a_page_speaks_what_its_address_says_else_its_reader_else_their_browser() {
    let cast = Cast::assemble().await;
    for (query, look, accept, language) in [
        ("", "", "", "en"),
        ("", "", "de-AT,de;q=0.9,en;q=0.8", "de"),
        ("", "", "it,fr-CA;q=0.7,es;q=0.8", "es"),
        ("", "dark.de", "fr", "de"),
        ("", "en", "fr", "en"),
        ("?lang=es", "de", "fr", "es"),
        ("?lang=fr-CH", "", "", "fr"),
        ("?lang=xx", "de", "fr", "de"),
        ("?lang=xx", "xx", "xx", "en"),
        ("?lang=", "", "de", "de"),
        ("?lang=DE", "", "", "de"),
    ] {
        let wish = Wish {
            query,
            look,
            accept,
        };
        for person in [None, Some(&cast.ada)] {
            let html = html(&cast, person, "/chats", wish).await;
            let case = format!("{query} {look} {accept}");
            assert_eq!(root(&html), (language, "ltr"), "{case}");
            if person.is_some() {
                let is_german = html.contains(&german("Search messages"));
                assert_eq!(is_german, language == "de", "{case}");
                let is_english = html.contains("Search messages");
                assert!(is_english || language != "en", "{case}");
                assert!(!is_english || language != "de", "{case}");
            }
            // What its script says is on its way; English is in the script.
            let words = format!("/words_{language}.js\"");
            let is_announced = person.is_some() && language != "en";
            assert_eq!(html.contains(&words), is_announced, "{case}");
            assert_eq!(html.contains("/words_"), is_announced, "{case}");
        }
    }
}

#[tokio::test]
async fn hostile_wishes_are_english() {
    let cast = Cast::assemble().await;
    let long = "de-x,".repeat(1_000);
    let many = format!("{}de", "xx,".repeat(1_000));
    for (accept, language) in [
        (";;;,,,q=,=", "en"),
        ("de;q=9", "en"),
        ("de;q=-1", "en"),
        ("de;q=NaN", "en"),
        ("de;q=0", "en"),
        ("\"><script>", "en"),
        ("*", "en"),
        (many.as_str(), "en"),
        (long.as_str(), "de"),
    ] {
        let wish = Wish {
            accept,
            ..Wish::default()
        };
        let html = html(&cast, None, "/", wish).await;
        assert_eq!(root(&html), (language, "ltr"), "{accept}");
        assert!(!html.contains("<script>"));
    }
    for query in [
        "?lang=%22%3E%3Cscript%3E",
        "?lang=..%2F..%2Fde",
        "?lang=%00",
        "?lang=%FF",
    ] {
        let wish = Wish {
            query,
            ..Wish::default()
        };
        let html = html(&cast, Some(&cast.ada), "/chats", wish).await;
        assert_eq!(root(&html), ("en", "ltr"), "{query}");
        assert!(!html.contains("<script>") && !html.contains("/words_"));
    }
}

#[tokio::test]
async fn parts_of_a_page_speak_what_its_script_asks_for_whatever_the_cookie_says() {
    let cast = Cast::assemble().await;
    for (look, accept, is_german) in [
        ("", "de", true),
        ("fr", "de", true),
        ("de", "en", false),
        ("de", "", false),
    ] {
        let wish = Wish {
            query: "?lang=de",
            look,
            accept,
        };
        let response = get(&cast, Some(&cast.ada), "/parts/dialog/browse", wish).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "cache-control"), "no-store");
        let html = response.text().await.unwrap();
        assert_eq!(html.contains(&german("Find rooms")), is_german, "{accept}");
        assert_eq!(html.contains("Find rooms"), !is_german, "{accept}");
    }
}

#[tokio::test]
async fn every_page_says_its_language_and_arabic_goes_from_right_to_left() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob]).await;
    let (_, invite) = cast
        .ada
        .post(&format!("/api/conversations/{group}/invites"), json!({}))
        .await;
    let link = format!("/i/{}", invite["token"].as_str().unwrap());
    let direct = format!("/c/{}", cast.direct);
    for (person, path) in [
        (None, "/"),
        (None, link.as_str()),
        (None, "/i/nothing"),
        (None, "/embed"),
        (None, "/nothing"),
        (Some(&cast.ada), "/"),
        (Some(&cast.ada), direct.as_str()),
        (Some(&cast.eve), direct.as_str()),
        (Some(&cast.eve), link.as_str()),
    ] {
        for (query, look, wanted) in [
            ("?lang=ar", "", ("ar", "rtl")),
            ("", "ar", ("ar", "rtl")),
            // Whoever chooses a direction has it.
            ("?lang=ar&dir=ltr", "", ("ar", "ltr")),
            ("", "ar.ltr", ("ar", "ltr")),
            ("?lang=de", "rtl", ("de", "rtl")),
            ("?lang=de", "", ("de", "ltr")),
        ] {
            let wish = Wish {
                query,
                look,
                accept: "",
            };
            let response = get(&cast, person, path, wish).await;
            assert_eq!(header(&response, "cache-control"), "no-store");
            let html = response.text().await.unwrap();
            assert_eq!(root(&html), wanted, "{path}{query} {look}");
        }
    }
    // What is written about the chat is in English.
    for path in ["/docs", "/docs/wire"] {
        let wish = Wish {
            query: "?lang=ar",
            ..Wish::default()
        };
        let html = html(&cast, None, path, wish).await;
        assert_eq!(root(&html), ("en", "ltr"), "{path}");
    }
}

#[tokio::test]
async fn whoever_keeps_pages_is_told_what_they_depend_on() {
    let cast = Cast::assemble().await;
    for (person, path) in [
        (None, "/"),
        (None, "/embed"),
        (None, "/i/nothing"),
        (Some(&cast.ada), "/chats"),
    ] {
        let response = get(&cast, person, path, Wish::default()).await;
        let varies = header(&response, "vary");
        for name in ["cookie", "accept-language"] {
            assert!(
                varies.split(", ").any(|one| one == name),
                "{path}: {varies}"
            );
        }
        assert_eq!(header(&response, "cache-control"), "no-store");
    }
}

#[tokio::test]
async fn a_fragment_for_many_is_english_with_marks_and_a_page_is_its_readers_from_the_beginning() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob]).await;
    let bearer = format!("Bearer {}", cast.bob.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("accept-language", "de"),
    ];
    let mut socket = Socket::open(cast.server.address, "/ws?render=html", &headers)
        .await
        .unwrap();
    let message = cast.ada.say(group, "Helo").await;
    socket.message("Helo").await;
    let path = format!("/api/messages/{}", message["id"].as_str().unwrap());
    assert_eq!(cast.ada.put(&path, json!({"body": "Hello"})).await.0, 200);
    let is_changed =
        |frame: &Value| frame["message"]["body"] == "Hello" && frame["html"].is_string();
    let frame = socket.next_where(is_changed).await;
    let english = r#"data-say="edited">edited<"#;
    assert!(frame["html"].as_str().unwrap().contains(english), "{frame}");

    // Who asks for history in German gets what everybody gets, and it is kept for nobody in German.
    let history = format!("/api/conversations/{group}/messages?render=html");
    for accept in ["de", "en", "de"] {
        let wish = Wish {
            accept,
            ..Wish::default()
        };
        let page = get(&cast, Some(&cast.bob), &history, wish).await;
        let page: Value = page.json().await.unwrap();
        let all: String = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|item| item["html"].as_str())
            .collect();
        assert!(all.contains(english), "{all}");
        assert!(!all.contains(&german("edited")), "{all}");
        assert!(
            all.contains(r#"data-say="{actor} created the group “{title}”""#),
            "{all}"
        );
    }

    let german_page = html(
        &cast,
        Some(&cast.bob),
        &format!("/c/{group}"),
        Wish {
            accept: "de",
            ..Wish::default()
        },
    )
    .await;
    let edited = format!(r#"data-say="edited">{}<"#, german("edited"));
    assert!(german_page.contains(&edited));
    let told = german("{actor} created the group “{title}”").replace("{actor}", "Ada");
    let told = told.split_once("{title}").unwrap().0.to_owned();
    assert!(german_page.contains(&told), "{told}");
    assert!(!german_page.contains("Ada created"));
}

#[tokio::test]
async fn whatever_the_system_tells_is_said_from_its_data() {
    let cast = Cast::assemble().await;
    let room = cast.ada.group(&[&cast.bob]).await;
    let client = cast.database.connect().await;
    let names = ["Ada", "Bob", "Cid", "Dora", "Emil"];
    let mut told = Vec::new();
    for actor in [Value::Null, json!("Grace \"G\" {people}")] {
        for kind in ["group", "room"] {
            for event in [
                "created",
                "title_changed",
                "description_changed",
                "picture_changed",
                "closed",
            ] {
                told.push(
                    json!({"event": event, "actor_name": actor, "user_ids": [], "user_names": [],
                    "count": 0, "kind": kind, "title": "A & {actor}"}),
                );
            }
        }
        for count in 1..=names.len() {
            let people = json!({"actor_name": actor, "user_names": names[..count], "count": count});
            for event in [
                "members_added",
                "members_approved",
                "members_joined",
                "members_left",
                "members_removed",
                "role_changed",
            ] {
                let mut data = people.clone();
                data["event"] = json!(event);
                told.push(data);
            }
            let mut by_link = people.clone();
            by_link["event"] = json!("members_joined");
            by_link["by_link"] = json!(true);
            told.push(by_link);
            for role in ["owner", "admin", "member"] {
                for is_own in [false, true] {
                    let mut changed = people.clone();
                    changed["event"] = json!("role_changed");
                    changed["role"] = json!(role);
                    changed["actor_id"] = json!("1");
                    changed["user_ids"] = json!([if is_own { "1" } else { "2" }]);
                    told.push(changed);
                }
            }
        }
    }
    let data: Vec<String> = told.iter().map(Value::to_string).collect();
    run(
        &client,
        "insert into chat.messages (conversation_id, kind, body, data)
         select $1, 'system', chat.system_words(d::jsonb), d::jsonb from unnest($2::text[]) with ordinality x (d, n) order by n",
        &[&room, &data],
    )
    .await;
    let mut after = 0;
    let mut said = 0;
    while said < told.len() {
        let path =
            format!("/api/conversations/{room}/messages?after={after}&limit=100&render=html");
        let (status, page) = cast.bob.get(&path).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap();
        assert!(!items.is_empty(), "{said} of {}", told.len());
        for item in items {
            after = item["seq"].as_i64().unwrap();
            let html = item["html"].as_str().unwrap();
            // Its maker's own message is before those.
            let is_marked = html.contains("message__body\" dir=\"auto\" data-say=");
            assert!(is_marked, "{} {html}", item["data"]);
            said += usize::from(after > 1);
        }
    }
}

#[tokio::test]
async fn what_the_host_project_wrote_over_a_system_message_is_what_is_read() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob]).await;
    let client = cast.database.connect().await;
    run(
        &client,
        "update chat.messages set body = 'Welcome, all' where conversation_id = $1 and seq = 1",
        &[&group],
    )
    .await;
    let wish = Wish {
        accept: "de",
        ..Wish::default()
    };
    let html = html(&cast, Some(&cast.bob), &format!("/c/{group}"), wish).await;
    assert!(html.contains("Welcome, all"));
    assert!(!html.contains("created the group"));
}

#[tokio::test]
async fn a_form_that_went_wrong_answers_in_the_language_of_where_it_leads() {
    let cast = Cast::assemble().await;
    let long = "x".repeat(100);
    for (next, accept, language) in [
        ("/chats%3Flang%3Dde", "fr", "de"),
        ("/chats", "fr", "fr"),
        ("/chats", "", "en"),
    ] {
        let mut headers = vec![
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        if !accept.is_empty() {
            headers.push(("accept-language", accept));
        }
        let response = ask(
            cast.server.address,
            Method::POST,
            "/auth/guest",
            &headers,
            format!("name={long}&next={next}"),
        )
        .await;
        assert_eq!(response.status(), 422);
        let html = response.text().await.unwrap();
        assert_eq!(root(&html).0, language, "{next} {accept}");
        if language == "en" {
            assert!(html.contains("Must have at most 80 characters."), "{html}");
        }
    }
}

#[tokio::test]
async fn the_settings_offer_every_language_in_its_own_name() {
    let cast = Cast::assemble().await;
    let wish = Wish {
        look: "fr",
        ..Wish::default()
    };
    let html = html(&cast, Some(&cast.ada), "/chats", wish).await;
    for (code, name) in [
        ("en", "English"),
        ("de", "Deutsch"),
        ("fr", "Français"),
        ("es", "Español"),
        ("ar", "العربية"),
    ] {
        let chosen = if code == "fr" { " selected" } else { "" };
        let option =
            format!(r#"<option value="{code}" lang="{code}" dir="auto"{chosen}>{name}</option>"#);
        assert!(html.contains(&option), "{option}");
    }
}
