// Short notices at the edge of the page. They go by themselves, stay while the pointer or the focus is on
// them, and may offer one thing to do.

const SHOWN_MS = 6_000;
const TOASTS_MAX = 3;

// One of the same `key` takes the place of the one before.
export function toast(text, { title, key = "", action, onAction } = {}) {
  const place = document.querySelector(".toasts");
  const item = document.createElement("div");
  item.className = "toast";
  if (key) {
    item.dataset.key = key;
    place.querySelector(`[data-key="${CSS.escape(key)}"]`)?.remove();
  }
  if (title) append(item, "b", "toast__title", title);
  append(item, "span", "toast__text", text);
  if (action) {
    const button = append(item, "button", "toast__action link", action);
    button.type = "button";
    button.addEventListener("click", () => {
      before?.focus({ preventScroll: true });
      item.remove();
      onAction();
    });
  }
  // Which had it before gets the focus back when the notice goes.
  let before = null;
  item.addEventListener("focusin", ({ relatedTarget }) => before = item.contains(relatedTarget) ? before : relatedTarget);
  let timer = setTimeout(() => item.remove(), SHOWN_MS);
  const stay = () => clearTimeout(timer);
  const go = () => timer = setTimeout(() => item.remove(), SHOWN_MS);
  for (const type of ["pointerenter", "focusin"]) item.addEventListener(type, stay);
  for (const type of ["pointerleave", "focusout"]) item.addEventListener(type, go);
  place.append(item);
  while (place.childElementCount > TOASTS_MAX) place.firstElementChild.remove();
}

function append(parent, name, className, text) {
  const child = parent.appendChild(document.createElement(name));
  child.className = className;
  child.textContent = text;
  child.dir = "auto";
  return child;
}
