// What is said of files: how large they are, as people say it, and as messages do.

import { locale, tr, trCount } from "./words.js";

const UNITS = [(n) => tr("{n} kB", { n }), (n) => tr("{n} MB", { n }), (n) => tr("{n} GB", { n })];

// As the server says it in the page.
export function fileBytesMax() {
  return Number(document.documentElement.dataset.fileBytesMax) || Infinity;
}

export function bytesInWords(bytes) {
  if (bytes < 999.5) return trCount("{n} byte", "{n} bytes", bytes);
  let at = 0;
  let size = bytes / 1000;
  for (; size >= 999.5 && at < UNITS.length - 1; at++) size /= 1000;
  const digits = size >= 9.95 ? 0 : 1;
  return UNITS[at](size.toLocaleString(locale ?? "en", { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false }));
}
