// One live connection for several frames of one page: the first of them leads, and the others hear and speak through it. The page
// around says who leads, since browsers refuse a frame whatever else it could be agreed by, locks among it. When the one that led is
// gone, another leads and connects by its own cursor, and the rest catch up by theirs, so nothing is lost with it.

import { get } from "./api.js";

const CATCH_UP_MS = 10_000; // What takes longer is begun anew.
const NOT_FOR_ALL = /^(ready|pong|beat|ack|error|going_away)$/;
const SESSION_ENDED = 4401; // As the server closes a socket whose session has ended,
const ENDED = 4400; // or that is not to come back.

export class SharedLine {
  #connection;
  #id = newId();
  #channel;
  #follower = null;
  #leads;
  #asked = new Map(); // ref as it is sent → { from, ref } of another frame's command

  // Lifecycle

  // `group` is a word that the frames of one page share.
  constructor(connection, { userId, group, leads, signal }) {
    this.#connection = connection;
    this.#leads = leads;
    this.#channel = new BroadcastChannel(`webchat-line:${userId}:${group}`);
    this.#channel.addEventListener("message", ({ data }) => this.#heard(data));
    connection.addEventListener("state", ({ detail }) => this.#leads && this.#tellState(detail), { signal });
    signal.addEventListener("abort", () => this.#channel.close());
  }

  // Actions

  // From now on, it is this frame that connects.
  lead() {
    if (this.#leads) return;
    this.#leads = true;
    this.#connection.stop();
    this.#connection.start();
  }

  // What a connection hears through, in place of a socket; null for who leads.
  follow(cursor, listeners) {
    if (this.#leads) return null;
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

  #tellState({ state, sessionEnded }) {
    this.#asked.clear();
    this.#channel.postMessage({ state, sessionEnded });
  }

  #heard(data) {
    if (!this.#leads) this.#follower?.heard(data);
    else if (!this.#connection.live) return; // Who asks hears when it is.
    else if (data.join) this.#channel.postMessage({ to: data.join, state: "live" });
    else if (data.command) this.#command(data);
  }

  #command({ from, command }) {
    if (command.type === "ping") {
      this.#channel.postMessage({ to: from, frame: { type: "pong" } });
    } else if (command.ref === undefined || command.ref === null) {
      this.#connection.send(command);
    } else {
      const ref = newId();
      this.#asked.set(ref, { from, ref: command.ref });
      this.#connection.send({ ...command, ref });
    }
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
    else if (state === "ended") this.#listeners.onClose(sessionEnded ? SESSION_ENDED : ENDED);
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
