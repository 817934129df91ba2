//! By which way the page is connected: a WebSocket, else an event stream with commands posted beside it, and
//! from any of them back to where it was.

use serde_json::json;

use super::door::Door;
use super::stage::general;
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer, send, user};

/// What the console says of a network that fails.
const UNREACHABLE: [&str; 3] = ["WebSocket connection to", "net::ERR_", "Failed to fetch"];

/// Remembers when the page was no longer live, and when it began to say so in a line.
const CLOCK: &str = "
    addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
        const isLive = document.documentElement.dataset.connection === 'live';
        if (isLive) window.leftAt = undefined;
        else window.leftAt ??= performance.now();
        const line = document.querySelector('p.connection');
        if (line && !line.hidden) window.toldAt ??= performance.now();
    }).observe(document.documentElement, {attributes: true, subtree: true}));";

/// Lets each tab read how the others are, since they are hidden while one looks at it.
const NEWS_OF_TABS: &str = "
    addEventListener('DOMContentLoaded', () => {
        const tell = () => localStorage[`tab ${sessionStorage.label}`] =
            `${document.visibilityState} ${document.documentElement.dataset.connection}`;
        new MutationObserver(tell).observe(document.documentElement, {attributeFilter: ['data-connection']});
        document.addEventListener('visibilitychange', tell);
    });";

async fn until_connected_by(browser: &Browser, transport: &str) {
    browser
        .until(&format!(
            "document.querySelector('.indicator').textContent === 'Live · {transport}'"
        ))
        .await;
}

async fn until_away(browser: &Browser) {
    browser
        .until("document.documentElement.dataset.connection !== 'live'")
        .await;
}

#[tokio::test]
async fn a_socket_is_tried_first() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::open(server.address).await;
    ada.before_each_page(
        "window.EventSource = class { constructor() { throw new Error('an event stream') } }",
    )
    .await;
    ada.give_name("Ada").await;

    until_connected_by(&ada, "WebSocket").await;
    ada.click(".sidebar__viewer").await;
    ada.until(
        "document.querySelector('.settings__transport').textContent === 'live, by WebSocket'",
    )
    .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_browser_that_refuses_sockets_talks_by_the_stream() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::open(server.address).await;
    ada.before_each_page(
        "window.WebSocket = class { constructor() { throw new DOMException('no', 'SecurityError') } }",
    )
    .await;
    ada.give_name("Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let general = general(&database.connect().await).await;
    let mut bobs = bob.connect().await;

    until_connected_by(&ada, "event stream").await;
    ada.type_into("#composer:enabled", "from A").await;
    let typing = bobs.next_of("typing").await;
    assert_eq!(typing["user_id"], ada.user_id().await.to_string());
    ada.say("da").await;
    bobs.message("from Ada").await;
    bobs.say(general, "from Bob").await;
    ada.until_said("from Bob").await;

    assert_eq!(ada.said().await, ["from Ada", "from Bob"]);
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn behind_a_proxy_that_swallows_what_a_socket_says_the_stream_takes_over() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let door = Door::to(server.address).await;
    let ada = Browser::enter(door.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let general = general(&database.connect().await).await;
    until_connected_by(&ada, "WebSocket").await;

    door.swallow_sockets();
    bob.say(general, "into the void").await;
    ada.say("typed meanwhile").await;
    // An answer is missed after ten seconds.
    until_connected_by(&ada, "event stream").await;
    ada.until_said("typed meanwhile").await;
    ada.until("document.querySelectorAll('.message--pending').length === 0")
        .await;

    let expected = ["into the void", "typed meanwhile"];
    assert_eq!(ada.said().await, expected);
    assert_eq!(bob.history(general).await, expected, "it was sent once");
    ada.before_each_page(
        "window.WebSocket = class { constructor() { throw new Error('a socket') } }",
    )
    .await;
    ada.reload().await;
    until_connected_by(&ada, "event stream").await;
    ada.close_despite(&UNREACHABLE).await;
    server.stop().await;
}

#[tokio::test]
async fn a_line_that_falls_silent_is_noticed_though_nothing_is_said() {
    // Of the page's own waits, in milliseconds: for a socket to open, for an answer, and from ping to ping.
    const SOONER: &str = "
        const sooner = {8000: 1000, 10000: 1000, 25000: 200};
        for (const name of ['setTimeout', 'setInterval']) {
            const start = window[name];
            window[name] = (call, delay, ...rest) => start(call, sooner[delay] ?? delay, ...rest);
        }";
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let door = Door::to(server.address).await;
    let ada = Browser::open(door.address).await;
    ada.before_each_page(SOONER).await;
    ada.give_name("Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let general = general(&database.connect().await).await;

    door.swallow_sockets();
    bob.say(general, "into the void").await;
    until_connected_by(&ada, "event stream").await;
    ada.until_said("into the void").await;

    ada.say("heard").await;
    ada.until_said("heard").await;
    assert_eq!(bob.history(general).await, ["into the void", "heard"]);
    ada.close_despite(&UNREACHABLE).await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_said_between_the_page_and_its_connection_appears_once() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let door = Door::to(server.address).await;
    let ada = Browser::enter(door.address, "Ada").await;
    let client = database.connect().await;
    let general = general(&client).await;
    let bob = user(&client, "Bob").await;
    send(&client, bob, general, "in the page").await;
    ada.until_said("in the page").await;

    door.hold_sockets();
    ada.reload().await;
    ada.find("#composer:enabled").await;
    assert_eq!(ada.said().await, ["in the page"]);
    for n in 1..=3 {
        send(&client, bob, general, &format!("between {n}")).await;
    }
    assert_eq!(ada.said().await, ["in the page"]);
    door.let_sockets_pass();

    ada.until_live().await;
    ada.until_said("between 3").await;
    send(&client, bob, general, "after").await;
    ada.until_said("after").await;
    assert_eq!(
        ada.said().await,
        [
            "in the page",
            "between 1",
            "between 2",
            "between 3",
            "after"
        ]
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_comes_while_the_page_asks_who_is_there_stays_online() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let door = Door::to(server.address).await;
    let zoe = Person::guest(server.address, "Zoe").await;
    let ada = Browser::open(door.address).await;
    ada.give_name("Ada").await;
    ada.hold_answers("/members?").await;
    door.lead_to(None);
    until_away(&ada).await;
    door.lead_to(Some(server.address));
    // Back again, it asks; the answer that Zoe is offline comes after the word that she came.
    ada.until_held().await;
    let socket = zoe.connect().await;
    let is_online = format!(
        "document.querySelector('.member[data-user-id=\"{}\"] .presence').dataset.status === 'online'",
        zoe.id
    );
    ada.until(&is_online).await;
    ada.let_answers_come().await;
    zoe.say(general(&database.connect().await).await, "here I am")
        .await;
    ada.until_said("here I am").await;
    assert_eq!(ada.value(&is_online).await, true);
    socket.close().await;
    ada.close_despite(&UNREACHABLE).await;
    server.stop().await;
}

#[tokio::test]
async fn without_a_network_the_page_says_so_calmly_and_sends_later() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let door = Door::to(server.address).await;
    let ada = Browser::open(door.address).await;
    ada.before_each_page(CLOCK).await;
    ada.give_name("Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let general = general(&database.connect().await).await;
    let offline = |is_offline: bool| json!({"offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});

    ada.devtools("Network.emulateNetworkConditions", offline(true))
        .await;
    door.lead_to(None);
    until_away(&ada).await;
    bob.say(general, "missed").await;
    ada.say("typed meanwhile").await;
    ada.until("document.querySelector('.indicator').textContent === 'Offline'")
        .await;
    ada.until("!document.querySelector('p.connection').hidden")
        .await;
    assert_eq!(
        ada.text("p.connection").await,
        "You are offline. What you write is sent when you are back. 1 message is waiting."
    );
    let patience = ada.value("toldAt - leftAt").await.as_f64().unwrap();
    assert!(
        patience >= 1_400.0,
        "a short break is not worth a line: {patience} ms"
    );

    door.lead_to(Some(server.address));
    ada.devtools("Network.emulateNetworkConditions", offline(false))
        .await;
    ada.until_said("typed meanwhile").await;
    ada.until("document.querySelector('p.connection').hidden")
        .await;
    ada.until("document.querySelector('.indicator').textContent.startsWith('Live')")
        .await;
    assert_eq!(ada.said().await, ["missed", "typed meanwhile"]);
    assert_eq!(
        bob.history(general).await,
        ["missed", "typed meanwhile"],
        "it was sent once"
    );
    ada.close_despite(&UNREACHABLE).await;
    server.stop().await;
}

#[tokio::test]
async fn from_one_server_to_another_nothing_is_lost() {
    let database = TestDatabase::create().await;
    let first = TestServer::start(&database).await;
    let second = TestServer::start(&database).await;
    let door = Door::to(first.address).await;
    let ada = Browser::enter(door.address, "Ada").await;
    let bob = Person::guest(second.address, "Bob").await;
    let general = general(&database.connect().await).await;
    bob.say(general, "by the first").await;
    ada.until_said("by the first").await;

    for (n, address) in [second.address, first.address].into_iter().enumerate() {
        door.lead_to(None);
        until_away(&ada).await;
        bob.say(general, &format!("missed {n}")).await;
        door.lead_to(Some(address));
        ada.say(&format!("from Ada {n}")).await;
        ada.until_said(&format!("from Ada {n}")).await;
        ada.until_live().await;
    }

    let expected = [
        "by the first",
        "missed 0",
        "from Ada 0",
        "missed 1",
        "from Ada 1",
    ];
    assert_eq!(ada.said().await, expected);
    assert_eq!(bob.history(general).await, expected);
    ada.close_despite(&UNREACHABLE).await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn seven_tabs_share_what_connections_a_browser_has_to_one_server() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let door = Door::without_websocket(server.address).await;
    let ada = Browser::open(door.address).await;
    ada.before_each_page(NEWS_OF_TABS).await;
    ada.give_name("Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_bob = json!({"user_id": ada.user_id().await});
    let (_, direct) = bob.post("/api/conversations/direct", with_bob).await;
    let direct = direct["id"].as_str().unwrap();
    let general = general(&database.connect().await).await;
    let mut tabs = vec![ada.tab().await];

    for n in 1..=7 {
        if n > 1 {
            tabs.push(ada.open_tab().await);
            ada.before_each_page(NEWS_OF_TABS).await;
            ada.go("/").await;
        }
        ada.value(&format!("sessionStorage.label = '{n}'")).await;
        until_connected_by(&ada, "event stream").await;
        ada.say(&format!("from tab {n}")).await;
        ada.until_said(&format!("from tab {n}")).await;
        ada.click(&format!(".conversation__link[href=\"/c/{direct}\"]"))
            .await;
        ada.until("document.title.endsWith('Bob')").await;
        ada.click(".sidebar__product").await;
        ada.until_said(&format!("from tab {n}")).await;
    }
    let expected: Vec<_> = (1..=7).map(|n| format!("from tab {n}")).collect();
    assert_eq!(bob.history(general).await, expected);

    // Who is not looked at leaves its stream to the others, and one goes on hearing for all.
    for (n, is) in [(1, "live"), (2, "waiting"), (3, "waiting"), (6, "waiting")] {
        ada.until(&format!("localStorage['tab {n}'] === 'hidden {is}'"))
            .await;
    }
    bob.say(general, "to all").await;
    for tab in [&tabs[2], &tabs[6], &tabs[0]] {
        ada.look_at(tab).await;
        ada.until_said("to all").await;
        ada.until_live().await;
        let mut expected = expected.clone();
        expected.push("to all".to_owned());
        assert_eq!(ada.said().await, expected);
    }

    // The one that heard for all goes, and another takes its turn though nobody looks at it.
    ada.close_tab().await;
    ada.look_at(&tabs[6]).await;
    ada.until(
        "[2, 3, 4, 5, 6].filter((n) => localStorage[`tab ${n}`] === 'hidden live').length === 1",
    )
    .await;
    ada.close_despite(&["502 (Bad Gateway)", "WebSocket connection to"])
        .await;
    server.stop().await;
}
