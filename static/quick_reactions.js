// The few emoji that one can react with at once: the usual ones, and before them what one has chosen from all.
// Those of the row keep their places, so that the hand finds them.

import { recall, remember } from "./storage.js";

const KEY = "reactions";
const USUAL = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

export function quickReactions() {
  const kept = recall("localStorage", KEY);
  const isRow = Array.isArray(kept) && kept.length === USUAL.length && kept.every((emoji) => typeof emoji === "string");
  return isRow ? kept : USUAL;
}

export function keepReaction(emoji) {
  const row = quickReactions();
  if (!row.includes(emoji)) remember("localStorage", KEY, [emoji, ...row].slice(0, USUAL.length));
}
