// The dialog that tells about a person. What changes about them while it is open is shown at once.

import { part } from "./api.js";
import { wire } from "./dialog.js";
import { make } from "./element.js";
import { parse } from "./fragment.js";
import { dressPresence } from "./presence.js";
import { loadStylesheet } from "./stylesheet.js";
import { toast } from "./toasts.js";
import { tr } from "./words.js";

export async function showProfile(userId, { session, signal }) {
  const fetched = () => part(`/u/${userId}/profile`, { signal }).then(parse);
  try {
    const opener = document.activeElement;
    const [dialog] = await Promise.all([fetched(), loadStylesheet("profile.css")]);
    if (signal.aborted || document.querySelector("dialog[open]")) return;
    show(dialog, { fetched, opener, session, signal });
  } catch (error) {
    if (!signal.aborted) toast(error.message);
  }
}

// Private

function show(dialog, { fetched, opener, session, signal }) {
  const life = new AbortController();
  const until = { signal: life.signal };
  const refresh = async () => {
    try {
      const fresh = await fetched();
      if (life.signal.aborted) return;
      const held = dialog.contains(document.activeElement);
      dialog.replaceChildren(...fresh.childNodes);
      if (held) dialog.querySelector(".dialog__close").focus();
      dressPresence(dialog);
      wire(dialog, life.signal);
      markBlock(dialog);
    } catch (error) {
      if (!signal.aborted && error.status) console.warn("The profile is not fresh", error);
    }
  };
  document.body.append(dialog);
  dressPresence(dialog);
  wire(dialog, life.signal);
  markBlock(dialog);
  session.connection.addEventListener("frame:block", () => markBlock(dialog), until);
  session.connection.addEventListener("frame:user", ({ detail: { user } }) => user.id === dialog.dataset.userId && refresh(), until);
  dialog.addEventListener("click", (event) => act(event, { dialog, session }), until);
  signal.addEventListener("abort", () => dialog.close(), until);
  dialog.addEventListener("close", () => {
    life.abort();
    dialog.remove();
    // What had the focus may have been replaced by a newer revision of itself.
    const message = opener.closest(".message")?.id;
    if (document.activeElement === document.body && message) document.getElementById(message)?.focus({ preventScroll: true });
  });
  dialog.showModal();
}

function act(event, { dialog, session }) {
  const { target } = event;
  const face = target.closest("a.profile__face");
  if (face) {
    event.preventDefault();
    enlarge(face);
  } else if (target.closest("a[href]")) {
    dialog.close(); // The way itself is the page's.
  } else if (target.closest(".profile__block")) {
    changeBlock(dialog, session);
  } else if (target.closest(".profile__edit")) {
    dialog.close();
    session.open(".sidebar__viewer");
  }
}

async function markBlock(dialog) {
  const button = dialog.querySelector(".profile__block");
  if (!button) return;
  const { isBlocked } = await import("./block.js");
  const isOne = await isBlocked(button.dataset.user);
  button.ariaPressed = String(isOne);
  button.querySelector(".profile__block-words").textContent = isOne ? tr("Unblock") : tr("Block");
  button.hidden = false;
}

async function changeBlock(dialog, { confirm }) {
  const { ariaPressed, dataset: { user: id } } = dialog.querySelector(".profile__block");
  const name = dialog.querySelector(".profile__name").textContent;
  const { askAndBlock } = await import("./block.js");
  await askAndBlock({ id, name, isBlocked: ariaPressed !== "true" }, confirm);
  await markBlock(dialog);
}

// The whole picture, as large as the window.
async function enlarge(face) {
  const [{ button }] = await Promise.all([import("./lightbox.js"), loadStylesheet("lightbox.css")]);
  if (!face.isConnected) return;
  const box = make("dialog", "lightbox profile__large", { ariaLabel: face.ariaLabel });
  const picture = make("img", "profile__picture", { src: face.href, alt: face.ariaLabel });
  box.append(button("close", tr("Close")), picture);
  document.body.append(box);
  box.addEventListener("click", ({ target }) => target !== picture && box.close());
  box.addEventListener("close", () => box.remove());
  box.showModal();
}
