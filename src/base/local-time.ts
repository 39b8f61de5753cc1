/** Times of day for a person: local, and without a date where the day is today. */

/** `14:03:27`, in the time zone of this machine. */
export function clockText(atMs: number): string {
  const at = new Date(atMs);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':');
}

/** `14:03:27`, or `2026-11-30 14:03:27` for another day than today. */
export function localTime(atMs: number, nowMs: number): string {
  const [at, now] = [new Date(atMs), new Date(nowMs)];
  if (at.toDateString() === now.toDateString()) return clockText(atMs);
  return `${at.getFullYear()}-${twoDigits(at.getMonth() + 1)}-${twoDigits(at.getDate())} ${clockText(atMs)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
