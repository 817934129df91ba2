// What the page's script says, in Spanish: see words.js. JSON, but for this line.

export default {};
