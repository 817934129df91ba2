//! What tests of writing and reading begin with: somebody at a page, and messages that are there.

use std::net::SocketAddr;
use std::ops::Deref;

use serde_json::{Value, json};
use uuid::Uuid;

use super::door::Door;
use crate::browser::{Browser, message_of};
use crate::support::{Client, Person, value};

/// How somebody comes to the page.
#[derive(Clone, Copy)]
pub enum Way {
    Desk,
    Phone,
    /// At a desk, where WebSockets do not get through.
    Stream,
}

/// Somebody at the page, by a line that can be cut.
pub struct Visitor {
    browser: Browser,
    pub door: Door,
}

impl Visitor {
    pub async fn enter(way: Way, server: SocketAddr, name: &str) -> Self {
        let door = match way {
            Way::Stream => Door::without_websocket(server).await,
            Way::Desk | Way::Phone => Door::to(server).await,
        };
        let browser = match way {
            Way::Phone => Browser::open_on_a_phone(door.address).await,
            Way::Desk | Way::Stream => Browser::open(door.address).await,
        };
        browser.give_name(name).await;
        Self { browser, door }
    }

    /// Opens a page and waits until it is live.
    pub async fn open(&self, path: &str) {
        self.go(path).await;
        self.until_live().await;
        self.find("#composer:enabled").await;
    }

    /// Cuts the line, and waits until the page has noticed.
    pub async fn cut(&self) {
        self.door.lead_to(None);
        self.until("document.documentElement.dataset.connection !== 'live'")
            .await;
    }

    /// Leaves; the console may have complained of the line.
    pub async fn close(self) {
        self.close_despite(&[]).await;
    }

    /// Leaves; the console may have complained of the line, and of this.
    pub async fn close_despite(self, expected: &[&str]) {
        const OF_THE_LINE: [&str; 4] = [
            "WebSocket connection to",
            "net::ERR_",
            "Failed to fetch",
            "could not be loaded",
        ];
        let expected = [&OF_THE_LINE[..], expected].concat();
        self.browser.close_despite(&expected).await;
    }
}

impl Deref for Visitor {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

pub async fn general(client: &Client) -> Uuid {
    value(
        client,
        "select id from chat.conversations where is_general",
        &[],
    )
    .await
}

/// The direct chat of a person with whoever is at the page.
pub async fn direct(person: &Person, page: &Browser) -> Uuid {
    let (_, direct) = person
        .post(
            "/api/conversations/direct",
            json!({"user_id": page.user_id().await}),
        )
        .await;
    direct["id"].as_str().unwrap().parse().unwrap()
}

/// Plain SQL inserts "message 1", "message 2" and so on; the first that is missing comes first.
pub async fn fill(client: &Client, conversation: Uuid, sender: Uuid, count: i64) {
    client
        .execute(
            "insert into chat.messages (conversation_id, sender_id, body)
             select $1, $2, 'message ' || said.count + n
             from (select count(*) from chat.messages where conversation_id = $1 and kind <> 'system') said,
                generate_series(1, $3::bigint) n order by n",
            &[&conversation, &sender, &count],
        )
        .await
        .unwrap();
}

/// "message 1" and so on.
pub fn numbered(range: impl Iterator<Item = i64>) -> Vec<String> {
    range.map(|n| format!("message {n}")).collect()
}

/// JavaScript: whether all of a message is within the part of the page that shows messages.
pub fn in_view(text: &str) -> String {
    format!(
        "(() => {{
            const {{ top, bottom }} = document.querySelector('.timeline').getBoundingClientRect();
            const place = {}?.getBoundingClientRect();
            return Boolean(place) && place.top >= top && place.bottom <= bottom;
        }})()",
        message_of(text)
    )
}

/// JavaScript: whether a message is in view and picked out.
pub fn picked_out(text: &str) -> String {
    let item = message_of(text);
    let in_view = in_view(text);
    format!("{item}?.matches('.message--highlight') && {in_view}")
}

pub async fn until_picked_out(browser: &Browser, text: &str) {
    browser.until(&picked_out(text)).await;
}

/// The entry of a conversation in the list.
pub fn link(conversation: Uuid) -> String {
    format!(".conversation__link[href=\"/c/{conversation}\"]")
}

/// Waits until so many messages are sent, and none is on its way.
pub async fn until_sent(browser: &Browser, count: usize) {
    browser
        .until(&format!(
            "document.querySelectorAll('.timeline__messages .message:not(.message--system)').length === {count}
                && !document.querySelector('.timeline__pending .message')"
        ))
        .await;
}

/// A PNG of one colour.
pub fn picture(width: u32, height: u32, color: [u8; 3]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    let pixels = color.repeat((width * height) as usize);
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    out
}

/// Its medium's id.
pub async fn upload(person: &Person, name: &str, bytes: Vec<u8>) -> Value {
    let answer = reqwest::Client::new()
        .post(format!("http://{}/api/media?name={name}", person.address))
        .bearer_auth(&person.token)
        .body(bytes)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    let media: Value = answer.json().await.unwrap();
    media["id"].clone()
}
