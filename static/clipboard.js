import { toast } from "./toasts.js";
import { tr } from "./words.js";

// Puts a text where one can paste it from, and says so.
export async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast(tr("The browser does not let the page copy. Select the text instead."));
  }
}
