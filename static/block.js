// Whom the reader blocks: nothing of theirs rings, and what they say where others are is folded away until it is asked for.

import { get, put, remove } from "./api.js";
import { make } from "./element.js";
import { loadStylesheet } from "./stylesheet.js";
import { toast } from "./toasts.js";
import { tr } from "./words.js";

const PAGE = 100;

let blocked = null; // A promise of the set of their ids, once for the page.
let followed = null; // The connection that keeps it right.

// Blocks somebody, or no more. False when that failed, which has been said then.
export async function setBlocked(userId, isBlocked) {
  try {
    const path = `/api/users/${userId}/block`;
    const block = await (isBlocked ? put(path) : remove(path));
    note(await known(), block);
    return true;
  } catch (error) {
    toast(error.message);
    return false;
  }
}

// The same, asked about first.
export async function askAndBlock({ id, name, isBlocked }, confirm) {
  const question = tr("Block {name}? Neither of you can write to the other. They are not told.", { name });
  if (isBlocked && !await confirm(question, tr("Block"))) return false;
  return setBlocked(id, isBlocked);
}

export async function isBlocked(userId) {
  return (await known()).has(userId);
}

// All of them, and whoever is blocked from then on.
export function blockedIds({ connection }) {
  followed ??= follow(connection);
  return known();
}

// In a group or room, for as long as it is open.
export async function foldBlocked(pane, { session: { connection }, timeline, signal }) {
  const isKnown = blockedIds({ connection }); // Before `fold` hears of a change, so that it knows of it.
  const fold = async () => {
    const ids = await known();
    if (!signal.aborted) for (const item of pane.querySelectorAll(".message")) dress(item, ids);
  };
  timeline.addEventListener("placed", async ({ detail }) => {
    const ids = await known();
    for (const item of detail) dress(item, ids);
  }, { signal });
  pane.querySelector(".timeline").addEventListener("click", ({ target }) => {
    const item = target.closest(".message__folded")?.closest(".message");
    if (item) unfold(item);
  }, { signal });
  connection.addEventListener("frame:block", fold, { signal });
  await Promise.all([loadStylesheet("room.css"), isKnown]);
  await fold();
}

// Private

function known() {
  return blocked ??= load().catch((error) => {
    blocked = null; // The next who asks tries again.
    if (error.status) console.warn("Whom the reader blocks is not known", error);
    return new Set();
  });
}

async function load() {
  const ids = new Set();
  for (let next = ""; next !== null;) {
    const page = await get(`/api/blocks?${new URLSearchParams({ limit: PAGE, after: next })}`);
    for (const { user_id: id } of page.items) ids.add(id);
    next = page.next;
  }
  return ids;
}

function follow(connection) {
  connection.addEventListener("frame:block", async ({ detail }) => note(await known(), detail.block));
  return connection;
}

function note(ids, { user_id: id, blocked: isOne }) {
  if (isOne) ids.add(id);
  else ids.delete(id);
}

function dress(item, ids) {
  const isFolded = ids.has(item.dataset.sender) && !("unfolded" in item.dataset);
  item.toggleAttribute("data-folded", isFolded);
  const button = item.querySelector(".message__folded");
  if (!isFolded) button?.remove();
  else if (!button) {
    const words = tr("Message of somebody you blocked · Show");
    item.prepend(make("button", "message__folded link", { type: "button", textContent: words }));
  }
}

function unfold(item) {
  item.dataset.unfolded = "";
  item.removeAttribute("data-folded");
  item.querySelector(".message__folded").remove();
  item.focus({ preventScroll: true });
}
