// The bar of a call that this tab is in, or could join: whom with, how it goes, how long. It stays while one goes from one
// conversation to another.
//
// Emits `leave`, `join`, `again` and `close`.

const TICK_MS = 1_000;

export class CallBar extends EventTarget {
  #bar;
  #timer = null;

  // Lifecycle

  constructor(bar) {
    super();
    this.#bar = bar;
    for (const deed of ["leave", "join", "again", "close"]) {
      this.#find(deed).addEventListener("click", () => this.dispatchEvent(new Event(deed)));
    }
  }

  // Actions

  // `deeds`: which buttons there are, each with its words, or none of its own. `since`: when the talk began.
  show({ name, href, state, since, notice = "", isVideo, deeds }) {
    this.#bar.dataset.media = isVideo ? "video" : "audio";
    const link = this.#find("name");
    link.textContent = name;
    link.href = href;
    this.#say("state", state);
    this.#say("notice", notice);
    for (const deed of ["leave", "join", "again", "close"]) {
      const button = this.#find(deed);
      const words = button.querySelector("span") ?? button;
      button.hidden = !(deed in deeds);
      if (deeds[deed]) words.textContent = deeds[deed];
    }
    clearInterval(this.#timer);
    const tick = () => this.#say("time", since ? lengthOf(Date.now() - since) : "");
    if (since) this.#timer = setInterval(tick, TICK_MS);
    tick();
    // Before all else, as it stands above all else.
    if (!this.#bar.isConnected) document.body.prepend(this.#bar);
  }

  hide() {
    clearInterval(this.#timer);
    const hadFocus = this.#bar.contains(document.activeElement);
    this.#bar.remove();
    if (hadFocus) document.querySelector("#composer, .pane__title")?.focus({ preventScroll: true });
  }

  // Private

  #find(part) {
    return this.#bar.querySelector(`.call-bar__${part}`);
  }

  // What is the same is not read out again.
  #say(part, text) {
    const place = this.#find(part);
    if (place.textContent !== text) place.textContent = text;
  }
}

// 0:07, 12:03, 1:02:03.
function lengthOf(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
