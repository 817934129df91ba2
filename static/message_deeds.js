// What one does to messages of the open conversation: answers, changes, copies and deletes them.

import { get, post, remove } from "./api.js";
import { copy } from "./clipboard.js";
import { bodyOf, excerptOf } from "./dress.js";
import { MessageActions } from "./message_actions.js";
import { toast } from "./toasts.js";

export class MessageDeeds {
  #pane;
  #session;
  #timeline;
  #composer;
  #signal;

  // Lifecycle

  constructor(pane, { session, timeline, composer, signal }) {
    this.#pane = pane;
    this.#session = session;
    this.#timeline = timeline;
    this.#composer = composer;
    this.#signal = signal;
    const actions = new MessageActions(pane.querySelector(".timeline"), { allows: (action, item) => this.#allows(action, item), signal });
    actions.addEventListener("action", ({ detail }) => this.#act(detail), { signal });
    const { connection } = session;
    connection.addEventListener("frame:hidden", ({ detail }) => this.#hidden(detail), { signal });
    connection.addEventListener("frame:error", ({ detail }) => this.#refused(detail), { signal });
    composer?.addEventListener("edit", ({ detail }) => this.#change(detail), { signal });
    composer?.addEventListener("last", () => this.#editLast(), { signal });
  }

  // Private

  // What this reader can do with a message.
  #allows(action, item) {
    const isOwn = item.dataset.sender === this.#session.user.id;
    const is = (kind) => item.classList.contains(`message--${kind}`);
    if (is("system") || is("pending")) return false;
    switch (action) {
      case "reply": return Boolean(this.#composer) && !is("deleted");
      case "edit": return isOwn && Boolean(this.#composer) && !is("deleted") && bodyOf(item) !== "";
      case "copy": return !is("deleted") && bodyOf(item) !== "";
      case "delete": return !is("deleted") && (isOwn || ["owner", "admin"].includes(this.#pane.dataset.role));
      default: return true;
    }
  }

  #act({ action, item }) {
    const { messageId: id } = item.dataset;
    switch (action) {
      case "reply": return this.#composer.reply({ id, name: item.querySelector(".message__sender").textContent, excerpt: excerptOf(item) });
      case "edit": return this.#edit(item);
      case "copy": return copy(bodyOf(item), "Copied.");
      case "link": return copy(item.querySelector(".message__link").href, "Link copied.");
      case "hide": return this.#hide(id);
      case "delete": return this.#delete(id);
    }
  }

  #edit(item) {
    this.#composer.edit({ id: item.dataset.messageId, body: bodyOf(item) });
  }

  #editLast() {
    const own = Array.from(this.#timeline.items).findLast((item) => this.#allows("edit", item));
    if (own) this.#edit(own);
  }

  #change({ id, body, before }) {
    if (!this.#command({ type: "edit", message_id: id, body })) this.#composer.edit({ id, body: before }, body);
  }

  async #hide(id) {
    try {
      await remove(`/api/messages/${id}?for=me`);
      toast("Deleted for you.", { action: "Undo", onAction: () => this.#unhide(id) });
    } catch (error) {
      toast(error.message);
    }
  }

  async #unhide(id) {
    await post(`/api/messages/${id}/restore?for=me`).catch((error) => toast(error.message));
  }

  async #delete(id) {
    if (await this.#session.confirm("Delete this message for everyone?", "Delete")) {
      this.#command({ type: "delete", message_id: id, for: "everyone" });
    }
  }

  #command(frame) {
    const isSent = this.#session.connection.send({ ...frame, ref: `command-${frame.message_id}` });
    if (!isSent) toast("You are not connected. Try again in a moment.");
    return isSent;
  }

  #refused({ ref, detail }) {
    if (String(ref).startsWith("command-")) toast(detail);
  }

  // Here, or in another tab.
  async #hidden({ conversation_id: conversationId, message_id: messageId, seq, hidden }) {
    if (conversationId !== this.#pane.dataset.conversationId) return;
    if (hidden) return this.#timeline.hide(messageId);
    this.#timeline.unhide(messageId);
    const query = new URLSearchParams({ around: seq, limit: 1, render: "html" });
    try {
      const { items } = await get(`/api/conversations/${conversationId}/messages?${query}`, { signal: this.#signal });
      for (const { html } of items) this.#timeline.show(html, { isTakenBack: true });
    } catch (error) {
      if (!this.#signal.aborted) toast(error.message);
    }
  }
}
