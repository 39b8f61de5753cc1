/** `discover` of a host: start what the AI clients' files on that machine name. */
import * as z from 'zod';
import { checkCwd } from './checks.ts';
import { flag } from './fields.ts';
import { nearMiss } from './near-miss.ts';
import { type Complaint, complaint, describeFound, type KeyPath, mapping } from './problem.ts';

/** The AI clients whose files are read; `discovery/clients.ts` has a line for each. */
// biome-ignore format: a list of words
export const CLIENT_IDS = [
  'claude-desktop', 'claude-code', 'cursor', 'vscode', 'vscode-insiders', 'codex', 'gemini', 'qwen', 'copilot', 'opencode',
  'kilo', 'zed', 'windsurf', 'cline', 'cline-cli', 'continue', 'goose', 'kiro', 'amazon-q', 'junie', 'lmstudio', 'warp',
  'trae', 'grok', 'pi', 'mcporter', 'antigravity', 'kimi', 'amp', 'factory', 'qoder', 'vibe', 'mastra', 'roo', 'crush', 'fx',
  'mcp',
];

const KEYS = ['clients', 'projects'];

/** Keys and names are checked by `discoverRules`, which knows better advice. */
export const discover = z
  .union(
    [
      flag(),
      z
        .looseObject({
          clients: z
            .array(z.string().meta({ enum: CLIENT_IDS }))
            .describe('Only these AI clients. Left out: all.')
            .optional(),
          projects: z
            .array(z.string())
            .describe('Folders on that machine whose own files (.mcp.json, .cursor/mcp.json …) count too.')
            .optional(),
        })
        .meta({ additionalProperties: false }),
    ],
    { error: 'true, false, or a mapping with the lists `clients` and `projects`' },
  )
  .describe(
    "true: also start the MCP servers that the AI clients' files on that machine name. Entries of single projects count only for the folders below `projects`. Left out: false.",
  )
  .optional();

/** @param isSubsystem the host runs only one program */
export function discoverRules(value: unknown, path: KeyPath, isSubsystem: boolean): Complaint[] {
  if (value === undefined || value === false) return [];
  if (isSubsystem) {
    const expected = 'no such key on a host with `ssh.subsystem`';
    return [complaint(path, 'key', expected, '`discover`', 'remove the key: no file can be read on such a host')];
  }
  const { clients, projects, ...others } = mapping(value);
  return [
    ...Object.keys(others).map((key) => {
      const meant = nearMiss(key, KEYS);
      const advice = meant === undefined ? undefined : `did you mean \`${meant}\`?`;
      return complaint([...path, key], 'key', 'clients or projects', `the unknown key \`${key}\``, advice);
    }),
    ...listRules(clients, [...path, 'clients'], (id) => {
      if (CLIENT_IDS.includes(id)) return undefined;
      const meant = nearMiss(id, CLIENT_IDS);
      return {
        expected: 'an AI client',
        suggestion: meant === undefined ? `one of ${CLIENT_IDS.join(', ')}` : `did you mean \`${meant}\`?`,
      };
    }),
    ...listRules(projects, [...path, 'projects'], (folder) =>
      /\p{Cc}/u.test(folder) ? { expected: 'a path' } : checkCwd(folder),
    ),
  ];
}

/** An empty list would read as "nothing" and mean "all": it is refused. */
function listRules(
  list: unknown,
  path: KeyPath,
  check: (text: string) => { readonly expected: string; readonly suggestion?: string } | undefined,
): Complaint[] {
  if (!Array.isArray(list)) return [];
  if (list.length === 0) return [complaint(path, 'value', 'at least one', 'an empty list', 'leave the key out')];
  return list.flatMap((item: unknown, index) => {
    const finding = typeof item === 'string' ? check(item) : undefined;
    if (finding === undefined) return [];
    return [complaint([...path, index], 'value', finding.expected, describeFound(item, []), finding.suggestion)];
  });
}
