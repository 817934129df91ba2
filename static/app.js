// Wires the page: one connection, what listens to it, and the pane that is open.

import { Connection } from "./connection.js";
import { hideAsked, wireDetails } from "./details.js";
import { Indicator } from "./indicator.js";
import { Navigation } from "./navigation.js";
import { Outbox } from "./outbox.js";
import { Pane } from "./pane.js";
import { Presence, dressPresence } from "./presence.js";
import { Receipts } from "./receipts.js";
import { Sidebar, counts, isMuted } from "./sidebar.js";
import { countUnread, nameTitle } from "./title.js";
import { isAnyLookedAt, isLookedAt, isSpeaker, takeTurns } from "./turns.js";
import { sayer } from "./words.js";

const { dataset: root } = document.documentElement;
const find = (selector) => document.querySelector(selector);
const page = new AbortController();
const { signal } = page;
const user = { id: root.userId, get name() { return root.userName; } };

const connection = new Connection(root.cursor);
const outbox = new Outbox(connection, user.id, signal);
const indicator = new Indicator(connection, outbox, signal);
const navigation = new Navigation(connection, signal);
const receipts = new Receipts(connection, user.id, signal);
new Presence(connection, signal);
takeTurns(() => connection.wake(), signal);
connection.restWhen(() => !isSpeaker() && outbox.size === 0);
const sidebar = new Sidebar(find(".sidebar__nav"),
  { connection, userId: user.id, sees: (id) => id === pane.id && pane.showsNewest, signal });
const announcer = { say: announce };
const session = { connection, outbox, receipts, announcer, navigation, user, confirm, open };
let pane = new Pane(find("main.pane"), session);

// The open conversation.

function show() {
  sidebar.open(pane.id);
  nameTitle(titleOf(pane));
  dressPresence(pane.element);
  hideAsked();
}

function titleOf({ element }) {
  return element.dataset.title ?? root.product;
}

navigation.addEventListener("arrive", ({ detail: { pane: element, frames } }) => {
  const { id: from } = pane;
  const writes = document.activeElement.matches(".composer__body"); // Then a phone's keyboard is there already.
  pane.end();
  pane.element.replaceWith(element);
  pane = new Pane(element, session);
  if (writes) element.querySelector(".composer__body")?.focus({ preventScroll: true });
  if (!element.contains(document.activeElement)) focusArrival(element, from);
  for (const frame of frames) if (frame.message.conversation_id === pane.id) pane.receive(frame);
  show();
  indicator.show();
}, { signal });

// Where one cannot write at once, the focus goes to the heading, which says where one is; and from a conversation
// back to the list, to the entry of the one that was left.
function focusArrival(element, from) {
  const entry = from && find(`[data-conversation-id="${CSS.escape(from)}"] .conversation__link`);
  (element.querySelector(".pane__title") ?? entry ?? element).focus({ preventScroll: true });
}

outbox.addEventListener("begun", ({ detail }) => {
  if (pane.begins(detail)) navigation.go(`/c/${detail.conversationId}`, { replaces: true });
}, { signal });

// What comes.

connection.addEventListener("frame:message", ({ detail: frame }) => {
  // In one line, as the server says it, where that is not what was typed.
  const message = { ...frame.message, body: sayer ? sayer.lineOf(frame) : frame.words ?? frame.message.body };
  const isOpen = message.conversation_id === pane.id;
  if (isOpen) pane.receive(frame);
  const isNew = sidebar.messageCame(message);
  if (message.sender_id === user.id) return;
  receipts.delivered(message.conversation_id, message.seq);
  const isUnseen = !isOpen || !pane.showsNewest;
  if (isNew && isUnseen && isNews(message) && sidebar.rings(message)) {
    alertTo(message, isOpen || isListAlone());
  }
}, { signal });

async function alertTo(message, isBeforeEyes) {
  const { conversation_id: id } = message;
  const title = sidebar.kindOf(id) === "direct" ? null : sidebar.titleOf(id);
  // When the message came, not when it is told.
  const [isHere, isAnywhere] = [isLookedAt(), isAnyLookedAt()];
  const { alertTo } = await import("./alerts.js");
  alertTo(message, { title, isBeforeEyes, isHere, isAnywhere: await isAnywhere, open: () => navigation.go(`/c/${id}`) });
}

// On a phone.
function isListAlone() {
  return pane.element.clientHeight <= 1; // The pane is only heard.
}

function isNews(message) {
  return counts(message) && message.revision === 1;
}

connection.addEventListener("frame:member", ({ detail: { member } }) => {
  const isGone = member.user_id === user.id && member.left_at;
  if (isGone && member.conversation_id === pane.id) navigation.go("/", { replaces: true });
}, { signal });

for (const type of ["user", "conversation"]) connection.addEventListener(`frame:${type}`, async ({ detail }) => {
  (await import("./names.js")).renew(detail);
}, { signal });

connection.addEventListener("frame:preference", ({ detail: { preference } }) => {
  const button = pane.element.querySelector(".details__mute");
  if (button && preference.conversation_id === pane.id) button.ariaPressed = String(isMuted(preference));
}, { signal });

for (const type of ["call", "call_ignored"]) {
  connection.addEventListener(`frame:${type}`, async ({ detail }) => (await import("./calls.js")).heard(detail, session), { signal });
}

connection.addEventListener("frame:ready", async ({ detail }) => {
  if (detail.expires_at) (await import("./renewal.js")).keep(detail, signal);
}, { signal });
connection.addEventListener("frame:reset", () => location.reload(), { signal });
receipts.addEventListener("read", ({ detail }) => sidebar.read(detail.conversationId, detail.seq), { signal });
sidebar.addEventListener("unread", ({ detail }) => countUnread(detail), { signal });

// What opens above the page is fetched when it is first asked for, by its button or otherwise.

const means = { navigation, open, signal };
const doors = {
  ".sidebar__new": async () => new (await import("./new_chat.js")).NewChat(find(".new-chat"), means),
  ".sidebar__find": async () => new (await import("./switcher.js")).Switcher(find(".switcher"), means),
  ".sidebar__viewer": async () => new (await import("./settings_dialog.js")).SettingsDialog(find(".settings"), means),
  ".sidebar__search": async () => new (await import("./search.js")).Search(means),
};
const opened = {};

async function open(door, within) {
  (await (opened[door] ??= doors[door]())).open(within);
}

for (const door in doors) find(door).addEventListener("click", () => open(door), { signal });

let announcing = null; // Announcer, with the first that there is to say

async function announce(sentence) {
  const { Announcer } = await import("./announcer.js");
  announcing ??= new Announcer(find(".announcer"), signal);
  announcing.say(sentence);
}

async function confirm(question, answer) {
  const { ask } = await import("./confirm.js");
  return ask(find(".confirm"), question, answer);
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open(".sidebar__find");
}, { signal });

wireDetails(signal);
import("./viewport.js").then(({ followKeyboard }) => followKeyboard(signal));

// A page kept for the back button sleeps without a connection, and resumes by its cursor.

window.addEventListener("pagehide", ({ persisted }) => {
  connection.stop();
  if (persisted) return;
  pane.end();
  page.abort();
});
window.addEventListener("pageshow", ({ persisted }) => persisted && connection.start());

show();
for (const { conversationId, seq } of sidebar.unread) receipts.delivered(conversationId, seq);
if (parent === window) {
  connection.addEventListener("state", ({ detail }) => detail.sessionEnded && location.reload(), { signal });
  connection.start();
} else {
  // Where a frame goes when its session ends is for the page around to say.
  import("./embed_page.js").then(({ goLive }) => goLive({ ...session, sidebar, signal }));
}
