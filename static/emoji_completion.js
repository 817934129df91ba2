// Completes shortcodes in a text field: after `:` and two letters it suggests emoji, and the closing
// colon of one that is known makes it an emoji at once.

import { Completion } from "./completion.js";
import { byShortcode, load, remember, search } from "./emoji.js";
import { tr } from "./words.js";

const SUGGESTIONS_MAX = 8;

// A colon counts at the start, after a space or after an emoji: links and times of day have it elsewhere.
const BEFORE = String.raw`(?<=^|\s|\p{Extended_Pictographic}|\p{RI}|\uFE0F)`;
// Capitals beyond the first letter, which phones make one, are for faces such as :DD.
const BEGUN = new RegExp(`${BEFORE}:(\\p{L}[\\p{Ll}\\d_+-]+)$`, "u");
const CLOSED = new RegExp(`${BEFORE}:([\\w+-]+):$`, "u");

export class EmojiCompletion extends Completion {
  constructor(textarea, { signal }) {
    super(textarea, { name: "emoji-completion", label: tr("Emoji"), signal });
  }

  load() {
    return load();
  }

  complete() {
    const closed = CLOSED.exec(this.written);
    const entry = closed && byShortcode(closed[1]);
    if (entry) this.write(entry, closed.index);
    else this.suggest();
  }

  found(written) {
    const begun = BEGUN.exec(written);
    return begun && { start: begun.index, query: begun[1], entries: search(begun[1], SUGGESTIONS_MAX) };
  }

  dress(option, { emoji, shortcodes }, query) {
    const picture = document.createElement("span");
    picture.className = "completion__emoji";
    picture.textContent = emoji;
    const code = document.createElement("bdi");
    code.className = "completion__words";
    const begins = query.toLowerCase();
    code.textContent = `:${shortcodes.find((shortcode) => shortcode.startsWith(begins)) ?? shortcodes[0]}:`;
    option.append(picture, code);
  }

  textOf({ emoji }) {
    return emoji;
  }

  took({ emoji }) {
    remember(emoji);
  }
}
