// One live connection for several frames of one page: the first of them leads, and the others hear and speak through it. Who leads
// holds a Web Lock; when that frame is gone, the next has the lock and connects by its own cursor, and the rest catch up by
// theirs, so nothing is lost with it.
//
// Frames of one tab alone belong together, since what is hidden with one is hidden with all: a tab that sleeps must not lead
// one that is looked at.

import { get } from "./api.js";
import { recall, remember } from "./storage.js";

const GROUP_KEY = "frames"; // in the session's storage, which is a tab's own
const CATCH_UP_MS = 10_000; // What takes longer is begun anew.
const UNANSWERED_MAX = 2; // Then who leads is asleep, and another takes over.
const NOT_FOR_ALL = /^(ready|pong|beat|ack|error|going_away)$/;

export class SharedLine {
  #connection;
  #signal;
  #name;
  #id = newId();
  #channel;
  #follower = null;
  #leads = !navigator.locks; // Without locks, each connects by itself.
  #asked = new Map(); // ref as it is sent → { from, ref } of another frame's command
  #unanswered = 0;

  // Lifecycle

  constructor(connection, userId, signal) {
    this.#connection = connection;
    this.#signal = signal;
    const group = recall("sessionStorage", GROUP_KEY) ?? newId();
    remember("sessionStorage", GROUP_KEY, group);
    this.#name = `webchat-line:${userId}:${group}`;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.addEventListener("message", ({ data }) => this.#heard(data));
    connection.addEventListener("state", ({ detail }) => this.#leads && this.#tellState(detail), { signal });
    signal.addEventListener("abort", () => this.#channel.close());
  }

  // Resolves when it is known who leads.
  join() {
    if (this.#leads) return Promise.resolve();
    return new Promise((resolve) => this.#request({ ifAvailable: true }, (lock) => {
      if (lock) this.#leads = true;
      else this.#request({ signal: this.#signal }, () => this.#lead());
      resolve();
      return lock && this.#untilGone();
    }));
  }

  // Actions

  // What a connection hears through, in place of a socket; null for who leads.
  follow(cursor, listeners) {
    if (this.#leads) return null;
    if (this.#unanswered++ >= UNANSWERED_MAX) this.#request({ steal: true }, () => this.#lead());
    this.#follower = new Follower(this.#channel, this.#id, cursor, listeners);
    return this.#follower;
  }

  // Hands on to the others what came; true of what is for one of them alone.
  relays(frame) {
    if (!this.#leads) return false;
    const asked = frame.ref !== undefined && this.#asked.get(frame.ref);
    if (asked) {
      this.#asked.delete(frame.ref);
      this.#channel.postMessage({ to: asked.from, frame: { ...frame, ref: asked.ref } });
    } else if (!NOT_FOR_ALL.test(frame.type)) {
      this.#channel.postMessage({ frame });
    }
    return Boolean(asked);
  }

  // Private

  #request(options, callback) {
    // It rejects when the page goes, or when another took the lock.
    navigator.locks.request(this.#name, options, callback).catch(() => {
      if (!this.#leads || this.#signal.aborted) return;
      this.#leads = false;
      this.#request({ signal: this.#signal }, () => this.#lead());
      this.#restart();
    });
  }

  #lead() {
    this.#leads = true;
    this.#restart();
    return this.#untilGone();
  }

  #untilGone() {
    return new Promise((resolve) => this.#signal.addEventListener("abort", resolve));
  }

  #restart() {
    this.#connection.stop();
    this.#connection.start();
  }

  #tellState({ state, sessionEnded }) {
    this.#asked.clear();
    this.#channel.postMessage({ state, sessionEnded });
  }

  #heard(data) {
    if (!this.#leads) {
      this.#unanswered = 0;
      this.#follower?.heard(data);
    } else if (data.join && this.#connection.live) {
      this.#channel.postMessage({ to: data.join, state: "live" });
    } else if (data.join) {
      this.#channel.postMessage({ to: data.join, state: "connecting" });
    } else if (data.command) {
      this.#command(data);
    }
  }

  #command({ from, command }) {
    if (command.type === "ping") {
      if (this.#connection.live) this.#channel.postMessage({ to: from, frame: { type: "pong" } });
      return;
    }
    if (command.ref === undefined || command.ref === null) return this.#connection.send(command);
    const ref = newId();
    this.#asked.set(ref, { from, ref: command.ref });
    this.#connection.send({ ...command, ref });
  }
}

// With the same face as Socket.
class Follower {
  static transport = "websocket";
  static answerMaxMs = 10_000; // After a ping, as of a socket.

  #channel;
  #id;
  #cursor;
  #listeners;
  #early = null; // frames that came while it catches up; null before and after
  #isOpen = false;
  #closing = new AbortController();

  constructor(channel, id, cursor, listeners) {
    this.#channel = channel;
    this.#id = id;
    this.#cursor = cursor;
    this.#listeners = listeners;
    channel.postMessage({ join: id });
  }

  send(command) {
    this.#channel.postMessage({ from: this.#id, command });
  }

  close() {
    this.#closing.abort();
  }

  heard({ to, state, sessionEnded, frame }) {
    if (this.#closing.signal.aborted || (to && to !== this.#id)) return;
    if (frame) this.#came(frame);
    else if (state === "live") this.#open();
    else if (state === "ended") this.#listeners.onClose(sessionEnded ? 4401 : 4400);
    else if (state && (this.#isOpen || this.#early)) this.#listeners.onClose();
  }

  #came(frame) {
    if (this.#isOpen) this.#listeners.onFrame(frame);
    else this.#early?.push(frame);
  }

  // From here on everything comes; what came since its cursor is asked for.
  async #open() {
    if (this.#early || this.#isOpen) return;
    this.#early = [];
    const { signal } = this.#closing;
    const { onFrame, onClose } = this.#listeners;
    try {
      const query = new URLSearchParams({ cursor: this.#cursor, render: "html" });
      const until = AbortSignal.any([signal, AbortSignal.timeout(CATCH_UP_MS)]);
      const { cursor, reset, events } = await get(`/api/changes?${query}`, { signal: until });
      if (signal.aborted) return;
      this.#isOpen = true;
      const first = reset ? [{ type: "reset" }] : events;
      const ready = { type: "ready", cursor, server_time: new Date().toISOString(), expires_at: null };
      for (const frame of [ready, ...first, ...this.#early]) onFrame(frame);
      this.#early = null;
    } catch {
      if (!signal.aborted) onClose();
    }
  }
}

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36)).join("");
}
