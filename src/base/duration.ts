/** Spans of time in words, in the one form that commands, errors and the dashboard share. */

/** `0.8ms`, `12ms`, `1.4s`, `65s`, `3m`. */
export function durationText(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)}ms`;
  if (ms < 999.5) return `${ms.toFixed(0)}ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  return ms < 119_500 ? `${(ms / 1000).toFixed(0)}s` : ageText(ms);
}

/** `8s`, `3m`, `2h`, `5d`: for what need not be exact. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
