// One WebSocket, used once: frames in, frames out, one call of `onClose` when it ends by itself.

export class Socket {
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
  }

  send(frame) {
    this.#socket.send(JSON.stringify(frame));
  }

  close() {
    this.#listening.abort();
    this.#socket.close();
  }
}
