// Moments in the reader's own time and words.

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const numbers = new Intl.DateTimeFormat(undefined, { dateStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export const clockOf = (at) => clock.format(at);
export const fullOf = (at) => full.format(at);

// Today, Yesterday, Monday, 3 March, 3 March 2024.
export function dayOf(at, now = new Date()) {
  const days = daysBetween(at, now);
  if (days >= 0 && days < 2) return capital(relative.format(-days, "day"));
  if (days >= 2 && days < 7) return weekday.format(at);
  return (at.getFullYear() === now.getFullYear() ? dayOfYear : day).format(at);
}

// For a narrow column: 14:05, Monday, 03/03/2024.
export function briefOf(at, now = new Date()) {
  const days = daysBetween(at, now);
  if (days <= 0) return clock.format(at);
  return days < 7 ? weekday.format(at).slice(0, 3) : numbers.format(at);
}

// "last seen 5 minutes ago"
export function seenOf(at, now = new Date()) {
  const minutes = Math.max(0, Math.round((now - at) / MINUTE_MS));
  if (minutes < 1) return "last seen just now";
  if (minutes < 60) return `last seen ${relative.format(-minutes, "minute")}`;
  if (daysBetween(at, now) === 0) return `last seen at ${clock.format(at)}`;
  return `last seen ${dayOf(at, now).toLowerCase()} at ${clock.format(at)}`;
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

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
