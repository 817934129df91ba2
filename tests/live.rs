//! The server as its clients know it: HTTP, WebSocket and Server-Sent Events.

#![allow(clippy::unwrap_used)]

mod support;

use support::{Person, TestDatabase, TestServer};

#[tokio::test]
async fn what_one_says_the_other_hears_and_nobody_else() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Person::guest(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let direct = ada.direct(&bob).await;
    let mut bobs = bob.connect().await;
    let mut bobs_stream = bob.stream(None).await;
    let mut eves = eve.connect().await;
    let mut adas = ada.connect().await;

    let ack = adas.say(direct, "hello").await;
    assert_eq!(ack["type"], "ack", "{ack}");
    assert_eq!(ack["message"]["seq"], 1);
    assert_eq!(bobs.message("hello").await["id"], ack["message"]["id"]);
    assert_eq!(
        bobs_stream.message("hello").await["id"],
        ack["message"]["id"]
    );
    eves.settle().await;
    assert!(eves.bodies().is_empty());
    server.stop().await;
}
