// The people of the group or room that is open, below its details: followed while it is, and what its owners and admins do
// about them. What one may not do is not there: the server renders it for its reader, and anew when something changes.

import { part, post, put, remove } from "./api.js";
import { copy } from "./clipboard.js";
import { parse } from "./fragment.js";
import { dressPresence } from "./presence.js";
import { loadStylesheet } from "./stylesheet.js";
import { toast } from "./toasts.js";
import { locale, tr, trCount } from "./words.js";

const REFRESH_DELAY_MS = 200; // Several people often come at once.
const SPREAD_MS = 2_000; // All who look at a room hear of it at once, and need not ask at once.
const LED = ["owner", "admin"];

export class Room {
  #pane;
  #session;
  #signal;
  #timer;
  #isGone = false;
  #isStale = false;
  #asked = 0; // times

  // Lifecycle

  constructor(pane, { session, signal }) {
    this.#pane = pane;
    this.#session = session;
    this.#signal = signal;
    const on = (type, handle) => session.connection.addEventListener(`frame:${type}`, ({ detail }) => handle(detail[type]), { signal });
    on("member", (member) => member.conversation_id === this.#id && this.#memberChanged(member));
    on("conversation", (conversation) => conversation.id === this.#id && this.#changed(conversation));
    on("user", ({ id }) => this.#find(`.request[data-user-id="${CSS.escape(id)}"]`) && this.refresh());
    this.#find(".details").addEventListener("click", (event) => this.#act(event), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    this.#find(".pane__details").addEventListener("click", () => this.#isStale && this.#load(), { signal });
    loadStylesheet("room.css");
    if (this.#leads) this.#load();
  }

  // Actions

  refresh() {
    clearTimeout(this.#timer);
    // Who leads sees who waits on the button; for others it is time when they look.
    const isShown = this.#find(".details").getClientRects().length > 0;
    this.#isStale = !isShown && !this.#leads;
    if (this.#isGone || this.#isStale) return;
    this.#timer = setTimeout(() => this.#load(), REFRESH_DELAY_MS + (this.#leads ? 0 : Math.random() * SPREAD_MS));
  }

  // Private

  get #id() {
    return this.#pane.dataset.conversationId;
  }

  get #leads() {
    return LED.includes(this.#pane.dataset.role);
  }

  get #path() {
    return `/api/conversations/${this.#id}`;
  }

  #find(selector) {
    return this.#pane.querySelector(selector);
  }

  async #load() {
    this.#isStale = false;
    const asked = this.#asked += 1;
    try {
      const room = parse(await part(`/c/${this.#id}/people`, { signal: this.#signal }));
      // Of two that are under way the later one knows more, whichever comes first.
      if (!this.#signal.aborted && asked === this.#asked) this.#place(room);
    } catch (error) {
      if (!this.#signal.aborted && error.status) console.warn("The people here are not fresh", error);
    }
  }

  // A menu that is open keeps what it is about, and the focus its place.
  #place(room) {
    const old = this.#find(".room");
    if (old.querySelector(":popover-open")) return this.refresh();
    const { deed, user } = document.activeElement?.dataset ?? {};
    const hadFocus = old.contains(document.activeElement);
    dressPresence(room);
    for (const time of room.querySelectorAll("time")) {
      time.textContent = new Date(time.dateTime).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
    }
    old.replaceWith(room);
    for (const place of this.#pane.querySelectorAll(":is(.pane__status, .details__status) bdi")) place.textContent = room.dataset.count;
    this.#pane.dataset.role = room.dataset.role;
    if (hadFocus) {
      const again = deed && Array.from(room.querySelectorAll("button")).find(({ dataset }) => dataset.deed === deed && dataset.user === user);
      (again ?? room.querySelector("button, a"))?.focus({ preventScroll: true });
    }
    this.#tellRequests(Number(room.dataset.requests));
  }

  #tellRequests(count) {
    const button = this.#find(".pane__details");
    if (count) button.dataset.count = count;
    else delete button.dataset.count;
    button.ariaLabel = count ? trCount("Details, {n} waiting to join", "Details, {n} waiting to join", count) : tr("Details");
  }

  #memberChanged(member) {
    // Who is out is led away in a moment, and may ask for nothing here.
    if (member.user_id === this.#session.user.id) {
      this.#isGone = member.state !== "active";
      this.#pane.dataset.role = member.role;
    }
    if (member.state === "pending") this.#session.announcer.say(tr("{name} asks to join.", { name: member.user_name }));
    this.refresh();
  }

  // What it is called and shows is renewed by names.js; what there is to write with comes and goes with the whole pane.
  #changed({ closed_at: closedAt }) {
    const isClosed = Boolean(this.#find(".composer--closed"));
    if (isClosed !== Boolean(closedAt)) this.#session.navigation.go(location.pathname, { replaces: true });
  }

  async #act({ target }) {
    const button = target.closest("[data-deed]");
    if (!button) return;
    button.closest("[popover]")?.hidePopover();
    try {
      await this.#do(button.dataset);
    } catch (error) {
      toast(error.message);
      this.refresh();
    }
  }

  async #do({ deed, user, role, name, token, dialog }) {
    const member = `${this.#path}/members/${user}`;
    const { confirm } = this.#session;
    switch (deed) {
      case "approve":
      case "deny":
        return post(`${member}/${deed}`);
      case "role":
        return put(member, { role });
      case "remove":
        return await confirm(tr("Remove {name}? They come back only when somebody adds them or lets them in.", { name }), tr("Remove")) && remove(member);
      case "copy":
        return copy(new URL(`/i/${token}`, location.href).href, tr("Link copied."));
      case "revoke":
        if (!await confirm(tr("Revoke this link? Nobody will come in by it any more."), tr("Revoke"))) return null;
        await remove(`/api/invites/${token}`);
        return this.#load();
      case "close":
        {
        const { title } = this.#pane.dataset;
        const question = tr("Close {title} for everyone? What was said stays, and nothing more can be said.", { title });
        return await confirm(question, tr("Close")) && remove(this.#path);
      }
      case "dialog": {
        const { openRoomDialog } = await import("./room_dialogs.js");
        return openRoomDialog(dialog, { id: this.#id, done: () => this.#load(), signal: this.#signal });
      }
      default:
        return null;
    }
  }
}

// Whoever is the last owner hands over first.
export async function leave(pane, { confirm, signal }) {
  const { conversationId: id, title } = pane.dataset;
  if (!await confirm(tr("Leave {title}?", { title }), tr("Leave"))) return;
  try {
    await remove(`/api/conversations/${id}/members/me`);
  } catch (error) {
    if (error.code !== "owner_must_hand_over") throw error;
    const { openRoomDialog } = await import("./room_dialogs.js");
    openRoomDialog("leave", { id, done: () => {}, signal });
  }
}
