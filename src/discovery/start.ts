/** How a found server is started: the words of its entry, with references that the machine itself resolves. */
import type { FoundServer } from './found.ts';
import type { Piece, Text } from './references.ts';

/** A text, or its parts in order. */
type Word = string | readonly Piece[];

export interface Start {
  readonly command: string;
  readonly args: readonly Word[];
  readonly env: ReadonlyMap<string, Word>;
  readonly envFile: Word | undefined;
  readonly cwd: Word | undefined;
}

/** @param server lacks nothing */
export function startOf({ command, args, env, envFile, cwd, file, project }: FoundServer): Start {
  const folder = file.slice(0, file.lastIndexOf('/'));
  const wordOf = (text: Text): Word => word(text, folder);
  const program = command === undefined ? '' : underHome(wordOf(command));
  const words = args.map(wordOf);
  return {
    // The launcher looks a program up by its name, so a shell resolves the references of a command.
    ...(typeof program === 'string'
      ? { command: program, args: words }
      : { command: '/bin/sh', args: ['-c', 'exec "$0" "$@"', program, ...words] }),
    env: new Map([...env].map(([name, value]) => [name, wordOf(value)])),
    envFile: envFile === undefined ? undefined : absolute(underHome(wordOf(envFile)), project ?? '~'),
    cwd: cwd === undefined ? undefined : underHome(wordOf(cwd)),
  };
}

function word({ pieces }: Text, folder: string): Word {
  if (pieces.every((piece) => typeof piece === 'string')) return pieces.join('');
  return pieces.map((piece) =>
    typeof piece === 'object' && 'file' in piece ? { file: absolutePath(piece.file, folder) } : piece,
  );
}

/** `~/` for a path below the variable HOME: the launcher expands it at the beginning of a path, and nowhere else. */
function underHome(path: Word): Word {
  if (typeof path === 'string') return path;
  const [first, second, ...rest] = path;
  const isHome = typeof first === 'object' && 'variable' in first && first.variable === 'HOME';
  return isHome && typeof second === 'string' && rest.length === 0 && second.startsWith('/') ? `~${second}` : path;
}

function absolute(path: Word, folder: string): Word {
  return typeof path === 'string' ? absolutePath(path, folder) : path;
}

function absolutePath(path: string, folder: string): string {
  return /^(?:\/|~\/)/.test(path) ? path : `${folder}/${path.replace(/^\.\//, '')}`;
}

const NAME = /TOKEN|KEY|SECRET|PASS|PWD|CREDENTIAL|AUTH|COOKIE|DSN/i;

/** Values that must not be shown: literal values of variables, and arguments that may hold a key. */
export function secretsOf({ env, args }: FoundServer): readonly string[] {
  const words = [...env].flatMap(([name, value]) => {
    const text = literalOf(value);
    return NAME.test(name) || !isHarmless(text) ? [text] : [];
  });
  const all = args.map(literalOf);
  const hidden = all.flatMap((value, index) => {
    const before = all[index - 1] ?? '';
    const [, option = '', behind = ''] = /^(--?[\w-]+|\w+)=(.*)$/s.exec(value) ?? [];
    const isValue = before.startsWith('--') && NAME.test(before) && !value.startsWith('-');
    return [...(isValue || mayBeKey(value) ? [value] : []), ...(NAME.test(option) || mayBeKey(behind) ? [behind] : [])];
  });
  return [...words, ...hidden];
}

function literalOf({ pieces }: Text): string {
  return pieces.filter((piece) => typeof piece === 'string').join('');
}

/** Numbers, switches, paths and plain short words say nothing, and would garble every log where they are hidden. */
function isHarmless(value: string): boolean {
  return (
    value.length < 6 ||
    /^(?:\d+|true|false|[a-z]{1,12}|[~.]?\/[\w./ ~-]*|https?:\/\/[\w.-]+(?::\d+)?(?:\/[\w./-]*)?)$/i.test(value)
  );
}

/** Credentials in a URL, a token, or a long run of letters and digits. */
function mayBeKey(value: string): boolean {
  if (/:\/\/[^/\s]*@/.test(value) || /^(?:Bearer |sk-|gh[pousr]_|github_pat_|glpat-|xox[a-z]-|AKIA)/.test(value))
    return true;
  return (
    /^[\w+/=.-]{16,}$/.test(value) && /\d/.test(value) && /[A-Za-z]/.test(value) && !/[/.]/.test(value.slice(0, 12))
  );
}
