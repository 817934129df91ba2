// What draws the reader to a message that came unseen: a notice within the page, a notification of the system,
// a sound. Of several tabs one speaks.

import { isBlocked } from "./block.js";
import { setting } from "./settings.js";
import { toast } from "./toasts.js";
import { isSpeaker } from "./turns.js";
import { tr } from "./words.js";

const SOUND_REST_MS = 1_500; // A burst is one sound.
const TEXT_MAX = 140;

let soundedAt = 0;
let audio = null;

// `title`: of the conversation, null where the sender says it all. `isBeforeEyes`: the list or the conversation
// shows the message, so that a notice would say it twice. `isHere`, `isAnywhere`: whether somebody looked at this
// tab, at any. `open()` leads to the message.
export async function alertTo(message, { title, isBeforeEyes, isHere, isAnywhere, open }) {
  if (isKeptOut(message) || await isBlocked(message.sender_id)) return;
  const text = shorten(message.body ?? "");
  const name = message.sender_name ?? tr("Someone");
  const head = title && title !== name ? tr("{name} in {place}", { name, place: title }) : name;
  const { conversation_id: key } = message;
  if (isHere && !isBeforeEyes) toast(text, { title: head, key, action: tr("Open"), onAction: open });
  if (!isSpeaker()) return;
  sound();
  if (!isAnywhere) notify(head, { body: text, tag: key }, open);
}

// In a page of another site that shows one conversation alone, the others are not there.
function isKeptOut({ conversation_id: id }) {
  return document.documentElement.dataset.alone !== undefined && document.querySelector("main.pane").dataset.conversationId !== id;
}

export function notify(head, options, open) {
  if (!setting("notify") || window.Notification?.permission !== "granted") return;
  const { href: icon } = document.querySelector("link[rel=icon]");
  try {
    const notification = new Notification(head, { ...options, renotify: true, silent: true, icon });
    notification.addEventListener("click", () => {
      window.focus();
      notification.close();
      open();
    });
  } catch {
    // Phones' browsers want a service worker for it.
  }
}

// Two soft notes.
function sound() {
  if (Date.now() - soundedAt >= SOUND_REST_MS && play([[660, 0], [880, 0.09]])) soundedAt = Date.now();
}

// Notes as [Hz, s after the first]; whether they sound. Browsers let nothing sound before the first click on a page.
export function play(notes) {
  if (!setting("sound") || !navigator.userActivation?.hasBeenActive) return false;
  audio ??= new AudioContext();
  const { currentTime: now, destination } = audio;
  notes.forEach(([frequency, delay]) => {
    const tone = new OscillatorNode(audio, { frequency });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.setValueAtTime(0, now + delay);
    volume.gain.linearRampToValueAtTime(0.08, now + delay + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.0001, now + delay + 0.35);
    tone.connect(volume).connect(destination);
    tone.start(now + delay);
    tone.stop(now + delay + 0.4);
  });
  return true;
}

function shorten(text) {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}
