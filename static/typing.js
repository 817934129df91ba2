// "Ada is typing": says so of oneself, no more often than needed, and shows it of others. A line
// that nobody takes back goes away by itself, so it never sticks.

import { tr } from "./words.js";

const ANNOUNCE_INTERVAL_MS = 3_000;
const EXPIRE_MS = 6_000; // Two announcements.

export class Typing {
  #line;
  #connection;
  #conversationId;
  #nameOf;
  #announcedAt = 0;
  #others = new Map(); // user id → { name, recording, timer }

  // Lifecycle

  constructor(line, { connection, conversationId, userId, nameOf, signal }) {
    this.#line = line;
    this.#connection = connection;
    this.#conversationId = conversationId;
    this.#nameOf = nameOf;
    connection.addEventListener("frame:typing", ({ detail }) => {
      if (detail.conversation_id !== conversationId || detail.user_id === userId) return;
      if (detail.active) this.#show(detail);
      else this.hide(detail.user_id);
    }, { signal });
    signal.addEventListener("abort", () => this.#others.forEach(({ timer }) => clearTimeout(timer)));
  }

  // Actions

  announce(active) {
    if (active && Date.now() - this.#announcedAt < ANNOUNCE_INTERVAL_MS) return;
    if (!active && !this.#announcedAt) return;
    const frame = { type: "typing", conversation_id: this.#conversationId, active };
    this.#announcedAt = this.#connection.send(frame) && active ? Date.now() : 0;
  }

  // Also when their message has come: it is what they were typing.
  hide(userId) {
    clearTimeout(this.#others.get(userId)?.timer);
    if (this.#others.delete(userId)) this.#render();
  }

  // Private

  #show({ user_id: userId, user_name: userName, recording }) {
    clearTimeout(this.#others.get(userId)?.timer);
    const timer = setTimeout(() => this.hide(userId), EXPIRE_MS);
    this.#others.set(userId, { name: userName ?? this.#nameOf(userId) ?? tr("Someone"), recording, timer });
    this.#render();
  }

  #render() {
    const [one, two, more] = this.#others.values();
    if (more) this.#line.textContent = tr("Several people are typing…");
    else if (two) this.#line.textContent = tr("{first} and {second} are typing…", { first: one.name, second: two.name });
    else if (one) this.#line.textContent = one.recording ? tr("{name} is recording…", one) : tr("{name} is typing…", one);
    else this.#line.textContent = "";
  }
}
