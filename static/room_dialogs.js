// What opens above a group or room: people to add, a new link, its name and how people join, and who owns it after one
// has left; and above the list a new room. Each is fetched when it is asked for, and gone when it is closed.

import { part, post, put, remove } from "./api.js";
import { copy } from "./clipboard.js";
import { wire, whenTyped } from "./dialog.js";
import { parse } from "./fragment.js";
import { dressPresence } from "./presence.js";
import { loadStylesheet } from "./stylesheet.js";
import { tr, trCount } from "./words.js";

const HOUR_MS = 3_600_000;

// `done()` when something was done.
export async function openRoomDialog(name, { id, done, signal }) {
  const dialog = await show(`/c/${id}/dialog/${name}`, signal);
  const path = `/api/conversations/${id}`;
  const fields = dialog.querySelector("form").elements;
  if (name === "add") return pickPeople(dialog, { path, done, signal });
  onSubmit(dialog, signal, async () => {
    if (name === "edit") await put(path, readForm(fields));
    else if (name === "link") await makeLink(path, fields);
    else {
      await put(`${path}/members/${fields.owner.value}`, { role: "owner" });
      await remove(`${path}/members/me`);
    }
    done();
  });
}

export async function openNewRoom({ navigation, signal }) {
  const dialog = await show("/dialog/new", signal);
  onSubmit(dialog, signal, async () => {
    const { id } = await post("/api/rooms", readForm(dialog.querySelector("form").elements));
    navigation.go(`/c/${id}`);
  });
}

export async function openRooms({ navigation, signal }) {
  const dialog = await show("/dialog/browse", signal);
  const found = dialog.querySelector(".rooms__found");
  const find = async (query) => {
    try {
      const rooms = parse(await part(`/rooms?${new URLSearchParams({ q: query })}`, { signal }));
      found.replaceChildren(rooms);
      say(dialog, rooms.childElementCount ? "" : tr("There is no such room."));
    } catch (error) {
      if (!signal.aborted) say(dialog, error.message);
    }
  };
  dialog.querySelector("form").addEventListener("submit", (event) => event.preventDefault(), { signal });
  whenTyped(dialog.querySelector("input"), find, signal);
  found.addEventListener("click", async ({ target }) => {
    const { join } = target.closest("[data-join]")?.dataset ?? {};
    if (!join) return target.closest("a") && dialog.close();
    try {
      await post(`/api/rooms/${join}/join`);
      dialog.close();
      navigation.go(`/c/${join}`);
    } catch (error) {
      say(dialog, error.message);
    }
  }, { signal });
  await find("");
}

// Private

async function show(path, signal) {
  await loadStylesheet("room.css");
  const dialog = parse(await part(path, { signal }));
  document.body.append(dialog);
  const closed = new AbortController();
  wire(dialog, closed.signal);
  dialog.addEventListener("close", () => {
    closed.abort();
    dialog.remove();
  });
  dialog.showModal();
  return dialog;
}

function say(dialog, text) {
  dialog.querySelector(".dialog__note").textContent = text;
}

// What fails is said in the dialog, which stays.
function onSubmit(dialog, signal, act) {
  const button = dialog.querySelector("[type=submit]");
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    say(dialog, "");
    try {
      await act();
      dialog.close();
    } catch (error) {
      say(dialog, error.message);
      button.disabled = false;
    }
  }, { signal });
}

function readForm(fields) {
  return { name: fields.name.value.trim(), description: fields.description.value.trim(), join_policy: fields.join_policy.value };
}

async function makeLink(path, { hours, uses }) {
  const until = hours.value && new Date(Date.now() + Number(hours.value) * HOUR_MS).toISOString();
  const { token } = await post(`${path}/invites`, { expires_at: until || null, max_uses: Number(uses.value) || null });
  await copy(new URL(`/i/${token}`, location.href).href, tr("Link made and copied."));
}

function pickPeople(dialog, { path, done, signal }) {
  const found = dialog.querySelector(".new-chat__found");
  const button = dialog.querySelector("[type=submit]");
  const picked = new Map(); // user id → list item
  const find = async (query) => {
    try {
      const people = parse(await part(`/people?${new URLSearchParams({ q: query })}`, { signal }));
      // Who is in already is not offered, nor oneself; a click on a name ticks.
      for (const item of people.querySelectorAll("li")) {
        const isIn = document.querySelector(`.pane .member[data-user-id="${CSS.escape(item.dataset.userId)}"]`);
        if (isIn || !item.querySelector("input") || picked.has(item.dataset.userId)) item.remove();
      }
      people.prepend(...picked.values());
      found.replaceChildren(people);
      dressPresence(people);
      say(dialog, people.childElementCount ? "" : tr("Nobody else of that name is here."));
    } catch (error) {
      if (!signal.aborted) say(dialog, error.message);
    }
  };
  whenTyped(dialog.querySelector("input[type=search]"), find, signal);
  found.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    link.parentElement.querySelector("input").click();
  }, { signal });
  found.addEventListener("change", ({ target }) => {
    if (target.checked) picked.set(target.value, target.closest("li"));
    else picked.delete(target.value);
    button.disabled = picked.size === 0;
    button.textContent = picked.size > 1 ? trCount("Add {n} person", "Add {n} people", picked.size) : tr("Add");
  }, { signal });
  onSubmit(dialog, signal, async () => {
    await post(`${path}/members`, { user_ids: [...picked.keys()] });
    done();
  });
  return find("");
}
