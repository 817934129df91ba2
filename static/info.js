// What there is to know of a message: who read it, who received it, who reacted, what it said before.

import { part } from "./api.js";
import { wire } from "./dialog.js";
import { parse } from "./fragment.js";
import { loadStylesheet } from "./stylesheet.js";
import { clockOf, dayOf, fullOf } from "./times.js";
import { toast } from "./toasts.js";

// `only`: of its parts this one alone, under the title that it has.
export async function tellAbout(item, { only, signal }) {
  try {
    const [html] = await Promise.all([
      part(`/m/${item.dataset.messageId}`, { signal }), loadStylesheet("deeds.css"),
    ]);
    if (signal.aborted || document.querySelector("dialog[open]")) return;
    show(parse(html), item.id, { only, signal });
  } catch (error) {
    if (!signal.aborted) toast(error.message);
  }
}

function show(dialog, itemId, { only, signal }) {
  for (const time of dialog.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    time.textContent = `${dayOf(at)}, ${clockOf(at)}`;
    time.title = fullOf(at);
  }
  if (only) {
    for (const part of dialog.querySelectorAll(".info__part")) part.hidden = part.dataset.part !== only;
    const heading = dialog.querySelector(`[data-part="${only}"] .info__heading`);
    if (heading) dialog.querySelector(".dialog__title").textContent = heading.textContent;
    heading?.remove();
  }
  document.body.append(dialog);
  wire(dialog, signal);
  signal.addEventListener("abort", () => dialog.remove());
  dialog.addEventListener("close", () => {
    dialog.remove();
    // By id, since a newer revision may have taken the place of what had the focus.
    if (document.activeElement === document.body) document.getElementById(itemId)?.focus({ preventScroll: true });
  });
  dialog.showModal();
}
