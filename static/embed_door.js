// The way in, within a frame: the page around hears that nobody is known yet, and may say who it is.

import { EmbedLine, passEscapeOn, wear } from "./embed_line.js";

const line = new EmbedLine("door");
passEscapeOn(line);
line.on("setup", ({ look, hasToken }) => {
  wear(look);
  if (hasToken) location.replace("/embed");
});
line.on("look", ({ look }) => wear(look));
for (const type of ["token-changed", "show"]) line.on(type, () => location.replace("/embed"));
line.on("focus", () => document.querySelector("input:not([type=hidden]), a")?.focus());
