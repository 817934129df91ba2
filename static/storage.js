// Small things that outlive a reload. A browser may refuse storage (in frames of other sites, say): then they are kept for as long
// as the page is there, and nothing else breaks.

const unkept = new Map();

// Who refuses storage refuses locks as well.
export const locks = isRefused() ? null : navigator.locks;

export function recall(storageName, key) {
  try {
    return JSON.parse(window[storageName].getItem(key));
  } catch {
    return unkept.get(key) ?? null;
  }
}

export function remember(storageName, key, value) {
  try {
    if (value) window[storageName].setItem(key, JSON.stringify(value));
    else window[storageName].removeItem(key);
  } catch (error) {
    unkept.set(key, value);
    if (locks) console.warn(`${key} is not kept`, error);
  }
}

// All that begin so.
export function keysOf(storageName, prefix) {
  return isRefused() ? [] : Object.keys(window[storageName]).filter((key) => key.startsWith(prefix));
}

function isRefused() {
  try {
    return !window.localStorage;
  } catch {
    return true;
  }
}
