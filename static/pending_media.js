// What is being uploaded, below all messages and already as it will be, each file with how far it has got; and what
// is more than words of one's own messages that wait for the server.

import { describe, tick } from "./dress.js";
import { clone } from "./fragment.js";
import { bytesInWords } from "./file_words.js";
import { ownItem } from "./pending.js";
import { loadStylesheet } from "./stylesheet.js";
import { tr, trCount } from "./words.js";

const WORDS = { gif: tr("GIF"), video: tr("Video"), audio: tr("Audio"), voice: tr("Voice message"), location: tr("Location"), contact: tr("Contact"), sticker: tr("Sticker") };

export class PendingMedia {
  #list;
  #outbox;
  #shipments;
  #place;
  #user;
  #timeline;
  #shown = new Map(); // shipment → message

  // Lifecycle

  constructor(pane, { session: { outbox, user }, shipments, timeline, place, signal }) {
    this.#list = pane.querySelector(".timeline__pending");
    this.#outbox = outbox;
    this.#shipments = shipments;
    this.#place = place;
    this.#user = user;
    this.#timeline = timeline;
    shipments.addEventListener("change", () => this.#render(), { signal });
    shipments.addEventListener("shipped", ({ detail }) => this.#dressWaiting(detail.clientId), { signal });
    outbox.addEventListener("change", () => this.#renderWaiting(), { signal });
    timeline.addEventListener("placed", () => this.#forget(), { signal });
    this.#list.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.#begin();
  }

  // Private

  async #begin() {
    this.#render();
    this.#renderWaiting();
    await loadStylesheet("attaching.css").catch(() => {}); // Bare is better than not at all.
    this.#timeline.follow();
  }

  // What is being uploaded

  #render() {
    const shipments = this.#shipments.itemsFor(this.#place);
    for (const [shipment, item] of this.#shown) {
      if (shipments.includes(shipment)) continue;
      if (item.contains(document.activeElement)) item.closest(".timeline").focus({ preventScroll: true });
      item.remove();
      this.#shown.delete(shipment);
    }
    const isNew = shipments.some((shipment) => !this.#shown.has(shipment));
    for (const shipment of shipments) this.#show(shipment);
    if (isNew) this.#timeline.follow();
  }

  #show(shipment) {
    let item = this.#shown.get(shipment);
    if (!item) {
      const { body, reply } = shipment;
      item = ownItem({ ...shipment, kind: "text", body: body ?? "", quoted: reply }, this.#user);
      item.classList.add("message--shipment");
      item.querySelector(".message__content").before(listOf(shipment));
      this.#shown.set(shipment, item);
      this.#list.append(item);
    }
    const rows = Array.from(item.querySelectorAll(".shipment__item"));
    for (const row of rows) {
      const part = shipment.parts.find(({ file }) => file === row.file);
      if (part) showProgress(row, part);
      else dropRow(row);
    }
    const reason = shipment.parts.map(({ upload }) => upload.reason).find(Boolean);
    const failed = item.querySelector(".message__failure");
    if (reason && failed?.querySelector(".message__reason").textContent !== reason) {
      failed?.remove();
      const failure = clone("#failure-template");
      failure.querySelector(".message__reason").textContent = reason;
      item.querySelector(".message__bubble").append(failure);
      this.#timeline.follow();
    } else if (!reason) {
      failed?.remove();
    }
    tick(item, reason ? "failed" : "waiting");
    describe(item);
  }

  #clicked({ target }) {
    const item = target.closest(".message--shipment");
    const [shipment] = Array.from(this.#shown).find(([, shown]) => shown === item) ?? [];
    if (!shipment) return;
    const row = target.closest(".shipment__cancel")?.closest(".shipment__item");
    if (row) shipment.parts.find(({ file }) => file === row.file)?.upload.cancel();
    else if (target.closest(".message__retry")) this.#shipments.retry(shipment);
    else if (target.closest(".message__discard")) this.#shipments.discard(shipment);
  }

  // What waits for the server

  #renderWaiting() {
    for (const { client_id: clientId } of this.#outbox.itemsFor(this.#place)) this.#dressWaiting(clientId);
    this.#forget();
  }

  #dressWaiting(clientId) {
    const item = this.#list.querySelector(`[data-client-id="${CSS.escape(clientId)}"]`);
    const message = this.#outbox.itemsFor(this.#place).find(({ client_id: id }) => id === clientId);
    const shipment = this.#shipments.shippedAs(clientId);
    const isDressed = !message || !item || item.querySelector(".card");
    if (isDressed || message.kind === "text" || message.kind === "emoji") return;
    const card = shipment ? listOf(shipment) : cardOf(message);
    card.querySelectorAll(".shipment__cancel, progress").forEach((part) => part.remove());
    if (message.kind === "sticker") item.classList.add("message--waiting-sticker");
    item.querySelector(".message__content").before(card);
    describe(item);
    this.#timeline.follow();
  }

  // The pictures of messages that are there by now.
  #forget() {
    for (const clientId of this.#shipments.shippedIds) {
      const waits = this.#outbox.itemsFor(this.#place).some(({ client_id: id }) => id === clientId);
      if (!waits && !this.#list.querySelector(`[data-client-id="${CSS.escape(clientId)}"]`)) this.#shipments.forget(clientId);
    }
  }
}

function listOf({ kind, parts, data }) {
  const list = clone("#shipment-template");
  const isAlbum = ["image", "gif", "video"].includes(kind);
  list.classList.toggle("shipment--album", isAlbum);
  list.dataset.count = parts.length;
  list.dataset.words = kind === "image" ? photos(parts.length)
    : WORDS[kind] ?? tr("File: {name}", { name: parts.map(({ file }) => file.name).join(", ") });
  list.append(...parts.map(({ file, url, upload }) => {
    const row = clone("#shipment-item-template");
    row.file = file;
    row.querySelector(".shipment__name").textContent = kind === "voice" ? WORDS.voice : file.name;
    row.querySelector(".shipment__detail").textContent = bytesInWords(file.size);
    if (isAlbum) row.querySelector(".shipment__picture").replaceChildren(pictureOf(file, url));
    row.querySelector("progress").ariaLabel = tr("Uploading {name}", file);
    row.querySelector(".shipment__cancel").ariaLabel = tr("Cancel {name}", file);
    showProgress(row, { upload, file });
    return row;
  }));
  if (data?.waveform) list.dataset.words = WORDS.voice;
  return list;
}

function photos(count) {
  return count > 1 ? trCount("{n} photo", "{n} photos", count) : tr("Photo");
}

export function pictureOf({ type }, url) {
  if (type.startsWith("video/")) {
    return Object.assign(document.createElement("video"), { src: `${url}#t=0.1`, muted: true, preload: "metadata", playsInline: true });
  }
  return Object.assign(document.createElement("img"), { src: url, alt: "", decoding: "async" });
}

function showProgress(row, { upload, file }) {
  const bar = row.querySelector("progress");
  if (!bar) return;
  const percent = Math.floor(upload.progress * 100);
  row.dataset.state = upload.state;
  bar.value = percent;
  // A little at first, so that it is seen to be one.
  row.querySelector(".ring__bar").setAttribute("stroke-dasharray", `${Math.max(4, percent)} 100`);
  const size = bytesInWords(file.size);
  row.querySelector(".shipment__detail").textContent = {
    waiting: tr("{size}, waiting", { size }), going: tr("{size}, {percent} %", { size, percent }),
    stalled: tr("Waits for the connection…"), refused: tr("Not uploaded"),
  }[upload.state] ?? size;
}

function dropRow(row) {
  const list = row.parentElement;
  row.remove();
  list.dataset.count = list.childElementCount;
}

// After a reload there is no more than what it was.
function cardOf({ kind, data, media_ids: ids }) {
  const card = document.createElement("p");
  card.className = "card";
  const count = ids?.length ?? 1;
  const words = WORDS[kind] ?? (kind === "image" ? photos(count) : count > 1 ? trCount("{n} file", "{n} files", count) : tr("File"));
  card.dataset.words = [words, data?.name !== undefined && kind !== "sticker" && data.name].filter(Boolean).join(": ");
  if (kind === "sticker" && data.pack === "webchat") {
    card.append(Object.assign(document.createElement("img"), {
      className: "waiting-sticker", alt: data.alt ?? "", src: new URL(`sticker-${data.name}.svg`, import.meta.url).href,
    }));
  } else if (kind === "sticker" && ids) {
    card.append(Object.assign(document.createElement("img"), { className: "waiting-sticker", alt: data?.alt ?? "", src: `/api/media/${ids[0]}` }));
  } else {
    card.textContent = card.dataset.words;
  }
  return card;
}
