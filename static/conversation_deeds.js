// What one does to a conversation from its details: mutes, pins or archives it, blocks whom it is with, leaves it, passes
// its address on, looks for a day, gives it a picture.

import { post, put } from "./api.js";
import { copy } from "./clipboard.js";
import { toast } from "./toasts.js";
import { locale, tr } from "./words.js";

const HOUR_MS = 3_600_000;

export async function actOn(pane, button, { session: { confirm, navigation }, timeline, signal }) {
  const path = `/api/conversations/${pane.dataset.conversationId}`;
  try {
    if (button.matches(".details__mute")) await mute(path, button);
    else if (button.matches(".details__link")) await copy(new URL(`/c/${pane.dataset.conversationId}`, location.href).href, tr("Link copied."));
    else if (button.matches(".details__date")) await (await import("./jump_date.js")).askForDay(document.querySelector(".date"), { conversationId: pane.dataset.conversationId, timeline });
    else if (button.matches(".details__portrait")) await (await import("./portrait.js")).choosePortrait({ path: `${path}/avatar`, face: pane.querySelector(".details__profile .avatar") });
    else if (button.matches("[data-hours]")) await muteFor(path, button);
    else if (button.matches("[data-preference]")) await prefer(path, button);
    else if (button.matches(".details__unread")) await markUnread(path, navigation);
    else if (button.matches(".details__block")) await block(pane, button, confirm);
    else if (button.matches(".details__leave")) await (await import("./room.js")).leave(pane, { confirm, signal });
  } catch (error) {
    toast(error.message);
  }
}

async function muteFor(path, button) {
  button.closest("[popover]").hidePopover();
  const until = new Date(Date.now() + Number(button.dataset.hours) * HOUR_MS);
  await put(`${path}/preferences`, { muted_until: until.toISOString() });
  toast(tr("Muted until {time}.", { time: until.toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" }) }));
}

async function prefer(path, button) {
  const isOn = button.ariaPressed !== "true";
  const { preference } = button.dataset;
  const wishes = { pin: { pinned: isOn }, archive: { archived: isOn }, mentions: { notify: isOn ? "mentions" : "all" } };
  await put(`${path}/preferences`, wishes[preference]);
  button.ariaPressed = String(isOn);
}

// Elsewhere, or it would be read again at once.
async function markUnread(path, navigation) {
  await navigation.go("/chats");
  await post(`${path}/unread`);
}

async function block(pane, button, confirm) {
  const isBlocked = button.ariaPressed !== "true";
  const { askAndBlock } = await import("./block.js");
  await askAndBlock({ id: button.dataset.user, name: pane.dataset.title, isBlocked }, confirm);
}

async function mute(path, button) {
  const mutes = button.ariaPressed !== "true";
  await put(`${path}/preferences`, { muted_until: mutes ? "infinity" : null });
  button.ariaPressed = String(mutes);
}
