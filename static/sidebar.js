// The list of conversations: what is unread, what was said last, who is there. Counts by itself
// what the events tell exactly, and asks the server when they do not.

import { get } from "./api.js";

const REFRESH_DELAY_MS = 300; // One change often comes as several events.
const ENTRIES_MAX = 100; // As many as a page begins with.

export class Sidebar {
  #list;
  #template;
  #userId;
  #openId;
  #sees;
  #title = document.title;
  #timer = null;
  #signal;

  // Lifecycle

  constructor(list, template, { connection, userId, openId, sees, signal }) {
    this.#list = list;
    this.#template = template;
    this.#userId = userId;
    this.#openId = openId;
    this.#sees = sees;
    this.#signal = signal;
    const on = (type, handle) =>
      connection.addEventListener(`frame:${type}`, ({ detail }) => handle(detail), { signal });
    // Who came and went meanwhile is not replayed. The first time, the page itself is fresh.
    let isFirst = true;
    on("ready", () => {
      if (!isFirst) this.refresh();
      isFirst = false;
    });
    on("message", (frame) => this.#messageCame(frame.message));
    on("receipt", (frame) => frame.user_id === userId && this.read(frame.conversation_id, frame.read_seq));
    on("presence", (frame) => this.#showPresence(frame.user_id, frame.status));
    on("conversation", () => this.refresh());
    on("user", () => this.refresh());
    on("preference", () => this.refresh());
    on("member", (frame) => frame.member.user_id === userId && this.refresh());
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    this.#countInTitle();
  }

  // Actions

  // The newest seq of each conversation that holds something unread.
  get unread() {
    return Array.from(this.#list.children)
      .filter((item) => unreadOf(item) > 0)
      .map((item) => ({ conversationId: item.dataset.conversationId, seq: lastSeqOf(item) }));
  }

  read(conversationId, seq) {
    const item = this.#find(conversationId);
    if (!item || unreadOf(item) === 0) return;
    if (seq >= lastSeqOf(item)) this.#setUnread(item, 0);
    else if (conversationId !== this.#openId) this.refresh();
  }

  refresh() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#load().catch((error) => this.#signal.aborted || console.warn("The list is not fresh", error));
    }, REFRESH_DELAY_MS);
  }

  // Private

  #messageCame(message) {
    const item = this.#find(message.conversation_id);
    if (!item) return this.refresh();
    const isLast = message.seq >= lastSeqOf(item);
    const isNew = message.seq > lastSeqOf(item);
    if (isLast) item.querySelector(".conversation__preview").textContent = previewOf(message);
    if (message.deleted_at && unreadOf(item) > 0) this.refresh();
    if (!isNew) return;
    item.dataset.lastSeq = message.seq;
    this.#keepingFocus(() => this.#list.prepend(item));
    const isSeen = message.conversation_id === this.#openId && this.#sees();
    const counts = message.sender_id !== this.#userId && message.kind !== "system" && !message.deleted_at;
    if (counts && !isSeen) this.#setUnread(item, unreadOf(item) + 1);
  }

  async #load() {
    const { items } = await get(`/api/conversations?limit=${ENTRIES_MAX}`, { signal: this.#signal });
    const entries = items.map((conversation) => this.#entry(conversation));
    this.#keepingFocus(() => this.#list.replaceChildren(...entries));
    this.#countInTitle();
  }

  #entry(conversation) {
    const { id, kind, title, unread, mentions, peer, last_message: last } = conversation;
    const item = this.#find(id) ?? this.#template.content.firstElementChild.cloneNode(true);
    const part = (name) => item.querySelector(name);
    if (lastSeqOf(item) > (last?.seq ?? 0)) this.refresh(); // An event overtook this answer.
    Object.assign(item.dataset, { conversationId: id, kind, lastSeq: last?.seq ?? 0 });
    part(".conversation__link").href = `/c/${id}`;
    part(".conversation__title").textContent = title;
    part(".conversation__preview").textContent = previewOf(last);
    part(".conversation__mentions").hidden = !mentions;
    this.#setUnread(item, unread);
    if (peer) {
      part(".presence").dataset.peerId = peer.id;
      this.#showPresence(peer.id, peer.status, item);
    }
    if (id === this.#openId) {
      document.querySelector(".pane__title").textContent = title;
      this.#title = title;
    }
    return item;
  }

  // An entry that moves would lose it.
  #keepingFocus(change) {
    const focused = document.activeElement;
    change();
    if (this.#list.contains(focused)) focused.focus({ preventScroll: true });
  }

  #showPresence(userId, status, ...unplaced) {
    for (const root of [document, ...unplaced]) {
      for (const place of root.querySelectorAll(`.presence[data-peer-id="${CSS.escape(userId)}"]`)) {
        place.dataset.status = status;
        place.querySelector(".presence__text").textContent = status;
      }
    }
  }

  #setUnread(item, unread) {
    const badge = item.querySelector(".conversation__unread");
    badge.hidden = unread === 0;
    badge.firstElementChild.textContent = unread;
    if (unread === 0) item.querySelector(".conversation__mentions").hidden = true;
    this.#countInTitle();
  }

  #countInTitle() {
    const total = Array.from(this.#list.children, unreadOf).reduce((sum, unread) => sum + unread, 0);
    document.title = total ? `(${total}) ${this.#title}` : this.#title;
  }

  #find(conversationId) {
    return this.#list.querySelector(`[data-conversation-id="${CSS.escape(conversationId)}"]`);
  }
}

function previewOf(message) {
  return message?.deleted_at ? "This message was deleted" : message?.body ?? "";
}

function unreadOf(item) {
  return Number(item.querySelector(".conversation__count").textContent);
}

function lastSeqOf(item) {
  return Number(item.dataset.lastSeq);
}
