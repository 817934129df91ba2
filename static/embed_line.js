// What a page in a frame and the page around it tell each other. What comes counts when it is from the window around and of an
// origin that the server allows, or of the chat's own; what is told goes to that origin alone.
//
// Emits each message by its name, with the rest of it: `setup` first, the answer to `hello`; then `look`, `show`, `token`, …

const { origins = "" } = document.documentElement.dataset;
const allowed = new Set([location.origin, ...origins.split(" ")]);

export class EmbedLine extends EventTarget {
  #origin = null; // of the page around, once it has spoken
  #untold = [];

  // `page` tells which of the chat's pages this is: shell, door or chat.
  constructor(page) {
    super();
    window.addEventListener("message", (event) => this.#receive(event));
    // To whomever: it says nothing of anybody, and a browser shows this page to allowed ones alone.
    parent.postMessage({ webchat: "hello", page }, "*");
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
  return `/?${new URLSearchParams({ next: `/embed?${lookOf(look)}` })}`;
}

function lookOf(look) {
  return new URLSearchParams(["theme", "color", "dir"].filter((name) => look[name]).map((name) => [name, look[name]]));
}

// What is not said stays as the reader has it.
export function wear({ theme, color, dir } = {}) {
  const root = document.documentElement;
  if (theme) root.dataset.theme = theme;
  if (color) root.dataset.color = color;
  if (dir) root.dir = dir;
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
