// What one does to a conversation from its details: mutes it, leaves it, passes its address on, looks for a day, gives it
// a picture.

import { put, remove } from "./api.js";
import { copy } from "./clipboard.js";
import { toast } from "./toasts.js";

export async function actOn(pane, button, { confirm, timeline }) {
  const path = `/api/conversations/${pane.dataset.conversationId}`;
  try {
    if (button.matches(".details__mute")) await mute(path, button);
    else if (button.matches(".details__link")) await copy(new URL(`/c/${pane.dataset.conversationId}`, location.href).href, "Link copied.");
    else if (button.matches(".details__date")) await (await import("./jump_date.js")).askForDay(document.querySelector(".date"), { conversationId: pane.dataset.conversationId, timeline });
    else if (button.matches(".details__portrait")) await (await import("./portrait.js")).choosePortrait({ path: `${path}/avatar`, face: pane.querySelector(".details__profile .avatar") });
    else if (button.matches(".details__leave") && await confirm(`Leave ${pane.dataset.title}?`, "Leave")) await remove(`${path}/members/me`);
  } catch (error) {
    toast(error.message);
  }
}

async function mute(path, button) {
  const mutes = button.ariaPressed !== "true";
  await put(`${path}/preferences`, { muted_until: mutes ? "infinity" : null });
  button.ariaPressed = String(mutes);
}
