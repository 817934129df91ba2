// The emoji that one can choose from, and those that one chose last. There are none until load() is done.
//
// An entry is { emoji, name, shortcodes }.

import { recall, remember as keep } from "./storage.js";
import { tr } from "./words.js";

const RECENT_MAX = 24; // Three rows of the picker.
const RECENT_KEY = "emoji:recent";
const ANYWHERE_MIN = 3; // Letters: fewer stand somewhere within almost every name.
// Each is beyond any name's length, so that the way it matches comes before how long it is.
const LATER_WORD_RANK = 1_000;
const ANYWHERE_RANK = 2_000;

let loading = null;
let groups = []; // { name, entries }
let entries = [];
const entriesByShortcode = new Map();
const entriesByEmoji = new Map();

export function load() {
  loading ??= fetchGroups().then(take).catch((error) => {
    loading = null; // The next who asks tries again.
    throw error;
  });
  return loading;
}

export function allGroups() {
  return groups;
}

// Names and shortcodes that begin as the query does; then those with a word that does; then those
// that hold it anywhere. The shorter, the nearer to what was asked for.
export function search(query, limit = entries.length) {
  const words = plain(query).split(" ").filter(Boolean);
  if (words.length === 0) return [];
  return entries
    .map((entry) => ({ entry, rank: rankOf(entry, words) }))
    .filter(({ rank }) => rank < Infinity)
    .sort((one, other) => one.rank - other.rank)
    .slice(0, limit)
    .map(({ entry }) => entry);
}

export function byShortcode(shortcode) {
  return entriesByShortcode.get(shortcode.toLowerCase());
}

export function byEmoji(emoji) {
  return entriesByEmoji.get(emoji);
}

// The most recent first.
export function recent() {
  const kept = recall("localStorage", RECENT_KEY);
  return Array.isArray(kept) ? kept : [];
}

export function remember(emoji) {
  const others = recent().filter((other) => other !== emoji);
  keep("localStorage", RECENT_KEY, [emoji, ...others].slice(0, RECENT_MAX));
}

async function fetchGroups() {
  const response = await fetch(new URL("emoji.json", import.meta.url));
  if (!response.ok) throw new Error(tr("The server answered {status}.", response));
  return response.json();
}

function take(table) {
  groups = table.map(([name, rows]) => ({ name, entries: rows.map(entryOf) }));
  entries = groups.flatMap((group) => group.entries);
  for (const entry of entries) {
    entriesByEmoji.set(entry.emoji, entry);
    for (const shortcode of entry.shortcodes) entriesByShortcode.set(shortcode, entry);
  }
}

function entryOf([emoji, name, ...shortcodes]) {
  return { emoji, name, shortcodes, keys: [name, ...shortcodes].map((key) => ` ${plain(key)}`) };
}

// Every word must be found, each in whichever key suits it best.
function rankOf({ keys }, words) {
  let sum = 0;
  for (const word of words) {
    let best = Infinity;
    for (const key of keys) best = Math.min(best, key.length + rankWithin(key, word));
    sum += best;
  }
  return sum;
}

function rankWithin(key, word) {
  if (key.startsWith(` ${word}`)) return 0;
  if (key.includes(` ${word}`)) return LATER_WORD_RANK;
  return word.length >= ANYWHERE_MIN && key.includes(word) ? ANYWHERE_RANK : Infinity;
}

// Words as they are compared: without case, accents, and what stands between them.
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}+-]+/gu, " ").trim();
}
