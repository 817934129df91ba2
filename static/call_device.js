// What this tab calls itself in calls. No other tab is called so: of two that answer, the server lets one in.

import { locks, recall, remember } from "./storage.js";
import { tr } from "./words.js";

const KEY = "call-device"; // of the tab, and of the browser
const LOCK = "webchat-device-";

let name = null; // a promise

export function deviceName() {
  return name ??= choose();
}

// Whether it is the name of a tab of this browser that is gone.
export async function isGone(device) {
  const [, ours, tab] = / · (\w+)-(\w+)$/.exec(device ?? "") ?? [];
  if (!locks || !ours || ours !== recall("localStorage", KEY)) return false;
  const { held } = await locks.query();
  return !held.some((lock) => lock.name === LOCK + tab);
}

// Private

// The same after a reload, so that the call goes on; a copy of the tab, which has its storage too, takes another.
async function choose() {
  const ours = kept("localStorage");
  let tab = kept("sessionStorage");
  if (!await isOurs(tab)) {
    remember("sessionStorage", KEY, tab = random());
    await isOurs(tab);
  }
  return `${browser()} · ${ours}-${tab}`;
}

function kept(storage) {
  const id = recall(storage, KEY) ?? random();
  remember(storage, KEY, id);
  return id;
}

function random() {
  return Math.random().toString(36).slice(2, 8);
}

// Held for as long as the tab is there.
function isOurs(tab) {
  if (!locks) return true;
  return new Promise((resolve) => {
    locks.request(LOCK + tab, { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock && new Promise(() => {});
    });
  });
}

function browser() {
  const { userAgent } = navigator;
  const named = (names) => names.find(([part]) => userAgent.includes(part))?.[1];
  const program = named([["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]]);
  const system = named([["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac", "Mac"], ["Linux", "Linux"]]);
  const name = program ?? tr("Browser");
  return system ? tr("{program} on {system}", { program: name, system }) : name;
}
