// <web-chat>: a chat in any page, of any origin that the chat's ALLOWED_ORIGINS names. docs/embedding.md tells its use.
//
//   <script type="module" src="https://chat.example/embed.js"></script>
//   <web-chat></web-chat>
//
// The chat itself is a frame; this is the button, the panel around the frame, and what the two tell each other. Nothing here asks
// for more than a policy of `script-src` and `frame-src` with the chat's origin.

const HOME = new URL(import.meta.url).origin;
const TARGETS = ["conversation", "with", "topic", "title"];
const LOOKS = ["theme", "color", "dir", "lang"];
const WORDS = { label: "Chat", close: "Close", unread: "{n} unread" }; // Until the frame tells them in its language.
const ANSWER_MS = 2_500; // After its frame has loaded, a chat that may speak has spoken.
const LOAD_MS = 15_000; // A frame that has not loaded by then will not.
const NEAR_PX = 300; // From here on, a chat in the page is about to be seen.
const BADGE_MAX = 99;
const GROUP = String(Math.random()); // Frames of this page have one connection between them.
const elements = new Set(); // in the page
const chats = new Map(); // server → the elements whose frame shows the chat; the first has the connection

const ALLOW = "microphone; camera; autoplay; fullscreen; clipboard-write; geolocation; display-capture; storage-access";

const ICONS = {
  talk: "M21 11.5a8.4 8.4 0 0 1-8.5 8.3 8.7 8.7 0 0 1-3.8-.9L3 20.5l1.7-4.9a8 8 0 0 1-.9-4.1 8.4 8.4 0 0 1 8.7-8.3A8.4 8.4 0 0 1 21 11.5Z",
  close: "m6 9 6 6 6-6",
};

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host {
  --_color: var(--webchat-color, #1d5fc4);
  --_on: var(--webchat-on-color, #fff);
  --_size: var(--webchat-size, 56px);
  --_x: var(--webchat-offset-x, 20px);
  --_y: var(--webchat-offset-y, 20px);
  --_paper: light-dark(#fff, #171a1e);
  --_ink: light-dark(#14171a, #e8eaed);
  --_line: light-dark(#dfe3e8, #2b3138);
  color-scheme: light dark;
  font: 16px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
:host([theme=light]) { color-scheme: light; }
:host([theme=dark]) { color-scheme: dark; }
:host([color=purple]) { --_color: var(--webchat-color, #6b3fc4); }
:host([color=green]) { --_color: var(--webchat-color, #146c39); }
:host([color=orange]) { --_color: var(--webchat-color, #a8480a); }
:host([hidden]) { display: none !important; }
* { box-sizing: border-box; }
button { font: inherit; cursor: pointer; }
:focus-visible { outline: 3px solid var(--_color); outline-offset: 3px; }
svg { inline-size: 54%; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; }
iframe { display: block; flex: 1; inline-size: 100%; min-block-size: 0; border: 0; background: var(--_paper); color-scheme: inherit; }
iframe:not([src]) { visibility: hidden; }
.button {
  position: fixed;
  inset-block-end: calc(var(--_y) + env(safe-area-inset-bottom, 0px));
  inset-inline-end: var(--_x);
  z-index: var(--webchat-z-index, 2147483000);
  display: grid;
  place-items: center;
  inline-size: var(--_size);
  block-size: var(--_size);
  padding: 0;
  border: 0;
  border-radius: 50%;
  background: var(--_color);
  color: var(--_on);
  box-shadow: 0 2px 6px rgb(0 0 0 / .16), 0 8px 24px rgb(0 0 0 / .2);
  transition: scale .15s, filter .15s;
}
.button:hover { scale: 1.05; filter: brightness(1.08); }
.button:active { scale: .96; }
.button svg { grid-area: 1 / 1; transition: opacity .15s, rotate .2s; }
.button svg + svg, :host([open]) .button svg { opacity: 0; rotate: -60deg; }
:host([open]) .button svg + svg { opacity: 1; rotate: 0deg; }
.badge {
  position: absolute;
  inset-block-start: -4px;
  inset-inline-end: -4px;
  min-inline-size: 22px;
  padding: 0 6px;
  border-radius: 11px;
  background: #c8281e;
  color: #fff;
  box-shadow: 0 0 0 2px #fff;
  font-size: 13px;
  font-weight: 650;
  line-height: 22px;
  text-align: center;
}
[hidden] { display: none !important; }
.panel {
  display: flex;
  flex-direction: column;
  overflow: hidden;
  background: var(--_paper);
  color: var(--_ink);
}
:host([mode=inline]) { display: block; block-size: 640px; min-inline-size: 0; }
:host([mode=inline]) .panel { block-size: 100%; border: 1px solid var(--_line); border-radius: var(--webchat-radius, 16px); }
:host([mode=inline]) :is(.button, .bar) { display: none; }
:host(:not([mode=inline])) .panel {
  position: fixed;
  inset-block-end: calc(var(--_y) + var(--_size) + 16px + env(safe-area-inset-bottom, 0px));
  inset-inline-end: var(--_x);
  z-index: var(--webchat-z-index, 2147483000);
  inline-size: min(var(--webchat-width, 400px), 100vw - 2 * var(--_x));
  block-size: min(var(--webchat-height, 640px), 100dvh - var(--_size) - 2 * var(--_y) - 16px);
  border: 1px solid var(--_line);
  border-radius: var(--webchat-radius, 16px);
  box-shadow: 0 4px 12px rgb(0 0 0 / .1), 0 16px 48px rgb(0 0 0 / .22);
  visibility: hidden;
  opacity: 0;
  translate: 0 12px;
  transition: opacity .16s, translate .16s, visibility 0s .16s;
}
:host([open]:not([mode=inline])) .panel { visibility: visible; opacity: 1; translate: 0; transition-delay: 0s; }
:host([position=start]) :is(.button, .panel) { inset-inline: var(--_x) auto; }
.bar { display: none; align-items: center; gap: 8px; flex: none; min-block-size: 48px; padding-inline-start: 16px; background: var(--_color); color: var(--_on); }
.bar b { flex: 1; font-weight: 650; }
.bar button { display: grid; place-items: center; inline-size: 48px; block-size: 48px; padding: 0; border: 0; background: none; color: inherit; }
.bar :focus-visible { outline-color: currentColor; outline-offset: -5px; }
.bar svg { inline-size: 24px; }
@media (max-width: 480px), (max-height: 420px) {
  :host(:not([mode=inline])) .panel {
    inset: var(--_top, 0px) 0 auto;
    inline-size: 100%;
    block-size: var(--_height, 100dvh);
    border: 0;
    border-radius: 0;
  }
  :host([open]:not([mode=inline])) .button { visibility: hidden; }
  .bar { display: flex; }
}
.notice { flex: 1; display: grid; align-content: center; justify-items: start; gap: 12px; overflow: auto; padding: 24px; overflow-wrap: anywhere; }
.notice :is(b, p) { margin: 0; }
.notice b { font-size: 18px; }
.notice code { padding: 8px 12px; border-radius: 8px; background: light-dark(#eceff3, #0f1114); font: 14px/1.5 ui-monospace, monospace; user-select: all; }
.notice button { min-block-size: 44px; padding: 0 18px; border: 0; border-radius: 12px; background: var(--_color); color: var(--_on); font-weight: 600; }
@media (prefers-reduced-motion: reduce) { *, :host .panel { transition: none !important; } }
@media (forced-colors: active) { .button, .panel { border: 1px solid ButtonBorder !important; } }
@media print { :host(:not([mode=inline])) { display: none; } }
`);

export class WebChat extends HTMLElement {
  static observedAttributes = ["server", "mode", "token", "token-url", "label", "open", ...TARGETS, ...LOOKS];

  #token = null;
  #unread = 0;
  #words = WORDS;
  #wasOpen = false;
  #page = null; // what the frame shows, once it has spoken: shell, door or chat
  #path = ""; // where in the chat the visitor is
  #fellows = []; // of the same server, in their order
  #isNobody = false; // whether the page around said that nobody is signed in
  #told = null; // the target that the frame knows
  #tokenChanges = 0;
  #tokenTold = 0; // how many of them the frame knows
  #unsent = [];
  #changed = new Set();
  #life = null;
  #patience;
  #refusal = null; // of the frame, by this page's own policy
  #button;
  #badge;
  #panel;
  #frame;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    this.#badge = make("span", { part: "badge", class: "badge", hidden: "", "aria-hidden": "true" });
    this.#button = make("button", { part: "button", class: "button", type: "button" }, icon("talk"), icon("close"), this.#badge);
    const close = make("button", { type: "button" }, icon("close"));
    const bar = make("div", { part: "bar", class: "bar" }, make("b", {}), close);
    this.#panel = make("div", { part: "panel", class: "panel" }, bar);
    root.append(this.#panel, this.#button);
    this.#button.addEventListener("click", () => this.toggle());
    close.addEventListener("click", () => this.close());
    this.#panel.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
  }

  // Lifecycle

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    elements.add(this);
    window.addEventListener("message", (event) => this.#heard(event), { signal });
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
      if (effectiveDirective === "frame-src" && blockedURI.startsWith(this.server)) this.#refusal = effectiveDirective;
    }, { signal });
    for (const type of ["resize", "scroll"]) visualViewport?.addEventListener(type, () => this.#fit(), { signal });
    const kept = this.#recall();
    this.#path = kept.path ?? "";
    if (!this.#isInline && "open" in kept) this.toggleAttribute("open", kept.open);
    this.#name();
    this.#fit();
    this.#loadWhenUseful(signal);
  }

  disconnectedCallback() {
    clearTimeout(this.#patience);
    this.#life.abort();
    elements.delete(this);
    this.#pageIs(null); // A frame that is taken out of the page ends, and begins anew when it is put back.
  }

  // Moved by `moveBefore`, the frame lives on, and so does everything else.
  connectedMoveCallback() {}

  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (!this.#changed.size) queueMicrotask(() => this.#apply());
    this.#changed.add(name);
  }

  // Properties

  get server() {
    const server = this.getAttribute("server");
    return server ? new URL(server, location.href).origin : HOME;
  }

  get unread() {
    return this.#unread;
  }

  get isOpen() {
    return this.#isInline || this.hasAttribute("open");
  }

  // Given here, it is not seen in the page.
  get token() {
    return this.#token ?? this.getAttribute("token");
  }

  set token(token) {
    if (token === this.#token) return;
    this.#token = token;
    this.#renewToken();
  }

  // Actions

  open() {
    this.setAttribute("open", "");
    this.#load();
    this.#focusFrame();
  }

  close() {
    this.removeAttribute("open");
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.open();
  }

  // { conversation }, { with } or { topic, title }; of nothing, everything.
  show(target = {}) {
    for (const name of TARGETS) {
      if (target[name]) this.setAttribute(name, target[name]);
      else this.removeAttribute(name);
    }
    this.open();
  }

  // Says something in the visitor's name, in the conversation that is shown.
  send(text) {
    this.#unsent.push(text);
    this.#load();
    this.#sendUnsent();
  }

  signOut() {
    this.#token = null;
    this.#isNobody = true;
    this.#know(false);
    this.#tell("sign-out");
  }

  // Private: the button and the panel

  get #isInline() {
    return this.getAttribute("mode") === "inline";
  }

  #apply() {
    const changed = this.#changed;
    this.#changed = new Set();
    if (!this.isConnected) return;
    const has = (...names) => names.some((name) => changed.has(name));
    this.#name();
    if (has("server", "mode") && this.#frame) {
      this.#end();
      this.#loadWhenUseful(this.#life.signal);
    }
    if (has("open") && !this.#isInline) this.#opened(this.hasAttribute("open"));
    if (has("token", "token-url")) this.#renewToken();
    if (has(...TARGETS)) this.#tellTarget();
    if (has(...LOOKS)) this.#tell("look", { look: this.#look });
  }

  #opened(isOpen) {
    if (isOpen === this.#wasOpen) return;
    this.#wasOpen = isOpen;
    this.#remember({ open: isOpen });
    this.#fit();
    if (isOpen) this.#load();
    else if (this.shadowRoot.activeElement) this.#button.focus();
    this.#emit(isOpen ? "open" : "close");
  }

  // On somebody's word alone: a page that begins with an open chat keeps its focus.
  #focusFrame() {
    this.#frame?.focus({ preventScroll: true });
    this.#tell("focus");
  }

  #name() {
    const words = this.#words;
    const label = this.getAttribute("label") || words.label;
    const unread = this.#unread > BADGE_MAX ? `${BADGE_MAX}+` : String(this.#unread);
    this.#button.ariaLabel = this.#unread ? `${label}, ${words.unread.replace("{n}", unread)}` : label;
    this.#button.ariaExpanded = String(this.isOpen);
    this.#badge.textContent = unread;
    this.#badge.hidden = !this.#unread;
    this.#panel.role = this.#isInline ? "region" : "dialog";
    this.#panel.ariaLabel = label;
    this.#panel.querySelector("b").textContent = label;
    this.#panel.querySelector(".bar button").ariaLabel = words.close;
    if (this.#frame) this.#frame.title = label;
  }

  // A phone's keyboard takes its room from what is seen, and not from the page.
  #fit() {
    if (!visualViewport || this.#isInline || visualViewport.scale > 1.01) return;
    this.#panel.style.setProperty("--_height", `${visualViewport.height}px`);
    this.#panel.style.setProperty("--_top", `${visualViewport.offsetTop}px`);
  }

  // Private: the frame

  // Where nobody needs it yet, the page comes first; and a stranger's visit asks the chat for nothing.
  #loadWhenUseful(signal) {
    if (this.#frame) return this.#wait(); // It begins anew by itself.
    if (this.#isInline) {
      const watch = new IntersectionObserver(([{ isIntersecting }]) => {
        if (!isIntersecting) return;
        watch.disconnect();
        this.#load();
      }, { rootMargin: `${NEAR_PX}px` });
      watch.observe(this);
      signal.addEventListener("abort", () => watch.disconnect());
    } else if (this.isOpen) {
      this.#load();
    } else if (this.#hasToken || this.#isKnown) {
      const load = () => (window.requestIdleCallback ?? setTimeout)(() => signal.aborted || this.#load());
      if (document.readyState === "complete") load();
      else window.addEventListener("load", load, { signal, once: true });
    }
  }

  #load() {
    if (this.#frame || !this.isConnected) return;
    this.#panel.querySelector(".notice")?.remove();
    this.#frame = make("iframe", { part: "frame", allow: ALLOW });
    this.#frame.addEventListener("load", () => this.#page ?? this.#wait(ANSWER_MS));
    const { lang } = this.#look;
    this.#frame.src = `${this.server}/embed${lang ? `?lang=${lang}` : ""}`;
    this.#name();
    this.#panel.append(this.#frame);
    this.#wait();
  }

  #wait(ms = LOAD_MS) {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#explain(), ms);
  }

  #end() {
    clearTimeout(this.#patience);
    this.#frame?.remove();
    this.#frame = null;
    this.#pageIs(null);
    this.#unreadIs(0);
  }

  // The frame is silent: why, the chat itself may say. What it says is for whoever builds this page.
  async #explain() {
    const { server } = this;
    let title = "The chat is not there";
    let text = `${server} does not answer.`;
    let code = null;
    if (this.#refusal) {
      text = "This page's own Content-Security-Policy keeps the chat out. Add to it:";
      code = `frame-src ${server}`;
    } else {
      try {
        // A module that failed or was loaded is not asked for again by the same address.
        const { default: { allowed, set } } = await import(`${server}/embed/check.js?at=${Date.now()}`);
        if (!allowed) {
          title = "This page may not show the chat yet";
          text = set ? "Start the chat with this setting, or add to it what is missing:" : "A page needs an address that begins with http:// or https:// to show it.";
          code = set;
        }
      } catch {
        // It is not reached at all.
      }
    }
    if (this.#page || !this.#frame) return; // It has spoken after all.
    this.#end();
    const again = make("button", { type: "button" });
    again.textContent = "Try again";
    again.addEventListener("click", () => {
      this.#refusal = null;
      this.#load();
      this.#focusFrame();
    });
    const words = [["b", title], ["p", text], ["code", code]].filter(([, words]) => words);
    this.#panel.append(make("div", { class: "notice", part: "notice", role: "alert" },
      ...words.map(([tag, words]) => Object.assign(make(tag, {}), { textContent: words })), again));
    const message = [title, text, code].filter(Boolean).join(" ");
    console.error(`<web-chat>: ${message}`);
    this.#emit("error", { code: code ? "not_allowed" : "unreachable", message });
  }

  // Private: what the two tell each other

  get #target() {
    const said = TARGETS.map((name) => [name, this.getAttribute(name)]).filter(([, value]) => value);
    const target = Object.fromEntries(said);
    return target.conversation || target.with || target.topic ? target : {};
  }

  get #wanted() {
    return JSON.stringify(this.#target);
  }

  #tellTarget() {
    if (this.#page === "chat") this.#told = this.#wanted;
    this.#tell("show", { target: this.#target, look: this.#look });
  }

  get #look() {
    const lang = this.closest("[lang]")?.lang.split("-")[0];
    // As the page around goes, or the element itself; Arabic goes its own way where nobody says which.
    const dir = lang === "ar" && !this.closest("[dir]") ? null : getComputedStyle(this).direction;
    return { theme: this.getAttribute("theme"), color: this.getAttribute("color"), dir, lang };
  }

  get #hasToken() {
    return !this.#isNobody && Boolean(this.token || this.getAttribute("token-url"));
  }

  #heard({ source, origin, data }) {
    if (!this.#frame || source !== this.#frame.contentWindow || origin !== this.server) return;
    if (typeof data?.webchat !== "string") return;
    this.#answers[data.webchat]?.(data);
  }

  #answers = {
    hello: ({ page, words }) => {
      clearTimeout(this.#patience);
      this.#words = words ?? WORDS;
      this.#name();
      this.#pageIs(page);
      const leads = this.#fellows[0] === this;
      this.#tell("setup", { target: this.#target, path: this.#path, look: this.#look, hasToken: this.#hasToken, group: GROUP, leads });
      if (page === "shell") {
        this.#told = this.#wanted;
        this.#tokenTold = this.#tokenChanges;
      } else {
        // What was wanted while this page was on its way, nobody heard.
        if (this.#tokenTold !== this.#tokenChanges) this.#tell("token-changed");
        else if (this.#told !== this.#wanted) this.#tellTarget();
        if (this.shadowRoot.activeElement === this.#frame) this.#tell("focus");
      }
      if (page === "door") {
        this.#know(false);
        this.#unreadIs(0);
        this.#emit("ready", { user: null });
      }
    },
    ready: ({ user }) => {
      this.#know(true);
      this.#sendUnsent();
      // Who came in by one door is in by all.
      for (const other of elements) if (other.server === this.server && other.#page === "door") other.#tell("show");
      this.#emit("ready", { user });
    },
    unread: ({ count }) => this.#unreadIs(count),
    message: ({ message }) => this.#emit("message", { message }),
    path: ({ path }) => this.#remember({ path: this.#path = path }),
    escape: () => this.#isInline || this.close(),
    "token-needed": ({ reason }) => this.#giveToken(reason),
    "signed-out": () => this.#unreadIs(0),
    error: ({ code, message }) => this.#emit("error", { code, message }),
  };

  // A page that is gone leads no more.
  #pageIs(page) {
    const led = this.#fellows[0] === this;
    if (this.#fellows.includes(this)) this.#fellows.splice(this.#fellows.indexOf(this), 1);
    if (led) this.#fellows[0]?.#tell("lead");
    this.#page = page;
    if (page !== "chat") return;
    this.#fellows = chats.get(this.server) ?? [];
    chats.set(this.server, this.#fellows);
    this.#fellows.push(this);
  }

  #tell(webchat, more) {
    if (this.#page) this.#frame.contentWindow.postMessage({ webchat, ...more }, this.server);
  }

  #sendUnsent() {
    if (this.#page !== "chat") return;
    for (const text of this.#unsent.splice(0)) this.#tell("send", { text });
  }

  #unreadIs(count) {
    if (count === this.#unread) return;
    this.#unread = count;
    this.#name();
    this.#emit("unread", { count });
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(`webchat-${name}`, { detail, bubbles: true, composed: true }));
  }

  // Private: who the visitor is

  // There is another, or there is none any more.
  #renewToken() {
    this.#isNobody = false;
    this.#tokenChanges++;
    if (this.#frame) this.#tell("token-changed");
    else if (this.isConnected) this.#loadWhenUseful(this.#life.signal);
  }

  async #giveToken(reason) {
    const url = this.getAttribute("token-url");
    if (reason !== "first" && !url) {
      this.#emit("token-needed", { reason }); // The answer is `token = …`, now or later.
      if (reason === "expires") return;
    }
    try {
      this.#tokenTold = this.#tokenChanges;
      const token = this.token || (url ? await fetchToken(url) : null);
      this.#isNobody = !token;
      this.#tell("token", { token });
    } catch (error) {
      console.error(`<web-chat>: no token from ${url}:`, error.message);
      this.#emit("error", { code: "token_unreachable", message: error.message });
      this.#tell("token", { token: null, failed: true });
    }
  }

  // Private: what is kept, where the browser keeps anything

  #key(name) {
    return `webchat:${name}:${this.server}`;
  }

  get #stateKey() {
    return this.#key(Object.values(this.#target).join(" ") || this.id || "chat");
  }

  #recall() {
    try {
      return JSON.parse(sessionStorage.getItem(this.#stateKey)) ?? {};
    } catch {
      return {};
    }
  }

  #remember(change) {
    keep("sessionStorage", this.#stateKey, JSON.stringify({ ...this.#recall(), ...change }));
  }

  get #isKnown() {
    try {
      return localStorage.getItem(this.#key("known")) !== null;
    } catch {
      return false;
    }
  }

  #know(isKnown) {
    keep("localStorage", this.#key("known"), isKnown ? "1" : null);
  }
}

function keep(storage, key, value) {
  try {
    if (value === null) window[storage].removeItem(key);
    else window[storage].setItem(key, value);
  } catch {
    // Forgotten, then.
  }
}

// Nothing, where the page says that nobody is signed in.
async function fetchToken(url) {
  const response = await fetch(url, { credentials: "include", headers: { accept: "application/json, text/plain" } });
  if ([204, 401, 403, 404].includes(response.status)) return null;
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const text = (await response.text()).trim();
  if (!/^[{"n]/.test(text)) return text || null;
  const answer = JSON.parse(text);
  return (answer?.token ?? answer) || null;
}

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.appendChild(document.createElementNS(space, "path")).setAttribute("d", ICONS[name]);
  return svg;
}

// A page may hold the script twice.
if (!customElements.get("web-chat")) customElements.define("web-chat", WebChat);
