// Reacting to messages: one's own reaction is shown at once, put right by the message when it comes back, and taken
// back when the server refuses it.

import { put, remove } from "./api.js";
import { describe } from "./dress.js";
import { clone } from "./fragment.js";
import { keepReaction } from "./quick_reactions.js";
import { toast } from "./toasts.js";
import { locale, tr, trCount } from "./words.js";

const NAMES_MAX = 10; // As many as a title is read through.

export class Reactions {
  #pane;
  #timeline;
  #userId;
  #signal;
  #wishes = new Map(); // "message id emoji" → whether one wants to have reacted; until the server has answered
  #focused = null; // { id, emoji } of the chip that was pressed
  #picker = null; // a promise
  #anchor = null;
  #picksFor = null; // the id of the message that an emoji is picked for

  // Lifecycle

  constructor(pane, { timeline, userId, signal }) {
    this.#pane = pane;
    this.#timeline = timeline;
    this.#userId = userId;
    this.#signal = signal;
    const list = pane.querySelector(".timeline__messages");
    list.addEventListener("click", ({ target }) => this.#clicked(target), { signal });
    timeline.addEventListener("placed", ({ detail }) => this.#placed(detail), { signal });
    this.#dress(timeline.items);
    signal.addEventListener("abort", () => this.#anchor?.remove());
  }

  // Actions

  toggle(item, emoji) {
    const { messageId: id } = item.dataset;
    const wants = !this.#isOwn(chipOf(item, emoji));
    const key = `${id} ${emoji}`;
    const isUnderWay = this.#wishes.has(key);
    this.#wishes.set(key, wants);
    this.#show(item, emoji, wants);
    this.#timeline.follow();
    if (!isUnderWay) this.#send(id, emoji, key);
  }

  // From all there are.
  async pick(item) {
    try {
      const picker = await (this.#picker ??= this.#makePicker());
      if (this.#signal.aborted) return;
      this.#picksFor = item.id;
      const { left, bottom } = item.querySelector(".message__bubble").getBoundingClientRect();
      const { top: ceiling, bottom: floor } = this.#timeline.items[0].closest(".timeline").getBoundingClientRect();
      Object.assign(this.#anchor.style, { left: `${left}px`, top: `${Math.max(ceiling, Math.min(bottom, floor))}px` });
      await picker.open();
    } catch (error) {
      this.#picker = null; // The next click tries again.
      toast(tr("The emoji could not be loaded. Please try again."));
      console.warn("The emoji picker could not be loaded", error);
    }
  }

  // Private

  // The picker stands beside a button, and there is none that stays while messages come and go.
  async #makePicker() {
    const { EmojiPicker } = await import("./emoji_picker.js");
    this.#anchor = document.createElement("button");
    Object.assign(this.#anchor, { type: "button", className: "reaction-anchor", tabIndex: -1, ariaLabel: tr("React") });
    this.#pane.append(this.#anchor);
    return new EmojiPicker(this.#anchor, {
      onPick: (emoji) => this.#picked(emoji),
      onClose: () => {
        const isLost = [this.#anchor, document.body].includes(document.activeElement);
        if (isLost) document.getElementById(this.#picksFor)?.focus({ preventScroll: true });
      },
      signal: this.#signal,
    });
  }

  #picked(emoji) {
    keepReaction(emoji);
    const item = document.getElementById(this.#picksFor);
    if (item && !this.#isOwn(chipOf(item, emoji))) this.toggle(item, emoji);
  }

  #clicked(target) {
    const chip = target.closest(".reaction");
    if (!chip) return;
    const item = chip.closest(".message");
    const { emoji } = chip.dataset;
    const hasFocus = chip === document.activeElement;
    this.#focused = hasFocus ? { id: item.id, emoji } : null;
    this.toggle(item, emoji);
    if (hasFocus && !chip.isConnected) item.focus({ preventScroll: true });
  }

  // One request at a time for each, so that the last wish is the one that stays.
  async #send(id, emoji, key) {
    const path = `/api/messages/${id}/reactions/${encodeURIComponent(emoji)}`;
    let wish;
    try {
      do {
        wish = this.#wishes.get(key);
        await (wish ? put(path) : remove(path));
      } while (this.#wishes.get(key) !== wish);
      this.#wishes.delete(key);
    } catch (error) {
      this.#wishes.delete(key);
      if (this.#signal.aborted) return;
      const item = document.getElementById(`message-${id}`);
      if (item) this.#show(item, emoji, !wish);
      toast(error.message);
    }
  }

  #placed(items) {
    this.#dress(items);
    for (const [key, wants] of this.#wishes) {
      const [id, emoji] = key.split(" ");
      const item = document.getElementById(`message-${id}`);
      if (item && items.includes(item)) this.#show(item, emoji, wants);
    }
    // A newer revision has taken the place of the chip that had the focus.
    const { id, emoji } = this.#focused ?? {};
    const item = document.activeElement;
    if (item?.id === id) chipOf(item, emoji)?.focus({ preventScroll: true });
    if (!item?.closest?.(".message")) this.#focused = null;
  }

  #dress(items) {
    for (const item of items) for (const chip of item.querySelectorAll(".reaction")) this.#describe(chip);
  }

  #isOwn(chip) {
    return Boolean(chip) && reactorsOf(chip).includes(this.#userId);
  }

  #show(item, emoji, isOwn) {
    let chip = chipOf(item, emoji);
    if (!chip && isOwn) chip = this.#add(item, emoji);
    if (!chip || this.#isOwn(chip) === isOwn) return;
    const others = reactorsOf(chip).filter((id) => id !== this.#userId);
    const number = chip.querySelector(".reaction__count");
    const count = Number(number.textContent) + (isOwn ? 1 : -1);
    const row = chip.parentElement;
    number.textContent = count;
    chip.dataset.reactors = (isOwn ? [...others, this.#userId] : others).join(" ");
    chip.ariaLabel = trCount("{emoji} {n} person", "{emoji} {n} people", count, { emoji });
    this.#describe(chip);
    if (count <= 0) chip.remove();
    const total = Array.from(row.querySelectorAll(".reaction__count"), ({ textContent }) => Number(textContent)).reduce((sum, n) => sum + n, 0);
    row.ariaLabel = trCount("{n} reaction", "{n} reactions", total);
    if (total === 0) row.remove();
    describe(item);
  }

  #add(item, emoji) {
    const fresh = clone("#reactions-template");
    const chip = fresh.querySelector(".reaction");
    chip.dataset.emoji = chip.querySelector(".reaction__emoji").textContent = emoji;
    chip.dataset.reactors = "";
    chip.querySelector(".reaction__count").textContent = 0;
    const row = item.querySelector(".message__reactions");
    if (row) row.append(chip);
    else item.querySelector(".message__bubble").append(fresh);
    return chip;
  }

  #describe(chip) {
    const ids = reactorsOf(chip);
    chip.ariaPressed = String(ids.includes(this.#userId));
    const names = ids.map((id) => id === this.#userId ? tr("You") : this.#nameOf(id)).filter(Boolean).slice(0, NAMES_MAX);
    const unnamed = Number(chip.querySelector(".reaction__count").textContent) - names.length;
    if (unnamed > 0) names.push(trCount("{n} other", "{n} others", unnamed));
    chip.title = new Intl.ListFormat(locale ?? "en").format(names);
  }

  #nameOf(id) {
    const member = this.#pane.querySelector(`.member[data-user-id="${CSS.escape(id)}"] .person__name`);
    return member?.textContent ?? this.#timeline.nameOf(id) ?? (id === this.#pane.dataset.peerId ? this.#pane.dataset.title : null);
  }
}

function chipOf(item, emoji) {
  return Array.from(item.querySelectorAll(".reaction")).find(({ dataset }) => dataset.emoji === emoji);
}

function reactorsOf({ dataset }) {
  return dataset.reactors.split(" ").filter(Boolean);
}
