// Small things that outlive a reload. A browser may refuse storage (in frames of other sites, say):
// then they are forgotten, and nothing else breaks.

export function recall(storageName, key) {
  try {
    return JSON.parse(window[storageName].getItem(key));
  } catch {
    return null;
  }
}

export function remember(storageName, key, value) {
  try {
    if (value) window[storageName].setItem(key, JSON.stringify(value));
    else window[storageName].removeItem(key);
  } catch (error) {
    console.warn(`${key} is not kept`, error);
  }
}
