// The panel to choose an emoji from: the latest chosen, then group after group, or what a search
// finds. A group's buttons are made when it comes near, since all at once would take a moment.
//
// Keyboard: typing searches; arrows, Home and End walk the grid; Enter picks, with Shift and stays;
// Escape closes.

import { make } from "./element.js";
import { allGroups, byEmoji, load, recent, remember, search } from "./emoji.js";
import { loadStylesheet } from "./stylesheet.js";
import { tr, trCount } from "./words.js";

const COLUMNS = 8; // As in emoji.css.
const FOUND_MAX = 120; // Who sees so many rather types another letter.
const NEAR_PX = 400; // About a screenful of the panel.
const GAP_PX = 8;
const BLOCK_SIZE_MAX_REM = 27;
const PHONE = "(max-width: 45rem)"; // As in emoji.css.
const TAB_EMOJI = ["😀", "👋", "🐻", "🍔", "🚗", "⚽", "💡", "❤️", "🏁"]; // One for each group.
// As emoji.rs calls them.
const GROUPS = {
  "Smileys & Emotion": tr("Smileys & Emotion"), "People & Body": tr("People & Body"), "Animals & Nature": tr("Animals & Nature"),
  "Food & Drink": tr("Food & Drink"), "Travel & Places": tr("Travel & Places"), "Activities": tr("Activities"),
  "Objects": tr("Objects"), "Symbols": tr("Symbols"), "Flags": tr("Flags"),
};
const HINT = tr("Hold Shift to pick several");

let panels = 0; // Ids are the page's.

export class EmojiPicker {
  #anchor;
  #onPick;
  #onClose;
  #signal;
  #panel = null;
  #query;
  #tabs;
  #scroller;
  #status;
  #shownEmoji;
  #shownName;
  #shownCode;
  #opening = false;
  #recent;
  #groups = []; // Section, one for each tab
  #found;
  #current = null; // the cell that Tab comes to
  #near = null; // watches which groups come near

  // Lifecycle

  constructor(anchor, { onPick, onClose, signal }) {
    this.#anchor = anchor;
    this.#onPick = onPick;
    this.#onClose = onClose;
    this.#signal = signal;
    // The button is the popover's invoker, so that pressing it does not count as pressing outside.
    anchor.addEventListener("click", (event) => event.preventDefault(), { signal });
    signal.addEventListener("abort", () => {
      this.#near?.disconnect();
      this.#panel?.remove();
    });
  }

  // Actions

  async toggle() {
    if (this.#isOpen) this.close();
    else await this.open();
  }

  async open() {
    if (this.#isOpen || this.#opening) return;
    this.#opening = true;
    try {
      await loadStylesheet("emoji.css");
      if (this.#signal.aborted) return;
      this.#panel ??= this.#build();
      this.#anchor.focus({ preventScroll: true }); // Where the focus returns to.
      this.#panel.showPopover();
      this.#place();
      // On a phone the field's focus would bring up the keyboard over the emoji.
      (matchMedia("(pointer: coarse)").matches ? this.#panel : this.#query).focus({ preventScroll: true });
      await this.#fill();
    } finally {
      this.#opening = false;
    }
  }

  close() {
    if (this.#isOpen) this.#panel.hidePopover();
  }

  // Private

  get #isOpen() {
    return this.#panel?.matches(":popover-open") ?? false;
  }

  // The sections that are seen, from top to bottom.
  get #sections() {
    const all = this.#query.value.trim() ? [this.#found] : [this.#recent, ...this.#groups];
    return all.filter(({ size }) => size > 0);
  }

  #build() {
    const id = `emoji-picker-${++panels}`;
    const panel = make("div", "emoji-picker", { id, popover: "auto", role: "dialog", ariaLabel: tr("Emoji"), tabIndex: -1 });
    this.#query = make("input", "field emoji-picker__query", {
      type: "search", placeholder: tr("Search emoji"), ariaLabel: tr("Search emoji"), autocomplete: "off", spellcheck: false,
      dir: "auto", enterKeyHint: "done",
    });
    this.#tabs = make("div", "emoji-picker__tabs", { role: "toolbar", ariaLabel: tr("Groups") });
    this.#scroller = make("div", "emoji-picker__scroller");
    this.#status = make("p", "emoji-picker__status", { role: "status" });
    const shown = make("p", "emoji-picker__shown", { ariaHidden: "true" }); // The buttons say it themselves.
    [this.#shownEmoji, this.#shownName, this.#shownCode] = ["emoji", "name", "code"]
      .map((part) => make("span", `emoji-picker__shown-${part}`));
    shown.append(this.#shownEmoji, this.#shownName, this.#shownCode);
    this.#recent = new Section(tr("Recent"), `${id}-recent`);
    this.#found = new Section(tr("Found"), `${id}-found`);
    this.#found.element.classList.add("emoji-picker__section--found");
    this.#scroller.append(this.#recent.element, this.#found.element);
    const page = make("div", "emoji-picker__page");
    page.append(this.#query, this.#tabs, this.#status, this.#scroller, shown);
    panel.append(page);
    this.#listen(panel);
    document.body.append(panel);
    this.#anchor.popoverTargetElement = panel;
    // Where there is more to choose from than emoji, it is put beside them.
    this.#anchor.dispatchEvent(new CustomEvent("picker", { detail: { panel, page, close: () => this.close() } }));
    return panel;
  }

  #listen(panel) {
    const signal = this.#signal;
    panel.addEventListener("keydown", (event) => this.#keydown(event), { signal });
    panel.addEventListener("toggle", ({ newState }) => newState === "closed" && this.#reset(), { signal });
    this.#query.addEventListener("input", () => this.#search(), { signal });
    this.#tabs.addEventListener("click", ({ target }) => this.#goTo(target), { signal });
    this.#scroller.addEventListener("click", (event) => this.#click(event), { signal });
    this.#scroller.addEventListener("scroll", () => this.#markTab(), { signal, passive: true });
    for (const type of ["pointerover", "focusin"]) {
      this.#scroller.addEventListener(type, ({ target }) => this.#show(cellOf(target)), { signal });
    }
    this.#scroller.addEventListener("pointerleave", () => this.#show(cellOf(document.activeElement)), { signal });
    window.addEventListener("resize", () => this.#place(), { signal });
    window.visualViewport.addEventListener("resize", () => this.#place(), { signal });
  }

  async #fill() {
    try {
      await load();
      if (this.#signal.aborted) return;
      if (this.#groups.length === 0) this.#addGroups();
      this.#recent.fill(recent().map(byEmoji).filter(Boolean));
      this.#recent.build();
      this.#search();
    } catch (error) {
      console.warn("Emoji could not be loaded", error);
      this.#tell(tr("Emoji could not be loaded. Please try again."), true);
    }
  }

  #addGroups() {
    const sectionOf = new Map();
    this.#near = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) if (isIntersecting) sectionOf.get(target).build();
    }, { root: this.#scroller, rootMargin: `${NEAR_PX}px 0px` });
    allGroups().forEach(({ name: group, entries }, index) => {
      const name = GROUPS[group] ?? group;
      const section = new Section(name, `${this.#panel.id}-${index}`);
      section.fill(entries);
      sectionOf.set(section.element, section);
      this.#groups.push(section);
      this.#near.observe(section.element);
      this.#tabs.append(make("button", "emoji-picker__tab", {
        type: "button", title: name, ariaLabel: name, tabIndex: index === 0 ? 0 : -1, textContent: TAB_EMOJI[index],
      }));
    });
    this.#found.element.before(...this.#groups.map(({ element }) => element));
  }

  #reset() {
    this.#query.value = "";
    this.#scroller.scrollTop = 0;
    this.#onClose?.();
  }

  #search() {
    const query = this.#query.value.trim();
    const entries = search(query, FOUND_MAX);
    this.#found.fill(entries);
    this.#found.build();
    this.#recent.element.hidden = query !== "" || this.#recent.size === 0;
    for (const { element } of this.#groups) element.hidden = query !== "";
    this.#found.element.hidden = entries.length === 0;
    if (!query) this.#tell("", false);
    else if (entries.length === 0) this.#tell(tr("No emoji of that name."), true);
    else this.#tell(trCount("{n} emoji found", "{n} emoji found", entries.length), false);
    this.#scroller.scrollTop = 0;
    const [first] = this.#sections;
    this.#makeCurrent(first?.cell(0));
    this.#show(null);
    this.#markTab();
  }

  #click(event) {
    const cell = cellOf(event.target);
    if (cell) this.#pick(cell, event.shiftKey);
  }

  #pick(cell, stays) {
    const focused = document.activeElement;
    if (!stays) this.close();
    remember(cell.textContent);
    this.#onPick(cell.textContent);
    if (stays) focused.focus({ preventScroll: true });
  }

  // Keys

  #keydown(event) {
    if (event.isComposing || event.keyCode === 229) return; // See composer.js.
    const { target } = event;
    const took = event.key === "Escape" ? this.#escape()
      : target === this.#query ? this.#queryKey(event)
      : this.#tabs.contains(target) ? this.#tabKey(event)
      : cellOf(target) ? this.#cellKey(event, target)
      : false;
    if (!took) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #escape() {
    this.close();
    return true;
  }

  #queryKey({ key, shiftKey }) {
    if (key === "ArrowDown" && this.#current) this.#focus(this.#current);
    else if (key === "Enter" && this.#query.value.trim() && this.#found.size > 0) this.#pick(this.#found.cell(0), shiftKey);
    else return key === "Enter";
    return true;
  }

  #tabKey({ key, target }) {
    const tabs = Array.from(this.#tabs.children);
    const at = tabs.indexOf(target);
    const to = tabs[{ Home: 0, End: tabs.length - 1 }[key] ?? at + (this.#sideways(key) || NaN)];
    if (!to) return false;
    this.#makeTabCurrent(to);
    to.focus();
    return true;
  }

  #cellKey({ key, ctrlKey, altKey, metaKey }, cell) {
    const sections = this.#sections;
    const at = sections.findIndex(({ element }) => element.contains(cell));
    const section = sections[at];
    const index = section.indexOf(cell);
    const column = index % COLUMNS;
    const side = this.#sideways(key);
    if (altKey || metaKey) return false;
    if (side) {
      if (section.has(index + side)) this.#focus(section.cell(index + side));
      else if (side > 0) this.#focus(sections[at + 1]?.cell(0));
      else this.#focus(sections[at - 1]?.cell(sections[at - 1].size - 1));
    } else if (key === "ArrowDown") {
      this.#focus(section.below(index) ?? sections[at + 1]?.inFirstRow(column));
    } else if (key === "ArrowUp") {
      if (section.has(index - COLUMNS)) this.#focus(section.cell(index - COLUMNS));
      else if (at > 0) this.#focus(sections[at - 1].inLastRow(column));
      else this.#query.focus();
    } else if (key === "Home") {
      this.#focus(ctrlKey ? sections[0].cell(0) : section.cell(index - column));
    } else if (key === "End") {
      const last = ctrlKey ? sections.at(-1) : section;
      this.#focus(last.cell(ctrlKey ? last.size - 1 : Math.min(index - column + COLUMNS, section.size) - 1));
    } else if (key.length === 1 && key !== " " && !ctrlKey) {
      this.#query.focus(); // The letter follows.
      return false;
    } else {
      return false;
    }
    return true;
  }

  // 1 towards the end of the line, -1 towards its start, whichever way it is written.
  #sideways(key) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key] ?? 0;
    return getComputedStyle(this.#panel).direction === "rtl" ? -step : step;
  }

  #focus(cell) {
    if (!cell) return;
    this.#makeCurrent(cell);
    cell.focus();
  }

  #makeTabCurrent(current) {
    for (const tab of this.#tabs.children) tab.tabIndex = tab === current ? 0 : -1;
  }

  #makeCurrent(cell) {
    if (this.#current) this.#current.tabIndex = -1;
    this.#current = cell ?? null;
    if (cell) cell.tabIndex = 0;
  }

  // Looks

  // Of the cell that is pointed at; else of the one that Enter picks.
  #show(cell) {
    const shown = cell ?? (this.#query.value.trim() && this.#found.size > 0 ? this.#found.cell(0) : null);
    const entry = shown && byEmoji(shown.textContent);
    this.#shownEmoji.textContent = entry?.emoji ?? "";
    this.#shownName.textContent = entry?.name ?? HINT;
    this.#shownCode.textContent = entry ? `:${entry.shortcodes[0]}:` : "";
  }

  // How many there are one sees; a screen reader has to say it.
  #tell(text, isSeen) {
    this.#status.textContent = text;
    this.#status.classList.toggle("visually-hidden", !isSeen);
  }

  #goTo(target) {
    const tab = target.closest(".emoji-picker__tab");
    if (!tab) return;
    this.#makeTabCurrent(tab);
    const at = Array.from(this.#tabs.children).indexOf(tab);
    if (this.#query.value) {
      this.#query.value = "";
      this.#search();
    }
    const { element } = this.#groups[at];
    this.#scroller.scrollTop = element.offsetTop - this.#scroller.offsetTop;
    this.#makeCurrent(this.#groups[at].cell(0));
  }

  #markTab() {
    const top = this.#scroller.scrollTop + this.#scroller.offsetTop + 1;
    const at = this.#groups.findLastIndex(({ element }) => !element.hidden && element.offsetTop <= top);
    Array.from(this.#tabs.children).forEach((tab, index) => tab.ariaCurrent = String(index === at));
  }

  // On a phone along the lower edge, above a keyboard that covers it; else beside the button, on
  // the side that has room.
  #place() {
    if (!this.#isOpen) return;
    const { style } = this.#panel;
    style.cssText = "";
    if (matchMedia(PHONE).matches) {
      const { height, offsetTop } = window.visualViewport;
      style.bottom = `${Math.max(0, window.innerHeight - height - offsetTop)}px`;
      return;
    }
    const button = this.#anchor.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const above = button.top - 2 * GAP_PX;
    const below = clientHeight - button.bottom - 2 * GAP_PX;
    if (above >= below) style.bottom = `${clientHeight - button.top + GAP_PX}px`;
    else style.top = `${button.bottom + GAP_PX}px`;
    style.blockSize = `min(${BLOCK_SIZE_MAX_REM}rem, ${Math.max(above, below)}px)`;
    const width = this.#panel.offsetWidth;
    const isLeft = button.left + button.right < clientWidth;
    const left = isLeft ? button.left : button.right - width;
    style.left = `${Math.max(GAP_PX, Math.min(left, clientWidth - width - GAP_PX))}px`;
  }
}

// A heading and its grid. It takes its room from the start, its cells are made when needed.
class Section {
  element;
  #grid;
  #entries = [];
  #cells = null;

  constructor(name, id) {
    this.element = make("section", "emoji-picker__section", { hidden: true });
    const heading = make("h2", "emoji-picker__heading", { id, textContent: name });
    this.#grid = make("div", "emoji-picker__grid", { role: "grid" });
    this.#grid.setAttribute("aria-labelledby", id);
    this.element.append(heading, this.#grid);
  }

  get size() {
    return this.#entries.length;
  }

  fill(entries) {
    this.#entries = entries;
    this.#cells = null;
    this.#grid.replaceChildren();
    this.#grid.ariaBusy = "true";
    this.element.style.setProperty("--rows", Math.ceil(entries.length / COLUMNS));
    this.element.hidden = entries.length === 0;
  }

  build() {
    if (this.#cells) return;
    this.#cells = this.#entries.map(({ emoji, name }) => make("button", "emoji-picker__cell", {
      type: "button", role: "gridcell", ariaLabel: name, tabIndex: -1, textContent: emoji,
    }));
    for (let at = 0; at < this.#cells.length; at += COLUMNS) {
      const row = make("div", "emoji-picker__row", { role: "row" });
      row.append(...this.#cells.slice(at, at + COLUMNS));
      this.#grid.append(row);
    }
    this.#grid.ariaBusy = "false";
  }

  has(index) {
    return index >= 0 && index < this.size;
  }

  cell(index) {
    this.build();
    return this.#cells[index];
  }

  indexOf(cell) {
    return this.#cells.indexOf(cell);
  }

  // In a last row that is shorter, its end.
  below(index) {
    const isInLastRow = Math.floor(index / COLUMNS) === this.#lastRow;
    return isInLastRow ? undefined : this.cell(Math.min(index + COLUMNS, this.size - 1));
  }

  inFirstRow(column) {
    return this.cell(Math.min(column, this.size - 1));
  }

  inLastRow(column) {
    return this.cell(Math.min(this.#lastRow * COLUMNS + column, this.size - 1));
  }

  get #lastRow() {
    return Math.floor((this.size - 1) / COLUMNS);
  }
}

function cellOf(target) {
  return target.closest(".emoji-picker__cell");
}
