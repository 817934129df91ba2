// One file on its way to the server, in pieces: after a lost connection it goes on from what has arrived. Of all
// uploads of the page two go at once, the others wait for their turn.
//
// Emits `change`; `state` is waiting → going ⇄ stalled → ready, or refused (see `reason`), or cancelled.

import { get, post, remove, withoutField } from "./api.js";
import { tr } from "./words.js";

const PIECE_BYTES = 1 << 20; // Little is lost with one, and the server is asked no more often than it needs.
const AT_ONCE_MAX = 2; // One large file does not hold up a small one; more share the same line.
const PIECE_SILENCE_MS = 30_000; // A piece of which nothing moves for so long will not arrive.
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 15_000;

const waiting = [];
const resting = new Set(); // What ends the rest of those that wait for the connection
let going = 0;

// The connection is back: nobody has to sit out a timer.
export function wakeUploads() {
  for (const wake of resting) wake();
}

// Its medium, once all of it has arrived; an error that says why, when it was refused.
export function whenReady(upload) {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (upload.state === "ready") resolve(upload.medium);
      else if (upload.state === "refused") reject(new Error(upload.reason));
      else if (upload.state === "cancelled") reject(new Error(tr("It was cancelled.")));
    };
    upload.addEventListener("change", look);
    look();
  });
}

export class Upload extends EventTarget {
  #file;
  #medium = null; // As the server knows it.
  #moved = 0; // Bytes of the piece that is on its way
  #state = "waiting";
  #life = new AbortController();
  reason = null;

  // Lifecycle

  constructor(file) {
    super();
    this.#file = file;
    this.#await();
  }

  // Actions

  get state() {
    return this.#state;
  }

  get medium() {
    return this.#medium;
  }

  // From 0 to 1.
  get progress() {
    return this.#state === "ready" ? 1 : Math.min(1, ((this.#medium?.received ?? 0) + this.#moved) / this.#file.size);
  }

  retry() {
    if (this.#state !== "refused") return;
    this.reason = null;
    this.#await();
  }

  cancel() {
    if (this.#state === "cancelled") return;
    const isWhole = this.#state === "ready";
    this.#become("cancelled");
    this.#life.abort();
    // The server gives up by itself what nobody comes back for.
    if (this.#medium && !isWhole) remove(`/api/media/${this.#medium.id}`).catch(() => {});
  }

  // Private

  #await() {
    this.#become("waiting");
    waiting.push(this);
    beginNext();
  }

  // Called when it is its turn.
  async run() {
    const { signal } = this.#life;
    for (let failures = 0; !signal.aborted;) {
      try {
        this.#become("going");
        this.#medium ??= await post("/api/media", { name: this.#file.name || "file", size: this.#file.size }, { signal });
        while (!isWhole(this.#medium)) {
          this.#medium = await this.#sendPiece();
          this.#moved = failures = 0;
          this.#become("going");
        }
        this.#become("ready");
        return;
      } catch (error) {
        this.#moved = 0;
        if (signal.aborted) return;
        if (!isPassing(error)) return this.#refuse(error);
        this.#become("stalled");
        await this.#rest(failures++);
        await this.#askWhatArrived();
      }
    }
  }

  async #sendPiece() {
    const { size } = this.#file;
    const from = this.#medium.received;
    const to = Math.min(from + PIECE_BYTES, size);
    const answer = await put(`/api/media/${this.#medium.id}/bytes`, this.#file.slice(from, to), {
      range: `bytes ${from}-${to - 1}/${size}`,
      onMove: (bytes) => {
        this.#moved = bytes;
        this.#become("going");
      },
      signal: this.#life.signal,
    });
    return answer;
  }

  // A piece may have arrived although its answer did not.
  async #askWhatArrived() {
    if (!this.#medium || this.#life.signal.aborted) return;
    try {
      this.#medium = await get(`/api/media/${this.#medium.id}/info`, { signal: this.#life.signal });
    } catch (error) {
      // Given up meanwhile, after days: it begins anew.
      if (error.status === 404) this.#medium = null;
    }
  }

  #rest(failures) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        resting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** failures));
      resting.add(end);
      this.#life.signal.addEventListener("abort", end, { once: true });
    });
  }

  #refuse({ message }) {
    this.reason = message;
    this.#become("refused");
  }

  #become(state) {
    if (this.#state === "cancelled") return;
    this.#state = state;
    this.dispatchEvent(new Event("change"));
  }
}

function beginNext() {
  while (going < AT_ONCE_MAX && waiting.length) {
    const upload = waiting.shift();
    if (upload.state !== "waiting") continue; // Cancelled before its turn.
    going++;
    upload.run().finally(() => {
      going--;
      beginNext();
    });
  }
}

function isWhole({ state, received, size }) {
  return state === "stored" || state === "ready" || received >= size;
}

// What is over in a moment; a wrong offset is, when we have asked for the right one.
function isPassing({ status, code }) {
  return !status || status === 408 || status === 429 || status >= 500 || code === "wrong_offset";
}

// By XMLHttpRequest, the only one that tells how far it has got.
function put(path, bytes, { range, onMove, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let silence;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), PIECE_SILENCE_MS);
    };
    const abort = () => request.abort();
    const lost = () => reject(Object.assign(new Error(tr("The chat can not be reached just now.")), { status: 0 }));
    request.open("PUT", path);
    request.setRequestHeader("accept-language", document.documentElement.lang);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.setRequestHeader("content-range", range);
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded }) => {
      listen();
      onMove(loaded);
    });
    request.addEventListener("load", () => {
      const { status, response } = request;
      if (status >= 200 && status < 300 && response) return resolve(response);
      const { detail, title, code } = response ?? {};
      const text = withoutField(detail ?? title ?? tr("The server answered {status}.", { status }));
      reject(Object.assign(new Error(text), { status: status < 400 ? 0 : status, code }));
    });
    request.addEventListener("error", lost);
    request.addEventListener("abort", lost);
    request.addEventListener("loadend", () => {
      clearTimeout(silence);
      signal.removeEventListener("abort", abort);
    });
    signal.addEventListener("abort", abort);
    listen();
    request.send(bytes);
  });
}
