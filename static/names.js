// Somebody is called otherwise now: the page says so wherever it names them. The list is asked for anew by itself.

export function rename({ id, name }) {
  const own = `:root[data-user-id="${CSS.escape(id)}"] .sidebar__viewer`;
  const peer = `.pane[data-peer-id="${CSS.escape(id)}"]`;
  const people = [`.message[data-sender="${CSS.escape(id)}"]`, `.member[data-user-id="${CSS.escape(id)}"]`];
  const within = (places, part) => document.querySelectorAll(places.map((place) => `${place} ${part}`).join());
  for (const place of within(people, ":is(.message__sender, .person__name)")) place.textContent = name;
  for (const place of within([own], "b")) place.textContent = name;
  for (const place of within([peer], ":is(.pane__title, .timeline__start-title, .details__title)")) place.textContent = name;
  for (const place of within([own, ...people], ".avatar")) place.textContent = initialsOf(name);
  for (const place of within([peer], ":is(.pane__header, .timeline__start, .details__profile) .avatar")) place.textContent = initialsOf(name);
  const pane = document.querySelector(peer);
  if (pane) pane.dataset.title = name;
}

// As in avatar.rs.
function initialsOf(name) {
  const letters = name.split(/\s+/).map((word) => word.match(/[\p{Alphabetic}\p{N}]/u)?.[0]).filter(Boolean);
  return letters.length ? [letters[0], ...letters.slice(1).slice(-1)].join("").toUpperCase() : "?";
}
