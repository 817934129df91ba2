// Passes on how somebody can be reached: a person of this chat, or anybody by number and address.

import { part } from "./api.js";
import { wire, whenTyped } from "./dialog.js";
import { clone, parse } from "./fragment.js";
import { dressPresence } from "./presence.js";
import { loadStylesheet } from "./stylesheet.js";
import { tr } from "./words.js";

export async function sendContact(send, signal) {
  await loadStylesheet("attaching.css");
  const dialog = clone("#contact-template");
  const form = dialog.querySelector("form");
  const { name, phones, emails } = form.elements;
  const [query, found, note] = ["query", "found", "note"].map((part) => dialog.querySelector(`.contact__${part}`));
  let search = new AbortController();
  let person = null; // { id, name }

  async function find(words) {
    search.abort();
    search = new AbortController();
    const { signal: asked } = search;
    try {
      const people = parse(await part(`/people?${new URLSearchParams({ q: words })}`, { signal: asked }));
      if (asked.aborted) return;
      for (const tick of people.querySelectorAll(".person__tick")) tick.remove();
      const own = people.querySelector(`[data-user-id="${CSS.escape(document.documentElement.dataset.userId)}"] .person__detail`);
      if (own) own.textContent = tr("you");
      found.replaceChildren(people);
      dressPresence(people);
      mark();
      note.textContent = people.childElementCount ? "" : tr("Nobody of that name is here.");
    } catch (error) {
      if (!asked.aborted) note.textContent = error.message;
    }
  }

  function mark() {
    for (const item of found.querySelectorAll(".person")) {
      const isChosen = item.dataset.userId === person?.id;
      item.querySelector(".person__link").ariaCurrent = String(isChosen);
    }
  }

  function choose(link) {
    const item = link.closest(".person");
    person = { id: item.dataset.userId, name: item.querySelector(".person__name").textContent };
    name.value = person.name;
    mark();
    form.querySelector("[type=submit]").focus();
  }

  wire(dialog, signal);
  whenTyped(query, find, signal);
  found.addEventListener("click", (event) => {
    const link = event.target.closest(".person__link");
    if (!link) return;
    event.preventDefault(); // Else it leads to a chat with them.
    event.stopPropagation();
    choose(link);
  });
  query.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    const first = found.querySelector(".person__link");
    if (first) choose(first);
  });
  // Who is called otherwise is somebody else.
  name.addEventListener("input", () => {
    person = null;
    mark();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = { name: name.value.trim() };
    if (!data.name) return name.focus();
    if (person) data.user_id = person.id;
    for (const [key, field] of Object.entries({ phones, emails })) {
      const entries = field.value.split(/[,;]/).map((entry) => entry.trim()).filter(Boolean);
      if (entries.length) data[key] = entries.slice(0, 10);
    }
    send({ kind: "contact", data });
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    search.abort();
    dialog.remove();
  });
  signal.addEventListener("abort", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  (matchMedia("(pointer: coarse)").matches ? found : query).focus();
  find("");
}
