// Whoever a conversation shows is as they are called now, and told more about by a click on them.

import { renewAgain } from "./names.js";

const DOORS = ".message__sender, .message > .avatar, .member__link, [data-profile]";

export function offerProfiles(pane, { session, signal }) {
  if (pane.isConnected) renewAgain();
  pane.addEventListener("click", (event) => {
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    const id = isPlain && !event.defaultPrevented && personOf(event.target.closest(DOORS));
    if (!id) return;
    event.preventDefault(); // A member's link leads to the chat where there is no script.
    openProfile(id, { session, signal });
  }, { signal });
}

export async function openProfile(id, parts) {
  const { showProfile } = await import("./profile.js");
  showProfile(id, parts);
}

// Private

function personOf(door) {
  return door && (door.dataset.profile ?? door.closest(".message")?.dataset.sender ?? door.closest(".member")?.dataset.userId);
}
