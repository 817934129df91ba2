// Calls: what rings for the reader, what this tab is in, and what one does about it. Fetched with the first call, or when one
// first asks for something of the kind; it lives as long as the page.
//
// The server says what is true: every change comes as an event, and this only shows it. Who is in a call is so by one tab,
// which has a name of its own (`call_device.js`).

import { get, part, post } from "./api.js";
import { blockedIds } from "./block.js";
import { CallBar } from "./call_bar.js";
import { deviceName, isGone } from "./call_device.js";
import { CallMedia, NOTICE } from "./call_media.js";
import { Ring } from "./call_ring.js";
import { parse } from "./fragment.js";
import { loadStylesheet } from "./stylesheet.js";
import { toast } from "./toasts.js";
import { isSpeaker } from "./turns.js";
import { tr, trCount } from "./words.js";

const GONE_AFTER_MS = 5_000; // A reload takes less.
const ENDED_SHOWN_MS = 6_000; // Long enough to be read.
const ENDINGS = { missed: tr("No answer"), declined: tr("Declined"), busy: tr("Busy") };

let calls = null; // a promise

// `session` is what the page's parts share (see app.js).
export function callsOf(session) {
  return calls ??= begin(session).catch((error) => {
    calls = null; // The next who asks tries again.
    throw error;
  });
}

// An event of a call, in the order in which they come.
export async function heard(frame, session) {
  try {
    (await callsOf(session)).heard(frame);
  } catch (error) {
    console.warn("A call can not be shown", error); // It comes again with the next connection.
  }
}

async function begin(session) {
  const [tools, device, blocked] = await Promise.all([part("/call"), deviceName(), blockedIds(session), loadStylesheet("calls.css")]);
  return new Calls(parse(tools), { device, blocked }, session);
}

class Calls {
  #session;
  #device;
  #ring;
  #bar;
  #log;
  #calls = new Map(); // id → as the server describes it
  #ignored = new Set();
  #blocked; // whom the reader blocks: in groups, where they can call, nothing of theirs rings
  #told = new Set(); // what the page has said by itself
  #watched = new Set(); // of the calls that another tab is in
  #places = new Map(); // id of a conversation that the list does not have → { kind, title }
  #joined = null; // { id, media } of the call that this tab is in
  #ended = null; // { call, timer } of the call that it was in, while that is told

  // Lifecycle

  constructor(tools, { device, blocked }, session) {
    this.#session = session;
    this.#device = device;
    this.#blocked = blocked;
    this.#log = tools.querySelector(".calls");
    this.#bar = new CallBar(tools.querySelector(".call-bar"));
    this.#ring = new Ring(tools.querySelector(".ring"));
    this.#ring.addEventListener("answer", ({ detail: id }) => this.#answer(id));
    this.#ring.addEventListener("decline", ({ detail: id }) => this.#act(id, "decline"));
    this.#ring.addEventListener("ignore", ({ detail: id }) => this.#ignore(id));
    this.#bar.addEventListener("leave", () => this.#leave());
    this.#bar.addEventListener("join", () => this.#answer(this.#joinable.id));
    this.#bar.addEventListener("again", () => {
      const { conversation_id: id, media } = this.#ended.call;
      this.call(id, media);
    });
    this.#bar.addEventListener("close", () => this.#forgetEnded());
    const { connection, navigation } = session;
    connection.addEventListener("frame:signal", ({ detail }) => {
      if (detail.call_id === this.#joined?.id) this.#joined.media.heard(detail);
    });
    navigation.addEventListener("arrive", () => this.#show());
    this.#show();
  }

  // Actions

  heard({ type, call, call_id: id }) {
    if (type === "call_ignored") this.#ignored.add(id);
    else this.#take(call);
    this.#show();
  }

  // Calls the others of a conversation.
  async call(conversationId, media) {
    if (this.#joined) return toast(tr("You are in a call already."));
    this.#forgetEnded();
    await this.#ask(`/api/conversations/${conversationId}/calls`, { media, device: this.#device });
  }

  // The calls of a conversation, or all of one's own.
  async openLog(conversationId) {
    const { openLog } = await import("./call_log.js");
    openLog(this.#log, { conversationId, call: (id, media) => this.call(id, media) });
  }

  // Private

  get #userId() {
    return this.#session.user.id;
  }

  get #running() {
    return Array.from(this.#calls.values()).filter((call) => call.state !== "ended");
  }

  // One that runs in the conversation that is open, and that one can get into.
  get #joinable() {
    const { conversationId } = document.querySelector("main.pane").dataset;
    return this.#running.find((call) => call.conversation_id === conversationId && call.state === "active"
      && this.#ownState(call) !== "joined");
  }

  #own(call) {
    return call.participants.find(({ user_id: id }) => id === this.#userId);
  }

  #ownState(call) {
    return this.#own(call)?.state;
  }

  #isIn(call) {
    const own = this.#own(call);
    return own?.state === "joined" && own.device === this.#device;
  }

  // Of two descriptions the one with the higher revision is the newer.
  #take(call) {
    if (call.revision <= this.#calls.get(call.id)?.revision) return;
    if (this.#blocked.has(call.created_by)) this.#ignored.add(call.id);
    const wasIn = this.#joined?.id === call.id;
    this.#calls.set(call.id, call);
    if (this.#isInElsewhere(call)) this.#watch(call.id);
    const isIn = call.state !== "ended" && this.#isIn(call);
    if (isIn && !wasIn) this.#join(call);
    if (wasIn && !isIn) this.#part(call);
    if (isIn) this.#joined.media.update(call);
  }

  // Whether the reader is in it by another device.
  #isInElsewhere(call) {
    return call.state !== "ended" && this.#ownState(call) === "joined" && !this.#isIn(call);
  }

  // A tab that was closed says nothing: another one of the browser hangs up for it.
  #watch(id) {
    if (this.#watched.has(id)) return;
    this.#watched.add(id);
    setTimeout(async () => {
      this.#watched.delete(id);
      const call = this.#calls.get(id);
      if (!this.#isInElsewhere(call)) return;
      if (isSpeaker() && await isGone(this.#own(call).device)) this.#tell(id, call.state === "active" ? "hangup" : "cancel");
      this.#watch(id);
    }, GONE_AFTER_MS);
  }

  #join(call) {
    const { connection } = this.#session;
    const signal = (to, data) => connection.send({ type: "signal", call_id: call.id, to, data });
    this.#forgetEnded();
    this.#joined = { id: call.id, media: new CallMedia({ call, userId: this.#userId, signal }) };
  }

  #part(call) {
    this.#joined.media.end();
    this.#joined = null;
    const isToldOf = call.created_by === this.#userId && call.end_reason in ENDINGS;
    if (isToldOf) this.#ended = { call, timer: setTimeout(() => this.#forgetEnded(), ENDED_SHOWN_MS) };
  }

  #forgetEnded() {
    clearTimeout(this.#ended?.timer);
    this.#ended = null;
    this.#show();
  }

  #show() {
    this.#showRing();
    this.#showBar();
  }

  #showRing() {
    const incoming = this.#running.filter((call) => ["called", "ringing"].includes(this.#ownState(call)) && !this.#ignored.has(call.id));
    if (this.#joined) {
      // Who talks is not rung.
      for (const { id } of incoming) this.#tell(id, "busy");
      return this.#ring.hide();
    }
    const [call] = incoming;
    if (!call) return this.#ring.hide();
    const { name, isDirect } = this.#place(call);
    const caller = call.participants.find(({ user_id: id }) => id === call.created_by);
    const isVideo = call.media === "video";
    const kind = isVideo ? tr("Video call") : tr("Voice call");
    this.#ring.show({ id: call.id, name: caller.user_name, what: isDirect ? kind : isVideo ? tr("Video call in {place}", { place: name }) : tr("Voice call in {place}", { place: name }), isVideo });
    if (this.#ownState(call) === "called" && isSpeaker()) this.#tell(call.id, "response");
  }

  #showBar() {
    const call = this.#calls.get(this.#joined?.id) ?? this.#ended?.call ?? this.#joinable;
    if (!call) return this.#bar.hide();
    const { name } = this.#place(call);
    const [isActive, isEnded] = [call.state === "active", call.state === "ended"];
    const isIn = call.id === this.#joined?.id;
    const inCall = call.participants.filter(({ state }) => state === "joined").length;
    const about = { name, href: `/c/${call.conversation_id}`, isVideo: call.media === "video" };
    if (isEnded) this.#bar.show({ ...about, state: ENDINGS[call.end_reason], deeds: { again: tr("Call again"), close: null } });
    else if (!isIn) this.#bar.show({ ...about, state: trCount("{n} in a call", "{n} in a call", inCall), deeds: { join: tr("Join") } });
    else if (isActive) {
      const state = call.participants.length > 2 ? trCount("{n} in the call", "{n} in the call", inCall) : tr("In the call");
      this.#bar.show({ ...about, state, since: Date.parse(call.answered_at), notice: NOTICE, deeds: { leave: tr("Hang up") } });
    } else {
      const rings = call.participants.some(({ state }) => state === "ringing");
      this.#bar.show({ ...about, state: rings ? tr("Ringing…") : tr("Calling…"), deeds: { leave: tr("Cancel") } });
    }
  }

  // What the reader calls the conversation of a call.
  #place({ conversation_id: id, participants }) {
    const entry = document.querySelector(`.conversation[data-conversation-id="${CSS.escape(id)}"]`);
    const others = participants.filter(({ user_id: other }) => other !== this.#userId).map(({ user_name: name }) => name);
    const place = entry ? { kind: entry.dataset.kind, title: entry.querySelector(".conversation__title").textContent } : this.#places.get(id);
    if (!entry && !this.#places.has(id)) this.#learn(id);
    return { name: place?.title ?? others.join(", "), isDirect: place ? place.kind === "direct" : others.length === 1 };
  }

  // One that is older than those that the list has, or too new.
  async #learn(id) {
    this.#places.set(id, null); // Once.
    this.#places.set(id, await get(`/api/conversations/${id}`).catch(() => null));
    this.#show();
  }

  async #answer(id) {
    const { conversation_id: conversationId } = this.#calls.get(id);
    const path = `/c/${conversationId}`;
    const isHere = document.querySelector("main.pane").dataset.conversationId === conversationId;
    if (await this.#act(id, "answer") && !isHere) this.#session.navigation.go(path);
  }

  #leave() {
    const { id } = this.#joined;
    this.#act(id, this.#calls.get(id).state === "active" ? "hangup" : "cancel");
  }

  // At once, since nobody else has to agree; the other devices hear of it.
  #ignore(id) {
    this.#ignored.add(id);
    this.#show();
    this.#tell(id, "ignore");
  }

  #act(id, action) {
    return this.#ask(`/api/calls/${id}/${action}`, { device: this.#device });
  }

  // What the page says by itself, once: nobody has to hear that it came too late.
  #tell(id, action) {
    const deed = `${action} ${id}`;
    if (this.#told.has(deed)) return;
    this.#told.add(deed);
    // As a frame it is refused without a word in the console.
    if (!this.#session.connection.send({ type: "call", action, call_id: id })) post(`/api/calls/${id}/${action}`).catch(() => {});
  }

  // Whether it was done.
  async #ask(path, body) {
    try {
      this.#take(await post(path, body));
      return true;
    } catch (error) {
      toast(error.message);
      return false;
    } finally {
      this.#show();
    }
  }
}
