// Tells the server what has arrived and what was read. Read means seen: the page visible and
// focused, and the message scrolled into view.
//
// A mark may be lost with its connection, so after each reconnect those that no receipt event has
// confirmed are sent again. Emits `read` with { conversationId, seq }.

import { isLookedAt } from "./turns.js";

const GATHER_MS = 250; // Marks only rise, so the last one of a burst says it all.

export class Receipts extends EventTarget {
  #connection;
  #conversationId = null;
  #timeline = null;
  #arrived = new Map(); // conversation id → newest seq that arrived, until it is confirmed
  #arrivedTold = new Set(); // the conversations whose entry above was sent on this connection
  #readTold = 0;
  #readConfirmed = 0;
  #timer = null;

  // Lifecycle

  constructor(connection, userId, signal) {
    super();
    this.#connection = connection;
    connection.addEventListener("frame:ready", () => {
      this.#readTold = this.#readConfirmed;
      this.#arrivedTold.clear();
      this.#schedule();
    }, { signal });
    connection.addEventListener("frame:receipt", ({ detail }) => {
      if (detail.user_id === userId) this.#confirmed(detail);
    }, { signal });
    window.addEventListener("focus", () => this.#schedule(), { signal });
    document.addEventListener("visibilitychange", () => this.#schedule(), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  // Actions

  // From now on it is this conversation that is read.
  watch(timeline, { conversationId, readSeq, signal }) {
    this.#conversationId = conversationId;
    this.#timeline = timeline;
    this.#readTold = this.#readConfirmed = readSeq;
    timeline.addEventListener("view", () => this.#schedule(), { signal });
    signal.addEventListener("abort", () => {
      if (this.#timeline === timeline) this.#timeline = null;
    });
    this.#schedule();
  }

  delivered(conversationId, seq) {
    if (seq <= (this.#arrived.get(conversationId) ?? 0)) return;
    this.#arrived.set(conversationId, seq);
    this.#arrivedTold.delete(conversationId);
    this.#schedule();
  }

  // Private

  #confirmed({ conversation_id: conversationId, delivered_seq: deliveredSeq, read_seq: readSeq }) {
    if (deliveredSeq >= this.#arrived.get(conversationId)) this.#arrived.delete(conversationId);
    if (conversationId !== this.#conversationId) return;
    this.#readConfirmed = Math.max(this.#readConfirmed, readSeq);
  }

  #schedule() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#tell();
    }, GATHER_MS);
  }

  #tell() {
    for (const [conversationId, seq] of this.#arrived) {
      if (this.#arrivedTold.has(conversationId)) continue;
      const frame = { type: "delivered", conversation_id: conversationId, seq };
      if (this.#connection.send(frame)) this.#arrivedTold.add(conversationId);
    }
    const seq = this.#timeline?.lastSeqInView ?? 0;
    if (!isLookedAt() || seq <= this.#readTold) return;
    const frame = { type: "read", conversation_id: this.#conversationId, seq };
    if (!this.#connection.send(frame)) return;
    this.#readTold = seq;
    this.dispatchEvent(new CustomEvent("read", { detail: { conversationId: this.#conversationId, seq } }));
  }
}
