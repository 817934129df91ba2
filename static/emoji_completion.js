// Completes shortcodes in a text field: after `:` and two letters it suggests emoji, and the closing
// colon of one that is known makes it an emoji at once.

import { byShortcode, load, remember, search } from "./emoji.js";
import { loadStylesheet } from "./stylesheet.js";
import { typeText } from "./type_text.js";

const SUGGESTIONS_MAX = 8;
const GAP_PX = 4;

// A colon counts at the start, after a space or after an emoji: links and times of day have it elsewhere.
const BEFORE = String.raw`(?<=^|\s|\p{Extended_Pictographic}|\p{RI}|\uFE0F)`;
// Capitals beyond the first letter, which phones make one, are for faces such as :DD.
const BEGUN = new RegExp(`${BEFORE}:(\\p{L}[\\p{Ll}\\d_+-]+)$`, "u");
const CLOSED = new RegExp(`${BEFORE}:([\\w+-]+):$`, "u");

let lists = 0; // Ids are the page's.

export class EmojiCompletion {
  #textarea;
  #list;
  #entries = [];
  #selected = 0;
  #start = 0; // where the colon is
  #query = "";
  #dismissedStart = -1; // the colon that Escape was for

  // Lifecycle

  // What is typed already counts, since the first colon is what brings this here.
  constructor(textarea, before, { signal }) {
    this.#textarea = textarea;
    this.#list = document.createElement("div");
    Object.assign(this.#list, {
      id: `emoji-completion-${++lists}`, className: "emoji-completion", popover: "manual", role: "listbox", ariaLabel: "Emoji",
    });
    before.before(this.#list);

    textarea.addEventListener("input", (event) => this.#typed(event), { signal });
    // Before the listeners that send by Enter.
    textarea.addEventListener("keydown", (event) => this.#keydown(event), { signal, capture: true });
    textarea.addEventListener("blur", () => this.#hide(), { signal });
    textarea.form?.addEventListener("submit", () => this.#hide(), { signal });
    document.addEventListener("selectionchange", () => this.#isOpen && this.#suggest(), { signal });
    window.addEventListener("resize", () => this.#isOpen && this.#place(), { signal });
    this.#list.addEventListener("mousedown", (event) => event.preventDefault(), { signal }); // The focus stays.
    this.#list.addEventListener("click", (event) => this.#click(event), { signal });
    signal.addEventListener("abort", () => {
      this.#hide();
      this.#list.remove();
    });
    this.#begin(signal);
  }

  async #begin(signal) {
    try {
      await Promise.all([load(), loadStylesheet("emoji.css")]);
      if (!signal.aborted && document.activeElement === this.#textarea) this.#complete();
    } catch (error) {
      console.warn("Emoji are not completed", error);
    }
  }

  // Private

  get #isOpen() {
    return this.#list.matches(":popover-open");
  }

  // What is taken back must not be completed once more.
  #typed(event) {
    if (event.isComposing && !composesAlways()) return;
    if (/^(history|delete)/.test(event.inputType)) this.#suggest();
    else this.#complete();
  }

  #complete() {
    const closed = CLOSED.exec(this.#written());
    const entry = closed && byShortcode(closed[1]);
    if (entry) this.#write(entry, closed.index);
    else this.#suggest();
  }

  #suggest() {
    const begun = BEGUN.exec(this.#written());
    this.#entries = begun && begun.index !== this.#dismissedStart ? search(begun[1], SUGGESTIONS_MAX) : [];
    if (!begun) this.#dismissedStart = -1;
    if (this.#entries.length === 0) return this.#hide();
    if (this.#isOpen && this.#start === begun.index && this.#query === begun[1]) return;
    [this.#start, this.#query] = [begun.index, begun[1]];
    this.#show();
  }

  // Up to the caret; nothing while a part of it is selected.
  #written() {
    const { value, selectionStart, selectionEnd } = this.#textarea;
    return selectionStart === selectionEnd ? value.slice(0, selectionStart) : "";
  }

  #show() {
    this.#list.replaceChildren(...this.#entries.map((entry, index) => this.#option(entry, index)));
    if (!this.#isOpen) this.#list.showPopover();
    // A field of many lines may be no combobox; what is chosen is spoken all the same.
    this.#textarea.ariaAutoComplete = "list";
    this.#textarea.setAttribute("aria-controls", this.#list.id);
    this.#select(0);
    this.#place();
  }

  #hide() {
    if (!this.#isOpen) return;
    this.#list.hidePopover();
    for (const name of ["aria-autocomplete", "aria-controls", "aria-activedescendant"]) {
      this.#textarea.removeAttribute(name);
    }
  }

  #option({ emoji, shortcodes }, index) {
    const option = document.createElement("div");
    Object.assign(option, { id: `${this.#list.id}-${index}`, className: "emoji-completion__option", role: "option" });
    const picture = document.createElement("span");
    picture.className = "emoji-completion__emoji";
    picture.textContent = emoji;
    const code = document.createElement("bdi");
    code.className = "emoji-completion__code";
    const query = this.#query.toLowerCase();
    code.textContent = `:${shortcodes.find((shortcode) => shortcode.startsWith(query)) ?? shortcodes[0]}:`;
    option.append(picture, code);
    return option;
  }

  #select(index) {
    this.#selected = index;
    Array.from(this.#list.children).forEach((option, at) => option.ariaSelected = String(at === index));
    const option = this.#list.children[index];
    option.scrollIntoView({ block: "nearest" });
    this.#textarea.setAttribute("aria-activedescendant", option.id);
  }

  // Above the field, which the list must not cover.
  #place() {
    const { left, right, top, width } = this.#textarea.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const isRightToLeft = getComputedStyle(this.#list).direction === "rtl";
    Object.assign(this.#list.style, {
      insetInlineStart: `${isRightToLeft ? clientWidth - right : left}px`,
      bottom: `${clientHeight - top + GAP_PX}px`,
      maxInlineSize: `${width}px`,
      maxBlockSize: `${top - 2 * GAP_PX}px`,
    });
  }

  #keydown(event) {
    // Safari ends the composition before this event; there, 229 tells.
    const composing = event.isComposing || event.keyCode === 229;
    if (!this.#isOpen || composing || event.ctrlKey || event.altKey || event.metaKey) return;
    const count = this.#entries.length;
    if (event.key === "ArrowDown") this.#select((this.#selected + 1) % count);
    else if (event.key === "ArrowUp") this.#select((this.#selected + count - 1) % count);
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) this.#take(this.#selected);
    else if (event.key === "Escape") this.#dismiss();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  #click({ target }) {
    const option = target.closest("[role=option]");
    if (option) this.#take(Array.from(this.#list.children).indexOf(option));
  }

  #take(index) {
    this.#write(this.#entries[index], this.#start);
  }

  #write({ emoji }, start) {
    this.#hide();
    remember(emoji);
    typeText(this.#textarea, emoji, start, this.#textarea.selectionStart);
  }

  #dismiss() {
    this.#dismissedStart = this.#start;
    this.#hide();
  }
}

// Phones compose every word, also where nothing needs it, so there it tells nothing.
function composesAlways() {
  return matchMedia("(pointer: coarse)").matches;
}
