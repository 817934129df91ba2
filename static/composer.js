// The box to write in. Enter sends, Shift+Enter breaks the line, and Enter that only confirms an
// input method's candidate does neither. What is unsent is kept as a draft of its conversation.
//
// Emits `send` with the text, and `input` while one writes.

import { offerEmoji } from "./emoji_on_demand.js";
import { recall, remember } from "./storage.js";

export class Composer extends EventTarget {
  #body;
  #note;
  #conversationId;

  // Lifecycle

  constructor(form, conversationId, signal) {
    super();
    this.#body = form.elements.body;
    this.#note = form.querySelector(".composer__note");
    this.#conversationId = conversationId;
    form.addEventListener("submit", (event) => this.#submit(event), { signal });
    this.#body.addEventListener("keydown", (event) => this.#keydown(event), { signal });
    this.#body.addEventListener("input", () => this.#changed(), { signal });
    this.#body.value = draftOf(conversationId) ?? "";
    offerEmoji(form.querySelector(".composer__emoji"), this.#body, signal);
    form.querySelector("fieldset").disabled = false;
    // Where there is a keyboard; on a phone it would open one unasked.
    if (matchMedia("(pointer: fine)").matches) this.#body.focus();
  }

  // Actions

  // Gives back what the server would not take, before anything written since.
  restore(text, reason) {
    putBeforeDraft(this.#conversationId, text);
    this.#body.value = draftOf(this.#conversationId) ?? text;
    this.#note.textContent = reason;
  }

  // Private

  #submit(event) {
    event.preventDefault();
    const text = this.#body.value.trim();
    if (!text) return;
    this.#body.value = "";
    this.#note.textContent = "";
    this.#keepDraft();
    this.dispatchEvent(new CustomEvent("send", { detail: text }));
    this.#body.focus();
  }

  #keydown(event) {
    // Safari ends the composition before this event; there, 229 tells.
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || composing) return;
    event.preventDefault();
    this.#body.form.requestSubmit();
  }

  #changed() {
    this.#keepDraft();
    this.dispatchEvent(new CustomEvent("input", { detail: this.#body.value.trim() !== "" }));
  }

  #keepDraft() {
    remember("localStorage", draftKey(this.#conversationId), this.#body.value);
  }
}

// For a conversation that need not be the open one.
export function putBeforeDraft(conversationId, text) {
  const draft = draftOf(conversationId);
  remember("localStorage", draftKey(conversationId), draft ? `${text}\n${draft}` : text);
}

function draftOf(conversationId) {
  return recall("localStorage", draftKey(conversationId));
}

function draftKey(conversationId) {
  return `draft:${conversationId}`;
}
