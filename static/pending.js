// One's own messages that are on their way, below all others and already as they will be: a clock until
// the server has them, a reason and a choice when it refused. Each leaves when it comes back as a message.

import { tick, describe } from "./dress.js";
import { clone } from "./fragment.js";
import { clockOf } from "./times.js";

export class Pending {
  #list;
  #outbox;
  #place;
  #user;
  #timeline;
  #shown = new Map(); // client id → item

  // Lifecycle

  constructor(list, { outbox, place, user, timeline, signal }) {
    this.#list = list;
    this.#outbox = outbox;
    this.#place = place;
    this.#user = user;
    this.#timeline = timeline;
    outbox.addEventListener("change", () => this.#render(), { signal });
    timeline.addEventListener("placed", ({ detail }) => this.#arrived(detail), { signal });
    list.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.#render();
  }

  // Private

  #render() {
    const items = this.#outbox.itemsFor(this.#place);
    const waiting = new Set(items.map((item) => item.client_id));
    for (const [clientId, shown] of this.#shown) {
      if (waiting.has(clientId)) continue;
      if (shown.dataset.tick === "failed") this.#drop(clientId); // Discarded.
      else tick(shown, "sent"); // Its message is about to come.
    }
    for (const item of items) this.#show(item);
    this.#timeline.follow();
  }

  #show({ client_id: clientId, kind, body, at, reason, quoted }) {
    let item = this.#shown.get(clientId);
    if (!item) {
      item = ownItem({ kind, body, at, quoted }, this.#user);
      item.dataset.clientId = clientId;
      this.#shown.set(clientId, item);
      this.#list.append(item);
    }
    item.querySelector(".message__failure")?.remove();
    tick(item, reason ? "failed" : "waiting");
    if (reason) {
      const failure = clone("#failure-template");
      failure.querySelector(".message__reason").textContent = reason;
      item.querySelector(".message__bubble").append(failure);
    }
    describe(item);
  }

  // A message that has come back is answered for, also when its ack is still on its way.
  #arrived(items) {
    for (const { dataset: { clientId } } of items) {
      if (!this.#shown.has(clientId)) continue;
      this.#drop(clientId);
      this.#outbox.settle(clientId);
    }
  }

  #drop(clientId) {
    this.#shown.get(clientId)?.remove();
    this.#shown.delete(clientId);
  }

  #clicked({ target }) {
    const { clientId } = target.closest(".message")?.dataset ?? {};
    const [retries, discards] = ["retry", "discard"].map((what) => target.closest(`.message__${what}`));
    if (!retries && !discards) return;
    target.closest(".timeline").focus({ preventScroll: true }); // The buttons are about to go.
    if (retries) this.#outbox.retry(clientId);
    else this.#outbox.settle(clientId);
  }
}

export function ownItem({ kind, body, at, quoted }, user) {
  const item = clone("#pending-template");
  item.removeAttribute("id");
  item.classList.add("message--pending");
  item.classList.toggle("message--emoji", kind === "emoji");
  item.dataset.sender = user.id;
  item.querySelector(".message__sender").textContent = user.name;
  item.querySelector(".message__body").textContent = body;
  item.querySelector(".message__link").removeAttribute("href");
  const time = item.querySelector("time");
  time.dateTime = at;
  time.textContent = clockOf(new Date(at));
  if (quoted) item.querySelector(".message__content").before(quote(quoted));
  return item;
}

function quote({ name, excerpt }) {
  const line = document.createElement("span");
  line.className = "message__quote";
  for (const [part, text] of [["quoted", name], ["excerpt", excerpt]]) {
    const words = line.appendChild(document.createElement(part === "quoted" ? "b" : "span"));
    words.className = `message__${part}`;
    words.dir = "auto";
    words.textContent = text;
  }
  return line;
}
