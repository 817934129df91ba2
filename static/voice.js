// Records a voice message, in the place of the box to write in: a click begins and the buttons end it; a finger may
// hold the microphone instead, let go to send, or slide away to discard. It can be paused, and heard before it goes.

import { clone } from "./fragment.js";
import { loadStylesheet } from "./stylesheet.js";
import { tr } from "./words.js";

// AAC plays everywhere; where it can not be made, Opus does in every browser of the last two years, in one of these.
const FORMATS = ["audio/mp4;codecs=mp4a.40.2", "audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const ENDINGS = { mp4: "m4a", webm: "webm", ogg: "ogg" };
const BITS_PER_SECOND = 48_000; // Speech gains nothing from more.
const DURATION_MAX_MS = 600_000; // Ten minutes; what is longer is a file.
const PIECE_MS = 1_000;
const LEVEL_EVERY_MS = 50;
const LEVELS_MAX = 64; // As many bars as a message shows.
const ANNOUNCE_EVERY_MS = 3_000; // As typing.js.
const HOLD_MS = 500; // Who lets go earlier has tapped.
const SLIDE_PX = 96;
const BAR_PX = 3;
const REASONS = {
  NotAllowedError: tr("You have not allowed this page to use the microphone. The browser's settings for this page change that."),
  NotFoundError: tr("There is no microphone on this device."),
  NotReadableError: tr("The microphone is in use by another program."),
};

export class Voice {
  #form;
  #fields;
  #parts;
  #recording = null; // Recording, while there is one
  #asking = false;

  // Lifecycle

  constructor(form, parts) {
    this.#form = form;
    this.#fields = form.querySelector(".composer__fields");
    this.#parts = parts;
    parts.signal.addEventListener("abort", () => this.#recording?.discard());
    window.addEventListener("beforeunload", (event) => this.#recording && event.preventDefault(), { signal: parts.signal });
  }

  // Actions

  // `press`: of the finger that holds the button.
  async begin(press) {
    if (this.#recording || this.#asking) return;
    const { composer, signal } = this.#parts;
    composer.say("");
    this.#asking = true;
    const hold = press && new Hold(press);
    try {
      if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) throw new DOMException("", "NotSupportedError");
      const [stream] = await Promise.all([
        navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } }),
        loadStylesheet("attaching.css"),
      ]);
      if (signal.aborted) return stop(stream);
      this.#record(stream, hold);
    } catch (error) {
      hold?.end();
      console.info("No recording", error);
      composer.say(REASONS[error.name] ?? (window.isSecureContext
        ? tr("This browser can not record here.")
        : tr("A browser records only on pages with a secure address (https).")));
    } finally {
      this.#asking = false;
    }
  }

  // Private

  #record(stream, hold) {
    const { session, where, timeline, signal } = this.#parts;
    const bar = clone("#voice-template");
    this.#fields.hidden = true;
    this.#fields.before(bar);
    this.#recording = new Recording(bar, stream, {
      announce: (active) => where.conversation_id && session.connection.send(
        { type: "typing", conversation_id: where.conversation_id, active, ...(active && { recording: true }) }),
      onEnd: (result) => {
        this.#recording = null;
        hold?.end();
        bar.remove();
        this.#fields.hidden = false;
        timeline.follow();
        if (signal.aborted) return;
        if (result) this.#send(result);
        if (!matchMedia("(pointer: coarse)").matches) this.#form.elements.body.focus();
      },
    });
    timeline.follow();
    hold?.take(bar, this.#recording);
    if (!hold?.isHeld) bar.querySelector(".voice__send").focus();
  }

  #send({ file, duration_ms, waveform }) {
    const { shipments, composer, where, place, timeline } = this.#parts;
    const { reply } = composer.take();
    shipments.send({ ...where, place, kind: "voice", files: [{ file }], body: "", data: { duration_ms, waveform }, reply });
    timeline.toLatest();
  }
}

class Recording {
  #bar;
  #stream;
  #recorder;
  #audio = null; // AudioContext
  #analyser;
  #pieces = [];
  #levels = [];
  #player = null; // An audio element, once it was listened to
  #state = "recording"; // ⇄ paused ⇄ playing, → ended
  #before = 0; // Recorded before the last pause, in milliseconds
  #since = performance.now();
  #timer;
  #announcer;
  #announce;
  #onEnd;
  #life = new AbortController();

  // Lifecycle

  constructor(bar, stream, { announce, onEnd }) {
    this.#bar = bar;
    this.#stream = stream;
    this.#announce = announce;
    this.#onEnd = onEnd;
    const mimeType = FORMATS.find((format) => MediaRecorder.isTypeSupported(format));
    this.#recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_PER_SECOND });
    this.#recorder.addEventListener("dataavailable", ({ data }) => data.size && this.#pieces.push(data));
    this.#recorder.start(PIECE_MS);
    this.#listen();
    const { signal } = this.#life;
    const on = (part, act) => this.#part(part).addEventListener("click", act, { signal });
    on("cancel", () => this.discard());
    on("pause", () => this.#state === "recording" ? this.pause() : this.resume());
    on("play", () => this.#state === "playing" ? this.#player.pause() : this.play());
    on("send", () => this.send());
    bar.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.discard();
    }, { signal });
    this.#announcer = setInterval(() => this.#state === "recording" && announce(true), ANNOUNCE_EVERY_MS);
    announce(true);
    this.#become("recording");
    this.#say(tr("Recording. Escape discards it."));
  }

  // Actions

  pause() {
    if (this.#state !== "recording") return;
    this.#recorder.pause();
    this.#before = this.#recorded;
    this.#announce(false);
    this.#become("paused");
    this.#say(tr("Paused."));
  }

  resume() {
    if (this.#state === "playing") this.#player.pause();
    if (this.#state !== "paused" || this.#before >= DURATION_MAX_MS) return;
    this.#recorder.resume();
    this.#since = performance.now();
    this.#announce(true);
    this.#become("recording");
    this.#say(tr("Recording."));
  }

  // What there is so far.
  async play() {
    this.pause();
    const flushed = new Promise((resolve) => this.#recorder.addEventListener("dataavailable", resolve, { once: true }));
    this.#recorder.requestData();
    await flushed;
    if (this.#state !== "paused") return;
    this.#dropPlayer();
    const player = this.#player = new Audio(URL.createObjectURL(this.#blob));
    player.addEventListener("pause", () => this.#state === "playing" && this.#become("paused"));
    player.addEventListener("ended", () => this.#state === "playing" && this.#become("paused"));
    try {
      this.#become("playing");
      await player.play();
    } catch {
      if (this.#state === "playing") this.#become("paused");
      this.#say(tr("It can not be played before it is sent."));
    }
  }

  send() {
    if (this.#state === "ended") return;
    const duration_ms = Math.round(this.#recorded);
    this.#recorder.addEventListener("stop", () => {
      const blob = this.#blob;
      const ending = ENDINGS[blob.type.match(/audio\/(\w+)/)?.[1]] ?? "webm";
      const file = new File([blob], `voice.${ending}`, { type: blob.type });
      this.#onEnd(blob.size ? { file, duration_ms, waveform: squeeze(this.#levels, LEVELS_MAX) } : null);
    }, { once: true });
    this.#end();
  }

  discard() {
    if (this.#state === "ended") return;
    this.#end();
    this.#onEnd(null);
  }

  get recordedMs() {
    return this.#recorded;
  }

  // Private

  get #recorded() {
    const now = this.#state === "recording" ? performance.now() - this.#since : 0;
    return Math.min(DURATION_MAX_MS, this.#before + now);
  }

  get #blob() {
    return new Blob(this.#pieces, { type: this.#recorder.mimeType.split(";")[0] });
  }

  #part(name) {
    return this.#bar.querySelector(`.voice__${name}`);
  }

  #end() {
    this.#before = this.#recorded;
    this.#become("ended");
    this.#announce(false);
    clearInterval(this.#timer);
    clearInterval(this.#announcer);
    this.#life.abort();
    this.#dropPlayer();
    this.#recorder.stop();
    stop(this.#stream);
    this.#audio?.close();
  }

  #dropPlayer() {
    if (!this.#player) return;
    const player = this.#player;
    this.#player = null;
    player.pause();
    URL.revokeObjectURL(player.src);
  }

  #listen() {
    this.#audio = new AudioContext();
    this.#analyser = this.#audio.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#audio.createMediaStreamSource(this.#stream).connect(this.#analyser);
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#timer = setInterval(() => {
      if (this.#state === "recording") {
        this.#analyser.getFloatTimeDomainData(samples);
        this.#levels.push(loudness(samples));
        if (this.#recorded >= DURATION_MAX_MS) {
          this.pause();
          this.#say(tr("A voice message has at most {n} minutes.", { n: DURATION_MAX_MS / 60_000 }));
        }
      }
      this.#draw();
    }, LEVEL_EVERY_MS);
  }

  #become(state) {
    this.#state = state;
    this.#bar.dataset.state = state;
    this.#part("pause").ariaLabel = state === "recording" ? tr("Pause") : tr("Go on recording");
    this.#part("play").ariaLabel = state === "playing" ? tr("Stop") : tr("Play");
    if (state !== "ended") this.#draw();
  }

  // Recording, its end; else all of it, as the message will show it.
  #draw() {
    const position = this.#state === "playing" ? this.#player.currentTime * 1000 : this.#recorded;
    const time = clock(position);
    if (this.#part("time").textContent !== time) this.#part("time").textContent = time;
    const canvas = this.#part("wave");
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width) return;
    const scale = devicePixelRatio;
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    const context = canvas.getContext("2d");
    const room = Math.floor(width / (2 * BAR_PX));
    const isLive = this.#state === "recording";
    const levels = isLive ? this.#levels.slice(-room) : squeeze(this.#levels, room);
    const step = isLive ? 2 * BAR_PX : width / Math.max(1, levels.length);
    const played = this.#state === "playing" ? position / Math.max(1, this.#before) : 1;
    const { color } = getComputedStyle(canvas);
    const isRightToLeft = getComputedStyle(canvas).direction === "rtl";
    context.setTransform(isRightToLeft ? -scale : scale, 0, 0, scale, isRightToLeft ? canvas.width : 0, 0);
    context.clearRect(0, 0, width, height);
    context.fillStyle = color;
    levels.forEach((level, at) => {
      const bar = Math.max(BAR_PX, (isLive ? Math.min(1, level * 3) : level / 100) * height);
      context.globalAlpha = (at + 1) / levels.length <= played ? 1 : 0.35;
      context.beginPath();
      context.roundRect(at * step, (height - bar) / 2, BAR_PX, bar, BAR_PX / 2);
      context.fill();
    });
  }

  #say(text) {
    this.#part("status").textContent = text;
  }
}

// A finger on the microphone, which is gone when the recording begins.
class Hold {
  #from;
  #id;
  #since = performance.now();
  #life = new AbortController();
  #recording = null;
  #bar = null;
  isHeld = true;

  constructor({ pointerId, clientX }) {
    this.#id = pointerId;
    this.#from = clientX;
    const { signal } = this.#life;
    const on = (type, handle) => document.addEventListener(type, (event) => event.pointerId === this.#id && handle(event), { signal, capture: true });
    on("pointermove", (event) => this.#moved(event));
    on("pointerup", () => this.#released(true));
    on("pointercancel", () => this.#released(false));
  }

  take(bar, recording) {
    this.#bar = bar;
    this.#recording = recording;
    bar.toggleAttribute("data-held", this.isHeld);
  }

  end() {
    this.#life.abort();
  }

  #moved({ clientX }) {
    if (!this.#recording) return;
    const isRightToLeft = getComputedStyle(this.#bar).direction === "rtl";
    const away = (clientX - this.#from) * (isRightToLeft ? -1 : 1);
    this.#bar.querySelector(".voice__hint").style.opacity = String(Math.max(0, 1 + away / SLIDE_PX));
    if (away > -SLIDE_PX) return;
    this.isHeld = false;
    this.end();
    this.#recording.discard();
  }

  // A tap, or a release before the browser had asked, leaves both hands free.
  #released(isWanted) {
    this.isHeld = false;
    this.end();
    this.#bar?.removeAttribute("data-held");
    const isHold = performance.now() - this.#since > HOLD_MS;
    if (isWanted && isHold && this.#recording?.recordedMs > HOLD_MS) this.#recording.send();
  }
}

function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}

// The root of the mean square, from 0 to 1.
function loudness(samples) {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

// At most so many levels from 0 to 100, the loudest of each stretch, as loud as the loudest of all.
function squeeze(levels, count) {
  const peak = Math.max(0.02, ...levels); // Silence stays low.
  const length = Math.min(count, levels.length);
  return Array.from({ length }, (_, at) => {
    const stretch = levels.slice(Math.floor(at * levels.length / length), Math.floor((at + 1) * levels.length / length));
    return Math.round(Math.max(0, ...stretch) / peak * 100);
  });
}

function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
