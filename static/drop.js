// Where files can be dropped: a sign over the conversation, as long as somebody holds them above it.

import { clone } from "./fragment.js";
import { loadStylesheet } from "./stylesheet.js";
import { toast } from "./toasts.js";
import { tr } from "./words.js";

let sign = null;

export async function showDrop(pane, { onDrop, signal }) {
  if (sign?.isConnected) return;
  sign = clone("#drop-template");
  sign.querySelector(".drop__words").textContent = tr("Send to {name}", { name: pane.dataset.title });
  const end = () => sign.remove();
  sign.addEventListener("dragleave", ({ relatedTarget }) => sign.contains(relatedTarget) || end());
  sign.addEventListener("drop", (event) => {
    end();
    onDrop(filesOf(event.dataTransfer));
  });
  signal.addEventListener("abort", end);
  pane.querySelector(".talk").append(sign);
  await loadStylesheet("attaching.css");
}

// A folder comes as a file that nobody can read.
export function filesOf({ items, files }) {
  const folders = Array.from(items ?? []).filter((item) => item.webkitGetAsEntry?.()?.isDirectory).length;
  if (!folders) return Array.from(files);
  toast(tr("Folders can not be sent. Send what is in them, or pack them into one file."));
  const kinds = Array.from(items).filter(({ kind }) => kind === "file");
  return kinds.filter((item) => !item.webkitGetAsEntry()?.isDirectory).map((item) => item.getAsFile()).filter(Boolean);
}
