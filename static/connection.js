// The page's one live connection: a WebSocket, else an event stream, and always a way back.
//
// Keeps the newest cursor and resumes from it, so what happened meanwhile is replayed. Emits every
// frame as `frame:<type>` and every change of `state` as `state`:
//   connecting → live → waiting → connecting → …, and ended when coming back is no use.

import { Socket } from "./socket.js";
import { recall, remember } from "./storage.js";
import { Stream } from "./stream.js";

const OPEN_TIMEOUT_MS = 8_000; // A proxy that swallows the upgrade never says so.
const PING_INTERVAL_MS = 25_000; // Below the 30 s after which common proxies cut a silent line.
const OFFLINE_ANSWER_MS = 2_000; // The system says that the network is gone; a server on this machine still answers.
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 30_000;
const STREAMS = "webchat-streams"; // Where a tab that is looked at tells the others that it opens a stream.
const SOCKET_REST_MS = 300_000; // How long the stream is preferred after a socket failed,
const SOCKET_REST_KEY = "socket-rests-until"; // in the next page too, or each would wait for its own failure.

const SESSION_ENDED = 4401;

export class Connection extends EventTarget {
  #cursor;
  #state = "waiting";
  #transport = null;
  #heard = false; // whether anything came through this transport
  #answered = false; // whether it ever answered a ping
  #socketRestsUntil = recall("sessionStorage", SOCKET_REST_KEY) ?? 0;
  #failures = 0;
  #retryMs = null;
  #retryTimer;
  #silenceTimer = null;
  #answerBy = 0;
  #others = null;
  #mayRest = () => false;
  #line = null;
  #pingTimer;
  #running = null;

  constructor(cursor) {
    super();
    this.#cursor = cursor;
  }

  // Lifecycle

  start() {
    if (this.#running) return;
    this.#running = new AbortController();
    const { signal } = this.#running;
    window.addEventListener("online", () => this.wake(), { signal });
    window.addEventListener("offline", () => this.live && this.#ping(OFFLINE_ANSWER_MS), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.wake(), { signal });
    this.#others = new BroadcastChannel(STREAMS);
    this.#others.addEventListener("message", () => this.#leave());
    this.#connect();
  }

  stop() {
    this.#running?.abort();
    this.#running = null;
    this.#others?.close();
    this.#rest();
  }

  // Actions

  get live() {
    return this.#state === "live";
  }

  // websocket or stream; undefined while there is none.
  get transport() {
    return this.#transport?.constructor.transport;
  }

  // `mayRest()` tells whether nobody misses what this tab does not hear while it is hidden. When that ends,
  // `wake` it.
  restWhen(mayRest) {
    this.#mayRest = mayRest;
  }

  // Of several frames of a page one connects, and the others hear through it (`shared_line.js`).
  shareBy(line) {
    this.#line = line;
  }

  // The network or the reader is back: no reason to sit out a timer.
  wake() {
    if (this.live) this.#ping();
    else if (this.#running && this.#state === "waiting") this.#connect();
  }

  // Whether the frame was handed on. That it arrived is for its ack to say.
  send(frame) {
    if (!this.live) return false;
    this.#transport.send(frame);
    if (frame.ref) this.#expect(this.#transport.constructor.answerMaxMs);
    return true;
  }

  // Private

  #connect() {
    this.#drop();
    this.#become("connecting");
    this.#heard = false;
    this.#answered = false;
    const listeners = {
      onFrame: (frame) => this.#receive(frame),
      onClose: (code) => this.#lose(code),
    };
    this.#expect(OPEN_TIMEOUT_MS);
    this.#transport = this.#line?.follow(this.#cursor, listeners);
    if (this.#transport) return;
    if (Date.now() >= this.#socketRestsUntil) {
      try {
        this.#transport = new Socket(this.#cursor, listeners);
        return;
      } catch {
        this.#restSocketUntil(Date.now() + SOCKET_REST_MS); // Some policies and extensions refuse it on the spot.
      }
    }
    this.#transport = new Stream(this.#cursor, listeners);
    if (!document.hidden) this.#others.postMessage(null);
  }

  #receive(frame) {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = null;
    this.#heard = true;
    if (this.#line?.relays(frame)) return;
    if (frame.cursor) this.#cursor = frame.cursor;
    if (frame.type === "ready") {
      this.#become("live");
      clearInterval(this.#pingTimer);
      this.#pingTimer = setInterval(() => this.#ping(), PING_INTERVAL_MS);
    } else if (frame.type === "pong" || frame.type === "beat") {
      // Not earlier: a line that falls as soon as it stands must not be tried ever faster.
      this.#answered = true;
      this.#failures = 0;
    } else if (frame.type === "going_away") {
      this.#retryMs = frame.retry_ms;
    }
    this.dispatchEvent(new CustomEvent(`frame:${frame.type}`, { detail: frame }));
    if (frame.type === "ready") this.#leave(); // Only now: where neither gets through, the socket is tried again.
  }

  #ping(answerMaxMs = this.#transport.constructor.answerMaxMs) {
    this.#transport.send({ type: "ping" });
    this.#expect(answerMaxMs);
  }

  // Whatever comes next says that the line stands; nothing, that it has stalled. Who asks again and again
  // waits no longer for it.
  #expect(answerMaxMs) {
    const by = Date.now() + answerMaxMs;
    if (this.#silenceTimer && this.#answerBy <= by) return;
    clearTimeout(this.#silenceTimer);
    this.#answerBy = by;
    this.#silenceTimer = setTimeout(() => this.#lose(), answerMaxMs);
  }

  // Codes 4400 to 4499 say that coming back is no use; no code, that we gave the line up ourselves.
  #lose(code) {
    const wasSocket = this.#transport instanceof Socket;
    const wasHeard = this.#heard;
    const stalled = code === undefined && wasHeard && !this.#answered && navigator.onLine;
    this.#drop();
    if (code >= 4400 && code <= 4499) return this.#end(code);
    if (wasSocket && (stalled || (!wasHeard && !(code >= 4000)))) {
      this.#restSocketUntil(Date.now() + SOCKET_REST_MS);
      return this.#connect();
    }
    if (!wasHeard) {
      this.#restSocketUntil(0); // Neither gets through, so the socket is not to blame.
      this.#askWhetherSessionEnded();
    }
    const delayMs = this.#retryMs ?? this.#backoffMs();
    this.#retryMs = null;
    this.#become("waiting");
    this.#retryTimer = setTimeout(() => this.#connect(), delayMs);
  }

  #restSocketUntil(time) {
    this.#socketRestsUntil = time;
    remember("sessionStorage", SOCKET_REST_KEY, time);
  }

  #end(code) {
    this.stop();
    this.#become("ended", code === SESSION_ENDED);
  }

  // A refused upgrade and a refused stream look like a dead network to a script; a fetch tells.
  async #askWhetherSessionEnded() {
    const { signal } = this.#running;
    try {
      const { status } = await fetch("/api/users/me", { signal });
      if (status === 401 && !signal.aborted) this.#end(SESSION_ENDED);
    } catch {
      // Unreachable: the retry that is already set will see.
    }
  }

  #backoffMs() {
    const limit = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failures++);
    return limit * (0.5 + Math.random() / 2); // Jitter, so that clients do not return as one.
  }

  // A browser keeps six connections to a server and no more, whatever the number of tabs. So one that nobody
  // looks at keeps no stream that it opens, and leaves one that it has to a tab that is looked at.
  #leave() {
    if (this.#transport instanceof Stream && document.hidden && this.#mayRest()) this.#rest();
  }

  // Until something wakes it.
  #rest() {
    this.#drop();
    this.#become("waiting");
  }

  #drop() {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    clearInterval(this.#pingTimer);
    this.#silenceTimer = null;
    this.#transport?.close();
    this.#transport = null;
  }

  #become(state, sessionEnded = false) {
    if (this.#state === state) return;
    this.#state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, sessionEnded } }));
  }
}
