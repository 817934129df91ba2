// A session that stands on the host project's word ends with that word: asks for it again in time, while the page is open.

import { post } from "./api.js";

const SHARE = 0.6; // Of the time that is left: an answer may take a while, and fail once or twice.
const SOONEST_MS = 1_000; // Where the host gives less time than that, it is asked no more often.
const LATEST_MS = 2 ** 31 - 1; // The longest that a timer runs: some 24 days.
const AGAIN_MS = 5_000; // How soon it is tried again when nobody answered.

let timer;
let proof = async () => ({}); // Nothing: the host is shown the page's own cookies.

// From now on it is asked for with a token that `getToken` promises; null for none just now. `framed`: in a frame on another
// site.
export function renew(getToken, { framed = true } = {}) {
  proof = async () => ({ token: await getToken(), framed });
}

// Keeps the session that the frame `ready` speaks of.
export function keep({ expires_at: end, server_time: now }, signal) {
  if (!timer) signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  // Both by the server's clock; the reader's may be another.
  plan((Date.parse(end) - Date.parse(now)) * SHARE, signal);
}

function plan(delayMs, signal) {
  clearTimeout(timer);
  if (signal.aborted) return;
  timer = setTimeout(() => ask(signal), Math.min(Math.max(delayMs, SOONEST_MS), LATEST_MS));
}

async function ask(signal) {
  try {
    const { expires_in: seconds } = await post("/auth/token", await proof(), { signal });
    plan(seconds * 1_000 * SHARE, signal);
  } catch ({ status }) {
    // Where the host says no, the server ends the connection, and the page comes back to where one comes in.
    if (!(status >= 400 && status < 500) || status === 429) plan(AGAIN_MS, signal);
  }
}
