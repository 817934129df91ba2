// What a message is made of besides words: files, photos, recordings, places, people, stickers. It is fetched when
// it is first asked for, by a button, by what is dropped or pasted, or by what is on its way already.

import { offerEmoji } from "./emoji_on_demand.js";
import { toast } from "./toasts.js";
import { tr } from "./words.js";

// What stood above the box to write in when its conversation was left: by place.
export const kept = {};

let shipping = null; // A promise of what is uploaded, which is one for the page and outlives its panes.

export function offerMedia(pane, { session, timeline, composer, signal }) {
  if (signal.aborted) return;
  const { conversationId, peerId } = pane.dataset;
  const where = conversationId ? { conversation_id: conversationId } : { user_id: peerId };
  const place = conversationId ?? `user:${peerId}`;
  const parts = { session, timeline, composer, where, place, signal };
  const { outbox } = session;
  let shown = null;
  // What of it is on its way stands among the messages.
  const ship = async () => {
    shipping ??= import("./shipments.js").then(({ Shipments }) => new Shipments(session));
    shipping.catch(() => shipping = null);
    shown ??= Promise.all([shipping, import("./pending_media.js")]).then(([shipments, { PendingMedia }]) => {
      if (!signal.aborted) new PendingMedia(pane, { ...parts, shipments });
      return shipments;
    });
    return shown;
  };
  if (shipping || outbox.itemsFor(place).some(({ media_ids: ids, data }) => ids || data)) ship();

  const form = pane.querySelector("form.composer");
  if (!form) return;
  const find = (part) => form.querySelector(`.composer__${part}`);
  offerEmoji(find("emoji"), form.elements.body, signal);

  let attaching = null;
  const attach = () => attaching ??= Promise.all([import("./attaching.js"), ship()])
    .then(([{ Attaching }, shipments]) => new Attaching(pane, { ...parts, shipments }));
  const send = async (message) => {
    await ship();
    outbox.send({ ...where, body: null, reply_to: null, ...message });
    timeline.toLatest();
  };

  on(find("attach"), "click", async () => (await attach()).toggleMenu(find("attach")));
  let recording = null;
  const record = async (event) => {
    recording ??= Promise.all([import("./voice.js"), ship()])
      .then(([{ Voice }, shipments]) => new Voice(form, { ...parts, shipments }));
    (await recording).begin(event);
  };
  // A finger holds the button as long as it records; a click begins and ends it.
  on(find("voice"), "pointerdown", (event) => event.pointerType === "touch" && record(event));
  on(find("voice"), "click", (event) => event.pointerType === "touch" || record(null));
  on(find("voice"), "contextmenu", (event) => event.preventDefault());
  if (place in kept) attach().then((it) => it.takeBack());

  // What is dropped and pasted.
  on(document, "dragover", (event) => holdsFiles(event) && event.preventDefault());
  on(document, "drop", (event) => holdsFiles(event) && event.preventDefault()); // Else the browser leaves the page for it.
  on(pane, "dragenter", async (event) => {
    if (!holdsFiles(event)) return;
    const { showDrop } = await import("./drop.js");
    showDrop(pane, { onDrop: async (files) => (await attach()).add(files), signal });
  });
  on(pane, "drop", async (event) => {
    if (!holdsFiles(event) || event.target.closest?.(".drop")) return;
    const { filesOf } = await import("./drop.js");
    (await attach()).add(filesOf(event.dataTransfer));
  });
  on(document, "paste", async (event) => {
    const { types, files } = event.clipboardData ?? {};
    const isElsewhere = event.target.closest?.("input, textarea, [popover], dialog") && event.target !== form.elements.body;
    // What a text processor copies holds a picture of the text, too.
    const isText = types?.includes("text/plain") && types.includes("text/html");
    if (!files?.length || isElsewhere || isText || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    const pasted = Array.from(files);
    (await attach()).add(pasted);
  });

  // Beside the emoji.
  const tabs = () => import("./picker_tabs.js");
  on(find("emoji"), "click", () => tabs().catch(() => {})); // While the emoji are on their way; who needs them complains.
  on(find("emoji"), "picker", async ({ detail }) => {
    try {
      const { PickerTabs } = await tabs();
      new PickerTabs(detail, { send, ship: async (file) => (await ship()).send({ ...where, place, kind: "gif", files: [{ file }] }), signal });
    } catch (error) {
      console.warn("Stickers could not be loaded", error);
    }
  });

  function on(target, type, handle) {
    target.addEventListener(type, async (event) => {
      try {
        await handle(event);
      } catch (error) {
        // A promise that failed is no answer to who asks again.
        shown = attaching = recording = null;
        console.warn("What sends media could not be loaded", error);
        toast(tr("This could not be loaded. Try again when you are connected."));
      }
    }, { signal });
  }
}

function holdsFiles({ dataTransfer }) {
  return Boolean(dataTransfer?.types.includes("Files"));
}
