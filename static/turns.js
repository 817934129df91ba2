// Which of several tabs speaks: one, as long as it is there. And whether anybody looks at any of them.

import { locks } from "./storage.js";

const SPEAKER_LOCK = "webchat-speaker"; // held by the one tab that speaks
const EYES_LOCK = "webchat-eyes"; // shared by the tabs that somebody looks at

let speaks = !locks;
let lookAway = null;

// `onTurn()` is called when it is this tab's turn.
export function takeTurns(onTurn, signal) {
  if (!locks) return;
  const untilGone = new Promise((resolve) => signal.addEventListener("abort", resolve));
  locks.request(SPEAKER_LOCK, { signal }, () => {
    speaks = true;
    onTurn();
    return untilGone;
  }).catch(() => {}); // The page is gone before its turn.
  for (const type of ["focus", "blur"]) window.addEventListener(type, look, { signal });
  document.addEventListener("visibilitychange", look, { signal });
  signal.addEventListener("abort", () => lookAway?.());
  look();
}

export function isSpeaker() {
  return speaks;
}

export function isLookedAt() {
  return document.hasFocus() && !document.hidden;
}

export async function isAnyLookedAt() {
  const { held = [] } = await locks?.query() ?? {};
  return isLookedAt() || held.some(({ name }) => name === EYES_LOCK);
}

function look() {
  if (!isLookedAt()) {
    lookAway?.();
    lookAway = null;
  } else if (!lookAway) {
    const untilAway = new Promise((resolve) => lookAway = resolve);
    locks.request(EYES_LOCK, { mode: "shared" }, () => untilAway);
  }
}
