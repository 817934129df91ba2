//! Real Chromium, driven through chromedriver: what a person does with the page, and what they see.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::str::FromStr;

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::{Element, ElementRef};
use fantoccini::key::Key;
use fantoccini::wd::{WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;
use tokio::time::{Duration, Instant, sleep};
use uuid::Uuid;

use crate::support::server::PATIENCE;

/// How often the page is looked at until it shows what is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Fresh, on its own, and silent: it fetches nothing but our pages.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // A microphone that beeps, and that everybody is allowed to use.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
];

/// One person's browser, with cookies and storage of its own.
pub struct Browser {
    client: Client,
    address: SocketAddr,
}

impl Browser {
    /// At a desk, on the page that the server shows a stranger.
    pub async fn open(address: SocketAddr) -> Self {
        Self::open_sized(address, 1280, 800, false).await
    }

    /// On a phone.
    pub async fn open_on_a_phone(address: SocketAddr) -> Self {
        Self::open_sized(address, 390, 844, true).await
    }

    /// At a desk, by somebody who lets no site keep anything in pages of others.
    pub async fn open_guarded(address: SocketAddr) -> Self {
        let guard = ["--test-third-party-cookie-phaseout"];
        Self::open_with(address, 1280, 800, false, &guard).await
    }

    async fn open_sized(address: SocketAddr, width: u32, height: u32, is_mobile: bool) -> Self {
        Self::open_with(address, width, height, is_mobile, &[]).await
    }

    async fn open_with(
        address: SocketAddr,
        width: u32,
        height: u32,
        is_mobile: bool,
        more: &[&str],
    ) -> Self {
        let mut flags = [&FLAGS, more].concat();
        if rustix::process::geteuid().is_root() {
            flags.push("--no-sandbox"); // Chromium refuses to have one as root.
        }
        let mut options = json!({"args": flags});
        if let Some(binary) = chromium() {
            options["binary"] = json!(binary);
        }
        let mut capabilities = Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"}));
        let port = driver().await.port;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        let browser = Self { client, address };
        browser.resize(width, height, is_mobile).await;
        browser.go("/").await;
        browser
    }

    async fn resize(&self, width: u32, height: u32, is_mobile: bool) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_mobile}),
        )
        .await;
    }

    /// Opens the page as a guest of that name, and waits until it is live in the general room.
    pub async fn enter(address: SocketAddr, name: &str) -> Self {
        let browser = Self::open(address).await;
        browser.give_name(name).await;
        browser
    }

    /// Fills in the welcome page's form.
    pub async fn give_name(&self, name: &str) {
        self.find("#name").await.send_keys(name).await.unwrap();
        self.click("form.welcome__form button").await;
        self.until_live().await;
    }

    pub async fn go(&self, path: &str) {
        let url = format!("http://{}{path}", self.address);
        self.client.goto(&url).await.unwrap();
    }

    pub async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    pub async fn find(&self, css: &str) -> Element {
        let found = self
            .client
            .wait()
            .at_most(PATIENCE)
            .every(LOOK_EVERY)
            .for_element(Locator::Css(css))
            .await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{css}: {error}\n{}", self.what_is_there().await),
        }
    }

    /// For whoever reads why a test failed.
    async fn what_is_there(&self) -> String {
        format!(
            "the page, {}, says: {}\nthe log says: {:#?}",
            self.value("location.href").await,
            self.value("document.body.innerText").await,
            self.complaints().await
        )
    }

    pub async fn click(&self, css: &str) {
        let deadline = Instant::now() + PATIENCE;
        // What is found may be replaced by a fresh one before it is clicked on, or be about to show itself.
        while let Err(error) = self.find(css).await.click().await {
            let is_too_early =
                error.is_stale_element_reference() || error.is_element_not_interactable();
            assert!(is_too_early && Instant::now() < deadline, "{css}: {error}");
            sleep(LOOK_EVERY).await;
        }
    }

    /// Types into a field; the keys of `Key` may be among the text.
    pub async fn type_into(&self, css: &str, text: &str) {
        self.find(css).await.send_keys(text).await.unwrap();
    }

    /// Writes a message and presses Enter.
    pub async fn say(&self, text: &str) {
        self.type_into("#composer:enabled", &format!("{text}{}", Key::Enter))
            .await;
    }

    /// What an expression is in the page.
    pub async fn value(&self, expression: &str) -> Value {
        let script = format!("return ({expression})");
        self.client
            .execute(&script, Vec::new())
            .await
            .unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// In one step, since the page may put another element in the place of what was found.
    pub async fn text(&self, css: &str) -> String {
        let element = format!("document.querySelector({})", json!(css));
        self.until(&element).await;
        let text = self.value(&format!("{element}?.textContent ?? ''")).await;
        text.as_str().unwrap().to_owned()
    }

    /// Waits until an expression is true in the page, which may load another meanwhile.
    pub async fn until(&self, expression: &str) {
        let script = format!("return Boolean({expression})");
        let deadline = Instant::now() + PATIENCE;
        loop {
            // While the page changes to another, there is nothing to ask.
            let outcome = self.client.execute(&script, Vec::new()).await;
            if matches!(outcome, Ok(Value::Bool(true))) {
                return;
            }
            if Instant::now() > deadline {
                let there = self.what_is_there().await;
                panic!("never became true: {expression} ({outcome:?})\n{there}");
            }
            sleep(LOOK_EVERY).await;
        }
    }

    pub async fn until_live(&self) {
        self.until(
            "document.documentElement.dataset.connection === 'live'
                && document.querySelector('main.pane:is(.pane--none, [data-ready])')",
        )
        .await;
    }

    /// Waits for a message of exactly these words.
    pub async fn until_said(&self, text: &str) {
        let text = json!(text);
        self.until(&format!("{BODIES}.includes({text})")).await;
    }

    /// Keeps the answers to what the page asks of addresses with `path` in them, until they are let come.
    pub async fn hold_answers(&self, path: &str) {
        self.value(&format!(
            "(() => {{
                const ask = window.fetch;
                window.held = [];
                window.fetch = async (...asked) => {{
                    const answer = await ask(...asked);
                    if (window.held && String(asked[0]).includes('{path}')) await new Promise((come) => window.held.push(come));
                    return answer;
                }};
            }})()"
        ))
        .await;
    }

    /// Waits until an answer that was made is held.
    pub async fn until_held(&self) {
        self.until("window.held.length > 0").await;
    }

    pub async fn let_answers_come(&self) {
        self.value("window.held.splice(0).forEach((come) => come()) ?? (window.held = null)")
            .await;
    }

    /// Words of all messages that the page holds, in their order.
    pub async fn said(&self) -> Vec<String> {
        serde_json::from_value(self.value(BODIES).await).unwrap()
    }

    pub async fn user_id(&self) -> Uuid {
        let id = self.value("document.documentElement.dataset.userId").await;
        id.as_str().unwrap().parse().unwrap()
    }

    /// Puts another tab in front, so that the page is not visible; answers how to get back.
    pub async fn look_away(&self) -> Away<'_> {
        let page = self.client.window().await.unwrap();
        let other = self.client.new_window(true).await.unwrap().handle;
        self.client.switch_to_window(other).await.unwrap();
        Away {
            browser: self,
            page,
        }
    }

    /// Goes into a frame that an expression finds; what is asked of the page is then asked of the one in it.
    pub async fn enter_frame(&self, expression: &str) {
        self.until(expression).await;
        let found = self.value(expression).await;
        let id = found.as_object().and_then(|found| found.values().next());
        let id = ElementRef::from(id.unwrap().as_str().unwrap().to_owned());
        let frame = Element::from_element_id(self.client.clone(), id);
        frame.enter_frame().await.unwrap();
    }

    /// Back to the page around.
    pub async fn leave_frame(&self) {
        self.client.enter_parent_frame().await.unwrap();
    }

    /// Runs a script in every page before the page's own.
    pub async fn before_each_page(&self, script: &str) {
        self.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({"source": script}),
        )
        .await;
    }

    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.client
            .issue_cmd(Vendor {
                path: "goog/cdp/execute",
                body: json!({"cmd": command, "params": parameters}),
            })
            .await
            .unwrap()
    }

    /// Leaves, after a look at the console: nothing was wrong, and no policy was violated.
    pub async fn close(self) {
        self.close_despite(&[]).await;
    }

    /// Leaves; the console may have complained about what the test did to it.
    pub async fn close_despite(self, expected: &[&str]) {
        let mut complaints = self.complaints().await;
        complaints.retain(|text| !expected.iter().any(|part| text.contains(part)));
        assert!(
            complaints.is_empty(),
            "the console complains: {complaints:#?}"
        );
        self.client.close().await.unwrap();
    }

    async fn complaints(&self) -> Vec<String> {
        let log = self
            .client
            .issue_cmd(Vendor {
                path: "se/log",
                body: json!({"type": "browser"}),
            })
            .await
            .unwrap();
        let entries = log.as_array().unwrap().iter();
        entries
            .filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")))
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Presses keys where the focus is: all are held, in this order, and then let go.
    pub async fn press_chord(&self, keys: &str) {
        let down = keys.chars().map(|value| KeyAction::Down { value });
        let up = keys.chars().rev().map(|value| KeyAction::Up { value });
        let keyboard = down
            .chain(up)
            .fold(KeyActions::new("keyboard".to_owned()), KeyActions::then);
        self.client.perform_actions(keyboard).await.unwrap();
    }

    /// As a person's system tells it to the page: `prefers-reduced-motion` is `reduce`, say.
    pub async fn prefer(&self, feature: &str, value: &str) {
        let features = json!([{"name": feature, "value": value}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}))
            .await;
    }

    /// What stands in the box to write in.
    pub async fn written(&self) -> String {
        let text = self
            .value("document.querySelector('#composer').value")
            .await;
        text.as_str().unwrap().to_owned()
    }

    pub async fn until_written(&self, text: &str) {
        let text = json!(text);
        self.until(&format!(
            "document.querySelector('#composer:enabled')?.value === {text}"
        ))
        .await;
    }

    /// Sends at once, as by the button, whatever is in the box; answers with the tick of the message.
    pub async fn send(&self, text: &str) -> Value {
        let text = json!(text);
        self.value(&format!(
            "(() => {{
                document.querySelector('#composer').value = {text};
                document.querySelector('form.composer').requestSubmit();
                return document.querySelector('.timeline__pending').lastElementChild?.dataset.tick ?? null;
            }})()"
        ))
        .await
    }

    /// Goes where a link of the page leads, which does not load another page.
    pub async fn visit(&self, path: &str) {
        let path = json!(path);
        self.value(&format!(
            "(() => {{
                const link = document.body.appendChild(document.createElement('a'));
                link.href = {path};
                link.click();
                link.remove();
            }})()"
        ))
        .await;
        self.until(&format!("location.pathname === {path}")).await;
    }

    /// Chooses from the menu of a message of these words, once it is offered: of one's own that is still on its way
    /// others may have heard already.
    pub async fn act(&self, text: &str, action: &str) {
        let item = message_of(text);
        let button = format!("#message-menu [data-action={action}]");
        self.until(&format!(
            "(() => {{
                document.body.dispatchEvent(new PointerEvent('pointerdown', {{ bubbles: true }})); // What is open closes.
                {item}?.dispatchEvent(new MouseEvent('contextmenu',
                    {{ bubbles: true, cancelable: true, clientX: 200, clientY: 200 }}));
                return document.querySelector('#message-menu:popover-open') && !document.querySelector('{button}').hidden;
            }})()"
        ))
        .await;
        self.click(&button).await;
    }

    /// Waits until a message of one's own has come so far: waiting, sent, delivered or read.
    pub async fn until_tick(&self, text: &str, state: &str) {
        let item = message_of(text);
        self.until(&format!("{item}?.dataset.tick === '{state}'"))
            .await;
    }

    /// The tab that is looked at.
    pub async fn tab(&self) -> WindowHandle {
        self.client.window().await.unwrap()
    }

    /// Another tab of the same person at a desk, in front of the others, with nothing in it yet.
    pub async fn open_tab(&self) -> WindowHandle {
        let tab = self.client.new_window(true).await.unwrap().handle;
        self.look_at(&tab).await;
        self.resize(1280, 800, false).await;
        tab
    }

    /// Brings a tab in front of the others, which are hidden then.
    pub async fn look_at(&self, tab: &WindowHandle) {
        self.client.switch_to_window(tab.clone()).await.unwrap();
        self.devtools("Page.bringToFront", json!({})).await;
    }

    /// Closes the tab that is looked at; another must be looked at next.
    pub async fn close_tab(&self) {
        self.client.close_window().await.unwrap();
    }

    /// All tabs, in no order.
    pub async fn tabs(&self) -> Vec<WindowHandle> {
        self.client.windows().await.unwrap()
    }

    pub async fn back(&self) {
        self.client.back().await.unwrap();
    }

    pub async fn forward(&self) {
        self.client.forward().await.unwrap();
    }
}

/// The newest message of these words, as an expression of the page's.
pub fn message_of(text: &str) -> String {
    let text = json!(text);
    format!(
        "Array.from(document.querySelectorAll('.message')).findLast((item) =>
            item.querySelector('.message__body').textContent === {text})"
    )
}

const BODIES: &str = "Array.from(document.querySelectorAll('.timeline__messages .message__body'), (body) => body.textContent)";

/// Somebody who looks at another tab.
pub struct Away<'a> {
    browser: &'a Browser,
    page: WindowHandle,
}

impl Away<'_> {
    /// Closes the other tab and looks at the page again.
    pub async fn look_back(self) {
        let client = &self.browser.client;
        client.close_window().await.unwrap();
        client.switch_to_window(self.page).await.unwrap();
    }
}

/// A command that chromedriver has beyond the WebDriver standard.
#[derive(Debug)]
struct Vendor {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(
        &self,
        base_url: &Url,
        session_id: Option<&str>,
    ) -> Result<Url, <Url as FromStr>::Err> {
        base_url.join(&format!(
            "session/{}/{}",
            session_id.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// chromedriver, one for each test process, on a port that it chose.
struct Driver {
    port: u16,
    /// Holds the writing end of the pipe that the guard reads, and the reading end of what
    /// chromedriver prints.
    _guard: Child,
    _printed: BufReader<ChildStdout>,
}

async fn driver() -> &'static Driver {
    static DRIVER: OnceCell<Driver> = OnceCell::const_new();
    DRIVER
        .get_or_init(|| async { tokio::task::spawn_blocking(start_driver).await.unwrap() })
        .await
}

/// As with the cluster, another process cleans up: chromedriver, the browsers that it started and
/// their profiles are gone when this process is, however that ended.
fn start_driver() -> Driver {
    use std::os::unix::process::CommandExt;

    // chromedriver puts each session's fresh profile into TMPDIR. Browsers are of its process group.
    const RUN_AND_CLEAN_UP: &str = r#"
        mkdir -p "$1" || exit 1
        TMPDIR=$1 chromedriver --port=0 &
        read -r _
        trap '' TERM
        kill -TERM 0
        wait
        tries=100
        until rm -rf "$1" 2>/dev/null || [ "$tries" -eq 0 ]; do
            sleep 0.1
            tries=$((tries - 1))
        done
    "#;
    let profiles =
        std::env::temp_dir().join(format!("webchat-browser-{}", Uuid::new_v4().simple()));
    let mut guard = Command::new("sh")
        .args(["-c", RUN_AND_CLEAN_UP, "sh"])
        .arg(profiles)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(guard.stdout.take().unwrap());
    let port = read_port(&mut printed);
    Driver {
        port,
        _guard: guard,
        _printed: printed,
    }
}

/// Of "ChromeDriver was started successfully on port 41393."
fn read_port(printed: &mut impl BufRead) -> u16 {
    loop {
        let mut line = String::new();
        let length = printed.read_line(&mut line).unwrap();
        assert!(length > 0, "chromedriver does not start: is it installed?");
        if let Some((_, port)) = line.split_once("successfully on port ") {
            return port.trim_end().trim_end_matches('.').parse().unwrap();
        }
    }
}

/// Where chromedriver might not look by itself.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}
