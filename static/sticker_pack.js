// A pack of stickers of one's own pictures: chosen, named, made small, uploaded, and there for everybody.

import { post } from "./api.js";
import { wire } from "./dialog.js";
import { make } from "./element.js";
import { clone } from "./fragment.js";
import { Upload, whenReady } from "./upload.js";
import { tr } from "./words.js";

const STICKERS_MAX = 120; // As the database has it.
const SIDE_PX_MAX = 512; // What a sticker is drawn at on the finest screens, and no more.
const QUALITY = 0.9;
const NAME_CHARACTERS_MAX = 60;
const ALT_CHARACTERS_MAX = 200;

// `added` is called when the pack is there.
export function addStickerPack(added, signal) {
  const dialog = clone("#pack-template");
  const form = dialog.querySelector("form");
  const [list, note, input, submit] = ["items", "note", "files", "add"].map((part) => dialog.querySelector(`.pack__${part}`));
  const life = new AbortController();
  const items = []; // { file, url, row, field, upload }

  function choose(files) {
    const pictures = files.filter(({ type, size }) => type.startsWith("image/") && type !== "image/svg+xml" && size > 0);
    const taken = pictures.slice(0, STICKERS_MAX - items.length);
    for (const file of taken) show(file);
    const words = [];
    if (pictures.length < files.length) words.push(tr("Only pictures can be stickers."));
    if (taken.length < pictures.length) words.push(tr("A pack has at most {n} stickers.", { n: STICKERS_MAX }));
    note.textContent = words.join(" ");
    submit.disabled = items.length === 0;
  }

  function show(file) {
    const item = { file, url: URL.createObjectURL(file), row: clone("#pack-item-template"), upload: null };
    const words = wordsOf(file.name);
    item.field = item.row.querySelector("input");
    Object.assign(item.field, { value: words, ariaLabel: tr("What {name} shows", file), maxLength: ALT_CHARACTERS_MAX });
    item.row.querySelector(".pack__picture").append(make("img", "", { src: item.url, alt: "" }));
    const drop = item.row.querySelector(".pack__drop");
    drop.ariaLabel = tr("Remove {name}", file);
    drop.addEventListener("click", () => leaveOut(item));
    items.push(item);
    list.append(item.row);
  }

  function leaveOut(item) {
    const at = items.indexOf(item);
    items.splice(at, 1);
    item.row.remove();
    item.upload?.cancel();
    URL.revokeObjectURL(item.url);
    (items[at] ?? items.at(-1))?.row.querySelector(".pack__drop").focus();
    if (items.length === 0) dialog.querySelector(".pack__choose").focus();
    submit.disabled = items.length === 0;
  }

  async function add() {
    const title = form.elements.title.value.trim();
    if (!title) return form.elements.title.focus();
    const wordless = items.find(({ field }) => !field.value.trim());
    if (wordless) {
      note.textContent = tr("Say of each sticker what it shows: it is found by that.");
      return wordless.field.focus();
    }
    form.inert = true;
    try {
      const media = await uploadAll();
      const names = namesOf(items);
      const stickers = items.map(({ field }, at) => ({ name: names[at], alt: field.value.trim(), media_id: media[at].id }));
      // No two packs have one name: its first sticker's id tells them apart.
      const name = `${slug(title).slice(0, 40) || "pack"}-${media[0].id.slice(-12)}`;
      await post("/api/stickers", { name, title, stickers }, { signal: life.signal });
      dialog.close();
      added();
    } catch (error) {
      if (life.signal.aborted) return;
      form.inert = false;
      note.textContent = error.message;
      submit.focus();
    }
  }

  async function uploadAll() {
    let count = 0;
    const tell = () => note.textContent = tr("{at} of {count} uploaded…", { at: count, count: items.length });
    tell();
    return Promise.all(items.map(async (item) => {
      item.upload ??= new Upload(await madeSmall(item.file));
      if (item.upload.state === "refused") item.upload.retry();
      const medium = await whenReady(item.upload);
      count++;
      tell();
      return medium;
    }));
  }

  wire(dialog, signal);
  dialog.querySelector(".pack__choose").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    choose(Array.from(input.files));
    input.value = "";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add();
  });
  dialog.addEventListener("close", () => {
    life.abort();
    for (const { upload, url } of items) {
      upload?.cancel();
      URL.revokeObjectURL(url);
    }
    dialog.remove();
  });
  signal.addEventListener("abort", () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

// Private

// Photos are some thousand pixels wide. What moves would stand still, and stays as it is.
async function madeSmall(file) {
  if (!["image/png", "image/jpeg"].includes(file.type)) return file;
  const image = await createImageBitmap(file).catch(() => null);
  const scale = image ? SIDE_PX_MAX / Math.max(image.width, image.height) : 1;
  if (scale >= 1) return file;
  const canvas = make("canvas", "", { width: Math.max(1, Math.round(image.width * scale)), height: Math.max(1, Math.round(image.height * scale)) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  const small = await new Promise((resolve) => canvas.toBlob(resolve, "image/webp", QUALITY));
  return small ? new File([small], file.name, { type: small.type }) : file;
}

function wordsOf(fileName) {
  return fileName.replace(/\.[^.]*$/, "").replace(/[-_]+/g, " ").trim().slice(0, ALT_CHARACTERS_MAX);
}

function slug(text) {
  return text.normalize("NFD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}

// What messages call each by, no two alike.
function namesOf(items) {
  const seen = new Set();
  return items.map(({ field }, at) => {
    const name = slug(field.value).slice(0, NAME_CHARACTERS_MAX - 4) || "sticker";
    const own = seen.has(name) ? `${name}-${at + 1}` : name;
    seen.add(own);
    return own;
  });
}
