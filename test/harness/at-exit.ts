/** What must be done when the test process ends without having cleaned up. One listener serves all. */
const pending = new Set<() => void>();

/** `work` must be synchronous. Returns how to forget it. */
export function atExit(work: () => void): () => void {
  if (pending.size === 0 && !process.listeners('exit').includes(runAll)) process.once('exit', runAll);
  pending.add(work);
  return () => pending.delete(work);
}

function runAll(): void {
  for (const work of [...pending].reverse()) work();
}
