// A session of a host's token ends with it. Before it does, the page around is asked for a fresh one.

const AHEAD_MS = 60_000; // What the page around may take.
const AHEAD_PART = 0.2; // Of a token that lives shorter than that allows.
const TIMEOUT_MAX_MS = 2 ** 31 - 1; // What a timer can wait; longer, it rings at once.

export class TokenRenewal {
  #connection;
  #line;
  #timer = null;
  #aheadOfServerMs = 0; // this machine's clock
  #ref = null;
  #told = null; // the token that was sent last

  isAsking = false;

  constructor(connection, line, signal) {
    this.#connection = connection;
    this.#line = line;
    connection.addEventListener("frame:ready", ({ detail }) => {
      this.#aheadOfServerMs = Date.now() - Date.parse(detail.server_time);
      this.#schedule(detail.expires_at);
    }, { signal });
    connection.addEventListener("frame:ack", ({ detail }) => {
      if (detail.ref === this.#ref) this.#schedule(detail.expires_at);
    }, { signal });
    connection.addEventListener("frame:error", ({ detail }) => {
      if (this.#ref !== null && detail.ref === this.#ref) this.#ask("refused");
    }, { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  answer(token) {
    this.isAsking = false;
    if (!token || token === this.#told) return; // The server says when it is over.
    this.#told = token;
    this.#ref = `token-${Date.now()}`;
    this.#connection.send({ type: "authenticate", ref: this.#ref, token });
  }

  #schedule(expiresAt) {
    clearTimeout(this.#timer);
    this.#ref = null;
    if (!expiresAt) return;
    const leftMs = Date.parse(expiresAt) + this.#aheadOfServerMs - Date.now();
    const waitMs = leftMs - Math.min(AHEAD_MS, leftMs * AHEAD_PART);
    this.#timer = setTimeout(() => this.#ask("expires"), Math.min(Math.max(waitMs, 0), TIMEOUT_MAX_MS));
  }

  #ask(reason) {
    this.#ref = null;
    this.isAsking = true;
    this.#line.tell("token-needed", { reason });
  }
}
