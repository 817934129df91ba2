// The reader's account in the settings: where they are logged in, each to be ended, and their password.

import { part, put, remove } from "./api.js";
import { parse } from "./fragment.js";
import { loadStylesheet } from "./stylesheet.js";
import { locale, tr } from "./words.js";

export async function showAccount(place) {
  await loadStylesheet("account.css");
  const account = parse(await part("/account"));
  account.addEventListener("click", ({ target }) => end(place, target));
  account.querySelector("form")?.addEventListener("submit", changePassword);
  for (const time of account.querySelectorAll("time")) time.textContent = new Date(time.dateTime).toLocaleDateString(locale, { dateStyle: "medium" });
  place.replaceChildren(account);
}

// Private

async function end(place, target) {
  const { endSession } = target.closest("[data-end-session]")?.dataset ?? {};
  if (!endSession) return;
  try {
    await remove(`/api/sessions/${endSession}`);
  } catch (error) {
    if (error.status !== 404) throw error; // It had ended by itself.
  }
  await showAccount(place);
  place.closest("dialog").querySelector(".dialog__close").focus();
}

async function changePassword(event) {
  event.preventDefault();
  const { currentTarget: form } = event;
  const note = form.querySelector("[role=status]");
  note.textContent = "";
  try {
    await put("/auth/password", { password: form.elements.password.value, new_password: form.elements.new_password.value });
    form.reset();
    note.textContent = tr("Changed. Everybody else who was logged in as you is out.");
  } catch (error) {
    note.textContent = error.message;
  }
}
