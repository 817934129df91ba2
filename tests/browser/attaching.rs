//! Files, photos, places and people: chosen, dropped or pasted, looked at, and sent.

use fantoccini::key::Key;
use serde_json::{Value, json};
use uuid::Uuid;

use super::accessibility::{RULES, check, open_calm};
use super::stage::{Visitor, Way, until_sent};
use crate::browser::Browser;
use crate::support::{Client, TestDatabase, TestServer, run, value};

const TRAY: &str =
    "Array.from(document.querySelectorAll('.tray__name'), (name) => name.textContent)";
const NOTE: &str = "document.querySelector('.composer__note').textContent";
const SHIPMENT: &str = "document.querySelector('.message--shipment')";

/// Files made in the page: `png("a.png")`, `file("a.txt", 3)`, and one that is not alike anywhere: `noise("a.bin", 3)`.
const FILES: &str = "
    const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const png = (name) => new File([bytesOf(PNG)], name, { type: 'image/png' });
    const file = (name, size) => new File(['x'.repeat(size)], name, { type: 'text/plain' });
    const noise = (name, size) => new File([Uint8Array.from({ length: size }, (_, at) => (at * 2654435761) >>> 24)], name);
    const carry = (...files) => {
        const data = new DataTransfer();
        for (const one of files) data.items.add(one);
        return data;
    };
    const drag = (type, ...files) => (document.querySelector('.drop') ?? document.querySelector('main.pane'))
        .dispatchEvent(new DragEvent(type, { dataTransfer: carry(...files), bubbles: true, cancelable: true }));";

/// Does something with files in the page.
async fn with_files(browser: &Browser, deed: &str) {
    browser
        .value(&format!("(() => {{ {FILES} {deed}; }})()"))
        .await;
}

async fn drop_files(browser: &Browser, files: &str) {
    with_files(browser, &format!("drag('drop', {files})")).await;
}

async fn until_tray(browser: &Browser, names: Value) {
    browser
        .until(&format!("JSON.stringify({TRAY}) === '{names}'"))
        .await;
}

/// Every message of the general room, as the database has it: kind, body, names of its media.
async fn messages(client: &Client) -> Value {
    value(
        client,
        "select coalesce(json_agg(json_build_array(m.kind, m.body,
                    (select json_agg(e.name order by x.place) from unnest(m.media_ids) with ordinality x (id, place)
                     join chat.media e on e.id = x.id)) order by m.seq), '[]')
         from chat.messages m where m.kind <> 'system'",
        &[],
    )
    .await
}

async fn choose(browser: &Browser, what: &str) {
    browser.click(".composer__attach").await;
    browser
        .click(&format!(".attach [data-action={what}]"))
        .await;
}

#[tokio::test]
async fn photos_become_an_album_with_the_caption_and_other_files_a_message_of_their_own() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = database.connect().await;
    let browser = Browser::enter(server.address, "Ada").await;
    // No window of the system's opens above the page.
    browser
        .devtools(
            "Page.setInterceptFileChooserDialog",
            json!({"enabled": true}),
        )
        .await;
    let folder = tempfile::tempdir().unwrap();
    let paths = ["one.txt", "two.txt"].map(|name| {
        let path = folder.path().join(name);
        std::fs::write(&path, name).unwrap();
        path.to_str().unwrap().to_owned()
    });

    choose(&browser, "file").await;
    browser
        .type_into("input[data-attach=file]", &paths.join("\n"))
        .await;
    until_tray(&browser, json!(["one.txt", "two.txt"])).await;
    drop_files(&browser, "png('a.png'), png('b.png')").await;
    until_tray(&browser, json!(["one.txt", "two.txt", "a.png", "b.png"])).await;
    browser.type_into("#composer", "both of them").await;
    browser.press_chord(&Key::Enter.to_string()).await;

    until_sent(&browser, 2).await;
    assert_eq!(browser.value(TRAY).await, json!([]));
    assert_eq!(browser.written().await, "");
    let mut sent = messages(&client).await;
    // Whichever is uploaded first comes first.
    sent.as_array_mut()
        .unwrap()
        .sort_by_key(|one| one[0].to_string());
    assert_eq!(
        sent,
        json!([
            ["file", "both of them", ["one.txt", "two.txt"]],
            ["image", null, ["a.png", "b.png"]],
        ])
    );
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_picture_bears_what_its_sender_says_it_shows() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    drop_files(&browser, "png('a.png'), png('b.png'), file('c.txt', 3)").await;
    until_tray(&browser, json!(["a.png", "b.png", "c.txt"])).await;
    // Of what is no picture nobody asks.
    assert_eq!(
        browser
            .value("Array.from(document.querySelectorAll('.tray__describe:not([hidden])'), (one) => one.ariaLabel)")
            .await,
        json!(["ALT: describe a.png", "ALT: describe b.png"])
    );
    browser
        .click(".tray__item:nth-child(2) .tray__describe")
        .await;
    browser
        .type_into("#tray-field", "A red square & <nothing> else")
        .await;
    // Enter ends it, and sends nothing.
    browser.press_chord(&Key::Enter.to_string()).await;
    browser
        .until("document.querySelector('.tray__describing').hidden && document.activeElement.ariaLabel === 'ALT: describe b.png'")
        .await;
    assert_eq!(
        browser
            .value("document.querySelectorAll('.message').length")
            .await,
        0
    );
    // It is still there for who comes back to it.
    browser
        .click(".tray__item:nth-child(2) .tray__describe")
        .await;
    assert_eq!(
        browser
            .value("document.querySelector('#tray-field').value")
            .await,
        json!("A red square & <nothing> else")
    );
    browser.click(".tray__done").await;
    browser
        .type_into("#composer", &Key::Enter.to_string())
        .await;
    until_sent(&browser, 2).await;
    assert_eq!(
        browser
            .value("Array.from(document.querySelectorAll('.tile img'), (image) => image.alt)")
            .await,
        json!(["a.png", "A red square & <nothing> else"])
    );
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_dropped_and_pasted_waits_above_the_box_and_can_be_taken_out() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = database.connect().await;
    let browser = Browser::enter(server.address, "Ada").await;

    with_files(&browser, "drag('dragenter', png('a.png'))").await;
    assert_eq!(browser.text(".drop").await, "Send to General");
    drop_files(&browser, "png('a.png')").await;
    until_tray(&browser, json!(["a.png"])).await;
    assert_eq!(
        browser.value("document.querySelector('.drop')").await,
        Value::Null
    );
    let paste = |types: &str| {
        format!(
            "const data = carry(png('pasted.png')); {types}
             document.querySelector('#composer').dispatchEvent(new ClipboardEvent('paste', {{ clipboardData: data, bubbles: true, cancelable: true }}))"
        )
    };
    with_files(&browser, &paste("")).await;
    until_tray(&browser, json!(["a.png", "pasted.png"])).await;
    // A text processor's picture of its text is not what was meant.
    let text = "data.setData('text/plain', 'hello'); data.setData('text/html', '<b>hello</b>');";
    with_files(&browser, &paste(text)).await;
    drop_files(&browser, "file('c.txt', 3)").await;
    until_tray(&browser, json!(["a.png", "pasted.png", "c.txt"])).await;
    assert_eq!(browser.text(".tray__status").await, "3 files are attached.");

    browser.click("[aria-label='Remove pasted.png']").await;
    until_tray(&browser, json!(["a.png", "c.txt"])).await;
    assert_eq!(
        browser.value("document.activeElement.ariaLabel").await,
        "Remove c.txt",
        "the focus is not lost"
    );

    // Another conversation has no part in it, and it is there when one comes back.
    let path = browser.value("location.pathname").await;
    browser
        .visit(&format!("/u/{}", browser.user_id().await))
        .await;
    browser.until_live().await;
    assert_eq!(browser.value(TRAY).await, json!([]));
    browser.visit(path.as_str().unwrap()).await;
    until_tray(&browser, json!(["a.png", "c.txt"])).await;
    browser.click(".composer__send").await;
    until_sent(&browser, 2).await;
    assert_eq!(
        messages(&client).await.as_array().unwrap().len(),
        2,
        "without a caption"
    );
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_too_large_too_many_or_empty_is_said_at_once() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    browser
        .value("document.documentElement.dataset.fileBytesMax = '2000'")
        .await;

    drop_files(&browser, "file('large.txt', 2001), file('none.txt', 0)").await;
    browser
        .until(&format!(
            "{NOTE} === 'large.txt is too large: a file has at most 2.0 kB. none.txt is empty.'"
        ))
        .await;
    assert_eq!(browser.value(TRAY).await, json!([]));

    drop_files(
        &browser,
        "...Array.from({ length: 12 }, (_, at) => file(`${at}.txt`, 2000))",
    )
    .await;
    browser
        .until(&format!(
            "{NOTE} === 'At most 10 files go at once; 2 were left out.'"
        ))
        .await;
    assert_eq!(browser.value(&format!("{TRAY}.length")).await, 10);
    browser.close().await;
    server.stop().await;
}

/// Five pieces, by a line on which they take a while.
async fn begin_long_upload(visitor: &Visitor) {
    visitor.devtools("Network.enable", json!({})).await;
    visitor
        .devtools(
            "Network.emulateNetworkConditions",
            json!({"offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_500_000}),
        )
        .await;
    drop_files(visitor, "noise('film.bin', 5 * 2 ** 20)").await;
    until_tray(visitor, json!(["film.bin"])).await;
    visitor.type_into("#composer", "the film").await;
    visitor.click(".composer__send").await;
    visitor
        .until("document.querySelector('.shipment__item progress')?.value >= 25")
        .await;
}

#[tokio::test]
async fn an_upload_that_was_cut_goes_on_where_it_stood() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = database.connect().await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    ada.value(
        "(() => {
            const { setRequestHeader } = XMLHttpRequest.prototype;
            window.ranges = [];
            XMLHttpRequest.prototype.setRequestHeader = function (name, value) {
                if (name === 'content-range') window.ranges.push(value);
                setRequestHeader.call(this, name, value);
            };
        })()",
    )
    .await;

    begin_long_upload(&ada).await;
    assert_eq!(
        ada.value("!window.dispatchEvent(new Event('beforeunload', { cancelable: true }))")
            .await,
        true,
        "leaving now would lose it"
    );
    ada.cut().await;
    ada.until("document.querySelector('.shipment__item')?.dataset.state === 'stalled'")
        .await;
    assert_eq!(
        ada.text(".shipment__detail").await,
        "Waits for the connection…"
    );
    ada.say("meanwhile").await;
    ada.door.lead_to(Some(server.address));

    until_sent(&ada, 2).await;
    assert_eq!(
        messages(&client).await,
        json!([
            ["text", "meanwhile", null],
            ["file", "the film", ["film.bin"]]
        ]),
        "text does not wait for it"
    );
    let begun = ada
        .value("window.ranges.filter((range) => range.startsWith('bytes 0-')).length")
        .await;
    assert_eq!(begun, 1, "what had arrived was sent once");
    let size: i64 = value(
        &client,
        "select sum(octet_length(c.bytes))::bigint from chat.media m join chat.media_chunks c using (content_id)",
        &[],
    )
    .await;
    assert_eq!(size, 5 << 20);
    assert_eq!(
        ada.value("window.dispatchEvent(new Event('beforeunload', { cancelable: true }))")
            .await,
        true
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn an_upload_that_is_cancelled_is_given_up() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = database.connect().await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    begin_long_upload(&ada).await;

    ada.click("[aria-label='Cancel film.bin']").await;
    ada.until(&format!("!{SHIPMENT}")).await;
    ada.say("never mind").await;
    ada.until_said("never mind").await;

    ada.until("performance.getEntriesByType('resource').some(({ name, initiatorType }) => initiatorType === 'fetch' && /api\\/media\\/[^/]+$/.test(name))")
        .await;
    let state: String = value(&client, "select state from chat.media", &[]).await;
    assert_eq!(state, "abandoned");
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn an_upload_that_is_refused_says_why_and_can_be_tried_again() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = database.connect().await;
    let browser = Browser::enter(server.address, "Ada").await;
    let ada: Uuid = browser.user_id().await;
    run(
        &client,
        "select count(chat.begin_media($1, 'left.bin', 10)) from generate_series(1, 50)",
        &[&ada],
    )
    .await;

    drop_files(&browser, "png('a.png')").await;
    until_tray(&browser, json!(["a.png"])).await;
    browser.click(".composer__send").await;
    assert_eq!(
        browser.text(".message__reason").await,
        "At most 50 uploads of one user wait for their end."
    );
    browser
        .until(&format!("{SHIPMENT}.dataset.tick === 'failed'"))
        .await;
    run(
        &client,
        "select count(chat.abandon_media($1, m.id)) from chat.media m where m.uploaded_by = $1",
        &[&ada],
    )
    .await;
    browser.click(".message__retry").await;

    until_sent(&browser, 1).await;
    assert_eq!(messages(&client).await, json!([["image", null, ["a.png"]]]));
    browser.close_despite(&["409 (Conflict)"]).await;
    server.stop().await;
}

#[tokio::test]
async fn a_place_and_a_person_are_looked_at_before_they_are_sent() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = database.connect().await;
    let browser = Browser::open(server.address).await;
    browser
        .before_each_page(
            "navigator.geolocation.getCurrentPosition = (found, failed) => window.refuses
                ? failed({ code: 1 })
                : found({ coords: { latitude: 52.5163, longitude: 13.3777, accuracy: 35.2 } });
             window.refuses = true;",
        )
        .await;
    browser.go("/").await;
    browser.give_name("Ada").await;

    choose(&browser, "location").await;
    let note = browser.text(".place__note").await;
    assert!(note.starts_with("You have not allowed"), "{note}");
    browser.value("window.refuses = false").await;
    browser.click(".place__again").await;
    browser
        .until("document.querySelector('.place__point').textContent === '52.51630, 13.37770'")
        .await;
    assert_eq!(browser.text(".place__accuracy").await, "to about 35 m");
    browser.type_into("#place-name", "The gate").await;
    browser.click(".place__send").await;
    until_sent(&browser, 1).await;

    choose(&browser, "contact").await;
    browser.click(".contact .person__link").await;
    browser
        .type_into("#contact-phones", "+49 30 901820, +49 30 115")
        .await;
    browser.click(".contact [type=submit]").await;
    until_sent(&browser, 2).await;

    let data: Value = value(
        &client,
        "select json_object_agg(m.kind, m.data) from chat.messages m where m.kind <> 'system'",
        &[],
    )
    .await;
    assert_eq!(
        data,
        json!({
            "location": {"latitude": 52.5163, "longitude": 13.3777, "accuracy_m": 35, "name": "The gate"},
            "contact": {"name": "Ada", "user_id": browser.user_id().await, "phones": ["+49 30 901820", "+49 30 115"]},
        })
    );
    assert_eq!(
        browser
            .value("document.querySelector('dialog[open]')")
            .await,
        Value::Null
    );
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_menu_is_walked_by_keys_and_gives_the_focus_back() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    let focused = "document.activeElement.textContent || document.activeElement.ariaLabel";

    browser
        .value("document.querySelector('.composer__attach').focus()")
        .await;
    browser.press_chord(&Key::Enter.to_string()).await;
    browser
        .until(&format!("{focused} === 'Photo or video'"))
        .await;
    browser.press_chord(&Key::Up.to_string()).await;
    assert_eq!(browser.value(focused).await, "Contact");
    browser.press_chord(&Key::Home.to_string()).await;
    browser.press_chord(&Key::Down.to_string()).await;
    assert_eq!(
        browser.value(focused).await,
        "File",
        "the camera is a phone's"
    );
    browser.press_chord(&Key::Escape.to_string()).await;
    browser.until(&format!("{focused} === 'Attach'")).await;
    assert_eq!(
        browser
            .value("document.querySelector('.attach:popover-open')")
            .await,
        Value::Null
    );
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_checker_finds_nothing_wrong_with_what_is_attached() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = open_calm(Browser::enter(server.address, "Ada").await).await;

    browser.click(".composer__attach").await;
    browser
        .until("document.querySelector('.attach:popover-open')")
        .await;
    check(&browser, "the menu", RULES).await;
    browser.press_chord(&Key::Escape.to_string()).await;
    drop_files(&browser, "png('a.png'), file('b.txt', 3)").await;
    until_tray(&browser, json!(["a.png", "b.txt"])).await;
    check(&browser, "the tray", RULES).await;
    // What never arrives is seen for as long as one looks.
    browser
        .value("window.fetch = () => Promise.reject(new TypeError('gone'))")
        .await;
    browser.click(".composer__send").await;
    browser
        .until("document.querySelectorAll('.shipment__item[data-state=stalled]').length === 2")
        .await;
    check(&browser, "what is on its way", RULES).await;
    browser.close().await;
    server.stop().await;
}
