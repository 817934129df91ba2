// Messages on their way. Each stays here until the server has answered for it, across lost
// connections and reloads, and always goes out with the same client_id, by which the server knows
// it again: nothing is lost, nothing doubled. One at a time, so they arrive in the order written.
//
// Emits `change` when there are more or fewer, and `refused` with { frame, text } for one that the
// server will not take.

import { recall, remember } from "./storage.js";

const RESEND_MS = 15_000; // An answer that takes longer is lost; a repeat does no harm.
const BUSY_RETRY_MS = 2_000; // After a limit (429) or a fault of the server (5xx).

export class Outbox extends EventTarget {
  #connection;
  #key;
  #frames;
  #timer;

  // Lifecycle

  constructor(connection, userId, signal) {
    super();
    this.#connection = connection;
    this.#key = `outbox:${userId}`;
    this.#frames = recall("sessionStorage", this.#key) ?? [];
    connection.addEventListener("frame:ready", () => this.#sendFirst(), { signal });
    connection.addEventListener("frame:ack", ({ detail }) => this.#settle(detail.ref), { signal });
    connection.addEventListener("frame:error", ({ detail }) => this.#refuse(detail), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  // Actions

  get size() {
    return this.#frames.length;
  }

  textsFor(conversationId) {
    return this.#frames.filter((frame) => frame.conversation_id === conversationId).map(({ body }) => body);
  }

  send(conversationId, body) {
    const clientId = newClientId();
    this.#frames.push({
      type: "send",
      ref: clientId,
      conversation_id: conversationId,
      client_id: clientId,
      kind: "text",
      body,
    });
    this.#changed();
    if (this.size === 1) this.#sendFirst();
  }

  // Private

  #sendFirst(delayMs = 0) {
    clearTimeout(this.#timer);
    if (delayMs) {
      this.#timer = setTimeout(() => this.#sendFirst(), delayMs);
    } else if (this.size && this.#connection.send(this.#frames[0])) {
      this.#timer = setTimeout(() => this.#sendFirst(), RESEND_MS);
    }
  }

  #refuse({ ref, status, detail }) {
    const frame = this.#frames.find((frame) => frame.ref === ref);
    if (!frame) return;
    if (status === 429 || status >= 500) return this.#sendFirst(BUSY_RETRY_MS);
    this.#settle(ref);
    const text = detail ?? "The message could not be sent.";
    this.dispatchEvent(new CustomEvent("refused", { detail: { frame, text } }));
  }

  #settle(ref) {
    const index = this.#frames.findIndex((frame) => frame.ref === ref);
    if (index < 0) return;
    this.#frames.splice(index, 1);
    this.#changed();
    this.#sendFirst();
  }

  #changed() {
    remember("sessionStorage", this.#key, this.size ? this.#frames : null);
    this.dispatchEvent(new Event("change"));
  }
}

// randomUUID would need a secure context, and a chat on a local network may have none.
function newClientId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
