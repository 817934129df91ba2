// What is said and shown in a call, on its way between browsers. This is its place, and nothing else of the page knows of it:
// `calls.js` makes one for each call that this tab is in, and tells it what happens.
//
// Nothing is carried yet. What takes this file's place keeps the face of the class:
//
// - `new CallMedia({ call, userId, signal })`: the tab has joined `call` (as the server describes calls, with its `participants`).
//   `signal(to, data)` tells another participant's clients something: descriptions and candidates of WebRTC.
// - `update(call)`: the call has changed: who is in it (`state` is `joined`), whether it is `active`.
// - `heard({ from, data })`: another participant's client has told this one something.
// - `end()`: the tab is in the call no more.

import { tr } from "./words.js";

// What people read in the bar of a call; empty as soon as something is carried.
export const NOTICE = tr("This version rings and connects, but carries no sound or picture yet.");

export class CallMedia {
  update() {}

  heard() {}

  end() {}
}
