// Messages whose files are on their way. Each waits here, whatever conversation is open, until all of its files have
// arrived, and goes to the outbox then. A reload forgets them: a page can not keep what was chosen from a disk.
//
// Emits `change`, and `shipped` with { shipment, clientId } when one has gone to the outbox.

import { Upload, wakeUploads } from "./upload.js";

// What a file of each kind has to be; what is not is sent as a file.
const TYPES = {
  image: /^image\//,
  gif: /^(image\/(gif|webp|png)|video\/mp4)$/,
  video: /^video\//,
  audio: /^audio\//,
};

export class Shipments extends EventTarget {
  #outbox;
  #all = [];
  #shipped = new Map(); // client id → shipment, as long as its message is not there

  // Lifecycle

  constructor({ connection, outbox }) {
    super();
    this.#outbox = outbox;
    connection.addEventListener("frame:ready", wakeUploads);
    window.addEventListener("online", wakeUploads);
    outbox.addEventListener("begun", ({ detail }) => this.#begun(detail));
    window.addEventListener("beforeunload", (event) => this.#all.length && event.preventDefault());
  }

  // Actions

  itemsFor(place) {
    return this.#all.filter((shipment) => shipment.place === place);
  }

  shippedAs(clientId) {
    return this.#shipped.get(clientId);
  }

  get shippedIds() {
    return Array.from(this.#shipped.keys());
  }

  // { place, conversation_id or user_id, kind, files: [{ file, alt }], body, data, reply, mentions }
  send({ files, ...message }) {
    const at = new Date().toISOString();
    const shipment = { ...message, at, parts: [] };
    shipment.parts = files.map(({ file, alt }) => ({ file, alt, url: URL.createObjectURL(file), upload: new Upload(file) }));
    for (const { upload } of shipment.parts) upload.addEventListener("change", () => this.#changed(shipment));
    this.#all.push(shipment);
    this.#changed(shipment);
    return shipment;
  }

  retry({ parts }) {
    for (const { upload } of parts) upload.retry();
  }

  discard(shipment) {
    for (const { upload } of shipment.parts) upload.cancel();
  }

  // Its message is there.
  forget(clientId) {
    this.#shipped.get(clientId)?.parts.forEach(({ url }) => URL.revokeObjectURL(url));
    this.#shipped.delete(clientId);
  }

  // Private

  #changed(shipment) {
    if (!this.#all.includes(shipment)) return;
    for (const { upload, url } of shipment.parts) if (upload.state === "cancelled") URL.revokeObjectURL(url);
    shipment.parts = shipment.parts.filter(({ upload }) => upload.state !== "cancelled");
    if (shipment.parts.length === 0) this.#all = this.#all.filter((other) => other !== shipment);
    else if (shipment.parts.every(({ upload }) => upload.state === "ready")) return this.#ship(shipment);
    this.dispatchEvent(new Event("change"));
  }

  #ship(shipment) {
    const { conversation_id, user_id, body, reply, mentions = [], parts } = shipment;
    const media = parts.map(({ upload }) => upload.medium);
    this.#all = this.#all.filter((other) => other !== shipment);
    shipment.kind = kindOf(shipment.kind, media);
    const data = { ...shipment.data, ...descriptionOf(shipment), ...(mentions.length && { mentions }) };
    const clientId = this.#outbox.send({
      ...(conversation_id ? { conversation_id } : { user_id }),
      kind: shipment.kind, body: body || null, data: Object.keys(data).length ? data : null, reply_to: reply?.id ?? null,
      quoted: reply && { name: reply.name, excerpt: reply.excerpt }, media_ids: media.map(({ id }) => id),
    });
    this.#shipped.set(clientId, shipment);
    this.dispatchEvent(new CustomEvent("shipped", { detail: { shipment, clientId } }));
    this.dispatchEvent(new Event("change"));
  }

  // The chat with somebody has begun: what is still on its way goes on there.
  #begun({ userId, conversationId }) {
    for (const shipment of this.#all) {
      if (shipment.user_id !== userId) continue;
      shipment.conversation_id = conversationId;
      shipment.place = conversationId;
    }
    this.dispatchEvent(new Event("change"));
  }
}

// What its pictures show, where somebody has said it.
function descriptionOf({ kind, parts }) {
  const alts = parts.map(({ alt }) => alt ?? "");
  if ((kind !== "image" && kind !== "gif") || !alts.some(Boolean)) return {};
  return alts.length === 1 ? { alt: alts[0] } : { alts };
}

// The name of a file promises what it is; the server has looked. What it has not looked at yet, has no type.
function kindOf(kind, media) {
  const fits = ({ type }) => !type || !TYPES[kind] || TYPES[kind].test(type);
  if (kind === "image" && media.length === 1 && media[0].animated && TYPES.gif.test(media[0].type)) return "gif";
  if (media.every(fits)) return kind;
  return kind === "gif" && media.every(({ type }) => TYPES.image.test(type)) ? "image" : "file";
}
