// What one can do with a message: a small bar where the pointer or the focus is, a menu by its button, a
// right click, a long press or the keyboard, and arrow keys from message to message.
//
// Emits `action` with { action, item }: reply, edit, copy, link, hide, delete.

import { clone } from "./fragment.js";

const LONG_PRESS_MS = 500;
const PRESS_SLACK_PX = 10; // A finger that moves more is scrolling.
const EDGE_PX = 8;
const KEYS = { r: "reply", e: "edit", c: "copy", Delete: "hide" };

export class MessageActions extends EventTarget {
  #scroller;
  #list;
  #menu;
  #bar = clone("#message-bar-template");
  #allows;
  #item = null; // that the menu is about
  #entered = null; // that the focus is in
  #press = null;

  // Lifecycle

  // `allows(action, item)` tells what is offered.
  constructor(scroller, { allows, signal }) {
    super();
    this.#scroller = scroller;
    this.#list = scroller.querySelector(".timeline__messages");
    this.#menu = scroller.parentElement.querySelector(".menu");
    this.#allows = allows;
    const on = (target, type, handle, options) =>
      target.addEventListener(type, (event) => handle(event), { signal, ...options });
    on(this.#list, "pointerover", ({ target, pointerType }) => pointerType === "mouse" && this.#showBar(target));
    on(this.#list, "focusin", ({ target }) => this.#enter(target));
    on(this.#list, "focusout", ({ relatedTarget }) => this.#list.contains(relatedTarget) || this.#enter(null));
    on(scroller, "pointerleave", () => this.#bar.contains(document.activeElement) || this.#menuIsOpen || this.#bar.remove());
    on(this.#list, "contextmenu", (event) => this.#contextMenu(event));
    on(this.#list, "pointerdown", (event) => this.#pressed(event));
    for (const type of ["pointerup", "pointercancel", "pointerleave"]) on(this.#list, type, () => this.#endPress());
    on(this.#list, "pointermove", (event) => this.#moved(event));
    on(scroller, "scroll", () => this.#endPress(), { passive: true });
    on(scroller, "keydown", (event) => this.#keydown(event));
    on(this.#bar, "click", ({ target }) => this.#barClicked(target));
    on(this.#menu, "click", ({ target }) => this.#picked(target.closest("[data-action]")));
    on(this.#menu, "keydown", (event) => this.#menuKeydown(event));
    on(this.#menu, "contextmenu", (event) => event.preventDefault()); // By the key that opened it, let go of.
    on(document, "pointerdown", ({ target }) => this.#menu.contains(target) || this.#bar.contains(target) || this.#close());
    // Not by "scroll": the page scrolls by itself when a message comes.
    on(scroller, "wheel", () => this.#close(), { passive: true });
    signal.addEventListener("abort", () => this.#close());
  }

  // Private

  get #menuIsOpen() {
    return this.#menu.matches(":popover-open");
  }

  #showBar(target) {
    const item = target.closest(".message");
    if (!item || item.classList.contains("message--system") || this.#bar.parentElement === item || this.#menuIsOpen) return;
    if (this.#bar.contains(document.activeElement)) return; // It would be lost.
    this.#bar.querySelector(".message-bar__reply").hidden = !this.#allows("reply", item);
    item.append(this.#bar);
  }

  // Tab leads into the message that has the focus, to what it answers and its bar; not into all the others.
  #enter(target) {
    const item = target?.closest(".message") ?? null;
    if (item) this.#showBar(item);
    if (item === this.#entered) return;
    for (const part of partsOf(this.#entered)) part.tabIndex = -1;
    this.#entered = item;
    for (const part of partsOf(item)) part.tabIndex = 0;
  }

  #barClicked(target) {
    const item = this.#bar.closest(".message");
    if (target.closest(".message-bar__reply")) this.#emit("reply", item);
    else if (target.closest(".message-bar__more")) this.#open(item, target.closest("button").getBoundingClientRect());
  }

  #contextMenu(event) {
    const item = event.target.closest(".message");
    // A link's or a selection's own menu has its use.
    if (!item || event.target.closest("a[target]") || String(getSelection())) return;
    event.preventDefault();
    if (this.#menuIsOpen) return; // By a long press, just before.
    const isKey = event.clientX === 0 && event.clientY === 0;
    const place = isKey ? item.getBoundingClientRect() : { left: event.clientX, right: event.clientX, bottom: event.clientY, top: event.clientY };
    this.#open(item, place);
  }

  // Where a browser has no context menu for it, as in Safari on a phone.
  #pressed({ target, pointerType, clientX, clientY }) {
    const item = target.closest(".message");
    if (pointerType === "mouse" || !item) return;
    const timer = setTimeout(() => {
      this.#press = null;
      this.#open(item, { left: clientX, right: clientX, top: clientY, bottom: clientY });
    }, LONG_PRESS_MS);
    this.#press = { timer, clientX, clientY };
  }

  #moved({ clientX, clientY }) {
    const press = this.#press;
    if (press && Math.hypot(clientX - press.clientX, clientY - press.clientY) > PRESS_SLACK_PX) this.#endPress();
  }

  #endPress() {
    clearTimeout(this.#press?.timer);
    this.#press = null;
  }

  #keydown(event) {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    const item = target.closest(".message");
    if (ctrlKey || metaKey || altKey || (target !== this.#scroller && !item)) return;
    const next = this.#nextTo(item, key);
    const isPart = target !== item; // A link of it, or a button, has keys of its own.
    const action = KEYS[key.length === 1 ? key.toLowerCase() : key];
    if (next) {
      next.focus();
    } else if (key === "Escape" && item) {
      this.#leave();
    } else if (item && !isPart && (key === "Enter" || key === "ContextMenu" || (key === "F10" && event.shiftKey))) {
      this.#open(item, item.querySelector(".message__bubble").getBoundingClientRect());
    } else if (item && !isPart && action && this.#allows(action, item)) {
      this.#emit(action, item);
    } else {
      return;
    }
    event.preventDefault();
  }

  // Where an arrow, Home or End leads; at an end nowhere else.
  #nextTo(item, key) {
    const items = Array.from(this.#scroller.querySelectorAll(".message"));
    const at = items.indexOf(item);
    switch (key) {
      case "ArrowUp": return item ? items[at - 1] ?? item : this.#lastInView();
      case "ArrowDown": return item ? items[at + 1] ?? item : this.#lastInView();
      case "Home": return item && items[0];
      case "End": return item && items.at(-1);
      default: return null;
    }
  }

  // To where one writes.
  #leave() {
    const box = this.#scroller.closest("main").querySelector(".composer__body");
    (box ?? this.#scroller).focus();
  }

  #lastInView() {
    const { bottom } = this.#scroller.getBoundingClientRect();
    let item = this.#list.lastElementChild;
    while (item?.previousElementSibling && item.getBoundingClientRect().top > bottom) item = item.previousElementSibling;
    return item;
  }

  #open(item, place) {
    let isEmpty = true;
    for (const button of this.#menu.children) {
      button.hidden = !this.#allows(button.dataset.action, item);
      isEmpty &&= button.hidden;
    }
    if (isEmpty) return;
    this.#item = item;
    item.classList.add("message--chosen");
    this.#menu.showPopover();
    const { width, height } = this.#menu.getBoundingClientRect();
    const isRightToLeft = getComputedStyle(item).direction === "rtl";
    const left = isRightToLeft ? place.right - width : place.left;
    const top = place.bottom + height + EDGE_PX > innerHeight ? place.top - height : place.bottom;
    this.#menu.style.left = `${Math.max(EDGE_PX, Math.min(left, innerWidth - width - EDGE_PX))}px`;
    this.#menu.style.top = `${Math.max(EDGE_PX, Math.min(top, innerHeight - height - EDGE_PX))}px`;
    this.#menu.querySelector(":not([hidden])").focus();
  }

  #close() {
    if (!this.#menuIsOpen) return;
    const hadFocus = this.#menu.contains(document.activeElement);
    this.#menu.hidePopover();
    // By id, since a newer revision may have taken its place.
    const item = document.getElementById(this.#item.id);
    item?.classList.remove("message--chosen");
    if (hadFocus) (item ?? this.#scroller).focus({ preventScroll: true });
  }

  #menuKeydown(event) {
    if (event.key === "Enter" && event.repeat) return event.preventDefault(); // Still the one that opened it.
    const buttons = Array.from(this.#menu.children).filter((button) => !button.hidden);
    const at = buttons.indexOf(document.activeElement);
    const places = { ArrowDown: at + 1, ArrowUp: at - 1 + buttons.length, Home: 0, End: buttons.length - 1 };
    if (event.key in places) {
      event.preventDefault();
      buttons[places[event.key] % buttons.length].focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      this.#close();
    }
    event.stopPropagation();
  }

  #picked(button) {
    if (!button) return;
    const item = document.getElementById(this.#item.id);
    this.#close();
    if (item) this.#emit(button.dataset.action, item);
  }

  #emit(action, item) {
    this.dispatchEvent(new CustomEvent("action", { detail: { action, item } }));
  }
}

function partsOf(item) {
  return item?.querySelectorAll("a[href], button") ?? [];
}
