// What one does with the media of the open conversation: looks at them large, hears them. What that takes is fetched
// when there is something to look at or to hear.

const EDGE = "25%"; // Moving pictures begin a little before they are in view.

export class Media {
  #list;
  #timeline;
  #signal;
  #player = null; // a promise
  #views = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: EDGE });
  #calm = matchMedia("(prefers-reduced-motion: reduce)");

  // Lifecycle

  constructor(pane, { timeline, signal }) {
    this.#list = pane.querySelector(".timeline__messages");
    this.#timeline = timeline;
    this.#signal = signal;
    this.#list.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.#list.addEventListener("loadedmetadata", ({ target }) => sayLength(target), { capture: true, signal });
    timeline.addEventListener("placed", () => this.#meet(), { signal });
    timeline.addEventListener("renew", ({ detail }) => keep(detail), { signal });
    signal.addEventListener("abort", () => this.#views.disconnect());
    this.#meet();
  }

  // Private

  #meet() {
    for (const film of this.#list.querySelectorAll("video.tile__content")) {
      if (film.readyState >= HTMLMediaElement.HAVE_METADATA) sayLength(film);
      if (film.loop) this.#views.observe(film);
    }
    if (!this.#player && this.#list.querySelector(".player")) this.#player = this.#listen();
  }

  async #listen() {
    const { Player } = await import("./player.js");
    if (!this.#signal.aborted) new Player(this.#list, { signal: this.#signal });
  }

  // Who wants calm sees the first picture, and what moves when they open it.
  #seen(entries) {
    for (const { target: film, isIntersecting } of entries) {
      if (isIntersecting && !this.#calm.matches) film.play().catch(() => {}); // Scrolled away meanwhile, or refused.
      else film.pause();
    }
  }

  async #clicked(event) {
    const link = event.target.closest("a.tile");
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!link || !isPlain || event.defaultPrevented) return;
    event.preventDefault();
    const { Lightbox } = await import("./lightbox.js");
    const box = new Lightbox(this.#list, { timeline: this.#timeline, signal: this.#signal });
    box.open(link);
  }
}

// What is loaded already and is the same goes along into the new revision of its message, with where a voice is. At once
// after that is in the page: what stays out of it for longer stops and is loaded again.
function keep(item) {
  const media = document.getElementById(item.id).querySelector(".media");
  const same = media && item.querySelector(`.media[data-media="${CSS.escape(media.dataset.media)}"]`);
  if (!same) return;
  const { activeElement: focused } = document;
  queueMicrotask(() => {
    same.replaceWith(media);
    if (media.contains(focused)) focused.focus({ preventScroll: true });
  });
}

// A film that nobody measured before says its length when it is known.
function sayLength({ duration, parentElement }) {
  const badge = parentElement.querySelector("[data-length]:empty");
  if (badge && Number.isFinite(duration)) badge.textContent = lengthOf(duration);
}

// Of seconds: "1:02:03".
export function lengthOf(seconds) {
  const all = Math.round(seconds);
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
}
