// What the page's script says, in German: see words.js. JSON, but for this line.

export default {};
