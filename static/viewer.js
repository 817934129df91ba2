// Picks out the viewer's own messages by one CSS rule, since the fragments are the same for every
// reader. Made through the CSSOM, so a strict style policy holds; how "own" looks stands in app.css.

const id = CSS.escape(document.documentElement.dataset.userId);
const sheet = new CSSStyleSheet();
sheet.replaceSync(`.message[data-sender="${id}"] {
  --message-side: row-reverse;
  --message-surface: var(--surface-own);
  --message-head: none;
  --message-ticks: inline-block;
  --message-corner-start: var(--radius);
  --message-corner-end: 0.25rem;
}`);
document.adoptedStyleSheets.push(sheet);
