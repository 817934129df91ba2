// What the page's script says, in Arabic: see words.js. JSON, but for this line.

export default {};
