// The page's words in the reader's language. English stands in the sources and is the key, as in gettext; another
// language has a catalog, words_<language>.js, which is there before anything is said.

const { lang } = document.documentElement;
const isEnglish = lang === "en";

// For Intl: English as the browser speaks it, another language as it is spoken where the browser is at home, with digits
// as the server writes them.
export const locale = isEnglish
  ? undefined
  : new Intl.Locale(navigator.languages.find((one) => one.split("-")[0] === lang) ?? lang, { numberingSystem: "latn" });

// What does not come leaves English. `sayer` says the fixed words of messages anew: English has none.
const [catalog, say] = isEnglish ? [{}] : await Promise.all([import(`./words_${lang}.js`), import("./say.js")])
  .then(([{ default: words }, { sayerOf }]) => [words, sayerOf(tr, trCount)], () => [{}]);
export const sayer = say;

// "{name} is typing" with { name }.
export function tr(text, values) {
  return fill(catalog[text] ?? text, values);
}

// "{n} person", "{n} people". The key of a catalog is both, with a bar between, its value a sentence for each plural.
export function trCount(one, other, n, values) {
  const forms = catalog[`${one}|${other}`];
  const said = forms && (forms[new Intl.PluralRules(lang).select(n)] ?? forms.other);
  return fill(said ?? (n === 1 ? one : other), { n, ...values });
}

function fill(text, values) {
  return values ? text.replace(/{(\w+)}/g, (all, name) => values[name] ?? all) : text;
}
