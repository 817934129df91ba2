//! At home in the host's database: its own users, and its own words for conversations.

use reqwest::Method;
use serde_json::json;

use crate::asking::{ask, header};
use crate::cast::Cast;
use crate::support::{run, value};

impl Cast {
    async fn know(&self) {
        let client = self.database.connect().await;
        run(
            &client,
            "update chat.users set external_id = 'host-' || lower(name)",
            &[],
        )
        .await;
    }

    async fn visit(&self, path: &str, token: Option<&str>) -> reqwest::Response {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("accept", "text/html")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        ask(self.server.address, Method::GET, path, &headers, "").await
    }
}

#[tokio::test]
async fn a_user_whom_the_host_renames_is_renamed_in_an_open_socket() {
    let cast = Cast::assemble().await;
    cast.know().await;
    let client = cast.database.connect().await;
    client
        .batch_execute(
            "create table public.people (id text primary key, name text);
             insert into public.people select external_id, name from chat.users;
             select chat.link_users('public.people')",
        )
        .await
        .unwrap();
    cast.relayed().await;
    let (mut bobs, mut eves) = (cast.bob.connect().await, cast.eve.connect().await);
    run(
        &client,
        "update public.people set name = 'Ada Lovelace' where id = 'host-ada'",
        &[],
    )
    .await;
    let event = bobs.next_of("user").await;
    assert_eq!(
        (&event["user"]["id"], &event["user"]["name"]),
        (&json!(cast.ada.id), &json!("Ada Lovelace"))
    );
    eves.heard_nothing().await;
    // Who is gone from the host's table is gone from the chat, with whatever they have open.
    let mut adas = cast.ada.connect().await;
    run(
        &client,
        "delete from public.people where id = 'host-ada'",
        &[],
    )
    .await;
    assert_eq!(adas.end().await, 4401);
    assert_eq!(cast.ada.get("/api/conversations").await.0, 401);
}

#[tokio::test]
async fn a_topic_is_opened_by_the_hosts_key() {
    let cast = Cast::assemble().await;
    let path = "/api/conversations/topic";
    let mut adas = cast.ada.connect().await;
    let body = json!({"topic": "order-4711", "title": "Your order"});
    let (status, made) = cast.ada.post(path, body.clone()).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(
        (&made["topic"], &made["title"], &made["role"]),
        (&json!("order-4711"), &json!("Your order"), &json!("member"))
    );
    let (status, again) = cast.bob.post(path, body).await;
    assert_eq!((status, &again["id"]), (200, &made["id"]));
    let joined = adas
        .next_where(|frame| frame["type"] == "member" && frame["member"]["user_name"] == "Bob")
        .await;
    assert_eq!(joined["member"]["conversation_id"], made["id"]);
    for (body, status, code, field) in [
        (json!({"topic": ""}), 422, "bad_topic", "topic: "),
        (json!({"topic": "a\u{0}b"}), 422, "bad_character", "topic: "),
        (
            json!({"topic": "x", "title": "y".repeat(121)}),
            422,
            "title_too_long",
            "title: ",
        ),
        (json!({}), 422, "bad_field", ""),
    ] {
        let (answered, problem) = cast.ada.post(path, body).await;
        assert_eq!(
            (answered, &problem["code"]),
            (status, &json!(code)),
            "{problem}"
        );
        assert!(
            problem["detail"].as_str().unwrap().starts_with(field),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_direct_chat_is_opened_by_the_hosts_id_of_the_other() {
    let cast = Cast::assemble().await;
    cast.know().await;
    let path = "/api/conversations/direct";
    let (status, opened) = cast
        .ada
        .post(path, json!({"external_id": "host-bob"}))
        .await;
    assert_eq!((status, &opened["id"]), (200, &json!(cast.direct)));
    let (status, made) = cast
        .ada
        .post(path, json!({"external_id": "host-eve"}))
        .await;
    assert_eq!((status, &made["title"]), (201, &json!("Eve")));
    for (body, status, code) in [
        (json!({"external_id": "nobody"}), 404, "user_not_found"),
        (json!({}), 422, "bad_field"),
        (
            json!({"external_id": "host-bob", "user_id": cast.bob.id}),
            422,
            "bad_field",
        ),
    ] {
        let (answered, problem) = cast.ada.post(path, body).await;
        assert_eq!(
            (answered, &problem["code"]),
            (status, &json!(code)),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn addresses_in_the_hosts_words_lead_to_the_conversation_with_their_query() {
    let cast = Cast::assemble().await;
    cast.know().await;
    let token = Some(cast.ada.token.as_str());
    let response = cast.visit("/with/host-bob?theme=dark&x=%20y", token).await;
    assert_eq!(response.status(), 303);
    assert_eq!(
        header(&response, "location"),
        format!("/c/{}?theme=dark&x=%20y", cast.direct)
    );
    let response = cast.visit("/t/order%2F47%2011", token).await;
    assert_eq!(response.status(), 303);
    let place = header(&response, "location").to_owned();
    let (_, conversation) = cast
        .ada
        .get(&place.replace("/c/", "/api/conversations/"))
        .await;
    assert_eq!(conversation["topic"], "order/47 11");
    // The same again makes no other.
    let response = cast.visit("/t/order%2F47%2011", token).await;
    assert_eq!(header(&response, "location"), place);
    // One that is made so is called as the address says.
    let title = "y".repeat(150);
    let path = format!("/t/order-2?title=Order%202%00{title}");
    let response = cast.visit(&path, token).await;
    let place = header(&response, "location").split('?').next().unwrap();
    let (_, named) = cast
        .ada
        .get(&place.replace("/c/", "/api/conversations/"))
        .await;
    assert_eq!(named["title"], format!("Order 2{}", "y".repeat(113)));
    for path in ["/with/nobody", "/t/%00", "/with/%00", "/t/%20"] {
        assert_eq!(cast.visit(path, token).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn who_has_no_session_is_welcomed_and_led_there_afterwards() {
    let cast = Cast::assemble().await;
    let path = "/t/order-4711?theme=dark";
    let response = cast.visit(path, None).await;
    assert_eq!(response.status(), 200);
    let page = response.text().await.unwrap();
    assert!(
        page.contains("value=\"/t/order-4711?theme=dark\""),
        "{page}"
    );
    let client = cast.database.connect().await;
    let count: i64 = value(
        &client,
        "select count(*) from chat.conversations where topic is not null",
        &[],
    )
    .await;
    assert_eq!(count, 0, "nobody was there to make it");
}
