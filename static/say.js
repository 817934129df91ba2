// Messages come rendered once for all who read them: in English, with marks on their fixed words. Here a page of another
// language says these in its own. docs/languages.md has the notation.

import { parse } from "./fragment.js";

const ATTRIBUTES = { sayLabel: "aria-label", sayTitle: "title", sayAlt: "alt", sayWords: "data-words" };
const MARKED = "[data-say], [data-say-label], [data-say-title], [data-say-alt], [data-say-words]";

// By `tr` and `trCount` of words.js, which waits for this, so that it can not be asked for them.
export function sayerOf(tr, trCount) {
  // Of a count the key is both texts, with a bar between.
  function said(key, values, n) {
    const [one, other] = key.split("|");
    return (n ?? "") !== "" && other !== undefined ? trCount(one, other, Number(n), values) : tr(key, values);
  }

  function valuesOf({ sayValues = "{}", sayParts = "{}" }) {
    const parts = Object.entries(JSON.parse(sayParts)).map(([name, { say, values, n }]) => [name, said(say, values, n)]);
    return { ...JSON.parse(sayValues), ...Object.fromEntries(parts) };
  }

  // A message, as it has come.
  function anew(item) {
    for (const element of item.querySelectorAll(MARKED)) {
      const { dataset } = element;
      const values = valuesOf(dataset);
      if ("say" in dataset) element.textContent = said(dataset.say, values, dataset.sayN);
      for (const [mark, name] of Object.entries(ATTRIBUTES)) {
        if (mark in dataset) element.setAttribute(name, said(dataset[mark], values, dataset.sayN));
      }
    }
    return item;
  }

  // A message in one line, as the server has it in the list: what the sender wrote stays, what it is is said.
  function lineOf({ message, words, html }) {
    const line = words ?? message.body;
    const item = parse(html);
    const card = item.querySelector("[data-say-words]")?.dataset;
    if (!card) {
      const fixed = item.querySelector(".message__body[data-say]");
      return fixed ? anew(item).querySelector(".message__body").textContent : line;
    }
    const key = card.sayWords.replaceAll(", {about}", ""); // What is seen on it is left out there.
    const values = valuesOf(card);
    const [one, other = one] = key.split("|");
    const english = fill(card.sayN === "1" ? one : other, { n: card.sayN, ...values });
    return line?.startsWith(english) ? said(key, values, card.sayN) + line.slice(english.length) : line;
  }

  return { anew, lineOf };
}

function fill(text, values) {
  return text.replace(/{(\w+)}/g, (all, name) => values[name] ?? all);
}
