// All that one does in the pane that is open: fetched a moment after it, since one reads before one acts.

import { put } from "./api.js";
import { foldBlocked, setBlocked } from "./block.js";
import { offerMedia } from "./media_on_demand.js";
import { MessageDeeds } from "./message_deeds.js";
import { Room } from "./room.js";

const PHONE = "(max-width: 45rem)"; // There a menu is a sheet, as message.css has it.
const EDGE_PX = 8;

export function offerDeeds(pane, parts) {
  new MessageDeeds(pane, parts);
  offerMedia(pane, parts);
  const { kind, conversationId } = pane.dataset;
  pane.querySelector(".details").addEventListener("toggle", placeMenu, { capture: true, signal: parts.signal });
  if (conversationId) followPreference(pane, parts);
  if (kind === "direct") return followBlock(pane, parts);
  foldBlocked(pane, parts);
  // Nobody leads the room that everyone is in, and who comes to it is no news for all.
  if (conversationId && !pane.querySelector(".room[data-general]")) new Room(pane, parts);
}

// Private

// Below what it was opened by; above it where there is no room.
function placeMenu({ target: menu, newState }) {
  if (newState !== "open" || !menu.popover) return;
  menu.querySelector("button").focus({ preventScroll: true }); // So that Escape closes it alone.
  menu.style.cssText = "";
  if (matchMedia(PHONE).matches) return;
  const place = document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`).getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const top = place.bottom + height + EDGE_PX > innerHeight ? place.top - height : place.bottom;
  menu.style.left = `${Math.max(EDGE_PX, Math.min(place.right - width, innerWidth - width - EDGE_PX))}px`;
  menu.style.top = `${Math.max(EDGE_PX, top)}px`;
}

function followPreference(pane, { session: { connection }, signal }) {
  const { conversationId } = pane.dataset;
  connection.addEventListener("frame:preference", ({ detail: { preference } }) => {
    if (preference.conversation_id !== conversationId) return;
    const are = { pin: preference.pinned, archive: preference.archived, mentions: preference.notify === "mentions" };
    for (const button of pane.querySelectorAll("[data-preference]")) button.ariaPressed = String(are[button.dataset.preference]);
  }, { signal });
  // Whoever opens it has seen to it.
  const isMarked = document.querySelector(`.conversation[data-conversation-id="${CSS.escape(conversationId)}"] .conversation__marked`);
  const { readSeq } = pane.querySelector(".timeline").dataset;
  if (isMarked) put(`/api/conversations/${conversationId}/marks`, { read_seq: Number(readSeq) }, { signal }).catch(() => {});
}

function followBlock(pane, { session: { connection, navigation }, signal }) {
  const { peerId } = pane.dataset;
  pane.querySelector(".composer__unblock")?.addEventListener("click", () => setBlocked(peerId, false), { signal });
  // The box to write in comes and goes with it, in every tab.
  connection.addEventListener("frame:block", ({ detail: { block } }) => {
    if (block.user_id === peerId) navigation.go(location.pathname, { replaces: true });
  }, { signal });
}
