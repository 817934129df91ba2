// From one conversation to another without leaving the page, so that the connection stands: the new pane is
// fetched as the server renders it, and the address follows. Where that fails, the links still work.
//
// Emits `arrive` with the new pane, and the message frames that came since it was asked for: what is not in it
// yet is among them.

import { part } from "./api.js";
import { parse } from "./fragment.js";
import { tr } from "./words.js";

const PLACES = /^\/($|chats$|c\/|u\/)/;
const SLOW_MS = 250; // A bar that only flashes says nothing.

export class Navigation extends EventTarget {
  #path = location.pathname; // of what is shown
  #under = null; // { path, frames, abort } of the way that is under way
  #signal;

  // Lifecycle

  constructor(connection, signal) {
    super();
    this.#signal = signal;
    history.scrollRestoration = "manual";
    import("./toasts.js").catch(() => {}); // For when there is no connection to fetch it by.
    document.addEventListener("click", (event) => this.#clicked(event), { signal });
    window.addEventListener("popstate", () => this.#popped(), { signal });
    connection.addEventListener("frame:message", ({ detail }) => this.#under?.frames.push(detail), { signal });
  }

  // Actions

  // Whether it leads there at all.
  leads = () => true;

  async go(path, { replaces = false } = {}) {
    if (!this.leads(path) || !await this.#travel(path)) return;
    const state = { from: location.pathname };
    if (replaces || path === location.pathname) history.replaceState(history.state, "", path + location.search);
    else history.pushState(state, "", path + location.search);
  }

  // Private

  #clicked(event) {
    const link = event.target.closest("a[href]");
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !isPlain || !link || link.target || link.origin !== location.origin) return;
    if (link.hash || !PLACES.test(link.pathname)) return; // A hash leads to a place within the page.
    event.preventDefault();
    // The way back on a phone is the same as by the gesture.
    if (link.matches(".pane__back") && history.state?.from === link.pathname) history.back();
    else this.go(link.pathname);
  }

  #popped() {
    if (location.pathname === this.#path) this.#under?.abort.abort();
    else this.#travel(location.pathname);
  }

  async #travel(path) {
    this.#under?.abort.abort();
    const under = this.#under = { path, frames: [], abort: new AbortController() };
    const slow = setTimeout(() => document.documentElement.dataset.loading = "", SLOW_MS);
    try {
      const pane = parse(await part(path, { signal: under.abort.signal }));
      if (this.#under !== under || this.#signal.aborted) return false;
      this.#path = path;
      this.dispatchEvent(new CustomEvent("arrive", { detail: { pane, frames: under.frames } }));
      return true;
    } catch (error) {
      if (under.abort.signal.aborted) return false;
      if (error.status === 401) location.assign(path + location.search);
      else {
        const { toast } = await import("./toasts.js");
        toast(error.message, { action: tr("Try again"), onAction: () => this.go(path) });
      }
      return false;
    } finally {
      clearTimeout(slow);
      if (this.#under === under) {
        this.#under = null;
        delete document.documentElement.dataset.loading;
      }
    }
  }
}
