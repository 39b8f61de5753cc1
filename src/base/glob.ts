/** Patterns of the hosts file, for the tools of a server and the members of a pool. */

/**
 * `*` matches any run of characters, `?` matches one, and every other character matches itself. Takes at most
 * glob × name steps: the server chooses the name, and a hostile name could keep a regular expression busy for hours.
 */
export function matchesGlob(glob: string, name: string): boolean {
  const pattern = Array.from(glob);
  const text = Array.from(name);
  let [at, next] = [0, 0];
  /** The index behind the last star, and how much of the text the star has matched. */
  let [behindStar, swallowed] = [0, 0];
  while (at < text.length) {
    if (pattern[next] === '*') {
      next += 1;
      [behindStar, swallowed] = [next, at];
    } else if (pattern[next] === '?' || pattern[next] === text[at]) {
      next += 1;
      at += 1;
    } else if (behindStar > 0) {
      swallowed += 1;
      [at, next] = [swallowed, behindStar];
    } else return false;
  }
  return pattern.slice(next).every((rest) => rest === '*');
}
