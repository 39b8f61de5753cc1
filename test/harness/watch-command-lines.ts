/** Looks at every process list entry of the machine, again and again, for texts that must never stand there. */
import { readdirSync, readFileSync } from 'node:fs';

export interface CommandLineWatch {
  /** Command lines that held one of the texts. */
  readonly found: readonly string[];
  stop(): void;
}

export function watchCommandLines(texts: readonly string[]): CommandLineWatch {
  const found = new Set<string>();
  const look = (): void => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
      const line = commandLine(pid);
      if (texts.some((text) => line.includes(text))) found.add(line);
    }
  };
  const timer = setInterval(look, 4);
  return {
    get found() {
      return [...found];
    },
    stop: () => {
      look();
      clearInterval(timer);
    },
  };
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trimEnd();
  } catch {
    return '';
  }
}
