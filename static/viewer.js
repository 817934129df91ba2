// Picks out what is the viewer's own by CSS rules, since the fragments are the same for every reader: messages,
// reactions, and where one is mentioned. Made through the CSSOM, so a strict style policy holds; how "own" looks
// stands in the stylesheets.

const id = CSS.escape(document.documentElement.dataset.userId);
const sheet = new CSSStyleSheet();
sheet.replaceSync(`.message[data-sender="${id}"] {
  --message-side: row-reverse;
  --message-surface: var(--surface-own);
  --message-head: none;
  --message-ticks: inline-block;
  --message-corner-start: var(--radius);
  --message-corner-end: 0.25rem;
}
.mention[data-user="${id}"] { --mention-surface: var(--action); --mention-text: var(--on-action); --mention-padding: 0.05em 0.2em; }
.reaction[data-reactors~="${id}"] { --reaction-surface: var(--action); --reaction-text: var(--on-action); --reaction-weight: 700; }`);
document.adoptedStyleSheets.push(sheet);
