// One WebSocket, used once: frames in, frames out, one call of `onClose` when it ends by itself.

const ABNORMAL = 1006; // What a close event says of a line that broke.

export class Socket {
  static transport = "websocket";
  static answerMaxMs = 10_000; // After a ping.

  #socket;
  #listening = new AbortController();

  constructor(cursor, { onFrame, onClose }) {
    const url = new URL(`/ws?${new URLSearchParams({ cursor, render: "html" })}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.#socket = new WebSocket(url);
    const { signal } = this.#listening;
    this.#socket.addEventListener("message", ({ data }) => onFrame(JSON.parse(data)), { signal });
    this.#socket.addEventListener("close", ({ code }) => onClose(code), { signal });
    // Where a policy forbids it, Chromium says no more than this.
    this.#socket.addEventListener("error", () => onClose(ABNORMAL), { signal });
  }

  send(frame) {
    this.#socket.send(JSON.stringify(frame));
  }

  close() {
    this.#listening.abort();
    this.#socket.close();
  }
}
