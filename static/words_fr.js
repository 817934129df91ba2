// What the page's script says, in French: see words.js. JSON, but for this line.

export default {};
