// How one message looks among its neighbours: the reader's own time, one head for what somebody says
// in a row, the day above the first of a day, and one sentence for who hears the page.

import { clockOf, dayOf, fullOf, isSameDay } from "./times.js";
import { tr } from "./words.js";

const RUN_MS = 5 * 60_000; // What comes later has a head of its own.

const EXCERPT_MAX = 120;
const TICKS = {
  waiting: tr("Sending"), failed: tr("Not sent"), sent: tr("Sent"), delivered: tr("Delivered"), read: tr("Read"),
};

const { userId } = document.documentElement.dataset;

export function dress(item) {
  const before = item.previousElementSibling;
  const at = momentOf(item);
  const startsDay = at && !(before && isSameDay(momentOf(before), at));
  label(item, "message__day", startsDay && dayOf(at));
  const time = item.querySelector("time");
  if (at) {
    time.textContent = clockOf(at);
    time.title = fullOf(at);
  }
  const continues = !startsDay && isRun(before, item);
  item.classList.toggle("message--continued", continues);
  before?.classList.toggle("message--last", !continues);
  item.classList.toggle("message--last", !isRun(item, item.nextElementSibling));
  describe(item);
}

// Where the messages begin that are new to the reader.
export function divide(item, text) {
  label(item, "message__new", text);
  if (item) dress(item);
}

export function tick(item, state) {
  if (item.dataset.tick === state) return;
  item.dataset.tick = state;
  item.querySelector(".message__ticks").title = TICKS[state];
  describe(item);
}

export function momentOf(item) {
  const at = new Date(item.querySelector("time")?.dateTime);
  return Number.isNaN(at.valueOf()) ? null : at;
}

export function seqOf(item) {
  return Number(item?.dataset.seq ?? 0);
}

// Who said what: "Ada: hello".
export function sentenceOf(item) {
  const quoted = wordsOf(item, "quoted");
  const sender = item.dataset.sender === userId ? tr("You") : wordsOf(item, "sender");
  const who = [sender, quoted && tr("in reply to {name}", { name: quoted }), wordsOf(item, "forwarded")?.toLowerCase()];
  return [who.filter(Boolean).join(", "), shownOf(item)].filter(Boolean).join(": ");
}

// The name of a message, which is all that is spoken when the focus comes to it: what was said comes first,
// since who walks through messages hears no more of most than their beginning.
export function describe(item) {
  const at = momentOf(item);
  const parts = [
    wordsOf(item, "day"), wordsOf(item, "new"), sentenceOf(item), at && clockOf(at), wordsOf(item, "pinned"), wordsOf(item, "edited"),
    item.querySelector(".message__reactions")?.ariaLabel, TICKS[item.dataset.tick]?.toLowerCase(),
  ];
  item.setAttribute("aria-label", parts.filter(Boolean).join(", "));
}

// What was typed, where that is not what is shown.
export function bodyOf(item) {
  return item.dataset.source ?? item.querySelector(".message__body")?.textContent ?? "";
}

// For a quote; in characters, as the server counts them.
export function excerptOf(item) {
  return Array.from(shownOf(item)).slice(0, EXCERPT_MAX).join("");
}

// Private

// What it is, where it is more than words, and its words.
function shownOf(item) {
  return [item.querySelector("[data-words]")?.dataset.words, wordsOf(item, "body")].filter(Boolean).join(": ");
}

function isRun(before, item) {
  const { sender } = item?.dataset ?? {};
  if (!before || !sender || before.dataset.sender !== sender) return false;
  if (item.querySelector(".message__new")) return false;
  const [one, other] = [momentOf(before), momentOf(item)];
  return Boolean(one && other) && other - one < RUN_MS && isSameDay(one, other);
}

function wordsOf(item, part) {
  return item.querySelector(`.message__${part}`)?.textContent.trim();
}

function label(item, name, text) {
  let line = item.querySelector(`:scope > .${name}`);
  if (!text) return line?.remove();
  if (!line) {
    line = document.createElement("p");
    line.className = name;
    if (name === "message__day") item.prepend(line);
    else item.insertBefore(line, item.querySelector(".avatar, .message__bubble"));
  }
  const words = line.firstElementChild ?? line.appendChild(document.createElement("span"));
  if (words.textContent !== text) words.textContent = text;
}
