// Messages on their way. Each stays here until the server has answered for it, across lost connections,
// reloads and closed tabs, and always goes out with the same client_id, by which the server knows it
// again: nothing is lost, nothing doubled. One at a time, so they arrive in the order written.
//
// An item: { client_id, conversation_id or user_id, kind, body, data, media_ids, reply_to, at, reason }. With `user_id` the
// chat begins with this message; with `reason` the server refused it, and it waits for the writer.
//
// Emits `change`, and `begun` with { userId, conversationId }.

import { post, withoutField } from "./api.js";
import { keysOf, locks, recall, remember } from "./storage.js";
import { tr } from "./words.js";

const RESEND_MS = 15_000; // An answer that takes longer is lost; a repeat does no harm.
const RELOAD_MS = 2_000; // A tab that was closed is not back by then.
const RETRY_MS = 2_000; // After a limit (429), a fault of the server (5xx), or no answer at all.

export class Outbox extends EventTarget {
  #connection;
  #prefix;
  #key;
  #items;
  #timer;
  #beginning = false;
  #awaited = new Set(); // names of outboxes of other living tabs

  // Lifecycle

  constructor(connection, userId, signal) {
    super();
    this.#connection = connection;
    this.#prefix = `outbox:${userId}:`;
    this.#key = this.#prefix + ownTab();
    this.#items = recall("localStorage", this.#key) ?? [];
    connection.addEventListener("frame:ready", () => this.#sendNext(), { signal });
    connection.addEventListener("frame:ack", ({ detail }) => this.settle(detail.ref), { signal });
    connection.addEventListener("frame:error", ({ detail }) => this.#refused(detail), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    this.#adoptThoseOfClosedTabs(signal);
  }

  // Actions

  get size() {
    return this.#items.filter((item) => !item.reason).length;
  }

  itemsFor(place) {
    return this.#items.filter((item) => placeOf(item) === place);
  }

  send(item) {
    const clientId = newClientId();
    this.#items.push({ ...item, client_id: clientId, at: new Date().toISOString() });
    this.#changed();
    if (this.size === 1) this.#sendNext();
    return clientId;
  }

  retry(clientId) {
    const item = this.#find(clientId);
    if (!item) return;
    delete item.reason;
    this.#changed();
    this.#sendNext();
  }

  // Answered for, or given up.
  settle(clientId) {
    const index = this.#items.findIndex((item) => item.client_id === clientId);
    if (index < 0) return;
    this.#items.splice(index, 1);
    this.#changed();
    this.#sendNext();
  }

  // Private

  #find(clientId) {
    return this.#items.find((item) => item.client_id === clientId);
  }

  #sendNext(delayMs = 0) {
    clearTimeout(this.#timer);
    if (delayMs) {
      this.#timer = setTimeout(() => this.#sendNext(), delayMs);
      return;
    }
    const item = this.#items.find(({ reason }) => !reason);
    if (!item) return;
    if (!item.conversation_id) return void this.#begin(item);
    const { user_id, at, ...message } = item;
    if (this.#connection.send({ type: "send", ref: item.client_id, ...message })) {
      this.#timer = setTimeout(() => this.#sendNext(), RESEND_MS);
    }
  }

  // The chat that the message begins is made first.
  async #begin({ user_id: userId }) {
    if (this.#beginning || !this.#connection.live) return;
    this.#beginning = true;
    const waiting = this.#items.filter((item) => item.user_id === userId);
    try {
      const { id } = await post("/api/conversations/direct", { user_id: userId });
      for (const item of waiting) item.conversation_id = id;
      this.#changed();
      this.dispatchEvent(new CustomEvent("begun", { detail: { userId, conversationId: id } }));
      this.#sendNext();
    } catch (error) {
      if (isPassing(error.status)) this.#sendNext(RETRY_MS);
      else for (const item of waiting) this.#fail(item, error.message);
    } finally {
      this.#beginning = false;
    }
  }

  #refused({ ref, status, detail }) {
    const item = this.#find(ref);
    if (!item) return;
    if (isPassing(status)) return this.#sendNext(RETRY_MS);
    this.#fail(item, withoutField(detail) || tr("It could not be sent."));
  }

  #fail(item, reason) {
    item.reason = reason;
    this.#changed();
    this.#sendNext();
  }

  #changed() {
    remember("localStorage", this.#key, this.#items.length ? this.#items : null);
    this.dispatchEvent(new Event("change"));
  }

  // While a tab lives it holds a lock by the name of its outbox, so an outbox without one is of a closed tab.
  // A tab that was duplicated has the other's name, and takes one of its own.
  #adoptThoseOfClosedTabs(signal) {
    const others = keysOf("localStorage", this.#prefix).filter((key) => key !== this.#key);
    // Where the browser has no locks, what a living tab sends too is known by its client_id.
    if (!locks) return others.forEach((key) => this.#adopt(key));
    const ifFree = { ifAvailable: true };
    for (const key of others) {
      locks.request(key, ifFree, (lock) => lock ? this.#adopt(key) : this.#awaitClosing(key, signal));
    }
    window.addEventListener("storage", ({ key, newValue }) => {
      if (newValue && key?.startsWith(this.#prefix) && key !== this.#key) this.#awaitClosing(key, signal);
    }, { signal });
    const untilGone = new Promise((resolve) => signal.addEventListener("abort", resolve));
    locks.request(this.#key, ifFree, (lock) => {
      if (lock) return untilGone;
      const taken = this.#key;
      this.#key = this.#prefix + ownTab(newClientId());
      this.#items = [];
      this.#changed();
      locks.request(this.#key, () => untilGone);
      locks.request(taken, () => this.#adopt(taken));
    });
  }

  // What another tab leaves behind when it is closed goes out from here, unless it was only reloaded.
  async #awaitClosing(key, signal) {
    if (this.#awaited.has(key)) return;
    this.#awaited.add(key);
    try {
      await locks.request(key, { signal }, () => {});
      await new Promise((resolve) => setTimeout(resolve, RELOAD_MS));
      this.#awaited.delete(key);
      await locks.request(key, { ifAvailable: true }, (lock) => {
        if (lock) this.#adopt(key);
        else this.#awaitClosing(key, signal);
      });
    } catch (error) {
      if (!signal.aborted) throw error; // Else this tab is the one that closes.
    }
  }

  #adopt(key) {
    const left = recall("localStorage", key)?.filter((item) => !this.#find(item.client_id));
    if (!left) return;
    this.#items.unshift(...left);
    this.#changed();
    remember("localStorage", key, null);
    this.#sendNext();
  }
}

// Where an item belongs: in a conversation, or with a person until there is one.
function placeOf({ conversation_id: conversationId, user_id: userId }) {
  return conversationId ?? `user:${userId}`;
}

function isPassing(status) {
  return !status || status === 429 || status >= 500;
}

// A tab keeps its name when it is reloaded.
function ownTab(name = recall("sessionStorage", "tab") ?? newClientId()) {
  remember("sessionStorage", "tab", name);
  return name;
}

// randomUUID would need a secure context, and a chat on a local network may have none.
function newClientId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
