// The list of conversations: what is unread, what was said last. Counts by itself what the events tell
// exactly, and asks the server for the list when they do not.
//
// Emits `unread` with the total.

import { part } from "./api.js";
import { drafts } from "./drafts.js";
import { parse } from "./fragment.js";
import { dressPresence } from "./presence.js";
import { briefOf } from "./times.js";
import { tr } from "./words.js";

const REFRESH_DELAY_MS = 300; // One change often comes as several events.

export class Sidebar extends EventTarget {
  #nav;
  #userId;
  #sees;
  #openId = null;
  #timer = null;
  #signal;
  #changes = 0;

  // Lifecycle

  // `sees(conversationId)` tells whether the newest of a conversation is before the reader's eyes.
  constructor(nav, { connection, userId, sees, signal }) {
    super();
    this.#nav = nav;
    this.#userId = userId;
    this.#sees = sees;
    this.#signal = signal;
    const on = (type, handle) =>
      connection.addEventListener(`frame:${type}`, ({ detail }) => handle(detail), { signal });
    on("ready", () => this.refresh()); // Who came and went meanwhile is not replayed.
    on("receipt", (frame) => frame.user_id === userId && this.read(frame.conversation_id, frame.read_seq));
    for (const type of ["conversation", "user", "hidden"]) on(type, () => this.refresh());
    on("preference", ({ preference }) => {
      // At once: what is muted must not ring while the list is on its way.
      const item = this.#find(preference.conversation_id);
      item?.toggleAttribute("data-muted", isMuted(preference));
      if (item) item.dataset.notify = preference.notify;
      this.refresh();
    });
    on("member", (frame) => frame.member.user_id === userId && this.refresh());
    drafts.addEventListener("change", ({ detail }) => this.#showDraft(this.#find(detail)), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    for (const item of this.#items) this.#dress(item);
    this.#tell();
  }

  // Actions

  // The newest seq of each conversation that holds something unread.
  get unread() {
    return this.#items.filter((item) => unreadOf(item) > 0)
      .map((item) => ({ conversationId: item.dataset.conversationId, seq: lastSeqOf(item) }));
  }

  // Whether it is to be heard of; of a conversation where only mentions are, when it is one.
  rings(message) {
    const item = this.#find(message.conversation_id);
    return item?.dataset.notify === "mentions" ? this.#isMentioned(message) : !item?.hasAttribute("data-muted");
  }

  titleOf(conversationId) {
    return this.#find(conversationId)?.querySelector(".conversation__title").textContent;
  }

  kindOf(conversationId) {
    return this.#find(conversationId)?.dataset.kind;
  }

  open(conversationId) {
    this.#openId = conversationId;
    for (const item of this.#items) this.#dress(item);
  }

  // True when the message is newer than any that the list knew.
  messageCame(message) {
    this.#changes += 1;
    const item = this.#find(message.conversation_id);
    if (!item) {
      this.refresh();
      return true;
    }
    const isLast = message.seq >= lastSeqOf(item);
    const isNew = message.seq > lastSeqOf(item);
    if (isLast) this.#showLast(item, message);
    // An edit may call the reader, or no more.
    if (!isNew && unreadOf(item) > 0 && (message.deleted_at || message.edited_at)) this.refresh();
    if (!isNew) return false;
    item.dataset.lastSeq = message.seq;
    this.#keepingFocus(() => item.parentElement.prepend(item));
    if (message.sender_id !== this.#userId && counts(message) && !this.#sees(message.conversation_id)) {
      if (this.#isMentioned(message)) item.querySelector(".conversation__mentions").hidden = false;
      this.#setUnread(item, unreadOf(item) + 1);
    }
    return true;
  }

  read(conversationId, seq) {
    this.#changes += 1;
    const item = this.#find(conversationId);
    if (!item || unreadOf(item) === 0) return;
    if (seq >= lastSeqOf(item)) this.#setUnread(item, 0);
    else this.refresh();
  }

  refresh() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      // Unreached, it is asked again when the connection is back.
      this.#load().catch((error) => this.#signal.aborted || !error.status || console.warn("The list is not fresh", error));
    }, REFRESH_DELAY_MS);
  }

  // Private

  get #items() {
    return Array.from(this.#nav.querySelectorAll(".conversation"));
  }

  async #load() {
    const changes = this.#changes;
    const list = parse(await part("/list", { signal: this.#signal }));
    if (changes !== this.#changes) return this.refresh(); // Something came or was read meanwhile.
    for (const item of list.children) this.#dress(item);
    // What has not changed stays: somebody may be about to click on it.
    const items = Array.from(list.children, (item) => {
      const present = this.#find(item.dataset.conversationId);
      return present?.isEqualNode(item) ? present : item;
    });
    const place = this.#nav.querySelector(".sidebar__list");
    if (items.some((item, at) => place.children[at] !== item) || items.length !== place.childElementCount) {
      this.#keepingFocus(() => place.replaceChildren(...items));
    }
    this.#tell();
  }

  #dress(item) {
    const time = item.querySelector("time");
    if (time) time.textContent = briefOf(new Date(time.dateTime));
    dressPresence(item);
    this.#showDraft(item);
    this.#showOpen(item);
  }

  #showOpen(item) {
    const link = item.querySelector(".conversation__link");
    if (item.dataset.conversationId === this.#openId) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }

  #showLast(item, message) {
    const part = (name) => item.querySelector(`.conversation__${name}`);
    const isOwn = message.sender_id === this.#userId;
    const author = isOwn ? tr("You") : item.dataset.kind === "direct" ? "" : message.sender_name;
    part("author").textContent = author && !/system|call/.test(message.kind) ? `${tr("{name}:", { name: author })} ` : "";
    part("last").textContent = message.deleted_at ? tr("This message was deleted") : message.body ?? "";
    const time = part("time").querySelector("time") ?? part("time").appendChild(document.createElement("time"));
    Object.assign(time, { dateTime: message.created_at, dir: "auto" });
    time.textContent = briefOf(new Date(message.created_at));
  }

  #showDraft(item) {
    if (!item) return;
    const { conversationId } = item.dataset;
    item.querySelector(".conversation__draft").hidden = conversationId === this.#openId || !drafts.of(conversationId);
  }

  // An entry that moves would lose it.
  #keepingFocus(change) {
    const link = document.activeElement?.closest(".conversation__link");
    const id = link?.closest(".conversation").dataset.conversationId;
    change();
    if (id) this.#find(id)?.querySelector(".conversation__link").focus({ preventScroll: true });
  }

  #isMentioned({ mentions = [] }) {
    return mentions.some(({ id }) => id === this.#userId);
  }

  #setUnread(item, unread) {
    const badge = item.querySelector(".conversation__unread");
    badge.hidden = unread === 0;
    badge.firstElementChild.textContent = unread;
    if (unread === 0) item.querySelector(".conversation__mentions").hidden = true;
    this.#tell();
  }

  #tell() {
    const total = this.#items.reduce((sum, item) => sum + unreadOf(item), 0);
    this.dispatchEvent(new CustomEvent("unread", { detail: total }));
  }

  #find(conversationId) {
    return this.#nav.querySelector(`[data-conversation-id="${CSS.escape(conversationId)}"]`);
  }
}

export function isMuted({ muted_until: mutedUntil, notify }) {
  return mutedUntil !== null || notify === "none";
}

// As the database counts (`chat.counts_as_unread`).
export function counts({ kind, data, deleted_at: deletedAt }) {
  return kind !== "system" && !deletedAt && !(kind === "call" && /^(completed|declined)$/.test(data.outcome));
}

function unreadOf(item) {
  return Number(item.querySelector(".conversation__count").textContent);
}

function lastSeqOf(item) {
  return Number(item?.dataset.lastSeq ?? 0);
}
