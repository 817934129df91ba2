//! Histories by offset, and what is in them.

use serde_json::{Value, json};

use super::{Foreigner, call, serve, text};

async fn said(person: &Foreigner, group: &str, content: &str) -> Value {
    let body = json!({"group_id": group, "content": content});
    let (status, message) = person.post("/api/messages/", body).await;
    assert_eq!(status, 201, "{message}");
    message
}

#[tokio::test]
async fn the_newest_come_first_by_page_and_the_oldest_first_in_each() {
    let (_database, server) = serve().await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let body = json!({"name": "Crew", "members": [ben.id]});
    let (_, group) = ann.as_person().post("/api/groups/", body).await;
    let group = text(&group["id"]);
    let mut messages = Vec::new();
    for number in 1..=7 {
        messages.push(said(&ann, &group, &number.to_string()).await);
    }
    // What nobody sees any more, or one alone does not, takes no place.
    let path = format!("/api/messages/{}", text(&messages[5]["id"]));
    ann.as_person().delete(&path).await;
    let path = format!("/api/messages/{}?for=me", text(&messages[1]["id"]));
    ben.as_person().delete(&path).await;
    let history = format!("/chats/room/{group}/history");
    for (person, query, contents, next) in [
        (&ann, "", vec!["1", "2", "3", "4", "5", "7"], json!(null)),
        (&ben, "", vec!["1", "3", "4", "5", "7"], json!(null)),
        (&ben, "?limit=2", vec!["5", "7"], json!(2)),
        (&ben, "?limit=2&offset=2", vec!["3", "4"], json!(4)),
        (&ben, "?limit=2&offset=4", vec!["1"], json!(null)),
        (&ben, "?limit=2&offset=10000", vec![], json!(null)),
    ] {
        let (status, page) = person.get(&format!("{history}{query}")).await;
        assert_eq!(status, 200, "{page}");
        let found: Vec<_> = page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| text(&one["content"]))
            .collect();
        assert_eq!(
            (found, &page["next_offset"]),
            (contents.iter().map(|&one| one.to_owned()).collect(), &next),
            "{query}"
        );
    }
    for query in [
        "?limit=0",
        "?limit=101",
        "?offset=-1",
        "?offset=10001",
        "?offset=x",
    ] {
        let (status, problem) = ann.get(&format!("{history}{query}")).await;
        let field = query[1..].split('=').next().unwrap();
        assert_eq!(
            (status, &problem["code"]),
            (422, &json!("bad_parameter")),
            "{query}"
        );
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{field}:")),
            "{problem}"
        );
    }
    let eve = Foreigner::new(server.address, "Eve").await;
    assert_eq!(eve.get(&history).await.0, 403);
    assert_eq!(
        call(server.address, "GET", &history, "", Value::Null)
            .await
            .0,
        401
    );
}

#[tokio::test]
async fn the_newest_of_all_conversations_stand_in_the_order_of_time() {
    let (_database, server) = serve().await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let cy = Foreigner::new(server.address, "Cy").await;
    let (_, group) = ann
        .as_person()
        .post("/api/groups/", json!({"name": "Crew"}))
        .await;
    let group = text(&group["id"]);
    let to =
        |person: &Foreigner, content: &str| json!({"receiver_id": person.id, "content": content});
    ann.post("/api/messages/", to(&ben, "1")).await;
    said(&ann, &group, "2").await;
    cy.post("/api/messages/", to(&ann, "3")).await;
    ben.post("/api/messages/", to(&cy, "not Ann's")).await;
    said(&ann, &group, "4").await;
    ann.post("/api/messages/", to(&ben, "5")).await;
    // Conversations in which nobody has said anything stand before none.
    for name in ["Quiet", "Still"] {
        ann.as_person()
            .post("/api/groups/", json!({"name": name}))
            .await;
    }
    for (query, contents) in [
        ("", vec!["1", "2", "3", "4", "5"]),
        ("?limit=1", vec!["5"]),
        ("?limit=2&offset=1", vec!["3", "4"]),
        ("?limit=3&offset=3", vec!["1", "2"]),
        ("?offset=1000", vec![]),
    ] {
        let found = ann.contents(&format!("/api/messages/{query}")).await;
        assert_eq!(found, contents, "{query}");
    }
    let (status, problem) = ann.get("/api/messages/?offset=1001").await;
    assert_eq!((status, &problem["code"]), (422, &json!("bad_parameter")));
    let path = format!("/api/messages/?offset=1001&group_id={group}");
    assert_eq!(ann.contents(&path).await, [""; 0]);
}
