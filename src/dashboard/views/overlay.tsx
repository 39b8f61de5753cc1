/** The overlays: question, prompt, form and pages of text. */
import { Box } from 'ink';
import type { ReactElement } from 'react';
import { keyText } from '../../model/actions.ts';
import { choiceText } from '../../model/arguments.ts';
import type { Field, Form } from '../../model/form.ts';
import { pageColumns, pageRows } from '../../model/layout.ts';
import { hiddenSpans, inputSpans } from '../../model/line-edit.ts';
import type { Model, Overlay } from '../../model/model.ts';
import { pageOf } from '../../model/pages.ts';
import { paletteOf } from '../../model/palette.ts';
import { fit, line, plain, type SpanLine, span, wrapLine } from '../../model/text.ts';
import type { Theme } from '../theme.ts';
import { Row } from './line.tsx';

interface OverlayProps {
  readonly model: Model;
  readonly overlay: Exclude<Overlay, { kind: 'filter' }>;
  readonly theme: Theme;
}

export function OverlayPage({ model, overlay, theme }: OverlayProps): ReactElement {
  const { title, rows } = contentOf(model, overlay);
  const height = pageRows(model);
  return (
    <Box flexDirection="column" height={height + 1}>
      <Row
        spans={[
          span('── ', 'dim'),
          span(plain(title), 'bold'),
          span(` ${'─'.repeat(model.columns)}`.slice(0, Math.max(0, model.columns - title.length - 3)), 'dim'),
        ]}
        width={model.columns}
        theme={theme}
      />
      {rows.slice(0, height).map((spans, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is its place
        <Row key={at} spans={[span(' '), ...spans]} width={model.columns} theme={theme} />
      ))}
    </Box>
  );
}

interface Content {
  readonly title: string;
  /** The rows from the scroll position on. */
  readonly rows: readonly SpanLine[];
}

function contentOf(model: Model, overlay: OverlayProps['overlay']): Content {
  const width = pageColumns(model);
  switch (overlay.kind) {
    case 'confirm': {
      const command = overlay.command === undefined ? [] : [line(''), line(plain(overlay.command), 'dim')];
      const lines = [
        line(plain(overlay.question)),
        line(''),
        [span('y', 'accent'), span(' yes   '), span('n', 'accent'), span(' no')],
        ...command,
      ];
      return { title: 'Are you sure?', rows: lines.flatMap((each) => wrapLine(each, width)) };
    }
    case 'prompt':
      return { title: 'A question', rows: promptRows(model, overlay, width) };
    case 'palette':
      return { title: 'Commands', rows: paletteRows(model, overlay) };
    case 'form':
      return { title: `Call ${overlay.form.tool}`, rows: formRows(model, overlay.form) };
    default: {
      const { title, lines } = pageOf(model, overlay);
      const rows = lines.flatMap((each) => wrapLine(each, width));
      return { title: `${title}${scrollText(model, overlay.scroll, rows.length)}`, rows: rows.slice(overlay.scroll) };
    }
  }
}

/** ` 1–20/54` where the page is longer than the screen. */
function scrollText(model: Model, scroll: number, rows: number): string {
  const height = pageRows(model);
  return rows <= height ? '' : `  ${scroll + 1}–${Math.min(rows, scroll + height)}/${rows}`;
}

/** What is typed, and the commands that match. The chosen command is always visible. */
function paletteRows(model: Model, { line: typed, at }: Extract<Overlay, { kind: 'palette' }>): readonly SpanLine[] {
  const width = pageColumns(model);
  const { actions } = paletteOf(model, typed.text);
  const room = Math.max(1, pageRows(model) - 1);
  const from = Math.max(0, at - room + 1);
  const rows = actions.slice(from, from + room).map(({ name, keys, what }, index): SpanLine => {
    const isChosen = from + index === at;
    return [
      span(isChosen ? '▶ ' : '  ', 'accent'),
      span(name.padEnd(NAME_WIDTH), isChosen ? 'selected' : undefined),
      span(` ${fit(keys.map(keyText).join(' '), 10)} `, 'accent'),
      span(what, 'dim'),
    ];
  });
  const none = line('  no command has this name', 'dim');
  return [[span(':', 'accent'), ...inputSpans(typed, width - 1)], ...(rows.length === 0 ? [none] : rows)];
}

function promptRows(
  { world }: Model,
  { id, line: typed }: Extract<Overlay, { kind: 'prompt' }>,
  width: number,
): readonly SpanLine[] {
  const prompt = world.prompts.find((each) => each.id === id);
  if (prompt === undefined) return [line('The question was already answered.', 'dim')];
  const answer = prompt.echo ? inputSpans(typed, width) : hiddenSpans(typed, width);
  return [...wrapLine(line(`${plain(prompt.host)}: ${plain(prompt.text)}`), width), line(''), answer];
}

/** One row for each field, and the description of the current field. The current field is always visible. */
function formRows(model: Model, form: Form): readonly SpanLine[] {
  const height = pageRows(model);
  const width = pageColumns(model);
  const rows = form.fields.map((field, at) => fieldRow(field, form, at, width));
  const about = form.fields[form.at]?.description ?? form.description;
  const button: SpanLine = [
    span(form.at === form.fields.length ? '▶ ' : '  ', 'accent'),
    span('[ Call ]', form.at === form.fields.length ? 'selected' : undefined),
  ];
  const room = Math.max(1, height - 2);
  const from = Math.max(0, Math.min(form.at - room + 1, rows.length + 1 - room));
  return [...[...rows, button].slice(from, from + room), line(''), line(plain(about), 'dim')];
}

const NAME_WIDTH = 16;

function fieldRow(field: Field, form: Form, at: number, width: number): SpanLine {
  const isCurrent = at === form.at;
  const name = fit(`${plain(field.name)}${field.required ? '*' : ''}`, Math.min(NAME_WIDTH, Math.floor(width / 3)));
  const mistake = form.mistakes[field.name];
  const room = width - name.length - 4 - (mistake === undefined ? 0 : mistake.length + 2);
  const value =
    field.choices !== undefined
      ? choiceSpans(field, field.choices)
      : isCurrent
        ? inputSpans(field.line, room)
        : [span(fit(plain(field.line.text), Math.max(0, room)).trimEnd())];
  const hint = field.line.text === '' && !isCurrent ? [span(field.type, 'dim')] : [];
  return [
    span(isCurrent ? '▶ ' : '  ', 'accent'),
    span(`${name} `, isCurrent ? 'bold' : undefined),
    ...value,
    ...hint,
    ...(mistake === undefined ? [] : [span(`  ${mistake}`, 'bad')]),
  ];
}

function choiceSpans({ line: { text } }: Field, choices: readonly unknown[]): SpanLine {
  return choices
    .map(choiceText)
    .flatMap((choice) => [
      span(choice === text ? `(${plain(choice)})` : ` ${plain(choice)} `, choice === text ? 'accent' : 'dim'),
    ]);
}
