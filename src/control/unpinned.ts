/** Servers of the hosts file that start whatever version of a package is the newest at that moment. */
import type { DoctorStep } from '../api/control.ts';
import { AnywhereError, reportOf } from '../base/errors.ts';
import type { HostPlan, ServerPlan } from '../config/plan.ts';

interface Unpinned {
  /** As the command line has it. */
  readonly word: string;
  /** With `VERSION` in its place. */
  readonly pinned: string;
  /** The command that says the newest version. */
  readonly look: string;
}

/** Programs that download a package and run it, and the words before the package. */
const RUNNERS: readonly { readonly words: readonly string[]; readonly kind: 'npm' | 'pypi' }[] = [
  { words: ['npx'], kind: 'npm' },
  { words: ['bunx'], kind: 'npm' },
  { words: ['bun', 'x'], kind: 'npm' },
  { words: ['pnpx'], kind: 'npm' },
  { words: ['pnpm', 'dlx'], kind: 'npm' },
  { words: ['yarn', 'dlx'], kind: 'npm' },
  { words: ['npm', 'exec'], kind: 'npm' },
  { words: ['uvx'], kind: 'pypi' },
  { words: ['uv', 'tool', 'run'], kind: 'pypi' },
  { words: ['pipx', 'run'], kind: 'pypi' },
];

/** Options that name the package themselves. */
const PACKAGE_OPTIONS = ['-p', '--package', '--from', '--spec'];
/** Options with a value of their own, and options that keep a runner from downloading. */
const VALUE_OPTIONS = [
  '--with',
  '--python',
  '--registry',
  '--index-url',
  '--default-index',
  '--index',
  '--cache',
  '-c',
];
const LOCAL_OPTIONS = ['--no', '--no-install', '--offline'];

/** One finding a package, because many hosts often start the same one. */
export function unpinnedSteps(hosts: readonly HostPlan[]): readonly DoctorStep[] {
  const found = new Map<string, { readonly unpinned: Unpinned; readonly places: string[] }>();
  for (const server of hosts.flatMap(({ servers }) => servers.filter(({ enabled }) => enabled))) {
    const unpinned = unpinnedIn(server);
    if (unpinned === undefined) continue;
    const known = found.get(unpinned.pinned) ?? { unpinned, places: [] };
    found.set(unpinned.pinned, known);
    known.places.push(`${server.host}/${server.name}`);
  }
  return [...found.values()].map(({ unpinned: { word, pinned, look }, places }) => {
    const text = `${word} has no fixed version: each start may run another program.`;
    const hint = `write ${pinned} in the hosts file; the newest VERSION: ${look}`;
    const cause = reportOf(
      new AnywhereError('PACKAGE_UNPINNED', text, { evidence: [`started by ${places.join(', ')}`], hint }),
    );
    return { check: 'package', outcome: 'warning', text, cause, durationMs: 0 };
  });
}

function unpinnedIn({ command, args }: ServerPlan): Unpinned | undefined {
  const program = command.replace(/^.*[\\/]/, '').replace(/\.(cmd|exe)$/i, '');
  // A word with a reference is not known before the start.
  const words = [program, ...args.map(({ pieces }) => pieces.filter((one) => typeof one === 'string').join(''))];
  const runner = RUNNERS.find((one) => one.words.every((word, index) => words[index] === word));
  if (runner === undefined) return undefined;
  const named = packageIn(words.slice(runner.words.length));
  if (named === undefined) return undefined;
  // Only uvx, and only without an option, takes the notation of npm.
  const mark = program === 'uvx' && !named.isByOption ? '@' : '==';
  return runner.kind === 'npm' ? ofNpm(named.word) : ofPypi(named.word, mark);
}

interface NamedPackage {
  readonly word: string;
  readonly isByOption: boolean;
}

function packageIn(words: readonly string[]): NamedPackage | undefined {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const [option = '', value] = word.split(/=(.*)/s);
    if (LOCAL_OPTIONS.includes(option)) return undefined;
    if (PACKAGE_OPTIONS.includes(option)) return { word: value ?? words[at + 1] ?? '', isByOption: true };
    if (VALUE_OPTIONS.includes(option) && value === undefined) at += 1;
    else if (!option.startsWith('-')) return { word, isByOption: false };
  }
  return undefined;
}

/** A path, a URL or a repository is no package of a registry. */
const ELSEWHERE = /^[./~]|:|\.(tgz|whl)$/;

function ofNpm(word: string): Unpinned | undefined {
  const [, name, version = ''] = /^((?:@[^/@]+\/)?[^/@]+)(?:@(.*))?$/.exec(word) ?? [];
  if (name === undefined || ELSEWHERE.test(word) || /^\d+\.\d+\.\d+/.test(version)) return undefined;
  return { word, pinned: `${name}@VERSION`, look: `npm view ${name} version` };
}

/** `name`, `name[extra]`, `name@1.2`, `name==1.2`. */
function ofPypi(word: string, mark: '@' | '=='): Unpinned | undefined {
  const [, name, separator, version = ''] = /^([\w.-]+(?:\[[^\]]*\])?)(@|==|[<>~!=]+)?(.*)$/.exec(word) ?? [];
  if (name === undefined || ELSEWHERE.test(word)) return undefined;
  if ((separator === '@' || separator === '==') && /^\d[^*]*$/.test(version)) return undefined;
  return { word, pinned: `${name}${mark}VERSION`, look: `https://pypi.org/project/${name.replace(/\[.*/, '')}` };
}
