// Stickers and GIFs, beside the emoji: three tabs of one panel. A click sends at once.

import { get } from "./api.js";
import { make } from "./element.js";
import { fileBytesMax } from "./file_words.js";
import { recall, remember } from "./storage.js";
import { loadStylesheet } from "./stylesheet.js";
import { toast } from "./toasts.js";
import { tr, trCount } from "./words.js";

const OWN_PACK = "webchat";
const RECENT_MAX = 8; // Two rows.
const RECENT_KEY = "stickers";
const GIFS_MAX = 60;
const TYPED_MS = 200;

let packs = null; // A promise: asked for once a page.

export class PickerTabs {
  #panel;
  #close;
  #send;
  #ship;
  #signal;
  #pages = {}; // name → { tab, page }
  #filled = new Set();
  #stickers = [];
  #asking = new AbortController();

  // Lifecycle

  constructor({ panel, page, close }, { send, ship, signal }) {
    this.#panel = panel;
    this.#close = close;
    this.#send = send;
    this.#ship = ship;
    this.#signal = signal;
    const bar = make("div", "picker-tabs", { role: "tablist", ariaLabel: tr("What to choose from") });
    this.#add(bar, "emoji", tr("Emoji"), page);
    this.#add(bar, "stickers", tr("Stickers"), make("div", "picker-page"));
    this.#add(bar, "gifs", tr("GIFs"), make("div", "picker-page"));
    bar.addEventListener("click", ({ target }) => this.#show(target.closest("button")?.dataset.shows), { signal });
    bar.addEventListener("keydown", (event) => this.#tabKey(event), { signal });
    panel.addEventListener("keydown", (event) => this.#gridKey(event), { signal });
    panel.addEventListener("toggle", ({ newState }) => newState === "open" && this.#refill(), { signal });
    signal.addEventListener("abort", () => this.#asking.abort());
    this.#mark("emoji");
    loadStylesheet("attaching.css").finally(() => panel.append(bar));
  }

  // Private

  #add(bar, name, words, page) {
    const id = `${this.#panel.id}-${name}`;
    const tab = make("button", "picker-tabs__tab", { type: "button", role: "tab", textContent: words, id: `${id}-tab` });
    tab.dataset.shows = name;
    tab.setAttribute("aria-controls", id);
    Object.assign(page, { id, role: "tabpanel" });
    page.setAttribute("aria-labelledby", tab.id);
    if (!page.isConnected) this.#panel.append(page);
    bar.append(tab);
    this.#pages[name] = { tab, page };
  }

  async #show(name) {
    if (!name) return;
    this.#mark(name);
    if (this.#filled.has(name) || name === "emoji") return;
    this.#filled.add(name);
    if (name === "stickers") await this.#fillStickers();
    else await this.#fillGifs();
  }

  #mark(name) {
    for (const [other, { tab, page }] of Object.entries(this.#pages)) {
      tab.ariaSelected = String(other === name);
      tab.tabIndex = other === name ? 0 : -1;
      page.hidden = other !== name;
    }
  }

  // What came meanwhile.
  #refill() {
    this.#filled.clear();
    const shown = Object.entries(this.#pages).find(([, { page }]) => !page.hidden)[0];
    this.#show(shown);
  }

  #tabKey(event) {
    const tabs = Object.values(this.#pages).map(({ tab }) => tab);
    const at = tabs.indexOf(event.target);
    const side = this.#sideways(event.key);
    const to = { Home: 0, End: tabs.length - 1 }[event.key] ?? (side ? (at + side + tabs.length) % tabs.length : -1);
    if (!tabs[to]) return;
    event.preventDefault();
    this.#show(tabs[to].dataset.shows);
    tabs[to].focus();
  }

  #sideways(key) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key] ?? 0;
    return getComputedStyle(this.#panel).direction === "rtl" ? -step : step;
  }

  // Tab leads to one of the stickers, arrows from one to the next.
  #gridKey(event) {
    const cell = event.target.closest(".sticker-cell");
    const field = event.target.closest(".picker-page .field");
    if (field && event.key === "ArrowDown") {
      const first = field.closest(".picker-page").querySelector(".sticker-cell");
      first?.focus();
      return event.preventDefault();
    }
    if (!cell) return;
    const cells = Array.from(cell.closest(".picker-page").querySelectorAll(".sticker-cell")).filter((other) => other.offsetParent);
    const at = cells.indexOf(cell);
    const to = cells[at + this.#sideways(event.key)] ?? cell;
    const next = { ArrowRight: to, ArrowLeft: to, Home: cells[0], End: cells.at(-1), ArrowDown: beyond(cells, cell, 1), ArrowUp: beyond(cells, cell, -1) }[event.key];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  // Stickers

  async #fillStickers() {
    const { page } = this.#pages.stickers;
    const query = searchField(tr("Search stickers"));
    const status = make("p", "picker-page__status", { role: "status" });
    const scroller = make("div", "picker-page__scroller");
    query.addEventListener("input", () => this.#findStickers(query.value, scroller, status));
    const add = make("button", "button button--quiet gif-upload", { type: "button", textContent: tr("Add a pack") });
    add.addEventListener("click", () => this.#addPack());
    const head = make("div", "picker-page__head");
    head.append(query, add);
    page.replaceChildren(head, status, scroller);
    try {
      packs ??= allPacks();
      packs.catch(() => packs = null);
      this.#stickers = await packs;
      this.#findStickers(query.value, scroller, status);
    } catch (error) {
      this.#filled.delete("stickers");
      if (!this.#signal.aborted) status.textContent = tr("Stickers could not be loaded. {reason}", { reason: error.message });
    }
  }

  async #addPack() {
    this.#close();
    try {
      const { addStickerPack } = await import("./sticker_pack.js");
      addStickerPack(() => {
        packs = null;
        toast(tr("The pack is there, among the stickers."));
      }, this.#signal);
    } catch (error) {
      console.warn("It could not be loaded", error);
      toast(tr("This could not be loaded. Try again when you are connected."));
    }
  }

  #findStickers(words, scroller, status) {
    const asked = words.trim().toLowerCase();
    const fits = ({ alt, name, emoji }) => !asked || [alt, tr(alt), name, emoji].some((text) => text?.toLowerCase().includes(asked));
    const recent = asked ? [] : recentStickers(this.#stickers);
    const all = [{ title: tr("Recent"), stickers: recent }, ...this.#stickers];
    const sections = all.map(({ title, stickers }) => ({ title, stickers: stickers.filter(fits) })).filter(({ stickers }) => stickers.length);
    scroller.replaceChildren(...sections.map(({ title, stickers }) => this.#section(title, stickers)));
    const count = sections.reduce((sum, { stickers }) => sum + stickers.length, 0);
    status.textContent = asked ? (count ? trCount("{n} found", "{n} found", count) : tr("No sticker of that name.")) : "";
    status.classList.toggle("visually-hidden", count > 0);
  }

  #section(title, stickers) {
    const section = make("section", "sticker-section");
    const grid = make("div", "sticker-grid", { role: "group", ariaLabel: title });
    grid.append(...stickers.map((sticker) => {
      const cell = make("button", "sticker-cell", { type: "button", title: tr(sticker.alt) });
      cell.append(make("img", "", { src: sticker.src, alt: tr(sticker.alt), width: 96, height: 96, loading: "lazy", decoding: "async" }));
      cell.addEventListener("click", () => this.#sendSticker(sticker));
      return cell;
    }));
    section.append(make("h2", "emoji-picker__heading", { textContent: title, ariaHidden: "true" }), grid);
    return section;
  }

  #sendSticker({ pack, name, alt, mediaId }) {
    this.#close();
    const known = recall("localStorage", RECENT_KEY) ?? [];
    const isOther = (one) => one.pack !== pack || one.name !== name;
    remember("localStorage", RECENT_KEY, [{ pack, name }, ...known.filter(isOther)].slice(0, RECENT_MAX));
    const message = { kind: "sticker", data: { pack, name, alt } };
    this.#send(mediaId ? { ...message, media_ids: [mediaId] } : message);
  }

  // GIFs

  async #fillGifs() {
    const { page } = this.#pages.gifs;
    const query = searchField(tr("Search GIFs"));
    const status = make("p", "picker-page__status", { role: "status" });
    const scroller = make("div", "picker-page__scroller");
    const upload = make("button", "button button--quiet gif-upload", { type: "button", textContent: tr("Upload a GIF") });
    const input = make("input", "", { type: "file", accept: "image/gif,image/webp", hidden: true });
    input.dataset.attach = "gif";
    upload.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const [file] = input.files;
      if (!file) return;
      if (file.size > fileBytesMax() || file.size === 0) return status.textContent = tr("This file is too large, or empty.");
      this.#close();
      this.#ship(file);
    });
    let timer;
    query.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#findGifs(query.value.trim(), scroller, status), TYPED_MS);
    });
    const head = make("div", "picker-page__head");
    head.append(query, upload, input);
    page.replaceChildren(head, status, scroller);
    await this.#findGifs("", scroller, status);
  }

  async #findGifs(words, scroller, status) {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const query = new URLSearchParams({ limit: GIFS_MAX, ...(words && { q: words }) });
      const { items } = await get(`/api/gifs?${query}`, { signal });
      if (signal.aborted) return;
      const grid = make("div", "gif-grid", { role: "group", ariaLabel: tr("GIFs") });
      grid.append(...items.map(({ media, alt }) => this.#gif(media, alt ?? media.name)));
      scroller.replaceChildren(grid);
      status.textContent = items.length ? trCount("{n} GIFs", "{n} GIFs", items.length) : words ? tr("No GIF of that name.") : tr("GIFs that are sent in your chats gather here.");
      status.classList.toggle("visually-hidden", items.length > 0);
    } catch (error) {
      if (signal.aborted) return;
      status.classList.remove("visually-hidden");
      status.textContent = tr("GIFs could not be loaded. {reason}", { reason: error.message });
    }
  }

  #gif({ id, type, width, height }, alt) {
    const cell = make("button", "sticker-cell gif-cell", { type: "button", title: alt, ariaLabel: alt });
    const source = { src: `/api/media/${id}`, width: width ?? 160, height: height ?? 120 };
    cell.append(type?.startsWith("video/")
      ? make("video", "", { ...source, muted: true, loop: true, autoplay: true, playsInline: true })
      : make("img", "", { ...source, alt: "", loading: "lazy", decoding: "async" }));
    cell.addEventListener("click", () => {
      this.#close();
      this.#send({ kind: "gif", data: alt ? { alt } : null, media_ids: [id] });
    });
    return cell;
  }
}

async function allPacks() {
  const [own, added] = await Promise.all([
    get(new URL("stickers.json", import.meta.url)),
    // What was added is more, and its absence no reason to have none.
    get("/api/stickers").catch(() => ({ items: [] })),
  ]);
  const ours = { title: tr(own.title), stickers: own.stickers.map(({ name, file, alt, emoji }) => ({ pack: OWN_PACK, name, alt, emoji, src: new URL(file, import.meta.url).href })) };
  const theirs = added.items.map(({ name: pack, title, stickers }) => ({
    title,
    stickers: stickers.map(({ name, alt, emoji, media }) => ({ pack, name, alt, emoji, mediaId: media.id, src: `/api/media/${media.id}` })),
  }));
  return [ours, ...theirs];
}

function recentStickers(sections) {
  const all = sections.flatMap(({ stickers }) => stickers);
  const known = recall("localStorage", RECENT_KEY) ?? [];
  return known.map(({ pack, name }) => all.find((one) => one.pack === pack && one.name === name)).filter(Boolean);
}

// The nearest in the row below, or above.
function beyond(cells, cell, step) {
  const from = cell.getBoundingClientRect();
  const others = cells.map((other) => [other, other.getBoundingClientRect()]).filter(([, { top, bottom }]) => step > 0 ? top >= from.bottom - 1 : bottom <= from.top + 1);
  const distance = ([, { left, top }]) => Math.abs(top - from.top) * 100 + Math.abs(left - from.left);
  return others.sort((one, other) => distance(one) - distance(other))[0]?.[0];
}

function searchField(words) {
  return make("input", "field picker-page__query", {
    type: "search", placeholder: words, ariaLabel: words, autocomplete: "off", spellcheck: false, dir: "auto", enterKeyHint: "done",
  });
}
