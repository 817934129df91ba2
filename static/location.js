// Where one is: found when one asks for it, looked at, and only then sent.

import { wire } from "./dialog.js";
import { clone } from "./fragment.js";
import { loadStylesheet } from "./stylesheet.js";
import { tr } from "./words.js";

const FIND_MS = 20_000; // A receiver without a view of the sky takes longer, and finds nothing then either.
const REASONS = {
  1: tr("You have not allowed this page to know where you are. The browser's settings for this page change that."),
  2: tr("This device can not tell where it is just now."),
  3: tr("It took too long to find out where you are."),
};

export async function sendLocation(send, signal) {
  await loadStylesheet("attaching.css");
  const dialog = clone("#location-template");
  const [found, point, accuracy, map, note, name, again, button] =
    ["found", "point", "accuracy", "map", "note", "name", "again", "send"].map((part) => dialog.querySelector(`.place__${part}`));
  let place = null;

  function find() {
    again.hidden = true;
    if (!navigator.geolocation || !window.isSecureContext) {
      note.textContent = tr("A browser tells where you are only to pages with a secure address (https).");
      return;
    }
    note.textContent = tr("Finding out where you are…");
    navigator.geolocation.getCurrentPosition(show, fail, { enableHighAccuracy: true, timeout: FIND_MS });
  }

  function show({ coords: { latitude, longitude, accuracy: metres } }) {
    place = { latitude, longitude, accuracy_m: Math.round(metres) };
    const words = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
    point.textContent = words;
    accuracy.textContent = metres >= 1000 ? tr("to about {n} km", { n: Math.round(metres / 1000) }) : tr("to about {n} m", { n: Math.round(metres) });
    map.href = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;
    found.hidden = name.hidden = button.disabled = false;
    note.textContent = "";
    button.focus();
  }

  function fail({ code }) {
    note.textContent = REASONS[code] ?? REASONS[2];
    again.hidden = false;
  }

  wire(dialog, signal);
  again.addEventListener("click", find);
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!place) return;
    const called = name.querySelector("input").value.trim();
    send({ kind: "location", data: called ? { ...place, name: called } : place });
    dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  signal.addEventListener("abort", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  find();
}
