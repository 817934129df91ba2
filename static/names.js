// Somebody, or a conversation, is called otherwise now or has another picture: the page shows it wherever it shows them.
// The list is asked for anew by itself.

import { make } from "./element.js";
import { nameTitle } from "./title.js";
import { tr } from "./words.js";

const FRESH_MS = 20_000; // As long as a pane may be on its way.

const { dataset: root } = document.documentElement;
const heard = new Map(); // id → { frame, at }

// The frame of a changed user or conversation.
export function renew(frame) {
  const { id } = frame.user ?? frame.conversation;
  heard.delete(id);
  heard.set(id, { frame, at: Date.now() });
  show(frame);
}

// A pane has come, maybe as it was before what was heard on its way.
export function renewAgain() {
  for (const [id, { frame, at }] of heard) {
    if (Date.now() - at > FRESH_MS) heard.delete(id);
    else show(frame);
  }
}

// Private

function show({ user, conversation }) {
  if (user) renewUser(user);
  else if (conversation.kind !== "direct") renewConversation(conversation);
}

function renewUser({ id, name, avatar_id: media }) {
  if (id === root.userId) root.userName = name;
  const own = `:root[data-user-id="${CSS.escape(id)}"] :is(.sidebar__viewer, .settings__picture)`;
  const peer = `.pane[data-peer-id="${CSS.escape(id)}"]`;
  const people = [
    `.message[data-sender="${CSS.escape(id)}"]`, `:is(.member, .person, .info__person)[data-user-id="${CSS.escape(id)}"]`,
  ];
  const within = (places, part) => document.querySelectorAll(places.map((place) => `${place} ${part}`).join());
  for (const place of within(people, ":is(.message__sender, .person__name, .info__name)")) place.textContent = name;
  for (const place of within([own], "b")) place.textContent = name;
  const faces = [own, ...people].map((place) => `${place} .avatar`);
  const large = `${peer} :is(.pane__header, .timeline__start, .details__profile) .avatar`;
  for (const place of document.querySelectorAll([...faces, large].join())) paint(place, media, name);
  const face = document.querySelector(`${peer} .pane__face`);
  if (face) face.ariaLabel = tr("Profile of {name}", { name });
  entitle(document.querySelector(peer), name);
}

function renewConversation({ id, title, description, avatar_id: media }) {
  const pane = document.querySelector(`.pane[data-conversation-id="${CSS.escape(id)}"]`);
  if (!pane) return;
  entitle(pane, title);
  for (const place of pane.querySelectorAll(":is(.pane__header, .timeline__start, .details__profile) .avatar")) paint(place, media);
  for (const [place, className] of [[".details__profile", "details__description"], [".timeline__start", "timeline__start-description"]]) {
    describe(pane.querySelector(place), className, description);
  }
}

function describe(place, className, description) {
  let words = place?.querySelector(`.${className}`);
  if (!place || !description) return words?.remove();
  if (!words) {
    words = make("p", className, { dir: "auto" });
    place.insertBefore(words, place.querySelector(".timeline__hello"));
  }
  words.textContent = description;
}

function entitle(pane, title) {
  if (!pane) return;
  pane.dataset.title = pane.querySelector(".talk").ariaLabel = title;
  nameTitle(title);
  for (const place of pane.querySelectorAll(":is(.pane__title, .timeline__start-title, .details__title, .timeline__start bdi)")) place.textContent = title;
}

// As in avatar.rs. Of people the initials lie below the picture; `name` is theirs.
function paint(avatar, media, name) {
  const [picture] = avatar.getElementsByTagName("img");
  if (name !== undefined) {
    if (avatar.firstChild?.nodeType === Node.TEXT_NODE) avatar.firstChild.remove();
    avatar.prepend(initialsOf(name));
  }
  const src = `/api/media/${media}/thumbnail`;
  if (!media) picture?.remove();
  else if (!picture) avatar.append(make("img", "avatar__picture", { src, alt: "", decoding: "async" }));
  else if (picture.getAttribute("src") !== src) picture.src = src;
}

function initialsOf(name) {
  const letters = name.split(/\s+/).map((word) => word.match(/[\p{Alphabetic}\p{N}]/u)?.[0]).filter(Boolean);
  return letters.length ? [letters[0], ...letters.slice(1).slice(-1)].join("").toUpperCase() : "?";
}
