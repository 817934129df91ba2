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
  #menu = document.querySelector("#message-menu");
  #bar = clone("#message-bar-template");
  #allows;
  #item = null; // that the menu is about
  #opener = null;
  #press = null;

  // Lifecycle

  // `allows(action, item)` tells what is offered.
  constructor(scroller, { allows, signal }) {
    super();
    this.#scroller = scroller;
    this.#list = scroller.querySelector(".timeline__messages");
    this.#allows = allows;
    const on = (target, type, handle, options) =>
      target.addEventListener(type, (event) => handle(event), { signal, ...options });
    on(this.#list, "pointerover", ({ target, pointerType }) => pointerType === "mouse" && this.#showBar(target));
    on(this.#list, "focusin", ({ target }) => this.#showBar(target));
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
    on(document, "pointerdown", ({ target }) => this.#menu.contains(target) || this.#bar.contains(target) || this.#close(false));
    on(scroller, "scroll", () => this.#close(false), { passive: true });
    signal.addEventListener("abort", () => this.#close(false));
  }

  // Private

  get #menuIsOpen() {
    return this.#menu.matches(":popover-open");
  }

  #showBar(target) {
    const item = target.closest(".message");
    if (!item || item.classList.contains("message--system") || this.#bar.parentElement === item || this.#menuIsOpen) return;
    this.#bar.querySelector(".message-bar__reply").hidden = !this.#allows("reply", item);
    item.append(this.#bar);
  }

  #barClicked(target) {
    const item = this.#bar.closest(".message");
    if (target.closest(".message-bar__reply")) this.#emit("reply", item);
    else if (target.closest(".message-bar__more")) this.#open(item, target.closest("button").getBoundingClientRect(), item);
  }

  #contextMenu(event) {
    const item = event.target.closest(".message");
    // A link's or a selection's own menu has its use.
    if (!item || event.target.closest(".message__body a") || String(getSelection())) return;
    event.preventDefault();
    if (this.#menuIsOpen) return; // By a long press, just before.
    const isKey = event.clientX === 0 && event.clientY === 0;
    const place = isKey ? item.getBoundingClientRect() : { left: event.clientX, right: event.clientX, bottom: event.clientY, top: event.clientY };
    this.#open(item, place, item);
  }

  // Where a browser has no context menu for it, as in Safari on a phone.
  #pressed({ target, pointerType, clientX, clientY }) {
    const item = target.closest(".message");
    if (pointerType === "mouse" || !item) return;
    const timer = setTimeout(() => {
      this.#press = null;
      this.#open(item, { left: clientX, right: clientX, top: clientY, bottom: clientY }, item);
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
    if (target.closest("button, a[href]:not([tabindex])")) return;
    const item = target.closest(".message");
    const items = this.#list.children;
    const steps = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" };
    let next;
    if (steps[key]) next = item ? item[steps[key]] : this.#lastInView();
    else if (key === "Home" && item) next = items[0];
    else if (key === "End" && item) next = items[items.length - 1];
    if (next || (steps[key] && item)) {
      event.preventDefault();
      (next ?? item).focus();
    } else if (item && (key === "Enter" || key === "ContextMenu" || (key === "F10" && event.shiftKey))) {
      event.preventDefault();
      this.#open(item, item.querySelector(".message__bubble").getBoundingClientRect(), item);
    } else if (item && KEYS[key] && !ctrlKey && !metaKey && !altKey && this.#allows(KEYS[key], item)) {
      event.preventDefault();
      this.#emit(KEYS[key], item);
    }
  }

  #lastInView() {
    const { bottom } = this.#scroller.getBoundingClientRect();
    let item = this.#list.lastElementChild;
    while (item?.previousElementSibling && item.getBoundingClientRect().top > bottom) item = item.previousElementSibling;
    return item;
  }

  #open(item, place, opener) {
    let isEmpty = true;
    for (const button of this.#menu.children) {
      button.hidden = !this.#allows(button.dataset.action, item);
      isEmpty &&= button.hidden;
    }
    if (isEmpty) return;
    this.#item = item;
    this.#opener = opener;
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

  #close(givesFocusBack = true) {
    if (!this.#menuIsOpen) return;
    this.#menu.hidePopover();
    this.#item?.classList.remove("message--chosen");
    if (givesFocusBack) this.#opener?.focus({ preventScroll: true });
  }

  #menuKeydown(event) {
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
    const item = this.#item;
    this.#close();
    this.#emit(button.dataset.action, item);
  }

  #emit(action, item) {
    this.dispatchEvent(new CustomEvent("action", { detail: { action, item } }));
  }
}
