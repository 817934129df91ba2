// Wires the page: one connection, and what listens to it. Everything here ends with the page.

import { Composer, putBeforeDraft } from "./composer.js";
import { Connection } from "./connection.js";
import { NewChat } from "./new_chat.js";
import { Outbox } from "./outbox.js";
import { Receipts } from "./receipts.js";
import { Sidebar } from "./sidebar.js";
import { Timeline } from "./timeline.js";
import { Typing } from "./typing.js";

const STATE_DELAY_MS = 1_500; // A short break is not worth a line.
const PENDING_DELAY_MS = 400;

const { dataset: root } = document.documentElement;
const { userId, conversationId: openId, cursor } = root;
const find = (selector) => document.querySelector(selector);
const page = new AbortController();
const { signal } = page;

const connection = new Connection(cursor);
const outbox = new Outbox(connection, userId, signal);
const scroller = find(".timeline");
const timeline = scroller && new Timeline(scroller, find(".timeline__latest"), openId, signal);
const sidebar = new Sidebar(find(".sidebar__list"), find("#conversation-template"),
  { connection, userId, openId, sees: () => document.hasFocus() && timeline.showsNewest, signal });
const typing = timeline && new Typing(find(".typing"),
  { connection, conversationId: openId, userId, nameOf: (id) => timeline.nameOf(id), signal });
const receipts = new Receipts(
  { connection, conversationId: openId, userId, timeline, readSeq: Number(scroller?.dataset.readSeq ?? 0), signal });
const form = find("form.composer");
const composer = form && new Composer(form, openId, signal);
new NewChat(find(".new-chat"), find(".sidebar__new"), find("#person-template"), { userId, signal });

connection.addEventListener("frame:message", ({ detail: { message, html } }) => {
  if (message.conversation_id === openId) {
    timeline.show(html);
    typing.hide(message.sender_id);
  }
  if (message.sender_id !== userId) receipts.delivered(message.conversation_id, message.seq);
}, { signal });

connection.addEventListener("frame:member", ({ detail: { member } }) => {
  const isGone = member.user_id === userId && member.left_at;
  if (isGone && member.conversation_id === openId) location.assign("/");
}, { signal });

connection.addEventListener("frame:reset", () => location.reload(), { signal });

receipts.addEventListener("read", ({ detail }) => sidebar.read(detail.conversationId, detail.seq), { signal });
for (const { conversationId, seq } of sidebar.unread) receipts.delivered(conversationId, seq);

composer?.addEventListener("input", ({ detail: isWriting }) => typing.announce(isWriting), { signal });
composer?.addEventListener("send", ({ detail: text }) => {
  typing.announce(false);
  outbox.send(openId, text);
}, { signal });

outbox.addEventListener("refused", ({ detail: { frame, text } }) => {
  if (composer && frame.conversation_id === openId) composer.restore(frame.body, text);
  else putBeforeDraft(frame.conversation_id, frame.body);
}, { signal });

// The line that says why nothing moves, and what is still waiting to go.

let state = "connecting";
let stateTimer = null;

function showState() {
  const line = find("p.connection");
  const parts = [];
  if (state === "ended") parts.push("Disconnected. Reload the page to come back.");
  else if (state !== "live") parts.push("Connecting…");
  if (outbox.size > 0) parts.push(outbox.size === 1 ? "1 message on the way." : `${outbox.size} messages on the way.`);
  line.textContent = parts.join(" ");
  if (parts.length > 0) {
    // From the first trouble on: attempts that fail fast must not put it off.
    stateTimer ??= setTimeout(() => line.hidden = false, STATE_DELAY_MS);
  } else {
    clearTimeout(stateTimer);
    stateTimer = null;
    line.hidden = true;
  }
}

connection.addEventListener("state", ({ detail }) => {
  if (detail.sessionEnded) return location.reload();
  state = root.connection = detail.state;
  showState();
}, { signal });
outbox.addEventListener("change", showState, { signal });

// Most are answered for before the eye would see them twice.

let pendingTimer;

function showPending() {
  clearTimeout(pendingTimer);
  pendingTimer = setTimeout(() => timeline?.showPending(outbox.textsFor(openId)), outbox.size ? PENDING_DELAY_MS : 0);
}

outbox.addEventListener("change", showPending, { signal });
showPending();

// A page kept for the back button sleeps without a connection, and resumes by its cursor.

window.addEventListener("pagehide", ({ persisted }) => {
  connection.stop();
  clearTimeout(stateTimer);
  clearTimeout(pendingTimer);
  if (!persisted) page.abort();
});
window.addEventListener("pageshow", ({ persisted }) => persisted && connection.start());

connection.start();
