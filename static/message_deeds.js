// What one does to messages of the open conversation: answers, changes, copies, pins, forwards and deletes them, reacts
// to them and asks about them. What is seldom wanted is fetched when it is.

import { get, inWords, post, put, remove } from "./api.js";
import { copy } from "./clipboard.js";
import { bodyOf, excerptOf } from "./dress.js";
import { Media } from "./media.js";
import { MessageActions } from "./message_actions.js";
import { Pins } from "./pins.js";
import { offerProfiles, openProfile } from "./profile_doors.js";
import { Reactions } from "./reactions.js";
import { wireSearch } from "./search_doors.js";
import { toast } from "./toasts.js";
import { tr } from "./words.js";

const MENTION_BEGINS = /(?:^|[^\p{L}\p{N}@_.])@/u; // Not in an address of mail.

let forward = null; // A promise of the dialog, which is one for the page.

export class MessageDeeds {
  #pane;
  #session;
  #timeline;
  #composer;
  #reactions;
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
    this.#reactions = new Reactions(pane, { timeline, userId: session.user.id, signal });
    pane.addEventListener("click", (event) => this.#call(event), { signal });
    wireSearch(pane, { open: session.open, timeline, signal });
    new Pins(pane, { connection, timeline, signal });
    new Media(pane, { timeline, signal });
    offerProfiles(pane, { session, signal });
    if (composer && pane.dataset.conversationId) this.#offerMentions(pane.querySelector(".composer__body"));
    composer?.addEventListener("edit", ({ detail }) => this.#change(detail), { signal });
    composer?.addEventListener("last", () => this.#editLast(), { signal });
  }

  // Private

  // What this reader can do with a message.
  #allows(action, item) {
    const isOwn = item.dataset.sender === this.#session.user.id;
    const is = (kind) => item.classList.contains(`message--${kind}`);
    if (is("system") || is("pending")) return false;
    const has = (part) => Boolean(item.querySelector(part));
    const leads = ["owner", "admin"].includes(this.#pane.dataset.role);
    const mayPin = !is("deleted") && (leads || this.#pane.dataset.kind !== "room");
    switch (action) {
      case "reply": return Boolean(this.#composer) && !is("deleted");
      case "edit": return isOwn && Boolean(this.#composer) && !is("deleted") && bodyOf(item) !== "";
      case "copy": return !is("deleted") && bodyOf(item) !== "";
      case "delete": return !is("deleted") && (isOwn || leads);
      case "pin": return mayPin && !has(".message__pinned");
      case "unpin": return mayPin && has(".message__pinned");
      case "react": case "pick": return Boolean(this.#composer) && !is("deleted");
      case "forward": case "info": return !is("deleted");
      case "profile": return !isOwn && !is("deleted");
      case "reactors": return has(".reaction");
      case "unpreview": return isOwn && has(".preview");
      case "restore": return leads && is("deleted");
      default: return true;
    }
  }

  // From the header, the details, or what a call left.
  async #call({ target }) {
    const button = target.closest("[data-call], .details__calls");
    if (!button) return;
    const { conversationId } = this.#pane.dataset;
    try {
      const calls = await (await import("./calls.js")).callsOf(this.#session);
      if (button.dataset.call) calls.call(conversationId, button.dataset.call);
      else calls.openLog(conversationId);
    } catch (error) {
      toast(error.message);
    }
  }

  #act({ action, item, emoji }) {
    const { messageId: id } = item.dataset;
    switch (action) {
      case "reply": return this.#composer.reply({ id, name: item.querySelector(".message__sender").textContent, excerpt: excerptOf(item) });
      case "edit": return this.#edit(item);
      case "copy": return copy(bodyOf(item), tr("Copied."));
      case "link": return copy(item.querySelector(".message__link").href, tr("Link copied."));
      case "hide": return this.#hide(id);
      case "delete": return this.#delete(item);
      case "react": return this.#reactions.toggle(item, emoji);
      case "pick": return this.#reactions.pick(item);
      case "reactors": return this.#tell(item, "reactions");
      case "info": return this.#tell(item);
      case "profile": return openProfile(item.dataset.sender, { session: this.#session, signal: this.#signal });
      case "forward": return this.#forward(id);
      case "pin": return this.#attempt(put(`/api/messages/${id}/pin`));
      case "unpin": return this.#attempt(remove(`/api/messages/${id}/pin`));
      case "unpreview": return this.#attempt(remove(`/api/messages/${id}/preview`));
      case "restore": return this.#attempt(post(`/api/messages/${id}/restore`));
    }
  }

  #edit(item) {
    const mentions = Array.from(item.querySelectorAll(".mention"), ({ dataset, textContent }) => ({ id: dataset.user, name: textContent.slice(1) }));
    this.#composer.edit({ id: item.dataset.messageId, body: bodyOf(item), mentions });
  }

  #editLast() {
    const own = Array.from(this.#timeline.items).findLast((item) => this.#allows("edit", item));
    if (own) this.#edit(own);
  }

  async #change({ id, body, before, mentions }) {
    const item = document.getElementById(`message-${id}`);
    const calls = mentions.length > 0 || Boolean(item?.querySelector(".mention"));
    try {
      // What else the message bears stays.
      const data = calls ? { ...(await get(`/api/messages/${id}`)).data, mentions } : null;
      if (this.#command({ type: "edit", message_id: id, body, data })) return;
    } catch (error) {
      toast(error.message);
    }
    this.#composer.edit({ id, body: before }, body);
  }

  // What everybody sees by the event; only a refusal has to be told.
  async #attempt(deed) {
    await deed.catch((error) => toast(error.message));
  }

  async #tell(item, only) {
    const { tellAbout } = await import("./info.js");
    tellAbout(item, { only, signal: this.#signal });
  }

  async #forward(id) {
    forward ??= import("./forward.js").then(({ Forward }) =>
      new Forward(document.querySelector(".forward"), { navigation: this.#session.navigation }));
    (await forward).open(id);
  }

  // With the first @ that could begin a name.
  #offerMentions(field) {
    const offer = async () => {
      if (!MENTION_BEGINS.test(field.value)) return;
      field.removeEventListener("input", offer);
      const { MentionCompletion } = await import("./mention_completion.js");
      if (this.#signal.aborted) return;
      new MentionCompletion(field, {
        conversationId: this.#pane.dataset.conversationId, userId: this.#session.user.id,
        onTake: (person) => this.#composer.mention({ id: person.id, name: person.name }), signal: this.#signal,
      });
    };
    field.addEventListener("input", offer, { signal: this.#signal });
  }

  async #hide(id) {
    try {
      await remove(`/api/messages/${id}?for=me`);
      toast(tr("Deleted for you."), { action: tr("Undo"), onAction: () => this.#unhide(id) });
    } catch (error) {
      toast(error.message);
    }
  }

  async #unhide(id) {
    await post(`/api/messages/${id}/restore?for=me`).catch((error) => toast(error.message));
  }

  async #delete({ dataset: { messageId: id } }) {
    if (!await this.#session.confirm(tr("Delete this message for everyone?"), tr("Delete"))) return;
    try {
      await remove(`/api/messages/${id}?for=everyone`);
      // Only who may restore it can think better of it.
      if (!["owner", "admin"].includes(this.#pane.dataset.role)) return;
      toast(tr("Deleted for everyone."), { action: tr("Undo"), onAction: () => this.#attempt(post(`/api/messages/${id}/restore`)) });
    } catch (error) {
      toast(error.message);
    }
  }

  #command(frame) {
    const isSent = this.#session.connection.send({ ...frame, ref: `command-${frame.message_id}` });
    if (!isSent) toast(tr("You are not connected. Try again in a moment."));
    return isSent;
  }

  #refused({ ref, detail }) {
    if (String(ref).startsWith("command-")) toast(inWords(detail));
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
