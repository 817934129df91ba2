// The conversation that is open, or the one that the first message will begin: all that lives as long as it
// is shown.

import { Composer } from "./composer.js";
import { excerptOf, sentenceOf, seqOf } from "./dress.js";
import { drafts } from "./drafts.js";
import { Pending } from "./pending.js";
import { Ticks } from "./ticks.js";
import { Timeline } from "./timeline.js";
import { isLookedAt } from "./turns.js";
import { Typing } from "./typing.js";

export class Pane {
  #element;
  #session; // { connection, outbox, receipts, announcer, navigation, user, confirm, open }
  #life = new AbortController();
  #timeline;
  #composer;
  #typing;

  // Lifecycle

  constructor(element, session) {
    this.#element = element;
    this.#session = session;
    const { conversationId, peerId } = element.dataset;
    this.id = conversationId ?? null;
    const { signal } = this.#life;
    if (element.dataset.waitingId) import("./waiting.js").then(({ wait }) => wait(element, session, signal));
    if (!conversationId && !peerId) return; // The list alone.
    const { connection, user, outbox } = session;
    // What was written before there was a chat.
    if (conversationId && peerId) drafts.move(`user:${peerId}`, conversationId);
    this.#timeline = new Timeline(element, { conversationId, userId: user.id, sees: isLookedAt, signal });
    new Pending(this.#find(".timeline__pending"),
      { outbox, place: this.#place, user, timeline: this.#timeline, signal });
    const form = this.#find("form.composer");
    if (form) this.#composeIn(form);
    this.#find(".timeline__hello")?.addEventListener("click", () => this.#sayHello(), { signal });
    this.#find(".timeline").addEventListener("click", (event) => this.#clicked(event), { signal });
    this.#timeline.addEventListener("placed", ({ detail }) => this.#requote(detail), { signal });
    if (conversationId) this.#follow(conversationId);
    else connection.addEventListener("frame:member", ({ detail }) => this.#memberCame(detail.member), { signal });
    this.#find(".details").addEventListener("click", (event) => this.#actOnConversation(event), { signal });
    this.#offerDeeds();
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
  }

  // A moment later than all else, since one reads before one acts.
  async #offerDeeds() {
    const { offerDeeds } = await import("./pane_deeds.js");
    offerDeeds(this.#element,
      { session: this.#session, timeline: this.#timeline, composer: this.#composer, signal: this.#life.signal });
    this.#element.dataset.ready = "";
  }

  #send({ body, kind, reply, mentions = [] }) {
    this.#typing?.announce(false);
    const where = this.id ? { conversation_id: this.id } : { user_id: this.#element.dataset.peerId };
    const quoted = reply && { name: reply.name, excerpt: reply.excerpt };
    const data = mentions.length ? { mentions } : null;
    this.#session.outbox.send({ ...where, kind, body, data, reply_to: reply?.id ?? null, quoted });
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

  // Who quotes a message that was changed shows what it says now.
  #requote(items) {
    for (const item of items) {
      const { messageId, revision } = item.dataset;
      if (revision === "1") continue;
      const quotes = this.#element.querySelectorAll(`[data-reply-to="${CSS.escape(messageId)}"] .message__excerpt`);
      for (const quote of quotes) quote.textContent = excerptOf(item);
    }
  }

  async #actOnConversation({ target }) {
    const button = target.closest(".details__actions button");
    if (!button) return;
    const { actOn } = await import("./conversation_deeds.js");
    actOn(this.#element, button, { session: this.#session, timeline: this.#timeline, signal: this.#life.signal });
  }
}

// A first revision, and of somebody else.
function isNews({ dataset, isTakenBack }, userId) {
  return dataset.sender !== userId && dataset.revision === "1" && !isTakenBack;
}
