/** What a person needs to call a tool: its signature, arguments, effects, and a command to paste. */
import type { ToolEntry } from '../api/control.ts';
import { harmless, oneLine } from '../base/harmless.ts';
import { shellWord } from '../base/shell-word.ts';
import { choiceText, type Parameter, parametersOf } from '../model/arguments.ts';
import { annotationWords, firstSentence, sampleOf, signatureOf, typeText } from '../model/signature.ts';
import { cut, widthOf, wordWrapped } from '../model/text.ts';
import { asTyped } from '../model/words.ts';
import { type Style, table } from './style.ts';

/** Of a pipe. */
const USUAL_WIDTH = 80;
/** A shorter rest of a line is not worth a description. */
const LEAST_SENTENCE = 12;

/** The name, what it takes, and the first sentence of its description, on one line. */
export function signatureLine(
  { name, from, definition, description, title }: ToolEntry,
  style: Style,
  width: number,
): string {
  const call = [oneLine(name), oneLine(signatureOf(definition))] as const;
  const shown = cut(call.join(''), width);
  const [head, rest] = [shown.slice(0, call[0].length), shown.slice(call[0].length)];
  const said = oneLine(firstSentence(description ?? title ?? ''));
  const words = [from === undefined ? '' : oneLine(from), said].filter((text) => text !== '').join('  ');
  const left = width - widthOf(shown) - 2;
  const more = words === '' || left < LEAST_SENTENCE ? '' : `  ${style.dim(cut(words, left))}`;
  return `${style.bold(head)}${rest}${more}\n`;
}

/** `tools <tool>` and `call <tool> --help`. */
export function toolHelp(tool: ToolEntry, style: Style, width = USUAL_WIDTH): string {
  const { name, definition } = tool;
  const { named } = parametersOf(definition);
  const effects = annotationWords(definition);
  return [
    `${style.bold(oneLine(name))}${oneLine(signatureOf(definition))}\n`,
    `${style.dim(oneLine(placeText(tool)))}\n`,
    ...(tool.description === undefined ? [] : [`\n${paragraphs(tool.description, width)}`]),
    ...(named.length === 0 ? [] : [`\nArguments:\n${table(named.map(row), width)}`]),
    ...(effects.length === 0 ? [] : [`\nThe server says that the tool ${effects.join(', ')}.\n`]),
    `\nCall:\n  ${asTyped(callCommand(name, named), style.program)}\n`,
  ].join('');
}

function placeText({ host, server, original, title, from, pool }: ToolEntry): string {
  const where = pool === undefined ? `${host}/${server}` : `pool ${pool.name}: ${pool.members.join(', ')}`;
  const found = from === undefined ? '' : `, named by ${from}`;
  return `${title === undefined ? '' : `${title} · `}${where}${found}, there called ${original}`;
}

function paragraphs(text: string, width: number): string {
  const lines = harmless(text).trim().split('\n');
  return lines.map((line) => `${wordWrapped(line.trimEnd(), width).join('\n')}\n`).join('');
}

function row(parameter: Parameter): readonly string[] {
  const { name, required, preset, choices, description } = parameter;
  const type = choices === undefined ? typeText(parameter) : choices.map((choice) => choiceText(choice)).join('|');
  const more = required ? ', required' : preset === undefined ? '' : `, default ${JSON.stringify(preset)}`;
  return [`  ${oneLine(name)}`, oneLine(type + more), oneLine(description)];
}

/** With the required arguments, each with a value of its kind. */
function callCommand(name: string, named: readonly Parameter[]): string {
  const args = named
    .filter(({ required }) => required)
    .map((parameter) => ` --arg ${shellWord(`${parameter.name}=${sampleOf(parameter)}`)}`);
  return oneLine(`mcp-anywhere call ${shellWord(name)}${args.join('')}`);
}
