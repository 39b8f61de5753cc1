/** Patterns of the hosts file: for tools of a server, members of a pool. */

/**
 * `*` matches any run of characters, `?` one; everything else stands for itself. Takes at most glob × name steps:
 * names are the server's choice, and a regular expression could be made to run for hours by one.
 */
export function matchesGlob(glob: string, name: string): boolean {
  const pattern = Array.from(glob);
  const text = Array.from(name);
  let [at, next] = [0, 0];
  /** Behind the last star passed, and how much of the text it has swallowed. */
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
