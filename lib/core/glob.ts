/**
 * Whether the whole text fits the pattern: `*` is any run of characters, `?` any one, all else is itself.
 * Never builds a regular expression, so no pattern can take exponential time: at most text × pattern steps.
 */
export function globMatches(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let place = 0;
  while (at < text.length) {
    if (pattern[place] === '*') {
      star = place++;
      resume = at;
    } else if (place < pattern.length && (pattern[place] === '?' || pattern[place] === text[at])) {
      place++;
      at++;
    } else if (star >= 0) {
      // The last star takes one character more; earlier stars never need to be tried again.
      place = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[place] === '*') place++;
  return place === pattern.length;
}
