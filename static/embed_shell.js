// The first page of a frame: hears from the page around who somebody is and what to show, and goes there.

import { inWords } from "./api.js";
import { EmbedLine, addressOf, doorOf, wear } from "./embed_line.js";

const PROBE = "webchat_probe"; // A cookie that says nothing, to see whether it is kept.

let line;
let setup;
let isAsking = false; // for a token

if (parent === window) {
  show("not-embedded");
} else {
  line = new EmbedLine("shell");
  line.addEventListener("setup", ({ detail }) => {
    setup = detail;
    begin();
  }, { once: true });
  line.on("look", ({ look }) => {
    setup.look = look;
    wear(look);
  });
  line.on("show", ({ target }) => setup.target = target ?? setup.target);
  line.on("token-changed", () => {
    setup.hasToken = true;
    if (isAsking) line.tell("token-needed", { reason: "first" });
    else begin();
  });
  document.addEventListener("click", ({ target }) => deeds[target.dataset.deed]?.());
}

const deeds = {
  again: begin,
  // Browsers let a frame have its cookies on a click, when the visitor knows the chat by itself. Where not, a tab has them.
  async allow() {
    try {
      await document.requestStorageAccess();
      await begin();
    } catch {
      window.open("/", "_blank", "noopener");
    }
  },
};

async function begin() {
  wear(setup.look);
  show(null);
  try {
    const address = await isKnown() && await findAddress();
    if (address) location.replace(address);
  } catch (error) {
    show("unreachable");
    line.tell("error", { code: "unreachable", message: error.message });
  }
}

// Of the conversation that the page around names; by its own names for a person or a matter, one that may begin with it.
async function findAddress() {
  const { conversation, with: person, topic, title } = setup.target;
  if (conversation || !(person || topic)) return addressOf({ ...setup, conversation });
  const response = topic
    ? await send("/api/conversations/topic", { topic, title })
    : await send("/api/conversations/direct", { external_id: person });
  if (response.status === 401) return doorOf(setup);
  if (response.ok) return addressOf({ ...setup, conversation: (await response.json()).id });
  await fail("nowhere", response);
  return null;
}

// Whether one may go on: as whom the page around names, or, where it names nobody, as whoever one was or will be.
async function isKnown() {
  if (setup.hasToken) {
    const token = await askForToken("first");
    if (token) return signIn(token);
    await fetch("/auth/logout", { method: "POST" }); // Whoever was here before is gone from the page around.
  }
  return isRemembered();
}

async function signIn(token) {
  let response = await exchange(token);
  if (response.status === 401) {
    const another = await askForToken("refused");
    if (another && another !== token) response = await exchange(another);
  }
  if (response.ok) return isRemembered();
  await fail("refused", response);
  return false;
}

async function fail(notice, response) {
  const { code, detail } = await response.json().catch(() => ({}));
  show(notice, detail && inWords(detail)); // What the page around hears is for programs.
  line.tell("error", { code: code ?? notice, message: detail ?? `The chat answered ${response.status}.` });
}

function exchange(token) {
  return send("/auth/token", { token, framed: keeps("samesite=none; secure; partitioned") });
}

function send(path, body) {
  const headers = { "content-type": "application/json", accept: "application/json" };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function isRemembered() {
  // Either a cookie of frames, or, in a frame of its own site without HTTPS, one as everywhere.
  if (keeps("samesite=none; secure; partitioned") || keeps("samesite=lax")) return true;
  if ((await fetch("/api/users/me", { headers: { accept: "application/json" } })).ok) return true;
  show("cookies");
  line.tell("error", { code: "cookies_blocked", message: "The browser keeps no cookie of the chat within this page." });
  return false;
}

function keeps(kind) {
  try {
    document.cookie = `${PROBE}=1; path=/embed; ${kind}`;
    const isKept = document.cookie.includes(PROBE);
    document.cookie = `${PROBE}=; path=/embed; max-age=0; ${kind}`;
    return isKept;
  } catch {
    return false; // A sandboxed frame has none at all.
  }
}

function askForToken(reason) {
  const answer = new Promise((resolve, reject) => line.addEventListener("token", ({ detail: { token, failed } }) => {
    if (failed) reject(new Error("The page around could not get a token."));
    else resolve(token);
  }, { once: true }));
  isAsking = true;
  line.tell("token-needed", { reason });
  return answer.finally(() => isAsking = false);
}

function show(name, reason) {
  document.querySelector(".embed__opening").hidden = name !== null;
  for (const notice of document.querySelectorAll("[data-notice]")) {
    notice.hidden = notice.dataset.notice !== name;
    const place = notice.querySelector(".embed__reason");
    place.hidden = !reason;
    place.textContent = reason ?? "";
  }
}
