// What draws the reader here: the count in title and icon, a notice within the page, a notification of
// the system, a sound. Of several tabs one speaks; a muted conversation is silent.

import { setting } from "./settings.js";
import { toast } from "./toasts.js";

const SPEAKER_LOCK = "webchat-speaker"; // held by the one tab that speaks
const EYES_LOCK = "webchat-eyes"; // shared by the tabs that somebody looks at
const SOUND_REST_MS = 1_500; // A burst is one sound.
const TEXT_MAX = 140;

export class Alerts {
  #title = document.title;
  #unread = 0;
  #icon = document.querySelector("link[rel=icon]");
  #plainIcon = this.#icon.href;
  #open;
  #speaks = !navigator.locks;
  #leaveEyes = null;
  #soundedAt = 0;
  #audio = null;

  // Lifecycle

  // `open(conversationId)` leads to a conversation; `onTurn()` is called when it is this tab's turn to speak.
  constructor({ open, onTurn, signal }) {
    this.#open = open;
    if (!navigator.locks) return;
    const untilGone = new Promise((resolve) => signal.addEventListener("abort", resolve));
    navigator.locks.request(SPEAKER_LOCK, { signal }, () => {
      this.#speaks = true;
      onTurn();
      return untilGone;
    }).catch(() => {}); // The page is gone before its turn.
    for (const type of ["focus", "blur"]) window.addEventListener(type, () => this.#look(), { signal });
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    signal.addEventListener("abort", () => this.#leaveEyes?.());
    this.#look();
  }

  // Actions

  get speaks() {
    return this.#speaks;
  }

  nameTitle(title) {
    this.#title = title;
    this.#show();
  }

  count(unread) {
    this.#unread = unread;
    this.#show();
  }

  // A message of somebody else that the reader does not see.
  // `isBeforeEyes`: the list or the conversation shows it, so that a notice would say it twice.
  async messageCame(message, title, isBeforeEyes) {
    const text = shorten(message.body ?? "");
    const name = message.sender_name ?? "Someone";
    const head = title && title !== name ? `${name} in ${title}` : name;
    const isLookedAt = document.hasFocus() && !document.hidden;
    if (isLookedAt && !isBeforeEyes) {
      toast(text, { title: head, action: "Open", onAction: () => this.#open(message.conversation_id) });
    }
    if (!this.#speaks) return;
    this.#sound();
    if (!isLookedAt && !await anybodyLooks()) this.#notify(message, head, text);
  }

  // Private

  #show() {
    document.title = this.#unread ? `(${this.#unread > 99 ? "99+" : this.#unread}) ${this.#title}` : this.#title;
    this.#icon.href = this.#unread ? this.#plainIcon.replace("icon.svg", "icon-unread.svg") : this.#plainIcon;
    if (this.#unread) navigator.setAppBadge?.(this.#unread).catch(() => {});
    else navigator.clearAppBadge?.().catch(() => {});
  }

  #notify({ conversation_id: conversationId }, head, text) {
    if (!setting("notify") || window.Notification?.permission !== "granted") return;
    try {
      const notification = new Notification(head, { body: text, tag: conversationId, renotify: true, silent: true, icon: this.#plainIcon });
      notification.addEventListener("click", () => {
        window.focus();
        notification.close();
        this.#open(conversationId);
      });
    } catch {
      // Phones' browsers want a service worker for it.
    }
  }

  // Two soft notes. Browsers let nothing sound before the first click on a page.
  #sound() {
    if (!setting("sound") || Date.now() - this.#soundedAt < SOUND_REST_MS || !navigator.userActivation?.hasBeenActive) return;
    this.#soundedAt = Date.now();
    this.#audio ??= new AudioContext();
    const { currentTime: now, destination } = this.#audio;
    [[660, 0], [880, 0.09]].forEach(([frequency, delay]) => {
      const tone = new OscillatorNode(this.#audio, { frequency });
      const volume = new GainNode(this.#audio, { gain: 0 });
      volume.gain.setValueAtTime(0, now + delay);
      volume.gain.linearRampToValueAtTime(0.08, now + delay + 0.01);
      volume.gain.exponentialRampToValueAtTime(0.0001, now + delay + 0.35);
      tone.connect(volume).connect(destination);
      tone.start(now + delay);
      tone.stop(now + delay + 0.4);
    });
  }

  #look() {
    const looks = document.hasFocus() && !document.hidden;
    if (!looks) {
      this.#leaveEyes?.();
      this.#leaveEyes = null;
    } else if (!this.#leaveEyes) {
      const untilAway = new Promise((resolve) => this.#leaveEyes = resolve);
      navigator.locks.request(EYES_LOCK, { mode: "shared" }, () => untilAway);
    }
  }
}

async function anybodyLooks() {
  const { held = [] } = await navigator.locks?.query() ?? {};
  return held.some(({ name }) => name === EYES_LOCK);
}

function shorten(text) {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}
