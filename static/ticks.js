// How far one's own messages have come: sent, delivered to all others, read by all others.

import { seqOf, tick } from "./dress.js";

export class Ticks {
  #timeline;
  #userId;
  #marks; // user id → [delivered seq, read seq]; null where others are too many to be told apart

  // Lifecycle

  constructor(timeline, { connection, conversationId, userId, marks, signal }) {
    this.#timeline = timeline;
    this.#userId = userId;
    this.#marks = marks && new Map(Object.entries(marks));
    const on = (type, handle) => connection.addEventListener(`frame:${type}`, ({ detail }) => handle(detail), { signal });
    on("receipt", (receipt) => receipt.conversation_id === conversationId && this.#raise(receipt));
    on("member", ({ member }) => member.conversation_id === conversationId && this.#changeMember(member));
    timeline.addEventListener("placed", () => this.#show(), { signal });
    this.#show();
  }

  // Private

  #raise({ user_id: userId, delivered_seq: delivered, read_seq: read }) {
    if (userId === this.#userId || !this.#marks) return;
    const [deliveredBefore, readBefore] = this.#marks.get(userId) ?? [0, 0];
    this.#marks.set(userId, [Math.max(delivered, deliveredBefore), Math.max(read, readBefore)]);
    this.#show();
  }

  // Who joins is not asked about what was said before.
  #changeMember({ user_id: userId, state }) {
    if (userId === this.#userId || !this.#marks) return;
    const newest = seqOf(this.#timeline.items[this.#timeline.items.length - 1]);
    if (state !== "active") this.#marks.delete(userId);
    else if (!this.#marks.has(userId)) this.#marks.set(userId, [newest, newest]);
    this.#show();
  }

  #show() {
    const marks = [...this.#marks?.values() ?? []];
    const least = (place) => marks.length ? Math.min(...marks.map((mark) => mark[place])) : 0;
    const [delivered, read] = [least(0), least(1)];
    for (const item of this.#timeline.items) {
      if (item.dataset.sender !== this.#userId) continue;
      const seq = seqOf(item);
      tick(item, seq <= read ? "read" : seq <= delivered ? "delivered" : "sent");
    }
  }
}
