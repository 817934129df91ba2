//! Lists, a page at a time: nothing twice, nothing left out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cast::Cast;
use crate::support::{Person, run};

fn seqs(page: &Value) -> Vec<i64> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|message| message["seq"].as_i64().unwrap())
        .collect()
}

/// Pages through a list by what each page gives as `next`; every item's `key`, in order.
async fn walk(person: &Person, path: &str, by: &str, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut query = String::new();
    loop {
        let (status, page) = person.get(&format!("{path}{query}")).await;
        assert_eq!(status, 200, "{page}");
        found.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item[key].to_string()),
        );
        match &page["next"] {
            Value::Null => return found,
            Value::String(next) => query = format!("&{by}={next}"),
            next => query = format!("&{by}={next}"),
        }
    }
}

#[tokio::test]
async fn a_history_is_read_before_after_and_around_a_message() {
    let cast = Cast::assemble().await;
    let database = cast.database.connect().await;
    run(
        &database,
        "insert into chat.messages (conversation_id, sender_id, body)
         select $1, $2, n::text from generate_series(1, 130) n",
        &[&cast.direct, &cast.ada.id],
    )
    .await;
    let path = format!("/api/conversations/{}/messages", cast.direct);
    for (query, wanted, next) in [
        ("", (81..=130).collect::<Vec<_>>(), json!(81)),
        ("?limit=100", (31..=130).collect(), json!(31)),
        ("?limit=3", vec![128, 129, 130], json!(128)),
        ("?limit=3&before=4", vec![1, 2, 3], Value::Null),
        ("?limit=3&before=3", vec![1, 2], Value::Null),
        ("?limit=3&before=1", vec![], Value::Null),
        ("?limit=3&before=0", vec![], Value::Null),
        ("?limit=3&after=0", vec![1, 2, 3], json!(3)),
        ("?limit=1&after=0", vec![1], json!(1)),
        ("?limit=3&after=128", vec![129, 130], Value::Null),
        ("?limit=4&around=50", vec![49, 50, 51, 52], json!(49)),
        ("?limit=1&around=50", vec![50], json!(50)),
        ("?limit=5&around=1", vec![1, 2, 3], Value::Null),
    ] {
        let (status, page) = cast.bob.get(&format!("{path}{query}")).await;
        assert_eq!(status, 200, "{query}: {page}");
        let mut got = seqs(&page);
        got.sort_unstable();
        assert_eq!(seqs(&page), got, "{query}: in order");
        if !query.contains("around") {
            assert_eq!((got, &page["next"]), (wanted, &next), "{query}");
        } else if query.contains("=50") {
            assert!(got.contains(&50), "{query}: {got:?}");
            assert_eq!(got.len(), wanted.len(), "{query}: {got:?}");
        } else {
            assert!(got.starts_with(&[1]), "{query}: {got:?}");
        }
    }
    for limit in [1, 7, 65, 100] {
        let forward = walk(
            &cast.bob,
            &format!("{path}?limit={limit}&after=0"),
            "after",
            "seq",
        )
        .await;
        assert!(
            forward.iter().map(String::as_str).eq((1..=130)
                .map(|n| n.to_string())
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str)),
            "{limit}"
        );
        let back = walk(&cast.bob, &format!("{path}?limit={limit}"), "before", "seq").await;
        assert_eq!(back.len(), 130, "{limit}");
        assert_eq!(back.iter().collect::<BTreeSet<_>>().len(), 130, "{limit}");
    }
    assert_eq!(cast.eve.get(&path).await.0, 403);
}

#[tokio::test]
async fn conversations_come_the_most_recently_active_first() {
    let cast = Cast::assemble().await;
    let mut groups = Vec::new();
    for _ in 0..7 {
        groups.push(cast.ada.group(&[&cast.bob]).await);
    }
    cast.eve.group(&[]).await;
    cast.ada.say(groups[3], "newest").await;
    let path = "/api/conversations?limit=3";
    let ids = walk(&cast.bob, path, "before", "id").await;
    assert_eq!(ids.len(), 8);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 8);
    assert_eq!(ids[0], json!(groups[3]).to_string());
    let (_, page) = cast.bob.get("/api/conversations").await;
    assert_eq!(page["next"], Value::Null);
    assert_eq!(page["items"][0]["last_message"]["body"], "newest");
    assert_eq!(
        (&page["items"][0]["unread"], &page["items"][1]["unread"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(walk(&cast.eve, path, "before", "id").await.len(), 1);
}

#[tokio::test]
async fn members_and_people_come_a_page_at_a_time() {
    let cast = Cast::assemble().await;
    let mut people = Vec::new();
    for n in 0..7 {
        people.push(Person::guest(cast.server.address, &format!("Guest {n} Ärger")).await);
    }
    let group = cast.ada.group(&people.iter().collect::<Vec<_>>()).await;
    let path = format!("/api/conversations/{group}/members?limit=3");
    let members = walk(&people[0], &path, "after", "user_id").await;
    assert_eq!(members.iter().collect::<BTreeSet<_>>().len(), 8);
    assert_eq!(members.len(), 8);
    assert_eq!(cast.eve.get(&path).await.0, 403);

    let found = walk(
        &cast.eve,
        "/api/users?limit=2&q=%C3%A4RGER",
        "after",
        "name",
    )
    .await;
    let wanted: Vec<_> = (0..7).map(|n| format!("\"Guest {n} Ärger\"")).collect();
    assert_eq!(found, wanted);
    let (_, page) = cast.eve.get("/api/users?q=%25").await;
    assert_eq!(page["items"], json!([]), "a percent sign stands for itself");
    let everyone = walk(&cast.eve, "/api/users?limit=4", "after", "id").await;
    assert_eq!(everyone.len(), 10);
}
