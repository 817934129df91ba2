// Moments in the reader's own time and words.

import { locale, tr } from "./words.js";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
const weekday = new Intl.DateTimeFormat(locale, { weekday: "long" });
const shortWeekday = new Intl.DateTimeFormat(locale, { weekday: "short" });
const dayOfYear = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long" });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
const numbers = new Intl.DateTimeFormat(locale, { dateStyle: "short" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

export const clockOf = (at) => clock.format(at);
export const fullOf = (at) => full.format(at);

// Today, Yesterday, Monday, 3 March, 3 March 2024.
export function dayOf(at, now) {
  const day = dayWithin(at, now);
  return day.charAt(0).toUpperCase() + day.slice(1);
}

// The same within a sentence: "yesterday", "Monday".
export function dayWithin(at, now = new Date()) {
  const days = daysBetween(at, now);
  if (days >= 0 && days < 2) return relative.format(-days, "day");
  if (days >= 2 && days < 7) return weekday.format(at);
  return (at.getFullYear() === now.getFullYear() ? dayOfYear : day).format(at);
}

// For a narrow column: 14:05, Mon, 03/03/2024.
export function briefOf(at, now = new Date()) {
  const days = daysBetween(at, now);
  if (days <= 0) return clock.format(at);
  return days < 7 ? shortWeekday.format(at) : numbers.format(at);
}

// "last seen 5 minutes ago"
export function seenOf(at, now = new Date()) {
  const minutes = Math.max(0, Math.round((now - at) / MINUTE_MS));
  if (minutes < 1) return tr("last seen just now");
  const ago = relative.format(-minutes, "minute");
  if (minutes < 60) return tr("last seen {ago}", { ago });
  const time = clock.format(at);
  if (daysBetween(at, now) === 0) return tr("last seen at {time}", { time });
  const day = dayWithin(at, now);
  return tr("last seen {day} at {time}", { day: locale ? day : day.toLowerCase(), time }); // Not German's "Montag".
}

export function isSameDay(one, other) {
  return one.toDateString() === other.toDateString();
}

function daysBetween(at, now) {
  return Math.round((midnight(now) - midnight(at)) / DAY_MS);
}

function midnight(at) {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate());
}
