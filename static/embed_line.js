// What a page in a frame and the page around it tell each other. What comes counts when it is from the window around and of an
// origin that the server allows, or of the chat's own; what is told goes to that origin alone.
//
// Emits each message by its name, with the rest of it: `setup` first, the answer to `hello`; then `look`, `show`, `token`, …

import { locale, tr } from "./words.js";

const LOOKS = ["theme", "color", "dir", "lang"];

const { origins = "" } = document.documentElement.dataset;
const allowed = new Set([location.origin, ...origins.split(" ")]);

export class EmbedLine extends EventTarget {
  #origin = null; // of the page around, once it has spoken
  #untold = [];

  // `page` tells which of the chat's pages this is: shell, door or chat.
  constructor(page) {
    super();
    window.addEventListener("message", (event) => this.#receive(event));
    // What stands around the frame is English until the frame says otherwise.
    const words = locale && { label: tr("Chat"), close: tr("Close"), unread: tr("{n} unread") };
    // To whomever: it says nothing of anybody, and a browser shows this page to allowed ones alone.
    parent.postMessage({ webchat: "hello", page, words }, "*");
  }

  // Actions

  on(type, handle) {
    this.addEventListener(type, ({ detail }) => handle(detail));
  }

  tell(webchat, more) {
    const message = { webchat, ...more };
    if (this.#origin) parent.postMessage(message, this.#origin);
    else this.#untold.push(message);
  }

  // Private

  #receive({ source, origin, data }) {
    if (source !== parent || !allowed.has(origin) || typeof data?.webchat !== "string") return;
    this.#origin = origin;
    for (const message of this.#untold.splice(0)) parent.postMessage(message, origin);
    this.dispatchEvent(new CustomEvent(data.webchat, { detail: data }));
  }
}

// The address of a conversation alone, or of where the visitor was, in the look that the page around wants.
export function addressOf({ conversation, path = "", look = {} }) {
  const query = lookOf(look);
  if (conversation) query.set("alone", "1");
  const place = conversation ? `/c/${encodeURIComponent(conversation)}` : /^\/(chats|[cu]\/[\w-]+)$/.test(path) ? path : "/";
  return query.size ? `${place}?${query}` : place;
}

// The door, and through it back to the shell.
export function doorOf({ look = {} }) {
  return `/?${new URLSearchParams({ next: `/embed?${lookOf(look)}`, ...look.lang && { lang: look.lang } })}`;
}

function lookOf(look) {
  return new URLSearchParams(LOOKS.filter((name) => look[name]).map((name) => [name, look[name]]));
}

// What is not said stays as the reader has it. Another language is another page.
export function wear({ theme, color, dir, lang } = {}) {
  const root = document.documentElement;
  if (theme) root.dataset.theme = theme;
  if (color) root.dataset.color = color;
  if (dir) root.dir = dir;
  const address = new URL(location.href);
  // Asked once: one that the chat does not speak is answered in another.
  if (!lang || lang === root.lang || lang === address.searchParams.get("lang")) return;
  for (const name of LOOKS) address.searchParams.delete(name);
  for (const [name, value] of lookOf({ theme, color, dir, lang })) address.searchParams.set(name, value);
  location.replace(address);
}

// Escape that closes nothing here closes the panel around.
export function passEscapeOn(line) {
  let closesSomething = false;
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") closesSomething = Boolean(document.querySelector(CLOSED_BY_ESCAPE));
  }, { capture: true });
  document.addEventListener("keydown", ({ key, isComposing, defaultPrevented }) => {
    if (key === "Escape" && !closesSomething && !isComposing && !defaultPrevented) line.tell("escape");
  });
}

const CLOSED_BY_ESCAPE = "dialog[open], :popover-open, :root[data-details-asked], .composer__context:not([hidden]), .search:not([hidden])";
