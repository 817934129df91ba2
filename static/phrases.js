// Many things in few words: "a", "a and b", "a and 4 more".

import { tr, trCount } from "./words.js";

export function namesOf(names) {
  const [first, second, ...others] = names;
  if (others.length) return trCount("{name} and {n} more", "{name} and {n} more", names.length - 1, { name: first });
  return second ? tr("{first} and {second}", { first, second }) : first;
}
