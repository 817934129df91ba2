// The chat within a page of another site: what the two tell each other, and what is other in a frame.

import { post } from "./api.js";
import { EmbedLine, addressOf, passEscapeOn, wear } from "./embed_line.js";
import { TokenRenewal } from "./embed_renewal.js";
import { SharedLine } from "./shared_line.js";
import { counts } from "./sidebar.js";

const SETUP_MS = 2_000; // The page around answers at once.

const { dataset: root } = document.documentElement;
const isAlone = root.alone !== undefined;
const aloneId = isAlone ? document.querySelector("main.pane").dataset.conversationId : null;
const CHAT = /^\/($|chats$|c\/|u\/)/; // What is shown here; everything else opens in a tab of its own.

export function goLive({ connection, navigation, sidebar, user, signal }) {
  const line = new EmbedLine("chat");
  const renewal = new TokenRenewal(connection, line, signal);
  passEscapeOn(line);
  tellWhatComes(line, { connection, sidebar, user, signal });
  doAsTold(line, renewal);
  keepWithin(navigation, signal);
  line.tell("path", { path: location.pathname });
  navigation.addEventListener("arrive", () => queueMicrotask(() => line.tell("path", { path: location.pathname })), { signal });
  // The shell asks who somebody is now; a reload alone would show them the door.
  connection.addEventListener("state", ({ detail }) => detail.sessionEnded && location.replace("/embed"), { signal });
  connect(line, { connection, userId: user.id, signal });
}

// As soon as it is known who connects; by itself where the page around is none of ours, and says nothing.
function connect(line, { connection, userId, signal }) {
  const alone = setTimeout(() => connection.start(), SETUP_MS);
  line.addEventListener("setup", ({ detail: { group, leads } }) => {
    clearTimeout(alone);
    const shared = new SharedLine(connection, { userId, group, leads, signal });
    connection.shareBy(shared);
    line.on("lead", () => shared.lead());
    connection.start();
  }, { once: true });
  signal.addEventListener("abort", () => clearTimeout(alone));
}

function tellWhatComes(line, { connection, sidebar, user, signal }) {
  const tellUnread = (total) => line.tell("unread", { count: isAlone ? unreadOf(aloneId) : total });
  connection.addEventListener("frame:ready", () => {
    line.tell("ready", { user: { id: user.id, name: user.name } });
    line.tell("unread", { count: countUnread() });
  }, { signal, once: true });
  sidebar.addEventListener("unread", ({ detail }) => tellUnread(detail), { signal });
  connection.addEventListener("frame:message", ({ detail: { message, words } }) => {
    const isOther = isAlone && message.conversation_id !== aloneId;
    if (isOther || message.revision !== 1 || message.sender_id === user.id || !counts(message)) return;
    const { id, conversation_id, seq, sender_id, sender_name, kind, created_at } = message;
    line.tell("message", {
      message: { id, conversation_id, seq, sender_id, sender_name, kind, body: words ?? message.body, created_at },
    });
  }, { signal });
}

function countUnread() {
  if (isAlone) return unreadOf(aloneId);
  return Array.from(document.querySelectorAll(".conversation__count"), (count) => Number(count.textContent)).reduce((sum, count) => sum + count, 0);
}

function unreadOf(conversationId) {
  const count = document.querySelector(`.conversation[data-conversation-id="${CSS.escape(conversationId)}"] .conversation__count`);
  return Number(count?.textContent ?? 0);
}

function doAsTold(line, renewal) {
  line.on("setup", ({ look }) => wear(look));
  line.on("look", ({ look }) => wear(look));
  line.on("show", ({ target, look }) => {
    const { conversation, with: person, topic } = target;
    // What the page around has names of its own for, the shell finds.
    if (!conversation && (person || topic)) location.replace("/embed");
    else location.replace(addressOf({ conversation, look }));
  });
  line.on("token", ({ token }) => renewal.answer(token));
  line.on("token-changed", () => {
    if (renewal.isAsking) line.tell("token-needed", { reason: "first" });
    else location.replace("/embed"); // It may be of somebody else.
  });
  line.on("focus", () => (document.querySelector("#composer:enabled") ?? document.querySelector("main")).focus({ preventScroll: true }));
  line.on("send", ({ text }) => say(text));
  line.on("sign-out", async () => {
    await post("/auth/logout").catch(() => {}); // Whoever has no session is out.
    line.tell("signed-out");
    location.replace("/embed");
  });
}

// As if it had been written; what stands in the box stays.
function say(text) {
  const box = document.querySelector("#composer:enabled");
  if (!box || typeof text !== "string") return;
  const written = box.value;
  box.value = text;
  box.form.requestSubmit();
  box.value = written;
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

function keepWithin(navigation, signal) {
  const isHere = (path) => isAlone ? path === `/c/${aloneId}` || path.startsWith(`/c/${aloneId}/`) : CHAT.test(path);
  if (isAlone) navigation.leads = isHere;
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.("a[href]");
    if (!link || link.target || link.download || (link.origin === location.origin && isHere(link.pathname))) return;
    Object.assign(link, { target: "_blank", rel: "noopener" });
  }, { signal, capture: true });
  // What leads to other conversations.
  document.addEventListener("keydown", (event) => {
    const { key, ctrlKey, metaKey } = event;
    if (isAlone && (ctrlKey || metaKey) && /^[kf]$/i.test(key)) event.stopImmediatePropagation();
  }, { signal, capture: true });
}
