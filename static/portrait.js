// The picture of the reader or of a conversation: chosen, made a square, moved until it is right, and sent as small as it
// is shown; or taken away.

import { put } from "./api.js";
import { wire } from "./dialog.js";
import { clone } from "./fragment.js";
import { loadStylesheet } from "./stylesheet.js";
import { Upload, whenReady } from "./upload.js";
import { tr } from "./words.js";

const SIDE_PX = 512; // As large as anybody looks at it.
const QUALITY = 0.86;
const STEP_PX = 16; // By an arrow key.
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `path` takes the picture; `face` is what stands for whoever it is of now. Resolves when the dialog is open.
export async function choosePortrait({ path, face }) {
  await loadStylesheet("profile.css");
  if (face.isConnected) new Portrait(path, face);
}

class Portrait {
  #path;
  #dialog = clone("#portrait-template");
  #life = new AbortController();
  #canvas;
  #image = null;
  #near = 1;
  #place = { x: 0, y: 0 }; // Of the image's corner in the square.
  #upload = null;

  // Lifecycle

  constructor(path, face) {
    this.#path = path;
    const { signal } = this.#life;
    const on = (target, type, handle) => target.addEventListener(type, handle, { signal });
    this.#canvas = this.#part("view");
    this.#canvas.width = this.#canvas.height = SIDE_PX;
    this.#part("now").append(face.cloneNode(true));
    this.#part("remove").hidden = !face.querySelector("img");
    wire(this.#dialog, signal);
    on(this.#part("choose"), "click", () => this.#part("file").click());
    on(this.#part("file"), "change", ({ target }) => this.#take(target.files[0]));
    on(this.#part("remove"), "click", () => this.#finish(() => null));
    on(this.#part("near").querySelector("input"), "input", ({ target }) => this.#zoom(Number(target.value)));
    on(this.#canvas, "keydown", (event) => this.#keydown(event));
    on(this.#canvas, "pointerdown", ({ pointerId }) => this.#canvas.setPointerCapture(pointerId));
    on(this.#canvas, "pointermove", (event) => this.#drag(event));
    on(this.#dialog, "submit", (event) => {
      event.preventDefault();
      if (this.#image) this.#finish(() => this.#send());
    });
    on(this.#dialog, "close", () => this.#end());
    document.body.append(this.#dialog);
    this.#dialog.showModal();
  }

  // Private

  #part(name) {
    return this.#dialog.querySelector(`.portrait__${name}`);
  }

  #end() {
    this.#life.abort();
    this.#upload?.cancel();
    this.#image?.close();
    this.#dialog.remove();
  }

  #say(text) {
    this.#part("note").textContent = text;
  }

  async #take(file) {
    if (!file) return;
    this.#part("file").value = ""; // So that the same can be chosen again.
    try {
      const image = await createImageBitmap(file);
      if (this.#life.signal.aborted) return image.close();
      this.#image?.close();
      this.#image = image;
    } catch {
      return this.#say(tr("This file is no picture that can be read here."));
    }
    this.#say("");
    this.#near = 1;
    this.#part("near").querySelector("input").value = 1;
    const { width, height } = this.#size;
    this.#place = { x: (SIDE_PX - width) / 2, y: (SIDE_PX - height) / 2 };
    this.#part("now").hidden = this.#part("remove").hidden = true;
    this.#canvas.hidden = this.#part("near").hidden = this.#part("use").hidden = false;
    this.#part("choose").textContent = tr("Choose another");
    this.#draw();
    this.#part("use").focus();
  }

  // Of the image as it is drawn: its shorter side fills the square, or more.
  get #size() {
    const { width, height } = this.#image;
    const scale = this.#near * SIDE_PX / Math.min(width, height);
    return { width: width * scale, height: height * scale };
  }

  #zoom(near) {
    if (!this.#image) return;
    const by = near / this.#near;
    this.#near = near;
    const middle = SIDE_PX / 2;
    this.#moveTo(middle + (this.#place.x - middle) * by, middle + (this.#place.y - middle) * by);
  }

  // No further than that the square stays covered.
  #moveTo(x, y) {
    const { width, height } = this.#size;
    this.#place = { x: Math.min(0, Math.max(SIDE_PX - width, x)), y: Math.min(0, Math.max(SIDE_PX - height, y)) };
    this.#draw();
  }

  #keydown(event) {
    const [x, y] = MOVES[event.key] ?? [];
    if (x === undefined || !this.#image) return;
    event.preventDefault();
    this.#moveTo(this.#place.x + x * STEP_PX, this.#place.y + y * STEP_PX);
  }

  #drag({ pointerId, movementX, movementY }) {
    if (!this.#canvas.hasPointerCapture(pointerId)) return;
    const scale = SIDE_PX / this.#canvas.clientWidth;
    this.#moveTo(this.#place.x + movementX * scale, this.#place.y + movementY * scale);
  }

  #draw() {
    const context = this.#canvas.getContext("2d");
    const { width, height } = this.#size;
    context.imageSmoothingQuality = "high";
    context.fillStyle = "#fff"; // Below what is transparent.
    context.fillRect(0, 0, SIDE_PX, SIDE_PX);
    context.drawImage(this.#image, this.#place.x, this.#place.y, width, height);
  }

  // What others see comes by the event.
  async #finish(chosen) {
    const buttons = this.#dialog.querySelectorAll(".dialog__buttons button");
    for (const button of buttons) button.disabled = true;
    try {
      await put(this.#path, { media_id: await chosen() });
      this.#dialog.close();
    } catch (error) {
      for (const button of buttons) button.disabled = false;
      if (!this.#life.signal.aborted) this.#say(error.message);
    }
  }

  async #send() {
    this.#say(tr("Sending…"));
    const blob = await new Promise((resolve) => this.#canvas.toBlob(resolve, "image/jpeg", QUALITY));
    const upload = this.#upload = new Upload(new File([blob], "picture.jpg", { type: blob.type }));
    upload.addEventListener("change", () => {
      if (upload.state === "stalled") this.#say(tr("The chat can not be reached just now. It goes on by itself."));
    });
    return (await whenReady(upload)).id;
  }
}
