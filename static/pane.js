// The conversation that is open, or the one that the first message will begin: all that lives as long as it
// is shown.

import { get, post, put, remove } from "./api.js";
import { Composer } from "./composer.js";
import { sentenceOf, seqOf } from "./dress.js";
import { drafts } from "./drafts.js";
import { MessageActions } from "./message_actions.js";
import { Pending } from "./pending.js";
import { Ticks } from "./ticks.js";
import { Timeline } from "./timeline.js";
import { toast } from "./toasts.js";
import { Typing } from "./typing.js";

const EXCERPT_MAX = 120;

export class Pane {
  #element;
  #session; // { connection, outbox, receipts, announcer, navigation, user, confirm }
  #life = new AbortController();
  #timeline;
  #composer;
  #typing;
  #pending;

  // Lifecycle

  constructor(element, session) {
    this.#element = element;
    this.#session = session;
    const { conversationId, peerId } = element.dataset;
    this.id = conversationId ?? null;
    if (!conversationId && !peerId) return; // The list alone.
    const { signal } = this.#life;
    const { connection, user, outbox } = session;
    // What was written before there was a chat.
    if (conversationId && peerId) drafts.move(`user:${peerId}`, conversationId);
    this.#timeline = new Timeline(element, { conversationId, userId: user.id, sees: () => isLookedAt(), signal });
    this.#pending = new Pending(this.#find(".timeline__pending"),
      { outbox, place: this.#place, user, timeline: this.#timeline, signal });
    const form = this.#find("form.composer");
    if (form) this.#composeIn(form);
    const actions = new MessageActions(this.#find(".timeline"), { allows: (action, item) => this.#allows(action, item), signal });
    actions.addEventListener("action", ({ detail }) => this.#act(detail), { signal });
    this.#find(".timeline__hello")?.addEventListener("click", () => this.#sayHello(), { signal });
    this.#find(".timeline").addEventListener("click", (event) => this.#clicked(event), { signal });
    connection.addEventListener("frame:hidden", ({ detail }) => this.#hidden(detail), { signal });
    connection.addEventListener("frame:error", ({ detail }) => this.#refused(detail), { signal });
    this.#timeline.addEventListener("placed", ({ detail }) => this.#requote(detail), { signal });
    if (conversationId) this.#follow(conversationId);
    else connection.addEventListener("frame:member", ({ detail }) => this.#memberCame(detail.member), { signal });
    this.#wireDetails();
  }

  // The element stays until another takes its place.
  end() {
    this.#life.abort();
  }

  // Actions

  get element() {
    return this.#element;
  }

  // Whether the newest is before the reader's eyes.
  get showsNewest() {
    return Boolean(this.#timeline?.showsNewest) && isLookedAt();
  }

  receive({ message, html }) {
    this.#timeline.show(html);
    this.#typing?.hide(message.sender_id);
  }

  jumpTo(seq) {
    this.#timeline.jumpTo(seq);
  }

  // Whether it is the chat with somebody that has just begun; what is written goes on there.
  begins({ userId, conversationId }) {
    if (this.id || userId !== this.#element.dataset.peerId) return false;
    this.#composer?.moveTo(conversationId);
    return true;
  }

  // Private

  get #place() {
    return this.id ?? `user:${this.#element.dataset.peerId}`;
  }

  #find(selector) {
    return this.#element.querySelector(selector);
  }

  #follow(conversationId) {
    const { connection, receipts, user } = this.#session;
    const { signal } = this.#life;
    const { marks, readSeq } = this.#find(".timeline").dataset;
    new Ticks(this.#timeline, { connection, conversationId, userId: user.id, marks: marks && JSON.parse(marks), signal });
    receipts.watch(this.#timeline, { conversationId, readSeq: Number(readSeq), signal });
    this.#typing = new Typing(this.#find(".typing"),
      { connection, conversationId, userId: user.id, nameOf: (id) => this.#timeline.nameOf(id), signal });
    this.#timeline.addEventListener("came", ({ detail }) => {
      for (const item of detail) if (isNews(item, user.id)) this.#session.announcer.say(sentenceOf(item));
    }, { signal });
  }

  // The other, or oneself elsewhere, may have begun the chat; a group that both are in leads back here.
  #memberCame({ user_id: userId }) {
    const { peerId } = this.#element.dataset;
    if (userId !== peerId || this.#session.outbox.itemsFor(this.#place).length) return;
    this.#session.navigation.go(`/u/${peerId}`, { replaces: true });
  }

  #composeIn(form) {
    const { signal } = this.#life;
    const on = (type, handle) => this.#composer.addEventListener(type, ({ detail }) => handle(detail), { signal });
    this.#composer = new Composer(form, this.#place, signal);
    on("input", (isWriting) => this.#typing?.announce(isWriting));
    on("send", (message) => this.#send(message));
    on("edit", ({ id, body, before }) => {
      if (!this.#command({ type: "edit", message_id: id, body })) this.#composer.edit({ id, body: before }, body);
    });
    on("last", () => {
      const own = Array.from(this.#timeline.items).findLast((item) => this.#allows("edit", item));
      if (own) this.#edit(own);
    });
  }

  #send({ body, kind, reply }) {
    this.#typing?.announce(false);
    const where = this.id ? { conversation_id: this.id } : { user_id: this.#element.dataset.peerId };
    const quoted = reply && { name: reply.name, excerpt: reply.excerpt };
    this.#session.outbox.send({ ...where, kind, body, reply_to: reply?.id ?? null, quoted });
    this.#timeline.toLatest();
  }

  #sayHello() {
    this.#find(".timeline").focus({ preventScroll: true }); // The button is about to go.
    this.#send({ body: "👋", kind: "emoji" });
  }

  #clicked(event) {
    const quote = event.target.closest(".message__quote[href]");
    if (!quote) return;
    event.preventDefault();
    this.#timeline.jumpTo(Number(quote.pathname.split("/").pop()));
  }

  // What can be done with a message by this reader.
  #allows(action, item) {
    const isOwn = item.dataset.sender === this.#session.user.id;
    const is = (kind) => item.classList.contains(`message--${kind}`);
    if (is("system") || is("pending")) return false;
    switch (action) {
      case "reply": return Boolean(this.#composer) && !is("deleted");
      case "edit": return isOwn && Boolean(this.#composer) && !is("deleted");
      case "copy": return !is("deleted");
      case "delete": return !is("deleted") && (isOwn || ["owner", "admin"].includes(this.#element.dataset.role));
      default: return true;
    }
  }

  #act({ action, item }) {
    const { messageId: id } = item.dataset;
    const body = bodyOf(item);
    switch (action) {
      case "reply": return this.#composer.reply({ id, name: nameOf(item), excerpt: excerptOf(item) });
      case "edit": return this.#edit(item);
      case "copy": return copy(body, "Copied.");
      case "link": return copy(item.querySelector(".message__link").href, "Link copied.");
      case "hide": return this.#hide(id);
      case "delete": return this.#delete(id);
    }
  }

  #edit(item) {
    this.#composer.edit({ id: item.dataset.messageId, body: bodyOf(item) });
  }

  async #hide(id) {
    try {
      await remove(`/api/messages/${id}?for=me`);
      toast("Deleted for you.", { action: "Undo", onAction: () => this.#unhide(id) });
    } catch (error) {
      toast(error.message);
    }
  }

  async #unhide(id) {
    await post(`/api/messages/${id}/restore?for=me`).catch((error) => toast(error.message));
  }

  async #delete(id) {
    if (await this.#session.confirm("Delete this message for everyone?", "Delete")) {
      this.#command({ type: "delete", message_id: id, for: "everyone" });
    }
  }

  #command(frame) {
    const isSent = this.#session.connection.send({ ...frame, ref: `command-${frame.message_id}` });
    if (!isSent) toast("You are not connected. Try again in a moment.");
    return isSent;
  }

  #refused({ ref, detail }) {
    if (String(ref).startsWith("command-")) toast(detail);
  }

  async #hidden({ conversation_id: conversationId, message_id: messageId, seq, hidden }) {
    if (conversationId !== this.id) return;
    if (hidden) return this.#timeline.hide(messageId);
    this.#timeline.unhide(messageId);
    const query = new URLSearchParams({ around: seq, limit: 1, render: "html" });
    try {
      const { items } = await get(`/api/conversations/${conversationId}/messages?${query}`, { signal: this.#life.signal });
      for (const { html } of items) this.#timeline.show(html, { isTakenBack: true });
    } catch (error) {
      if (!this.#life.signal.aborted) toast(error.message);
    }
  }

  // Who quotes a message that was changed shows what it says now.
  #requote(items) {
    for (const item of items) {
      const { messageId, revision } = item.dataset;
      if (revision === "1") continue;
      const quotes = this.#element.querySelectorAll(`[data-reply-to="${CSS.escape(messageId)}"] .message__excerpt`);
      for (const quote of quotes) quote.textContent = excerptOf(item);
    }
  }

  #wireDetails() {
    const { signal } = this.#life;
    const on = (selector, handle) => this.#find(selector)?.addEventListener("click", handle, { signal });
    on(".details__link", () => copy(new URL(`/c/${this.id}`, location.href).href, "Link copied."));
    on(".details__mute", ({ currentTarget }) => this.#mute(currentTarget));
    on(".details__leave", () => this.#leave());
  }

  async #mute(button) {
    const mutes = button.ariaPressed !== "true";
    try {
      await put(`/api/conversations/${this.id}/preferences`, { muted_until: mutes ? "infinity" : null });
      button.ariaPressed = String(mutes);
    } catch (error) {
      toast(error.message);
    }
  }

  async #leave() {
    if (!await this.#session.confirm(`Leave ${this.#element.dataset.title}?`, "Leave")) return;
    await remove(`/api/conversations/${this.id}/members/me`).catch((error) => toast(error.message));
  }
}

function isLookedAt() {
  return document.hasFocus() && !document.hidden;
}

// A first revision, and of somebody else.
function isNews({ dataset, isTakenBack }, userId) {
  return dataset.sender !== userId && dataset.revision === "1" && !isTakenBack;
}

function bodyOf(item) {
  return item.querySelector(".message__body").textContent;
}

// In characters, as the server counts them.
function excerptOf(item) {
  return Array.from(bodyOf(item)).slice(0, EXCERPT_MAX).join("");
}

function nameOf(item) {
  return item.querySelector(".message__sender").textContent;
}

async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast("The browser does not let the page copy. Select the text instead.");
  }
}
