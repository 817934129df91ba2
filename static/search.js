// Searching in what was said: everywhere, or in the conversation that is open. It stands where the list is; on a phone
// it has the screen, and becomes a bar above the messages when one goes from hit to hit.

import { part } from "./api.js";
import { whenTyped } from "./dialog.js";
import { clone, parse } from "./fragment.js";
import { shownConversation } from "./search_doors.js";
import { SearchFilters } from "./search_filters.js";
import { loadStylesheet } from "./stylesheet.js";
import { briefOf, fullOf } from "./times.js";
import { tr, trCount } from "./words.js";

const phone = matchMedia("(max-width: 45rem)"); // As in search.css.
const root = document.documentElement;

export class Search {
  #navigation;
  #element = clone("#search-template");
  #filters;
  #asking = new AbortController();
  #asked = null; // what the hits are of
  #next = null; // the message that the next page comes after
  #loading = null; // a promise while the next page is on its way
  #at = -1; // the hit that was gone to
  #going = 0; // ways to hits that are under way
  #searching = null; // a promise of the newest search
  #failed = false;
  #scrolled = 0; // how far the list was
  #before = null; // what had the focus

  // Lifecycle

  constructor({ navigation, signal }) {
    this.#navigation = navigation;
    const on = (target, type, handle) => target.addEventListener(type, handle, { signal });
    const clicks = {
      close: () => this.#close(), end: () => this.#close(), back: () => this.#showAll(),
      clear: () => this.#clear(), act: () => this.#act(), more: () => this.#more(),
      up: () => this.#step(-1), down: () => this.#step(1),
    };
    for (const [name, handle] of Object.entries(clicks)) on(this.#part(name), "click", handle);
    this.#filters = new SearchFilters(this.#element, signal);
    on(this.#filters, "change", () => this.#search());
    whenTyped(this.#query, () => this.#isAsked() || this.#search(), signal);
    on(this.#query, "input", () => this.#part("clear").hidden = !this.#query.value);
    on(this.#part("form"), "submit", (event) => event.preventDefault());
    on(this.#hits, "click", (event) => this.#clicked(event));
    on(this.#element, "keydown", (event) => this.#keydown(event));
    on(document, "keydown", (event) => this.#keydownAnywhere(event));
    on(navigation, "arrive", ({ detail }) => this.#arrived(detail.pane));
    // As soon as the chat is reached again.
    const line = new MutationObserver(() => this.#failed && root.dataset.connection === "live" && this.#search());
    line.observe(root, { attributeFilter: ["data-connection"] });
    // More come as one scrolls; the button is for who does not.
    const sight = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.#more(), { root: this.#part("results"), rootMargin: "200px" });
    sight.observe(this.#part("more"));
    on(signal, "abort", () => [line, sight].forEach((observer) => observer.disconnect()));
  }

  // Actions

  // `within`: the conversation to search in, null for all; or { query } to begin with, in all.
  async open(within = null) {
    const { query = "" } = within ?? {};
    const place = typeof within === "string" ? within : null;
    const isOpen = this.#element.isConnected;
    if (!isOpen) {
      this.#before = document.activeElement;
      await loadStylesheet("search.css").catch(() => {});
      this.#scrolled = this.#list.scrollTop;
      document.querySelector(".sidebar").after(this.#element);
    }
    this.#walk(false);
    if (!isOpen || query || place !== this.#filters.within) {
      if (query || !isOpen) this.#query.value = query;
      this.#part("clear").hidden = !this.#query.value;
      this.#filters.begin(place, place && shownConversation()?.title);
      this.#search();
    }
    this.#query.focus();
    this.#query.select();
  }

  // Private

  #part(name) {
    return this.#element.querySelector(`.search__${name}`);
  }

  get #list() {
    return document.querySelector(".sidebar__nav");
  }

  get #query() {
    return this.#part("query");
  }

  get #hits() {
    return this.#part("hits");
  }

  get #links() {
    return Array.from(this.#hits.querySelectorAll(".hit__link"));
  }

  #close() {
    if (!this.#element.isConnected) return;
    const hadFocus = this.#element.contains(document.activeElement);
    this.#asking.abort();
    this.#element.remove();
    this.#list.scrollTop = this.#scrolled; // Not every browser keeps it of what was not shown.
    if (!hadFocus) return;
    const isThere = this.#before?.isConnected && this.#before !== document.body && this.#before.getClientRects().length;
    const elsewhere = document.querySelector(".pane__search") ?? document.querySelector(".sidebar__search");
    (isThere ? this.#before : elsewhere)?.focus({ preventScroll: true });
  }

  // A conversation that is not the one searched in.
  #arrived({ dataset }) {
    if (this.#going || !this.#element.isConnected) return;
    const { within } = this.#filters;
    if (phone.matches || (within && within !== dataset.conversationId)) this.#close();
  }

  // What is asked: of no words and no filter nothing.
  #what() {
    const what = new URLSearchParams(this.#filters.what);
    const query = this.#query.value.trim();
    if (query) what.set("q", query);
    return query || this.#filters.isSet ? what : null;
  }

  #isAsked() {
    return !this.#failed && String(this.#what()) === String(this.#asked);
  }

  #search() {
    return this.#searching = this.#ask();
  }

  async #ask() {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const what = this.#what();
    this.#failed = false;
    this.#loading = null;
    if (!what) return this.#show(null);
    this.#asked = what;
    this.#element.ariaBusy = "true";
    try {
      const page = parse(await part(`/search?${what}`, { signal }));
      if (!signal.aborted) this.#show(page);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  // A first page in the place of all that was there.
  #show(page) {
    this.#element.ariaBusy = "false";
    this.#at = -1;
    this.#hits.replaceChildren();
    this.#part("results").scrollTop = 0;
    this.#next = null;
    if (page) this.#append(page);
    else this.#asked = null;
    this.#tell();
    const query = this.#query.value.trim();
    if (!page) this.#note(this.#filters.within ? tr("Search in this conversation") : tr("Search in all conversations"), tr("Words, parts of words, and “phrases in quotation marks” are found in what was written and in the names of files."));
    else if ("short" in page.dataset) this.#note(tr("Keep typing"), tr("Two letters are needed, or one character of a script like Chinese."));
    else if (this.#links.length) this.#note();
    else this.#nothing(query);
  }

  #nothing(query) {
    const title = query ? tr("No messages with “{query}”", { query }) : tr("No messages like that");
    const { isSet, within } = this.#filters;
    const hint = isSet ? tr("Without the filters there may be some.") : tr("Try fewer words, or only a part of one.");
    this.#note(title, hint, isSet ? tr("Clear filters") : within ? tr("Search all conversations") : null);
    this.#say(title);
  }

  #fail(error) {
    this.#element.ariaBusy = "false";
    this.#failed = true;
    this.#hits.replaceChildren();
    this.#next = null;
    this.#tell();
    const isAway = error.status === 0;
    this.#note(isAway ? tr("No connection") : tr("That did not work"), isAway ? tr("It is searched again as soon as the chat can be reached.") : error.message, tr("Try again"));
    this.#say(isAway ? error.message : tr("That did not work. {reason}", { reason: error.message }));
  }

  #append(page) {
    for (const item of page.querySelectorAll(".hit")) {
      const time = item.querySelector("time");
      const at = new Date(time.dateTime);
      time.textContent = briefOf(at);
      time.title = fullOf(at);
      this.#hits.append(item);
    }
    this.#next = page.dataset.next ?? null;
  }

  async #more() {
    if (!this.#next || this.#element.ariaBusy === "true") return;
    this.#loading ??= this.#loadMore(this.#asking.signal);
    await this.#loading;
  }

  async #loadMore(signal) {
    const more = this.#part("more");
    const what = new URLSearchParams(this.#asked);
    what.set("before", this.#next);
    try {
      const page = parse(await part(`/search?${what}`, { signal }));
      if (signal.aborted) return;
      const hadFocus = document.activeElement === more;
      const before = this.#links.length;
      this.#append(page);
      more.textContent = tr("Show more");
      this.#tell();
      if (hadFocus) this.#links[before]?.focus();
    } catch (error) {
      if (signal.aborted) return;
      more.textContent = tr("Try again");
      this.#say(error.message);
    } finally {
      if (!signal.aborted) this.#loading = null;
    }
  }

  // How many there are, and which of them is shown.
  #tell() {
    const links = this.#links;
    const count = `${links.length}${this.#next ? "+" : ""}`;
    this.#part("more").hidden = !this.#next;
    this.#part("walk").hidden = links.length === 0;
    this.#part("place").firstElementChild.textContent = this.#at < 0 ? trCount("{count} message", "{count} messages", links.length, { count }) : tr("{at} of {count}", { at: this.#at + 1, count });
    this.#part("up").disabled = this.#at <= 0;
    this.#part("down").disabled = this.#at === links.length - 1 && !this.#next;
    links.forEach((link, at) => {
      link.tabIndex = at === Math.max(this.#at, 0) ? 0 : -1;
      if (at === this.#at) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    if (links.length && this.#at < 0) this.#say(trCount("{count} message found", "{count} messages found", links.length, { count }));
  }

  #say(text) {
    this.#part("status").textContent = text;
  }

  // In the place of hits; without words, none.
  #note(title = "", hint = "", action = null) {
    this.#part("note").hidden = !title;
    this.#part("title").textContent = title;
    this.#part("hint").textContent = hint;
    this.#part("act").hidden = !action;
    this.#part("act").textContent = action ?? "";
  }

  #act() {
    this.#query.focus();
    if (this.#failed) this.#search();
    else if (this.#filters.isSet) this.#filters.reset();
    else this.#filters.widen();
  }

  #clear() {
    this.#query.value = "";
    this.#part("clear").hidden = true;
    this.#query.focus();
    this.#search();
  }

  #clicked(event) {
    const link = event.target.closest(".hit__link");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.#goTo(this.#links.indexOf(link));
  }

  #keydown(event) {
    const { key, target, ctrlKey, metaKey, altKey, isComposing } = event;
    if (isComposing || ctrlKey || metaKey || altKey) return;
    const isHit = target.matches(".hit__link");
    const at = this.#links.indexOf(target);
    if (key === "Escape") {
      if (!this.#filters.fold()) this.#close();
    } else if (target === this.#query && key === "Enter") {
      this.#step(event.shiftKey ? -1 : 1);
    } else if (target === this.#query && key === "ArrowDown") {
      this.#walkTo(Math.max(this.#at, 0));
    } else if (isHit && key === "ArrowUp" && at === 0) {
      this.#query.focus();
    } else if (isHit && ["ArrowUp", "ArrowDown", "Home", "End"].includes(key)) {
      this.#walkTo({ ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: this.#links.length - 1 }[key]);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #keydownAnywhere(event) {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (key !== "F3" || ctrlKey || metaKey || altKey || !this.#element.isConnected || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.#step(event.shiftKey ? -1 : 1);
  }

  // By the arrows: in the conversation that is open what was said is shown at once. Elsewhere it would be read by
  // merely passing it.
  async #walkTo(at) {
    if (at >= this.#links.length) await this.#more();
    const link = this.#links[at];
    if (!link) return;
    link.focus();
    if (this.#filters.within) return this.#goTo(at, { replaces: true });
    this.#at = at;
    this.#tell();
  }

  async #step(by) {
    // What was typed just now may not have been searched for yet.
    await (this.#isAsked() ? this.#searching : this.#search());
    const at = this.#at + by;
    if (at >= this.#links.length) await this.#more();
    if (this.#links[at]) await this.#goTo(at, { replaces: this.#at >= 0 });
  }

  async #goTo(at, { replaces = false } = {}) {
    const link = this.#links[at];
    const { conversationId, seq } = link.closest(".hit").dataset;
    this.#at = at;
    this.#tell();
    link.scrollIntoView({ block: "nearest" });
    const { activeElement: focused } = document;
    const shown = shownConversation();
    this.#going += 1;
    this.#walk(phone.matches);
    if (shown?.id === conversationId) await shown.timeline.jumpTo(Number(seq));
    else await this.#navigation.go(new URL(link.href).pathname, { replaces });
    this.#going -= 1;
    this.#say(`${this.#part("place").textContent}: ${link.querySelector(".hit__sender").textContent}, ${link.querySelector(".hit__words").textContent}`);
    // One goes on from here; on a phone there is nothing to type on.
    if (this.#element.contains(focused) && focused.getClientRects().length) focused.focus({ preventScroll: true });
  }

  #showAll() {
    this.#walk(false);
    const link = this.#links[this.#at];
    link.scrollIntoView({ block: "center" });
    link.focus({ preventScroll: true });
  }

  // On a phone the messages are behind it, until one goes to them.
  #walk(walks) {
    this.#element.toggleAttribute("data-walks", walks);
  }
}
