// New messages for who hears the page: one sentence each, politely, and of many that come at once only how
// many they are. History and one's own words are no news.

import { trCount } from "./words.js";

const GATHER_MS = 1_000;
const SENTENCES_MAX = 3;
const KEPT_MS = 30_000; // Long enough to be read out.

export class Announcer {
  #place;
  #waiting = [];
  #timer = null;

  constructor(place, signal) {
    this.#place = place;
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  say(sentence) {
    this.#waiting.push(sentence);
    this.#timer ??= setTimeout(() => this.#speak(), GATHER_MS);
  }

  #speak() {
    this.#timer = null;
    const sentences = this.#waiting.splice(0);
    const lines = sentences.length > SENTENCES_MAX ? [trCount("{n} new message", "{n} new messages", sentences.length)] : sentences;
    for (const text of lines) {
      const line = document.createElement("p");
      line.textContent = text;
      this.#place.append(line);
      setTimeout(() => line.remove(), KEPT_MS);
    }
  }
}
