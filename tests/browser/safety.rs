//! Whatever people are called and whatever they write: it stays text, and nothing of it runs.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer};

const HOSTILE: [&str; 9] = [
    r#""><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>"#,
    "'><svg/onload=window.hacked=1>&lt;b&gt;&amp;",
    "</textarea></title></template><iframe srcdoc='<script>top.hacked=1'>",
    "javascript:window.hacked=1//${window.hacked=1}{{hacked=1}}",
    "__proto__",
    "constructor",
    // Turns what follows around, isolates, and does not end.
    "\u{202e}\u{2066}edacsaC\u{2067}",
    // What stands for NUL, a bell, and a byte order mark.
    "\u{2400}\u{1}\u{7}\u{feff}x\u{fffd}",
    // As tall as a name can be: 80 characters, one of them a letter.
    concat!(
        "Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}\u{30d}\u{30e}\u{30f}\u{310}\u{311}\u{312}",
        "\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}\u{30d}\u{30e}\u{30f}\u{310}\u{311}\u{312}\u{313}",
        "\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}\u{30d}\u{30e}\u{30f}\u{310}\u{311}\u{312}\u{313}",
        "\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}\u{30d}\u{30e}\u{30f}\u{310}\u{311}\u{312}\u{313}",
    ),
];

/// Writes down what the system would have shown.
const RECORDER: &str = "
    window.notified = [];
    window.Notification = class extends EventTarget {
        static permission = 'granted';
        constructor(title, { body }) {
            super();
            window.notified.push([title, body]);
        }
    };";

/// Nothing ran, and nothing is on the page that only they could have brought.
async fn check_unharmed(browser: &Browser) {
    assert_eq!(
        browser
            .value("[window.hacked, ({}).polluted, document.querySelectorAll('[src=x], [onload], [onerror], iframe, body script').length]")
            .await,
        json!([null, null, 0])
    );
}

async fn until_shown(browser: &Browser, css: &str, text: &str) {
    browser
        .until(&format!(
            "Array.from(document.querySelectorAll({}), (place) => place.textContent).includes({})",
            json!(css),
            json!(text)
        ))
        .await;
}

#[tokio::test]
async fn names_titles_and_words_stay_text_wherever_they_are_shown() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::open(server.address).await;
    ada.before_each_page(RECORDER).await;
    ada.give_name(HOSTILE[0]).await;
    assert_eq!(ada.text(".sidebar__viewer b").await, HOSTILE[0]);
    ada.value("localStorage.settings = JSON.stringify({notify: true})")
        .await;
    let ada_id = ada.user_id().await;
    let general = ada
        .value("document.querySelector('.pane').dataset.conversationId")
        .await;
    let general: Uuid = general.as_str().unwrap().parse().unwrap();

    for hostile in HOSTILE {
        let mallory = Person::guest(server.address, hostile).await;
        let first = mallory.say(general, hostile).await;
        let path = format!("/api/conversations/{general}/messages");
        let answer = json!({"body": hostile, "reply_to": first["id"]});
        assert_eq!(mallory.post(&path, answer).await.0, 201);
        let members = json!({"name": hostile, "member_ids": [ada_id]});
        let (status, group) = mallory.post("/api/groups", members).await;
        assert_eq!(status, 201, "{hostile}");
        let group = group["id"].as_str().unwrap();
        for place in [
            ".message__body",
            ".message__sender",
            ".message__quoted",
            ".message__excerpt",
        ] {
            until_shown(&ada, place, hostile).await;
        }
        until_shown(&ada, ".conversation__title", hostile).await;

        mallory.say(group.parse().unwrap(), hostile).await;
        until_shown(&ada, ".toast__text", hostile).await;
        until_shown(&ada, ".conversation__last", hostile).await;
        ada.value(&format!(
            "document.querySelector('.conversation__link[href=\"/c/{group}\"]').click()"
        ))
        .await;
        until_shown(&ada, ".pane__title", hostile).await;
        until_shown(&ada, ".details__members .person__name", hostile).await;
        check_unharmed(&ada).await;
        ada.value("document.querySelector('.sidebar__product').click()")
            .await;
        until_shown(&ada, ".pane__title", "General").await;
    }

    for (opener, field, place) in [
        (".sidebar__find", ".switcher__query", ".switcher__title"),
        (
            ".sidebar__new",
            "#new-chat-query",
            ".new-chat .person__name",
        ),
    ] {
        ada.click(opener).await;
        ada.until(&format!(
            "document.querySelector('{field}').closest('dialog').open"
        ))
        .await;
        for hostile in HOSTILE {
            ada.value(&format!(
                "((field) => {{ field.value = {}; field.dispatchEvent(new Event('input', {{bubbles: true}})); }})(document.querySelector('{field}'))",
                json!(hostile)
            ))
            .await;
            until_shown(&ada, place, hostile).await;
        }
        ada.value("document.querySelector('dialog[open]').close()")
            .await;
    }
    check_unharmed(&ada).await;

    let mallory = Person::guest(server.address, HOSTILE[1]).await;
    let ada_id = ada.user_id().await.to_string();
    let mut listener = database.listen().await;
    let away = ada.look_away().await;
    mallory.say(general, HOSTILE[2]).await;
    // She must not look back before it has come.
    listener
        .next_event(|heard| heard.kind() == "receipt" && heard.event()["user_id"] == ada_id)
        .await;
    away.look_back().await;
    ada.until("notified.length > 0").await;
    assert_eq!(
        ada.value("notified").await,
        json!([[format!("{} in General", HOSTILE[1]), HOSTILE[2]]])
    );
    ada.reload().await;
    ada.until_live().await;
    check_unharmed(&ada).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn drafts_and_what_is_on_its_way_stay_text_too() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let own: Vec<&str> = HOSTILE[..6].to_vec();

    ada.type_into("#composer:enabled", own[0]).await;
    ada.reload().await;
    ada.until(&format!(
        "document.querySelector('#composer').value === {}",
        json!(own[0])
    ))
    .await;
    check_unharmed(&ada).await;
    // What is on its way is shown by the page itself.
    ada.value("window.WebSocket.prototype.send = () => {}")
        .await;
    ada.say("").await;
    for text in &own[1..] {
        ada.say(text).await;
    }
    ada.until(&format!(
        "document.querySelectorAll('.message--pending').length === {}",
        own.len()
    ))
    .await;
    let bodies =
        "Array.from(document.querySelectorAll('.message__body'), (body) => body.textContent)";
    assert_eq!(ada.value(bodies).await, json!(own));
    check_unharmed(&ada).await;

    ada.reload().await;
    ada.until_said(own[own.len() - 1]).await;
    assert_eq!(ada.said().await, own);
    check_unharmed(&ada).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_page_lets_no_text_become_markup_or_script() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let outcome = |deed: &str| {
        format!(
            "(() => {{ try {{ {deed}; return 'done'; }} catch (error) {{ return error.name; }} }})()"
        )
    };

    for deed in [
        "document.body.innerHTML = '<b>'",
        "document.body.insertAdjacentHTML('beforeend', '<b>')",
        "document.write('<b>')",
        "trustedTypes.createPolicy('mine', {createHTML: (html) => html})",
        "trustedTypes.createPolicy('fragment', {createHTML: (html) => html})",
        "document.createElement('script').src = 'https://elsewhere.example/x.js'",
        "setTimeout('window.hacked = 1')",
    ] {
        assert_eq!(
            ada.value(&outcome(deed)).await,
            Value::from("TypeError"),
            "{deed}"
        );
    }
    ada.value("document.body.appendChild(document.createElement('p')).setAttribute('style', 'position: fixed')")
        .await;
    assert_eq!(
        ada.value("getComputedStyle(document.body.lastElementChild).position")
            .await,
        Value::from("static")
    );
    check_unharmed(&ada).await;
    ada.close_despite(&[
        "Content Security Policy",
        "TrustedHTML",
        "TrustedScript",
        "trusted type",
        "TrustedTypePolicy",
        "document.write",
    ])
    .await;
    server.stop().await;
}
