//! How the page looks: as the reader chose, in all of their tabs, and from the first moment.

use serde_json::json;

use crate::browser::Browser;
use crate::support::{TestDatabase, TestServer};

const LOOK: &str = "(({theme, color}) => [theme, color, document.documentElement.dir])(document.documentElement.dataset)";

/// Remembers how the root was when the page's first script could have changed it.
const FIRST_LOOK: &str = "
    addEventListener('readystatechange', () => window.first ??= document.documentElement.cloneNode(), true);";

async fn choose(browser: &Browser, name: &str, value: &str) {
    browser
        .value(&format!(
            "document.querySelector('.settings input[name={name}][value={value}]').click()"
        ))
        .await;
}

async fn open_settings(browser: &Browser) {
    browser.click(".sidebar__viewer").await;
    browser
        .until("document.querySelector('.settings').open")
        .await;
}

/// Of the page as the browser paints it.
async fn background(browser: &Browser) -> String {
    let color = browser
        .value("getComputedStyle(document.body).backgroundColor")
        .await;
    color.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_chosen_holds_at_once_in_all_tabs_and_after_a_reload() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;
    let first = ada.tab().await;
    let other = ada.open_tab().await;
    ada.go("/").await;
    ada.until_live().await;
    assert_eq!(ada.value(LOOK).await, json!(["system", "blue", "ltr"]));

    open_settings(&ada).await;
    choose(&ada, "theme", "dark").await;
    choose(&ada, "color", "green").await;
    ada.value("document.querySelector('.settings input[name=rtl]').click()")
        .await;
    let chosen = json!(["dark", "green", "rtl"]);
    assert_eq!(ada.value(LOOK).await, chosen);
    let dark = background(&ada).await;

    ada.look_at(&first).await;
    ada.until(&format!("({LOOK}).join() === 'dark,green,rtl'"))
        .await;
    assert_eq!(background(&ada).await, dark);
    open_settings(&ada).await;
    assert_eq!(
        ada.value("Array.from(document.querySelectorAll('.settings :is([type=radio], [name=rtl]):checked'), ({value}) => value)")
            .await,
        json!(["dark", "green", "on"])
    );
    choose(&ada, "theme", "light").await;
    let light = background(&ada).await;
    assert_ne!(light, dark);

    ada.look_at(&other).await;
    ada.until(&format!("({LOOK}).join() === 'light,green,rtl'"))
        .await;
    ada.before_each_page(FIRST_LOOK).await;
    ada.reload().await;
    ada.until_live().await;
    assert_eq!(ada.value(LOOK).await, json!(["light", "green", "rtl"]));
    assert_eq!(
        ada.value("[first.dataset.theme, first.dataset.color, first.dir]")
            .await,
        json!(["light", "green", "rtl"]),
        "it came that way"
    );
    assert_eq!(
        bob.value(LOOK).await,
        json!(["system", "blue", "ltr"]),
        "it is of one browser alone"
    );
    ada.close().await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_system_s_own_look_is_followed_until_another_is_chosen() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let prefer =
        |scheme: &str| json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});

    ada.devtools("Emulation.setEmulatedMedia", prefer("light"))
        .await;
    let light = background(&ada).await;
    ada.devtools("Emulation.setEmulatedMedia", prefer("dark"))
        .await;
    let dark = background(&ada).await;
    assert_ne!(light, dark);

    open_settings(&ada).await;
    for (theme, expected) in [("light", &light), ("dark", &dark), ("system", &dark)] {
        choose(&ada, "theme", theme).await;
        assert_eq!(background(&ada).await, *expected, "{theme}");
    }
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_column_of_details_stays_as_one_left_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let is_shown = "document.querySelector('.details').getClientRects().length > 0";
    assert_eq!(ada.value(is_shown).await, true);

    ada.click(".details__close").await;
    ada.until(&format!("!({is_shown})")).await;
    ada.reload().await;
    ada.until_live().await;
    assert_eq!(ada.value(is_shown).await, false);
    assert_eq!(
        ada.value("document.querySelector('.pane__details').ariaExpanded")
            .await,
        "false"
    );

    ada.click(".pane__details").await;
    ada.until(is_shown).await;
    ada.reload().await;
    ada.until_live().await;
    assert_eq!(ada.value(is_shown).await, true);
    ada.close().await;
    server.stop().await;
}
