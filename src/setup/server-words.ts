/** What people have at hand of an MCP server, as entries of a hosts file: command lines, packages, addresses, JSON. */
import { AnywhereError } from '../base/errors.ts';
import { legalName } from '../config/checks.ts';
import { httpLater, serversInJson, type WantedServer } from './pasted-servers.ts';
import { shellWords } from './shell-words.ts';

/** @param words as given on the command line: one quoted text, or the words of a command line */
export function wantedServers(words: readonly string[]): WantedServer[] {
  const [only = '', ...others] = words;
  const text = only.trim();
  // A list or a lone value is JSON too: the error says what is missing, where a program of that name would never start.
  const isJson = (/^[{"]/.test(text) && /[{:]/.test(text)) || /^\[|^(?:null|true|false|-?\d[\d.]*)$/.test(text);
  if (isJson && others.length > 0)
    throw new AnywhereError('USAGE', 'The JSON of a server must be the only argument.', {
      hint: "put the JSON into single quotes: mcp-anywhere server add '{ … }' --host <host>",
    });
  if (others.length > 0) return fromCommandLine(words);
  if (text === '')
    throw new AnywhereError('USAGE', 'Nothing was given to add.', { hint: 'mcp-anywhere server add --help' });
  if (isJson) return serversInJson(text);
  return /^https?:\/\/\S+$/i.test(text) ? [fromOneWord(text)] : fromCommandLine(shellWords(text));
}

function fromCommandLine(words: readonly string[]): WantedServer[] {
  const [program = '', ...args] = words;
  if (['claude', 'codex', 'gemini'].includes(program) && args[0] === 'mcp') return [fromClient(args.slice(1))];
  if (program === 'code' && args[0] === '--add-mcp') return serversInJson(args[1] ?? '');
  if (args.length === 0) return [fromOneWord(program)];
  const variables = leadingVariables(words);
  const [command = '', ...rest] = words.slice(variables.length);
  if (command === '') throw new AnywhereError('USAGE', 'The command line names no program.');
  return [entry(undefined, command, rest, Object.fromEntries(variables.map(pairOf)))];
}

/** `NAME=value` before the program, as in a shell. */
function leadingVariables(words: readonly string[]): readonly string[] {
  const end = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
  return words.slice(0, end < 0 ? words.length : end);
}

function entry(name: string | undefined, command: string, args: readonly string[], env: object = {}): WantedServer {
  return {
    name,
    entry: {
      command,
      ...(args.length === 0 ? {} : { args: [...args] }),
      ...(Object.keys(env).length === 0 ? {} : { env }),
    },
    notes: [],
  };
}

const GITHUB =
  /^(?:(?:git\+)?https?:\/\/(?:www\.)?github\.com\/|git@github\.com:|github:|github\.com\/)([\w.-]+)\/([\w.-]+?)(?:\.git)?(?:[/#?].*)?$/;
const PACKAGE = /^(?:@[a-z0-9~-][\w.~-]*\/[a-z0-9~-][\w.~-]*(?:@[\w.^~-]+)?|[a-z0-9][\w.-]*@[\w.^~-]+)$/i;

function fromOneWord(word: string): WantedServer {
  const [, owner, repository] = GITHUB.exec(word) ?? [];
  if (owner !== undefined && repository !== undefined)
    return {
      ...entry(repository, 'npx', ['-y', `github:${owner}/${repository}`]),
      notes: [
        `npx on the host fetches and runs github:${owner}/${repository}; that needs a package.json with a program in the repository. For a Python project use: uvx --from git+https://github.com/${owner}/${repository} <program>`,
      ],
    };
  if (/^https?:\/\//i.test(word)) throw httpLater(undefined);
  if (PACKAGE.test(word))
    return { ...entry(undefined, 'npx', ['-y', word]), notes: [`${word} is taken for an npm package: npx -y ${word}`] };
  return entry(undefined, word, []);
}

/** Options of `claude|codex|gemini mcp add` that take a value. */
const VALUED =
  /^(?:-s|--scope|-t|--transport|-e|--env|-H|--header|--timeout|--url|--client-id|--callback-port|--description)$/;

interface ClientWords {
  readonly plain: readonly string[];
  readonly options: readonly (readonly [name: string, value: string])[];
}

/** @param words after `mcp` */
function fromClient([verb, ...words]: readonly string[]): WantedServer {
  if (verb === 'add-json') {
    const [name, json = ''] = clientWords(words).plain;
    return { ...(serversInJson(json)[0] ?? entry(undefined, '', [])), name };
  }
  if (verb !== 'add')
    throw new AnywhereError('USAGE', `Only \`mcp add\` and \`mcp add-json\` add a server, not \`mcp ${verb ?? ''}\`.`);
  const { plain, options } = clientWords(words);
  const [name, command, ...args] = plain;
  const has = (...names: string[]): string[] =>
    options.flatMap(([option, value]) => (names.includes(option) ? [value] : []));
  const isHttp =
    has('--url', '-H', '--header').length > 0 || has('-t', '--transport').some((value) => value !== 'stdio');
  if (isHttp || /^https?:\/\//i.test(command ?? '')) throw httpLater(name);
  if (name === undefined || command === undefined)
    throw new AnywhereError('USAGE', 'The line names no server, or no command for it.', {
      hint: 'like: claude mcp add files -- npx -y @modelcontextprotocol/server-filesystem /data',
    });
  return entry(name, command, args, Object.fromEntries(has('-e', '--env').map(pairOf)));
}

/** Options end at `--`, and where the name and the command are complete. */
function clientWords(words: readonly string[]): ClientWords {
  const plain: string[] = [];
  const options: [string, string][] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--') return { plain: [...plain, ...words.slice(index + 1)], options };
    if (plain.length >= 2) return { plain: [...plain, ...words.slice(index)], options };
    const [option = '', value] = word.split(/=(.*)/s);
    const isMore = /^--?e(?:nv)?$/.test(options.at(-1)?.[0] ?? '') && /^[A-Za-z_]\w*=/.test(word);
    if (isMore) options.push(['--env', word]);
    else if (!word.startsWith('-')) plain.push(word);
    else if (VALUED.test(option)) {
      options.push([option, value ?? words[index + 1] ?? '']);
      if (value === undefined) index += 1;
    }
  }
  return { plain, options };
}

function pairOf(text: string): readonly [string, string] {
  const [name = '', value] = text.split(/=(.*)/s);
  if (value !== undefined) return [name, value];
  throw new AnywhereError('USAGE', 'A variable is given as NAME=value.');
}

/** A legal name for a server without one: of its package, image or program. */
export function serverName({ name, entry: given }: WantedServer): string {
  const { command, args } = given;
  const words = [String(command), ...(Array.isArray(args) ? args.map(String) : [])];
  return legalName(name ?? shortened(subject(words))) ?? 'server';
}

/** Runners whose first plain word says what runs. */
const RUNNERS = /^(?:npx|bunx|uvx|pipx|pnpm|yarn|deno|uv|node|bun|python\d?(?:\.\d+)?|docker|podman|bash|sh|env)$/;
const RUNNER_WORDS = ['run', 'exec', 'dlx', 'tool', '-m'];
/** Options of docker, uvx and npx with a value that is not the subject. */
const WITH_VALUE =
  /^(?:-e|--env|-v|--volume|--mount|--name|-p|--publish|--network|-w|--workdir|-u|--user|--entrypoint|--platform|--directory|--python|--with|--env-file)$/;

function subject([command = '', ...args]: readonly string[]): string {
  const program = baseOf(command);
  if (!RUNNERS.test(program)) return program;
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? '';
    if (WITH_VALUE.test(word)) index += 1;
    else if (!word.startsWith('-') && !RUNNER_WORDS.includes(word)) return baseOf(word);
  }
  return program;
}

/** The last part of a path, a package or an image, without version and ending; of `x/dist/index.js` it is `x`. */
function baseOf(text: string): string {
  const parts = text.split(/[\\/]/).filter((part) => part !== '');
  const plain = (part: string): string => part.replace(/(?<=.)[@:#].*$/, '').replace(/\.(?:[cm]?[jt]s|py|sh|exe)$/, '');
  const telling = parts.map(plain).filter((part) => !/^(?:index|main|server|dist|build|bin|src|__main__)$/.test(part));
  return telling.at(-1) ?? plain(parts.at(-1) ?? text);
}

/** `mcp-server-git` and `server-git` are `git`. */
function shortened(name: string): string {
  const short = name
    .replace(/^(?:mcp[-_])?server[-_]|^mcp[-_]/i, '')
    .replace(/[-_]mcp(?:[-_]server)?$|[-_]server$/i, '');
  return short === '' ? name : short;
}
