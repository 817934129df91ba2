// The ways from a conversation into its search, and from the search back to what is open.

let shown = null; // { id, title, timeline } of the conversation that is open

// `open` opens what a button of the page opens.
export function wireSearch(pane, { open, timeline, signal }) {
  const { conversationId: id, title } = pane.dataset;
  if (!id) return;
  shown = { id, title, timeline };
  signal.addEventListener("abort", () => shown = null);
  pane.querySelector(".pane__search").addEventListener("click", () => open(".sidebar__search", id), { signal });
  document.addEventListener("keydown", (event) => {
    const { key, target, ctrlKey, metaKey, shiftKey, altKey } = event;
    if (key.toLowerCase() !== "f" || !(ctrlKey || metaKey) || shiftKey || altKey) return;
    // Once more, within the search, it is the browser's own.
    if (target.closest?.(".search") || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    open(".sidebar__search", id);
  }, { signal });
}

export function shownConversation() {
  return shown;
}
