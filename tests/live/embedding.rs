//! What the chat says to pages of other origins: the script that embeds it, who may frame it, and who may ask the API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::asking::{ask, header, problem};
use crate::cast::Cast;

const SHOP: &str = "https://shop.example";
/// Of the script, before compression: more would be felt where it is put in.
const SCRIPT_BYTES_MAX: usize = 15_000;

async fn cast() -> Cast {
    Cast::with(&[("ALLOWED_ORIGINS", SHOP)]).await
}

#[tokio::test]
async fn the_script_that_embeds_is_small_for_every_page_and_kept_until_it_changes() {
    let cast = cast().await;
    let address = cast.server.address;
    let script = ask(
        address,
        Method::GET,
        "/embed.js",
        &[("origin", "https://any.example")],
        "",
    )
    .await;
    assert_eq!(script.status(), 200);
    assert_eq!(header(&script, "access-control-allow-origin"), "*");
    assert_eq!(
        header(&script, "cross-origin-resource-policy"),
        "cross-origin"
    );
    assert!(header(&script, "content-type").starts_with("text/javascript"));
    assert!(header(&script, "cache-control").contains("max-age=300"));
    let tag = header(&script, "etag").to_owned();
    let text = script.text().await.unwrap();
    assert!(text.len() < SCRIPT_BYTES_MAX, "{} bytes", text.len());
    assert!(text.contains("web-chat"));
    let known = [("if-none-match", tag.as_str())];
    let again = ask(address, Method::GET, "/embed.js", &known, "").await;
    assert_eq!(again.status(), 304);
    assert_eq!(header(&again, "access-control-allow-origin"), "*");
    let other = [("if-none-match", "\"other\"")];
    let again = ask(address, Method::GET, "/embed.js", &other, "").await;
    assert_eq!(again.status(), 200);
}

#[tokio::test]
async fn a_page_is_told_whether_it_may_show_the_chat_and_what_to_set() {
    let cast = cast().await;
    for (origin, expected) in [
        (SHOP, json!({"allowed": true, "origin": SHOP, "set": null})),
        (
            "https://other.example",
            json!({"allowed": false, "origin": "https://other.example",
                "set": "ALLOWED_ORIGINS=https://shop.example,https://other.example"}),
        ),
        (
            "null",
            json!({"allowed": false, "origin": null, "set": null}),
        ),
    ] {
        let headers = [("origin", origin)];
        let answer = ask(
            cast.server.address,
            Method::GET,
            "/embed/check",
            &headers,
            "",
        )
        .await;
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        assert_eq!(answer.json::<Value>().await.unwrap(), expected);
        let module = ask(
            cast.server.address,
            Method::GET,
            "/embed/check.js",
            &headers,
            "",
        )
        .await;
        assert!(header(&module, "content-type").starts_with("text/javascript"));
        let text = module.text().await.unwrap();
        let said = text
            .strip_prefix("export default ")
            .and_then(|text| text.strip_suffix(';'))
            .unwrap();
        assert_eq!(serde_json::from_str::<Value>(said).unwrap(), expected);
    }
}

#[tokio::test]
async fn pages_may_be_framed_by_allowed_ones_alone_and_the_first_says_nothing_of_anybody() {
    let cast = cast().await;
    let cookie = format!("webchat_session={}", cast.ada.token);
    for path in ["/embed", "/", "/chats"] {
        let headers = [("cookie", cookie.as_str()), ("accept", "text/html")];
        let page = ask(cast.server.address, Method::GET, path, &headers, "").await;
        let policy = header(&page, "content-security-policy");
        assert!(
            policy.ends_with("frame-ancestors 'self' https://shop.example"),
            "{path}: {policy}"
        );
        let html = page.text().await.unwrap();
        assert!(html.contains("data-origins=\"https://shop.example\""));
        assert_eq!(html.contains("Ada"), path != "/embed", "{path}");
    }
}

#[tokio::test]
async fn what_the_page_around_wants_outlives_the_way_through_the_door() {
    let cast = cast().await;
    let path = format!("/c/{}?alone=1&theme=dark&dir=rtl&other=1", cast.direct);
    let framed = [("sec-fetch-dest", "iframe"), ("accept", "text/html")];
    let door = ask(cast.server.address, Method::GET, &path, &framed, "").await;
    let html = door.text().await.unwrap();
    let next = format!("/c/{}?alone=1&amp;theme=dark&amp;dir=rtl", cast.direct);
    assert!(
        html.contains(&format!("name=\"next\" value=\"{next}\"")),
        "{html}"
    );
    assert!(html.contains("name=\"framed\" value=\"1\"") && html.contains("embed_door.js"));
    assert!(html.contains("data-theme=\"dark\"") && html.contains("dir=\"rtl\""));
    let body = format!(
        "name=Zoe&framed=1&next={}",
        "%2Fc%2F7%3Falone%3D1%26theme%3Ddark"
    );
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let entered = ask(
        cast.server.address,
        Method::POST,
        "/auth/guest",
        &form,
        body,
    )
    .await;
    assert_eq!(header(&entered, "location"), "/c/7?alone=1&theme=dark");
    assert!(header(&entered, "set-cookie").contains("Partitioned"));

    let bearer = format!("Bearer {}", cast.ada.token);
    let known = [("authorization", bearer.as_str()), ("accept", "text/html")];
    let page = ask(cast.server.address, Method::GET, &path, &known, "").await;
    let html = page.text().await.unwrap();
    assert!(html.contains("data-alone") && html.contains("data-theme=\"dark\""));
}

#[tokio::test]
async fn scripts_of_allowed_pages_may_ask_the_api_by_a_token_and_others_may_not() {
    let cast = cast().await;
    let address = cast.server.address;
    let question = |origin: &'static str| {
        [
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            (
                "access-control-request-headers",
                "authorization, content-type",
            ),
        ]
    };
    for path in ["/api/users/me", "/auth/token", "/sse"] {
        let answer = ask(address, Method::OPTIONS, path, &question(SHOP), "").await;
        assert_eq!(answer.status(), 204, "{path}");
        assert_eq!(header(&answer, "access-control-allow-origin"), SHOP);
        assert!(header(&answer, "access-control-allow-headers").contains("authorization"));
        assert!(header(&answer, "access-control-allow-methods").contains("PUT"));
        assert_eq!(header(&answer, "access-control-allow-credentials"), "");
        let answer = ask(
            address,
            Method::OPTIONS,
            path,
            &question("https://evil.example"),
            "",
        )
        .await;
        assert_eq!(header(&answer, "access-control-allow-origin"), "");
        let (status, problem) = problem(answer).await;
        assert_eq!(
            (status, &problem["code"]),
            (403, &json!("origin_not_allowed"))
        );
    }

    let bearer = format!("Bearer {}", cast.ada.token);
    let headers = [("origin", SHOP), ("authorization", bearer.as_str())];
    let answer = ask(address, Method::GET, "/api/users/me", &headers, "").await;
    assert_eq!(header(&answer, "access-control-allow-origin"), SHOP);
    assert!(header(&answer, "access-control-expose-headers").contains("retry-after"));
    let varies: Vec<_> = answer.headers().get_all("vary").iter().collect();
    assert!(varies.iter().any(|value| *value == "origin"), "{varies:?}");

    // A cookie opens nothing to another page's script: the answer is not for it to read.
    let cookie = format!("webchat_session={}", cast.ada.token);
    let headers = [("origin", "https://evil.example"), ("cookie", &cookie)];
    let answer = ask(address, Method::GET, "/api/users/me", &headers, "").await;
    assert_eq!(header(&answer, "access-control-allow-origin"), "");
    // What is no question of a browser's is refused as everywhere.
    let answer = ask(address, Method::OPTIONS, "/api/users/me", &[], "").await;
    assert_eq!(answer.status(), 405);
}

#[tokio::test]
async fn what_changed_comes_with_its_html_to_who_shows_it() {
    let cast = cast().await;
    let cursor = cast.fresh_cursor(&cast.ada).await;
    cast.bob.say(cast.direct, "in *passing*").await;
    cast.relayed().await;
    for (render, has_html) in [("&render=html", true), ("", false)] {
        let (_, changes) = cast
            .ada
            .get(&format!("/api/changes?cursor={cursor}{render}"))
            .await;
        let events = changes["events"].as_array().unwrap();
        let message = events
            .iter()
            .find(|event| event["message"]["body"] == "in *passing*")
            .unwrap();
        let html = message["html"].as_str().unwrap_or_default();
        assert_eq!(html.contains("<em>passing</em>"), has_html, "{message}");
    }
}
