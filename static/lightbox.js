// A picture or a film of the conversation, as large as the window, and from there to the others that are in the page. By
// mouse, keyboard and touch: nearer and farther, along, away.

import { momentOf, seqOf } from "./dress.js";
import { make } from "./element.js";
import { loadStylesheet } from "./stylesheet.js";
import { clockOf, dayOf } from "./times.js";
import { tr } from "./words.js";

const NEAR_MAX = 8;
const NEAR_STEP = 1.5; // By a button or a key.
const NEAR_TAP = 2.5; // By two clicks.
const WHEEL_PX = 300; // So much turning is nearly three times as near.
const SWIPE_PX = 60; // A finger that went so far wants another picture,
const AWAY_PX = 90; // or out.
const SLACK_PX = 6; // A click moves a little.
const ICONS = {
  close: "M6 6l12 12M18 6L6 18",
  farther: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4M8 11h6",
  nearer: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4M8 11h6M11 8v6",
  load: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
  find: "M4 5h16v11H9l-5 4zM8 10.5h8",
  before: "M15 5l-7 7 7 7",
  after: "M9 5l7 7-7 7",
};

export class Lightbox {
  #list;
  #timeline;
  #life = new AbortController();
  #dialog;
  #parts = {};
  #opener;
  #shown = null; // { messageId, mediaId }
  #shape = null; // natural width and height
  #view = { scale: 1, x: 0, y: 0 };
  #fingers = new Map(); // pointer → where it is
  #gesture = null; // how the one or two of them began

  // Lifecycle

  constructor(list, { timeline, signal }) {
    this.#list = list;
    this.#timeline = timeline;
    signal.addEventListener("abort", () => this.#dialog?.close(), { signal: this.#life.signal });
  }

  async open(link) {
    if (document.querySelector("dialog[open]")) return;
    this.#opener = link;
    this.#build();
    await loadStylesheet("lightbox.css");
    if (document.querySelector("dialog[open]") || !link.isConnected) return this.#end();
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#show(link);
    if (!this.#film) this.#parts.close.focus();
  }

  // Private

  #build() {
    const { signal } = this.#life;
    const on = (target, type, handle, options) => target.addEventListener(type, handle, { signal, ...options });
    const dialog = this.#dialog = make("dialog", "lightbox");
    dialog.ariaLabel = tr("Pictures and films");
    const head = dialog.appendChild(make("div", "lightbox__head"));
    const about = head.appendChild(make("div", "lightbox__about"));
    const parts = this.#parts = {
      sender: about.appendChild(make("b", "lightbox__sender")),
      detail: about.appendChild(make("span", "lightbox__detail")),
      farther: head.appendChild(button("farther", tr("Zoom out"))),
      nearer: head.appendChild(button("nearer", tr("Zoom in"))),
      find: head.appendChild(button("find", tr("Show in the conversation"))),
      load: head.appendChild(button("load", tr("Download"), "a")),
      close: head.appendChild(button("close", tr("Close"))),
      stage: dialog.appendChild(make("div", "lightbox__stage")),
      before: dialog.appendChild(button("before", tr("Previous"))),
      after: dialog.appendChild(button("after", tr("Next"))),
      caption: dialog.appendChild(make("p", "lightbox__caption")),
    };
    parts.sender.dir = parts.caption.dir = "auto";
    parts.detail.role = "status";
    on(dialog, "close", () => this.#end());
    on(dialog, "keydown", (event) => this.#keydown(event));
    on(parts.close, "click", () => dialog.close());
    on(parts.find, "click", () => this.#find());
    on(parts.before, "click", () => this.#step(-1));
    on(parts.after, "click", () => this.#step(1));
    on(parts.nearer, "click", () => this.#zoom(NEAR_STEP));
    on(parts.farther, "click", () => this.#zoom(1 / NEAR_STEP));
    on(parts.stage, "wheel", (event) => this.#wheeled(event), { passive: false });
    on(parts.stage, "pointerdown", (event) => this.#touched(event));
    on(parts.stage, "pointermove", (event) => this.#moved(event));
    on(parts.stage, "pointerup", (event) => this.#left(event));
    on(parts.stage, "pointercancel", (event) => this.#left(event, { isLost: true }));
    on(parts.stage, "dblclick", (event) => this.#tapped(event));
    on(window, "resize", () => this.#fit());
    on(this.#timeline, "placed", () => this.#refresh());
  }

  #end() {
    const { messageId, mediaId } = this.#shown ?? {};
    this.#life.abort();
    this.#dialog.remove();
    // To what was last looked at, as long as it is there.
    const shown = messageId && document.getElementById(messageId)?.querySelector(`[data-media-id="${CSS.escape(mediaId)}"]`);
    (shown || this.#opener).focus({ preventScroll: !shown || shown === this.#opener });
  }

  get #links() {
    return Array.from(this.#list.querySelectorAll("a.tile"));
  }

  get #at() {
    const { messageId, mediaId } = this.#shown;
    return this.#links.findIndex((link) => link.dataset.mediaId === mediaId && link.closest(".message").id === messageId);
  }

  get #film() {
    return this.#parts.stage.querySelector("video");
  }

  get #isRightToLeft() {
    return getComputedStyle(this.#dialog).direction === "rtl";
  }

  #step(by) {
    const links = this.#links;
    const link = links[this.#at + by];
    if (link) this.#show(link);
  }

  #show(link) {
    const item = link.closest(".message");
    const { dataset: { mediaId, film, name, width, height } } = link;
    const [still, parts] = [link.querySelector("img, video"), this.#parts];
    this.#shown = { messageId: item.id, mediaId };
    this.#shape = Number(width) && Number(height) ? { width: Number(width), height: Number(height) } : null;
    const view = film === undefined ? picture(link, still) : filmOf(link, still);
    view.addEventListener(film === undefined ? "load" : "loadedmetadata", () => this.#loaded(view), { once: true });
    parts.stage.replaceChildren(view);
    parts.sender.textContent = item.querySelector(".message__sender")?.textContent ?? "";
    parts.caption.textContent = item.querySelector(".message__body")?.textContent ?? "";
    parts.load.href = `${link.pathname}?download`;
    parts.load.download = name;
    const isStill = film === undefined;
    parts.nearer.hidden = parts.farther.hidden = !isStill;
    this.#count();
    this.#reset();
    this.#fit();
    if (!isStill) {
      view.focus();
      view.play().catch(() => {}); // Refused: it has a button.
    }
    if (isStill && !this.#dialog.contains(document.activeElement)) parts.close.focus();
    for (const beside of [-1, 1]) preload(this.#links[this.#at + beside]);
  }

  // Which of how many, and of when.
  #count() {
    const [links, at, parts] = [this.#links, this.#at, this.#parts];
    const moment = momentOf(document.getElementById(this.#shown.messageId));
    const when = moment && `${dayOf(moment)}, ${clockOf(moment)}`;
    const count = links.length > 1 && tr("{at} of {count}", { at: at + 1, count: links.length });
    parts.detail.textContent = [count, when].filter(Boolean).join(" · ");
    const { activeElement: focused } = document;
    parts.before.disabled = at <= 0;
    parts.after.disabled = at === links.length - 1;
    if (focused?.disabled) parts.close.focus();
  }

  // Messages came, were changed or deleted.
  #refresh() {
    if (!this.#shown || !this.#dialog.open) return;
    const item = document.getElementById(this.#shown.messageId);
    if (item?.classList.contains("message--deleted")) this.#dialog.close();
    else if (item) this.#count();
  }

  #find() {
    const item = document.getElementById(this.#shown.messageId);
    this.#dialog.close();
    if (item) this.#timeline.jumpTo(seqOf(item));
  }

  #loaded(view) {
    if (!view.isConnected) return;
    this.#shape ??= { width: view.naturalWidth || view.videoWidth, height: view.naturalHeight || view.videoHeight };
    this.#fit();
    view.dataset.loaded = "";
  }

  // Size and place

  #fit() {
    const { stage } = this.#parts;
    const view = stage.firstElementChild;
    if (!view || !this.#shape?.width) return;
    const { width, height } = this.#shape;
    // A film is as large as there is room; a picture no larger than it is.
    const scale = Math.min(stage.clientWidth / width, stage.clientHeight / height, this.#film ? Infinity : 1);
    view.style.width = `${Math.round(width * scale)}px`;
    view.style.height = `${Math.round(height * scale)}px`;
    this.#move();
  }

  #reset() {
    this.#view = { scale: 1, x: 0, y: 0 };
    this.#fingers.clear();
    this.#gesture = null;
    this.#move();
  }

  #move() {
    const { stage, farther, nearer } = this.#parts;
    const element = stage.firstElementChild;
    const view = this.#view;
    if (view.scale > 1) {
      const most = (size, room) => Math.max(0, (size * view.scale - room) / 2);
      const [x, y] = [most(element.offsetWidth, stage.clientWidth), most(element.offsetHeight, stage.clientHeight)];
      view.x = Math.min(x, Math.max(-x, view.x));
      view.y = Math.min(y, Math.max(-y, view.y));
    }
    element.style.transform = view.scale === 1 && !view.x && !view.y ? "" : `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
    stage.classList.toggle("lightbox__stage--near", view.scale > 1);
    farther.disabled = view.scale <= 1;
    nearer.disabled = view.scale >= NEAR_MAX;
  }

  // What is at the point stays there; without one, what is in the middle.
  #zoom(by, point = { x: 0, y: 0 }) {
    if (this.#film) return;
    const view = this.#view;
    const scale = Math.min(NEAR_MAX, Math.max(1, view.scale * by));
    const ratio = scale / view.scale;
    this.#view = scale === 1 ? { scale, x: 0, y: 0 }
      : { scale, x: point.x - (point.x - view.x) * ratio, y: point.y - (point.y - view.y) * ratio };
    this.#move();
  }

  // From the middle of the stage.
  #pointOf({ clientX, clientY }) {
    const { left, top, width, height } = this.#parts.stage.getBoundingClientRect();
    return { x: clientX - left - width / 2, y: clientY - top - height / 2 };
  }

  #wheeled(event) {
    if (this.#film) return;
    event.preventDefault();
    this.#zoom(Math.exp(-event.deltaY / WHEEL_PX), this.#pointOf(event));
  }

  #tapped(event) {
    if (event.target === this.#parts.stage) return;
    this.#zoom(this.#view.scale > 1 ? 0 : NEAR_TAP, this.#pointOf(event));
  }

  // Fingers and the mouse

  #touched(event) {
    if (event.button !== 0 || event.target === this.#film) return;
    event.preventDefault(); // Nothing is dragged out.
    this.#parts.stage.setPointerCapture(event.pointerId);
    this.#fingers.set(event.pointerId, this.#pointOf(event));
    this.#begin(event);
  }

  #begin({ target, pointerType }) {
    const [one, other] = this.#fingers.values();
    const view = { ...this.#view };
    if (!one) this.#gesture = null;
    else if (other) this.#gesture = { view, wide: distance(one, other) || 1, middle: middle(one, other) };
    else this.#gesture = { view, from: one, target, pointerType, moved: false };
  }

  #moved(event) {
    const gesture = this.#gesture;
    if (!gesture || !this.#fingers.has(event.pointerId)) return;
    this.#fingers.set(event.pointerId, this.#pointOf(event));
    const [one, other] = this.#fingers.values();
    if (gesture.wide) {
      if (!other) return;
      this.#view = { ...gesture.view };
      this.#zoom(distance(one, other) / gesture.wide, gesture.middle);
      const now = middle(one, other);
      if (this.#view.scale > 1) Object.assign(this.#view, { x: this.#view.x + now.x - gesture.middle.x, y: this.#view.y + now.y - gesture.middle.y });
      return this.#move();
    }
    const [dx, dy] = [one.x - gesture.from.x, one.y - gesture.from.y];
    gesture.moved ||= Math.hypot(dx, dy) > SLACK_PX;
    if (!gesture.moved) return;
    if (gesture.view.scale > 1) Object.assign(this.#view, { x: gesture.view.x + dx, y: gesture.view.y + dy });
    else if (gesture.pointerType !== "mouse") this.#view = Math.abs(dx) > Math.abs(dy) ? { scale: 1, x: dx, y: 0 } : { scale: 1, x: 0, y: dy };
    this.#move();
  }

  #left(event, { isLost = false } = {}) {
    const gesture = this.#gesture;
    if (!this.#fingers.delete(event.pointerId) || !gesture) return;
    const { scale, x, y } = this.#view;
    const isOneNear = scale > 1 || gesture.wide;
    if (this.#fingers.size || isOneNear) return this.#begin(event); // The other finger goes on.
    this.#reset();
    if (isLost) return;
    if (!gesture.moved) {
      if (gesture.target === this.#parts.stage) this.#dialog.close(); // Beside it.
    } else if (Math.abs(x) > SWIPE_PX) {
      this.#step((x < 0) === this.#isRightToLeft ? -1 : 1);
    } else if (Math.abs(y) > AWAY_PX) {
      this.#dialog.close();
    }
  }

  #keydown(event) {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey) return;
    if (target === this.#film && /^Arrow|^ $/.test(key)) return; // The film's own.
    const forward = this.#isRightToLeft ? "ArrowLeft" : "ArrowRight";
    switch (key) {
      case "ArrowLeft": case "ArrowRight": this.#step(key === forward ? 1 : -1); break;
      case "PageUp": this.#step(-1); break;
      case "PageDown": this.#step(1); break;
      case "Home": this.#show(this.#links[0]); break;
      case "End": this.#show(this.#links.at(-1)); break;
      case "+": case "=": this.#zoom(NEAR_STEP); break;
      case "-": this.#zoom(1 / NEAR_STEP); break;
      case "0": this.#reset(); break;
      default: return;
    }
    event.preventDefault();
  }
}

// What the page has of it already stands behind it until it has come.
function picture(link, still) {
  const view = make("img", "lightbox__view");
  view.draggable = false;
  if (still?.currentSrc) view.style.backgroundImage = `url("${still.currentSrc}")`;
  view.alt = still?.alt ?? "";
  view.src = link.href;
  return view;
}

function filmOf(link, still) {
  const view = make("video", "lightbox__view");
  Object.assign(view, { controls: true, playsInline: true, loop: still.loop, ariaLabel: link.ariaLabel });
  if (still.poster) view.poster = still.poster;
  view.src = link.href;
  return view;
}

function preload(link) {
  if (link && link.dataset.film === undefined) new Image().src = link.href;
}

// Also of what else is shown as large as the window.
export function button(icon, label, name = "button") {
  const button = make(name, `icon-button lightbox__button lightbox__${icon}`);
  if (name === "button") button.type = "button";
  button.ariaLabel = button.title = label;
  const SVG = "http://www.w3.org/2000/svg";
  const drawing = button.appendChild(document.createElementNS(SVG, "svg"));
  drawing.classList.add("icon");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.ariaHidden = "true";
  drawing.appendChild(document.createElementNS(SVG, "path")).setAttribute("d", ICONS[icon]);
  return button;
}

function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function middle(one, other) {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}
