//! Searching over HTTP.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::asking::ask;
use crate::cast::{Cast, until};
use crate::support::{Person, run};

fn bodies(page: &Value) -> Vec<&str> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["message"]["body"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn what_was_sent_a_moment_ago_is_found_by_who_may_read_it_and_by_nobody_else() {
    let cast = Cast::assemble().await;
    let said = cast.ada.say(cast.direct, "The banister was painted").await;
    let (status, page) = cast.bob.get("/api/search?q=NIST").await;
    assert_eq!(status, 200);
    assert_eq!(bodies(&page), ["The banister was painted"]);
    let hit = &page["items"][0];
    assert_eq!(hit["message"]["id"], said["id"]);
    assert_eq!(hit["message"]["seq"], said["seq"]);
    assert_eq!(hit["message"]["sender_name"], "Ada");
    assert_eq!(
        hit["conversation"],
        json!({"id": cast.direct, "kind": "direct", "title": "Ada"})
    );
    assert_eq!(page["next"], Value::Null);
    let (_, page) = cast.eve.get("/api/search?q=nist").await;
    assert_eq!(bodies(&page), Vec::<&str>::new());
    let (status, problem) = cast
        .eve
        .get(&format!(
            "/api/search?q=nist&conversation_id={}",
            cast.direct
        ))
        .await;
    assert_eq!((status, &problem["code"]), (403, &"not_a_member".into()));

    let path = format!("/api/messages/{}", said["id"].as_str().unwrap());
    let edited = cast.ada.put(&path, json!({"body": "A stair case"})).await;
    assert_eq!(edited.0, 200);
    let (_, page) = cast.bob.get("/api/search?q=nist").await;
    assert_eq!(bodies(&page), Vec::<&str>::new());
    let (_, page) = cast.bob.get("/api/search?q=%22stair%20case%22").await;
    assert_eq!(bodies(&page), ["A stair case"]);
}

#[tokio::test]
async fn pages_go_on_from_the_last_message_and_filters_go_with_words() {
    let cast = Cast::assemble().await;
    for n in 1..=5 {
        cast.ada.say(cast.direct, &format!("plum {n}")).await;
    }
    cast.bob.say(cast.direct, "plum of Bob").await;
    let (_, first) = cast.bob.get("/api/search?q=plum&limit=4").await;
    assert_eq!(
        bodies(&first),
        ["plum of Bob", "plum 5", "plum 4", "plum 3"]
    );
    let next = first["next"].as_str().unwrap();
    let (_, second) = cast
        .bob
        .get(&format!("/api/search?q=plum&limit=4&before={next}"))
        .await;
    assert_eq!(bodies(&second), ["plum 2", "plum 1"]);
    assert_eq!(second["next"], Value::Null);
    for (query, expected) in [
        (
            format!("q=plum&sender_id={}", cast.bob.id),
            vec!["plum of Bob"],
        ),
        (format!("sender_id={}", cast.bob.id), vec!["plum of Bob"]),
        ("q=plum&kind=image".to_owned(), vec![]),
        (
            "q=plum+2&from=2020-01-01&until=2999-01-01T00:00:00Z".to_owned(),
            vec!["plum 2"],
        ),
        ("q=plum&until=2020-01-01".to_owned(), vec![]),
    ] {
        let (status, page) = cast.ada.get(&format!("/api/search?{query}")).await;
        assert_eq!(status, 200, "{query}: {page}");
        assert_eq!(bodies(&page), expected, "{query}");
    }
}

#[tokio::test]
async fn a_search_that_can_not_be_made_says_which_field_breaks_which_rule() {
    let cast = Cast::assemble().await;
    let long = format!("q={}", "x".repeat(201));
    let unknown = format!("q=plum&before={}", Uuid::nil());
    for (query, code, field) in [
        ("", "query_required", "q"),
        ("q=", "query_required", "q"),
        ("q=a", "term_too_short", "q"),
        ("q=%22%22", "term_too_short", "q"),
        ("q=a%00b", "bad_character", "q"),
        ("q=plum&kind=a%00b", "bad_character", "kind"),
        ("q=plum&from=%00", "bad_parameter", "from"),
        (long.as_str(), "query_too_long", "q"),
        ("q=aa+bb+cc+dd+ee+ff+gg+hh+ii+jj+kk", "too_many_terms", "q"),
        ("q=plum&kind=it%27s", "bad_kind", "kind"),
        ("q=plum&from=yesterday", "bad_parameter", "from"),
        ("q=plum&until=2026-02-30", "bad_parameter", "until"),
        (
            "q=plum&from=2026-02-02&until=2026-01-01",
            "bad_date",
            "from, until",
        ),
        (
            "q=plum&conversation_id=x",
            "bad_parameter",
            "conversation_id",
        ),
        ("q=plum&sender_id=x", "bad_parameter", "sender_id"),
        ("q=plum&before=x", "bad_parameter", "before"),
        (unknown.as_str(), "bad_before", "before"),
        ("q=plum&limit=0", "bad_parameter", "limit"),
        ("q=plum&limit=101", "bad_parameter", "limit"),
    ] {
        let (status, problem) = cast.ada.get(&format!("/api/search?{query}")).await;
        assert_eq!(
            (status, &problem["code"]),
            (422, &code.into()),
            "{query}: {problem}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.starts_with(&format!("{field}:")),
            "{query}: {detail}"
        );
    }
    let (status, _) = cast.ada.get("/api/search?q=%FF%FE+ok").await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_server_indexes_what_is_sent_and_what_was_there_before_it() {
    let database = crate::cast::without_general_room().await;
    let client = database.connect().await;
    let fill = "insert into chat.messages (conversation_id, sender_id, body, created_at)
        select m.conversation_id, m.user_id, $1 || n, now() - interval '1 hour' from chat.members m, generate_series(1, 40) n";
    run(&client, "select set_config('chat.quiet', 'on', false)", &[]).await;
    run(
        &client,
        "select chat.create_group((select id from chat.create_user('Ann')), 'Group')",
        &[],
    )
    .await;
    run(&client, fill, &[&"before "]).await;
    let server = crate::support::TestServer::start(&database).await;
    until(
        &client,
        "select coalesce(max(last_seq), 0) = 40 from chat.search_blocks",
    )
    .await;
    run(&client, fill, &[&"after "]).await;
    until(&client, "select max(last_seq) = 80 from chat.search_blocks").await;
    run(
        &client,
        "update chat.messages set body = 'edited' where seq = 3",
        &[],
    )
    .await;
    until(
        &client,
        "select not exists (select from chat.search_edits)
            and exists (select from chat.search_blocks where texts[3] = 'edited')",
    )
    .await;
    server.stop().await;
}

#[tokio::test]
async fn the_page_gets_what_was_found_as_a_part_with_the_found_words_marked() {
    let cast = Cast::assemble().await;
    let said = cast.ada.say(cast.direct, "Ein Café <b> am **See**").await;
    let part = async |person: Option<&Person>, path: &str| {
        let cookie = person.map(|person| format!("webchat_session={}", person.token));
        let headers: Vec<_> = cookie
            .iter()
            .map(|cookie| ("cookie", cookie.as_str()))
            .collect();
        let path = format!("/parts/search{path}");
        let response = ask(cast.server.address, Method::GET, &path, &headers, "").await;
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (status, html) = part(Some(&cast.bob), "?q=CAFE%20see").await;
    assert_eq!(status, 200);
    let expected = "Ein <mark>Café</mark> &lt;b&gt; am <mark>See</mark>";
    assert!(html.contains(expected), "{html}");
    let address = format!("/c/{}/{}", cast.direct, said["seq"]);
    assert!(html.contains(&address), "{html}");
    let (_, html) = part(Some(&cast.bob), "/options?q=cafe").await;
    assert!(
        html.contains(&address) && html.contains(r#"data-query="cafe""#),
        "{html}"
    );

    // Too little is no mistake of who types; what belongs to others is not there.
    let (status, html) = part(Some(&cast.bob), "?q=a").await;
    assert!(status == 200 && html.contains("data-short"), "{html}");
    let (status, html) = part(Some(&cast.eve), "?q=cafe").await;
    assert!(status == 200 && !html.contains("<li"), "{html}");
    let of_others = format!("?q=cafe&conversation_id={}", cast.direct);
    assert_eq!(part(Some(&cast.eve), &of_others).await.0, 403);
    let (_, html) = part(
        Some(&cast.bob),
        &format!("/senders?q=ÀD&conversation_id={}", cast.direct),
    )
    .await;
    assert!(html.contains(">Ada<") && !html.contains(">Bob"), "{html}");
    let of_others = format!("/senders?conversation_id={}", cast.direct);
    assert_eq!(part(Some(&cast.eve), &of_others).await.0, 403);
    for path in ["?q=cafe", "/options?q=cafe", "/senders"] {
        assert_eq!(part(None, path).await.0, 401, "{path}");
    }
}
