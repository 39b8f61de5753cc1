/** The screen of the demo: machines at the top, the calls of the current chapter below. */

import { Box, render, Text } from 'ink';
import { type ReactElement, useSyncExternalStore } from 'react';
import { counted } from '../base/counted.ts';
import { Emitter, type Unsubscribe } from '../base/emitter.ts';
import { emptyTour, type TourCall, type TourEvent, type TourHost, type TourView, tourReducer } from '../model/tour.ts';

/** The view for the screen, and a notice of each change. */
class TourStore {
  readonly #changed = new Emitter<TourView>();
  #view = emptyTour;

  readonly subscribe = (listener: () => void): Unsubscribe => this.#changed.on(listener);
  readonly view = (): TourView => this.#view;

  dispatch(event: TourEvent): void {
    this.#view = tourReducer(this.#view, event);
    this.#changed.emit(this.#view);
  }
}

export interface TourScreen {
  readonly emit: (event: TourEvent) => void;
  /** Wipes the screen's lines from the terminal. Later calls do nothing. */
  readonly close: () => Promise<void>;
}

/** The part of the process that a signal reaches. */
export interface Signalled {
  once(event: EndingSignal, listener: () => void): unknown;
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type EndingSignal = (typeof ENDING)[number];

export function openTourScreen(stdout: NodeJS.WriteStream, process: Signalled): TourScreen {
  const store = new TourStore();
  const screen = render(<Tour store={store} />, { stdout, exitOnCtrlC: false, patchConsole: false, maxFps: 15 });
  // Where nobody else listens, Ink lets a signal end the process at once, even after the screen is closed. The program's
  // own listener leaves with the first signal. This one comes after Ink's, and so is still there.
  for (const signal of ENDING) process.once(signal, () => undefined);
  let isOpen = true;
  return {
    emit: (event) => {
      if (isOpen) store.dispatch(event);
    },
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      screen.rerender(<Text />);
      screen.unmount();
      await screen.waitUntilExit();
    },
  };
}

const LOOKS = {
  starting: { glyph: '○', color: 'yellow' },
  up: { glyph: '●', color: 'green' },
  down: { glyph: '✖', color: 'red' },
  returning: { glyph: '◐', color: 'yellow' },
} as const;

function Tour({ store }: { readonly store: TourStore }): ReactElement {
  const view = useSyncExternalStore(store.subscribe, store.view);
  return (
    <Box flexDirection="column">
      <Text>
        <Text bold>mcp-anywhere demo</Text> {counted(view.totalTools, 'tool')} of {view.hosts.length} machines in one
        MCP server
      </Text>
      <Box flexDirection="column" marginY={1}>
        {view.hosts.map((host) => (
          <HostRow key={host.name} host={host} />
        ))}
      </Box>
      <Text bold color="cyan">
        {view.chapter}
      </Text>
      {view.calls.map((call, index) => (
        <CallRow key={`${call.tool}-${String(index)}`} call={call} lines={index === view.calls.length - 1 ? 4 : 1} />
      ))}
      {view.remarks.map((remark) => (
        <Text key={remark} dimColor>
          {'  '}
          {remark}
        </Text>
      ))}
      {view.next === undefined ? null : <Ending next={view.next} />}
    </Box>
  );
}

function HostRow({ host }: { readonly host: TourHost }): ReactElement {
  const { glyph, color } = LOOKS[host.state];
  return (
    <Text>
      {'  '}
      <Text color={color}>
        {glyph} {host.name.padEnd(8)} {host.state.padEnd(9)}
      </Text>{' '}
      <Text dimColor>
        {counted(host.tools.length, 'tool').padStart(8)} · {host.reason}
      </Text>
    </Text>
  );
}

function CallRow({ call, lines }: { readonly call: TourCall; readonly lines: number }): ReactElement {
  const { answer } = call;
  return (
    <Box flexDirection="column">
      <Text>
        {'  → '}
        {call.tool} <Text dimColor>{call.args}</Text>{' '}
        {answer === undefined ? <Text color="yellow">…</Text> : <Text dimColor>{answer.durationMs.toFixed(0)} ms</Text>}
      </Text>
      {answer === undefined ? null : (
        <Text {...(answer.isError ? { color: 'red' } : {})}>{shorten(answer.text, lines)}</Text>
      )}
    </Box>
  );
}

function Ending({ next }: { readonly next: readonly string[] }): ReactElement {
  return (
    <Box flexDirection="column" marginTop={1}>
      <Text bold>That was real: SSH, MCP servers, one hosts file. Next:</Text>
      {next.map((line) => (
        <Text key={line}>
          {'  '}
          {line}
        </Text>
      ))}
    </Box>
  );
}

/** The first lines of an answer show where the answer came from. */
function shorten(text: string, count: number): string {
  const lines = text.trimEnd().split('\n');
  const shown = lines.slice(0, count).map((line) => `    ${line}`);
  return lines.length > count && count > 1
    ? [...shown, `    … ${String(lines.length - count)} more lines`].join('\n')
    : shown.join('\n');
}
