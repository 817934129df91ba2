//! The chat in pages of another site, under the strictest policy that such a page can have, in a browser that lets no site keep
//! anything in another's pages.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fantoccini::key::Key;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::accessibility::{RULES, check};
use super::door::Door;
use super::stage::general;
use crate::browser::Browser;
use crate::support::tokens::{SECRET, claims, seconds_from_now, signed};
use crate::support::{Person, TestDatabase, TestServer};

/// JavaScript: the frame of the first element, and of the second.
const FRAME: &str = "document.querySelector('web-chat').shadowRoot.querySelector('iframe')";
const SECOND: &str = "document.querySelectorAll('web-chat')[1].shadowRoot.querySelector('iframe')";
const CHAT: &str = "document.querySelector('web-chat')";

/// Somebody else's site, whose pages are all the same but for their address.
struct Host {
    address: SocketAddr,
    body: watch::Sender<String>,
    policy: watch::Sender<String>,
    /// What it gives who asks for `/token`; of nothing, that nobody is signed in.
    token: watch::Sender<String>,
    tokens_asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Host {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (body_sender, body) = watch::channel(String::new());
        let (policy_sender, policy) = watch::channel(String::new());
        let (token_sender, token) = watch::channel(String::new());
        let tokens_asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&tokens_asked);
        let task = tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let (body, policy, token) = (body.clone(), policy.clone(), token.clone());
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    // A request of a browser's, which fits; what it asks for does not matter.
                    let mut request = vec![0; 16 * 1_024];
                    if client
                        .read(&mut request)
                        .await
                        .is_ok_and(|length| length > 0)
                    {
                        let (body, policy) = (body.borrow().clone(), policy.borrow().clone());
                        let token = token.borrow().clone();
                        let (status, kind, content) = if !request.starts_with(b"GET /token") {
                            let page = format!(
                                "<!doctype html><html lang=\"en\"><head><title>The shop</title><link rel=\"icon\" href=\"data:,\"></head>\
                                 <body><main><h1>The shop</h1><a href=\"/next\">Next</a>{body}</main></body></html>"
                            );
                            ("200 OK", "text/html; charset=utf-8", page)
                        } else {
                            counted.fetch_add(1, Ordering::Relaxed);
                            match token.is_empty() {
                                true => ("204 No Content", "text/plain", token),
                                false => (
                                    "200 OK",
                                    "application/json",
                                    json!({"token": token}).to_string(),
                                ),
                            }
                        };
                        let head = format!(
                            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\
                             content-security-policy: {policy}\r\nconnection: close\r\n\r\n",
                            content.len()
                        );
                        // A browser that has gone on does not read it.
                        client.write_all((head + &content).as_bytes()).await.ok();
                    }
                });
            }
        });
        Self {
            address,
            body: body_sender,
            policy: policy_sender,
            token: token_sender,
            tokens_asked,
            task,
        }
    }

    /// Shows the chat of that address: another site to the browser, since it goes by another name.
    fn embed(&self, chat: SocketAddr, elements: &str) {
        let chat = format!("http://localhost:{}", chat.port());
        self.body.send_replace(format!(
            "<script type=\"module\" src=\"{chat}/embed.js\"></script>{elements}"
        ));
        self.policy.send_replace(format!(
            "default-src 'none'; script-src {chat}; frame-src {chat}; img-src data:; \
             connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
        ));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A shop with the chat in its pages, and who is at one of them.
struct Scene {
    database: TestDatabase,
    server: TestServer,
    door: Door,
    host: Host,
    ada: Browser,
    bob: Person,
}

impl Scene {
    async fn begin(elements: &str) -> Self {
        Self::begin_with(elements, &[("AUTH", "guest")]).await
    }

    async fn begin_with(elements: &str, settings: &[(&str, &str)]) -> Self {
        let database = TestDatabase::create().await;
        let host = Host::open().await;
        let origin = format!("http://{}", host.address);
        let settings = [settings, &[("ALLOWED_ORIGINS", &origin)]].concat();
        let server = TestServer::start_with(&database, &settings).await;
        let door = Door::to(server.address).await;
        host.embed(door.address, elements);
        let ada = Browser::open_guarded(host.address).await;
        let bob = Person::guest(server.address, "Bob").await;
        let scene = Self {
            database,
            server,
            door,
            host,
            ada,
            bob,
        };
        scene.note_events().await;
        scene
    }

    /// In every page of the shop's from now on, what the element tells is kept.
    async fn note_events(&self) {
        self.ada
            .before_each_page(
                "window.told = [];
                for (const name of ['ready', 'unread', 'message', 'open', 'close', 'token-needed', 'error']) {
                    document.addEventListener(`webchat-${name}`, ({ detail }) => window.told.push([name, detail]));
                }",
            )
            .await;
        self.ada.reload().await;
        self.ada.until("customElements.get('web-chat')").await;
    }

    async fn until_told(&self, name: &str, detail: &str) {
        self.ada
            .until(&format!(
                "window.told.some(([name, detail]) => name === '{name}' && ({detail}))"
            ))
            .await;
    }

    async fn press_button(&self) {
        self.ada
            .value(&format!(
                "{CHAT}.shadowRoot.querySelector('.button').click()"
            ))
            .await;
    }

    /// Comes in as a guest, and stays in the frame.
    async fn come_in(&self, frame: &str) {
        self.until_told("ready", "detail.user === null").await;
        self.ada.enter_frame(frame).await;
        self.ada.find("form.welcome__form").await;
        self.ada.give_name("Ada").await;
    }

    async fn end(self) {
        self.ada.close().await;
        self.server.stop().await;
    }
}

#[tokio::test]
async fn one_element_is_a_chat_and_tells_the_page_around_what_is_unread() {
    let scene = Scene::begin("<web-chat></web-chat>").await;
    let (ada, bob) = (&scene.ada, &scene.bob);
    assert_eq!(
        ada.value(FRAME).await,
        Value::Null,
        "a stranger who does not open it asks for nothing"
    );
    scene.press_button().await;
    scene.until_told("ready", "detail.user === null").await;
    ada.until("document.activeElement.localName === 'web-chat'")
        .await;
    scene.come_in(FRAME).await;
    ada.say("from the shop").await;
    ada.until_said("from the shop").await;
    ada.leave_frame().await;
    scene
        .until_told("ready", "detail.user?.name === 'Ada'")
        .await;

    ada.enter_frame(FRAME).await;
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.leave_frame().await;
    ada.until(&format!(
        "!{CHAT}.isOpen && {CHAT}.shadowRoot.activeElement?.matches('.button')"
    ))
    .await;
    let general = general(&scene.database.connect().await).await;
    bob.say(general, "from Bob").await;
    scene
        .until_told(
            "message",
            "detail.message.body === 'from Bob' && detail.message.sender_name === 'Bob'",
        )
        .await;
    scene.until_told("unread", "detail.count === 1").await;

    ada.go("/next").await;
    ada.until(&format!("{CHAT}.unread === 1")).await;
    assert_eq!(
        ada.value(&format!(
            "{CHAT}.shadowRoot.querySelector('.button').ariaLabel"
        ))
        .await,
        "Chat, 1 unread"
    );
    assert_eq!(
        ada.value("document.activeElement.localName").await,
        "body",
        "what is loaded unasked takes no focus"
    );
    scene.press_button().await;
    ada.until(&format!("{CHAT}.unread === 0")).await;
    scene.until_told("open", "true").await;

    ada.reload().await;
    ada.until(&format!("{CHAT}.isOpen")).await;
    ada.enter_frame(FRAME).await;
    ada.until_said("from Bob").await;
    assert_eq!(bob.history(general).await.len(), 2, "each once");
    ada.leave_frame().await;
    scene.end().await;
}

#[tokio::test]
async fn a_conversation_that_is_named_is_shown_alone_and_as_the_page_around_wants() {
    let scene = Scene::begin("<web-chat mode=\"inline\" theme=\"dark\"></web-chat>").await;
    let (ada, bob) = (&scene.ada, &scene.bob);
    scene.until_told("ready", "detail.user === null").await;
    assert_eq!(ada.value("document.activeElement.localName").await, "body");
    scene.come_in(FRAME).await;
    let with_bob = super::stage::direct(bob, ada).await;
    bob.say(with_bob, "about the order").await;
    let look = |name: &str| format!("document.documentElement.dataset.{name}");
    ada.until(&format!("{} === 'dark'", look("theme"))).await;
    ada.leave_frame().await;

    ada.value(&format!(
        "{CHAT}.setAttribute('conversation', '{with_bob}')"
    ))
    .await;
    ada.enter_frame(FRAME).await;
    ada.until("document.documentElement.dataset.alone === '' && document.title === 'Bob'")
        .await;
    ada.until_live().await;
    for hidden in [".sidebar", ".pane__back", ".pane__search"] {
        let is_shown = format!("document.querySelector('{hidden}').checkVisibility()");
        assert_eq!(ada.value(&is_shown).await, false, "{hidden}");
    }
    ada.say("it is late").await;
    ada.until_said("it is late").await;
    ada.press_chord(&format!("{}k", Key::Control)).await;
    ada.value("document.querySelector('.sidebar__product').click()")
        .await;
    ada.value("location.reload()").await;
    ada.until_live().await;
    ada.until_said("it is late").await;
    assert_eq!(ada.value("document.title").await, "Bob");
    ada.leave_frame().await;

    ada.value(&format!(
        "(() => {{ const chat = {CHAT}; chat.setAttribute('theme', 'light'); chat.setAttribute('color', 'green'); chat.dir = 'rtl'; }})()"
    ))
    .await;
    ada.enter_frame(FRAME).await;
    ada.until(&format!(
        "{} === 'light' && {} === 'green' && document.documentElement.dir === 'rtl'",
        look("theme"),
        look("color")
    ))
    .await;
    ada.leave_frame().await;
    ada.value(&format!("{CHAT}.show()")).await;
    ada.enter_frame(FRAME).await;
    ada.until(
        "document.title === 'General' && !document.documentElement.hasAttribute('data-alone')",
    )
    .await;
    scene.end().await;
}

#[tokio::test]
async fn several_chats_of_a_page_have_one_connection_and_none_misses_what_comes_when_it_changes_hands()
 {
    let scene =
        Scene::begin("<web-chat mode=\"inline\"></web-chat><web-chat mode=\"inline\"></web-chat>")
            .await;
    let (ada, bob) = (&scene.ada, &scene.bob);
    let general = general(&scene.database.connect().await).await;
    scene.come_in(FRAME).await;
    ada.leave_frame().await;
    ada.enter_frame(SECOND).await;
    ada.until_live().await; // Who came in by one door is in by all.
    assert_eq!(scene.door.sockets_asked(), 1);
    ada.say("by the other's connection").await;
    ada.until_said("by the other's connection").await;
    ada.find(".message[data-tick=sent]").await;
    ada.leave_frame().await;
    ada.enter_frame(FRAME).await;
    ada.until_said("by the other's connection").await;
    ada.leave_frame().await;

    scene.door.lead_to(None);
    bob.say(general, "while the line was cut").await;
    scene.door.lead_to(Some(scene.server.address));
    for frame in [FRAME, SECOND] {
        ada.enter_frame(frame).await;
        ada.until_said("while the line was cut").await;
        ada.until_live().await;
        ada.leave_frame().await;
    }
    let asked = scene.door.sockets_asked();

    ada.value(&format!("{CHAT}.remove()")).await;
    bob.say(general, "while nobody led").await;
    ada.enter_frame(FRAME).await;
    ada.until_said("while nobody led").await;
    ada.say("by my own").await;
    ada.find(".timeline__messages .message:last-child[data-tick=sent]")
        .await;
    assert_eq!(scene.door.sockets_asked(), asked + 1);
    ada.leave_frame().await;
    scene
        .ada
        .close_despite(&[
            "net::ERR_",
            "WebSocket connection to",
            "Failed to fetch",
            "The list is not fresh",
        ])
        .await;
    scene.server.stop().await;
}

#[tokio::test]
async fn a_page_that_is_not_allowed_reads_what_to_set() {
    let database = TestDatabase::create().await;
    let server =
        TestServer::start_with(&database, &[("ALLOWED_ORIGINS", "https://shop.example")]).await;
    let host = Host::open().await;
    host.embed(server.address, "<web-chat open></web-chat>");
    let ada = Browser::open_guarded(host.address).await;
    let notice = format!("{CHAT}.shadowRoot.querySelector('.notice')");
    ada.until(&notice).await;
    assert_eq!(
        ada.value(&format!("{notice}.querySelector('code').textContent"))
            .await,
        format!(
            "ALLOWED_ORIGINS=https://shop.example,http://{}",
            host.address
        )
    );

    // The page's own policy may be what keeps it out.
    host.policy.send_replace(format!(
        "script-src http://localhost:{}; frame-src 'none'",
        server.address.port()
    ));
    ada.reload().await;
    ada.until(&notice).await;
    assert_eq!(
        ada.value(&format!("{notice}.querySelector('code').textContent"))
            .await,
        format!("frame-src http://localhost:{}", server.address.port())
    );
    ada.close_despite(&[
        "violates the following Content Security Policy",
        "web-chat>:",
    ])
    .await;
    server.stop().await;
}

#[tokio::test]
async fn what_others_than_the_two_say_counts_for_neither() {
    let scene =
        Scene::begin("<web-chat mode=\"inline\"></web-chat><iframe title=\"Other\"></iframe>")
            .await;
    let ada = &scene.ada;
    scene.come_in(FRAME).await;
    ada.until_live().await;
    ada.leave_frame().await;
    scene
        .until_told("ready", "detail.user?.name === 'Ada'")
        .await;
    // To the page, from itself; to the frame of the chat, from another frame of the very same page.
    let is_heard = "new Promise((resolve) => {
        window.addEventListener('message', ({ data }) => data.webchat === 'unread' && resolve(), { once: true });
        window.postMessage({ webchat: 'unread', count: 9 }, '*');
    })";
    ada.value(is_heard).await;
    ada.enter_frame("document.querySelector('iframe')").await;
    ada.value(&format!(
        "parent.{FRAME}.contentWindow.postMessage({{ webchat: 'sign-out' }}, '*')"
    ))
    .await;
    ada.leave_frame().await;
    ada.enter_frame(FRAME).await;
    ada.say("still here").await;
    ada.until_said("still here").await;
    ada.leave_frame().await;
    assert_eq!(ada.value(&format!("{CHAT}.unread")).await, 0);
    scene.end().await;
}

#[tokio::test]
async fn who_signs_out_of_the_page_around_is_out_of_the_chat_and_can_be_spoken_for_before() {
    let scene = Scene::begin("<web-chat mode=\"inline\"></web-chat>").await;
    let ada = &scene.ada;
    scene.come_in(FRAME).await;
    ada.type_into("#composer:enabled", "half a thought").await;
    ada.leave_frame().await;
    ada.value(&format!("{CHAT}.send('I ask about order 4711')"))
        .await;
    ada.enter_frame(FRAME).await;
    ada.until_said("I ask about order 4711").await;
    assert_eq!(
        ada.written().await,
        "half a thought",
        "what is written stays"
    );
    ada.leave_frame().await;
    ada.value(&format!("{CHAT}.signOut()")).await;
    ada.enter_frame(FRAME).await;
    ada.find("form.welcome__form").await;
    ada.leave_frame().await;
    ada.reload().await;
    ada.enter_frame(FRAME).await;
    ada.find("form.welcome__form").await;
    ada.leave_frame().await;
    scene.ada.close_despite(&["401 (Unauthorized)"]).await;
    scene.server.stop().await;
}

#[tokio::test]
async fn a_page_with_the_chat_in_it_is_as_accessible_as_without() {
    let scene = Scene::begin(
        "<web-chat></web-chat><web-chat mode=\"inline\" label=\"Questions\"></web-chat>",
    )
    .await;
    let ada = &scene.ada;
    ada.prefer("prefers-reduced-motion", "reduce").await;
    ada.until(SECOND).await;
    check(ada, "closed", RULES).await;
    scene.press_button().await;
    scene.until_told("ready", "true").await;
    check(ada, "open", RULES).await;
    let expanded = format!("{CHAT}.shadowRoot.querySelector('.button').ariaExpanded");
    assert_eq!(ada.value(&expanded).await, "true");
    scene.end().await;
}

#[tokio::test]
async fn whom_the_page_around_knows_is_in_at_once_and_stays_as_long_as_it_says_so() {
    const LIFE_SECONDS: i64 = 5;
    let settings = [("AUTH", "guest,jwt"), ("SECRET_KEY", SECRET)];
    let scene = Scene::begin_with("<web-chat mode=\"inline\"></web-chat>", &settings).await;
    let (ada, host) = (&scene.ada, &scene.host);
    let short = signed(&claims("customer-7", "Ada", LIFE_SECONDS));
    let end = seconds_from_now(LIFE_SECONDS + 1);
    scene.until_told("ready", "detail.user === null").await;
    host.token.send_replace(short);
    ada.value(&format!("{CHAT}.setAttribute('token-url', '/token')"))
        .await;
    scene
        .until_told("ready", "detail.user?.name === 'Ada'")
        .await;
    host.token
        .send_replace(signed(&claims("customer-7", "Ada", 3_600)));
    ada.until(&format!("Date.now() > {end} * 1_000")).await;
    ada.enter_frame(FRAME).await;
    ada.say("still here").await;
    ada.find(".message[data-tick=sent]").await;
    assert_eq!(
        host.tokens_asked.load(Ordering::Relaxed),
        2,
        "once to come in, once to stay"
    );
    assert_eq!(scene.door.sockets_asked(), 1, "by the same connection");
    ada.leave_frame().await;

    // Somebody else at the same machine.
    host.token
        .send_replace(signed(&claims("customer-8", "Eve", 3_600)));
    host.embed(
        scene.door.address,
        "<web-chat mode=\"inline\" token-url=\"/token\"></web-chat>",
    );
    ada.reload().await;
    scene
        .until_told("ready", "detail.user?.name === 'Eve'")
        .await;
    // And nobody any more.
    host.token.send_replace(String::new());
    ada.reload().await;
    scene.until_told("ready", "detail.user === null").await;

    host.token.send_replace("no token at all".to_owned());
    ada.reload().await;
    scene
        .until_told("error", "detail.code === 'bad_token'")
        .await;
    ada.enter_frame(FRAME).await;
    ada.find("[data-notice=refused]:not([hidden])").await;
    host.token
        .send_replace(signed(&claims("customer-7", "Ada", 3_600)));
    ada.click("[data-notice=refused] [data-deed=again]").await;
    ada.until_said("still here").await;
    ada.leave_frame().await;
    scene.ada.close_despite(&["401 (Unauthorized)"]).await;
    scene.server.stop().await;
}

#[tokio::test]
async fn the_page_around_names_a_person_or_a_matter_by_its_own_words_and_strangers_come_to_it_through_the_door()
 {
    let settings = [("AUTH", "guest,jwt"), ("SECRET_KEY", SECRET)];
    let elements =
        "<web-chat mode=\"inline\" topic=\"order 47/11\" title=\"Order 4711\"></web-chat>";
    let scene = Scene::begin_with(elements, &settings).await;
    let ada = &scene.ada;
    let client = scene.database.connect().await;
    client
        .execute(
            "insert into chat.users (external_id, name) values ('shop-1', 'The shop')",
            &[],
        )
        .await
        .unwrap();
    scene.come_in(FRAME).await;
    ada.until("document.title === 'Order 4711' && document.documentElement.dataset.alone === ''")
        .await;
    ada.say("where is it?").await;
    ada.until_said("where is it?").await;
    ada.leave_frame().await;

    ada.value(&format!("{CHAT}.show({{ with: 'shop-1' }})"))
        .await;
    ada.enter_frame(FRAME).await;
    ada.until("document.title === 'The shop' && document.documentElement.dataset.alone === ''")
        .await;
    ada.leave_frame().await;

    ada.value(&format!("{CHAT}.show({{ with: 'nobody of ours' }})"))
        .await;
    scene
        .until_told("error", "detail.code === 'user_not_found'")
        .await;
    ada.enter_frame(FRAME).await;
    ada.find("[data-notice=nowhere]:not([hidden])").await;
    ada.leave_frame().await;
    scene
        .ada
        .close_despite(&["401 (Unauthorized)", "404 (Not Found)"])
        .await;
    scene.server.stop().await;
}

#[tokio::test]
async fn a_token_that_is_refused_is_said_so_and_another_is_taken_whenever_it_comes() {
    let settings = [("AUTH", "guest,jwt"), ("SECRET_KEY", SECRET)];
    let elements = "<web-chat mode=\"inline\" token=\"not one\"></web-chat>";
    let scene = Scene::begin_with(elements, &settings).await;
    let ada = &scene.ada;
    scene
        .until_told("token-needed", "detail.reason === 'refused'")
        .await;
    scene
        .until_told("error", "detail.code === 'bad_token'")
        .await;
    ada.enter_frame(FRAME).await;
    ada.find("[data-notice=refused]:not([hidden])").await;
    ada.leave_frame().await;
    let token = signed(&claims("customer-7", "Ada", 3_600));
    ada.value(&format!("{CHAT}.token = '{token}'")).await;
    scene
        .until_told("ready", "detail.user?.name === 'Ada'")
        .await;
    scene.ada.close_despite(&["401 (Unauthorized)"]).await;
    scene.server.stop().await;
}

#[tokio::test]
async fn the_chat_speaks_the_language_of_its_element_or_of_the_page_around_it() {
    let scene = Scene::begin("<div lang=\"de-CH\"><web-chat></web-chat></div>").await;
    let ada = &scene.ada;
    scene.press_button().await;
    scene.come_in(FRAME).await;
    let language = "document.documentElement.lang";
    ada.until(&format!(
        "{language} === 'de' && document.querySelector('main.pane')"
    ))
    .await;
    ada.leave_frame().await;
    let catalog = include_str!("../../static/words_de.js");
    let close = catalog.split_once("\"Close\": \"").unwrap().1;
    let close = close.split_once('"').unwrap().0;
    ada.until(&format!(
        "{CHAT}.shadowRoot.querySelector('.bar button').ariaLabel === '{close}'"
    ))
    .await;

    ada.value(&format!("{CHAT}.lang = 'en'")).await;
    ada.until(&format!(
        "{CHAT}.shadowRoot.querySelector('.bar button').ariaLabel === 'Close'"
    ))
    .await;
    ada.enter_frame(FRAME).await;
    ada.until(&format!(
        "{language} === 'en' && document.querySelector('main.pane')"
    ))
    .await;
    ada.leave_frame().await;
    scene.end().await;
}
