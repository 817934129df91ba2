// What all dialogs have in common: they close by their button, by a click beside them and by Escape, and give the
// focus back to where it was, as <dialog> does by itself.

export function wire(dialog, signal) {
  dialog.querySelector(".dialog__close")?.addEventListener("click", () => dialog.close(), { signal });
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target !== dialog) return;
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const { clientX: x, clientY: y } = event;
    if (x < left || x > right || y < top || y > bottom) dialog.close();
  }, { signal });
  // A search field would take the first Escape for itself, and only be emptied.
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || event.target.type !== "search") return;
    event.preventDefault();
    dialog.close();
  }, { signal });
}

// Calls `find` with what is typed, a moment after the last key.
export function whenTyped(field, find, signal) {
  const DELAY_MS = 150;
  let timer;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => find(field.value.trim()), DELAY_MS);
  }, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
}
