// Who is there: a dot beside everybody who is shown, since when somebody is not, and that one is away
// oneself when nobody looks at the page.

import { get } from "./api.js";
import { seenOf } from "./times.js";

const AWAY_AFTER_MS = 60_000; // A glance at another tab is not being away.
const MEMBERS_MAX = 100; // As many as the page shows.
const RENEW_MS = 60_000; // "5 minutes ago" gets older.

// Says in words what the dots of a part of the page say.
export function dressPresence(root) {
  for (const place of root.querySelectorAll(".presence")) {
    const { status, lastSeen } = place.dataset;
    const isSeen = status === "offline" && lastSeen;
    place.querySelector(".presence__text").textContent = isSeen ? seenOf(new Date(lastSeen)) : status;
  }
}

export class Presence {
  #connection;
  #signal;
  #timer;
  #isAway = false;

  // Lifecycle

  constructor(connection, signal) {
    this.#connection = connection;
    this.#signal = signal;
    connection.addEventListener("frame:presence", ({ detail }) => this.#show(detail), { signal });
    connection.addEventListener("frame:ready", () => {
      if (this.#isAway) this.#tell();
      this.#renew(); // Who came and went meanwhile is not replayed.
    }, { signal });
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    const renewal = setInterval(() => dressPresence(document), RENEW_MS);
    signal.addEventListener("abort", () => {
      clearInterval(renewal);
      clearTimeout(this.#timer);
    });
    dressPresence(document);
    this.#look();
  }

  // Private

  #show({ user_id: userId, status, last_seen_at: lastSeen }) {
    for (const place of document.querySelectorAll(`.presence[data-peer-id="${CSS.escape(userId)}"]`)) {
      place.dataset.status = status;
      if (lastSeen) place.dataset.lastSeen = lastSeen;
      dressPresence(place.parentElement);
    }
  }

  async #renew() {
    const { conversationId } = document.querySelector("main.pane").dataset;
    if (!conversationId) return;
    try {
      const query = new URLSearchParams({ limit: MEMBERS_MAX });
      const { items } = await get(`/api/conversations/${conversationId}/members?${query}`, { signal: this.#signal });
      items.forEach((member) => this.#show(member));
    } catch (error) {
      if (!this.#signal.aborted && error.status) console.warn("Who is there is not fresh", error);
    }
  }

  #look() {
    clearTimeout(this.#timer);
    if (document.hidden) this.#timer = setTimeout(() => this.#become(true), AWAY_AFTER_MS);
    else this.#become(false);
  }

  #become(isAway) {
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    this.#tell();
  }

  #tell() {
    this.#connection.send({ type: "presence", status: this.#isAway ? "away" : "online" });
  }
}
