// What is new to the reader: the line above the first of it, the button that leads there when it is out of
// sight, and how much came below while one reads further up.

import { divide, seqOf } from "./dress.js";
import { tr, trCount } from "./words.js";

export class Unread {
  #list;
  #button;
  #latest;
  #count;
  #userId;
  #firstSeq = null; // where the new ones begin
  #amount = 0;
  #isSeen = false; // whether the line was before the reader's eyes
  #below = 0; // messages of others that came while one was not at the bottom

  constructor(root, userId) {
    [this.#list, this.#button, this.#latest, this.#count] =
      ["messages", "unread", "latest", "count"].map((name) => root.querySelector(`.timeline__${name}`));
    this.#userId = userId;
  }

  // Actions

  begin(firstSeq, amount) {
    [this.#firstSeq, this.#amount, this.#isSeen] = [firstSeq, amount, false];
  }

  // Unseen by the reader. The line stays while one reads, until something comes after one has seen it.
  came(seq) {
    if (this.waits) this.#amount += 1;
    else this.begin(seq, 1);
  }

  // Whether there is something new that the reader has not come to yet.
  get waits() {
    return this.#firstSeq !== null && !this.#isSeen;
  }

  get firstSeq() {
    return this.#firstSeq;
  }

  // The first new one, when the window of messages reaches back to it (`older`: where the window begins).
  first(older) {
    const { firstElementChild: begin } = this.#list;
    if (this.#firstSeq === null || (older !== null && seqOf(begin) > this.#firstSeq)) return null;
    return Array.from(this.#list.children).find((item) => seqOf(item) >= this.#firstSeq && this.isFromOthers(item)) ?? null;
  }

  isFromOthers({ dataset, classList }) {
    return dataset.sender !== this.#userId && !classList.contains("message--system");
  }

  // After messages came or went.
  draw(older) {
    const before = this.#list.querySelector(".message__new")?.parentElement ?? null;
    const now = this.first(older);
    if (before && before !== now) divide(before, null);
    if (now && now !== before) divide(now, tr("New messages"));
  }

  countBelow(amount) {
    this.#below += amount;
  }

  // After the view changed. `sees`: whether somebody looks at it.
  tell(scroller, { older, follows, sees }) {
    if (follows) this.#below = 0;
    this.#latest.hidden = follows;
    this.#count.hidden = this.#below === 0;
    this.#count.textContent = this.#below > 99 ? "99+" : this.#below;
    this.#latest.ariaLabel = this.#below ? trCount("Newest messages, {n} new", "Newest messages, {n} new", this.#below) : tr("Newest messages");

    this.#button.hidden = true;
    if (!this.waits) return;
    const place = this.first(older)?.getBoundingClientRect();
    const { top, bottom } = scroller.getBoundingClientRect();
    if (place && place.bottom > top && place.top < bottom) {
      this.#isSeen = sees;
    } else if (place ? place.bottom <= top : seqOf(this.#list.firstElementChild) > this.#firstSeq) {
      this.#button.hidden = false;
      this.#button.querySelector(".timeline__unread-text").textContent =
        this.#amount > 1 ? trCount("{n} new message", "{n} new messages", this.#amount) : tr("New message");
    }
  }
}
