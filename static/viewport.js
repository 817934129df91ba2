// The height that an on-screen keyboard leaves, for browsers that lay it over the page instead of making the page
// smaller, as Safari does. A page that is zoomed keeps its height.

const { visualViewport: viewport } = window;
const root = document.documentElement;

export function followKeyboard(signal) {
  viewport?.addEventListener("resize", () => {
    const isCovered = viewport.scale === 1 && viewport.height < root.clientHeight - 1;
    if (isCovered) root.style.setProperty("--page-height", `${viewport.height}px`);
    else root.style.removeProperty("--page-height");
  }, { signal });
}
