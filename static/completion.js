// Completes what is typed in a text field from a list above it: arrows choose, Enter or Tab takes, Escape leaves it.
//
// A kind of completion says what to suggest (`found`), how an entry looks (`dress`), and what it becomes (`textOf`).

import { loadStylesheet } from "./stylesheet.js";
import { typeText } from "./type_text.js";

const GAP_PX = 4;

let lists = 0; // Ids are the page's.

export class Completion {
  #textarea;
  #list;
  #entries = [];
  #selected = 0;
  #start = 0; // where what is completed begins
  #query = "";
  #dismissedStart = -1; // the beginning that Escape was for

  // Lifecycle

  // What is typed already counts, since its first letter is what brings this here.
  constructor(textarea, { name, label, signal }) {
    this.#textarea = textarea;
    this.#list = document.createElement("div");
    Object.assign(this.#list, {
      id: `${name}-${++lists}`, className: `completion ${name}`, popover: "manual", role: "listbox", ariaLabel: label,
    });
    textarea.before(this.#list);

    textarea.addEventListener("input", (event) => this.#typed(event), { signal });
    // Before the listeners that send by Enter.
    textarea.addEventListener("keydown", (event) => this.#keydown(event), { signal, capture: true });
    textarea.addEventListener("blur", () => this.hide(), { signal });
    textarea.form?.addEventListener("submit", () => this.hide(), { signal });
    document.addEventListener("selectionchange", () => this.#isOpen && this.suggest(), { signal });
    window.addEventListener("resize", () => this.#isOpen && this.#place(), { signal });
    this.#list.addEventListener("mousedown", (event) => event.preventDefault(), { signal }); // The focus stays.
    this.#list.addEventListener("click", (event) => this.#click(event), { signal });
    signal.addEventListener("abort", () => {
      this.hide();
      this.#list.remove();
    });
    this.#begin(signal);
  }

  async #begin(signal) {
    try {
      await Promise.all([this.load(), loadStylesheet("completion.css")]);
      if (!signal.aborted && document.activeElement === this.#textarea) this.complete();
    } catch (error) {
      console.warn("Nothing is completed", error);
    }
  }

  // For a kind of completion

  async load() {}

  complete() {
    this.suggest();
  }

  // Up to the caret; nothing while a part of it is selected.
  get written() {
    const { value, selectionStart, selectionEnd } = this.#textarea;
    return selectionStart === selectionEnd ? value.slice(0, selectionStart) : "";
  }

  suggest() {
    const begun = this.found(this.written); // { start, query, entries } or null
    this.#entries = begun && begun.start !== this.#dismissedStart ? begun.entries : [];
    if (!begun) this.#dismissedStart = -1;
    if (this.#entries.length === 0) return this.hide();
    if (this.#isOpen && this.#start === begun.start && this.#query === begun.query) return;
    [this.#start, this.#query] = [begun.start, begun.query];
    this.#show();
  }

  write(entry, start) {
    this.hide();
    this.took(entry);
    typeText(this.#textarea, this.textOf(entry), start, this.#textarea.selectionStart);
  }

  took() {}

  hide() {
    if (!this.#isOpen) return;
    this.#list.hidePopover();
    for (const name of ["aria-autocomplete", "aria-controls", "aria-activedescendant"]) {
      this.#textarea.removeAttribute(name);
    }
  }

  // Private

  get #isOpen() {
    return this.#list.matches(":popover-open");
  }

  // What is taken back must not be completed once more.
  #typed(event) {
    if (event.isComposing && !composesAlways()) return;
    if (/^(history|delete)/.test(event.inputType)) this.suggest();
    else this.complete();
  }

  #show() {
    this.#list.replaceChildren(...this.#entries.map((entry, index) => {
      const option = document.createElement("div");
      Object.assign(option, { id: `${this.#list.id}-${index}`, className: "completion__option", role: "option" });
      this.dress(option, entry, this.#query);
      return option;
    }));
    if (!this.#isOpen) this.#list.showPopover();
    // A field of many lines may be no combobox; what is chosen is spoken all the same.
    this.#textarea.ariaAutoComplete = "list";
    this.#textarea.setAttribute("aria-controls", this.#list.id);
    this.#select(0);
    this.#place();
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
    this.write(this.#entries[index], this.#start);
  }

  #dismiss() {
    this.#dismissedStart = this.#start;
    this.hide();
  }
}

// Phones compose every word, also where nothing needs it, so there it tells nothing.
function composesAlways() {
  return matchMedia("(pointer: coarse)").matches;
}
