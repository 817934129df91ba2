// Styles of parts that are not on the page at first: linked once, when such a part is first shown.

const loading = new Map(); // file → promise

// Resolves when the styles hold, so that nothing is seen without them.
export function loadStylesheet(file) {
  if (!loading.has(file)) loading.set(file, link(file));
  return loading.get(file);
}

function link(file) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL(file, import.meta.url);
  return new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => {
      link.remove();
      loading.delete(file); // The next who asks tries again.
      reject(new Error(`${file} could not be loaded`));
    };
    document.head.append(link);
  });
}
