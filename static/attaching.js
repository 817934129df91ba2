// What is attached to a message before it is sent: the menu to choose from, and a tray above the box to write in,
// whose words become the caption. Photos become one message, each film and sound one of its own, other files one.

import { Describing } from "./describing.js";
import { bytesInWords, fileBytesMax } from "./file_words.js";
import { clone } from "./fragment.js";
import { kept } from "./media_on_demand.js";
import { pictureOf } from "./pending_media.js";
import { namesOf } from "./phrases.js";
import { loadStylesheet } from "./stylesheet.js";
import { toast } from "./toasts.js";
import { tr, trCount } from "./words.js";

const FILES_MAX = 10; // An album of the database has as many.
const GAP_PX = 8;
const PHONE = "(max-width: 45rem)"; // As in message.css.
const PICTURES = "image/*,video/*";

export class Attaching {
  #pane;
  #form;
  #composer;
  #timeline;
  #session;
  #shipments;
  #where;
  #place;
  #signal;
  #menu = null;
  #tray = null;
  #describing = null;
  #inputs = {};
  #items = []; // { file, url, isFile, alt }
  #left = [];
  #styled;

  // Lifecycle

  constructor(pane, { session, composer, timeline, shipments, where, place, signal }) {
    this.#pane = pane;
    this.#form = pane.querySelector("form.composer");
    this.#session = session;
    this.#composer = composer;
    this.#timeline = timeline;
    this.#shipments = shipments;
    this.#where = where;
    this.#place = place;
    this.#signal = signal;
    // Before the composer itself, which knows of words only.
    this.#form.addEventListener("submit", (event) => this.#submit(event), { capture: true, signal });
    this.#session.outbox.addEventListener("begun", ({ detail }) => this.#begun(detail), { signal });
    signal.addEventListener("abort", () => this.#leave());
  }

  // Actions

  async toggleMenu(button) {
    if (this.#menu?.matches(":popover-open")) return this.#closeMenu();
    this.#menu ??= this.#buildMenu(button);
    this.#menu.showPopover();
    this.#placeMenu(button);
    button.ariaExpanded = "true";
    this.#menuItems[0].focus();
  }

  // `areFiles`: they are sent as they are, also when they are photos.
  add(files, { areFiles = false } = {}) {
    const room = FILES_MAX - this.#items.length;
    const empty = files.filter(({ size }) => size === 0);
    const whole = files.filter(({ size }) => size > 0);
    const large = whole.filter(({ size }) => size > fileBytesMax());
    const fit = whole.filter(({ size }) => size <= fileBytesMax());
    const taken = fit.slice(0, room);
    this.#items.push(...taken.map((file) => ({ file, isFile: areFiles, url: URL.createObjectURL(file) })));
    this.#show();
    const words = [];
    if (large.length) {
      words.push(trCount("{names} is too large: a file has at most {size}.", "{names} are too large: a file has at most {size}.", large.length,
        { names: namesOf(large.map(nameOf)), size: bytesInWords(fileBytesMax()) }));
    }
    if (empty.length) words.push(trCount("{names} is empty.", "{names} are empty.", empty.length, { names: namesOf(empty.map(nameOf)) }));
    if (fit.length > taken.length) {
      words.push(trCount("At most {max} files go at once; one was left out.", "At most {max} files go at once; {n} were left out.",
        fit.length - taken.length, { max: FILES_MAX }));
    }
    this.#composer.say(words.join(" "));
    if (taken.length && !matchMedia("(pointer: coarse)").matches) this.#form.elements.body.focus();
  }

  // What stood here when this conversation was left.
  takeBack() {
    const items = kept[this.#place] ?? [];
    delete kept[this.#place];
    this.#items.push(...items.map((item) => ({ ...item, url: URL.createObjectURL(item.file) })));
    this.#show();
  }

  // Private

  #leave() {
    if (this.#items.length) kept[this.#place] = this.#items.map(({ file, isFile, alt }) => ({ file, isFile, alt }));
    for (const { url } of this.#items) URL.revokeObjectURL(url);
    this.#menu?.remove();
    for (const input of Object.values(this.#inputs)) input.remove();
  }

  #begun({ userId, conversationId }) {
    if (this.#where.user_id !== userId) return;
    this.#where = { conversation_id: conversationId };
    this.#place = conversationId;
  }

  // The menu

  #buildMenu(button) {
    const menu = clone("#attach-template");
    const signal = this.#signal;
    // A camera of one's own to hold has who has no mouse.
    menu.querySelector("[data-action=camera]").hidden = !matchMedia("(hover: none) and (pointer: coarse)").matches;
    menu.addEventListener("click", ({ target }) => this.#chosen(target.closest("button")), { signal });
    menu.addEventListener("keydown", (event) => this.#menuKeydown(event), { signal });
    menu.addEventListener("toggle", ({ newState }) => newState === "closed" && (button.ariaExpanded = "false"), { signal });
    document.addEventListener("pointerdown", ({ target }) => {
      if (menu.matches(":popover-open") && !menu.contains(target) && !button.contains(target)) this.#closeMenu(false);
    }, { signal });
    window.addEventListener("resize", () => menu.matches(":popover-open") && this.#placeMenu(button), { signal });
    button.after(menu);
    return menu;
  }

  get #menuItems() {
    return Array.from(this.#menu.querySelectorAll("button")).filter((item) => !item.hidden);
  }

  #closeMenu(returns = true) {
    const button = this.#form.querySelector(".composer__attach");
    const hadFocus = this.#menu.contains(document.activeElement);
    this.#menu.hidePopover();
    if (returns && hadFocus) button.focus({ preventScroll: true });
  }

  #menuKeydown(event) {
    const items = this.#menuItems;
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) items[to % items.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") this.#closeMenu();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Above its button; on a phone a sheet along the lower edge.
  #placeMenu(button) {
    const { style } = this.#menu;
    style.cssText = "";
    if (matchMedia(PHONE).matches) return;
    const { left, right, top } = button.getBoundingClientRect();
    const { width, height } = this.#menu.getBoundingClientRect();
    const isRightToLeft = getComputedStyle(button).direction === "rtl";
    const side = isRightToLeft ? left : right - width;
    style.inset = "auto";
    style.left = `${Math.max(GAP_PX, Math.min(side, innerWidth - width - GAP_PX))}px`;
    style.top = `${Math.max(GAP_PX, top - height - GAP_PX)}px`;
  }

  async #chosen(button) {
    if (!button) return;
    this.#closeMenu();
    const { action } = button.dataset;
    const send = async (message) => {
      this.#session.outbox.send({ ...this.#where, body: null, reply_to: null, ...message });
      this.#timeline.toLatest();
    };
    switch (action) {
      case "media": return this.#choose("media", { accept: PICTURES });
      case "camera": return this.#choose("camera", { accept: PICTURES, capture: true });
      case "file": return this.#choose("file", { areFiles: true });
    }
    try {
      if (action === "location") (await import("./location.js")).sendLocation(send, this.#signal);
      else (await import("./contact.js")).sendContact(send, this.#signal);
    } catch (error) {
      console.warn("It could not be loaded", error);
      toast(tr("This could not be loaded. Try again when you are connected."));
    }
  }

  #choose(name, { accept = "", capture = false, areFiles = false }) {
    const input = this.#inputs[name] ??= this.#buildInput(name, { accept, capture, areFiles });
    input.click();
  }

  #buildInput(name, { accept, capture, areFiles }) {
    const input = Object.assign(document.createElement("input"), { type: "file", multiple: !capture, accept, hidden: true });
    input.dataset.attach = name;
    if (capture) input.capture = "environment";
    input.addEventListener("change", () => {
      const files = Array.from(input.files);
      input.value = ""; // The same one can be chosen again.
      this.add(files, { areFiles });
    }, { signal: this.#signal });
    this.#form.append(input);
    return input;
  }

  // The tray

  async #show() {
    if (this.#items.length && !this.#tray) {
      this.#tray = clone("#tray-template");
      this.#tray.addEventListener("click", (event) => this.#trayClicked(event), { signal: this.#signal });
      this.#describing = new Describing(this.#tray, { signal: this.#signal, done: () => this.#timeline.follow() });
      this.#form.querySelector(".composer__fields").before(this.#tray);
    }
    if (!this.#tray) return;
    const list = this.#tray.querySelector(".tray__items");
    for (const row of Array.from(list.children)) if (!this.#items.some(({ row: other }) => other === row)) row.remove();
    let grew = false;
    for (const item of this.#items) {
      if (item.row) continue;
      item.row = rowOf(item);
      list.append(item.row);
      grew = true;
    }
    const { length } = this.#items;
    this.#tray.querySelector(".tray__status").textContent = length === 1
      ? tr("{name} is attached.", { name: this.#items[0].file.name })
      : trCount("{n} file is attached.", "{n} files are attached.", length);
    this.#tray.querySelector(".tray__add").hidden = length >= FILES_MAX;
    this.#form.elements.body.placeholder = length ? tr("Add a caption") : tr("Message");
    if (length === 0) {
      this.#tray.remove();
      this.#tray = null;
    }
    this.#timeline.follow();
    this.#styled ??= loadStylesheet("attaching.css");
    await this.#styled.catch(() => {});
    if (grew) (length < FILES_MAX ? list.nextElementSibling : list.lastElementChild)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.#timeline.follow();
  }

  #trayClicked({ target }) {
    const areFiles = this.#items.every(({ isFile }) => isFile);
    if (target.closest(".tray__add")) return this.#choose(areFiles ? "file" : "any", { areFiles });
    const row = target.closest(".tray__drop, .tray__describe")?.closest(".tray__item");
    if (!row) return;
    const at = this.#items.findIndex((item) => item.row === row);
    if (target.closest(".tray__describe")) {
      this.#describing.toggle(this.#items[at]);
      return this.#timeline.follow();
    }
    if (this.#describing.isAbout(this.#items[at])) this.#describing.close();
    const [{ url }] = this.#items.splice(at, 1);
    URL.revokeObjectURL(url);
    const next = this.#items[at] ?? this.#items.at(-1);
    (next?.row.querySelector(".tray__drop") ?? this.#form.elements.body).focus();
    this.#composer.say("");
    this.#show();
  }

  #submit(event) {
    if (this.#items.length === 0 || this.#composer.edits) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    let { body, reply, mentions } = this.#composer.take();
    for (const { kind, files } of messagesOf(this.#items)) {
      this.#shipments.send({ ...this.#where, place: this.#place, kind, files, body, reply, mentions });
      [body, reply, mentions] = ["", null, []]; // With the first of them.
    }
    for (const { url } of this.#items) URL.revokeObjectURL(url);
    this.#items = [];
    this.#show();
    this.#form.elements.body.focus();
    this.#timeline.toLatest();
  }
}

// In the order chosen, by the first of each.
function messagesOf(items) {
  const messages = [];
  for (const { file, isFile, alt } of items) {
    const kind = isFile ? "file" : kindOf(file);
    const together = kind === "image" || kind === "file";
    const message = together && messages.find((other) => other.kind === kind);
    if (message) message.files.push({ file, alt });
    else messages.push({ kind, files: [{ file, alt }] });
  }
  return messages;
}

// A drawing may hold script, so it is shown to nobody but who asks for it.
function kindOf({ type }) {
  if (type === "image/svg+xml") return "file";
  const [kind] = type.split("/");
  return ["image", "video", "audio"].includes(kind) ? kind : "file";
}

function rowOf({ file, url, isFile, alt }) {
  const row = clone("#tray-item-template");
  const { name, size } = file;
  row.title = name;
  row.querySelector(".tray__name").textContent = name;
  row.querySelector(".tray__size").textContent = bytesInWords(size);
  row.querySelector(".tray__drop").ariaLabel = tr("Remove {name}", { name });
  const isPicture = ["image", "video"].includes(kindOf(file));
  const describe = row.querySelector(".tray__describe");
  describe.hidden = isFile || kindOf(file) !== "image";
  describe.ariaLabel = tr("ALT: describe {name}", { name }); // As the button reads, and whom it is about.
  row.classList.toggle("tray__item--described", Boolean(alt));
  row.classList.toggle("tray__item--picture", isPicture);
  if (!isPicture) return row;
  const picture = pictureOf(file, url);
  const drawing = row.querySelector(".tray__picture").firstElementChild;
  // What this browser can not show has the sign of a file.
  picture.addEventListener("error", () => {
    row.classList.remove("tray__item--picture");
    picture.replaceWith(drawing);
  });
  drawing.replaceWith(picture);
  if (isFile) row.classList.add("tray__item--file");
  return row;
}

function nameOf({ name }) {
  return name;
}
