// Completes names after an @: the conversation's people, by any word of their name or by their username.

import { get } from "./api.js";
import { Completion } from "./completion.js";
import { tr } from "./words.js";

const SUGGESTIONS_MAX = 8;
const PAGE_PEOPLE = 100;
const PAGES_MAX = 10; // In a room of more one types the name.

// At the start or after what is no letter, or it is an address of mail. Names have spaces.
const BEGUN = /(?<=^|[^\p{L}\p{N}@_.])@([\p{L}\p{N}\p{M}_.'-]*(?: [\p{L}\p{N}\p{M}_.'-]+){0,3})$/u;

export class MentionCompletion extends Completion {
  #conversationId;
  #userId;
  #onTake;
  #signal;
  #people = []; // { id, name, username }

  // `onTake({ id, name })`: who was chosen.
  constructor(textarea, { conversationId, userId, onTake, signal }) {
    super(textarea, { name: "mention-completion", label: tr("People"), signal });
    this.#conversationId = conversationId;
    this.#userId = userId;
    this.#onTake = onTake;
    this.#signal = signal;
    this.#fetch();
  }

  found(written) {
    const begun = BEGUN.exec(written);
    if (!begun) return null;
    const query = plain(begun[1]);
    const entries = this.#people
      .map((person) => ({ person, rank: rankOf(person, query) }))
      .filter(({ rank }) => rank < Infinity)
      .sort((one, other) => one.rank - other.rank || one.person.name.localeCompare(other.person.name))
      .slice(0, SUGGESTIONS_MAX)
      .map(({ person }) => person);
    return { start: begun.index, query: begun[1], entries };
  }

  dress(option, { id, name, username }) {
    const face = document.querySelector(`.member[data-user-id="${CSS.escape(id)}"] .avatar`)?.cloneNode(true);
    const words = document.createElement("bdi");
    words.className = "completion__words";
    words.textContent = name;
    if (face) option.append(face);
    option.append(words);
    if (!username) return;
    const handle = document.createElement("span");
    handle.className = "completion__detail";
    handle.textContent = `@${username}`;
    option.append(handle);
  }

  textOf({ name }) {
    return `@${name} `;
  }

  took(person) {
    this.#onTake(person);
  }

  // Private

  async #fetch() {
    try {
      let after;
      for (let page = 0; page < PAGES_MAX && after !== null; page += 1) {
        const query = new URLSearchParams({ limit: PAGE_PEOPLE, ...after && { after } });
        const { items, next } = await get(`/api/conversations/${this.#conversationId}/members?${query}`, { signal: this.#signal });
        const others = items.filter(({ user_id: id }) => id !== this.#userId);
        this.#people.push(...others.map(({ user_id: id, user_name: name, username }) => ({ id, name, username, keys: keysOf(name, username) })));
        after = next;
        this.suggest();
      }
    } catch (error) {
      if (!this.#signal.aborted) console.warn("The people could not be loaded", error);
    }
  }
}

function keysOf(name, username) {
  return { name: plain(name), words: plain(name).split(" "), username: plain(username ?? "") };
}

// The whole name first, then its words, then the username.
function rankOf({ keys: { name, words, username } }, query) {
  if (name.startsWith(query)) return name === query ? Infinity : 0;
  if (words.some((word) => word.startsWith(query))) return 1;
  return username.startsWith(query) && username ? 2 : Infinity;
}

// As names are compared: without case and accents.
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
