// The box to write in, and what it is about: a new message, an answer, or the change of one that is
// there. Enter sends and Shift+Enter breaks the line, or the other way round, as the reader chose; on a
// touch keyboard Enter breaks; and Enter that only confirms an input method's candidate does neither.
// What is unsent is kept as a draft of its place.
//
// Emits `send` with { body, kind, reply, mentions }, `edit` with { id, body, before, mentions }, `input` while one writes,
// and `last` when one asks for one's last message to change it.

import { drafts } from "./drafts.js";
import { setting } from "./settings.js";
import { tr } from "./words.js";

const touch = matchMedia("(hover: none) and (pointer: coarse)");

let emojiAlone; // A few emoji and nothing else are shown large.
try {
  emojiAlone = new RegExp("^\\p{RGI_Emoji}{1,3}$", "v");
} catch {
  emojiAlone = /^\p{Extended_Pictographic}\uFE0F?$/u;
}

export class Composer extends EventTarget {
  #form;
  #body;
  #note;
  #context;
  #place;
  #reply = null; // { id, name, excerpt }
  #editing = null; // { id, body }
  #mentions = []; // { id, name } of those whom one chose to call

  // Lifecycle

  constructor(form, place, signal) {
    super();
    this.#form = form;
    this.#body = form.elements.body;
    this.#note = form.querySelector(".composer__note");
    this.#context = form.querySelector(".composer__context");
    this.#place = place;
    form.addEventListener("submit", (event) => this.#submit(event), { signal });
    form.addEventListener("keydown", (event) => this.#keydown(event), { signal });
    this.#body.addEventListener("input", () => this.#changed(), { signal });
    this.#body.addEventListener("focus", () => this.#hintEnter(), { signal });
    form.querySelector(".composer__cancel").addEventListener("click", () => this.#leaveContext(), { signal });
    window.addEventListener("storage", ({ key }) => key?.endsWith(this.#place) && this.#draftChanged(), { signal });
    this.#takeDraft();
    form.querySelector("fieldset").disabled = false;
    // Where there is a keyboard; on a phone it would open one unasked.
    // A frame that took the focus would take it from the page around.
    const mayFocus = parent === window || document.hasFocus();
    if (mayFocus && !touch.matches) this.#body.focus({ preventScroll: true });
  }

  // Actions

  reply(reply) {
    if (this.#editing) this.#leaveContext();
    this.#reply = reply;
    this.#showContext(tr("Reply to {name}", reply), reply.excerpt);
    this.#keepDraft();
    this.#body.focus();
  }

  // `text`: what the change has got to, where it is taken up again.
  edit({ id, body, mentions = [] }, text = body) {
    this.#mentions = mentions;
    this.#editing = { id, body };
    this.#showContext(tr("Edit message"), body);
    this.#write(text);
    this.#body.focus();
  }

  get edits() {
    return Boolean(this.#editing);
  }

  // What is written leaves the box, to be sent.
  take() {
    const body = this.#body.value.trim();
    const taken = { body, kind: emojiAlone.test(body) ? "emoji" : "text", reply: this.#reply, mentions: this.#called(body) };
    this.#reply = null;
    this.say("");
    this.#showContext();
    this.#write("");
    this.#mentions = [];
    this.#keepDraft();
    return taken;
  }

  mention(person) {
    this.#mentions.push(person);
  }

  say(text) {
    this.#note.textContent = text;
  }

  // The chat has begun: what was kept for a person is now of a conversation.
  moveTo(place) {
    drafts.move(this.#place, place);
    this.#place = place;
  }

  // Private

  #submit(event) {
    event.preventDefault();
    const body = this.#body.value.trim();
    if (!body) return;
    if (this.#editing) {
      const { id, body: before } = this.#editing;
      const mentions = this.#called(body);
      this.say("");
      this.#leaveContext();
      if (body !== before) this.#emit("edit", { id, body, before, mentions });
    } else {
      this.#emit("send", this.take());
    }
    this.#body.focus();
  }

  // Those whose name still stands there.
  #called(body) {
    const stands = ({ name }) => body.split(`@${name}`).slice(1).some((rest) => !/^[\p{L}\p{N}]/u.test(rest));
    return [...new Set(this.#mentions.filter(stands).map(({ id }) => id))];
  }

  #keydown(event) {
    // Safari ends the composition before this event; there, 229 tells.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape" && (this.#reply || this.#editing)) {
      event.preventDefault();
      this.#leaveContext();
    } else if (event.target !== this.#body) {
      return;
    } else if (event.key === "ArrowUp" && !this.#body.value && !this.#editing) {
      event.preventDefault();
      this.#emit("last");
    } else if (event.key === "Enter" && this.#sends(event)) {
      event.preventDefault();
      this.#form.requestSubmit();
    }
  }

  #sends({ shiftKey, ctrlKey, metaKey }) {
    if (ctrlKey || metaKey) return true;
    return touch.matches ? false : shiftKey !== setting("enter");
  }

  #hintEnter() {
    this.#body.enterKeyHint = touch.matches || !setting("enter") ? "enter" : "send";
  }

  #changed() {
    this.#grow();
    const { value, maxLength } = this.#body;
    this.say(value.length >= maxLength ? tr("A message has at most {n} characters.", { n: maxLength }) : "");
    if (!this.#editing) this.#keepDraft();
    this.#emit("input", this.#body.value.trim() !== "" && !this.#editing);
  }

  #write(text) {
    this.#body.value = text;
    this.#grow();
  }

  // For browsers without `field-sizing`.
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#body.style.blockSize = "auto";
    this.#body.style.blockSize = `${this.#body.scrollHeight}px`;
  }

  #leaveContext() {
    const wasEditing = this.#editing;
    this.#editing = this.#reply = null;
    this.#showContext();
    if (wasEditing) this.#takeDraft();
    else this.#keepDraft();
    this.#body.focus();
  }

  #showContext(title = "", excerpt = "") {
    this.#context.hidden = !title;
    this.#context.querySelector(".composer__context-title").textContent = title;
    this.#context.querySelector(".composer__context-excerpt").textContent = excerpt;
  }

  #takeDraft() {
    const { body, reply, mentions } = drafts.of(this.#place) ?? {};
    this.#mentions = mentions ?? [];
    this.#write(body ?? "");
    this.#reply = reply ?? null;
    this.#showContext(reply && tr("Reply to {name}", reply), reply?.excerpt);
  }

  // By another tab, which one may have left since. What is written here is kept at once, so nothing of it is lost.
  #draftChanged() {
    if (!this.#editing) this.#takeDraft();
  }

  #keepDraft() {
    drafts.keep(this.#place, { body: this.#body.value, reply: this.#reply, mentions: this.#mentions });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
