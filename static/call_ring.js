// A call that rings for the reader: a card above the page, in every tab. One tab sounds and notifies.
//
// Emits `answer`, `decline` and `ignore`.

import { notify, play } from "./alerts.js";
import { nameTitle } from "./title.js";
import { isAnyLookedAt, isSpeaker } from "./turns.js";
import { tr } from "./words.js";

const RING_EVERY_MS = 2_500;
const NOTES = [[587, 0], [784, 0.16], [587, 0.32], [784, 0.48]];

export class Ring extends EventTarget {
  #dialog;
  #shown = null; // id of the call
  #before = null; // Which had the focus.
  #timer = null;

  // Lifecycle

  constructor(dialog) {
    super();
    this.#dialog = dialog;
    document.body.append(dialog);
    for (const deed of ["answer", "decline", "ignore"]) {
      dialog.querySelector(`.ring__${deed}`).addEventListener("click", () => this.#tell(deed));
    }
    // Escape is no answer to anybody: it silences.
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      this.#tell("ignore");
    });
  }

  // Actions

  // `name`: who calls; `what`: "Video call in Engines".
  show({ id, name, what, isVideo }) {
    if (this.#shown === id) return this.#say(name, what);
    this.hide();
    this.#shown = id;
    this.#dialog.dataset.media = isVideo ? "video" : "audio";
    this.#say(name, what);
    const { activeElement } = document;
    const isWriting = activeElement.matches("input, textarea");
    // Nothing beside a dialog that waits can be clicked on, unless it is one too.
    if (document.querySelector("dialog:modal")) this.#dialog.showModal();
    else this.#dialog.show();
    // Who writes goes on writing: a space would answer.
    if (isWriting) activeElement.focus({ preventScroll: true });
    else this.#dialog.querySelector(".ring__answer").focus({ preventScroll: true });
    this.#before = activeElement;
    this.#draw(name, what);
    this.#timer = setInterval(() => this.#draw(name), RING_EVERY_MS);
  }

  hide() {
    if (!this.#shown) return;
    const hadFocus = this.#dialog.contains(document.activeElement);
    this.#shown = null;
    clearInterval(this.#timer);
    this.#dialog.close();
    if (hadFocus) this.#before?.focus({ preventScroll: true });
    nameTitle(document.querySelector("main.pane").dataset.title ?? document.documentElement.dataset.product);
  }

  // Private

  // What is the same is not read out again.
  #say(name, what) {
    for (const [part, text] of Object.entries({ name, what })) {
      const place = this.#dialog.querySelector(`.ring__${part}`);
      if (place.textContent !== text) place.textContent = text;
    }
  }

  #tell(deed) {
    this.dispatchEvent(new CustomEvent(deed, { detail: this.#shown }));
  }

  async #draw(name, what) {
    nameTitle(tr("{name} is calling", { name })); // Again and again, since one may go elsewhere meanwhile.
    if (!isSpeaker()) return;
    play(NOTES);
    if (what && !await isAnyLookedAt()) notify(tr("{name} is calling", { name }), { body: what, tag: this.#shown }, () => {});
  }
}
