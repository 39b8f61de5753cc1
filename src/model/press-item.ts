/** Keys for the selected host, server, tool or call. */
import { command } from './commands.ts';
import { formOf } from './form.ts';
import { type Effect, type Item, type Model, pushed, reloading, type Step, selectedItem, step } from './model.ts';

export function acted(model: Model, word: string): Step | undefined {
  const item = selectedItem(model);
  if (item === undefined) return undefined;
  switch (word) {
    case 'enter':
      return step(pushed(model, { kind: 'details', view: model.view, key: item.key, scroll: 0 }));
    case 'r':
      return reconnecting(model, item);
    case 'R':
      return restarting(model, item);
    case 'e':
      return item.kind === 'server' ? switching(model, item) : undefined;
    case 'l':
      return step(withLogsOf(model, item));
    case 'x':
      return item.kind === 'call' ? cancelling(model, item) : explaining(model, item);
    case 'K':
      return item.kind === 'call' ? cancelling(model, item) : undefined;
    case 't':
      return item.kind === 'tool' ? step(pushed(model, { kind: 'form', form: formOf(item.tool) })) : undefined;
    default:
      return undefined;
  }
}

interface Place {
  readonly host: string;
  readonly server: string | undefined;
}

function placeOf(item: Item): Place {
  switch (item.kind) {
    case 'host':
      return { host: item.host.name, server: undefined };
    case 'server':
      return { host: item.host.name, server: item.server.name };
    case 'tool':
      return { host: item.tool.host, server: item.tool.server };
    case 'call':
      return { host: item.call.host, server: item.call.server };
    case 'log':
      return { host: item.entry.host, server: item.entry.server };
    case 'stat': {
      const [host = '', server] = item.key.split('/');
      return { host, server };
    }
  }
}

function targetOf(item: Item): string {
  const { host, server } = placeOf(item);
  return server === undefined ? host : `${host}/${server}`;
}

function reconnecting(model: Model, item: Item): Step {
  const { host } = placeOf(item);
  return step({ ...model, notice: { text: `connecting to ${host} …`, look: 'dim' } }, { do: 'reconnect', host });
}

function asking(model: Model, question: string, effect: Effect, same?: string): Step {
  return step(pushed(model, { kind: 'confirm', question, command: same, effect }));
}

function restarting(model: Model, item: Item): Step {
  const target = targetOf(item);
  const question = `Restart ${target}? Its running calls fail.`;
  return asking(model, question, { do: 'restart', ...placeOf(item) }, command(model, 'restart', target));
}

function switching(model: Model, { host, server }: Extract<Item, { kind: 'server' }>): Step {
  const enabled = server.state === 'disabled';
  const target = `${host.name}/${server.name}`;
  const question = enabled
    ? `Switch ${target} on?`
    : `Switch ${target} off until the daemon ends? Its tools disappear for all clients.`;
  return asking(model, question, { do: 'enable', host: host.name, server: server.name, enabled });
}

function cancelling(model: Model, { call }: Extract<Item, { kind: 'call' }>): Step {
  const question = `Cancel ${call.tool} on ${call.host}/${call.server}? ${call.clientName} is waiting for its result.`;
  return asking(model, question, { do: 'cancel', call: call.call });
}

function withLogsOf(model: Model, item: Item): Model {
  const logs = { ...model.logs, ...placeOf(item), follow: true };
  return reloading({ ...model, view: 'logs', logs, world: { ...model.world, logs: undefined } }, 'logs');
}

function explaining(model: Model, item: Item): Step {
  const subject = targetOf(item);
  return step(pushed(model, { kind: 'explanation', subject, text: undefined, scroll: 0 }), { do: 'explain', subject });
}
