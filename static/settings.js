// What the reader chose for this browser. How the page looks is kept in a cookie, so that the server
// sends it that way and nothing flashes; how it behaves in local storage.

import { recall, remember } from "./storage.js";

const KEY = "settings";
const LOOK_KEY = "look";
const DEFAULTS = { enter: true, sound: true, notify: false };
const LOOK_AGE_SECONDS = 31_536_000;

const { dataset: root } = document.documentElement;

export function setting(name) {
  return { ...DEFAULTS, ...recall("localStorage", KEY) }[name];
}

export function change(name, value) {
  remember("localStorage", KEY, { ...recall("localStorage", KEY), [name]: value });
}

// The other tabs follow. Each keeps its own details.
window.addEventListener("storage", ({ key }) => {
  const { theme, color, dir } = (key === LOOK_KEY && recall("localStorage", LOOK_KEY)) || {};
  if (!theme) return;
  Object.assign(root, { theme, color });
  document.documentElement.dir = dir;
});

// theme, color, details: as the attributes of the root; rtl: its direction.
export function changeLook(name, value) {
  if (name === "rtl") document.documentElement.dir = value ? "rtl" : "ltr";
  else root[name] = value;
  const words = [root.theme, root.color];
  if (document.documentElement.dir === "rtl") words.push("rtl");
  if (root.details === "closed") words.push("plain");
  remember("localStorage", LOOK_KEY, { theme: root.theme, color: root.color, dir: document.documentElement.dir });
  document.cookie = `webchat_look=${words.join(".")}; path=/; max-age=${LOOK_AGE_SECONDS}; samesite=lax`;
}
