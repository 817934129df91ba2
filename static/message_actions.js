// What one can do with a message: a small bar where the pointer or the focus is, a menu by its button, a
// right click, a long press or the keyboard, and arrow keys from message to message.
//
// Emits `action` with { action, item, emoji }: reply, edit, copy, link, forward, pin and so on, as the menu names them;
// `react` with the emoji, `pick` to choose from all of them, `reactors` for who reacted.

import { clone } from "./fragment.js";
import { quickReactions } from "./quick_reactions.js";

const LONG_PRESS_MS = 500;
const PRESS_SLACK_PX = 10; // A finger that moves more is scrolling.
const EDGE_PX = 8;
const KEYS = { r: ["reply"], e: ["edit"], c: ["copy"], f: ["forward"], p: ["pin", "unpin"], i: ["info"], Delete: ["hide"] };
const PHONE = "(max-width: 45rem)"; // As in message.css, where the menu is a sheet.

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
    for (const action of ["react", "reply"]) {
      this.#bar.querySelector(`.message-bar__${action}`).hidden = !this.#allows(action, item);
    }
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
    else if (target.closest(".message-bar__react")) this.#openReactions(item, target.closest("button").getBoundingClientRect());
    else if (target.closest(".message-bar__more")) this.#open(item, target.closest("button").getBoundingClientRect());
  }

  #contextMenu(event) {
    const item = event.target.closest(".message");
    // A link's or a selection's own menu has its use.
    if (!item || event.target.closest("a[target]") || String(getSelection())) return;
    event.preventDefault();
    if (this.#menuIsOpen || document.querySelector("dialog[open]")) return; // By a long press, just before.
    if (event.target.closest(".reaction")) return this.#emit("reactors", item);
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
      takeRelease();
      if (target.closest(".reaction")) this.#emit("reactors", item);
      else this.#open(item, { left: clientX, right: clientX, top: clientY, bottom: clientY });
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
    const action = item && KEYS[key.length === 1 ? key.toLowerCase() : key]?.find((one) => this.#allows(one, item));
    if (next) {
      next.focus();
    } else if (key === "Escape" && item) {
      this.#leave();
    } else if (item && !isPart && (key === "Enter" || key === "ContextMenu" || (key === "F10" && event.shiftKey))) {
      this.#open(item, item.querySelector(".message__bubble").getBoundingClientRect());
    } else if (item && !isPart && key === "+" && this.#allows("react", item)) {
      this.#openReactions(item, item.querySelector(".message__bubble").getBoundingClientRect());
    } else if (item && !isPart && action) {
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
    for (const button of this.#buttons) button.hidden = !this.#allows(button.dataset.action, item);
    this.#show(item, place, ".menu__item:not([hidden])");
  }

  // The reactions alone.
  #openReactions(item, place) {
    for (const button of this.#buttons) button.hidden = !button.closest(".menu__quick");
    this.#show(item, place, ".menu__emoji");
  }

  get #buttons() {
    return Array.from(this.#menu.querySelectorAll("button"));
  }

  #show(item, place, first) {
    const quick = this.#menu.querySelector(".menu__quick");
    quick.hidden = quick.lastElementChild.hidden;
    if (this.#buttons.every((button) => button.hidden)) return;
    if (!quick.hidden) this.#fillQuick(quick, item);
    this.#item = item;
    item.classList.add("message--chosen");
    this.#menu.showPopover();
    this.#place(item, place);
    this.#menu.querySelector(first).focus();
  }

  #fillQuick(quick, item) {
    const { userId } = document.documentElement.dataset;
    const chips = Array.from(item.querySelectorAll(".reaction"));
    const isOwn = (emoji) => chips.some(({ dataset }) => dataset.emoji === emoji && dataset.reactors.split(" ").includes(userId));
    quickReactions().forEach((emoji, at) => {
      const button = quick.children[at];
      button.textContent = button.dataset.emoji = emoji;
      button.ariaChecked = String(isOwn(emoji));
    });
  }

  #place(item, place) {
    const { style } = this.#menu;
    style.cssText = "";
    if (matchMedia(PHONE).matches) return;
    const { width, height } = this.#menu.getBoundingClientRect();
    const isRightToLeft = getComputedStyle(item).direction === "rtl";
    const left = isRightToLeft ? place.right - width : place.left;
    const top = place.bottom + height + EDGE_PX > innerHeight ? place.top - height : place.bottom;
    style.left = `${Math.max(EDGE_PX, Math.min(left, innerWidth - width - EDGE_PX))}px`;
    style.top = `${Math.max(EDGE_PX, Math.min(top, innerHeight - height - EDGE_PX))}px`;
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
    const next = this.#nextButton(event.key);
    if (next) {
      event.preventDefault();
      next.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      this.#close();
    }
    event.stopPropagation();
  }

  // The reactions are one line, which is walked sideways; upwards and downwards it counts as one.
  #nextButton(key) {
    const { activeElement: now } = document;
    const shown = this.#buttons.filter((button) => !button.hidden);
    const line = shown.filter((button) => button.closest(".menu__quick"));
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step) {
      if (!line.includes(now)) return line[0];
      const side = getComputedStyle(this.#menu).direction === "rtl" ? -step : step;
      return line[(line.indexOf(now) + side + line.length) % line.length];
    }
    const stops = shown.filter((button) => !line.includes(button) || button === line[0]);
    const at = stops.indexOf(line.includes(now) ? line[0] : now);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + stops.length, Home: 0, End: stops.length - 1 }[key];
    return stops[to % stops.length];
  }

  #picked(button) {
    if (!button) return;
    const item = document.getElementById(this.#item.id);
    this.#close();
    if (item) this.#emit(button.dataset.action, item, button.dataset.emoji);
  }

  #emit(action, item, emoji) {
    this.dispatchEvent(new CustomEvent("action", { detail: { action, item, emoji } }));
  }
}

// The finger that opened something by staying presses nothing of it by leaving.
function takeRelease() {
  const press = new AbortController();
  const { signal } = press;
  document.addEventListener("touchend", (event) => event.preventDefault(), { capture: true, passive: false, signal });
  for (const type of ["touchend", "touchcancel", "touchstart"]) document.addEventListener(type, () => press.abort(), { signal });
}

function partsOf(item) {
  return item?.querySelectorAll("a[href], button, [role='slider']") ?? [];
}
