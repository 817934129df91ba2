// What is said of files: how large they are, as people say it, and as messages do.

const UNITS = ["bytes", "kB", "MB", "GB"];

// As the server says it in the page.
export function fileBytesMax() {
  return Number(document.documentElement.dataset.fileBytesMax) || Infinity;
}

export function bytesInWords(bytes) {
  if (bytes === 1) return "1 byte";
  let at = 0;
  let size = bytes;
  for (; size >= 999.5 && at < UNITS.length - 1; at++) size /= 1000;
  return `${at === 0 || size >= 9.95 ? Math.round(size) : size.toFixed(1)} ${UNITS[at]}`;
}
