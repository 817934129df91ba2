//! Stickers and GIFs, beside the emoji.

use fantoccini::key::Key;
use serde_json::{Value, json};
use uuid::Uuid;

use super::accessibility::{RULES, check, open_calm};
use super::stage::until_sent;
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer, value};

const SECTIONS: &str =
    "Array.from(document.querySelectorAll('.sticker-grid'), (grid) => grid.ariaLabel)";
const IS_CLOSED: &str = "!document.querySelector('.emoji-picker:popover-open')";

/// A single pixel, twice.
const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\
    !\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00\
    !\xf9\x04\x00\x0a\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00\
    !\xf9\x04\x00\x0a\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02L\x01\x00;";

async fn open(browser: &Browser, tab: &str) {
    browser.click(".composer__emoji").await;
    browser
        .click(&format!(".picker-tabs__tab[data-shows={tab}]"))
        .await;
}

#[tokio::test]
async fn a_sticker_is_found_by_word_sent_by_a_click_and_recent_next_time() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = database.connect().await;
    let browser = Browser::enter(server.address, "Ada").await;

    open(&browser, "stickers").await;
    browser
        .until(&format!(
            "JSON.stringify({SECTIONS}) === '[\"Nilo the axolotl\"]'"
        ))
        .await;
    browser
        .until("document.querySelectorAll('.sticker-cell').length === 24")
        .await;
    browser
        .type_into("[aria-label='Search stickers']", "cake")
        .await;
    browser
        .until("document.querySelectorAll('.sticker-cell').length === 1")
        .await;
    browser
        .value("(() => { const field = document.querySelector('[aria-label=\"Search stickers\"]'); field.value = ''; field.dispatchEvent(new Event('input')); })()")
        .await;
    // By keys alone: into the stickers, to the one below, and send it.
    browser
        .type_into("[aria-label='Search stickers']", &format!("{}", Key::Down))
        .await;
    for key in [Key::Right, Key::Down] {
        browser.press_chord(&key.to_string()).await;
    }
    assert_eq!(
        browser.value("document.activeElement.title").await,
        "Nilo the axolotl is angry".replace("is angry", "fumes with anger")
    );
    browser.press_chord(&Key::Enter.to_string()).await;
    browser.until(IS_CLOSED).await;
    until_sent(&browser, 1).await;

    let sent: Value = value(
        &client,
        "select m.data::json from chat.messages m where m.kind = 'sticker'",
        &[],
    )
    .await;
    assert_eq!(
        sent,
        json!({"pack": "webchat", "name": "angry", "alt": "Nilo the axolotl fumes with anger"})
    );
    browser.reload().await;
    browser.until_live().await;
    open(&browser, "stickers").await;
    browser
        .until(&format!(
            "JSON.stringify({SECTIONS}) === '[\"Recent\",\"Nilo the axolotl\"]'"
        ))
        .await;
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_pack_of_ones_own_pictures_is_there_for_everybody() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = database.connect().await;
    let browser = Browser::enter(server.address, "Ada").await;
    open(&browser, "stickers").await;
    browser
        .click(".picker-page:not([hidden]) .gif-upload")
        .await;
    browser
        .until("document.querySelector('dialog.pack[open]')")
        .await;
    // One larger than a sticker is, one that is none, and two of the same name.
    browser
        .value(
            "(async () => {
                const canvas = Object.assign(document.createElement('canvas'), { width: 1024, height: 512 });
                canvas.getContext('2d').fillRect(0, 0, 900, 500);
                const large = await new Promise((resolve) => canvas.toBlob(resolve));
                canvas.width = canvas.height = 64;
                canvas.getContext('2d').fillRect(8, 8, 40, 40);
                const small = await new Promise((resolve) => canvas.toBlob(resolve));
                const data = new DataTransfer();
                for (const [blob, name] of [[large, 'happy_cat.png'], [small, 'Happy cat.png'], [small, 'notes.txt']]) {
                    data.items.add(new File([blob], name, { type: name.endsWith('png') ? 'image/png' : 'text/plain' }));
                }
                const input = document.querySelector('.pack__files');
                input.files = data.files;
                input.dispatchEvent(new Event('change'));
            })()",
        )
        .await;
    browser
        .until("document.querySelectorAll('.pack__item').length === 2 && document.querySelector('.pack__note').textContent === 'Only pictures can be stickers.'")
        .await;
    browser.type_into("#pack-name", "Katzen & Café").await;
    browser.click(".pack__add").await;
    browser
        .until("!document.querySelector('dialog.pack') && document.querySelector('.toast')")
        .await;

    open(&browser, "stickers").await;
    browser
        .until(&format!(
            "JSON.stringify({SECTIONS}) === '[\"Nilo the axolotl\",\"Katzen & Café\"]'"
        ))
        .await;
    browser
        .type_into("[aria-label='Search stickers']", "happy cat")
        .await;
    browser
        .until("document.querySelectorAll('.sticker-cell').length === 2")
        .await;
    browser.click(".sticker-cell").await;
    browser.until(IS_CLOSED).await;
    until_sent(&browser, 1).await;
    let sent: Value = value(
        &client,
        "select json_build_array(m.data ->> 'name', m.data ->> 'alt', e.type, e.width, e.height)
         from chat.messages m join chat.media e on e.id = m.media_ids[1] where m.kind = 'sticker'",
        &[],
    )
    .await;
    assert_eq!(
        sent,
        json!(["happy-cat", "happy cat", "image/webp", 512, 256])
    );
    let names: Value = value(
        &client,
        "select json_agg(s.name order by s.place) from chat.stickers s",
        &[],
    )
    .await;
    assert_eq!(names, json!(["happy-cat", "happy-cat-2"]));

    // Somebody else has it, and sees what was sent.
    let bob = Browser::enter(server.address, "Bob").await;
    bob.until("document.querySelector('.message img[alt=\"happy cat\"]')?.naturalWidth === 512")
        .await;
    open(&bob, "stickers").await;
    bob.until(&format!("{SECTIONS}.includes('Katzen & Café')"))
        .await;
    bob.close().await;
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_gif_that_was_shared_is_found_again_and_one_is_uploaded() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = database.connect().await;
    let bob = Person::guest(server.address, "Bob").await;
    let browser = Browser::enter(server.address, "Ada").await;
    let room: Uuid = value(
        &client,
        "select id from chat.conversations where is_general",
        &[],
    )
    .await;
    browser
        .value(&format!(
            "window.gif = new File([Uint8Array.from({})], 'wave.gif', {{ type: 'image/gif' }})",
            json!(GIF)
        ))
        .await;

    open(&browser, "gifs").await;
    browser
        .until("document.querySelector('#emoji-picker-1-gifs .picker-page__status')?.textContent === 'GIFs that are sent in your chats gather here.'")
        .await;
    browser
        .value(
            "(() => {
                const input = document.querySelector('input[data-attach=gif]');
                const data = new DataTransfer();
                data.items.add(window.gif);
                input.files = data.files;
                input.dispatchEvent(new Event('change'));
            })()",
        )
        .await;
    browser.until(IS_CLOSED).await;
    until_sent(&browser, 1).await;

    open(&browser, "gifs").await;
    browser.click(".gif-cell").await;
    browser.until(IS_CLOSED).await;
    until_sent(&browser, 2).await;
    let kinds: Value = value(
        &client,
        "select json_agg(m.kind order by m.seq) from chat.messages m where m.kind <> 'system'",
        &[],
    )
    .await;
    assert_eq!(kinds, json!(["gif", "gif"]));
    assert_eq!(bob.history(room).await.len(), 2, "others see them");
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_checker_finds_nothing_wrong_with_the_stickers_on_a_phone() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = open_calm(Browser::open_on_a_phone(server.address).await).await;
    browser.give_name("Ada").await;

    open(&browser, "stickers").await;
    browser
        .until("document.querySelectorAll('.sticker-cell').length === 24")
        .await;
    check(&browser, "stickers", RULES).await;
    browser.click(".picker-tabs__tab[data-shows=gifs]").await;
    browser.until("document.querySelector('.gif-grid')").await;
    check(&browser, "GIFs", RULES).await;
    let small = "
        Array.from(document.querySelectorAll('.emoji-picker button, .composer button'), (part) => [part, part.getBoundingClientRect()])
            .filter(([, { width, height }]) => width > 0 && (width < 44 || height < 44))
            .map(([part]) => part.outerHTML)";
    assert_eq!(browser.value(small).await, json!([]));
    browser.close().await;
    server.stop().await;
}
