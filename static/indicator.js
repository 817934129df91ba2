// How the page hangs together with the server, told calmly: a word in the corner, and a line above the
// messages only when nothing has moved for a while.

import { tr, trCount } from "./words.js";

const PATIENCE_MS = 1_500; // A short break is not worth a line.
const TRANSPORTS = { websocket: "WebSocket", stream: tr("event stream") };

export class Indicator {
  #connection;
  #outbox;
  #state = "connecting";
  #timer = null;

  // Lifecycle

  constructor(connection, outbox, signal) {
    this.#connection = connection;
    this.#outbox = outbox;
    connection.addEventListener("state", ({ detail }) => {
      this.#state = document.documentElement.dataset.connection = detail.state;
      this.show();
    }, { signal });
    outbox.addEventListener("change", () => this.show(), { signal });
    for (const type of ["online", "offline"]) window.addEventListener(type, () => this.show(), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  // Actions

  show() {
    const isLive = this.#state === "live";
    const place = document.querySelector(".indicator");
    const transport = TRANSPORTS[this.#connection.transport];
    place.dataset.state = navigator.onLine ? this.#state : "offline";
    place.title = isLive ? tr("Connected by {transport}", { transport }) : "";
    place.firstElementChild.textContent = isLive ? tr("Live · {transport}", { transport }) : this.#trouble(true);
    document.querySelector(".settings__transport").textContent = isLive ? tr("live, by {transport}", { transport }) : this.#trouble(true);

    const parts = [];
    if (!isLive) parts.push(this.#trouble(false));
    // A message that is under way for a moment is no trouble.
    const waiting = isLive ? 0 : this.#outbox.size;
    if (waiting) parts.push(trCount("{n} message is waiting.", "{n} messages are waiting.", waiting));
    const line = document.querySelector("p.connection");
    if (!line) return;
    line.textContent = parts.join(" ");
    if (isLive) {
      clearTimeout(this.#timer);
      this.#timer = null;
      line.hidden = true;
    } else {
      // From the first trouble on: attempts that fail fast must not put it off.
      this.#timer ??= setTimeout(() => document.querySelector("p.connection")?.removeAttribute("hidden"), PATIENCE_MS);
    }
  }

  // Private

  #trouble(isShort) {
    if (this.#state === "ended") return isShort ? tr("Disconnected") : tr("Disconnected. Reload the page to come back.");
    if (!navigator.onLine) return isShort ? tr("Offline") : tr("You are offline. What you write is sent when you are back.");
    return isShort ? tr("Connecting…") : tr("Connecting… What you write is sent as soon as it works.");
  }
}
