/** `help <topic>`: what concerns more than one command. */
import * as z from 'zod';
import { errorReport } from '../api/events.ts';
import { PRINTED } from '../api/printed.ts';
import { ERROR_CODES, EXIT } from '../base/errors.ts';
import { CONFIG_VARIABLE } from '../config/find.ts';
import { table } from './style.ts';

export const TOPICS = {
  'exit-codes': exitCodes,
  environment,
  json,
  config,
} as const;

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'all is well',
  unexpected: 'something unexpected',
  usage: 'the command line has a mistake',
  auth: 'a login or a host key was refused',
  unreachable: 'a host cannot be reached, or was lost',
  tool: 'a tool or a server answered with an error',
  config: 'the hosts file, or a file beside it, has a mistake',
  noDaemon: 'no daemon runs',
  partly: 'some hosts or servers are up, and others are not',
  interrupted: 'you stopped the command',
};

function exitCodes(): string {
  const rows = Object.entries(EXIT).map(([name, code]) => {
    const codes = Object.entries(ERROR_CODES).filter(([, { exit }]) => exit === code);
    const [first] = codes;
    const more = first === undefined ? '' : `, as ${first[0]}`;
    return [`  ${String(code)}`, `${MEANINGS[name as keyof typeof EXIT]}${more}`];
  });
  return `Exit codes:\n${table(rows)}\nThe page of an error code: mcp-anywhere explain <CODE>\n`;
}

function environment(): string {
  const rows = [
    [CONFIG_VARIABLE, 'the hosts file, as --config'],
    ['MCP_ANYWHERE_IDLE_EXIT_MS', 'the daemon stops after this time without clients, in ms'],
    ['MCP_ANYWHERE_KEYCHAIN', '`off`: secrets are kept in files, which only you can read'],
    ['XDG_CONFIG_HOME', 'its folder mcp-anywhere holds config.yaml'],
    ['XDG_CACHE_HOME', 'its folder mcp-anywhere holds the lists of tools'],
    ['XDG_STATE_HOME', 'its folder mcp-anywhere holds logs and records of trust'],
    ['XDG_RUNTIME_DIR', 'its folder mcp-anywhere holds the sockets'],
    ['SSH_AUTH_SOCK', 'the ssh agent'],
    ['SSH_ASKPASS', 'a program that asks for passphrases where there is no terminal'],
    ['NO_COLOR', 'any value: no colours'],
    ['FORCE_COLOR', 'any value but 0: colours in a pipe too'],
  ].map(([name = '', says = '']) => [`  ${name}`, says]);
  return `Variables that the program reads, besides those that the hosts file names with \${env:NAME}:\n${table(rows)}`;
}

function config(): string {
  return `The hosts file is the first of these that exists:
  --config <file>
  $${CONFIG_VARIABLE}
  config.yaml, config.yml or config.json in $XDG_CONFIG_HOME/mcp-anywhere (~/.config/mcp-anywhere)
  mcp-anywhere.config.yaml, .yml or .json, or .mcp-anywhererc, in the working folder or above; such a file has to be
  trusted once, with: mcp-anywhere config trust

The smallest one:
  hosts:
    gpu1:                 # an alias of ~/.ssh/config
      servers:
        files: { command: npx, args: [-y, "@modelcontextprotocol/server-filesystem", /data] }

Commands: init and add make it, config path says which one is used, config validate checks it, config schema prints its
JSON Schema for editors.
`;
}

/** The forms of `--json`, from the schemas that the program and its tests use. */
function json(): string {
  const shaped = (schema: z.ZodType, names: readonly Named[]): string =>
    shapeOf(z.toJSONSchema(schema, { unrepresentable: 'any' }) as Shape, names, '  ');
  const error = propertiesOf(z.toJSONSchema(errorReport, { unrepresentable: 'any' }) as Shape);
  const names = [{ properties: error, name: 'Error' }];
  const forms = Object.entries(PRINTED).map(([name, schema]) => `${name}\n  ${shaped(schema, names)}\n`);
  return `With --json a command prints one document; \`logs -f --json\` and \`status --watch --json\` print one a line.
A name with ? may be missing. Members may be added; a change of meaning raises schemaVersion. A command that failed prints
\`failure\` to stderr. --fields name,state keeps only these members of each element.

Error
  ${shaped(errorReport, [])}

${forms.join('\n')}`;
}

/** A shape that stands in many documents and is told once. */
interface Named {
  readonly properties: string;
  readonly name: string;
}

function propertiesOf({ properties }: Shape): string {
  return JSON.stringify(properties);
}

/** The program has so many error codes: `mcp-anywhere explain` lists them. */
const MOST_CHOICES = 12;

interface Shape {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly additionalProperties?: Shape | boolean;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly allOf?: readonly Shape[];
}

/** As a TypeScript type. */
function shapeOf(shape: Shape, names: readonly Named[], indent: string): string {
  const { anyOf, oneOf, allOf } = shape;
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.enum !== undefined && shape.enum.length <= MOST_CHOICES)
    return shape.enum.map((value) => JSON.stringify(value)).join(' | ');
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) return [...new Set(choices.map((one) => shapeOf(one, names, indent)))].join(' | ');
  if (allOf !== undefined) return allOf.map((one) => shapeOf(one, names, indent)).join(' & ');
  if (shape.type === 'array') return `[${shapeOf(shape.items ?? {}, names, indent)}]`;
  if (shape.type === 'object') return objectShape(shape, names, indent);
  return shape.type === undefined ? 'any' : [shape.type].flat().join(' | ');
}

const LINE = 100;

function objectShape(shape: Shape, names: readonly Named[], indent: string): string {
  const named = names.find(({ properties }) => properties === propertiesOf(shape));
  if (named !== undefined) return named.name;
  const { properties = {}, required = [], additionalProperties } = shape;
  const inner = `${indent}  `;
  const members = Object.entries(properties).map(
    ([name, member]) => `${name}${required.includes(name) ? '' : '?'}: ${shapeOf(member, names, inner)}`,
  );
  if (members.length === 0 && typeof additionalProperties === 'object')
    members.push(`[name]: ${shapeOf(additionalProperties, names, inner)}`);
  const line = `{ ${members.join(', ')} }`;
  return line.length <= LINE && !line.includes('\n')
    ? line
    : `{\n${members.map((one) => `${inner}${one}\n`).join('')}${indent}}`;
}
