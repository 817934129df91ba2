// What the reader chose for this browser. How the page looks is kept in a cookie, so that the server
// sends it that way and nothing flashes; how it behaves in local storage.

import { recall, remember } from "./storage.js";

const KEY = "settings";
const LOOK_KEY = "look";
const DEFAULTS = { enter: true, sound: true, notify: false };
const LOOK_AGE_SECONDS = 31_536_000;

const { dataset: root, lang } = document.documentElement;
const ownDir = /^(ar|fa|he|ur)$/.test(lang) ? "rtl" : "ltr";
const languages = document.querySelector("[name=language]"); // What the reader chose, "" as the browser has it.

export function setting(name) {
  return { ...DEFAULTS, ...recall("localStorage", KEY) }[name];
}

export function change(name, value) {
  remember("localStorage", KEY, { ...recall("localStorage", KEY), [name]: value });
}

// The other tabs follow. Each keeps its own details.
window.addEventListener("storage", ({ key }) => {
  const { theme, color, dir, language } = (key === LOOK_KEY && recall("localStorage", LOOK_KEY)) || {};
  if (!theme) return;
  Object.assign(root, { theme, color });
  document.documentElement.dir = dir || ownDir;
  if (languages) languages.value = language ?? ""; // The page speaks it when it is loaded anew.
});

// theme, color, details: as the attributes of the root; rtl: its direction; language: as it was chosen.
export function changeLook(name, value) {
  if (name === "rtl") document.documentElement.dir = value ? "rtl" : "ltr";
  else if (name !== "language") root[name] = value;
  const { theme, color } = root;
  const dir = document.documentElement.dir === ownDir ? "" : document.documentElement.dir; // One that was chosen.
  const language = languages?.value;
  const words = [theme, color, dir, root.details === "closed" && "plain", language].filter(Boolean);
  remember("localStorage", LOOK_KEY, { theme, color, dir, language });
  document.cookie = `webchat_look=${words.join(".")}; path=/; max-age=${LOOK_AGE_SECONDS}; samesite=lax`;
}
