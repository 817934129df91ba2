// The reader has asked to be let in, and waits: the decision is told as it is made.

import { remove } from "./api.js";
import { loadStylesheet } from "./stylesheet.js";
import { toast } from "./toasts.js";
import { tr } from "./words.js";

export function wait(pane, { connection, navigation, user }, signal) {
  const { waitingId: id } = pane.dataset;
  const button = pane.querySelector(".waiting__withdraw");
  pane.dataset.ready = "";
  let isOwn = false; // Withdrawn, not refused.
  loadStylesheet("room.css");
  connection.addEventListener("frame:member", ({ detail: { member } }) => {
    if (member.conversation_id !== id || member.user_id !== user.id) return;
    if (member.state === "active") navigation.go(`/c/${id}`, { replaces: true });
    else if (member.state === "left" && isOwn) navigation.go("/", { replaces: true });
    else if (member.state === "left") tellRefusal(pane);
  }, { signal });
  button.addEventListener("click", async () => {
    isOwn = true;
    try {
      await remove(`/api/conversations/${id}/members/me`);
    } catch (error) {
      isOwn = false;
      toast(error.message);
    }
  }, { signal });
}

// Private

function tellRefusal(pane) {
  pane.querySelector(".waiting__state").textContent = tr("You were not let in this time");
  pane.querySelector(".waiting__hint").textContent = tr("Perhaps somebody there can tell you more. You can ask again later.");
  pane.querySelector(".waiting__withdraw").hidden = true;
}
