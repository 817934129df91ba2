//! Media as people see and hear them: pictures with their space, looked at large; voices; files.

use fantoccini::key::Key;
use serde_json::{Value, json};
use uuid::Uuid;

use super::accessibility::{RULES, check, open_calm};
use super::stage::{direct, picture, upload};
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer};

const RATE: u32 = 48_000;

/// A WAV of so many seconds, one channel of 16 bits, which says nothing but is not silent.
fn sound(seconds: u32) -> Vec<u8> {
    let bytes = seconds * RATE * 2;
    let mut out = Vec::new();
    out.extend(b"RIFF");
    out.extend((36 + bytes).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(16u32.to_le_bytes());
    out.extend([1, 0, 1, 0]);
    out.extend(RATE.to_le_bytes());
    out.extend((RATE * 2).to_le_bytes());
    out.extend([2, 0, 16, 0]);
    out.extend(b"data");
    out.extend(bytes.to_le_bytes());
    out.extend((0..seconds * RATE).flat_map(|at| ((at % 200) as i16 * 30).to_le_bytes()));
    out
}

async fn show(person: &Person, conversation: Uuid, message: Value) -> Value {
    let path = format!("/api/conversations/{conversation}/messages");
    let (status, message) = person.post(&path, message).await;
    assert_eq!(status, 201, "{message}");
    message
}

/// Bob's chat with whoever is at the page, opened there: a picture, an album of three, a voice, a song, two files, a
/// sticker.
async fn show_all(browser: &Browser, bob: &Person) -> Uuid {
    let chat = direct(bob, browser).await;
    let one = upload(bob, "hut.png", picture(1200, 800, [90, 120, 160])).await;
    let data = json!({"alt": "The hut"});
    show(
        bob,
        chat,
        json!({"kind": "image", "media_id": one, "data": data}),
    )
    .await;
    let mut album = Vec::new();
    for (at, height) in [600u32, 900, 300].into_iter().enumerate() {
        let name = format!("walk{at}.png");
        album.push(upload(bob, &name, picture(600, height, [200, 90 * at as u8, 60])).await);
    }
    show(
        bob,
        chat,
        json!({"kind": "image", "media_ids": album, "body": "Our walk"}),
    )
    .await;
    let voice = upload(bob, "voice.wav", sound(90)).await;
    let data = json!({"waveform": [10, 50, 90, 40, 20]});
    show(
        bob,
        chat,
        json!({"kind": "voice", "media_id": voice, "data": data}),
    )
    .await;
    let song = upload(bob, "song.wav", sound(2)).await;
    show(bob, chat, json!({"kind": "audio", "media_id": song})).await;
    let files = [
        upload(bob, "report.pdf", b"%PDF-1.4 nothing".to_vec()).await,
        upload(bob, "notes.txt", b"notes".to_vec()).await,
    ];
    show(
        bob,
        chat,
        json!({"kind": "file", "media_ids": files, "body": "All there is"}),
    )
    .await;
    let sticker = json!({"pack": "webchat", "name": "hello", "alt": "Nilo waves"});
    show(bob, chat, json!({"kind": "sticker", "data": sticker})).await;
    browser.go(&format!("/c/{chat}")).await;
    browser.until_live().await;
    chat
}

const LOADED: &str = "Array.from(document.querySelectorAll('.media img')).every((image) => image.complete && image.naturalWidth > 0)";
/// Of what is waited for alone: who begins a group of messages bears a name above, and groups end where the unread begin.
const HEIGHTS: &str = "Array.from(document.querySelectorAll('.message .media'), (media) => media.getBoundingClientRect().height)";
const DETAIL: &str = "document.querySelector('.lightbox__detail')?.textContent ?? ''";

#[tokio::test]
async fn nothing_moves_when_what_was_waited_for_has_loaded() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    ada.devtools("Network.enable", json!({})).await;
    ada.devtools(
        "Network.setBlockedURLs",
        json!({"urls": ["*/api/media/*", "*/sticker-*"]}),
    )
    .await;
    show_all(&ada, &bob).await;
    ada.until("document.querySelectorAll('.media').length === 6")
        .await;
    let before = ada.value(HEIGHTS).await;
    ada.devtools("Network.setBlockedURLs", json!({"urls": []}))
        .await;
    ada.reload().await;
    ada.until_live().await;
    ada.value(
        "document.querySelectorAll('.media img').forEach((image) => image.loading = 'eager')",
    )
    .await;
    ada.until(LOADED).await;
    assert_eq!(ada.value(HEIGHTS).await, before);
    // The large one lies on top of the two others, and all have their place.
    let widths = ada
        .value("Array.from(document.querySelectorAll('.album .tile'), (tile) => Math.round(tile.getBoundingClientRect().width))")
        .await;
    assert_eq!(widths, json!([352, 175, 175]));
    ada.close_despite(&["net::ERR_"]).await;
    server.stop().await;
}

#[tokio::test]
async fn pictures_are_looked_at_large_and_one_after_the_other_by_keys() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    show_all(&ada, &bob).await;
    ada.value("document.querySelectorAll('a.tile')[1].focus()")
        .await;
    ada.press_chord(&Key::Enter.to_string()).await;
    ada.until("document.querySelector('.lightbox[open] img[data-loaded]')")
        .await;
    ada.until(&format!("({DETAIL}).startsWith('2 of 4')")).await;
    assert_eq!(ada.text(".lightbox__caption").await, "Our walk");
    ada.press_chord(&Key::Right.to_string()).await;
    ada.until(&format!("({DETAIL}).startsWith('3 of 4')")).await;
    ada.press_chord(&Key::Home.to_string()).await;
    ada.until(&format!("({DETAIL}).startsWith('1 of 4')")).await;
    assert_eq!(
        ada.value("document.querySelector('.lightbox img').alt")
            .await,
        "The hut"
    );
    ada.press_chord("+").await;
    ada.until("document.querySelector('.lightbox img').style.transform.includes('scale(1.5)')")
        .await;
    ada.press_chord(&Key::Left.to_string()).await;
    ada.until(&format!("({DETAIL}).startsWith('1 of 4')")).await;
    ada.until("document.querySelector('.lightbox__load').href.endsWith('?download')")
        .await;
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.until("!document.querySelector('.lightbox') && document.activeElement.matches('a.tile')")
        .await;
    ada.close().await;
    server.stop().await;
}

/// What the page's player is doing; there is no other way to hear it.
const EAVESDROP: &str = "
    window.Audio = class extends window.Audio { constructor() { super(); window.heard = this; } };";

#[tokio::test]
async fn a_voice_plays_on_while_its_message_changes_and_is_sought_in_without_loading_all() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::open(server.address).await;
    ada.before_each_page(EAVESDROP).await;
    ada.give_name("Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let chat = show_all(&ada, &bob).await;
    ada.until("window.heard").await;
    ada.click(".player--voice .player__play").await;
    ada.until("heard.currentTime > 0.2 && document.querySelector('.player--voice[data-playing]')")
        .await;

    // Somebody reacts: the message is rendered anew.
    let (_, page) = bob
        .get(&format!("/api/conversations/{chat}/messages?limit=50"))
        .await;
    let voice = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|message| message["kind"] == "voice")
        .unwrap();
    let path = format!(
        "/api/messages/{}/reactions/👍",
        voice["id"].as_str().unwrap()
    );
    assert_eq!(bob.put(&path, json!({})).await.0, 200);
    ada.until("document.querySelector('.message:has(.player--voice) .reaction')")
        .await;
    ada.until("!heard.paused && document.querySelector('.player--voice[data-playing]')")
        .await;

    // Nearly to the end, by the keyboard; what lies between was never asked for.
    ada.value("document.querySelector('.player--voice .player__track').focus()")
        .await;
    ada.press_chord(&Key::End.to_string()).await;
    ada.press_chord(&Key::Left.to_string()).await;
    ada.until("heard.currentTime > 80").await;
    ada.until("heard.buffered.length > 0 && heard.buffered.start(heard.buffered.length - 1) > 10")
        .await;
    ada.until(
        "document.querySelector('.player--voice .player__track').ariaValueText.endsWith('of 1:30')",
    )
    .await;
    ada.click(".player--voice .player__speed").await;
    ada.until("heard.playbackRate === 1.5").await;

    // Another stops it; what is deleted is silent.
    ada.click(".player--audio .player__play").await;
    ada.until("document.querySelectorAll('.player[data-playing]').length === 1 && document.querySelector('.player--audio[data-playing]')")
        .await;
    ada.until("!document.querySelector('.player[data-playing]')")
        .await;
    ada.click(".player--voice .player__play").await;
    ada.until("!heard.paused && heard.currentTime > 0").await;
    let path = format!("/api/messages/{}", voice["id"].as_str().unwrap());
    assert_eq!(bob.delete(&path).await.0, 200);
    ada.until("heard.paused && !document.querySelector('.player--voice')")
        .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn files_are_downloaded_and_lists_say_what_there_is() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    show_all(&ada, &bob).await;
    let answer = ada.value("document.querySelector('.file').href").await;
    assert!(answer.as_str().unwrap().ends_with("?download"));
    let asked = reqwest::Client::new()
        .get(answer.as_str().unwrap())
        .bearer_auth(&bob.token)
        .send()
        .await
        .unwrap();
    let disposition = asked.headers()["content-disposition"].to_str().unwrap();
    assert!(
        disposition.starts_with("attachment") && disposition.contains("report.pdf"),
        "{disposition}"
    );
    let words = ada
        .value("Array.from(document.querySelectorAll('.media'), (media) => media.dataset.words)")
        .await;
    assert_eq!(
        words,
        json!([
            "Photo, The hut",
            "3 photos",
            "Voice message, 1:30",
            "Audio: song.wav, 0:02",
            "2 files",
            "Sticker, Nilo waves"
        ])
    );
    ada.until("document.querySelector('[aria-current] .conversation__text, .conversation__link[aria-current]')?.textContent.includes('Sticker')")
        .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn media_and_the_viewer_are_for_everybody() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::open(server.address).await).await;
    ada.give_name("Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    show_all(&ada, &bob).await;
    ada.until("document.querySelectorAll('.media').length === 6")
        .await;
    check(&ada, "a conversation with media", RULES).await;
    ada.value("document.querySelector('a.tile').click()").await;
    ada.until("document.querySelector('.lightbox[open] img[data-loaded]')")
        .await;
    check(&ada, "the viewer", RULES).await;
    ada.close().await;
    server.stop().await;
}
