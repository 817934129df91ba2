// Who is there: a dot beside everybody who is shown, since when somebody is not, and that one is away
// oneself when nobody looks at the page.

import { get } from "./api.js";
import { seenOf } from "./times.js";
import { tr } from "./words.js";

const ANSWER_MS = 20_000; // As long as an answer may take: see api.js.
const AWAY_AFTER_MS = 60_000; // A glance at another tab is not being away.
const MEMBERS_MAX = 100; // As many as the page shows.
const RENEW_MS = 60_000; // "5 minutes ago" gets older.

const WORDS = { online: tr("online"), away: tr("away"), offline: tr("offline") };

// What the line told last of each person. An answer that was made before it may come after it.
const told = new Map(); // user id → { status, lastSeen, at }

// Says in words what the dots of a part of the page say, as far as the line told nothing newer.
export function dressPresence(root) {
  root.querySelectorAll(".presence").forEach(dress);
}

function dress(place) {
  const word = told.get(place.dataset.peerId);
  if (word?.at > performance.now() - ANSWER_MS) setStatus(place, word);
  const { status, lastSeen } = place.dataset;
  const isSeen = status === "offline" && lastSeen;
  place.querySelector(".presence__text").textContent = isSeen ? seenOf(new Date(lastSeen)) : WORDS[status] ?? status;
}

function setStatus(place, { status, lastSeen }) {
  place.dataset.status = status;
  if (lastSeen) place.dataset.lastSeen = lastSeen;
}

const placesOf = (userId) => document.querySelectorAll(`.presence[data-peer-id="${CSS.escape(userId)}"]`);

export class Presence {
  #connection;
  #signal;
  #timer;
  #isAway = false;

  // Lifecycle

  constructor(connection, signal) {
    this.#connection = connection;
    this.#signal = signal;
    connection.addEventListener("frame:presence", ({ detail }) => this.#hear(detail), { signal });
    connection.addEventListener("frame:ready", () => {
      told.clear();
      if (this.#isAway) this.#tell();
      this.#renew(); // Who came and went meanwhile is not replayed.
    }, { signal });
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    const renewal = setInterval(() => this.#age(), RENEW_MS);
    signal.addEventListener("abort", () => {
      clearInterval(renewal);
      clearTimeout(this.#timer);
    });
    dressPresence(document);
    this.#look();
  }

  // Private

  #hear({ user_id: userId, status, last_seen_at: lastSeen }) {
    told.set(userId, { status, lastSeen, at: performance.now() });
    placesOf(userId).forEach(dress);
  }

  // What was told is in the page by now, and what the page says in words gets older.
  #age() {
    const since = performance.now() - ANSWER_MS;
    for (const [userId, { at }] of told) if (at < since) told.delete(userId);
    dressPresence(document);
  }

  async #renew() {
    const { conversationId } = document.querySelector("main.pane").dataset;
    if (!conversationId) return;
    try {
      const query = new URLSearchParams({ limit: MEMBERS_MAX });
      const { items } = await get(`/api/conversations/${conversationId}/members?${query}`, { signal: this.#signal });
      for (const { user_id: userId, status, last_seen_at: lastSeen } of items) {
        for (const place of placesOf(userId)) {
          setStatus(place, { status, lastSeen });
          dress(place);
        }
      }
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
