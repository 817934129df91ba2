// One event stream with commands posted beside it, used once, with the same face as Socket. For
// networks where a WebSocket does not get through.

const POST_TIMEOUT_MS = 15_000; // A post that hangs holds back those behind it.

export class Stream {
  static transport = "stream";
  static answerMaxMs = 20_000; // After a ping: the server's beat comes every 15 s.

  #source;
  #closing = new AbortController();
  #onFrame;
  #onClose;
  #posts = Promise.resolve();

  constructor(cursor, { onFrame, onClose }) {
    this.#onFrame = onFrame;
    this.#onClose = onClose;
    this.#source = new EventSource(`/sse?${new URLSearchParams({ cursor, render: "html" })}`);
    const { signal } = this.#closing;
    this.#source.addEventListener("message", ({ data }) => onFrame(JSON.parse(data)), { signal });
    // EventSource would come back by itself, but by its own clock and without telling why it fell.
    this.#source.addEventListener("error", () => onClose(), { signal });
  }

  // One post at a time, so commands arrive in the order in which they were given.
  send(frame) {
    // A posted ping would tell that posts get through. That the stream does, its beat tells.
    if (frame.type === "ping") return;
    this.#posts = this.#posts.then(() => this.#post(frame));
  }

  close() {
    this.#closing.abort();
    this.#source.close();
  }

  // Private

  async #post(frame) {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    try {
      const response = await fetch("/api/commands", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(frame),
        signal: AbortSignal.any([signal, AbortSignal.timeout(POST_TIMEOUT_MS)]),
      });
      const answer = await response.json().catch(() => null);
      if (!signal.aborted) this.#onFrame(asFrame(answer, response, frame.ref));
    } catch {
      if (!signal.aborted) this.#onClose();
    }
  }
}

// A proxy's or a limit's refusal is no frame, and some commands have nothing to answer.
function asFrame(answer, response, ref) {
  if (answer?.type === "ack" || answer?.type === "error") return answer;
  if (response.ok) return { type: "ack", ref };
  const { code, detail, title } = answer ?? {};
  return { type: "error", ref, status: response.status, code, detail: detail ?? title };
}
