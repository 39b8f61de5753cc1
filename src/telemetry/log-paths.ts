/** Where the log of a server or a host is, and back: `<folder>/<host>/<server>.log`. */
import path from 'node:path';

export interface LogPlace {
  readonly host: string;
  /** Undefined: the host's own log, of its ssh and of this program about it. */
  readonly server?: string;
}

/** Not a legal server name, so that no server can be confused with its host. */
const HOST_FILE = '@host';
const ENDING = '.log';

export function logFile(folder: string, place: LogPlace): string {
  const name = place.server === undefined ? HOST_FILE : encode(place.server);
  return path.join(folder, encode(place.host), `${name}${ENDING}`);
}

/** The file before the last rotation. */
export function rotatedFile(file: string): string {
  return `${file}.1`;
}

/** The place a file belongs to, from its path below the folder; undefined for any other file. */
export function placeOf(relative: string): LogPlace | undefined {
  const [host, file, ...deeper] = relative.split(path.sep);
  if (host === undefined || file === undefined || deeper.length > 0 || !file.endsWith(ENDING)) return undefined;
  const name = file.slice(0, -ENDING.length);
  return name === HOST_FILE ? { host: decode(host) } : { host: decode(host), server: decode(name) };
}

/** Names from a hosts file are tame; this keeps one that is not inside its folder all the same. The buffer mends lone surrogates. */
function encode(name: string): string {
  return encodeURIComponent(Buffer.from(name).toString()).replace(/^[.@]/, (first) => (first === '.' ? '%2E' : '%40'));
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
