// Many things in few words: "a", "a and b", "a and 4 more".

export function namesOf(names) {
  const [first, second, ...others] = names;
  if (others.length) return `${first} and ${names.length - 1} more`;
  return second ? `${first} and ${second}` : first;
}
