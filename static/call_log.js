// The calls that there were: in the conversation that is open, or all of one's own.

import { part } from "./api.js";
import { wire } from "./dialog.js";
import { parse } from "./fragment.js";
import { clockOf, dayOf, fullOf } from "./times.js";
import { tr } from "./words.js";

// `conversationId`: the open one; `call(conversationId, media)` calls there.
export function openLog(template, { conversationId, call }) {
  const dialog = template.cloneNode(true);
  const life = new AbortController();
  const { signal } = life;
  const find = (name) => dialog.querySelector(`.calls__${name}`);
  const [place, note, more, here, all] = ["place", "note", "more", "here", "all"].map(find);
  let isAll = !conversationId;

  async function load(before) {
    const query = new URLSearchParams();
    if (!isAll) query.set("conversation_id", conversationId);
    if (before) query.set("before", before);
    const asked = isAll;
    try {
      const list = parse(await part(`/calls?${query}`, { signal }));
      if (asked !== isAll) return;
      dress(list);
      more.hidden = !list.dataset.next;
      more.dataset.before = list.dataset.next ?? "";
      if (before) place.firstElementChild.append(...list.children);
      else place.replaceChildren(list);
      note.textContent = place.firstElementChild.childElementCount ? "" : tr("No calls yet.");
    } catch (error) {
      if (!signal.aborted) note.textContent = error.message;
    }
  }

  function choose(showsAll) {
    isAll = showsAll;
    here.ariaPressed = String(!isAll);
    all.ariaPressed = String(isAll);
    load();
  }

  wire(dialog, signal);
  here.addEventListener("click", () => choose(false), { signal });
  all.addEventListener("click", () => choose(true), { signal });
  more.addEventListener("click", () => load(more.dataset.before), { signal });
  place.addEventListener("click", ({ target }) => {
    const again = target.closest(".calls__again");
    if (again) call(again.dataset.conversationId, again.dataset.call);
    if (again || target.closest(".calls__link")) dialog.close();
  }, { signal });
  dialog.addEventListener("close", () => {
    life.abort();
    dialog.remove();
  });
  find("whose").hidden = !conversationId;
  document.body.append(dialog);
  dialog.showModal();
  choose(isAll);
}

function dress(list) {
  for (const time of list.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    time.textContent = `${dayOf(at)}, ${clockOf(at)}`;
    time.title = fullOf(at);
  }
}
