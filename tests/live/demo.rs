//! `webchat demo`: what somebody finds who looks for the first time.

use std::net::SocketAddr;

use serde_json::json;
use tokio::sync::oneshot;
use webchat::demo::{self, DemoError};
use webchat::settings::Settings;

use crate::support::{Person, TestDatabase, value};

fn settings(database_url: Option<&str>) -> Settings {
    Settings::from_vars(|name| match name {
        "DATABASE_URL" => database_url.map(str::to_owned),
        "AUTH" => Some("guest".to_owned()),
        "PORT" => Some("0".to_owned()),
        "LINK_PREVIEWS" => Some("false".to_owned()),
        "DRAIN_SECONDS" => Some("5".to_owned()),
        _ => None,
    })
    .unwrap()
}

/// Where chat and shop are, and what stops them.
async fn run(
    database: &TestDatabase,
) -> (
    SocketAddr,
    SocketAddr,
    oneshot::Sender<()>,
    tokio::task::JoinHandle<()>,
) {
    let settings = demo::settings(settings(None)).unwrap();
    let address = database.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let (tell, told) = oneshot::channel();
    let running = tokio::spawn(async move {
        let shutdown = async move {
            stopped.await.ok();
        };
        let ready = |chat, shop| {
            tell.send((chat, shop)).ok();
        };
        demo::run(settings, address, shutdown, ready).await.unwrap();
    });
    let (chat, shop) = told.await.unwrap();
    crate::support::wait_until_ready(chat).await;
    (chat, shop, stop, running)
}

/// The people of the demo connect as soon as the server answers.
async fn until_they_are_there(chat: SocketAddr) {
    let early = Person::guest(chat, "Early").await;
    let mut earlys = early.connect().await;
    loop {
        let (_, online) = early.get("/api/users?online=true").await;
        let names = online["items"].as_array().unwrap();
        if names.len() >= 5 {
            return;
        }
        earlys.next_of("presence").await;
    }
}

#[tokio::test]
async fn who_comes_into_the_demo_finds_a_history_and_people_who_answer() {
    let database = TestDatabase::create().await;
    let (chat, shop, stop, running) = run(&database).await;
    until_they_are_there(chat).await;
    let robin = Person::guest(chat, "Robin").await;
    let mut robins = robin.connect().await;
    let client = database.connect().await;
    let general = value(
        &client,
        "select id from chat.conversations where is_general",
        &[],
    )
    .await;

    robins
        .next_where(|frame| {
            frame["message"]["sender_name"] == "Maya Lindqvist"
                && frame["message"]["body"]
                    .as_str()
                    .is_some_and(|body| body.contains("Robin"))
        })
        .await;
    let offer = robins
        .next_where(|frame| {
            frame["type"] == "message" && frame["message"]["sender_name"] == "Tomás Rivera"
        })
        .await;
    robin.say(general, "does it float?").await;
    robins
        .next_where(|frame| frame["type"] == "typing" && frame["user_name"] == "Amara Okafor")
        .await;
    robins
        .next_where(|frame| frame["message"]["sender_name"] == "Amara Okafor")
        .await;
    robins
        .say(
            offer["message"]["conversation_id"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap(),
            "hello Tomás",
        )
        .await;
    robins
        .next_where(|frame| {
            frame["type"] == "message" && frame["message"]["sender_name"] == "Tomás Rivera"
        })
        .await;

    let (_, page) = robin
        .get(&format!("/api/conversations/{general}/messages?limit=100"))
        .await;
    let items = page["items"].as_array().unwrap();
    let picture = items.iter().find(|item| item["kind"] == "image").unwrap();
    assert_eq!(
        (&picture["media"][0]["type"], &picture["data"]["alt"]),
        (
            &json!("image/png"),
            &json!("Evening sun above a fjord between dark hills")
        )
    );
    let times: Vec<_> = items
        .iter()
        .map(|item| item["created_at"].as_str().unwrap())
        .collect();
    assert!(
        times.is_sorted(),
        "what was said before stands before: {times:?}"
    );
    assert!(items.iter().any(|item| {
        item["reactions"]
            .as_array()
            .is_some_and(|felt| felt.len() > 1)
    }));
    assert!(
        items.iter().all(|item| item["kind"] != "system"),
        "nobody is told of how it was made"
    );

    let shown = reqwest::get(format!("http://{shop}/")).await.unwrap();
    let policy = shown.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(!policy.contains("unsafe"), "{policy}");
    let shown = shown.text().await.unwrap();
    assert!(shown.contains(&format!(
        "<script type=\"module\" src=\"http://{chat}/embed.js\"></script>"
    )));

    stop.send(()).unwrap();
    running.await.unwrap();
    // Once more, and the story is not told again.
    let stories = "select count(*) from chat.messages where body like 'Good morning, and welcome%'";
    let (_, _, stop, running) = run(&database).await;
    assert_eq!(value::<i64>(&client, stories, &[]).await, 1);
    stop.send(()).unwrap();
    running.await.unwrap();
}

#[test]
fn a_demo_keeps_out_of_a_projects_database() {
    let outcome = demo::settings(settings(Some("postgresql://db/shop")));
    assert!(matches!(outcome, Err(DemoError::RealDatabase)));
}
