// Plays the voices and the audio of a conversation, one at a time. The sound is not in the page, so that it goes on while
// its message is rendered anew or scrolled away; each message shows where it is and moves it.

import { lengthOf } from "./media.js";
import { tr } from "./words.js";

const SPEEDS = [1, 1.5, 2];
const STEP_S = 5; // By an arrow key; by a page key
const PAGE_STEP_S = 15; // so much.
const BEYOND_S = 1e7; // Later than any end.

let speed = SPEEDS[0]; // For all, until the page goes.

export class Player {
  #list;
  #audio = new Audio();
  #place = null; // { messageId, mediaId } of what plays, or stands still within
  #start = 0; // the part, 0 to 1, where it begins once its length is known
  #measuring = false;
  #isWanted = false; // to be heard
  #drag = null; // { track, part }
  #frame = 0;

  // Lifecycle

  constructor(list, { signal }) {
    this.#list = list;
    const on = (target, type, handle) => target.addEventListener(type, handle, { signal });
    on(list, "click", ({ target }) => this.#clicked(target));
    on(list, "keydown", (event) => this.#keydown(event));
    on(list, "pointerdown", (event) => this.#grab(event));
    on(list, "pointermove", (event) => this.#drag && this.#pull(event));
    on(list, "pointerup", () => this.#drop());
    on(list, "pointercancel", () => this.#letGo());
    const audio = this.#audio;
    audio.preload = "auto";
    on(audio, "loadedmetadata", () => this.#measure());
    on(audio, "durationchange", () => this.#measured());
    for (const type of ["play", "pause", "waiting", "playing", "seeked", "timeupdate"]) on(audio, type, () => this.#show());
    on(audio, "ended", () => this.#ended());
    on(audio, "error", () => this.#failed());
    signal.addEventListener("abort", () => {
      cancelAnimationFrame(this.#frame);
      this.#leave();
    });
  }

  // Private

  // Of what plays; null while its message is not in the page.
  get #player() {
    if (!this.#place) return null;
    const { messageId, mediaId } = this.#place;
    return document.getElementById(messageId)?.querySelector(`.player[data-media-id="${CSS.escape(mediaId)}"]`) ?? null;
  }

  #clicked(target) {
    const player = target.closest(".player");
    if (!player) return;
    if (target.closest(".player__play")) this.#toggle(player);
    else if (target.closest(".player__speed")) this.#hasten();
  }

  #toggle(player) {
    if (player === this.#player && this.#isWanted) return this.#pause();
    this.#take(player);
    this.#play();
  }

  #play() {
    this.#isWanted = true;
    this.#audio.playbackRate = speed;
    this.#audio.play().catch(({ name }) => name === "NotAllowedError" && this.#pause()); // Others come as an error.
    this.#show();
  }

  #pause() {
    this.#isWanted = false;
    this.#audio.pause();
    this.#show();
  }

  #take(player) {
    if (player === this.#player && !this.#audio.error) return;
    this.#leave();
    this.#place = { messageId: player.closest(".message").id, mediaId: player.dataset.mediaId };
    this.#start = 0;
    player.dataset.begun = "";
    player.querySelector(".player__failure")?.classList.remove("player__failure");
    this.#audio.src = `/api/media/${player.dataset.mediaId}`;
    this.#audio.defaultPlaybackRate = this.#audio.playbackRate = speed;
  }

  // As it was before it was heard.
  #leave() {
    const player = this.#player;
    this.#isWanted = false;
    this.#measuring = false;
    this.#audio.pause();
    this.#place = null;
    if (!player) return;
    for (const name of ["begun", "playing", "waiting"]) delete player.dataset[name];
    player.querySelector(".player__play").ariaLabel = tr("Play");
    draw(player, 0, lengthOfPlayer(player));
  }

  // What a browser has recorded says nothing of its length, until its end was looked for.
  #measure() {
    if (this.#audio.duration !== Infinity) return this.#begin();
    this.#measuring = true;
    this.#audio.muted = true;
    this.#audio.currentTime = BEYOND_S;
  }

  #measured() {
    if (!this.#measuring || !Number.isFinite(this.#audio.duration)) return;
    this.#measuring = false;
    this.#audio.muted = false;
    this.#audio.currentTime = 0;
    this.#begin();
    if (this.#isWanted) this.#play();
  }

  #begin() {
    if (this.#start > 0) this.#audio.currentTime = this.#start * this.#length;
    this.#start = 0;
    this.#show();
  }

  get #length() {
    const { duration } = this.#audio;
    return Number.isFinite(duration) ? duration : lengthOfPlayer(this.#player);
  }

  get #isReady() {
    return this.#audio.readyState >= HTMLMediaElement.HAVE_METADATA && !this.#measuring;
  }

  // To a part of it, from 0 to 1. What was not heard yet stands still there.
  #seek(player, part) {
    this.#take(player);
    if (this.#isReady) this.#audio.currentTime = Math.min(part, 0.999) * this.#length; // The very end would be over.
    else this.#start = part;
    this.#show();
  }

  #ended() {
    if (this.#measuring) return;
    const player = this.#player;
    this.#leave();
    // Voices that were sent in a row are heard in a row.
    const next = player?.closest(".message").nextElementSibling?.querySelector(".player--voice");
    if (next && player.matches(".player--voice")) this.#toggle(next);
  }

  #failed() {
    const player = this.#player;
    if (!player || !this.#audio.hasAttribute("src")) return;
    this.#leave();
    const time = player.querySelector(".player__time");
    time.classList.add("player__failure");
    time.textContent = tr("Could not be played");
  }

  #hasten() {
    speed = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length];
    this.#audio.defaultPlaybackRate = this.#audio.playbackRate = speed;
    this.#show();
  }

  // By hand

  #grab({ target, button, clientX }) {
    const track = target.closest(".player__track");
    if (!track || button !== 0) return;
    this.#drag = { track, part: 0 };
    this.#pull({ clientX });
  }

  #pull({ clientX, pointerId }) {
    const { track } = this.#drag;
    if (pointerId !== undefined && !track.hasPointerCapture(pointerId)) track.setPointerCapture(pointerId);
    const { left, width } = track.getBoundingClientRect();
    this.#drag.part = Math.min(1, Math.max(0, (clientX - left) / width));
    const player = track.closest(".player");
    const length = player === this.#player ? this.#length : lengthOfPlayer(player);
    draw(player, this.#drag.part * length, length);
  }

  #drop() {
    if (!this.#drag) return;
    const { track, part } = this.#drag;
    this.#drag = null;
    this.#seek(track.closest(".player"), part);
  }

  // The finger scrolls the page.
  #letGo() {
    const player = this.#drag?.track.closest(".player");
    this.#drag = null;
    if (player && player !== this.#player) draw(player, 0, lengthOfPlayer(player));
    this.#show();
  }

  #keydown(event) {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    const player = target.closest(".player__track")?.closest(".player");
    if (!player || ctrlKey || metaKey || altKey) return;
    const isCurrent = player === this.#player;
    const length = (isCurrent ? this.#length : lengthOfPlayer(player)) || 1;
    const at = !isCurrent ? 0 : this.#isReady ? this.#audio.currentTime : this.#start * length;
    const to = {
      ArrowRight: at + STEP_S, ArrowUp: at + STEP_S, ArrowLeft: at - STEP_S, ArrowDown: at - STEP_S,
      PageUp: at + PAGE_STEP_S, PageDown: at - PAGE_STEP_S, Home: 0, End: length,
    }[key];
    if (to !== undefined) this.#seek(player, Math.min(1, Math.max(0, to / length)));
    else if (key === " " || key === "Enter") this.#toggle(player);
    else return;
    event.preventDefault();
    event.stopPropagation(); // The messages have the same keys.
  }

  // In the page

  #show() {
    const player = this.#player;
    // Scrolled away it plays on; deleted it is silent.
    if (!player && this.#place && document.getElementById(this.#place.messageId)) return this.#leave();
    if (!player || this.#measuring) return;
    const { dataset } = player;
    const { paused, readyState, currentTime } = this.#audio;
    dataset.begun = "";
    toggle(dataset, "playing", this.#isWanted);
    toggle(dataset, "waiting", this.#isWanted && readyState < HTMLMediaElement.HAVE_FUTURE_DATA);
    player.querySelector(".player__play").ariaLabel = this.#isWanted ? tr("Pause") : tr("Play");
    const button = player.querySelector(".player__speed");
    button.textContent = `${speed}×`;
    button.ariaLabel = tr("Speed {speed}×", { speed });
    if (!this.#drag) draw(player, this.#isReady ? currentTime : this.#start * this.#length, this.#length);
    if (!paused && !this.#frame) this.#frame = requestAnimationFrame(() => this.#follow());
  }

  // What is said four times a second would jump.
  #follow() {
    this.#frame = 0;
    const player = this.#player;
    if (!player || this.#audio.paused) return;
    if (!this.#drag && this.#isReady && this.#length) heard(player, this.#audio.currentTime / this.#length);
    this.#frame = requestAnimationFrame(() => this.#follow());
  }
}

function lengthOfPlayer(player) {
  return Number(player?.dataset.durationMs ?? 0) / 1000;
}

function draw(player, at, length) {
  const track = player.querySelector(".player__track");
  const isBegun = player.dataset.begun !== undefined || at > 0;
  heard(player, length ? at / length : 0);
  track.ariaValueNow = String(Math.round(at));
  track.ariaValueMax = String(Math.round(length));
  track.ariaValueText = length ? tr("{now} of {length}", { now: lengthOf(at), length: lengthOf(length) }) : lengthOf(at);
  player.querySelector(".player__time").textContent = isBegun ? lengthOf(at) : length ? lengthOf(length) : "";
}

// What was heard is drawn over the same, up to there.
function heard(player, part) {
  const track = player.querySelector(".player__track");
  if (!track.querySelector(".player__heard")) {
    const over = track.firstElementChild.cloneNode(true);
    over.classList.add("player__heard");
    track.append(over);
  }
  track.style.setProperty("--heard", `${(100 * part).toFixed(2)}%`);
}

function toggle(dataset, name, is) {
  if (is) dataset[name] = "";
  else delete dataset[name];
}
