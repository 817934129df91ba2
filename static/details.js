// The column that tells what there is to know of a conversation: beside it where there is room, which is
// remembered; else above it, until one has seen enough.

import { changeLook } from "./settings.js";

const wide = matchMedia("(min-width: 75rem)"); // As in shell.css.
const { dataset: root } = document.documentElement;

export function wireDetails(signal) {
  document.addEventListener("click", ({ target }) => {
    if (target.closest(".pane__details")) show(!isShown());
    else if (target.closest(".details__close")) show(false);
    else if (!target.closest(".details, dialog")) delete root.detailsAsked;
  }, { signal });
  document.addEventListener("keydown", ({ key, target, defaultPrevented }) => {
    // One Escape closes one thing: what stands above them goes first.
    if (key !== "Escape" || defaultPrevented || target.closest("dialog, [popover]")) return;
    if ("detailsAsked" in root) show(false);
  }, { signal });
  wide.addEventListener("change", hideAsked, { signal });
}

export function hideAsked() {
  delete root.detailsAsked;
  tell();
}

// Private

function show(shows) {
  if (wide.matches) changeLook("details", shows ? "open" : "closed");
  else if (shows) root.detailsAsked = "";
  else delete root.detailsAsked;
  tell();
  document.querySelector(shows ? ".details__close" : ".pane__details")?.focus();
}

function tell() {
  document.querySelector(".pane__details")?.setAttribute("aria-expanded", String(isShown()));
}

function isShown() {
  return Boolean(document.querySelector(".details")?.getClientRects().length);
}
