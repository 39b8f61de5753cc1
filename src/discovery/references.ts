/**
 * The references inside an AI client's texts. Each client has its own notation; here they become pieces that say what a text
 * is made of: literal text, variables and files of the machine, and things that only the client has.
 */

import { beginning } from '../base/harmless.ts';

/** Of a name that a client's file gives. */
const LONGEST_SHOWN = 120;

/** A part of a text. A variable or a file is looked up on the machine when the server starts. */
export type Piece =
  | string
  | { readonly variable: string; readonly fallback?: string }
  /** Relative to the folder of the client's file. */
  | { readonly file: string };

export interface Text {
  readonly pieces: readonly Piece[];
  /** What only the client has, in words: `the input github_token of VS Code`. Empty: the text is complete. */
  readonly lacks: readonly string[];
}

/** What the client knows without asking the machine. */
export interface Surroundings {
  /** The client's name, for people. */
  readonly client: string;
  /** The project's folder on the machine; undefined for a file of the user. */
  readonly project?: string | undefined;
}

type Found = Piece | { readonly lacks: string };
type Groups = Readonly<Record<string, string | undefined>>;

/** Patterns stop at the next brace, so that no text takes long. */
interface Notation {
  readonly pattern: RegExp;
  /** Undefined: no reference, but ordinary text. */
  readonly read: (groups: Groups, surroundings: Surroundings) => Found | undefined;
}

const variable = ({ name, plain, fallback }: Groups): Found | undefined => {
  const found = name ?? plain;
  if (found === undefined) return undefined;
  return fallback === undefined ? { variable: found } : { variable: found, fallback };
};

function constantOf(kind: string | undefined, project: string | undefined): Piece | undefined {
  switch (kind) {
    case 'userHome':
      return { variable: 'HOME' };
    case 'pathSeparator':
    case '/':
      return '/';
    case 'workspaceFolder':
      return project;
    case 'workspaceFolderBasename':
      return project?.replace(/^.*\//, '');
    default:
      return undefined;
  }
}

/** `${env:NAME}`, `${userHome}`, `${input:id}` … of VS Code and its relatives. */
const editor: Notation = {
  pattern: /\$\{(?<kind>\w+|\/)(?::(?<rest>[^{}]*))?\}/g,
  read: ({ kind, rest }, { client, project }) => {
    if (kind === 'env' && rest !== undefined && isVariable(rest)) return { variable: rest };
    if (kind === 'input') return { lacks: `the input ${rest ?? ''} of ${client}` };
    const constant = constantOf(kind, project);
    if (constant !== undefined) return constant;
    const name = rest === undefined ? kind : `${kind ?? ''}:${rest}`;
    return { lacks: `\${${name ?? ''}}, which ${client} knows` };
  },
};

const notations = {
  none: undefined,
  editor,
  /** `${NAME}`, `${NAME:-default}` */
  shell: { pattern: /\$\{(?<name>[A-Za-z_]\w*)(?::-(?<fallback>[^{}]*))?\}/g, read: variable },
  /** `$NAME`, `${NAME}`, and `$env:NAME` of mcporter */
  dollar: {
    pattern: /\$\{(?<name>[A-Za-z_]\w*)(?::-(?<fallback>[^{}]*))?\}|\$(?:env:)?(?<plain>[A-Za-z_]\w*)/g,
    read: variable,
  },
  /** `{env:NAME}`, `{file:path}` */
  braces: {
    pattern: /\{(?<kind>env|file):(?<rest>[^{}]+)\}/g,
    read: ({ kind, rest = '' }) =>
      kind === 'file' ? { file: rest } : isVariable(rest) ? { variable: rest } : undefined,
  },
  /** `${{ secrets.NAME }}` */
  secrets: {
    pattern: /\$\{\{\s*(?<kind>secrets|inputs)\.(?<rest>[\w.-]+)\s*\}\}/g,
    read: ({ kind, rest = '' }, { client }) => ({
      lacks: `the ${kind === 'inputs' ? 'input' : 'secret'} ${rest} of ${client}`,
    }),
  },
} as const satisfies Record<string, Notation | undefined>;

export type NotationName = keyof typeof notations;

export function readText(written: string, name: NotationName, surroundings: Surroundings): Text {
  const notation: Notation | undefined = notations[name];
  if (notation === undefined) return literal(written);
  const pieces: Piece[] = [];
  const lacks: string[] = [];
  let from = 0;
  for (const match of written.matchAll(notation.pattern)) {
    const found = notation.read(match.groups ?? {}, surroundings);
    if (found === undefined) continue;
    pieces.push(written.slice(from, match.index));
    from = match.index + match[0].length;
    if (typeof found === 'object' && 'lacks' in found) lacks.push(beginning(found.lacks, LONGEST_SHOWN));
    else pieces.push(found);
  }
  pieces.push(written.slice(from));
  return { pieces: pieces.filter((piece) => piece !== ''), lacks };
}

export function literal(text: string): Text {
  return { pieces: text === '' ? [] : [text], lacks: [] };
}

/** Whether a shell can hold a variable of this name. */
export function isVariable(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name);
}
