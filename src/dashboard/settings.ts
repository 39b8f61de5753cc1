/** `dashboard.yaml` in the config folder: keys, colours, the mouse and the split view. */
import * as z from 'zod';
import { readDocument } from '../config/document.ts';
import { sorted } from '../config/placed.ts';
import { type Complaint, complaint, configInvalid } from '../config/problem.ts';
import { complaintsOf } from '../config/zod-issues.ts';
import { ACTIONS, type Action, type ActionName, clashOf, isKeyName, withKeys } from '../model/actions.ts';
import { COLOR_NAMES, type ColorChoices } from './theme.ts';

export interface DashboardSettings {
  readonly actions: readonly Action[];
  readonly theme: 'auto' | 'dark' | 'light';
  readonly colors: ColorChoices;
  readonly mouse: boolean;
  readonly split: boolean;
  readonly ascii: boolean;
}

const A_KEY = { error: 'a key such as `r`, `R`, `ctrl-r`, `enter` or `page-down`, or a list of keys' };
const key = z.string(A_KEY).refine(isKeyName, A_KEY);
const keys = z.union([key, z.array(key)], A_KEY);
const A_COLOR = { error: `a number from 0 to 255, "#rrggbb", or one of ${COLOR_NAMES.join(', ')}` };
const rgb = z.templateLiteral(['#', z.string().regex(/^[0-9a-f]{6}$/i)]);
const color = z.union([z.enum(COLOR_NAMES), z.int().min(0).max(255), rgb], A_COLOR);
const flag = z.boolean({ error: 'true or false' }).default(false);
const names = ACTIONS.map(({ name }) => name) as [ActionName, ...ActionName[]];

const schema = z.strictObject(
  {
    theme: z.enum(['auto', 'dark', 'light'], { error: '`auto`, `dark` or `light`' }).default('auto'),
    colors: z
      .strictObject(
        { good: color, bad: color, warn: color, accent: color, dim: color },
        { error: 'a mapping of colors' },
      )
      .partial()
      .default({}),
    keys: z
      .strictObject(Object.fromEntries(names.map((name) => [name, keys.optional()])), { error: 'a mapping of keys' })
      .default({}),
    mouse: flag,
    split: z.boolean({ error: 'true or false' }).default(true),
    ascii: flag,
  },
  { error: 'a mapping' },
);

/** An empty text changes nothing. @throws AnywhereError CONFIG_INVALID with every mistake and its line */
export function readSettings(text: string, file: string): DashboardSettings {
  const document = readDocument(text);
  const parsed = schema.safeParse(document.value ?? {});
  const complaints = [
    ...document.complaints,
    ...(document.value === undefined ? [] : complaintsOf(parsed.error?.issues ?? [], schema, document.value)),
  ];
  if (!parsed.success || complaints.length > 0) throw invalid(complaints);
  const { keys: chosen, ...settings } = parsed.data;
  const actions = withKeys(
    Object.fromEntries(Object.entries(chosen).map(([name, given]) => [name, [given ?? []].flat()])),
  );
  const clash = clashComplaint(actions);
  if (clash !== undefined) throw invalid([clash]);
  return { ...settings, colors: settings.colors as ColorChoices, actions };

  function invalid(mistakes: readonly Complaint[]): Error {
    return configInvalid(file, sorted(mistakes, document, file), 'mcp-anywhere dash --help');
  }
}

/** A key that means two things in one view would do the first of them, to everybody's surprise. */
function clashComplaint(actions: readonly Action[]): Complaint | undefined {
  const clash = clashOf(actions);
  if (clash === undefined) return undefined;
  const { key: shared, first, second } = clash;
  const changed = [first, second].find(
    ({ name, keys: given }) => given !== ACTIONS.find((each) => each.name === name)?.keys,
  );
  return complaint(
    ['keys', (changed ?? second).name],
    'value',
    'a key of its own for each command of a view',
    `\`${shared}\` for both \`${first.name}\` and \`${second.name}\``,
    `give one of them another key, or none: \`${first.name}: []\``,
  );
}
